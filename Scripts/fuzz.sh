#!/usr/bin/env bash
# fuzz.sh OPTION...: builds the fuzzers and runs each from the corpus in Fuzz/Corpus, with options of libFuzzer that say for how long, such as
# -max_total_time=600. An input that makes one fail is left in Fuzz/.
set -euo pipefail

cd "$(dirname "$0")/../Fuzz"
log=$(mktemp "${TMPDIR:-/tmp}/fuzz-log.XXXXXX")
found=$(mktemp -d "${TMPDIR:-/tmp}/fuzz-found.XXXXXX")
trap 'rm -rf "$log" "$found"' EXIT

# Without -sanitize for the compiler there would be no coverage, and so nothing to go by. Optimised, since what counts is how many inputs are tried; some
# targets look inside. A scratch folder of their own: everything is built with sanitizers.
build=(swift build -c release -Xswiftc -enable-testing --scratch-path ../.build-fuzz --sanitize=fuzzer --sanitize=address -Xswiftc "-sanitize=fuzzer,address")
targets=(packets topics protocol websocket broker)
for target in "${targets[@]}"; do
    echo "building fuzz-$target"
    # The linker warns of every symbol of the sanitizer; nobody wants to read that unless the build fails.
    "${build[@]}" --product "fuzz-$target" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
done
programs=$("${build[@]}" --show-bin-path)

# The runtime of Swift keeps some memory until the end.
export ASAN_OPTIONS=detect_leaks=0
# libFuzzer prints the stack; Swift's own handler reads memory that the sanitizer guards, which hides what happened behind an error of its own.
export SWIFT_BACKTRACE=enable=no
# The same input does the same each time.
export SWIFT_DETERMINISTIC_HASHING=1
for target in "${targets[@]}"; do
    echo "fuzz-$target $*"
    # What is found goes to a throw-away folder, the first one named: the corpus grows on purpose alone.
    mkdir "$found/$target"
    if ! "$programs/fuzz-$target" "$@" -max_len=4096 -timeout=20 -print_final_stats=1 \
        -artifact_prefix="$target-" "$found/$target" "Corpus/$target" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "fuzz-$target failed; the input that does it is Fuzz/$target-*" >&2
        exit 1
    fi
    grep 'number_of_executed_units' "$log"
done
