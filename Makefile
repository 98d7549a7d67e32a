# What a newcomer needs: make demo, make test. The rest is `make help`.

CONFIGURATION ?= release
PREFIX ?= /usr/local
HTTP_PORT ?= 5001
MQTT_PORT ?= 8883
JOBS ?=
SECONDS ?= 600
REPEAT ?= 3
ROUNDS ?= 1000
SEED ?=
FAULTS ?= 200
SOAK ?= 10m
SWIFT_FLAGS = --explicit-target-dependency-import-check error $(if $(JOBS),--jobs $(JOBS))
FORMATTED = Package.swift Sources Tests Examples Fuzz/Package.swift Fuzz/Sources \
    $(addprefix Benchmarks/Micro/,Package.swift Sources Benchmarks)
PROGRAMS = umd umctl gateway-sim
TEST_TARGETS = $(patsubst Tests/%,%,$(wildcard Tests/*Tests))

# A warning is an error here, and nowhere else: whoever builds the package with a newer compiler still can.
export WARNINGS_AS_ERRORS = 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## a daemon, three simulated gateways and one upgrade, over TLS, until Ctrl-C (HTTP_PORT=, MQTT_PORT=)
	@HTTP_PORT=$(HTTP_PORT) MQTT_PORT=$(MQTT_PORT) Scripts/demo.sh "$$(swift build -c $(CONFIGURATION) --show-bin-path)"

.PHONY: build
build: build-dependencies ## the three programs, optimised (CONFIGURATION=debug for a quick build)
	@for program in $(PROGRAMS); do \
	    swift build -c $(CONFIGURATION) $(SWIFT_FLAGS) --product $$program || exit 1; \
	done

.PHONY: run
run: build ## the daemon on the default data folder, MQTT over TLS, on loopback
	@exec "$$(swift build -c $(CONFIGURATION) --show-bin-path)/umd" --http-port $(HTTP_PORT) --mqtts-port $(MQTT_PORT)

.PHONY: install
install: build ## the three programs into PREFIX/bin (/usr/local)
	@Scripts/install.sh "$$(swift build -c $(CONFIGURATION) --show-bin-path)" "$(DESTDIR)$(PREFIX)" $(PROGRAMS)

.PHONY: screenshot
screenshot: build ## the picture of the dashboard in the README, anew (installs chromium)
	@Scripts/install-dependencies.sh chromium fonts-dejavu-core
	@mkdir -p Documentation/images
	@Scripts/screenshot.sh "$$(swift build -c $(CONFIGURATION) --show-bin-path)" Documentation/images/dashboard.png

.PHONY: test
test: test-dependencies lint purity statements ## everything that CI runs, also the pages in chromium (installs it)
	swift build --build-tests $(SWIFT_FLAGS)
	@# A process for each target: on a machine with few cores, tests that wait for sockets would hold up those that await.
	@failed=; for target in $(TEST_TARGETS); do \
	    echo "swift test --skip-build --filter $$target"; \
	    swift test --skip-build --filter "^$$target\." || failed="$$failed $$target"; \
	done; [ -z "$$failed" ] || { echo "Failed:$$failed" >&2; exit 1; }
	Scripts/fuzz.sh -runs=20000 -max_total_time=30 -seed=1
	Scripts/test-examples.sh "$$(swift build --show-bin-path)"
	HTTP_PORT=0 MQTT_PORT=0 DEMO_ONCE=1 Scripts/demo.sh "$$(swift build --show-bin-path)"

.PHONY: lint
lint: ## formatting
	swift format lint --strict --parallel --recursive $(FORMATTED)

.PHONY: format
format: ## formats the sources in place
	swift format --in-place --parallel --recursive $(FORMATTED)

.PHONY: purity
purity: ## UpgradeProtocol imports nothing and typechecks in Embedded Swift
	Scripts/check-protocol-purity.sh

.PHONY: statements
statements: ## which line enforces, and which test proves, each normative statement of MQTT (LIST=1 for all)
	Scripts/check-mqtt-statements.sh $(if $(LIST),--list)

.PHONY: fuzz
fuzz: build-dependencies ## decoders and connections under libFuzzer, each for SECONDS (600)
	Scripts/fuzz.sh -max_total_time=$(SECONDS)

.PHONY: bench
bench: build-dependencies ## our broker and daemon beside peers and the bare machine (ONLY=fan-out, REPEAT=5, JSON=FILE)
	@Scripts/install-dependencies.sh gcc mosquitto openssl python3 zlib1g libdeflate0 libisal2
	@for program in embedded-broker $(PROGRAMS); do \
	    swift build -c release $(SWIFT_FLAGS) --product $$program || exit 1; \
	done
	@Benchmarks/bench.py --binaries "$$(swift build -c release --show-bin-path)" --repeat $(REPEAT) \
	    $(if $(ONLY),--only "$(ONLY)") $(if $(JSON),--json "$(JSON)")

MICRO = --package-path Benchmarks/Micro --scratch-path .build-micro

.PHONY: bench-micro
bench-micro: build-dependencies ## times of the codecs, of topic matching and of checksums (ONLY=PUBLISH)
	swift package $(MICRO) benchmark --no-progress --grouping metric $(if $(ONLY),--filter '.*$(ONLY).*')

.PHONY: bench-codec
bench-codec: build-dependencies ## instructions and allocations of the same, counted by valgrind (ONLY=PUBLISH)
	@Scripts/install-dependencies.sh binutils python3 valgrind
	swift build $(MICRO) -c release --product codec-operations
	@Benchmarks/codec.py .build-micro/release/codec-operations $(if $(ONLY),--only "$(ONLY)")

.PHONY: random-broker
random-broker: test-dependencies ## random clients against the broker, so many ROUNDS (1000) of new seeds, or one SEED
	swift build --build-tests $(SWIFT_FLAGS)
	MODEL_ROUNDS=$(ROUNDS) MODEL_SEED=$(SEED) swift test --skip-build --filter '^MQTTBrokerModelTests\.RandomBrokerTests'

.PHONY: faults
faults: test-dependencies ## breaks the daemon under load, FAULTS (200) times in each way, and looks for what was lost (SEED=)
	swift build --build-tests $(SWIFT_FLAGS)
	FAULT_ROUNDS=$(FAULTS) FAULT_SEED=$(SEED) swift test --skip-build --filter '^FaultTests\.'

.PHONY: soak
soak: test-dependencies ## a thousand gateways come, go and are upgraded for SOAK (10m): memory, descriptors and tables stay flat
	swift build --build-tests $(SWIFT_FLAGS)
	SOAK_SECONDS=$$(($(subst h,*3600,$(subst m,*60,$(subst s,,$(SOAK)))))) FAULT_SEED=$(SEED) \
	    swift test --skip-build --filter '^FaultTests\.Faults/SoakTests'

.PHONY: test-asan
test-asan: test-dependencies ## the tests of MQTT under AddressSanitizer
	Scripts/test-sanitized.sh address

.PHONY: test-tsan
test-tsan: test-dependencies ## the tests of MQTT under ThreadSanitizer
	Scripts/test-sanitized.sh thread

.PHONY: clean
clean: ## removes what was built
	rm -rf .build .build-*

.PHONY: build-dependencies
build-dependencies:
	@Scripts/install-dependencies.sh pkg-config libsqlite3-dev libssl-dev

.PHONY: test-dependencies
test-dependencies: build-dependencies
	@Scripts/install-dependencies.sh chromium chromium-driver curl e2fsprogs libfaketime mosquitto mosquitto-clients openssl sqlite3 strace
