package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	eksPrefix     = "k8s-aws-v1."
	clusterHeader = "x-k8s-aws-id"
	longestToken  = 4 * 1024
	// A token holds this long from its date, whatever its X-Amz-Expires.
	tokenLife = 15 * time.Minute
)

var stsHost = regexp.MustCompile(`^sts(\.[a-z]{2}(-[a-z]+)+-\d)?\.amazonaws\.com$`)

// Parameters that a token's URL may have, in lower case.
var known = []string{
	"action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires",
	"x-amz-security-token", "x-amz-signature", "x-amz-signedheaders", "x-amz-user-agent",
}

// An EKS token is a presigned GetCallerIdentity: who can send it is whom STS names.
func (r *reviewer) whoOnAWS(token string) (*user, error) {
	if r.sts == "" {
		return nil, fmt.Errorf("the token is one of EKS's, and there is no STS to ask")
	}
	asked, err := r.open(token)
	if err != nil {
		return nil, err
	}
	if err := r.checkParameters(asked.Query()); err != nil {
		return nil, err
	}
	if err := r.checkSignature(asked); err != nil {
		return nil, err
	}
	return r.callerIdentity(asked)
}

// The URL in a token: to STS, or to the stand-in for it that the test's client knows.
func (r *reviewer) open(token string) (*url.URL, error) {
	if len(token) > longestToken {
		return nil, fmt.Errorf("the token has %d bytes, more than %d", len(token), longestToken)
	}
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, eksPrefix))
	if err != nil {
		return nil, fmt.Errorf("the token is no base64url without padding: %w", err)
	}
	asked, err := url.Parse(string(plain))
	if err != nil {
		return nil, fmt.Errorf("the token holds no URL: %w", err)
	}
	real := asked.Scheme == "https" && stsHost.MatchString(asked.Host)
	if standIn := asked.Scheme+"://"+asked.Host == strings.TrimSuffix(r.sts, "/"); !real && !standIn {
		return nil, fmt.Errorf("the token is for %s://%s, which is no STS", asked.Scheme, asked.Host)
	}
	if asked.Path != "/" {
		return nil, fmt.Errorf("the token's URL has the path %q instead of /", asked.Path)
	}
	return asked, nil
}

func (r *reviewer) checkParameters(query url.Values) error {
	for name, values := range query {
		if !slices.Contains(known, strings.ToLower(name)) || len(values) != 1 {
			return fmt.Errorf("the token's URL has the parameter %s, which no token has, or has it twice", name)
		}
	}
	if action := query.Get("Action"); action != "GetCallerIdentity" {
		return fmt.Errorf("the token's action is %q instead of GetCallerIdentity", action)
	}
	signed := strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	if !slices.Contains(signed, clusterHeader) || !slices.Contains(signed, "host") {
		return fmt.Errorf("the token's signed headers are %v, without host or %s", signed, clusterHeader)
	}
	if seconds, err := strconv.Atoi(query.Get("X-Amz-Expires")); err != nil || seconds < 1 || seconds > int(tokenLife.Seconds()) {
		return fmt.Errorf("the token's X-Amz-Expires is %q, not 1 to 900", query.Get("X-Amz-Expires"))
	}
	date, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	if err != nil {
		return fmt.Errorf("the token's X-Amz-Date is %q: %w", query.Get("X-Amz-Date"), err)
	}
	if age := r.now().Sub(date); age > tokenLife || age < -tokenLife {
		return fmt.Errorf("the token is of %s, more than %s from now", date, tokenLife)
	}
	return nil
}

// Signature Version 4 in a URL, with the cluster's name as the value of the header.
func (r *reviewer) checkSignature(asked *url.URL) error {
	query := asked.Query()
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	if query.Get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" || len(scope) != 5 || scope[3] != "sts" || scope[4] != "aws4_request" {
		return fmt.Errorf("the token is not signed for STS: %s %s", query.Get("X-Amz-Algorithm"), query.Get("X-Amz-Credential"))
	}
	if scope[0] != r.accessKey || !strings.HasPrefix(query.Get("X-Amz-Date"), scope[1]) {
		return fmt.Errorf("the token is signed with the key %s on %s, of which nothing is known", scope[0], scope[1])
	}
	wanted := sign(r.secretKey, scope, query.Get("X-Amz-Date"), r.canonical(asked))
	if !hmac.Equal([]byte(wanted), []byte(query.Get("X-Amz-Signature"))) {
		return fmt.Errorf("the token's signature is not that of cluster %q with the known key", r.cluster)
	}
	return nil
}

func (r *reviewer) canonical(asked *url.URL) string {
	query := asked.Query()
	signed := query.Get("X-Amz-SignedHeaders")
	query.Del("X-Amz-Signature")
	pairs := []string{}
	for name, values := range query {
		pairs = append(pairs, escape(name)+"="+escape(values[0]))
	}
	slices.Sort(pairs)
	headers := ""
	for _, name := range strings.Split(signed, ";") {
		value := map[string]string{"host": asked.Host, clusterHeader: r.cluster}[name]
		headers += name + ":" + value + "\n"
	}
	empty := sha256.Sum256(nil)
	return strings.Join([]string{"GET", "/", strings.Join(pairs, "&"), headers, signed, hex.EncodeToString(empty[:])}, "\n")
}

// As RFC 3986 has it: all but letters, digits and -._~ is escaped.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

func sign(secret string, scope []string, date, canonical string) string {
	key := []byte("AWS4" + secret)
	for _, part := range scope[1:] {
		key = mac(key, part)
	}
	digest := sha256.Sum256([]byte(canonical))
	text := "AWS4-HMAC-SHA256\n" + date + "\n" + strings.Join(scope[1:], "/") + "\n" + hex.EncodeToString(digest[:])
	return hex.EncodeToString(mac(key, text))
}

func mac(key []byte, text string) []byte {
	made := hmac.New(sha256.New, key)
	made.Write([]byte(text))
	return made.Sum(nil)
}

// Sends the URL on, with the header of our cluster, as EKS sends it to STS.
func (r *reviewer) callerIdentity(asked *url.URL) (*user, error) {
	request, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(r.sts, "/")+"/?"+asked.RawQuery, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set(clusterHeader, r.cluster)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking STS: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("STS answers %s", answer.Status)
	}
	var told struct {
		Arn     string `xml:"GetCallerIdentityResult>Arn"`
		UserID  string `xml:"GetCallerIdentityResult>UserId"`
		Account string `xml:"GetCallerIdentityResult>Account"`
	}
	if err := xml.NewDecoder(answer.Body).Decode(&told); err != nil || told.Arn == "" {
		return nil, fmt.Errorf("STS names nobody: %v", err)
	}
	return &user{
		Username: told.Arn, UID: "aws-iam-authenticator:" + told.Account + ":" + told.UserID,
		Extra: map[string][]string{"accessKeyId": {r.accessKey}, "arn": {told.Arn}},
	}, nil
}
