package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// stacAPI is one of the STAC APIs, each with its own way of paging.
type stacAPI struct {
	// Address of the landing page.
	root, id, title string
	// How the next page is asked for: "next" (Earth Search), "token" (Planetary Computer), "cursor" (CMR).
	paging string
	// Collections by their STAC ids.
	ids         []string
	collections map[string]*collection
}

// The two APIs outside of NASA have made-up collections under real names.
var (
	earthSearch = madeAPI("https://earth-search.aws.element84.com/v1", "earth-search-aws", "Earth Search by Element 84", "next",
		[]string{"sentinel-2-c1-l2a", "landsat-c2-l2"}, []int{2500, 400})
	planetaryComputer = madeAPI("https://planetarycomputer.microsoft.com/api/stac/v1", "microsoft-pc", "Microsoft Planetary Computer STAC API", "token",
		[]string{"sentinel-2-l2a", "naip"}, []int{1000, 320})
)

func madeAPI(root, id, title, paging string, ids []string, counts []int) *stacAPI {
	made := &stacAPI{root, id, title, paging, ids, map[string]*collection{}}
	for place, name := range ids {
		of := &collection{
			Provider: id, ShortName: name, Host: "open.example.org", Granules: counts[place], Extension: ".tif", Step: 7200,
			MinSize: 200_000, MaxSize: 900_000, Parts: []string{"red", "nir"}, Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Platform: name[:strings.Index(name+"-", "-")],
		}
		// Places far from those of CMR's collections.
		if err := of.complete(500 + 10*len(paging) + place); err != nil {
			panic(err)
		}
		made.collections[name] = of
	}
	return made
}

// CMR's STAC APIs, one for each provider, over the same granules.
func (w *world) cmrStac(provider string) *stacAPI {
	made := &stacAPI{"https://cmr.earthdata.nasa.gov/stac/" + provider, provider, provider + " STAC Catalog", "cursor", nil, map[string]*collection{}}
	for _, one := range w.listed() {
		if one.Provider == provider && one.Bucket != "" {
			id := one.ShortName + "_" + one.Version
			made.ids = append(made.ids, id)
			made.collections[id] = one
		}
	}
	return made
}

// The API that a path belongs to and what is behind its root; nil where there is none.
func (w *world) apiOf(in *http.Request) (*stacAPI, string) {
	switch hostOf(in) {
	case "earth-search.aws.element84.com":
		rest, is := strings.CutPrefix(in.URL.Path, "/v1")
		if is {
			return earthSearch, rest
		}
	case "planetarycomputer.microsoft.com":
		rest, is := strings.CutPrefix(in.URL.Path, "/api/stac/v1")
		if is {
			return planetaryComputer, rest
		}
	default:
		provider, rest, _ := strings.Cut(strings.TrimPrefix(in.URL.Path, "/stac/"), "/")
		if api := w.cmrStac(provider); len(api.ids) > 0 {
			return api, "/" + rest
		}
	}
	return nil, ""
}

func (w *world) stac(out *answer, in *http.Request) {
	if strings.HasPrefix(in.URL.Path, "/api/sas/v1/token/") {
		w.sharedAccess(out, in)
		return
	}
	api, rest := w.apiOf(in)
	if api == nil {
		out.stacError(http.StatusNotFound, "NotFound", "Not Found")
		return
	}
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	switch {
	case parts[0] == "":
		out.json(http.StatusOK, api.landing())
	case parts[0] == "conformance":
		out.json(http.StatusOK, object{"conformsTo": conformance})
	case parts[0] == "queryables":
		out.json(http.StatusOK, queryables)
	case parts[0] == "search" && len(parts) == 1:
		w.stacSearch(out, in, api)
	case parts[0] == "collections" && len(parts) == 1:
		all := []object{}
		for _, id := range api.ids {
			all = append(all, api.collection(id))
		}
		out.json(http.StatusOK, object{"collections": all, "links": []object{{"rel": "root", "href": api.root}}})
	case parts[0] == "collections" && api.collections[parts[1]] == nil:
		out.stacError(http.StatusNotFound, "NotFound", "Collection not found")
	case parts[0] == "collections" && len(parts) == 2:
		out.json(http.StatusOK, api.collection(parts[1]))
	case parts[0] == "collections" && parts[2] == "items" && len(parts) == 3:
		w.stacSearch(out, in, api, parts[1])
	case parts[0] == "collections" && parts[2] == "items" && len(parts) == 4:
		api.one(out, parts[1], parts[3])
	default:
		out.stacError(http.StatusNotFound, "NotFound", "Not Found")
	}
}

func (a *answer) stacError(status int, code, why string) {
	a.json(status, object{"code": code, "description": why})
}

var conformance = []string{
	"https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/collections", "https://api.stacspec.org/v1.0.0/ogcapi-features",
	"https://api.stacspec.org/v1.0.0/item-search", "https://api.stacspec.org/v1.0.0/item-search#fields", "https://api.stacspec.org/v1.0.0/item-search#sort",
	"https://api.stacspec.org/v1.0.0/item-search#query", "https://api.stacspec.org/v1.0.0/item-search#filter",
	"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
	"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter", "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
	"http://www.opengis.net/spec/cql2/1.0/conf/cql2-text", "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
}

var queryables = object{
	"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": true,
	"properties": object{"datetime": object{"type": "string", "format": "date-time"}, "eo:cloud_cover": object{"type": "number"}, "platform": object{"type": "string"}},
}

func (a *stacAPI) landing() object {
	links := []object{
		{"rel": "self", "type": "application/json", "href": a.root}, {"rel": "root", "type": "application/json", "href": a.root},
		{"rel": "conformance", "type": "application/json", "href": a.root + "/conformance"}, {"rel": "data", "type": "application/json", "href": a.root + "/collections"},
		{"rel": "search", "type": "application/geo+json", "href": a.root + "/search", "method": "GET"},
		{"rel": "search", "type": "application/geo+json", "href": a.root + "/search", "method": "POST"},
		{"rel": "http://www.opengis.net/def/rel/ogc/1.0/queryables", "type": "application/schema+json", "href": a.root + "/queryables"},
	}
	for _, id := range a.ids {
		links = append(links, object{"rel": "child", "type": "application/json", "href": a.root + "/collections/" + id})
	}
	return object{"type": "Catalog", "stac_version": "1.0.0", "id": a.id, "title": a.title, "description": a.title, "conformsTo": conformance, "links": links}
}

func (a *stacAPI) collection(id string) object {
	of := a.collections[id]
	return object{
		"type": "Collection", "stac_version": "1.0.0", "stac_extensions": []string{}, "id": id, "title": of.Title, "description": of.Title, "license": "proprietary",
		"extent": object{"spatial": object{"bbox": [][]float64{{-180, -90, 180, 90}}}, "temporal": object{"interval": [][]any{{of.Start.Format(ummTime), nil}}}},
		"links": []object{
			{"rel": "self", "type": "application/json", "href": a.root + "/collections/" + id}, {"rel": "root", "type": "application/json", "href": a.root},
			{"rel": "parent", "type": "application/json", "href": a.root}, {"rel": "items", "type": "application/geo+json", "href": a.root + "/collections/" + id + "/items"},
		},
	}
}

func (a *stacAPI) one(out *answer, id, name string) {
	of := a.collections[id]
	if match := placeInName.FindStringSubmatch(name); match != nil {
		if at := slices.IndexFunc([]granule{of.byName(match[1])}, func(one granule) bool { return one.of != nil && one.name() == name }); at == 0 {
			out.Header().Set("Content-Type", "application/geo+json")
			out.json(http.StatusOK, a.item(stacGranule{of.byName(match[1]), id}))
			return
		}
	}
	out.stacError(http.StatusNotFound, "NotFound", "Item not found")
}

// An address of the API with a query.
func (a *stacAPI) address(path string, query url.Values) string {
	return a.root + path + "?" + query.Encode()
}
