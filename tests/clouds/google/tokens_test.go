package main

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func (s *stand) claims(change object) object {
	now := time.Now().Unix()
	claims := object{"iss": s.world.keys.email, "aud": s.base + "/token", "scope": cloudScope, "iat": now, "exp": now + 3600}
	for key, value := range change {
		claims[key] = value
	}
	return claims
}

func TestServiceAccountGrants(t *testing.T) {
	s := start(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		key    *rsa.PrivateKey
		change object
		status int
	}{
		"right":          {s.world.keys.private, object{}, 200},
		"other key":      {other, object{}, 400},
		"other audience": {s.world.keys.private, object{"aud": "https://example.org/token"}, 400},
		"expired":        {s.world.keys.private, object{"exp": time.Now().Unix() - 1}, 400},
		"two hours":      {s.world.keys.private, object{"exp": time.Now().Unix() + 7200}, 400},
		"other account":  {s.world.keys.private, object{"iss": "who@example.org"}, 400},
		"no scope":       {s.world.keys.private, object{"scope": ""}, 400},
	} {
		status, told := s.form(url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {signed(t, one.key, s.claims(one.change))},
		})
		if status != one.status {
			t.Errorf("%s: %d %v", name, status, told)
		}
		if _, has := told["access_token"]; has != (status == 200) {
			t.Errorf("%s: %v", name, told)
		}
	}
}

func TestRequestsNeedATokenThatHolds(t *testing.T) {
	s := start(t, func(o *options) { o.TokenLifetime = time.Minute })
	path := "/v3/projects/hub-project"
	s.must("GET", path, nil)
	s.world.now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	s.is("status", s.refused(401, "authError", "GET", path, nil)["status"], "UNAUTHENTICATED")
	s.world.now = time.Now
	s.must("GET", path, nil)
	s.must("POST", "/_world/expire", nil)
	s.refused(401, "authError", "GET", path, nil)
	s.token = "ya29.invented"
	s.refused(401, "authError", "GET", path, nil)
	s.token = ""
	s.refused(401, "authError", "GET", path, nil)
	s.token = signed(t, s.world.keys.private, s.claims(object{"aud": "https://container.googleapis.com/", "scope": ""}))
	s.must("GET", path, nil)
}

func TestTokenInfoKnowsWhoseATokenIs(t *testing.T) {
	s := start(t)
	s.is("email", s.must("GET", "/tokeninfo?access_token="+s.token, nil)["email"], s.world.keys.person)
	if status, _ := s.send("GET", "/tokeninfo?access_token=ya29.invented", nil); status != 400 {
		t.Fatalf("an invented token is known: %d", status)
	}
}

func TestTheMetadataServerWantsItsHeader(t *testing.T) {
	s := start(t)
	path := s.base + "/computeMetadata/v1/instance/service-accounts/default/token"
	answer, err := http.Get(path)
	if err != nil || answer.StatusCode != 403 {
		t.Fatalf("%v %v", answer, err)
	}
	request, _ := http.NewRequest("GET", path, nil)
	request.Header.Set("Metadata-Flavor", "Google")
	answer, err = http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != 200 || answer.Header.Get("Metadata-Flavor") != "Google" {
		t.Fatalf("%v %v", answer, err)
	}
}
