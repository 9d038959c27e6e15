package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
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
	into := make([]byte, 0, 4096*len(found)+64)
	into = fmt.Appendf(into, `{"hits":%d,"took":%d,"items":[`, hits, took)
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

// Appends texts to JSON: those at even places as they are, the others between quotation marks. Only
// for names and addresses, which have nothing in them to escape.
func joinTo(into []byte, texts ...string) []byte {
	for place, text := range texts {
		if place%2 == 1 {
			into = append(into, '"')
		}
		into = append(into, text...)
		if place%2 == 1 {
			into = append(into, '"')
		}
	}
	return into
}

// described is a granule with what is told of it in several places.
type described struct {
	granule
	name  string
	files []string
	// Where its files are: addresses but for the files' names.
	https, s3 string
}

func (g granule) described() described {
	made := described{granule: g, name: g.name(), files: g.files()}
	made.https = strings.TrimSuffix(g.address(made.files[0]), made.files[0])
	made.s3 = "s3://" + g.of.Bucket + "/" + strings.TrimSuffix(g.key(made.files[0]), made.files[0])
	return made
}

// Appends a granule as umm_json tells it, in the form of the recorded ones. A million granules are
// listed in a test, so this does not go through maps.
func (w *world) appendUMM(into []byte, given granule) []byte {
	of := given.of
	if of.recorded != nil {
		into = append(into, `{"meta":`...)
		into = append(into, of.recorded[given.at].meta...)
		into = append(into, `,"umm":`...)
		into = append(into, of.recorded[given.at].umm...)
		return append(into, '}')
	}
	one := given.described()
	revised := one.revised().Format(ummTime)
	into = joinTo(into, `{"meta":{"concept-type":"granule","concept-id":`, one.id(), `,"revision-id":1,"native-id":`, one.name,
		`,"collection-concept-id":`, of.ID, `,"provider-id":`, of.Provider, `,"format":"application/vnd.nasa.cmr.umm+json","revision-date":`, revised, "},")
	into = joinTo(into, `"umm":{"TemporalExtent":{"RangeDateTime":{"BeginningDateTime":`, one.begin.Format(ummTime), `,"EndingDateTime":`, one.end.Format(ummTime),
		`}},"GranuleUR":`, one.name, ",")
	into = one.appendSpace(into)
	into = joinTo(into, `"ProviderDates":[{"Date":`, revised, `,"Type":"Insert"},{"Date":`, revised, `,"Type":"Update"}],`)
	if of.Bucket == "" {
		// On-prem archives name the title only.
		into = append(into, `"CollectionReference":{"EntryTitle":`+quoted(of.Title)+`},`...)
	} else {
		into = joinTo(into, `"CollectionReference":{"ShortName":`, of.ShortName, `,"Version":`, of.Version, `},`)
	}
	into = one.appendLinks(into)
	if of.ShortName == "HLSL30" {
		into = fmt.Appendf(into, `"CloudCover":%v,`, one.cloudCover())
	}
	into = fmt.Appendf(into, `"OrbitCalculatedSpatialDomains":[{"OrbitNumber":%d}],`, one.orbit())
	into = w.appendFiles(into, one, revised)
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
			into = append(into, `{"Longitude":`+degrees(one[0])+`,"Latitude":`+degrees(one[1])+`}`...)
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

func (d described) appendLinks(into []byte) []byte {
	of := d.of
	into = append(into, `"RelatedUrls":[`...)
	for _, file := range d.files {
		into = joinTo(into, `{"URL":`, d.https+file, `,"Type":"GET DATA","MimeType":`, kindOf(file), `,"Description":`, "Download "+file, `},`)
		if of.Bucket != "" {
			into = joinTo(into, `{"URL":`, d.s3+file, `,"Type":"GET DATA VIA DIRECT ACCESS","MimeType":`, kindOf(file),
				`,"Description":"This link provides direct download access via S3 to the granule"},`)
		}
	}
	first := d.https + d.files[0]
	if of.Bucket == "" {
		return joinTo(into, `{"URL":`, first+".iso.xml", `,"Type":"VIEW RELATED INFORMATION","MimeType":"text/xml"}],`)
	}
	into = joinTo(into, `{"URL":`, strings.Replace(d.https, "/"+of.Bucket+"/", "/"+of.publicBucket()+"/", 1)+d.name+".jpg",
		`,"Type":"GET RELATED VISUALIZATION","MimeType":"image/jpeg"},{"URL":`, first+".dmrpp",
		`,"Type":"EXTENDED METADATA","Subtype":"DMR++","MimeType":"application/vnd.opendap.dap4.dmrpp+xml"},{"URL":`,
		"https://opendap.earthdata.nasa.gov/collections/"+of.ID+"/granules/"+d.name, `,"Type":"USE SERVICE API","Subtype":"OPENDAP DATA","MimeType":"text/html"},{"URL":`,
		of.credentials(), `,"Type":"VIEW RELATED INFORMATION","Description":"api endpoint to retrieve temporary credentials valid for same-region direct s3 access"}],`)
	return into
}

func (c *collection) credentials() string {
	host := c.Host
	if c.Credentials != "" {
		host = c.Credentials
	}
	return "https://" + host + "/s3credentials"
}

func (w *world) appendFiles(into []byte, one described, produced string) []byte {
	day := map[string]string{"DAY": "Day", "NIGHT": "Night", "UNSPECIFIED": "Unspecified"}[one.dayNight()]
	into = joinTo(into, `"DataGranule":{"DayNightFlag":`, day, `,"Identifiers":[{"Identifier":`, one.files[0],
		`,"IdentifierType":"ProducerGranuleId"}],"ProductionDateTime":`, produced, `,"ArchiveAndDistributionInformation":[`)
	algorithm := one.algorithm()
	for place, file := range one.files {
		if place > 0 {
			into = append(into, ',')
		}
		size := one.size(place)
		megabytes := strconv.FormatFloat(float64(size)/(1<<20), 'f', -1, 64)
		if one.of.VagueSizes {
			into = append(into, `{"Name":"Not provided","Size":`+megabytes+`,"SizeUnit":"NA"}`...)
			continue
		}
		into = joinTo(into, `{"Name":`, file, `,"SizeInBytes":`+strconv.FormatInt(size, 10)+`,"Size":`+megabytes+`,"SizeUnit":"MB"`)
		if algorithm != "" {
			into = joinTo(into, `,"Checksum":{"Value":`, w.checksum(one.granule, place, algorithm), `,"Algorithm":`, algorithm, "}")
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
