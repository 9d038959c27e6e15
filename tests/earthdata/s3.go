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
	"strconv"
	"strings"
	"time"
)

const (
	region     = "us-west-2"
	amazonDate = "20060102T150405Z"
)

// sessionKey is what s3credentials gives out.
type sessionKey struct {
	id, secret, session string
	host                string
	ends                time.Time
}

func (w *world) makeKey(name, host, application string) *sessionKey {
	text := strings.ToUpper(strings.ReplaceAll(identifier(), "-", ""))
	made := &sessionKey{
		id: "ASIA" + text[:16], secret: base64.StdEncoding.EncodeToString([]byte(identifier()))[:40], host: host,
		session: base64.StdEncoding.EncodeToString([]byte(name + "@" + application + " " + identifier())), ends: w.now().Add(seconds(w.set().KeyLife)),
	}
	w.mu.Lock()
	w.keys[made.id] = made
	w.mu.Unlock()
	w.counters.make("credentials")
	return made
}

// An address of an object that is good for one method until it ends. Its signature is the stand-in's own:
// only the stand-in checks it.
func (w *world) sign(method, bucket, key, name string) string {
	host := bucket + ".s3." + region + ".amazonaws.com"
	query := url.Values{}
	if name != "" {
		query.Set("A-userid", name)
	}
	date := w.now()
	query.Set("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
	query.Set("X-Amz-Credential", "ASIAEGRESSAPP0000000/"+date.Format("20060102")+"/"+region+"/s3/aws4_request")
	query.Set("X-Amz-Date", date.Format(amazonDate))
	query.Set("X-Amz-Expires", strconv.FormatFloat(w.set().SignedLife, 'f', -1, 64))
	query.Set("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEgressStandIn")
	query.Set("X-Amz-SignedHeaders", "host")
	query.Set("X-Amz-Signature", w.signature(method, host, "/"+key, query))
	address := url.URL{Scheme: "https", Host: host, Path: "/" + key, RawQuery: query.Encode()}
	return address.String()
}

func (w *world) signature(method, host, path string, query url.Values) string {
	left := url.Values{}
	for name, values := range query {
		if name != "X-Amz-Signature" {
			left[name] = values
		}
	}
	sum := hmac.New(sha256.New, w.secret)
	fmt.Fprintf(sum, "%s\n%s\n%s\n%s", method, host, path, left.Encode())
	return hex.EncodeToString(sum.Sum(nil))
}

type s3Error struct {
	XMLName    xml.Name `xml:"Error"`
	Code       string
	Message    string
	Expires    string `xml:",omitempty"`
	ServerTime string `xml:",omitempty"`
	RequestID  string `xml:"RequestId"`
}

func (a *answer) s3Error(status int, code, message string) {
	a.s3Problem(status, s3Error{Code: code, Message: message})
}

func (a *answer) s3Problem(status int, problem s3Error) {
	problem.RequestID = a.Header().Get("x-amz-request-id")
	raw, _ := xml.Marshal(problem)
	a.Header().Set("Content-Type", "application/xml")
	a.whole(status, append([]byte(xml.Header), raw...))
}

// S3's host: objects for signed addresses, for session keys, and for anybody in public buckets.
func (w *world) s3(out *answer, in *http.Request) {
	bucket, _ := bucketOf(hostOf(in), in.URL.Path)
	key := strings.TrimPrefix(in.URL.Path, "/")
	if strings.HasPrefix(hostOf(in), "s3.") {
		_, key, _ = strings.Cut(key, "/")
	}
	out.Header().Set("Server", "AmazonS3")
	out.Header().Set("x-amz-request-id", strings.ToUpper(strings.ReplaceAll(identifier(), "-", ""))[:16])
	if !w.hasBucket(bucket) {
		out.s3Error(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
		return
	}
	out.Header().Set("x-amz-bucket-region", region)
	if in.Method != http.MethodGet && in.Method != http.MethodHead {
		out.s3Error(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		return
	}
	if !w.mayRead(out, in, bucket) {
		return
	}
	if key == "" {
		w.listBucket(out, in, bucket)
		return
	}
	found := w.find(bucket, key)
	if found == nil {
		out.s3Error(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	}
	w.deliver(out, in, found)
}

func (w *world) mayRead(out *answer, in *http.Request, bucket string) bool {
	query := in.URL.Query()
	header := in.Header.Get("Authorization")
	signed := query.Get("X-Amz-Signature") != ""
	switch {
	case signed && header != "":
		out.s3Error(http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified")
		return false
	case signed:
		return w.maySigned(out, in, query)
	case strings.HasPrefix(header, "AWS4-HMAC-SHA256 "):
		return w.mayKey(out, in, header, bucket)
	case header != "":
		out.s3Error(http.StatusBadRequest, "InvalidArgument", "Unsupported Authorization Type")
		return false
	case strings.Contains(bucket, "public"):
		return true
	}
	out.s3Error(http.StatusForbidden, "AccessDenied", "Access Denied")
	return false
}

func (w *world) maySigned(out *answer, in *http.Request, query url.Values) bool {
	begun, err := time.Parse(amazonDate, query.Get("X-Amz-Date"))
	life, wrong := strconv.ParseFloat(query.Get("X-Amz-Expires"), 64)
	if err != nil || wrong != nil {
		out.s3Error(http.StatusBadRequest, "AuthorizationQueryParametersError", "X-Amz-Date and X-Amz-Expires must be given")
		return false
	}
	expected := w.signature(in.Method, hostOf(in), in.URL.Path, query)
	if !hmac.Equal([]byte(expected), []byte(query.Get("X-Amz-Signature"))) {
		out.s3Error(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
		return false
	}
	if ends, now := begun.Add(seconds(life)), w.now(); now.After(ends) {
		out.s3Problem(http.StatusForbidden, s3Error{
			Code: "AccessDenied", Message: "Request has expired", Expires: ends.Format(time.RFC3339), ServerTime: now.Format(time.RFC3339),
		})
		return false
	}
	return true
}

// Whether the key that a request is signed with is known, has not ended, and may be used from here. The
// signature itself is not computed.
func (w *world) mayKey(out *answer, in *http.Request, header, bucket string) bool {
	_, credential, _ := strings.Cut(header, "Credential=")
	id, _, _ := strings.Cut(credential, "/")
	w.mu.Lock()
	known := w.keys[id]
	w.mu.Unlock()
	switch {
	case known == nil:
		out.s3Error(http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	case in.Header.Get("X-Amz-Security-Token") != known.session:
		out.s3Error(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	case !known.ends.After(w.now()):
		out.s3Error(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	case !w.set().InRegion || !w.opens(known, bucket):
		out.s3Error(http.StatusForbidden, "AccessDenied", "Access Denied")
	default:
		return true
	}
	return false
}

// Whether a key is from a host that is in front of the bucket.
func (w *world) opens(known *sessionKey, bucket string) bool {
	for _, one := range w.listed() {
		if one.Bucket == bucket && one.credentials() == "https://"+known.host+"/s3credentials" {
			return true
		}
	}
	return bucket == servedBucket || bucket == anyBucket
}

type s3Listing struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []s3Listed
	CommonPrefixes        []s3Prefix
}

type s3Listed struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type s3Prefix struct{ Prefix string }

// Objects of a bucket whose keys begin with a prefix, in pages.
func (w *world) listBucket(out *answer, in *http.Request, bucket string) {
	query := in.URL.Query()
	most, err := strconv.Atoi(query.Get("max-keys"))
	if err != nil || most > 1000 {
		most = 1000
	}
	told := s3Listing{Name: bucket, Prefix: query.Get("prefix"), Delimiter: query.Get("delimiter"), MaxKeys: most}
	after, last := query.Get("continuation-token"), ""
	for one := range w.objectsOf(bucket, told.Prefix) {
		name, folder := one.key, false
		if rest := strings.TrimPrefix(one.key, told.Prefix); told.Delimiter != "" && strings.Contains(rest, told.Delimiter) {
			first, _, _ := strings.Cut(rest, told.Delimiter)
			name, folder = told.Prefix+first+told.Delimiter, true
		}
		if name == last {
			continue
		}
		if after != "" {
			if name == after {
				after, last = "", name
			}
			continue
		}
		if told.KeyCount == most {
			told.IsTruncated, told.NextContinuationToken = true, last
			break
		}
		last = name
		told.KeyCount++
		if folder {
			told.CommonPrefixes = append(told.CommonPrefixes, s3Prefix{name})
		} else {
			told.Contents = append(told.Contents, s3Listed{name, one.changed.Format("2006-01-02T15:04:05.000Z"), one.tag, one.size, "STANDARD"})
		}
	}
	raw, _ := xml.Marshal(told)
	out.Header().Set("Content-Type", "application/xml")
	out.whole(http.StatusOK, append([]byte(xml.Header), raw...))
}
