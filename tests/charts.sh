#!/bin/sh
# Fills a folder with the charts of charts.csv, out of local git repositories,
# as their publishers would pack them: one folder a chart, NAME-VERSION.
#
#   tests/charts.sh FOLDER CHECKOUTS
#
# CHECKOUTS holds the repositories, bare or not, as OWNER+NAME/repo, OWNER/NAME
# or NAME. Needs git, tar and helm (HELM names another one).
set -eu
[ $# -eq 2 ] || { echo "usage: $0 FOLDER CHECKOUTS" >&2; exit 64; }
list=$(dirname "$0")/charts.csv folder=$1 checkouts=$2 helm=${HELM:-helm}

# The checkout of OWNER/NAME.
checkout() {
    for place in "$(echo "$1" | tr / +)/repo" "$1" "${1#*/}"; do
        [ ! -d "$checkouts/$place" ] || { echo "$checkouts/$place"; return; }
    done
    echo "no checkout of $1 below $checkouts" >&2
    return 1
}

# One folder of a repository at a tag: REPOSITORY TAG PATH INTO.
export_folder() {
    mkdir -p "$4"
    git -C "$1" archive --format=tar -o "$4/.tar" "$2:$3"
    tar -x -C "$4" -f "$4/.tar"
    rm "$4/.tar"
}

# values.schema.json, which helm reads, from values.schema.yaml, which the
# publishers write. Helm itself knows how.
json_schema() {
    converter=$(mktemp -d)
    mkdir "$converter/templates"
    printf 'apiVersion: v2\nname: converter\nversion: 0.0.0\n' > "$converter/Chart.yaml"
    cp "$1/values.schema.yaml" "$converter/schema.yaml"
    echo '{{ .Files.Get "schema.yaml" | fromYaml | toJson }}' > "$converter/templates/schema.yaml"
    "$helm" template "$converter" | grep '^{' > "$1/values.schema.json"
    rm -r "$converter"
}

# What the publishers write into a chart when they pack it: NAME VERSION FOLDER.
stamp() {
    case $1 in
        jupyterhub | dask-gateway)
            sed -i "s/0\.0\.1-set\.by\.chartpress/$2/" "$3/Chart.yaml"
            sed -i "s/set-by-chartpress/$2/" "$3/values.yaml"
            json_schema "$3"
            ;;
        jupyterhub-home-nfs) sed -i "s/tag: 0\.0\.7/tag: $2/" "$3/values.yaml" ;;
        cert-manager) sed -i "s/ersion: v0\.0\.0/ersion: $2/" "$3/Chart.yaml" ;;
    esac
}

# Charts that a chart contains and git does not: NAME REPOSITORY TAG FOLDER.
parts() {
    [ "$1" = prometheus ] || return 0
    for part in alertmanager kube-state-metrics prometheus-node-exporter prometheus-pushgateway; do
        export_folder "$2" "$3" "charts/$part" "$4/charts/$part"
    done
}

tail -n +2 "$list" | while IFS=, read -r name version repository tag path; do
    git=$(checkout "$repository")
    into=$folder/$name-$version
    rm -rf "$into"
    export_folder "$git" "$tag" "$path" "$into"
    stamp "$name" "$version" "$into"
    parts "$name" "$git" "$tag" "$into"
    echo "$into"
done
