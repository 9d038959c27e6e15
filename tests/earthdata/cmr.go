package main

import (
	"compress/gzip"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	mostOfPage = 2000
	// Items that can be reached by number of page: of a collection, and without one.
	deepest        = 1_000_000
	deepestWithout = 10_000
)

var searchPath = regexp.MustCompile(`^/search/(collections|granules|services)(?:\.([a-z_]+?)(?:_v(\d+(?:_\d+)*))?)?$`)

// NASA's catalogue.
func (w *world) cmr(out *answer, in *http.Request) {
	begun := time.Now()
	id := identifier()
	head := out.Header()
	head.Set("CMR-Request-Id", id)
	head.Set("X-Request-Id", id)
	head.Set("Access-Control-Allow-Origin", "*")
	head.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload")
	if strings.HasPrefix(in.URL.Path, "/stac") {
		w.stac(out, in)
		return
	}
	match := searchPath.FindStringSubmatch(in.URL.Path)
	if match == nil {
		out.cmrErrors(http.StatusNotFound, "The requested resource could not be found.")
		return
	}
	if in.Method != http.MethodGet && in.Method != http.MethodPost && in.Method != http.MethodHead {
		out.cmrErrors(http.StatusMethodNotAllowed, "Method not allowed.")
		return
	}
	if problem := w.cmrToken(in); problem != "" {
		out.cmrErrors(http.StatusUnauthorized, problem)
		return
	}
	format, known := formatOf(match[2], in.Header.Get("Accept"))
	if !known {
		out.cmrErrors(http.StatusBadRequest, fmt.Sprintf("The mime types specified in the accept header [%s] are not supported.", in.Header.Get("Accept")))
		return
	}
	if err := in.ParseForm(); err != nil {
		out.cmrErrors(http.StatusBadRequest, err.Error())
		return
	}
	switch match[1] {
	case "granules":
		w.searchGranules(out, in, in.Form, format, begun)
	case "collections":
		w.searchCollections(out, in, in.Form, format, begun)
	case "services":
		w.searchServices(out, in.Form, format, begun)
	}
}

func formatOf(ending, accept string) (string, bool) {
	switch ending {
	case "umm_json", "json", "stac":
		return ending, true
	case "":
		switch {
		case strings.Contains(accept, "umm_results+json"), strings.Contains(accept, "umm+json"):
			return "umm_json", true
		case strings.Contains(accept, "application/json"):
			return "json", true
		}
	}
	return "", false
}

func (a *answer) cmrErrors(status int, errors ...string) {
	a.json(status, object{"errors": errors})
}

// Why a token is refused, which happens to public searches too; "" where it is not.
func (w *world) cmrToken(in *http.Request) string {
	text, bearer := strings.CutPrefix(in.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		return ""
	}
	w.mu.Lock()
	known := w.tokens[text]
	w.mu.Unlock()
	part := text
	if len(part) > 20 {
		part = part[:12] + "[REDACTED]" + part[len(part)-4:]
	}
	if known == nil || isUAT(known.host) != isUAT(hostOf(in)) {
		return "Token does not exist"
	}
	if !known.ends.After(w.now()) {
		return fmt.Sprintf("Token [Bearer %s] has expired. Note the token value has been partially redacted.", part)
	}
	return ""
}

// paging is which part of the hits is asked for.
type paging struct {
	size, skip int
	// The place behind which to go on; nil at the beginning.
	after *uint64
}

func pagingOf(read *parameters, in *http.Request, collectionNamed bool) (paging, []string) {
	asked := paging{size: 10}
	problems := []string{}
	if text := read.one("page_size"); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil || size < 0 || size > mostOfPage {
			return asked, []string{"page_size must be a number between 0 and 2000"}
		}
		asked.size = size
	}
	number, skipped := read.one("page_num"), read.one("offset")
	if number != "" {
		page, err := strconv.Atoi(number)
		if err != nil || page < 1 {
			return asked, []string{"page_num must be a number greater than or equal to 1"}
		}
		asked.skip = (page - 1) * asked.size
	}
	if skipped != "" {
		offset, err := strconv.Atoi(skipped)
		if err != nil || offset < 0 {
			return asked, []string{"offset must be an integer"}
		}
		if number != "" {
			problems = append(problems, "Only one of offset or page_num may be specified")
		}
		asked.skip = offset
	}
	limit := deepest
	if !collectionNamed {
		limit = deepestWithout
	}
	if reach := asked.skip + asked.size; reach > limit {
		problems = append(problems, fmt.Sprintf("The paging depth (page_num * page_size) of [%d] exceeds the limit of %d.", reach, limit))
	}
	if mark := in.Header.Get("CMR-Search-After"); mark != "" {
		if number != "" || skipped != "" {
			problems = append(problems, "page_num is not allowed with search-after")
		}
		place, err := readMark(mark)
		if err != nil {
			problems = append(problems, err.Error())
		}
		asked.after = &place
	}
	return asked, problems
}

// The header by which the next page is asked for, and the number in it.
func markOf(one granule) string {
	raw, _ := json.Marshal([]any{strings.ToLower(one.of.Provider), one.begin.UnixMilli(), one.concept()})
	return string(raw)
}

func readMark(text string) (uint64, error) {
	var parts []any
	if err := json.Unmarshal([]byte(text), &parts); err == nil && len(parts) == 3 {
		if number, is := parts[2].(float64); is {
			return uint64(number), nil
		}
	}
	return 0, fmt.Errorf("The search-after header [%s] is invalid.", text)
}

// Sends a page of a search with the headers that every search has.
func (w *world) page(out *answer, body []byte, kind string, hits int, begun time.Time) {
	head := out.Header()
	head.Set("CMR-Hits", strconv.Itoa(hits))
	head.Set("CMR-Took", strconv.FormatInt(time.Since(begun).Milliseconds()+1, 10))
	head.Set("Content-Type", kind)
	head.Set("Content-MD5", fmt.Sprintf("%x", md5.Sum(body)))
	if out.set.Gzip && strings.Contains(out.in.Header.Get("Accept-Encoding"), "gzip") && len(body) > 2000 {
		head.Set("Content-Encoding", "gzip")
		head.Set("Vary", "Accept-Encoding")
		out.WriteHeader(http.StatusOK)
		packed, _ := gzip.NewWriterLevel(out, gzip.BestSpeed)
		_, _ = packed.Write(body)
		_ = packed.Close()
		return
	}
	out.whole(http.StatusOK, body)
}

var kinds = map[string]string{
	"umm_json": "application/vnd.nasa.cmr.umm_results+json;version=1.6.6; charset=utf-8",
	"json":     "application/json;charset=utf-8",
	"stac":     "application/json; profile=stac-catalogue;charset=utf-8",
}

// The query without what only says which part of it is wanted.
func aboutOf(form url.Values, path string) string {
	kept := url.Values{}
	for name, values := range form {
		if name != "page_size" && name != "page_num" && name != "offset" && name != "pretty" {
			kept[name] = values
		}
	}
	return path + "?" + kept.Encode()
}
