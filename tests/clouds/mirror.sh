#!/usr/bin/env bash
# Lays out the test provider as a mirror for terraform and OpenTofu, with a CLI configuration that
# takes providers from nowhere else. What was built from the same sources is kept.
#
#   tests/clouds/mirror.sh FOLDER     then TF_CLI_CONFIG_FILE=FOLDER/tools.tfrc
#
# Needs Go 1.26 or newer. Builds are kept under XDG_CACHE_HOME, or else ~/.cache.
set -euo pipefail
[[ $# -eq 1 ]] || { echo "usage: $0 FOLDER" >&2; exit 64; }
sources=$(cd "$(dirname "$0")/provider" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
go=$(go env GOVERSION 2>/dev/null) || { echo "$0 needs Go 1.26 or newer: there is no go" >&2; exit 1; }
target=$(go env GOOS)_$(go env GOARCH)

cd "$sources"
digest=$({ echo "$go $target"; find . -type f ! -name '*_test.go' ! -path './testdata/*' | LC_ALL=C sort | xargs sha256sum; } | sha256sum | cut -c1-16)
kept=${XDG_CACHE_HOME:-$HOME/.cache}/frazil-tests/clouds
program=$kept/provider-$digest
if [ ! -x "$program" ]; then
  mkdir -p "$kept"
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$program.$$" .
  find "$kept" -maxdepth 1 -name 'provider-*' ! -name "provider-$digest.$$" -mmin +1440 -delete
  mv "$program.$$" "$program"
fi

# NAME VERSION: one program under the names by which it knows what it is.
lay_out() {
  for registry in registry.terraform.io registry.opentofu.org; do
    local at=$folder/$registry/hashicorp/$1/$2/$target
    mkdir -p "$at"
    ln -f "$program" "$at/terraform-provider-$1_v$2" 2>/dev/null || cp -f "$program" "$at/terraform-provider-$1_v$2"
  done
}
lay_out aws 6.99.0
lay_out google 7.99.0
cat > "$folder/tools.tfrc" <<END
disable_checkpoint = true

provider_installation {
  filesystem_mirror {
    path    = "$folder"
    include = ["*/*/*"]
  }
  direct {
    exclude = ["*/*/*"]
  }
}
END
