package main

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

const file = "https://open.example.org/sized/3/300000.h5"

func TestPlannedFaultsHitOnce(t *testing.T) {
	s := start(t, `{"stall_seconds": 0.05, "slow_rate": 10000000}`)
	good := s.must(200, "GET", file, "")
	plan := func(fault object) got {
		t.Helper()
		s.control("POST", "/faults", []object{fault})
		// Go's client asks again where a connection that it has used before breaks.
		s.client.CloseIdleConnections()
		hit := s.get(file)
		if after := s.must(200, "GET", file, ""); !slices.Equal(after.body, good.body) {
			t.Fatalf("%v struck twice", fault)
		}
		return hit
	}
	throttled := plan(object{"fault": "status", "status": 429, "retry_after": "2"})
	s.is("status", throttled.StatusCode, 429)
	s.is("retry", throttled.Header.Get("Retry-After"), "2")
	s.is("503 unless said", plan(object{"fault": "status"}).StatusCode, 503)
	page := plan(object{"fault": "html"})
	s.is("page", page.Header.Get("Content-Type"), "text/html; charset=utf-8")
	s.is("login", plan(object{"fault": "login"}).StatusCode, 302)
	for _, kind := range []string{"drop", "reset", "hang"} {
		if hit := plan(object{"fault": kind}); hit.err == nil {
			t.Errorf("%s: an answer came", kind)
		}
	}
	for _, kind := range []string{"cut", "reset_midway", "stall"} {
		hit := plan(object{"fault": kind, "after": 0.5})
		// A reset may take what was not read yet.
		if hit.err == nil || len(hit.body) > 150000 || kind != "reset_midway" && len(hit.body) != 150000 {
			t.Errorf("%s: %d bytes, %v", kind, len(hit.body), hit.err)
		}
	}
	short := plan(object{"fault": "wrong_length"})
	s.is("a short body that says so", []any{len(short.body), short.err}, []any{270000, nil})
	wrong := plan(object{"fault": "corrupt"})
	differ := 0
	for place := range good.body {
		if wrong.body[place] != good.body[place] {
			differ++
		}
	}
	s.is("bytes that differ", differ, 1)
	s.is("slow is whole", plan(object{"fault": "slow"}).body, good.body)
	s.control("POST", "/faults", []object{{"fault": "ignore_range", "path": "/sized/3/"}})
	s.must(200, "GET", file, "", "Range: bytes=0-9")
	s.must(206, "GET", file, "", "Range: bytes=0-9")
}

func TestFaultsFitWhatTheySay(t *testing.T) {
	s := start(t)
	s.control("POST", "/faults", []object{{"fault": "status", "role": "stac", "method": "POST", "path": "/search", "skip": 1, "status": 500}})
	s.must(200, "GET", file, "")
	s.must(200, "GET", searchAtES, "")
	s.must(200, "POST", searchAtES, "{}")
	s.must(500, "POST", searchAtES, "{}")
	s.must(200, "POST", searchAtES, "{}")
	s.control("POST", "/faults", []object{{"fault": "time_out", "role": "cmr"}})
	partial := s.must(200, "GET", granules+"short_name=ATL08&page_size=100", "")
	s.is("header", partial.Header.Get("CMR-Time-Out"), "true")
	s.is("items", len(partial.json(t)["items"].([]any)), 50)
}

// Which requests are hit follows from the seed, whatever their order.
func TestChanceFollowsFromTheSeed(t *testing.T) {
	strikes := func(seed int, backwards bool) []int {
		s := start(t, fmt.Sprintf(`{"seed": %d, "rates": {"open": {"status": 0.2, "html": 0.1}}}`, seed))
		statuses := make([]int, 100)
		for place := range statuses {
			if backwards {
				place = len(statuses) - 1 - place
			}
			answer := s.get(fmt.Sprintf("https://open.example.org/sized/%d/10.h5", place))
			statuses[place] = answer.StatusCode
			if answer.Header.Get("Content-Type") == "text/html; charset=utf-8" {
				statuses[place] = 1
			}
		}
		return statuses
	}
	one := strikes(1, false)
	if !slices.Equal(one, strikes(1, true)) {
		t.Fatal("the order matters")
	}
	if slices.Equal(one, strikes(2, false)) {
		t.Fatal("the seed does not matter")
	}
	counts := map[int]int{}
	for _, status := range one {
		counts[status]++
	}
	if counts[503] < 10 || counts[503] > 30 || counts[1] < 3 || counts[1] > 20 {
		t.Fatal(counts)
	}
}

func TestCountersCountWhatWentOut(t *testing.T) {
	s := start(t)
	bearer := s.bearer()
	data := link(s.granule(small), "GET DATA")
	s.control("POST", "/reset", nil)
	signed := s.signed(data, bearer)
	s.must(206, "GET", signed, "", "Range: bytes=10-29")
	s.must(206, "GET", signed, "", "Range: bytes=0-4")
	s.must(303, "HEAD", data, "")
	told := s.control("GET", "/counters?full=1", nil)
	key := "podaac-ops-cumulus-protected/SCATTERED_POINTS/1/2018/10/14/SCATTERED_POINTS_20181014000000_0000000_1_01.nc"
	s.is("objects", told["objects"], object{key: 25})
	s.is("ranges", told["ranges"], []any{[]any{key, 10, 20}, []any{key, 0, 5}})
	s.is("made", told["made"], object{"signed": 1})
	host := told["hosts"].(object)["podaac-ops-cumulus-protected.s3.us-west-2.amazonaws.com"].(object)
	s.is("host", host, object{"requests": 2, "heads": 0, "statuses": object{"206": 2}, "body_bytes": 25, "connections": 1})
	s.is("heads", told["hosts"].(object)["archive.podaac.earthdata.nasa.gov"].(object)["heads"], 1)
	s.control("POST", "/faults", []object{{"fault": "cut", "after": 0.5}})
	cut := s.get(file)
	s.is("cut", s.control("GET", "/counters", nil)["objects"].(object)["sized/3/300000.h5"], len(cut.body))
}

func TestBandwidthIsSharedAndLatencyIsKept(t *testing.T) {
	s := start(t, `{"bandwidth": 2000000, "latency_ms": 1, "latency_ms_by_role": {"edl": 60}}`)
	begun := time.Now()
	done := make(chan bool)
	for number := range 4 {
		go func() {
			s.get(fmt.Sprintf("https://open.example.org/sized/%d/100000.h5", number))
			done <- true
		}()
	}
	for range 4 {
		<-done
	}
	if took := time.Since(begun); took < 190*time.Millisecond {
		t.Fatalf("four times 0.1 MB at 2 MB/s took %v", took)
	}
	begun = time.Now()
	s.must(302, "GET", edl+"/profile", "")
	if took := time.Since(begun); took < 60*time.Millisecond {
		t.Fatalf("an answer after %v", took)
	}
}

func TestMetadataServices(t *testing.T) {
	s := start(t, `{"metadata_region": "us-west-2", "stall_seconds": 0.05}`)
	plain := s.doors.told["plain"].(string)
	token := string(s.must(200, "PUT", "http://169.254.169.254/latest/api/token", "", "X-aws-ec2-metadata-token-ttl-seconds: 60").body)
	s.must(401, "GET", "http://169.254.169.254/latest/meta-data/placement/region", "")
	s.client.Transport = nil
	s.is("region", string(s.must(200, "GET", plain+"/latest/meta-data/placement/region", "", "X-aws-ec2-metadata-token: "+token).body), "us-west-2")
	zone := plain + "/computeMetadata/v1/instance/zone"
	s.must(404, "GET", zone, "", "Metadata-Flavor: Google")
	s.control("POST", "/settings", object{"metadata_cloud": "google", "metadata_region": "us-central1"})
	s.must(403, "GET", zone, "")
	s.is("zone", string(s.must(200, "GET", zone, "", "Metadata-Flavor: Google").body), "projects/123456789012/zones/us-central1-b")
	s.control("POST", "/settings", object{"metadata_region": ""})
	if answer := s.get(zone, "Metadata-Flavor: Google"); answer.err == nil {
		t.Fatal("a hidden service answered")
	}
}

func TestSettingsAreRefusedWhereTheyAreNoSettings(t *testing.T) {
	set := usualSettings()
	for _, text := range []string{`{"sed": 1}`, `{"rates": {"s3": {"fire": 1}}}`, `{"rates": {"tea": {"cut": 1}}}`, `{"latency_ms_by_role": {"tea": 1}}`, `[]`} {
		if set.change([]byte(text)) == nil {
			t.Errorf("%s was taken", text)
		}
	}
	w, err := newWorld(options{Settings: set})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`[{"fault": "fire"}]`, `[{"fault": "cut", "role": "tea"}]`, `[{"fault": "cut", "count": 3}]`, `[{"fault": "cut", "path": "("}]`} {
		if w.plan([]byte(text)) == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
