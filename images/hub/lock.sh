#!/bin/sh
# Makes the three lock files anew from requirements.in, build-requirements.in and package.json.
# Needs uv and npm; UPGRADE=1 takes newer versions where the bounds allow.
set -eu
cd "$(dirname "$0")"
for name in requirements build-requirements; do
    uv pip compile --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        ${UPGRADE:+--upgrade} --quiet --output-file $name.txt $name.in
done
npm install --package-lock-only --ignore-scripts --no-audit --no-fund \
    --omit-lockfile-registry-resolved=true
