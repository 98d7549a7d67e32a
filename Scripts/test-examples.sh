#!/usr/bin/env bash
# test-examples.sh BUILD-FOLDER: runs the examples as their reader would.
set -euo pipefail

programs=$1
echo "frames-only:"
"$programs/frames-only"
