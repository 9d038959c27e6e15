package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// reviewer answers TokenReviews of authentication.k8s.io.
type reviewer struct {
	cluster   string
	sts       string
	google    string
	accessKey string
	secretKey string
	now       func() time.Time
}

type review struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		Token string `json:"token"`
	} `json:"spec"`
	Status status `json:"status"`
}

type status struct {
	Authenticated bool   `json:"authenticated"`
	User          *user  `json:"user,omitempty"`
	Error         string `json:"error,omitempty"`
}

type user struct {
	Username string              `json:"username"`
	UID      string              `json:"uid,omitempty"`
	Groups   []string            `json:"groups"`
	Extra    map[string][]string `json:"extra,omitempty"`
}

func (r *reviewer) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	var asked review
	if in.Method != http.MethodPost || json.NewDecoder(io.LimitReader(in.Body, 1<<20)).Decode(&asked) != nil ||
		asked.Kind != "TokenReview" || !strings.HasPrefix(asked.APIVersion, "authentication.k8s.io/") {
		http.Error(out, "a POST of a TokenReview is wanted", http.StatusBadRequest)
		return
	}
	answer := map[string]any{"apiVersion": asked.APIVersion, "kind": asked.Kind, "status": r.decide(asked.Spec.Token)}
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(answer)
}

// Whoever is known may do all: what RBAC says of people is not what these tests are about.
func (r *reviewer) decide(token string) status {
	found, err := r.who(token)
	if err != nil {
		// The API server tells the client nothing but 401; the reason is for the test's log.
		fmt.Fprintln(os.Stderr, "webhook: refused:", err)
		return status{Error: err.Error()}
	}
	found.Groups = []string{"system:masters", "system:authenticated"}
	return status{Authenticated: true, User: found}
}

func (r *reviewer) who(token string) (*user, error) {
	if strings.HasPrefix(token, eksPrefix) {
		return r.whoOnAWS(token)
	}
	return r.whoAtGoogle(token)
}

// Google's own endpoint for the question whose an access token is. A JWT that a service account
// signed itself is no access token: GKE's API server is not among the services that take one.
func (r *reviewer) whoAtGoogle(token string) (*user, error) {
	if r.google == "" {
		return nil, fmt.Errorf("the token is none of EKS's, and there is no Google to ask")
	}
	answer, err := http.Get(r.google + "/tokeninfo?access_token=" + url.QueryEscape(token))
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", r.google, err)
	}
	defer answer.Body.Close()
	var told struct {
		Email string `json:"email"`
		Error string `json:"error_description"`
		Scope string `json:"scope"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return nil, fmt.Errorf("reading what %s says of the token: %w", r.google, err)
	}
	if answer.StatusCode != http.StatusOK || told.Email == "" {
		return nil, fmt.Errorf("Google does not know the token: %s", told.Error)
	}
	if !strings.Contains(told.Scope, "https://www.googleapis.com/auth/cloud-platform") {
		return nil, fmt.Errorf("the token's scope %q does not reach GKE", told.Scope)
	}
	return &user{Username: told.Email, Extra: map[string][]string{
		"iam.gke.io/user-assertion":       {"stand-in"},
		"user-assertion.cloud.google.com": {"stand-in"},
	}}, nil
}
