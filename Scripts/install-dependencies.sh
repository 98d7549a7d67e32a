#!/usr/bin/env bash
# Installs the Debian packages named as arguments that are missing, and says which.
set -euo pipefail

missing=()
for package in "$@"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep --quiet 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "These packages are missing, and there is no apt-get to install them with: ${missing[*]}" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run as root, or install sudo: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi

echo "Installing the system packages that are missing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update --quiet=2
# Debian would start a package's service; nothing here wants a broker that it did not start itself.
"${as_root[@]}" env RUNLEVEL=1 apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}"
