#!/usr/bin/env bash
# Builds the programs of the tests that are written in Go into a folder; what is
# there at its version stays. Go's checksum database vouches for the sources.
#
#   tests/tools.sh FOLDER
#
# Needs Go 1.26 or newer.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 64; }
go=$(go env GOVERSION 2>/dev/null) || { echo "$0 needs Go 1.26 or newer: there is no go" >&2; exit 1; }
printf 'go1.26\n%s\n' "$go" | sort -C -V ||
  { echo "$0 needs Go 1.26 or newer: this is $go" >&2; exit 1; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CGO_ENABLED=0

# Whether a program is there and says of itself that it is of this version: PROGRAM VERSION MODULE.
is_there() {
  [ -x "$folder/$1" ] && go version -m "$folder/$1" | awk -v module="$3" -v version="v$2" \
    '($1 == "mod" || $1 == "dep") && $2 == module && $3 == version { found = 1 } END { exit !found }'
}

# PROGRAM VERSION MODULE PACKAGE. In a module of our own: `go install` refuses a program whose own
# go.mod replaces a module, and without the same replacement OpenTofu does not build.
build() {
  if is_there "$1" "$2" "$3"; then return; fi
  echo "building $1 $2"
  mkdir "$work/$1"
  cd "$work/$1"
  printf 'module tools\n\ngo 1.26\n' > go.mod
  go get -tool "$3/$4@v$2" 2>log || { cat log >&2; return 1; }
  sed -nE 's/^replace ([^ ]+) v[^ ]+ => ([^ ]+) (v[^ ]+).*/-replace=\1=\2@\3/p' \
    "$(go list -m -f '{{.Dir}}' "$3")/go.mod" | xargs -r go mod edit
  go build -mod=mod -trimpath -ldflags "-s -w" -o "$folder/$1.new" "$3/$4"
  mv "$folder/$1.new" "$folder/$1"
}

build helm 4.3.1 helm.sh/helm/v4 cmd/helm
build tofu 1.12.6 github.com/opentofu/opentofu cmd/tofu
