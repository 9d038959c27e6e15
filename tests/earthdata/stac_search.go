package main

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	usualLimit = 10
	mostLimit  = 10_000
)

// stacQuery is an item search that was understood.
type stacQuery struct {
	collections, ids []string
	shapes           []shape
	datetime         *period
	tests            []func(object) (bool, error)
	sortby           []sortKey
	include, exclude []string
	limit            int
	after            string
}

type sortKey struct {
	Field     string `json:"field"`
	Direction string `json:"direction"`
}

func (w *world) stacSearch(out *answer, in *http.Request, api *stacAPI, within ...string) {
	body := object{}
	switch in.Method {
	case http.MethodPost:
		if slices.Contains(out.set.StacWithoutPost, hostOf(in)) {
			out.stacError(http.StatusMethodNotAllowed, "MethodNotAllowed", "Method Not Allowed")
			return
		}
		if err := json.NewDecoder(in.Body).Decode(&body); err != nil {
			out.stacError(http.StatusBadRequest, "RequestValidationError", "The body is no JSON: "+err.Error())
			return
		}
	case http.MethodGet:
		var err error
		if body, err = bodyOf(in.URL.Query()); err != nil {
			out.stacError(http.StatusBadRequest, "RequestValidationError", err.Error())
			return
		}
	default:
		out.stacError(http.StatusMethodNotAllowed, "MethodNotAllowed", "Method Not Allowed")
		return
	}
	if len(within) > 0 {
		body["collections"] = []any{within[0]}
	}
	asked, err := stacQueryOf(body, api)
	if err != nil {
		out.stacError(http.StatusBadRequest, "RequestValidationError", err.Error())
		return
	}
	found, err := w.findOnce(asked, api, body)
	if err != nil {
		out.stacError(http.StatusBadRequest, "RequestValidationError", err.Error())
		return
	}
	out.Header().Set("Content-Type", "application/geo+json")
	out.json(http.StatusOK, asked.page(api, in, body, found))
}

// The body that a GET's query stands for.
func bodyOf(query url.Values) (object, error) {
	body := object{}
	for name := range query {
		text := query.Get(name)
		switch name {
		case "collections", "ids":
			body[name] = anyOf(strings.Split(text, ","))
		case "bbox":
			numbers, err := numbersOf(text)
			if err != nil {
				return nil, fmt.Errorf("bbox: %w", err)
			}
			body[name] = anyOf(numbers)
		case "limit":
			number, err := strconv.Atoi(text)
			if err != nil {
				return nil, fmt.Errorf("limit: %s is no number", text)
			}
			body[name] = float64(number)
		case "intersects", "query":
			var inner any
			if err := json.Unmarshal([]byte(text), &inner); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			body[name] = inner
		case "fields":
			body[name] = fieldsOf(text)
		case "sortby":
			keys := []any{}
			for one := range strings.SplitSeq(text, ",") {
				direction := "asc"
				if strings.HasPrefix(one, "-") {
					direction = "desc"
				}
				keys = append(keys, object{"field": strings.TrimLeft(one, "+-"), "direction": direction})
			}
			body[name] = keys
		case "filter":
			filter, err := filterOf(text, query.Get("filter-lang"))
			if err != nil {
				return nil, fmt.Errorf("filter: %w", err)
			}
			body[name], body["filter-lang"] = filter, "cql2-json"
		case "filter-lang":
		default:
			body[name] = text
		}
	}
	return body, nil
}

func anyOf[T any](values []T) []any {
	found := []any{}
	for _, one := range values {
		found = append(found, one)
	}
	return found
}

func fieldsOf(text string) object {
	include, exclude := []any{}, []any{}
	for one := range strings.SplitSeq(text, ",") {
		if name, is := strings.CutPrefix(one, "-"); is {
			exclude = append(exclude, name)
		} else {
			include = append(include, strings.TrimPrefix(one, "+"))
		}
	}
	return object{"include": include, "exclude": exclude}
}

func textsOf(value any) []string {
	found := []string{}
	list, _ := value.([]any)
	for _, one := range list {
		if text, is := one.(string); is {
			found = append(found, text)
		}
	}
	return found
}

var knownOfSearch = []string{
	"collections", "ids", "bbox", "intersects", "datetime", "limit", "fields", "sortby", "query", "filter", "filter-lang", "filter-crs", "conf",
	"token", "next", "cursor", "page",
}

func stacQueryOf(body object, api *stacAPI) (*stacQuery, error) {
	for name := range maps.Keys(body) {
		if !slices.Contains(knownOfSearch, name) {
			return nil, fmt.Errorf("%s is not known", name)
		}
	}
	asked := &stacQuery{collections: textsOf(body["collections"]), ids: textsOf(body["ids"]), limit: usualLimit}
	if body["bbox"] != nil && body["intersects"] != nil {
		return nil, errors.New("Expected bbox OR intersects, not both")
	}
	if limit, is := body["limit"].(float64); is {
		if limit < 1 {
			return nil, errors.New("limit must be at least 1")
		}
		asked.limit = min(int(limit), mostLimit)
	}
	if text, is := body["datetime"].(string); is {
		read, err := stacPeriod(text)
		if err != nil {
			return nil, err
		}
		asked.datetime = &read
	}
	if err := asked.space(body); err != nil {
		return nil, err
	}
	fields, _ := body["fields"].(object)
	asked.include, asked.exclude = textsOf(fields["include"]), textsOf(fields["exclude"])
	raw, _ := json.Marshal(body["sortby"])
	if err := json.Unmarshal(raw, &asked.sortby); err != nil {
		return nil, fmt.Errorf("sortby: %w", err)
	}
	if err := asked.conditions(body); err != nil {
		return nil, err
	}
	asked.after = api.afterOf(body)
	return asked, nil
}

func (q *stacQuery) space(body object) error {
	if list, is := body["bbox"].([]any); is {
		numbers := []float64{}
		for _, one := range list {
			number, _ := one.(float64)
			numbers = append(numbers, number)
		}
		if len(numbers) == 6 {
			numbers = []float64{numbers[0], numbers[1], numbers[3], numbers[4]}
		}
		if len(numbers) != 4 || numbers[1] > numbers[3] {
			return fmt.Errorf("bbox %v is not west, south, east, north", list)
		}
		q.shapes = []shape{box(numbers[0], numbers[1], numbers[2], numbers[3])}
		if numbers[0] > numbers[2] {
			q.shapes = []shape{box(numbers[0], numbers[1], 180, numbers[3]), box(-180, numbers[1], numbers[2], numbers[3])}
		}
	}
	if given := body["intersects"]; given != nil {
		shapes, err := shapesOfGeoJSON(given)
		if err != nil {
			return err
		}
		q.shapes = shapes
	}
	return nil
}

// The query and filter of a body as tests of an item.
func (q *stacQuery) conditions(body object) error {
	if given, is := body["query"].(object); is {
		test, err := testOfQuery(given)
		if err != nil {
			return err
		}
		q.tests = append(q.tests, test)
	}
	filter := body["filter"]
	if text, is := filter.(string); is {
		var err error
		if filter, err = filterOf(text, "cql2-text"); err != nil {
			return fmt.Errorf("filter: %w", err)
		}
	}
	if given, is := filter.(object); is {
		q.tests = append(q.tests, func(item object) (bool, error) { return truth(given, item) })
	}
	return nil
}

// lastFound is what the last search found, for its further pages.
type lastFound struct {
	about string
	found []stacGranule
}

func (w *world) findOnce(asked *stacQuery, api *stacAPI, body object) ([]stacGranule, error) {
	kept := maps.Clone(body)
	for _, one := range []string{"token", "next", "cursor", "limit", "fields"} {
		delete(kept, one)
	}
	raw, _ := json.Marshal(kept)
	about := api.root + string(raw)
	w.mu.Lock()
	last := w.lastFound
	w.mu.Unlock()
	if last.about == about {
		return last.found, nil
	}
	found, err := asked.find(api)
	if err == nil {
		w.mu.Lock()
		w.lastFound = lastFound{about, found}
		w.mu.Unlock()
	}
	return found, err
}

// All items that fit, in the order asked for: the newest first unless said.
func (q *stacQuery) find(api *stacAPI) ([]stacGranule, error) {
	found := []stacGranule{}
	for _, id := range api.ids {
		of := api.collections[id]
		if len(q.collections) > 0 && !slices.Contains(q.collections, id) {
			continue
		}
		from, to := 0, of.Granules
		if q.datetime != nil {
			from, to = q.datetime.places(of)
		}
		for at := from; at < to; at++ {
			one := stacGranule{of.granule(at), id}
			fits, err := q.fits(one)
			if err != nil {
				return nil, err
			}
			if fits {
				found = append(found, one)
			}
		}
	}
	q.sort(found)
	return found, nil
}

func (q *stacQuery) fits(one stacGranule) (bool, error) {
	if len(q.ids) > 0 && !slices.Contains(q.ids, one.name()) || q.datetime != nil && !q.datetime.touches(one.begin, one.begin) {
		return false, nil
	}
	if len(q.shapes) > 0 {
		own := one.shapes()
		if !slices.ContainsFunc(q.shapes, func(asked shape) bool { return slices.ContainsFunc(own, asked.touches) }) {
			return false, nil
		}
	}
	if len(q.tests) == 0 {
		return true, nil
	}
	item := object{"id": one.name(), "collection": one.collection, "geometry": one.geometry()}
	maps.Copy(item, one.properties())
	for _, test := range q.tests {
		if fits, err := test(item); err != nil || !fits {
			return false, err
		}
	}
	return true, nil
}

func (q *stacQuery) sort(found []stacGranule) {
	value := func(one stacGranule, field string) any {
		field = strings.TrimPrefix(field, "properties.")
		switch field {
		case "id":
			return one.name()
		case "collection":
			return one.collection
		}
		return one.properties()[field]
	}
	slices.SortStableFunc(found, func(a, b stacGranule) int {
		for _, key := range q.sortby {
			order := compared(value(a, key.Field), value(b, key.Field))
			if key.Direction == "desc" {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return cmp.Or(b.begin.Compare(a.begin), cmp.Compare(a.collection, b.collection), cmp.Compare(a.at, b.at))
	})
}

// The place behind the item that the last page ended with. Names take long to make, so numbers in them
// are looked at first.
func (q *stacQuery) start(found []stacGranule) int {
	match := placeInName.FindStringSubmatch(q.after)
	if match == nil {
		return 0
	}
	number, _ := strconv.Atoi(match[1])
	return 1 + slices.IndexFunc(found, func(one stacGranule) bool { return one.at == number && one.name() == q.after })
}

// A page with the link to the next, in the API's own way.
func (q *stacQuery) page(api *stacAPI, in *http.Request, body object, found []stacGranule) object {
	start := 0
	if q.after != "" {
		start = q.start(found)
	}
	rest := found[start:]
	shown := rest[:min(q.limit, len(rest))]
	features := []object{}
	for _, one := range shown {
		features = append(features, q.fields(api.item(one)))
	}
	links := []object{{"rel": "root", "type": "application/json", "href": api.root}, {"rel": "self", "type": "application/json", "href": api.root + "/search"}}
	// Earth Search tells of a next page behind every page that is not empty.
	if len(rest) > q.limit || api.paging == "next" && len(shown) > 0 {
		links = append(links, api.next(in, body, shown[len(shown)-1]))
	}
	told := object{"type": "FeatureCollection", "features": features, "links": links}
	if api.paging != "token" {
		told["numberMatched"], told["numberReturned"] = len(found), len(shown)
		told["context"] = object{"limit": q.limit, "matched": len(found), "returned": len(shown)}
	}
	return told
}

// Where the next page is, by the last item of this one.
func (a *stacAPI) next(in *http.Request, body object, last stacGranule) object {
	mark, name := a.markOf(last), a.paging
	if in.Method == http.MethodGet {
		query := in.URL.Query()
		query.Set(name, mark)
		path := strings.TrimPrefix("https://"+in.Host+in.URL.Path, a.root)
		return object{"rel": "next", "type": "application/geo+json", "method": "GET", "href": a.address(path, query)}
	}
	link := object{"rel": "next", "type": "application/geo+json", "method": "POST", "href": a.root + "/search"}
	if name == "cursor" {
		link["merge"], link["body"] = true, object{name: mark}
		return link
	}
	whole := maps.Clone(body)
	for _, one := range []string{"token", "next", "cursor"} {
		delete(whole, one)
	}
	whole[name] = mark
	link["body"] = whole
	if name == "next" {
		link["merge"] = false
	}
	return link
}

func (a *stacAPI) markOf(last stacGranule) string {
	switch a.paging {
	case "next":
		return last.begin.Format(ummTime) + "," + last.name() + "," + last.collection
	case "token":
		return "next:" + last.collection + ":" + last.name()
	}
	return base64.RawURLEncoding.EncodeToString([]byte(last.name()))
}

func (a *stacAPI) afterOf(body object) string {
	mark, _ := body[a.paging].(string)
	switch a.paging {
	case "next":
		if parts := strings.Split(mark, ","); len(parts) == 3 {
			return parts[1]
		}
	case "token":
		if parts := strings.SplitN(mark, ":", 3); len(parts) == 3 {
			return parts[2]
		}
	default:
		if raw, err := base64.RawURLEncoding.DecodeString(mark); err == nil {
			return string(raw)
		}
	}
	return ""
}

// What always stays of an item, whatever fields are asked for.
var always = []string{"type", "stac_version", "id", "collection"}

func (q *stacQuery) fields(item object) object {
	if len(q.include) > 0 {
		kept := object{}
		for _, name := range append(slices.Clone(always), q.include...) {
			copyField(item, kept, strings.Split(name, "."))
		}
		item = kept
	}
	for _, name := range q.exclude {
		if slices.Contains(q.include, name) {
			continue
		}
		inner, last := item, name
		if first, rest, deep := strings.Cut(name, "."); deep {
			inner, _ = item[first].(object)
			last = rest
		}
		delete(inner, last)
	}
	return item
}

func copyField(from, into object, path []string) {
	value, has := from[path[0]]
	if !has {
		return
	}
	inner, is := value.(object)
	if len(path) == 1 || !is {
		into[path[0]] = value
		return
	}
	below, _ := into[path[0]].(object)
	if below == nil {
		below = object{}
		into[path[0]] = below
	}
	copyField(inner, below, path[1:])
}
