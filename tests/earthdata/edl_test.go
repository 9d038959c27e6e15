package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const edl = "https://urs.earthdata.nasa.gov"

func TestTokensAreFoundMadeAndRevoked(t *testing.T) {
	s := start(t)
	find := func() string {
		return s.must(200, "POST", edl+"/api/users/find_or_create_token", "", "basic").json(t)["access_token"].(string)
	}
	first := find()
	s.is("found again", find(), first)
	second := s.must(200, "POST", edl+"/api/users/token", "", "basic").json(t)["access_token"].(string)
	refused := s.must(403, "POST", edl+"/api/users/token", "", "basic").json(t)
	s.is("a third", refused["error"], "max_token_limit")
	s.must(200, "POST", edl+"/api/users/revoke_token?token="+first, "", "basic")
	s.must(404, "POST", edl+"/api/users/revoke_token?token="+first, "", "basic")
	s.is("left", find(), second)
	s.is("UAT has tokens of its own", s.must(200, "GET", "https://uat.urs.earthdata.nasa.gov/api/users/tokens", "", "basic").body, []byte("[]"))
}

func TestTokensAreOfOneSystem(t *testing.T) {
	s := start(t)
	production := s.bearer()
	uat := "Authorization: Bearer " + s.must(200, "POST", "https://uat.urs.earthdata.nasa.gov/api/users/token", "", "basic").json(t)["access_token"].(string)
	query := "/search/granules.umm_json?short_name=ATL08"
	s.must(200, "GET", "https://cmr.earthdata.nasa.gov"+query, "", production)
	s.must(200, "GET", "https://cmr.uat.earthdata.nasa.gov"+query, "", uat)
	s.must(401, "GET", "https://cmr.uat.earthdata.nasa.gov"+query, "", production)
	s.must(401, "GET", "https://cmr.earthdata.nasa.gov"+query, "", uat)
	s.must(302, "GET", link(s.granule("short_name=ATL08"), "GET DATA"), "", uat)
}

func TestWrongCredentialsAreToldAsRecorded(t *testing.T) {
	s := start(t)
	for _, headers := range [][]string{nil, {"Authorization: Basic bm9ib2R5Om5vdGhpbmc="}} {
		answer := s.must(401, "POST", edl+"/api/users/find_or_create_token", "", headers...)
		s.is("body", answer.json(t), object{"error": "invalid_credentials", "error_description": "Invalid user credentials"})
		s.is("cache", answer.Header.Get("Cache-Control"), "no-store")
	}
	profile := s.must(302, "GET", edl+"/profile", "")
	s.is("location", profile.Header.Get("Location"), edl+"/home")
	s.is("cookie", strings.HasPrefix(profile.Header.Get("Set-Cookie"), "_urs-gui_session="), true)
}

func TestATokenThatEndsTodayIsHandedBackUntilItEnds(t *testing.T) {
	s := start(t)
	short := s.control("POST", "/tokens", object{"life": 600})["access_token"]
	find := func() any {
		return s.must(200, "POST", edl+"/api/users/find_or_create_token", "", "basic").json(t)["access_token"]
	}
	s.is("the short one", find(), short)
	bearer := fmt.Sprintf("Authorization: Bearer %v", short)
	search := "https://cmr.earthdata.nasa.gov/search/granules.umm_json?short_name=ATL08&page_size=0"
	s.must(200, "GET", search, "", bearer)
	s.control("POST", "/clock", object{"seconds": 601})
	problem := s.must(401, "GET", search, "", bearer).json(t)["errors"].([]any)[0].(string)
	if !strings.HasPrefix(problem, "Token [Bearer eyJ") || !strings.HasSuffix(problem, "has expired. Note the token value has been partially redacted.") || strings.Contains(problem, short.(string)) {
		t.Fatal(problem)
	}
	if find() == short {
		t.Fatal("an ended token was handed back")
	}
}

// A browser's way by OAuth: to EDL, with a login back with a code, and on with a cookie.
func TestOAuthEndsWithACookie(t *testing.T) {
	s := start(t)
	data := link(s.granule("short_name=ATL08"), "GET DATA")
	agent := "User-Agent: python-requests/2.32"
	to := s.must(302, "GET", data, "", agent).Header.Get("Location")
	if !strings.Contains(to, "app_type=401") {
		t.Fatalf("no app_type for a program: %s", to)
	}
	challenge := s.must(401, "GET", to, "", agent)
	s.is("challenge", strings.HasPrefix(challenge.Header.Get("WWW-Authenticate"), "Basic realm="), true)
	back := s.must(302, "GET", to, "", agent, "basic").Header.Get("Location")
	on := s.must(301, "GET", back, "", agent)
	s.is("state", on.Header.Get("Location"), data)
	cookie, _, _ := strings.Cut(on.Header.Get("Set-Cookie"), ";")
	s.is("cookie", strings.HasPrefix(cookie, "asf-urs="), true)
	s.must(303, "GET", data, "", "Cookie: "+cookie)
	s.must(401, "GET", back, "", agent) // a code is good once
	s.control("POST", "/clock", object{"seconds": 90000})
	s.must(302, "GET", data, "", "Cookie: "+cookie)
}

func TestWhoSeesTheForm(t *testing.T) {
	s := start(t)
	data := link(s.granule("short_name=ATL08"), "GET DATA")
	browser := "User-Agent: Mozilla/5.0"
	to := s.must(302, "GET", data, "", browser).Header.Get("Location")
	s.is("app_type", strings.Contains(to, "app_type"), false)
	page := s.must(200, "GET", to, "", browser)
	s.is("kind", page.Header.Get("Content-Type"), "text/html; charset=utf-8")
	if !strings.Contains(string(page.body), `id="login"`) {
		t.Fatalf("no form: %s", page.body)
	}
	s.must(200, "GET", to, "", "User-Agent: something/1") // unknown programs see it too
	s.must(401, "GET", to, "", "User-Agent: curl/8")
}

func TestEULAIsToldByBothWays(t *testing.T) {
	s := start(t)
	bearer := s.bearer()
	data := link(s.granule("short_name=SENTINEL-1A_SLC"), "GET DATA")
	host := "sentinel1.asf.alaska.edu"
	for _, kind := range []string{"without_eula", "unapproved"} {
		s.control("POST", "/users", object{"name": firstUser, kind: []string{host}})
		refused := s.must(403, "GET", data, "", bearer).json(t)
		page, _ := refused["resolution_url"].(string)
		if !strings.HasPrefix(page, edl+"/approve_app?client_id=") || refused["status_code"] != 403.0 {
			t.Fatal(refused)
		}
		html := s.must(403, "GET", data, "", bearer, "User-Agent: Mozilla/5.0")
		s.is("kind", html.Header.Get("Content-Type"), "text/html; charset=utf-8")
		to := s.must(302, "GET", data, "", "User-Agent: curl/8").Header.Get("Location")
		back := s.must(302, "GET", to, "", "basic").Header.Get("Location")
		parsed, _ := url.Parse(back)
		s.is("error", parsed.Query().Get("error"), "access_denied")
		denied := s.must(401, "GET", back, "")
		if !strings.Contains(string(denied.body), page) {
			t.Fatalf("no link: %s", denied.body)
		}
		other := link(s.granule("short_name=ATL08"), "GET DATA")
		s.must(303, "GET", other, "", bearer)
		s.must(200, "GET", page, "", "basic")
		s.must(303, "GET", data, "", bearer)
	}
}
