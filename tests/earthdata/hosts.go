package main

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
)

// What a host is to the world.
const (
	roleEDL      = "edl"
	roleCMR      = "cmr"
	roleStatus   = "status"
	roleStac     = "stac"
	roleEgress   = "egress"
	roleCumulus  = "cumulus"
	roleOnPrem   = "onprem"
	roleS3       = "s3"
	roleBlob     = "blob"
	roleOpen     = "open"
	roleMetadata = "metadata"
)

var roles = []string{
	roleEDL, roleCMR, roleStatus, roleStac, roleEgress, roleCumulus, roleOnPrem, roleS3, roleBlob, roleOpen, roleMetadata,
}

func checkRole(role string) error {
	if !slices.Contains(roles, role) {
		return fmt.Errorf("no host has the role %q: %v", role, roles)
	}
	return nil
}

// Hosts by name. Which data hosts are Cumulus' own and which the egress app is known to their operators
// only: two are made Cumulus here so that both ways are met.
var hosts = map[string]string{
	"urs.earthdata.nasa.gov":                 roleEDL,
	"uat.urs.earthdata.nasa.gov":             roleEDL,
	"cmr.earthdata.nasa.gov":                 roleCMR,
	"cmr.uat.earthdata.nasa.gov":             roleCMR,
	"status.earthdata.nasa.gov":              roleStatus,
	"status.uat.earthdata.nasa.gov":          roleStatus,
	"earth-search.aws.element84.com":         roleStac,
	"planetarycomputer.microsoft.com":        roleStac,
	"data.nsidc.earthdatacloud.nasa.gov":     roleEgress,
	"archive.podaac.earthdata.nasa.gov":      roleEgress,
	"archive.swot.podaac.earthdata.nasa.gov": roleEgress,
	"data.lpdaac.earthdatacloud.nasa.gov":    roleEgress,
	"data.ornldaac.earthdata.nasa.gov":       roleEgress,
	"data.asdc.earthdata.nasa.gov":           roleEgress,
	"data.laadsdaac.earthdatacloud.nasa.gov": roleEgress,
	"obdaac-tea.earthdatacloud.nasa.gov":     roleEgress,
	"sentinel1.asf.alaska.edu":               roleEgress,
	"data.gesdisc.earthdata.nasa.gov":        roleCumulus,
	"data.ghrc.earthdata.nasa.gov":           roleCumulus,
	"n5eil01u.ecs.nsidc.org":                 roleOnPrem,
	"e4ftl01.cr.usgs.gov":                    roleOnPrem,
	"ladsweb.modaps.eosdis.nasa.gov":         roleOnPrem,
	"open.example.org":                       roleOpen,
	"169.254.169.254":                        roleMetadata,
	"metadata.google.internal":               roleMetadata,
	"127.0.0.1":                              roleMetadata,
	"localhost":                              roleMetadata,
}

// The role of a host; "" where it is not of this world.
func roleOf(host string) string {
	if role := hosts[host]; role != "" {
		return role
	}
	if _, is := bucketOf(host, ""); is {
		return roleS3
	}
	if strings.HasSuffix(host, ".blob.core.windows.net") {
		return roleBlob
	}
	return ""
}

// The bucket that a host and path mean, by either form of S3's addresses, and whether it is S3's host.
func bucketOf(host, path string) (string, bool) {
	for _, end := range []string{"s3.us-west-2.amazonaws.com", "s3.us-east-1.amazonaws.com", "s3.amazonaws.com"} {
		if host == end {
			bucket, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
			return bucket, true
		}
		if bucket, is := strings.CutSuffix(host, "."+end); is && bucket != "" {
			return bucket, true
		}
	}
	return "", false
}

func hostOf(in *http.Request) string {
	host := in.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(host)
}

func (w *world) route(role string) func(*answer, *http.Request) {
	switch role {
	case roleEDL:
		return w.edl
	case roleCMR:
		return w.cmr
	case roleEgress, roleCumulus:
		return w.egress
	case roleS3:
		return w.s3
	case roleOpen:
		return w.open
	case roleOnPrem:
		return w.onPrem
	case roleStac:
		return w.stac
	case roleStatus:
		return w.status
	case roleMetadata:
		return w.metadata
	case roleBlob:
		return w.blob
	}
	return nil
}
