#!/usr/bin/env bash
# Builds the programs of the tests that are written in Go into a folder; what is
# there at its version stays. Go's checksum database vouches for the sources.
#
#   tests/tools.sh FOLDER [--node]
#
# --node adds kubelet and kube-proxy, for nodes that run real pods. Needs Go 1.26
# or newer.
set -euo pipefail
[[ $# -eq 1 || ( $# -eq 2 && $2 = --node ) ]] || { echo "usage: $0 FOLDER [--node]" >&2; exit 64; }
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

# PROGRAM VERSION MODULE [PACKAGE]. In a module of our own: `go install` refuses a program whose own
# go.mod replaces a module, and without the same replacement OpenTofu does not build.
build() {
  if is_there "$1" "$2" "$3"; then return; fi
  echo "building $1 $2"
  mkdir "$work/$1"
  cd "$work/$1"
  printf 'module tools\n\ngo 1.26\n' > go.mod
  go get -tool "$3${4:+/$4}@v$2" 2>log || { cat log >&2; return 1; }
  sed -nE 's/^replace ([^ ]+) v[^ ]+ => ([^ ]+) (v[^ ]+).*/-replace=\1=\2@\3/p' \
    "$(go list -m -f '{{.Dir}}' "$3")/go.mod" | xargs -r go mod edit
  go build -mod=mod -trimpath -ldflags "-s -w" -o "$folder/$1.new" "$3${4:+/$4}"
  mv "$folder/$1.new" "$folder/$1"
}

# VERSION PROGRAM... of k8s.io/kubernetes, whose go.mod has its libraries at v0.0.0, in folders beside
# it: each is replaced by what was published with it. Charts refuse a cluster that names no version.
build_kubernetes() {
  local version=$1 module=k8s.io/kubernetes stamp=k8s.io/component-base/version
  local missing=()
  for program in "${@:2}"; do is_there "$program" "$version" $module || missing+=("$program"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "building ${missing[*]} $version"
  local packages=("${missing[@]/#/$module/cmd/}")
  mkdir -p "$work/kubernetes/new"
  cd "$work/kubernetes"
  printf 'module tools\n\ngo 1.26\n' > go.mod
  go mod download -json "$module@v$version" | sed -nE 's/^[[:space:]]*"GoMod": "(.*)",?$/\1/p' |
    xargs sed -nE "s#^[[:space:]]*(k8s.io/[^ ]+) => ./staging/.*#-replace=\1=\1@v0.${version#1.}#p" |
    xargs go mod edit
  go get -tool "${packages[@]/%/@v$version}" 2>log || { cat log >&2; return 1; }
  go build -trimpath -o new -ldflags "-s -w -X $stamp.gitVersion=v$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=${version:2:2}" \
    "${packages[@]}"
  mv new/* "$folder"
}

build helm 4.3.1 helm.sh/helm/v4 cmd/helm
build tofu 1.12.6 github.com/opentofu/opentofu cmd/tofu
build etcd 3.6.6 go.etcd.io/etcd/server/v3
build kwok 0.8.0 sigs.k8s.io/kwok cmd/kwok
build fake-gcs-server 1.56.1 github.com/fsouza/fake-gcs-server
node=()
[ $# -eq 1 ] || node=(kubelet kube-proxy)
build_kubernetes 1.36.3 kube-apiserver kube-controller-manager kube-scheduler kubectl "${node[@]}"
