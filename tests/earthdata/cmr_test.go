package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const granules = "https://cmr.earthdata.nasa.gov/search/granules.umm_json?"

func (s *tried) hits(query string) int {
	s.Helper()
	answer := s.must(200, "GET", granules+"page_size=0&"+query, "")
	count := 0
	fmt.Sscan(answer.Header.Get("CMR-Hits"), &count)
	s.is("hits in the body", answer.json(s.T)["hits"], count)
	return count
}

func TestDeepPagingGoesOnAfterShortPages(t *testing.T) {
	s := start(t)
	seen, sizes, header := map[string]bool{}, []int{}, []string{}
	for {
		answer := s.must(200, "GET", granules+"short_name=GEDI01_B&page_size=2000", "", header...)
		items := answer.json(t)["items"].([]any)
		for _, one := range items {
			seen[one.(object)["meta"].(object)["concept-id"].(string)] = true
		}
		mark := answer.Header.Get("CMR-Search-After")
		if mark == "" {
			s.is("the page without a mark", len(items), 0)
			break
		}
		if sizes = append(sizes, len(items)); len(sizes) > 10 {
			t.Fatalf("no end: %v", sizes)
		}
		header = []string{"CMR-Search-After: " + mark}
	}
	s.is("found", len(seen), 12070)
	s.is("pages", sizes, []int{1985, 2000, 2000, 1700, 2000, 2000, 385})
	s.is("hits", s.hits("short_name=GEDI01_B"), 12070)
}

func TestAMillionAreCountedAndReachedFromTheMiddle(t *testing.T) {
	s := start(t)
	s.is("hits", s.hits("short_name=ONE_MILLION"), 1_000_000)
	last := s.must(200, "GET", granules+"short_name=ONE_MILLION&page_size=2000&page_num=500", "").json(t)["items"].([]any)
	s.is("last page", len(last), 2000)
	deep := s.must(400, "GET", granules+"short_name=ONE_MILLION&page_size=2000&page_num=501", "")
	s.is("too deep", deep.json(t)["errors"], []string{"The paging depth (page_num * page_size) of [1002000] exceeds the limit of 1000000."})
	s.must(400, "GET", granules+"provider=POCLOUD&page_size=2000&page_num=6", "")
}

func TestParametersAreKnownByTheirExactNames(t *testing.T) {
	s := start(t)
	for query, problem := range map[string]string{
		"short_name=ATL08&foo=1":                       "Parameter [foo] was not recognized.",
		"short_name=ATL08&cloud_hosted=true":           "Parameter [cloud_hosted] was not recognized.",
		"doi=10.5067/ATLAS/ATL08.006&short_name=ATL08": "Parameter [doi] was not recognized.",
		"short_name=ATL08&options[foo][or]=true":       "Parameter [foo] was not recognized.",
		"short_name=ATL08&page_size=2001":              "page_size must be a number between 0 and 2000",
		"short_name=ATL08&page_num=0":                  "page_num must be a number greater than or equal to 1",
		"short_name=ATL08&bounding_box=1,2,3":          "[1,2,3] is not a valid URL encoded bounding_box",
		"short_name=ATL08&temporal=soon,":              "temporal datetime is invalid: [soon] is not a valid datetime.",
		"short_name=ATL08&polygon=0,0,0,1,1,1,0,0":     "The polygon boundary points are listed in the wrong order (clockwise vs counter clockwise). Please see the API documentation for the correct order.",
		"short_name=ATL08&circle=0,0,5":                "Circle radius must be between 10 and 6000000, but was 5.",
		"temporal=2020-01-01,":                         "The CMR does not allow querying across granules in all collections. You should limit your query using conditions that identify one or more collections, such as provider, concept_id, short_name, or entry_title.",
	} {
		answer := s.must(400, "GET", granules+query, "")
		s.is(query, answer.json(t)["errors"], []string{problem})
	}
	s.must(404, "GET", "https://cmr.earthdata.nasa.gov/search/granulez.umm_json", "")
}

// Each filter against the metadata that it is about.
func TestFiltersFilter(t *testing.T) {
	s := start(t)
	all := []any{}
	for number := range 2 {
		page := fmt.Sprintf("short_name=ATL08&page_size=2000&page_num=%d", number+1)
		all = append(all, s.must(200, "GET", granules+page, "").json(t)["items"].([]any)...)
	}
	count := func(query string, fits func(umm object) bool) {
		t.Helper()
		expected := 0
		for _, one := range all {
			if fits(one.(object)["umm"].(object)) {
				expected++
			}
		}
		if has := s.hits("short_name=ATL08&" + query); has != expected || has == 0 || has == 4000 {
			t.Fatalf("%s: %d instead of %d", query, has, expected)
		}
	}
	begins := func(umm object) string {
		return umm["TemporalExtent"].(object)["RangeDateTime"].(object)["BeginningDateTime"].(string)
	}
	ends := func(umm object) string {
		return umm["TemporalExtent"].(object)["RangeDateTime"].(object)["EndingDateTime"].(string)
	}
	count("temporal=2018-10-15T00:00:00Z,2018-10-16T12:00:00Z", func(umm object) bool {
		return ends(umm) >= "2018-10-15T00:00:00.000Z" && begins(umm) <= "2018-10-16T12:00:00.000Z"
	})
	count("temporal[]=2018-10-20,", func(umm object) bool { return ends(umm) >= "2018-10-20T00:00:00.000Z" })
	count("temporal=2018-10-15/P1D", func(umm object) bool {
		return ends(umm) >= "2018-10-15T00:00:00.000Z" && begins(umm) <= "2018-10-16T00:00:00.000Z"
	})
	name := func(umm object) string {
		return umm["DataGranule"].(object)["Identifiers"].([]any)[0].(object)["Identifier"].(string)
	}
	count("readable_granule_name[]=ATL08_20181016*&options[readable_granule_name][pattern]=true", func(umm object) bool {
		return strings.HasPrefix(name(umm), "ATL08_20181016")
	})
	count("producer_granule_id=ATL08_20181016000000_0000576_006_01.h5", func(umm object) bool { return name(umm) == "ATL08_20181016000000_0000576_006_01.h5" })
	count("day_night_flag=day", func(umm object) bool { return umm["DataGranule"].(object)["DayNightFlag"] == "Day" })
	count("orbit_number=110,120", func(umm object) bool {
		orbit := umm["OrbitCalculatedSpatialDomains"].([]any)[0].(object)["OrbitNumber"].(float64)
		return orbit >= 110 && orbit <= 120
	})
	outside := func(west, south, east, north float64) func(umm object) bool {
		return func(umm object) bool {
			ring := umm["SpatialExtent"].(object)["HorizontalSpatialDomain"].(object)["Geometry"].(object)["GPolygons"].([]any)[0].(object)["Boundary"].(object)["Points"].([]any)
			points := []point{}
			for _, one := range ring {
				points = append(points, point{one.(object)["Longitude"].(float64), one.(object)["Latitude"].(float64)})
			}
			return shape{points, true}.touches(box(west, south, east, north))
		}
	}
	count("bounding_box=-60,-20,-40,10", outside(-60, -20, -40, 10))
	count("polygon=-60,-20,-40,-20,-40,10,-60,10,-60,-20", outside(-60, -20, -40, 10))
	count("bounding_box[]=-60,-20,-40,10&bounding_box[]=-62,-20,-59,10", func(umm object) bool {
		return outside(-60, -20, -40, 10)(umm) && outside(-62, -20, -59, 10)(umm)
	})
	count("bounding_box[]=-60,-20,-40,10&bounding_box[]=10,10,40,40&options[bounding_box][or]=true", func(umm object) bool {
		return outside(-60, -20, -40, 10)(umm) || outside(10, 10, 40, 40)(umm)
	})
	count("bounding_box=170,-60,-170,60", func(umm object) bool { return outside(170, -60, 180, 60)(umm) || outside(-180, -60, -170, 60)(umm) })
	one := s.granule("short_name=ATL08")
	id := one["meta"].(object)["concept-id"].(string)
	s.is("by id", s.hits("concept_id="+id), 1)
	s.is("all but one", s.hits("short_name=ATL08&exclude[concept_id][]="+id), 3999)
	s.is("by collection", s.hits("collection_concept_id=C2613553260-NSIDC_CPRD"), 4000)
	s.is("two versions", s.hits("short_name=ATL03"), 4300)
	s.is("one of them", s.hits("short_name=ATL03&provider=NSIDC_CPRD"), 4000)
	s.is("nothing", s.hits("short_name=NOTHING"), 0)
}

func TestShapesTouch(t *testing.T) {
	square := box(0, 0, 10, 10)
	for name, one := range map[string]struct {
		other shape
		want  bool
	}{
		"inside":        {box(4, 4, 6, 6), true},
		"around":        {box(-5, -5, 15, 15), true},
		"beside":        {box(11, 0, 12, 10), false},
		"cross":         {box(4, -5, 6, 15), true},
		"corner":        {shape{[]point{{10, 10}, {20, 20}}, false}, true},
		"point inside":  {shape{[]point{{5, 5}}, false}, true},
		"point outside": {shape{[]point{{15, 5}}, false}, false},
		"line past":     {shape{[]point{{-5, 8}, {2, 15}}, false}, false},
		"line through":  {shape{[]point{{-5, 5}, {15, 6}}, false}, true},
	} {
		if square.touches(one.other) != one.want || one.other.touches(square) != one.want {
			t.Errorf("%s is not %v", name, one.want)
		}
	}
}

func TestFormsOfAnswers(t *testing.T) {
	s := start(t, `{"gzip": true}`)
	form := url.Values{"short_name": {"ATL08"}, "page_size": {"3"}, "sort_key[]": {"-start_date"}}
	posted := s.must(200, "POST", strings.TrimSuffix(granules, "?"), form.Encode(), "Content-Type: application/x-www-form-urlencoded")
	s.is("items", len(posted.json(t)["items"].([]any)), 3)
	newest := posted.json(t)["items"].([]any)[0].(object)["umm"].(object)["GranuleUR"]
	s.is("newest", newest, "ATL08_20181027211500_0003999_006_01")
	next := s.must(200, "POST", strings.TrimSuffix(granules, "?"), form.Encode(), "Content-Type: application/x-www-form-urlencoded", "CMR-Search-After: "+posted.Header.Get("CMR-Search-After"))
	s.is("after it", next.json(t)["items"].([]any)[0].(object)["umm"].(object)["GranuleUR"], "ATL08_20181027210000_0003996_006_01")
	if kind := posted.Header.Get("Content-Type"); kind != "application/vnd.nasa.cmr.umm_results+json;version=1.6.6; charset=utf-8" {
		t.Fatal(kind)
	}
	s.must(200, "GET", "https://cmr.earthdata.nasa.gov/search/granules.umm_json_v1_6_6?short_name=ATL08", "")
	feed := s.must(200, "GET", "https://cmr.earthdata.nasa.gov/search/granules.json?short_name=ATL08&page_size=2", "").json(t)
	s.is("entries", len(feed["feed"].(object)["entry"].([]any)), 2)
	stac := s.must(200, "GET", "https://cmr.earthdata.nasa.gov/search/granules.stac?short_name=HLSL30&page_size=2", "").json(t)
	s.is("features", len(stac["features"].([]any)), 2)
	packed := s.must(200, "GET", granules+"short_name=ATL08", "", "Accept-Encoding: gzip")
	reader, err := gzip.NewReader(strings.NewReader(string(packed.body)))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := io.ReadAll(reader)
	if !json.Valid(raw) {
		t.Fatal("what was packed is no JSON")
	}
	for _, name := range []string{"CMR-Hits", "CMR-Took", "CMR-Request-Id", "X-Request-Id", "CMR-Search-After"} {
		if packed.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
}

func TestCollectionsAndServices(t *testing.T) {
	s := start(t)
	collections := "https://cmr.earthdata.nasa.gov/search/collections.umm_json?"
	hits := func(query string) any { return s.must(200, "GET", collections+query, "").json(t)["hits"] }
	s.is("doi", hits("doi=10.5067/GEDI/GEDI01_B.003"), 1)
	s.is("cloud", hits("short_name=ATL03&cloud_hosted=true"), 1)
	s.is("premises", hits("short_name=ATL03&cloud_hosted=False"), 1)
	s.is("keyword", hits("keyword=photon"), 2)
	one := s.must(200, "GET", collections+"short_name=SWOT*&options[short_name][pattern]=true&include_granule_counts=true", "").json(t)["items"].([]any)[0].(object)
	s.is("count", one["meta"].(object)["granule-count"], 1698)
	s.is("keys", one["umm"].(object)["DirectDistributionInformation"].(object)["S3CredentialsAPIEndpoint"], "https://archive.swot.podaac.earthdata.nasa.gov/s3credentials")
	first := s.must(200, "GET", collections+"page_size=5", "")
	second := s.must(200, "GET", collections+"page_size=5", "", "CMR-Search-After: "+first.Header.Get("CMR-Search-After"))
	s.is("the sixth", second.json(t)["items"].([]any)[0].(object)["meta"].(object)["concept-id"], "C2021957657-LPCLOUD")
	services := s.must(200, "GET", "https://cmr.earthdata.nasa.gov/search/services.umm_json?provider=POCLOUD", "").json(t)
	s.is("services", services["hits"], 1)
	s.must(400, "GET", collections+"readable_granule_name=x", "")
}

// A recorded granule is told word for word, unknown fields and all.
func TestRecordedGranulesAreCollections(t *testing.T) {
	folder := t.TempDir()
	item := `{"meta":{"concept-id":"G42-NSIDC_ECS","provider-id":"NSIDC_ECS","native-id":"SC:ATL99"},"umm":{"GranuleUR":"SC:ATL99",` +
		`"TemporalExtent":{"RangeDateTime":{"BeginningDateTime":"2022-10-12T16:16:17.770Z","EndingDateTime":"2022-10-12T16:21:43.385Z"}},` +
		`"SpatialExtent":{"HorizontalSpatialDomain":{"Geometry":{"GPolygons":[{"Boundary":{"Points":[{"Longitude":1,"Latitude":2},` +
		`{"Longitude":3,"Latitude":2},{"Longitude":3,"Latitude":4},{"Longitude":1,"Latitude":2}]}}]}}},` +
		`"CollectionReference":{"EntryTitle":"Something V005"},"RelatedUrls":[{"URL":"https://n5eil01u.ecs.nsidc.org/x/ATL99_2022.h5","Type":"GET DATA"}],"Odd":[1]}}`
	if err := os.MkdirAll(filepath.Join(folder, "earthaccess"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "earthaccess", "atl99_umm.json"), []byte(`{"hits":1,"took":5,"items":[`+item+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startWith(t, options{Folder: t.TempDir(), Recordings: folder, Settings: usualSettings()})
	answer := s.must(200, "GET", granules+"short_name=ATL99&version=005&temporal=2022-10-12T16:20:00Z,", "")
	if !strings.Contains(string(answer.body), item) {
		t.Fatalf("%s", answer.body)
	}
	s.is("outside its time", s.hits("short_name=ATL99&temporal=2022-10-13,"), 0)
	s.is("where it is", s.hits("short_name=ATL99&bounding_box=2,2,5,5"), 1)
	s.is("outside its place", s.hits("short_name=ATL99&bounding_box=4,2,5,5"), 0)
}

func TestPeriods(t *testing.T) {
	day := func(text string) time.Time {
		read, err := timeOf(text)
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	for _, one := range []struct {
		text       string
		without    bool
		begin, end string
		want       bool
	}{
		{"2020-01-01,2020-02-01", false, "2020-02-01", "2020-02-02", true},
		{"2020-01-01,2020-02-01", true, "2020-02-01", "2020-02-02", false},
		{",2020-02-01", false, "1999-01-01", "1999-01-02", true},
		{"P1M/2020-03-01", false, "2020-01-01", "2020-01-31", false},
		{"2000-01-01,2022-01-01,100,110", false, "2015-04-12", "2015-04-12", true},
		{"2000-01-01,2022-01-01,100,110", false, "2015-06-12", "2015-06-12", false},
	} {
		read, err := periodOf(one.text, one.without)
		if err != nil || read.touches(day(one.begin), day(one.end)) != one.want {
			t.Errorf("%+v: %v", one, err)
		}
	}
}
