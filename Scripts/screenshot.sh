#!/usr/bin/env bash
# screenshot.sh BUILD-FOLDER PICTURE: the dashboard, 1280 pixels wide, of a daemon with a small fleet of its own.
set -euo pipefail

programs=$1
picture=$2
data=$(mktemp -d "${TMPDIR:-/tmp}/upgrade-manager-screenshot.XXXXXX")
pids=()

stop() {
    status=$?
    trap - EXIT INT TERM
    # The daemon was started first and goes last, so that the gateways can say goodbye.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill -TERM "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
    rm -rf "$data"
    exit "$status"
}
trap stop EXIT
trap 'exit 1' INT TERM

umctl() { "$programs/umctl" --data "$data" --quiet "$@"; }

# until_total COUNT VERB...: repeats a list until it has so many items.
until_total() {
    local deadline=$((SECONDS + 30)) count=$1
    shift
    until [[ $(umctl "$@" --json) == *"\"total\":$count}" ]]; do
        [ $SECONDS -lt $deadline ] || { echo "waited too long for $count of: umctl $*" >&2; exit 1; }
        sleep 0.1
    done
}

mkfifo "$data/ready"
"$programs/umd" --data "$data" --nossl --http-port 0 --mqtt-port 0 --log-level warning >"$data/ready" &
pids+=("$!")
read -r ready <"$data/ready"
http=$(grep -o 'http=[^ ]*' <<<"$ready" | head -n 1 | cut -d= -f2)
mqtt=$(grep -o 'mqtt=[^ ]*' <<<"$ready" | cut -d= -f2)

umctl sample-companies
# simulate ID COMPANY OPTION...: a gateway; its process id is the last of pids.
simulate() {
    "$programs/gateway-sim" "$1" "$2" --nossl --port "${mqtt##*:}" "${@:3}" >"$data/$1.log" &
    pids+=("$!")
}
simulate depot 2 --delay 0s
simulate harbour 2 --delay 0s --fail-rate 1
simulate mill 3 --delay 1h
simulate quarry 3
until_total 4 gateway list --online
umctl gateway rename depot "Tram depot, roof"
umctl gateway rename harbour "Harbour crane 3"
umctl gateway rename mill "Old mill"
kill "${pids[-1]}"
wait "${pids[-1]}" || true

printf 1.0 >"$data/resources/1.0"
printf 1.2 >"$data/resources/1.2"
until_total 2 release list
for gateway in depot harbour mill; do umctl push --version 1.2 --gateway "$gateway" >/dev/null; done
until_total 1 gateway list --state confirmed
until_total 1 gateway list --state failed
until_total 3 gateway list --online

chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1040 \
    --user-data-dir="$data/chromium" --screenshot="$picture" "$http/" 2>"$data/chromium.log" \
    || { cat "$data/chromium.log" >&2; exit 1; }
echo "$picture: $(stat -c %s "$picture") bytes"
