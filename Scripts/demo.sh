#!/usr/bin/env bash
# demo.sh BUILD-FOLDER: a daemon on a throw-away data folder, three simulated gateways of two companies, and one upgrade.
# MQTT goes over TLS, with an authority that the daemon makes for itself. HTTP_PORT and MQTT_PORT choose the ports (0: any free one). DEMO_ONCE=1 ends after the upgrade instead of waiting for Ctrl-C.
set -euo pipefail

programs=$1
data=$(mktemp -d "${TMPDIR:-/tmp}/upgrade-manager-demo.XXXXXX")
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
trap 'exit 0' INT TERM

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
umctl() { "$programs/umctl" --data "$data" "$@"; }

# until_true SECONDS COMMAND...: repeats COMMAND until it succeeds.
until_true() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || { echo "The demo waited too long for: $*" >&2; exit 1; }
        sleep 0.1
    done
}

title "Starting the daemon: umd --http-port $HTTP_PORT --mqtts-port $MQTT_PORT"
mkfifo "$data/ready"
"$programs/umd" --data "$data" --http-port "$HTTP_PORT" --mqtts-port "$MQTT_PORT" --log-level warning >"$data/ready" &
umd=$!
pids+=("$umd")
if ! read -r ready <"$data/ready"; then
    status=0
    wait "$umd" || status=$?
    echo "The daemon did not start. To choose other ports: make demo HTTP_PORT=5002 MQTT_PORT=8884 (0 means any free port)" >&2
    exit "$status"
fi
echo "$ready"
http=$(grep -o 'http=[^ ]*' <<<"$ready" | head -n 1 | cut -d= -f2)
mqtt=$(grep -o 'mqtt=[^ ]*' <<<"$ready" | cut -d= -f2)

title "Two companies, three gateways that verify the daemon's certificate: gateway-sim gw1 2, gw2 2, gw3 3"
umctl --quiet sample-companies
for gateway in "gw1 2" "gw2 2" "gw3 3"; do
    # shellcheck disable=SC2086 # the id and the company are two arguments
    "$programs/gateway-sim" $gateway --data "$data" --port "${mqtt##*:}" --delay 2s >"$data/${gateway%% *}.log" &
    pids+=("$!")
done
fleet_is_online() { [ "$(umctl gateway list --online --json | grep -o '"total":[0-9]*')" = '"total":3' ]; }
until_true 30 fleet_is_online

title "Release 1.2 is dropped into the resources folder"
printf '1.2' >"$data/resources/.1.2.part"
mv "$data/resources/.1.2.part" "$data/resources/1.2"
release_is_known() { umctl release show 1.2 >/dev/null 2>&1; }
until_true 30 release_is_known
umctl release list

title "The fleet before"
umctl gateway list

title "umctl push --version 1.2 --gateway gw2 --wait"
umctl push --version 1.2 --gateway gw2 --wait

title "The fleet after"
umctl gateway list

title "The daemon answers at $http (log in as super@gushenxing.com with gushenxing123)"
if [ "${DEMO_ONCE:-}" = 1 ]; then exit 0; fi
echo "To join in from another terminal: $programs/umctl --data $data gateway list"
echo "Ctrl-C ends the demo and removes everything it made."
wait "$umd"
