package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// An archive on premises: it lets in by OAuth, by its cookie, and, if the settings say so, by bearer
// token; and it sends its files itself.
func (w *world) onPrem(out *answer, in *http.Request) {
	if in.URL.Path == "/login" {
		w.callback(out, in)
		return
	}
	known := w.cookieUser(in)
	if known == nil && w.set().OnPremBearer && strings.HasPrefix(in.Header.Get("Authorization"), "Bearer ") {
		if known = w.authorized(out, in); known == nil {
			return
		}
	}
	if known == nil {
		out.redirect(http.StatusFound, w.authorizeAddress(hostOf(in), in.URL.Path, in.UserAgent()))
		return
	}
	key, is := strings.CutPrefix(in.URL.Path, "/archive/")
	for _, one := range w.listed() {
		if !is || one.Host != hostOf(in) || one.Bucket != "" {
			continue
		}
		if found := w.granuleFile(one, "archive", key); found != nil {
			w.deliver(out, in, found)
			return
		}
	}
	out.html(http.StatusNotFound, "Not Found", "<p>The requested URL was not found on this server.</p>")
}

func (w *world) status(out *answer, in *http.Request) {
	if in.URL.Path != "/api/v1/statuses" {
		out.json(http.StatusNotFound, object{"error": "not found"})
		return
	}
	told := []object{}
	for _, name := range []string{"Earthdata Login", "Common Metadata Repository", "Earthdata Search"} {
		told = append(told, object{"name": name, "status": "OK"})
	}
	out.json(http.StatusOK, object{"statuses": told})
}

// The metadata services of machines: Amazon's second version, Google's, or neither.
func (w *world) metadata(out *answer, in *http.Request) {
	set := w.set()
	if set.MetadataRegion == "" {
		wait(in, set.StallSeconds)
		panic(http.ErrAbortHandler)
	}
	wait(in, set.MetadataMS/1000)
	out.Header().Set("Content-Type", "text/plain")
	token := base64.RawURLEncoding.EncodeToString(w.secret[:8])
	amazon, google := set.MetadataCloud == "aws", set.MetadataCloud == "google"
	switch path := in.URL.Path; {
	case amazon && path == "/latest/api/token" && in.Method == http.MethodPut && in.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") != "":
		out.whole(http.StatusOK, []byte(token))
	case amazon && path == "/latest/api/token":
		out.whole(http.StatusBadRequest, nil)
	case amazon && strings.HasPrefix(path, "/latest/") && in.Header.Get("X-aws-ec2-metadata-token") != token:
		out.whole(http.StatusUnauthorized, nil)
	case amazon && path == "/latest/meta-data/placement/region":
		out.whole(http.StatusOK, []byte(set.MetadataRegion))
	case google && strings.HasPrefix(path, "/computeMetadata/") && in.Header.Get("Metadata-Flavor") != "Google":
		out.whole(http.StatusForbidden, nil)
	case google && path == "/computeMetadata/v1/instance/zone":
		out.Header().Set("Metadata-Flavor", "Google")
		out.whole(http.StatusOK, []byte("projects/123456789012/zones/"+set.MetadataRegion+"-b"))
	default:
		out.whole(http.StatusNotFound, nil)
	}
}

// A token of the Planetary Computer for one container: what is added to addresses of its files.
func (w *world) sharedAccess(out *answer, in *http.Request) {
	account, container, two := strings.Cut(strings.TrimPrefix(in.URL.Path, "/api/sas/v1/token/"), "/")
	if !two {
		out.json(http.StatusNotFound, object{"detail": "Not Found"})
		return
	}
	ends := w.now().Add(seconds(w.set().SignedLife))
	query := url.Values{"se": {ends.Format(time.RFC3339)}, "sp": {"rl"}, "sr": {"c"}, "sv": {"2024-05-04"}}
	query.Set("sig", w.blobSignature(account, container, query.Get("se")))
	w.counters.make("shared_access")
	out.json(http.StatusOK, object{"msft:expiry": ends.Format(time.RFC3339), "token": query.Encode()})
}

func (w *world) blobSignature(account, container, ends string) string {
	sum := hmac.New(sha256.New, w.secret)
	fmt.Fprintf(sum, "%s/%s %s", account, container, ends)
	return base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// Azure's storage, whose containers are open to those with a token for them.
func (w *world) blob(out *answer, in *http.Request) {
	account, _, _ := strings.Cut(hostOf(in), ".")
	container, key, _ := strings.Cut(strings.TrimPrefix(in.URL.Path, "/"), "/")
	query := in.URL.Query()
	ends, err := time.Parse(time.RFC3339, query.Get("se"))
	switch {
	case query.Get("sig") == "":
		out.s3Error(http.StatusConflict, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
		return
	case err != nil || query.Get("sig") != w.blobSignature(account, container, query.Get("se")) || w.now().After(ends):
		out.s3Error(http.StatusForbidden, "AuthenticationFailed", "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.")
		return
	}
	found := w.sizedFile(key)
	if found == nil {
		out.s3Error(http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
		return
	}
	w.deliver(out, in, found)
}
