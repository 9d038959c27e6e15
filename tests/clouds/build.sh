#!/usr/bin/env bash
# Builds what stands in for clouds into a folder: the Terraform provider as a mirror, Google Cloud,
# the authenticator, and a Python environment with moto. What is there from the same sources stays.
#
#   tests/clouds/build.sh FOLDER
#
# Needs Go 1.26 or newer and Python 3.11 or newer.
set -euo pipefail
[[ $# -eq 1 ]] || { echo "usage: $0 FOLDER" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
"$here/mirror.sh" "$folder/mirror"
for name in google webhook; do
  (cd "$here/$name" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$folder/$name" .)
done
python="$folder/moto-$(sha256sum "$here/aws/requirements.txt" | cut -c1-12)"
if [ ! -e "$python/complete" ]; then
  rm -rf "$folder"/moto-*
  python3 -m venv "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/aws/requirements.txt"
  touch "$python/complete"
fi
ln -sfn "$python" "$folder/moto"
