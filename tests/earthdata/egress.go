package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// A data host in front of buckets: the Thin Egress App, and with small differences Cumulus' own.
func (w *world) egress(out *answer, in *http.Request) {
	out.Header().Set("X-Request-Id", identifier())
	switch path := in.URL.Path; {
	case path == "/login":
		w.callback(out, in)
	case path == "/s3credentials" && in.Method == http.MethodGet:
		w.s3credentials(out, in)
	case path == "/s3credentialsREADME":
		out.html(http.StatusOK, "Temporary S3 credentials", "<p>How to use them.</p>")
	case path == "/profile":
		out.Header().Set("Content-Type", "text/plain")
		out.whole(http.StatusOK, []byte("Profile not available."))
	case path == "/" || path == "/version":
		out.html(http.StatusOK, "Welcome", "<p>The egress app.</p>")
	case in.Method == http.MethodHead:
		w.egressHead(out, in)
	case in.Method == http.MethodGet:
		w.egressGet(out, in)
	default:
		out.json(http.StatusMethodNotAllowed, object{"Code": "MethodNotAllowedError", "Message": "Unsupported method: " + in.Method})
	}
}

// The bucket and key of an egress path, and the object there; nil with a page sent where there is none.
func (w *world) egressObject(out *answer, in *http.Request) (bucket, key string, found *stored) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(in.URL.Path, "/"), "/")
	if !w.hasBucket(bucket) {
		out.html(http.StatusNotFound, "File not found", "<p>File not found</p>")
		return bucket, key, nil
	}
	if key == "" || strings.HasSuffix(key, "/") {
		out.html(http.StatusNotFound, "Request Not Serviceable", "<p>Request does not appear to be valid.</p>")
		return bucket, key, nil
	}
	found = w.find(bucket, key)
	if found == nil {
		out.html(http.StatusNotFound, "Data Not Available", "<p>Could not find requested data.</p>")
	}
	return bucket, key, found
}

// The app asks nobody who they are for a HEAD, and signs an address that is good for a HEAD only.
func (w *world) egressHead(out *answer, in *http.Request) {
	bucket, key, found := w.egressObject(out, in)
	if found != nil {
		out.redirect(http.StatusSeeOther, w.sign(http.MethodHead, bucket, key, ""))
	}
}

func (w *world) egressGet(out *answer, in *http.Request) {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(in.URL.Path, "/"), "/")
	name := ""
	if !strings.Contains(bucket, "public") && w.hasBucket(bucket) {
		known := w.authorized(out, in)
		if known == nil {
			return
		}
		name = known.name
	}
	bucket, key, found := w.egressObject(out, in)
	if found == nil {
		return
	}
	if text := in.Header.Get("Range"); text != "" {
		if _, _, err := rangeOf(text, found.size); errors.Is(err, errUnsatisfiable) {
			out.Header().Set("Content-Type", "text/plain")
			out.whole(http.StatusRequestedRangeNotSatisfiable, []byte("Invalid Range"))
			return
		}
		out.Header().Set("Range", text)
	}
	life := w.set().SignedLife
	out.Header().Set("Cache-Control", fmt.Sprintf("private, max-age=%d", int(life-min(60, life/4))))
	status := http.StatusSeeOther
	if out.role == roleCumulus {
		status = http.StatusTemporaryRedirect
	}
	w.counters.make("signed")
	out.redirect(status, w.sign(http.MethodGet, bucket, key, name))
}

// Who asks, by cookie or bearer token; nil with an answer sent where nobody is let in.
func (w *world) authorized(out *answer, in *http.Request) *user {
	host := hostOf(in)
	if known := w.cookieUser(in); known != nil {
		return known
	}
	status := http.StatusFound
	if out.role == roleCumulus {
		status = http.StatusTemporaryRedirect
	}
	toLogin := func() { out.redirect(status, w.authorizeAddress(host, in.URL.Path, in.UserAgent())) }
	header := in.Header.Get("Authorization")
	if header == "" {
		toLogin()
		return nil
	}
	parts := strings.Fields(header)
	if len(parts) < 2 {
		w.refuse(out, in, http.StatusBadRequest, object{"status_code": 400, "error_description": "Malformed Authorization header"})
		return nil
	}
	if !strings.EqualFold(parts[0], "bearer") {
		toLogin()
		return nil
	}
	known, refused := w.holder(parts[1], host)
	switch {
	case refused == nil:
		w.admit(out, known.name)
		return known
	case refused.body["resolution_url"] != nil:
		refused.body["status_code"] = http.StatusForbidden
		w.refuse(out, in, http.StatusForbidden, refused.body)
	case w.set().BadToken == "json" && strings.Count(parts[1], ".") == 2:
		w.refuse(out, in, refused.status, refused.body)
	default:
		toLogin()
	}
	return nil
}

// An error as JSON for programs, as a page for browsers.
func (w *world) refuse(out *answer, in *http.Request, status int, body object) {
	if !strings.HasPrefix(strings.ToLower(in.UserAgent()), "mozilla") {
		out.json(status, body)
		return
	}
	text := fmt.Sprintf("<p>Could not fetch data because %q.", body["error_description"])
	if page := body["resolution_url"]; page != nil {
		text += fmt.Sprintf(` Please accept EULA here: <a href="%[1]s">%[1]s</a> and try again.`, page)
	}
	out.html(status, fmt.Sprint(body["error_description"]), text+"</p>")
}

// Keys of S3 for whoever is let in.
func (w *world) s3credentials(out *answer, in *http.Request) {
	known := w.authorized(out, in)
	if known == nil {
		return
	}
	if !w.servesBuckets(hostOf(in)) {
		out.html(http.StatusForbidden, "Could not access data", "<p>You do not have permission to access any data.</p>")
		return
	}
	made := w.makeKey(known.name, hostOf(in), in.Header.Get("app-name"))
	out.json(http.StatusOK, object{
		"accessKeyId": made.id, "secretAccessKey": made.secret, "sessionToken": made.session, "expiration": made.ends.Format("2006-01-02 15:04:05+00:00"),
	})
}
