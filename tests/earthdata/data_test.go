package main

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const small = "short_name=SCATTERED_POINTS"

// The signed address of a granule's file.
func (s *tried) signed(data, bearer string) string {
	s.Helper()
	return s.must(303, "GET", data, "", bearer).Header.Get("Location")
}

func TestBearerLeadsToASignedAddressThatEnds(t *testing.T) {
	s := start(t, `{"signed_life": 100}`)
	bearer := s.bearer()
	data := link(s.granule(small), "GET DATA")
	answer := s.must(303, "GET", data, "", bearer, "Range: bytes=0-9")
	s.is("cache", answer.Header.Get("Cache-Control"), "private, max-age=75")
	s.is("range", answer.Header.Get("Range"), "bytes=0-9")
	signed := answer.Header.Get("Location")
	part := s.must(206, "GET", signed, "", "Range: bytes=0-9")
	whole := s.must(200, "GET", signed, "")
	s.is("bytes", part.body, whole.body[:10])
	s.is("content range", part.Header.Get("Content-Range"), fmt.Sprintf("bytes 0-9/%d", len(whole.body)))
	s.must(400, "GET", signed, "", bearer)
	s.must(403, "HEAD", signed, "")
	head := s.must(303, "HEAD", data, "").Header.Get("Location")
	s.must(200, "HEAD", head, "")
	refused := s.must(403, "GET", head, "")
	s.is("code", strings.Contains(string(refused.body), "SignatureDoesNotMatch"), true)
	s.control("POST", "/clock", object{"seconds": 101})
	ended := s.must(403, "GET", signed, "")
	s.is("code", strings.Contains(string(ended.body), "Request has expired"), true)
	s.must(200, "GET", s.signed(data, bearer), "")
}

func TestWhoIsNotLetIn(t *testing.T) {
	s := start(t)
	data := link(s.granule(small), "GET DATA")
	malformed := s.must(400, "GET", data, "", "Authorization: Bearer")
	s.is("body", malformed.json(t), object{"status_code": 400, "error_description": "Malformed Authorization header"})
	old := fmt.Sprintf("Authorization: Bearer %v", s.control("POST", "/tokens", object{"life": -1})["access_token"])
	for _, header := range []string{"Authorization: Bearer nonsense", old, "basic"} {
		to := s.must(302, "GET", data, "", header).Header.Get("Location")
		s.is("to EDL", strings.HasPrefix(to, edl+"/oauth/authorize?"), true)
	}
	s.control("POST", "/settings", object{"bad_token": "json"})
	s.is("error", s.must(401, "GET", data, "", old).json(t)["error"], "token_expired")
	cumulus := link(s.granule("short_name=GPM_3IMERGHH"), "GET DATA")
	s.must(307, "GET", cumulus, "")
	s.must(307, "GET", cumulus, "", s.bearer())
	onPrem := link(s.granule("short_name=ATL03&provider=NSIDC_ECS"), "GET DATA")
	s.must(302, "GET", onPrem, "")
	s.must(206, "GET", onPrem, "", s.bearer(), "Range: bytes=0-1")
	s.control("POST", "/settings", object{"onprem_bearer": false})
	s.must(302, "GET", onPrem, "", s.bearer())
}

func TestWhatIsNotThere(t *testing.T) {
	s := start(t)
	bearer := s.bearer()
	data := link(s.granule(small), "GET DATA")
	page := s.must(404, "GET", data+"x", "", bearer)
	s.is("kind", page.Header.Get("Content-Type"), "text/html; charset=utf-8")
	s.must(404, "GET", "https://archive.podaac.earthdata.nasa.gov/no-bucket/x", "", bearer)
	beyond := s.must(416, "GET", data, "", bearer, "Range: bytes=99999999-")
	s.is("body", string(beyond.body), "Invalid Range")
	if answer := s.get("https://nobody.example.net/"); answer.err == nil || !strings.Contains(answer.err.Error(), "Bad Gateway") {
		t.Fatalf("a host outside was let through: %v", answer.err)
	}
}

// Checksums are of the bytes that are served, in each algorithm and on both sides of the file's own end.
func TestChecksumsAndSizesAreThoseOfTheBytes(t *testing.T) {
	s := start(t)
	s.control("POST", "/collections", []object{{
		"short_name": "CHECKED", "provider": "POCLOUD", "host": "archive.podaac.earthdata.nasa.gov", "bucket": "podaac-ops-cumulus-protected", "granules": 6,
		"min_size": 1, "max_size": 300_000, "checksum": "mixed", "parts": []string{"", ".md5"},
	}})
	bearer := s.bearer()
	answer := s.must(200, "GET", "https://cmr.earthdata.nasa.gov/search/granules.umm_json?short_name=CHECKED", "").json(t)
	for _, item := range answer["items"].([]any) {
		data := link(item.(object), "GET DATA")
		bytes := s.must(200, "GET", s.signed(data, bearer), "").body
		told := item.(object)["umm"].(object)["DataGranule"].(object)["ArchiveAndDistributionInformation"].([]any)[0].(object)
		s.is("size", told["SizeInBytes"], len(bytes))
		checksum := told["Checksum"].(object)
		sum := map[string]string{
			"MD5": fmt.Sprintf("%x", md5.Sum(bytes)), "SHA-256": fmt.Sprintf("%x", sha256.Sum256(bytes)), "SHA-512": fmt.Sprintf("%x", sha512.Sum512(bytes)),
		}
		s.is(checksum["Algorithm"].(string), checksum["Value"], sum[checksum["Algorithm"].(string)])
		beside := s.must(200, "GET", s.signed(data+".md5", bearer), "").body
		s.is("beside", string(beside[:32]), sum["MD5"])
	}
	one := content{seed: 1, number: 5, size: 300_000}
	two := content{seed: 1, number: 5 + streamCount, size: 300_000}
	whole := make([]byte, 600_000)
	_, _ = one.ReadAt(whole[:300_000], 0)
	_, _ = two.ReadAt(whole[300_000:], 0)
	if hex.EncodeToString(whole[295_904:300_000]) == hex.EncodeToString(whole[595_904:]) {
		t.Fatal("two files have the same end")
	}
	for _, from := range []int64{0, 1, 65_535, 65_536, 295_900, 299_999} {
		part := make([]byte, 100)
		count, _ := one.ReadAt(part, from)
		if string(part[:count]) != string(whole[from:from+int64(count)]) {
			t.Fatalf("bytes from %d on differ", from)
		}
	}
}

func TestRangesAndConditions(t *testing.T) {
	s := start(t)
	data := "https://open.example.org/sized/7/7754735138.h5"
	head := s.must(200, "HEAD", data, "")
	s.is("size", head.ContentLength, 7754735138)
	last := s.must(206, "GET", data, "", "Range: bytes=-5")
	s.is("range", last.Header.Get("Content-Range"), "bytes 7754735133-7754735137/7754735138")
	s.is("last", s.must(206, "GET", data, "", "Range: bytes=7754735133-").body, last.body)
	s.must(416, "GET", data, "", "Range: bytes=7754735138-")
	tag := head.Header.Get("ETag")
	s.must(206, "GET", data, "", "Range: bytes=0-0", "If-Match: "+tag)
	s.must(304, "GET", data, "", "If-None-Match: "+tag)
	s.control("POST", "/touch", object{"object": "sized/7/7754735138.h5"})
	s.must(412, "GET", data, "", "Range: bytes=0-0", "If-Match: "+tag)
	if changed := s.must(206, "GET", data, "", "Range: bytes=-5"); string(changed.body) == string(last.body) {
		t.Fatal("a touched object has the same bytes")
	}
	s.is("whole", len(s.must(200, "GET", "https://open.example.org/sized/1/1000.h5", "", "Range: bytes=0-9", `If-Range: "other"`).body), 1000)
}

func TestFoldersAreServed(t *testing.T) {
	above := t.TempDir()
	folder := filepath.Join(above, "inner")
	for path, text := range map[string]string{folder + "/a.nc": "netCDF, nearly", above + "/b.nc": "not to be seen"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := startWith(t, options{Folder: t.TempDir(), Served: map[string]string{"science": folder}, Settings: usualSettings()})
	s.is("open", string(s.must(206, "GET", "https://open.example.org/served/science/a.nc", "", "Range: bytes=3-5").body), "CDF")
	data := "https://data.nsidc.earthdatacloud.nasa.gov/served/science/a.nc"
	s.is("signed", string(s.must(200, "GET", s.signed(data, s.bearer()), "").body), "netCDF, nearly")
	s.must(404, "GET", "https://open.example.org/served/science/../b.nc", "")
}

func TestKeysOfS3End(t *testing.T) {
	s := start(t, `{"key_life": 60}`)
	granule := s.granule(small)
	given := s.must(200, "GET", link(granule, "VIEW RELATED INFORMATION"), "", s.bearer(), "app-name: tests").json(t)
	if ends, _ := given["expiration"].(string); len(ends) != 25 || ends[10] != ' ' || !strings.HasSuffix(ends, "+00:00") {
		t.Fatal(given)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(link(granule, "GET DATA VIA DIRECT ACCESS"), "s3://"), "/")
	object := "https://" + bucket + ".s3.us-west-2.amazonaws.com/" + key
	signed := fmt.Sprintf("Authorization: AWS4-HMAC-SHA256 Credential=%v/20251122/us-west-2/s3/aws4_request, SignedHeaders=host, Signature=00", given["accessKeyId"])
	session := fmt.Sprintf("X-Amz-Security-Token: %v", given["sessionToken"])
	s.must(200, "GET", object, "", signed, session)
	s.must(200, "HEAD", "https://s3.us-west-2.amazonaws.com/"+bucket+"/"+key, "", signed, session)
	s.must(400, "GET", object, "", signed)
	anybody := s.must(403, "HEAD", "https://"+bucket+".s3.amazonaws.com/", "")
	s.is("region", anybody.Header.Get("x-amz-bucket-region"), "us-west-2")
	s.must(403, "GET", "https://nsidc-cumulus-prod-protected.s3.us-west-2.amazonaws.com/?list-type=2", "", signed, session)
	listed := s.must(200, "GET", "https://"+bucket+".s3.us-west-2.amazonaws.com/?list-type=2&max-keys=2&prefix=SCATTERED", "", signed, session)
	s.is("keys", strings.Count(string(listed.body), "<Key>"), 2)
	s.control("POST", "/settings", map[string]any{"in_region": false})
	s.must(403, "GET", object, "", signed, session)
	s.control("POST", "/settings", map[string]any{"in_region": true})
	s.control("POST", "/clock", map[string]any{"seconds": 61})
	ended := s.must(400, "GET", object, "", signed, session)
	s.is("code", strings.Contains(string(ended.body), "<Code>ExpiredToken</Code>"), true)
	s.must(302, "GET", link(granule, "VIEW RELATED INFORMATION"), "")
	s.must(403, "GET", "https://data.asdc.earthdata.nasa.gov/s3credentials", "", s.bearer())
}
