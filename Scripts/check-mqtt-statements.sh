#!/usr/bin/env bash
# Which normative statements of MQTT 5.0 and 3.1.1 that bind a server are enforced (Sources), tested (Tests) or departed from
# on purpose (Documentation/protocol.md): lines there carry the statement's number, MQTT-x.y.z-n for 5.0 and MQTT3-x.y.z-n for 3.1.1.
# Fails if one is neither both enforced and tested nor a departure, and if a number is carried that no specification has.
# With --list it tells the places of each statement.
set -euo pipefail
cd "$(dirname "$0")/.."

list=Scripts/mqtt-statements.txt
code="Sources/MQTTWire/Packets Sources/MQTTWire/Session Sources/MQTTWire/Transport Sources/MQTTBroker"
number='MQTT3?-[0-9]+\.[0-9.]*[0-9]-[0-9]+'

{
    # shellcheck disable=SC2086
    grep -rnoE "$number" --include='*.swift' $code | sed 's/^/enforced /'
    grep -rnoE "$number" --include='*.swift' Tests | sed 's/^/tested /'
    awk '/^## Departures from MQTT/ { inside = 1; next } /^## / { inside = 0 } inside { print FILENAME ":" FNR ":" $0 }' \
        Documentation/protocol.md | while IFS= read -r line; do
        place=${line%%:*}:$(cut -d: -f2 <<<"$line")
        grep -oE "$number" <<<"$line" | sed "s|^|departure $place:|" || true
    done
    grep -rnoE "$number" --include='*.swift' Sources | sed 's/^/named /'
} | awk -v list="$list" -v verbose="${1:-}" '
    function places(kind, id) { return (kind, id) in found ? found[kind, id] : (kind, twin[id]) in found ? found[kind, twin[id]] : "" }
    BEGIN {
        while ((getline line < list) > 0) {
            if (line ~ /^#/) continue
            split(line, word, " ")
            id = word[1]; who[id] = word[2]; order[++count] = id
            if (word[3] == "=") twin[id] = word[4]
        }
        for (id in twin) if (!(twin[id] in who)) { print list ": " id " refers to " twin[id] ", which is not there"; failed = 1 }
    }
    {
        kind = $1; split($2, part, ":"); id = part[3]; place = part[1] ":" part[2]
        if (!(id in who)) { print place ": " id " is no statement"; failed = 1; next }
        if (index(found[kind, id], place) == 0) found[kind, id] = found[kind, id] " " place
    }
    END {
        for (i = 1; i <= count; i++) {
            id = order[i]; version = id ~ /^MQTT3-/ ? "3.1.1" : "5.0"
            total[version]++
            if (who[id] == "client" || who[id] == "moot") { unbound[version, who[id]]++; continue }
            enforced = places("enforced", id); tested = places("tested", id); departure = places("departure", id)
            if (verbose == "--list") print id ":" (enforced ? " enforced" enforced : "") (tested ? " tested" tested : "") (departure ? " departure" departure : "")
            bound[version]++
            if (departure) departed[version]++
            if (enforced && tested) covered[version]++
            else if (!departure) {
                print id " is " (enforced ? "enforced, but not tested" : tested ? "tested, but no line says that it enforces it" : "neither enforced nor tested nor a departure")
                failed = 1
            }
        }
        for (n = 1; n <= 2; n++) {
            version = n == 1 ? "5.0" : "3.1.1"
            printf "MQTT %s: %d statements, %d bind a server: %d enforced and tested, %d with a departure; %d bind clients alone, %d do not concern this broker\n", \
                version, total[version], bound[version], covered[version], departed[version], unbound[version, "client"], unbound[version, "moot"]
        }
        exit failed
    }'
