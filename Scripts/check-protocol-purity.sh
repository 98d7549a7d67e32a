#!/usr/bin/env bash
# Gateway makers build UpgradeProtocol for whatever they have. It therefore imports nothing but CCRC32, and does without that
# too: this compiles it alone, in Embedded Swift, down to an object file, since the type checker lets some things pass that
# Embedded Swift cannot do.
set -euo pipefail
cd "$(dirname "$0")/.."

module=Sources/UpgradeProtocol
if grep -rnE '^[[:space:]]*(@[[:alnum:]_()]+[[:space:]]+)*((public|package|internal|fileprivate|private)[[:space:]]+)?import[[:space:]]' \
    --include='*.swift' "$module" | grep -vE 'import[[:space:]]+CCRC32[[:space:]]*$'; then
    echo "$module may import CCRC32 alone" >&2
    exit 1
fi

object=$(mktemp)
trap 'rm -f "$object"' EXIT
find "$module" -name '*.swift' -print0 | sort -z | xargs -0 swiftc -c -o "$object" -wmo -parse-as-library \
    -module-name UpgradeProtocol -package-name upgrade-manager -swift-version 6 -warnings-as-errors \
    -enable-experimental-feature Embedded \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility \
    -enable-upcoming-feature InternalImportsByDefault
echo "UpgradeProtocol imports CCRC32 alone and compiles in Embedded Swift without it"
