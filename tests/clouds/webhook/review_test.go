package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// token is what a client makes a token of; a test changes one thing.
type token struct {
	address string
	cluster string
	date    time.Time
	query   map[string]string
	secret  string
}

func (t token) String() string {
	date := t.date.Format("20060102T150405Z")
	query := url.Values{
		"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}, "X-Amz-Algorithm": {"AWS4-HMAC-SHA256"},
		"X-Amz-Credential": {accessKey + "/" + date[:8] + "/us-west-2/sts/aws4_request"}, "X-Amz-Date": {date},
		"X-Amz-Expires": {"60"}, "X-Amz-SignedHeaders": {"host;x-k8s-aws-id"},
	}
	for name, value := range t.query {
		query.Set(name, value)
	}
	asked, _ := url.Parse(t.address + "?" + query.Encode())
	maker := reviewer{cluster: t.cluster}
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	query.Set("X-Amz-Signature", sign(t.secret, scope, date, maker.canonical(asked)))
	return eksPrefix + base64.RawURLEncoding.EncodeToString([]byte(t.address+"?"+query.Encode()))
}

// The worked example of Amazon's documentation of signed URLs: our own signature is right.
func TestTheSignatureIsThatOfTheDocumentation(t *testing.T) {
	canonical := "GET\n/\nAction=ListUsers&Version=2010-05-08\ncontent-type:application/x-www-form-urlencoded; charset=utf-8\n" +
		"host:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n" +
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	scope := strings.Split("AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request", "/")
	got := sign("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope, "20150830T123600Z", canonical)
	if want := "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"; got != want {
		t.Fatalf("%s instead of %s", got, want)
	}
}

func TestEKSTokens(t *testing.T) {
	sts := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if in.Header.Get(clusterHeader) != "hub" || in.URL.Query().Get("X-Amz-Signature") == "" {
			out.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = out.Write([]byte(`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
			`<Arn>arn:aws:iam::123456789012:user/one</Arn><UserId>AIDA</UserId><Account>123456789012</Account>` +
			`</GetCallerIdentityResult></GetCallerIdentityResponse>`))
	}))
	defer sts.Close()
	asked := &reviewer{cluster: "hub", sts: sts.URL, accessKey: accessKey, secretKey: secretKey, now: func() time.Time { return noon }}
	right := token{address: "https://sts.us-west-2.amazonaws.com/", cluster: "hub", date: noon, secret: secretKey}
	with := func(change func(*token)) string {
		made := right
		change(&made)
		return made.String()
	}
	query := func(name, value string) string {
		return with(func(t *token) { t.query = map[string]string{name: value} })
	}
	for name, one := range map[string]struct {
		token string
		holds bool
	}{
		"right":                {right.String(), true},
		"to the stand-in":      {with(func(t *token) { t.address = sts.URL + "/" }), true},
		"fourteen minutes old": {with(func(t *token) { t.date = noon.Add(-14 * time.Minute) }), true},
		"temporary":            {query("X-Amz-Security-Token", "FwoG+/="), true},
		"sixteen minutes old":  {with(func(t *token) { t.date = noon.Add(-16 * time.Minute) }), false},
		"from the future":      {with(func(t *token) { t.date = noon.Add(16 * time.Minute) }), false},
		"another cluster":      {with(func(t *token) { t.cluster = "other" }), false},
		"another secret":       {with(func(t *token) { t.secret = "guessed" }), false},
		"another host":         {with(func(t *token) { t.address = "https://sts.us-west-2.amazonaws.com.example.org/" }), false},
		"without TLS":          {with(func(t *token) { t.address = "http://sts.us-west-2.amazonaws.com/" }), false},
		"another path":         {with(func(t *token) { t.address = "https://sts.us-west-2.amazonaws.com/x" }), false},
		"another action":       {query("Action", "AssumeRole"), false},
		"another parameter":    {query("Duration", "3600"), false},
		"header not signed":    {query("X-Amz-SignedHeaders", "host"), false},
		"lasting too long":     {query("X-Amz-Expires", "901"), false},
		"lasting not at all":   {query("X-Amz-Expires", "0"), false},
		"for another service":  {query("X-Amz-Credential", accessKey+"/20261121/us-west-2/s3/aws4_request"), false},
		"another key":          {query("X-Amz-Credential", "AKIAOTHER/20261121/us-west-2/sts/aws4_request"), false},
		"padded":               {right.String() + "==", false},
		"too long":             {right.String() + strings.Repeat("A", longestToken), false},
	} {
		got := asked.decide(one.token)
		if got.Authenticated != one.holds {
			t.Errorf("%s: %+v", name, got)
		}
		if one.holds && got.User.Username != "arn:aws:iam::123456789012:user/one" {
			t.Errorf("%s: %+v", name, got.User)
		}
	}
}

func TestGoogleTokens(t *testing.T) {
	google := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		switch in.URL.Query().Get("access_token") {
		case "ya29.right":
			_, _ = out.Write([]byte(`{"email": "one@example.org", "scope": "https://www.googleapis.com/auth/cloud-platform"}`))
		case "ya29.narrow":
			_, _ = out.Write([]byte(`{"email": "one@example.org", "scope": "https://www.googleapis.com/auth/devstorage.read_only"}`))
		default:
			out.WriteHeader(http.StatusBadRequest)
			_, _ = out.Write([]byte(`{"error": "invalid_token", "error_description": "Invalid Value"}`))
		}
	}))
	defer google.Close()
	asked := &reviewer{google: google.URL, now: time.Now}
	for token, holds := range map[string]bool{"ya29.right": true, "ya29.narrow": false, "ya29.expired": false, "a.b.c": false} {
		if got := asked.decide(token); got.Authenticated != holds || holds && got.User.Username != "one@example.org" {
			t.Errorf("%s: %+v", token, got)
		}
	}
	if got := (&reviewer{now: time.Now}).decide("ya29.right"); got.Authenticated {
		t.Errorf("a token holds though there is no Google to ask: %+v", got)
	}
}

func TestOnlyTokenReviewsAreAnswered(t *testing.T) {
	server := httptest.NewServer(&reviewer{now: time.Now})
	defer server.Close()
	for body, status := range map[string]int{
		`{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "x"}}`: 200,
		`{"apiVersion": "v1", "kind": "Pod"}`:                                                       400,
		`nonsense`:                                                                                  400,
	} {
		answer, err := http.Post(server.URL, "application/json", strings.NewReader(body))
		if err != nil || answer.StatusCode != status {
			t.Fatalf("%s: %v %v", body, answer, err)
		}
		if status != 200 {
			continue
		}
		var told review
		if err := json.NewDecoder(answer.Body).Decode(&told); err != nil || told.APIVersion != "authentication.k8s.io/v1" || told.Status.Authenticated {
			t.Fatalf("%+v %v", told, err)
		}
	}
}

func TestTheAddressIsTold(t *testing.T) {
	path := t.TempDir() + "/kubeconfig"
	var output bytes.Buffer
	if err := run([]string{"--kubeconfig", path}, strings.NewReader(""), &output); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(output.String(), `{"address":"http://127.0.0.1:`) {
		t.Fatal(output.String())
	}
}
