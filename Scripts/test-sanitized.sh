#!/usr/bin/env bash
# test-sanitized.sh address|thread: runs the tests of MQTTWire and MQTTBroker under that sanitizer.
set -euo pipefail

cd "$(dirname "$0")/.."
sanitizer=${1:?address or thread}
# A scratch folder of their own: everything is built with the sanitizer, and nothing but what these tests need.
export ONLY_BROKER=1
options=(--sanitize="$sanitizer" --scratch-path ".build-$sanitizer")
targets=(MQTTWireTests MQTTBrokerTests)
case $sanitizer in
# The runtime of Swift keeps some memory until the end.
address)
    export ASAN_OPTIONS=detect_leaks=0
    # Not under the other one, to which the locks of the libraries of the store on disk are unknown.
    targets+=(MQTTBrokerModelTests)
    ;;
thread) options+=(-Xswiftc -DTHREAD_SANITIZER) ;;
*) echo "There is no sanitizer \"$sanitizer\" here: address or thread" >&2; exit 64 ;;
esac

swift build --build-tests "${options[@]}"
failed=
for target in "${targets[@]}"; do
    swift test --skip-build "${options[@]}" --filter "^$target\." || failed="$failed $target"
done
[ -z "$failed" ] || { echo "Failed under the $sanitizer sanitizer:$failed" >&2; exit 1; }
