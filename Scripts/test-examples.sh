#!/usr/bin/env bash
# test-examples.sh BUILD-FOLDER: runs the examples as their reader would, and compiles the README's code.
set -euo pipefail

programs=$1
folder=$(mktemp -d "${TMPDIR:-/tmp}/upgrade-manager-examples.XXXXXX")
pids=()

stop() {
    status=$?
    trap - EXIT
    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$folder"
    exit "$status"
}
trap stop EXIT

echo "README.md:"
awk '/^```/ { inside = 0 } inside { print } /^```swift$/ { inside = 1 }' README.md |
    sed --quiet '/^import UpgradeProtocol$/,$p' >"$folder/main.swift"
grep --quiet '^import UpgradeProtocol$' "$folder/main.swift"
swiftc -typecheck -swift-version 6 -I "$programs/Modules" \
    -Xcc -fmodule-map-file="$programs/CCRC32.build/module.modulemap" "$folder/main.swift"
echo "its code that imports UpgradeProtocol compiles"

echo "frames-only:"
"$programs/frames-only"

echo "embedded-broker:"
"$programs/umctl" --data "$folder/data" --quiet tls ca --host localhost
tls=$folder/data/tls
mkfifo "$folder/ready"
"$programs/embedded-broker" --port 0 --tls-port 0 --cert "$tls/server.crt" --key "$tls/server.key" >"$folder/ready" &
pids+=("$!")
read -r ready <"$folder/ready"
echo "$ready"
port_of() { grep -o " $1=[^ ]*" <<<"$ready" | sed 's/.*://'; }

# A frame by hand: time, length, CRC, payload.
printf '\x57\x61\x62\x80\x00\x00\x00\x03\x19\x38\x0e\x191.2' >"$folder/frame"

has_ended() { ! kill -0 "$1" 2>/dev/null; }

# send_until VERB COMMAND...: sends the frame to the gateway of `upgrade` until COMMAND succeeds.
send_until() {
    until "${@:2}"; do
        [ $SECONDS -lt $deadline ] || { echo "minimal-gateway was not done with $1 in time" >&2; exit 1; }
        mosquitto_pub -p "$(port_of mqtt)" -q 1 -t "TOGATEWAY/$1/$id" -f "$folder/frame"
        sleep 0.2
    done
}

# upgrade ID PORT [CA-FILE]: a gateway is sent the frame and ends after its upgrade.
upgrade() {
    local id=$1 gateway deadline=$((SECONDS + 30))
    mkdir "$folder/$id"
    "$programs/minimal-gateway" localhost "$2" "$id" 2 "$folder/$id" "${@:3}" --once &
    gateway=$!
    pids+=("$gateway")
    # The broker keeps nothing for a gateway that has not subscribed yet, so each frame is sent until it shows. The one to keep comes first: after the
    # other the gateway ends.
    send_until DOWNLOAD_UPGRADE test -s "$folder/$id/kept"
    send_until UPGRADE has_ended "$gateway"
    wait "$gateway"
    for file in kept program; do
        [ "$(cat "$folder/$id/$file")" = 1.2 ] || { echo "minimal-gateway's file '$file' is not what was sent" >&2; exit 1; }
    done
    cat "$folder/$id/state.json" && echo
}

echo "minimal-gateway:"
upgrade gw2 "$(port_of mqtt)"
echo "minimal-gateway over TLS:"
upgrade gw3 "$(port_of mqtts)" "$tls/ca.crt"
