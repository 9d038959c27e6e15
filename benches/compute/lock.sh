#!/bin/sh
# Makes requirements.txt anew from requirements.in. Needs uv; UPGRADE=1 takes newer versions where the bounds allow.
set -eu
cd "$(dirname "$0")"
uv pip compile --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
    ${UPGRADE:+--upgrade} --quiet --output-file requirements.txt requirements.in
