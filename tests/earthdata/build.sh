#!/usr/bin/env bash
# Builds what stands in for Earthdata into a folder.
#
#   tests/earthdata/build.sh FOLDER
#
# Needs Go 1.26 or newer.
set -euo pipefail
[[ $# -eq 1 ]] || { echo "usage: $0 FOLDER" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$here"
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$folder/earthdata" .
