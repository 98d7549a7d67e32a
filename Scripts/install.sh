#!/usr/bin/env bash
# install.sh BUILD-FOLDER PREFIX PROGRAM...: copies programs into PREFIX.
set -euo pipefail

built=$1 prefix=$2
shift 2
install -d "$prefix/bin"
for program in "$@"; do
    install -m 0755 "$built/$program" "$prefix/bin/$program"
    echo "$prefix/bin/$program"
done
