package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// tried is a stand-in under test, with a client that goes through its proxy and follows no redirect.
type tried struct {
	*testing.T
	doors  *doors
	client *http.Client
}

func start(t *testing.T, changes ...string) *tried {
	t.Helper()
	given := options{Folder: t.TempDir(), Served: map[string]string{}, Settings: usualSettings()}
	for _, change := range changes {
		if err := given.Settings.change([]byte(change)); err != nil {
			t.Fatal(err)
		}
	}
	return startWith(t, given)
}

func startWith(t *testing.T, given options) *tried {
	t.Helper()
	stood, err := stand(given)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stood.close)
	authority, err := os.ReadFile(stood.told["ca"].(string))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	proxy, err := url.Parse(stood.told["proxy"].(string))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &tried{t, stood, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// got is an answer with its body; err is what went wrong while it was read.
type got struct {
	*http.Response
	body []byte
	err  error
}

func (g got) json(t *testing.T) object {
	t.Helper()
	read := object{}
	if err := json.Unmarshal(g.body, &read); err != nil {
		t.Fatalf("no JSON: %s", g.body)
	}
	return read
}

// Sends a request with headers as "Name: value"; `basic` stands for the first user's login.
func (s *tried) send(method, address, body string, headers ...string) got {
	s.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, header := range headers {
		if header == "basic" {
			request.SetBasicAuth(firstUser, firstPassword)
			continue
		}
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Add(name, value)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return got{&http.Response{Header: http.Header{}}, nil, err}
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	return got{answer, read, err}
}

func (s *tried) get(address string, headers ...string) got {
	s.Helper()
	return s.send("GET", address, "", headers...)
}

// A request that must answer with this status.
func (s *tried) must(status int, method, address, body string, headers ...string) got {
	s.Helper()
	answer := s.send(method, address, body, headers...)
	if answer.StatusCode != status {
		s.Fatalf("%s %s: %d %v %s instead of %d", method, address, answer.StatusCode, answer.err, answer.body[:min(len(answer.body), 500)], status)
	}
	return answer
}

// A bearer header with a token that EDL made.
func (s *tried) bearer() string {
	s.Helper()
	told := s.must(200, "POST", "https://urs.earthdata.nasa.gov/api/users/find_or_create_token", "", "basic").json(s.T)
	return "Authorization: Bearer " + told["access_token"].(string)
}

func (s *tried) control(method, what string, body any) object {
	s.Helper()
	raw, _ := json.Marshal(body)
	request, err := http.NewRequest(method, s.doors.told["control"].(string)+what, bytes.NewReader(raw))
	if err != nil {
		s.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	told := object{}
	_ = json.NewDecoder(answer.Body).Decode(&told)
	if answer.StatusCode != http.StatusOK {
		s.Fatalf("%s %s: %v", method, what, told)
	}
	return told
}

func (s *tried) is(what string, has, wanted any) {
	s.Helper()
	one, _ := json.Marshal(has)
	two, _ := json.Marshal(wanted)
	if !bytes.Equal(one, two) {
		s.Fatalf("%s: %s instead of %s", what, one, two)
	}
}

// The first granule of a search, as umm_json tells it.
func (s *tried) granule(query string) object {
	s.Helper()
	items := s.must(200, "GET", "https://cmr.earthdata.nasa.gov/search/granules.umm_json?page_size=1&"+query, "").json(s.T)["items"].([]any)
	return items[0].(object)
}

// The first address of a granule whose type this is.
func link(granule object, kind string) string {
	for _, one := range granule["umm"].(object)["RelatedUrls"].([]any) {
		if one.(object)["Type"] == kind {
			return one.(object)["URL"].(string)
		}
	}
	return ""
}
