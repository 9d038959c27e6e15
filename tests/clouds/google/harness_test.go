package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// stand is a stand-in under test, with a token.
type stand struct {
	*testing.T
	world *world
	base  string
	token string
}

func start(t *testing.T, change ...func(*options)) *stand {
	t.Helper()
	given := options{
		Projects: []string{"hub-project", "other-project"}, BillingAccount: "012345-6789AB-CDEF01", ClusterEndpoint: "127.0.0.1:6443",
		ClusterCA: []byte("-----BEGIN CERTIFICATE-----"), Polls: 2, MaxPage: 500, TokenLifetime: time.Hour,
	}
	for _, one := range change {
		one(&given)
	}
	var made *world
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) { made.ServeHTTP(out, in) }))
	t.Cleanup(server.Close)
	made, err := newWorld(given, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	stood := &stand{T: t, world: made, base: server.URL}
	_, told := stood.form(url.Values{
		"grant_type": {"refresh_token"}, "client_id": {made.keys.clientID}, "client_secret": {made.keys.clientSecret},
		"refresh_token": {made.keys.refresh},
	})
	stood.token = text(told, "access_token")
	return stood
}

// Sends a request with JSON; the status and the body that come back.
func (s *stand) send(method, path string, body any) (int, object) {
	s.Helper()
	raw := []byte(nil)
	if body != nil {
		raw, _ = json.Marshal(body)
	}
	status, answer := s.raw(method, path, raw, "application/json")
	told := object{}
	if len(answer) > 0 && json.Unmarshal(answer, &told) != nil {
		var list []any
		if json.Unmarshal(answer, &list) != nil {
			told["text"] = string(answer)
		}
		told["list"] = list
	}
	return status, told
}

func (s *stand) raw(method, path string, body []byte, kind string) (int, []byte) {
	s.Helper()
	request, err := http.NewRequest(method, s.base+path, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer.StatusCode, text
}

// A request that must answer 200.
func (s *stand) must(method, path string, body any) object {
	s.Helper()
	status, told := s.send(method, path, body)
	if status != http.StatusOK && status != http.StatusNoContent {
		s.Fatalf("%s %s: %d %v", method, path, status, told)
	}
	return told
}

// A request that must be refused with this status and reason.
func (s *stand) refused(status int, reason, method, path string, body any) object {
	s.Helper()
	got, told := s.send(method, path, body)
	inner := objectAt(told, "error")
	first, _ := append(listAt(inner, "errors"), object{})[0].(object)
	if got != status || text(first, "reason") != reason {
		s.Fatalf("%s %s: %d %v instead of %d %s", method, path, got, told, status, reason)
	}
	return inner
}

// Makes something and waits for its operation.
func (s *stand) make(path string, body any) {
	s.Helper()
	s.must("POST", path, body)
	s.must("POST", "/_world/advance", nil)
}

func (s *stand) is(what string, got, want any) {
	s.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.Fatalf("%s: %v instead of %v", what, got, want)
	}
}

func (s *stand) form(values url.Values) (int, object) {
	s.Helper()
	answer, err := http.PostForm(s.base+"/token", values)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	told := object{}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		s.Fatal(err)
	}
	return answer.StatusCode, told
}

// A JWT as a service account signs it.
func signed(t *testing.T, key *rsa.PrivateKey, claims object) string {
	t.Helper()
	parts := []string{}
	for _, one := range []object{{"alg": "RS256", "typ": "JWT"}, claims} {
		raw, _ := json.Marshal(one)
		parts = append(parts, base64.RawURLEncoding.EncodeToString(raw))
	}
	digest := sha256.Sum256([]byte(strings.Join(parts, ".")))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(signature)), ".")
}

func names(list object, key string) []string {
	found := []string{}
	for _, one := range listAt(list, key) {
		member, _ := one.(object)
		found = append(found, lastPart(text(member, "name")))
	}
	return found
}
