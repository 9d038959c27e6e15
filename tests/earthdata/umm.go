package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

const ummTime = "2006-01-02T15:04:05.000Z"

// Granules in one of CMR's formats.
func (w *world) granulesAs(format string, found []granule, hits int, begun time.Time) []byte {
	took := time.Since(begun).Milliseconds() + 1
	switch format {
	case "json":
		return w.granulesAsFeed(found)
	case "stac":
		return w.granulesAsStac(found, hits)
	}
	into := fmt.Appendf(nil, `{"hits":%d,"took":%d,"items":[`, hits, took)
	for place, one := range found {
		if place > 0 {
			into = append(into, ',')
		}
		into = w.appendUMM(into, one)
	}
	return append(into, "]}"...)
}

func quoted(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

// Appends a granule as umm_json tells it, in the form of the recorded ones. A million granules are
// listed in a test, so this does not go through maps.
func (w *world) appendUMM(into []byte, one granule) []byte {
	of := one.of
	if of.recorded != nil {
		into = append(into, `{"meta":`...)
		into = append(into, of.recorded[one.at].meta...)
		into = append(into, `,"umm":`...)
		into = append(into, of.recorded[one.at].umm...)
		return append(into, '}')
	}
	into = fmt.Appendf(into, `{"meta":{"concept-type":"granule","concept-id":%q,"revision-id":1,"native-id":%q,"collection-concept-id":%q,"provider-id":%q,"format":"application/vnd.nasa.cmr.umm+json","revision-date":%q},`,
		one.id(), one.name(), of.ID, of.Provider, one.revised().Format(ummTime))
	into = fmt.Appendf(into, `"umm":{"TemporalExtent":{"RangeDateTime":{"BeginningDateTime":%q,"EndingDateTime":%q}},"GranuleUR":%q,`,
		one.begin.Format(ummTime), one.end.Format(ummTime), one.name())
	into = one.appendSpace(into)
	into = fmt.Appendf(into, `"ProviderDates":[{"Date":%[1]q,"Type":"Insert"},{"Date":%[1]q,"Type":"Update"}],`, one.revised().Format(ummTime))
	if of.Bucket == "" {
		// On-prem archives name the title only.
		into = fmt.Appendf(into, `"CollectionReference":{"EntryTitle":%s},`, quoted(of.Title))
	} else {
		into = fmt.Appendf(into, `"CollectionReference":{"ShortName":%s,"Version":%s},`, quoted(of.ShortName), quoted(of.Version))
	}
	into = one.appendLinks(into)
	if of.ShortName == "HLSL30" {
		into = fmt.Appendf(into, `"CloudCover":%v,`, one.cloudCover())
	}
	into = fmt.Appendf(into, `"OrbitCalculatedSpatialDomains":[{"OrbitNumber":%d}],`, one.orbit())
	into = w.appendFiles(into, one)
	return append(into, `"MetadataSpecification":{"URL":"https://cdn.earthdata.nasa.gov/umm/granule/v1.6.6","Name":"UMM-G","Version":"1.6.6"}}}`...)
}

func degrees(number float64) string {
	return strconv.FormatFloat(float64(int64(number*1e4))/1e4, 'f', -1, 64)
}

func (g granule) appendSpace(into []byte) []byte {
	points := func(into []byte, shape shape) []byte {
		for place, one := range shape.points {
			if place > 0 {
				into = append(into, ',')
			}
			into = fmt.Appendf(into, `{"Longitude":%s,"Latitude":%s}`, degrees(one[0]), degrees(one[1]))
		}
		return into
	}
	shapes := g.shapes()
	if g.of.Shape == "orbit" {
		return fmt.Appendf(into, `"SpatialExtent":{"HorizontalSpatialDomain":{"Orbit":{"AscendingCrossing":%s,"StartLatitude":80,"StartDirection":"D","EndLatitude":59.5,"EndDirection":"D"}}},`, degrees(g.longitude))
	}
	if len(shapes) == 0 {
		return into
	}
	into = append(into, `"SpatialExtent":{"HorizontalSpatialDomain":{"Geometry":{`...)
	switch g.of.Shape {
	case "rectangle":
		west, south, east, north := shapes[0].bounds()
		into = fmt.Appendf(into, `"BoundingRectangles":[{"WestBoundingCoordinate":%s,"EastBoundingCoordinate":%s,"NorthBoundingCoordinate":%s,"SouthBoundingCoordinate":%s}]`,
			degrees(west), degrees(east), degrees(north), degrees(south))
	case "point":
		into = append(points(append(into, `"Points":[`...), shapes[0]), ']')
	case "line":
		into = append(points(append(into, `"Lines":[{"Points":[`...), shapes[0]), "]}]"...)
	default:
		into = append(points(append(into, `"GPolygons":[{"Boundary":{"Points":[`...), shapes[0]), "]}}]"...)
	}
	return append(into, "}}},"...)
}

func (g granule) appendLinks(into []byte) []byte {
	of := g.of
	into = append(into, `"RelatedUrls":[`...)
	for _, file := range g.files() {
		into = fmt.Appendf(into, `{"URL":%q,"Type":"GET DATA","MimeType":%q,"Description":%q},`, g.address(file), kindOf(file), "Download "+file)
		if of.Bucket != "" {
			into = fmt.Appendf(into, `{"URL":%q,"Type":"GET DATA VIA DIRECT ACCESS","MimeType":%q,"Description":"This link provides direct download access via S3 to the granule"},`,
				"s3://"+of.Bucket+"/"+g.key(file), kindOf(file))
		}
	}
	first := g.files()[0]
	if of.Bucket == "" {
		return fmt.Appendf(into, `{"URL":%q,"Type":"VIEW RELATED INFORMATION","MimeType":"text/xml"}],`, g.address(first)+".iso.xml")
	}
	into = fmt.Appendf(into, `{"URL":%q,"Type":"GET RELATED VISUALIZATION","MimeType":"image/jpeg"},`, "https://"+of.Host+"/"+of.publicBucket()+"/"+g.key(g.name()+".jpg"))
	into = fmt.Appendf(into, `{"URL":%q,"Type":"EXTENDED METADATA","Subtype":"DMR++","MimeType":"application/vnd.opendap.dap4.dmrpp+xml"},`, g.address(first)+".dmrpp")
	into = fmt.Appendf(into, `{"URL":%q,"Type":"USE SERVICE API","Subtype":"OPENDAP DATA","MimeType":"text/html"},`, "https://opendap.earthdata.nasa.gov/collections/"+of.ID+"/granules/"+g.name())
	return fmt.Appendf(into, `{"URL":%q,"Type":"VIEW RELATED INFORMATION","Description":"api endpoint to retrieve temporary credentials valid for same-region direct s3 access"}],`, of.credentials())
}

func (c *collection) credentials() string {
	host := c.Host
	if c.Credentials != "" {
		host = c.Credentials
	}
	return "https://" + host + "/s3credentials"
}

func (w *world) appendFiles(into []byte, one granule) []byte {
	into = fmt.Appendf(into, `"DataGranule":{"DayNightFlag":%q,"Identifiers":[{"Identifier":%q,"IdentifierType":"ProducerGranuleId"}],"ProductionDateTime":%q,"ArchiveAndDistributionInformation":[`,
		map[string]string{"DAY": "Day", "NIGHT": "Night", "UNSPECIFIED": "Unspecified"}[one.dayNight()], one.producerName(), one.revised().Format(ummTime))
	algorithm := one.algorithm()
	for place, file := range one.files() {
		if place > 0 {
			into = append(into, ',')
		}
		size := one.size(place)
		megabytes := strconv.FormatFloat(float64(size)/(1<<20), 'f', -1, 64)
		if one.of.VagueSizes {
			into = fmt.Appendf(into, `{"Name":"Not provided","Size":%s,"SizeUnit":"NA"}`, megabytes)
			continue
		}
		into = fmt.Appendf(into, `{"Name":%q,"SizeInBytes":%d,"Size":%s,"SizeUnit":"MB"`, file, size, megabytes)
		if algorithm != "" {
			into = fmt.Appendf(into, `,"Checksum":{"Value":%q,"Algorithm":%q}`, w.checksum(one, place, algorithm), algorithm)
		}
		into = append(into, '}')
	}
	return append(into, "]},"...)
}

// Granules as CMR's JSON feed.
func (w *world) granulesAsFeed(found []granule) []byte {
	entries := []object{}
	for _, one := range found {
		entries = append(entries, one.entry())
	}
	raw, _ := json.Marshal(object{"feed": object{
		"updated": w.now().Format(ummTime), "id": "https://cmr.earthdata.nasa.gov:443/search/granules.json", "title": "ECHO granule metadata", "entry": entries,
	}})
	return raw
}

func (g granule) entry() object {
	links := []object{}
	for _, file := range g.files() {
		links = append(links, object{"rel": "http://esipfed.org/ns/fedsearch/1.1/data#", "title": "Download " + file, "hreflang": "en-US", "href": g.address(file)})
		if g.of.Bucket != "" {
			links = append(links, object{"rel": "http://esipfed.org/ns/fedsearch/1.1/s3#", "hreflang": "en-US", "href": "s3://" + g.of.Bucket + "/" + g.key(file)})
		}
	}
	entry := object{
		"id": g.id(), "title": g.name(), "producer_granule_id": g.producerName(), "dataset_id": g.of.Title, "data_center": g.of.Provider,
		"collection_concept_id": g.of.ID, "time_start": g.begin.Format(ummTime), "time_end": g.end.Format(ummTime), "updated": g.revised().Format(ummTime),
		"granule_size": strconv.FormatFloat(float64(g.size(0))/(1<<20), 'f', -1, 64), "day_night_flag": g.dayNight(), "online_access_flag": true,
		"browse_flag": false, "original_format": "UMM_JSON", "coordinate_system": "GEODETIC", "links": links,
	}
	for _, one := range g.shapes() {
		west, south, east, north := one.bounds()
		entry["boxes"] = []string{degrees(south) + " " + degrees(west) + " " + degrees(north) + " " + degrees(east)}
	}
	return entry
}
