package main

import (
	"encoding/json"
	"maps"
	"net/url"
	"testing"
)

const (
	searchAtES  = "https://earth-search.aws.element84.com/v1/search"
	searchAtPC  = "https://planetarycomputer.microsoft.com/api/stac/v1/search"
	searchAtCMR = "https://cmr.earthdata.nasa.gov/stac/LPCLOUD/search"
)

func (s *tried) post(address string, body object) object {
	s.Helper()
	raw, _ := json.Marshal(body)
	return s.must(200, "POST", address, string(raw), "Content-Type: application/json").json(s.T)
}

func next(page object) object {
	for _, one := range page["links"].([]any) {
		if one.(object)["rel"] == "next" {
			return one.(object)
		}
	}
	return nil
}

// Follows next links by POST as the specification says; the ids, and how many pages there were.
func (s *tried) walk(address string, body object) (map[string]bool, int) {
	s.Helper()
	seen, pages, first := map[string]bool{}, 0, body
	for {
		page := s.post(address, body)
		if pages++; pages > 10 {
			s.Fatal("no end")
		}
		for _, one := range page["features"].([]any) {
			seen[one.(object)["id"].(string)] = true
		}
		link := next(page)
		if link == nil {
			return seen, pages
		}
		body = object{}
		if link["merge"] == true {
			maps.Copy(body, first)
		}
		maps.Copy(body, link["body"].(object))
	}
}

func TestEachAPIPagesInItsWay(t *testing.T) {
	s := start(t)
	es, pages := s.walk(searchAtES, object{"collections": []string{"landsat-c2-l2"}, "limit": 100})
	s.is("Earth Search", []int{len(es), pages}, []int{400, 5}) // the last page is empty
	pc, pages := s.walk(searchAtPC, object{"collections": []string{"naip"}, "limit": 100})
	s.is("Planetary Computer", []int{len(pc), pages}, []int{320, 4})
	cmr, pages := s.walk(searchAtCMR, object{"collections": []string{"HLSL30_2.0"}, "limit": 2000})
	s.is("CMR", []int{len(cmr), pages}, []int{5000, 3})
	link := next(s.post(searchAtES, object{"limit": 1}))
	s.is("merge", link["merge"], false)
	link = next(s.post(searchAtPC, object{"limit": 1, "collections": []string{"naip"}}))
	s.is("body", link["body"].(object)["collections"], []string{"naip"})
	s.is("merge", link["merge"], nil)
	link = next(s.post(searchAtCMR, object{"limit": 1}))
	s.is("merge", link["merge"], true)
	s.is("body", len(link["body"].(object)), 1)
}

func TestGETPagesToo(t *testing.T) {
	s := start(t)
	seen, address := 0, searchAtPC+"?collections=naip&limit=150"
	for address != "" {
		page := s.must(200, "GET", address, "").json(t)
		if seen += len(page["features"].([]any)); seen > 1000 {
			t.Fatal("no end")
		}
		address = ""
		if link := next(page); link != nil {
			address = link["href"].(string)
		}
	}
	s.is("seen", seen, 320)
}

func TestSearchesOfSTACFilter(t *testing.T) {
	s := start(t)
	all := object{"collections": []string{"sentinel-2-c1-l2a"}, "limit": 10000}
	items := s.post(searchAtES, all)["features"].([]any)
	count := func(extra object, fits func(item object) bool) {
		t.Helper()
		expected := 0
		for _, one := range items {
			if fits(one.(object)) {
				expected++
			}
		}
		body := maps.Clone(all)
		maps.Copy(body, extra)
		if has := len(s.post(searchAtES, body)["features"].([]any)); has != expected || has == 0 || has == len(items) {
			t.Fatalf("%v: %d instead of %d of %d", extra, has, expected, len(items))
		}
	}
	property := func(item object, name string) any { return item["properties"].(object)[name] }
	clear := func(item object) bool { return property(item, "eo:cloud_cover").(float64) < 20 }
	late := func(item object) bool { return property(item, "datetime").(string) >= "2024-04-01T00:00:00.000Z" }
	count(object{"query": object{"eo:cloud_cover": object{"lt": 20}}}, clear)
	cover := object{"op": "<", "args": []any{object{"property": "eo:cloud_cover"}, 20}}
	time := object{"op": ">=", "args": []any{object{"property": "datetime"}, object{"timestamp": "2024-04-01T00:00:00Z"}}}
	count(object{"filter": object{"op": "and", "args": []any{cover, time}}}, func(item object) bool { return clear(item) && late(item) })
	count(object{"filter": object{"op": "or", "args": []any{cover, time}}}, func(item object) bool { return clear(item) || late(item) })
	count(object{"filter": object{"op": "not", "args": []any{cover}}}, func(item object) bool { return !clear(item) })
	count(object{"filter": "\"eo:cloud_cover\" < 20 AND NOT (datetime >= TIMESTAMP('2024-04-01T00:00:00Z'))", "filter-lang": "cql2-text"}, func(item object) bool { return clear(item) && !late(item) })
	count(object{"filter": "eo:cloud_cover BETWEEN 10 AND 20 AND id LIKE 'sentinel-2-c1-l2a_202401%'"}, func(item object) bool {
		cover := property(item, "eo:cloud_cover").(float64)
		return cover >= 10 && cover <= 20 && item["id"].(string)[:24] == "sentinel-2-c1-l2a_202401"
	})
	count(object{"filter": "eo:cloud_cover IN (1, 2, 3)"}, func(item object) bool {
		cover := property(item, "eo:cloud_cover").(float64)
		return cover >= 1 && cover <= 3
	})
	count(object{"datetime": "2024-04-01/.."}, late)
	area := object{"type": "Polygon", "coordinates": [][]point{box(-60, -40, 30, 30).points}}
	inside := func(item object) bool {
		has, _ := shapesOfGeoJSON(item["geometry"])
		return has[0].touches(box(-60, -40, 30, 30))
	}
	count(object{"bbox": []float64{-60, -40, 30, 30}}, inside)
	count(object{"intersects": area}, inside)
	count(object{"filter": object{"op": "s_intersects", "args": []any{object{"property": "geometry"}, area}}}, inside)
	first := items[0].(object)["id"].(string)
	count(object{"ids": []string{first}}, func(item object) bool { return item["id"] == first })
}

func TestFieldsSortingAndLimits(t *testing.T) {
	s := start(t)
	page := s.post(searchAtES, object{
		"sortby": []object{{"field": "properties.eo:cloud_cover", "direction": "desc"}}, "limit": 3,
		"fields": object{"include": []string{"properties.eo:cloud_cover", "assets"}, "exclude": []string{"assets.nir"}},
	})
	one := page["features"].([]any)[0].(object)
	s.is("properties", one["properties"], object{"eo:cloud_cover": 100})
	s.is("assets", len(one["assets"].(object)), 1)
	s.is("links", one["links"], nil)
	s.is("matched", page["numberMatched"], 2900)
	s.is("without a count", s.post(searchAtPC, object{})["numberMatched"], nil)
	s.is("ten unless said", len(s.post(searchAtCMR, object{})["features"].([]any)), 10)
	raw := `{"bbox": [0,0,1,1], "intersects": {"type": "Point", "coordinates": [0,0]}}`
	s.must(400, "POST", searchAtES, raw)
	s.must(400, "POST", searchAtES, `{"colections": []}`)
	s.must(400, "GET", searchAtES+"?filter="+url.QueryEscape("cloud <")+"&filter-lang=cql2-text", "")
	s.control("POST", "/settings", object{"stac_without_post": []string{"earth-search.aws.element84.com"}})
	s.must(405, "POST", searchAtES, "{}")
	s.must(200, "GET", searchAtES, "")
}

func TestCatalogueAndAssets(t *testing.T) {
	s := start(t)
	root := s.must(200, "GET", "https://planetarycomputer.microsoft.com/api/stac/v1", "").json(t)
	searches := map[any]bool{}
	for _, one := range root["links"].([]any) {
		if one.(object)["rel"] == "search" {
			searches[one.(object)["method"]] = true
		}
	}
	s.is("searches", len(searches), 2)
	item := s.post(searchAtPC, object{"collections": []string{"naip"}, "limit": 1})["features"].([]any)[0].(object)
	self := s.must(200, "GET", "https://planetarycomputer.microsoft.com/api/stac/v1/collections/naip/items/"+item["id"].(string), "").json(t)
	s.is("itself", self["bbox"], item["bbox"])
	s.must(404, "GET", "https://planetarycomputer.microsoft.com/api/stac/v1/collections/naip/items/x", "")
	asset := item["assets"].(object)["red"].(object)
	href := asset["href"].(string)
	s.must(409, "GET", href, "")
	token := s.must(200, "GET", "https://planetarycomputer.microsoft.com/api/sas/v1/token/standin/naip", "").json(t)["token"].(string)
	s.is("size", len(s.must(200, "GET", href+"?"+token, "").body), asset["file:size"])
	s.control("POST", "/clock", object{"seconds": 3601})
	s.must(403, "GET", href+"?"+token, "")
	open := s.post(searchAtES, object{"limit": 1})["features"].([]any)[0].(object)["assets"].(object)["red"].(object)
	s.is("size", len(s.must(200, "GET", open["href"].(string), "").body), open["file:size"])
}
