package main

import (
	"encoding/json"
	"strconv"
	"strings"
)

// stacGranule is a granule in a collection of an API.
type stacGranule struct {
	granule
	collection string
}

// The granule whose name has this number; without a collection where there is none.
func (c *collection) byName(number string) granule {
	at, err := strconv.Atoi(number)
	if err != nil || at >= c.Granules {
		return granule{}
	}
	return c.granule(at)
}

func (g granule) geometry() object {
	shapes := g.shapes()
	if len(shapes) == 0 {
		return nil
	}
	one := shapes[0]
	switch {
	case one.closed:
		return object{"type": "Polygon", "coordinates": [][]point{one.points}}
	case len(one.points) == 1:
		return object{"type": "Point", "coordinates": one.points[0]}
	}
	return object{"type": "LineString", "coordinates": one.points}
}

func (g granule) bounds() []float64 {
	shapes := g.shapes()
	if len(shapes) == 0 {
		return nil
	}
	west, south, east, north := shapes[0].bounds()
	return []float64{west, south, east, north}
}

// What an item tells beside its place, and what queries ask about.
func (g granule) properties() object {
	return object{
		"datetime": g.begin.Format(ummTime), "start_datetime": g.begin.Format(ummTime), "end_datetime": g.end.Format(ummTime), "created": g.revised().Format(ummTime),
		"eo:cloud_cover": g.cloudCover(), "platform": g.of.Platform, "gsd": 10, "proj:epsg": 32600 + g.mixed%60 + 1, "view:off_nadir": 0,
	}
}

// An item as an API tells it.
func (a *stacAPI) item(one stacGranule) object {
	self := a.root + "/collections/" + one.collection
	return object{
		"type": "Feature", "stac_version": "1.0.0", "id": one.name(), "collection": one.collection, "bbox": one.bounds(), "geometry": one.geometry(),
		"properties": one.properties(), "assets": a.assets(one),
		"stac_extensions": []string{"https://stac-extensions.github.io/eo/v1.1.0/schema.json"},
		"links": []object{
			{"rel": "self", "type": "application/geo+json", "href": self + "/items/" + one.name()}, {"rel": "collection", "type": "application/json", "href": self},
			{"rel": "parent", "type": "application/json", "href": self}, {"rel": "root", "type": "application/json", "href": a.root},
		},
	}
}

func (a *stacAPI) assets(one stacGranule) object {
	found := object{}
	for place, file := range one.files() {
		key, href := one.of.Parts[place], ""
		switch a.paging {
		case "cursor":
			key, href = "data"+strconv.Itoa(place), one.address(file)
			if place == 0 {
				key = "data"
			}
		case "token":
			href = "https://standin.blob.core.windows.net/" + one.collection + "/" + one.sizedKey(place)
		default:
			href = "https://open.example.org/" + anyBucket + "/" + one.sizedKey(place)
		}
		found[strings.TrimPrefix(key, ".")] = object{
			"href": href, "title": file, "type": "image/tiff; application=geotiff; profile=cloud-optimized", "roles": []string{"data"}, "file:size": one.size(place),
		}
	}
	return found
}

// The file of a made-up item is one of any number and size.
func (g granule) sizedKey(place int) string {
	return strconv.FormatUint(g.partNumber(place), 10) + "/" + strconv.FormatInt(g.size(place), 10) + g.of.Extension
}

// Granules as CMR's own STAC format, which is paged by number only.
func (w *world) granulesAsStac(found []granule, hits int) []byte {
	api := &stacAPI{root: "https://cmr.earthdata.nasa.gov:443/search", paging: "cursor"}
	features := []object{}
	for _, one := range found {
		item := api.item(stacGranule{one, one.of.ID})
		item["id"] = one.id()
		features = append(features, item)
	}
	raw, _ := json.Marshal(object{"type": "FeatureCollection", "stac_version": "1.0.0", "numberMatched": hits, "numberReturned": len(features), "features": features})
	return raw
}
