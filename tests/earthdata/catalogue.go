package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (w *world) searchCollections(out *answer, in *http.Request, form url.Values, format string, begun time.Time) {
	read, problems := parametersOf(form, collectionNames)
	pages, wrong := pagingOf(read, in, true)
	var limits []func(*collection) bool
	if len(problems) == 0 {
		var bad []string
		limits, bad = collectionFilters(read)
		wrong = append(wrong, bad...)
	}
	if problems = append(problems, wrong...); len(problems) > 0 {
		out.cmrErrors(http.StatusBadRequest, problems...)
		return
	}
	found := []*collection{}
	for _, one := range w.listed() {
		if !slices.ContainsFunc(limits, func(fits func(*collection) bool) bool { return !fits(one) }) {
			found = append(found, one)
		}
	}
	hits := len(found)
	if pages.after != nil {
		found = slices.DeleteFunc(found, func(one *collection) bool { return uint64(one.place) <= *pages.after })
	}
	found = found[min(pages.skip, len(found)):]
	found = found[:min(pages.size, len(found))]
	if count := len(found); count > 0 {
		last := found[count-1]
		// The number is where granules have theirs, so that both marks are read alike.
		raw, _ := json.Marshal([]any{last.ShortName, last.Version, last.place})
		out.Header().Set("CMR-Search-After", string(raw))
	}
	counts := read.one("include_granule_counts") == "true"
	var body []byte
	switch format {
	case "json":
		entries := []object{}
		for _, one := range found {
			entries = append(entries, one.entry(counts))
		}
		body, _ = json.Marshal(object{"feed": object{"updated": w.now().Format(ummTime), "title": "ECHO dataset metadata", "entry": entries}})
	default:
		items := []object{}
		for _, one := range found {
			items = append(items, one.item(counts))
		}
		body, _ = json.Marshal(object{"hits": hits, "took": time.Since(begun).Milliseconds() + 1, "items": items})
	}
	w.page(out, body, kinds[format], hits, begun)
}

func collectionFilters(read *parameters) ([]func(*collection) bool, []string) {
	found, problems := []func(*collection) bool{}, []string{}
	of := func(name string, text func(*collection) string) {
		if len(read.values[name]) > 0 {
			found = append(found, func(one *collection) bool { return read.fits(name, text(one)) })
		}
	}
	of("short_name", func(one *collection) string { return one.ShortName })
	of("version", func(one *collection) string { return one.Version })
	of("provider", func(one *collection) string { return one.Provider })
	of("entry_title", func(one *collection) string { return one.Title })
	of("concept_id", func(one *collection) string { return one.ID })
	of("echo_collection_id", func(one *collection) string { return one.ID })
	of("doi", func(one *collection) string { return one.DOI })
	of("instrument", func(one *collection) string { return one.Instrument })
	of("platform", func(one *collection) string { return one.Platform })
	of("native_id", func(one *collection) string { return one.ShortName })
	boolean := func(name string, is func(*collection) bool) {
		text := read.one(name)
		wanted, err := strconv.ParseBool(strings.ToLower(text))
		switch {
		case text == "" || text == "unset":
		case err != nil:
			problems = append(problems, fmt.Sprintf("Parameter %s must take value of true, false, or unset, but was [%s]", name, text))
		default:
			found = append(found, func(one *collection) bool { return is(one) == wanted })
		}
	}
	boolean("cloud_hosted", func(one *collection) bool { return one.Bucket != "" })
	boolean("has_granules", func(one *collection) bool { return one.Granules > 0 })
	boolean("has_granules_or_cwic", func(one *collection) bool { return one.Granules > 0 })
	for _, word := range strings.Fields(read.one("keyword")) {
		pattern := "*" + strings.ToLower(strings.Trim(word, `"`)) + "*"
		found = append(found, func(one *collection) bool {
			return matches(pattern, strings.ToLower(strings.Join([]string{one.ShortName, one.Title, one.Instrument, one.Platform, one.Provider, one.DOI}, " ")))
		})
	}
	for _, text := range read.values["temporal"] {
		asked, err := periodOf(text, false)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		found = append(found, func(one *collection) bool { return asked.touches(one.Start, one.granule(one.Granules-1).end) })
	}
	// Every collection is of the whole earth: a shape only has to be one.
	for _, name := range []string{"bounding_box", "point", "polygon", "line", "circle"} {
		for _, text := range read.values[name] {
			if _, err := shapesOf(name, text); err != nil {
				problems = append(problems, err.Error())
			}
		}
	}
	return found, problems
}

// A collection as umm_json tells it, in the form of the recorded ones.
func (c *collection) item(counts bool) object {
	meta := object{
		"concept-type": "collection", "concept-id": c.ID, "revision-id": 10, "native-id": c.ShortName + "_" + c.Version, "provider-id": c.Provider,
		"format": "application/vnd.nasa.cmr.umm+json", "revision-date": "2025-06-02T00:00:00.000Z", "deleted": false, "has-variables": false,
		"has-formats": false, "has-transforms": false, "has-combine": false, "has-spatial-subsetting": false, "has-temporal-subsetting": false,
		"associations": object{"services": []string{"S3900000001-" + c.Provider}},
	}
	if counts {
		meta["granule-count"] = c.Granules
		meta["has-granules"] = c.Granules > 0
	}
	umm := object{
		"ShortName": c.ShortName, "Version": c.Version, "EntryTitle": c.Title, "Abstract": "A made-up collection: " + c.Title + ".", "CollectionProgress": "ACTIVE",
		"DataCenters":     []object{{"Roles": []string{"ARCHIVER", "DISTRIBUTOR"}, "ShortName": c.Provider}},
		"Platforms":       []object{{"ShortName": c.Platform, "Instruments": []object{{"ShortName": c.Instrument}}}},
		"TemporalExtents": []object{{"EndsAtPresentFlag": false, "RangeDateTimes": []object{{"BeginningDateTime": c.Start.Format(ummTime)}}}},
		"SpatialExtent": object{"SpatialCoverageType": "HORIZONTAL", "HorizontalSpatialDomain": object{"Geometry": object{"CoordinateSystem": "CARTESIAN", "BoundingRectangles": []object{{
			"NorthBoundingCoordinate": 90.0, "WestBoundingCoordinate": -180.0, "EastBoundingCoordinate": 180.0, "SouthBoundingCoordinate": -90.0,
		}}}}, "GranuleSpatialRepresentation": "GEODETIC"},
		"ArchiveAndDistributionInformation": object{"FileDistributionInformation": []object{{"FormatType": "Native", "Format": strings.TrimPrefix(c.Extension, "."), "Fees": "None"}}},
		"RelatedUrls": []object{{
			"URL": "https://search.earthdata.nasa.gov/search/granules?p=" + c.ID, "URLContentType": "DistributionURL", "Type": "GET DATA", "Subtype": "Earthdata Search",
		}},
		"MetadataSpecification": object{"URL": "https://cdn.earthdata.nasa.gov/umm/collection/v1.18.4", "Name": "UMM-C", "Version": "1.18.4"},
	}
	if c.Shape == "orbit" {
		space := umm["SpatialExtent"].(object)
		space["GranuleSpatialRepresentation"] = "ORBIT"
		space["OrbitParameters"] = object{"SwathWidth": 36.0, "OrbitPeriod": 96.8, "InclinationAngle": 92.0, "NumberOfOrbits": 0.071428571, "StartCircularLatitude": 0.0}
	}
	if c.DOI != "" {
		umm["DOI"] = object{"DOI": c.DOI}
	}
	if c.Bucket != "" {
		prefixes := []string{c.Bucket + "/" + c.ShortName + "/" + c.Version + "/"}
		meta["s3-links"] = prefixes
		umm["DirectDistributionInformation"] = object{
			"Region": region, "S3BucketAndObjectPrefixNames": prefixes, "S3CredentialsAPIEndpoint": c.credentials(), "S3CredentialsAPIDocumentationURL": c.credentials() + "README",
		}
	}
	return object{"meta": meta, "umm": umm}
}

func (c *collection) entry(counts bool) object {
	entry := object{
		"id": c.ID, "short_name": c.ShortName, "version_id": c.Version, "dataset_id": c.Title, "title": c.Title, "data_center": c.Provider,
		"time_start": c.Start.Format(ummTime), "cloud_hosted": c.Bucket != "", "boxes": []string{"-90 -180 90 180"}, "original_format": "UMM_JSON",
	}
	if counts {
		entry["granule_count"] = c.Granules
	}
	return entry
}

// One service for each provider.
func (w *world) searchServices(out *answer, form url.Values, format string, begun time.Time) {
	read, problems := parametersOf(form, serviceNames)
	pages, wrong := pagingOf(read, out.in, true)
	if problems = append(problems, wrong...); len(problems) > 0 {
		out.cmrErrors(http.StatusBadRequest, problems...)
		return
	}
	providers, items := []string{}, []object{}
	for _, one := range w.listed() {
		if !slices.Contains(providers, one.Provider) {
			providers = append(providers, one.Provider)
		}
	}
	for place, provider := range providers {
		id, name := "S3900000001-"+provider, provider+" OPeNDAP"
		if !read.fits("concept_id", id) || !read.fits("provider", provider) || !read.fits("name", name) {
			continue
		}
		items = append(items, object{
			"meta": object{"concept-type": "service", "concept-id": id, "revision-id": place + 1, "native-id": name, "provider-id": provider, "format": "application/vnd.nasa.cmr.umm+json"},
			"umm": object{
				"Name": name, "LongName": name + " service", "Type": "OPeNDAP", "Version": "1.21", "Description": "Subsets of granules.",
				"URL": object{"URLValue": "https://opendap.earthdata.nasa.gov/", "Description": "The service's root"},
			},
		})
	}
	hits := len(items)
	items = items[min(pages.skip, hits):]
	items = items[:min(pages.size, len(items))]
	body, _ := json.Marshal(object{"hits": hits, "took": time.Since(begun).Milliseconds() + 1, "items": items})
	w.page(out, body, kinds["umm_json"], hits, begun)
}
