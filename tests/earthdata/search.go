package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// search is a granule query that was understood.
type search struct {
	collections []*collection
	periods     []period
	fits        []func(granule) bool
	backwards   bool
}

// What CMR sorts granules by; the stand-in takes time for all of them.
var sortKeys = []string{
	"start_date", "end_date", "granule_ur", "producer_granule_id", "readable_granule_name", "provider", "revision_date", "entry_title", "short_name", "version",
	"data_size", "cloud_cover", "instrument", "platform", "project", "sensor", "day_night", "online_only", "browsable", "campaign",
}

func (w *world) listed() []*collection {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.collections)
}

func (w *world) searchGranules(out *answer, in *http.Request, form url.Values, format string, begun time.Time) {
	read, problems := parametersOf(form, granuleNames)
	asked := search{}
	if len(problems) == 0 {
		asked, problems = w.granuleSearch(read)
	}
	named := len(read.values["collection_concept_id"])+len(read.values["concept_id"])+len(read.values["short_name"])+len(read.values["entry_title"]) > 0
	pages, wrong := pagingOf(read, in, named)
	if problems = append(problems, wrong...); len(problems) > 0 {
		out.cmrErrors(http.StatusBadRequest, problems...)
		return
	}
	hits := w.hits(aboutOf(form, "granules"), asked)
	size := pages.size
	if out.is("time_out") {
		out.Header().Set("CMR-Time-Out", "true")
		size /= 2
	}
	found := asked.page(pages, size)
	if count := len(found); count > 0 {
		out.Header().Set("CMR-Search-After", markOf(found[count-1]))
	}
	w.page(out, w.granulesAs(format, found, hits, begun), kinds[format], hits, begun)
}

// What a query asks for, or everything that is wrong with it.
func (w *world) granuleSearch(read *parameters) (search, []string) {
	asked, problems := search{}, []string{}
	narrowed := false
	for _, name := range []string{"collection_concept_id", "concept_id", "short_name", "entry_title", "provider", "version"} {
		narrowed = narrowed || len(read.values[name]) > 0
	}
	if !narrowed {
		return asked, []string{"The CMR does not allow querying across granules in all collections. You should limit your query using conditions that identify one or more collections, such as provider, concept_id, short_name, or entry_title."}
	}
	for _, one := range w.listed() {
		if one.wanted(read) {
			asked.collections = append(asked.collections, one)
		}
	}
	for _, text := range read.values["temporal"] {
		wanted, err := periodOf(text, read.options["temporal"]["exclude_boundary"])
		if err != nil {
			problems = append(problems, err.Error())
		}
		asked.periods = append(asked.periods, wanted)
	}
	asked.fits = append(asked.fits, textFilters(read)...)
	for _, make := range []func(*parameters) (func(granule) bool, error){spatialFilter, cloudFilter, orbitFilter, dayNightFilter, updatedFilter} {
		filter, err := make(read)
		if err != nil {
			problems = append(problems, err.Error())
		} else if filter != nil {
			asked.fits = append(asked.fits, filter)
		}
	}
	key := read.one("sort_key")
	asked.backwards = strings.HasPrefix(key, "-")
	if key = strings.TrimLeft(key, "+-"); key != "" && !slices.Contains(sortKeys, key) {
		problems = append(problems, fmt.Sprintf("The specified sort_key [%s] is not a valid field for sorting granules.", key))
	}
	return asked, problems
}

// Whether a collection is among those that a query of granules names.
func (c *collection) wanted(read *parameters) bool {
	ids := slices.Clone(read.values["collection_concept_id"])
	for _, id := range read.values["concept_id"] {
		if strings.HasPrefix(id, "C") {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 && !slices.Contains(ids, c.ID) || slices.Contains(read.excluded["concept_id"], c.ID) {
		return false
	}
	return read.fits("short_name", c.ShortName) && read.fits("version", c.Version) && read.fits("provider", c.Provider) &&
		read.fits("entry_title", c.Title) && read.fits("instrument", c.Instrument) && read.fits("platform", c.Platform)
}

func textFilters(read *parameters) []func(granule) bool {
	found := []func(granule) bool{}
	ids := []string{}
	for _, id := range read.values["concept_id"] {
		if strings.HasPrefix(id, "G") {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		found = append(found, func(one granule) bool { return slices.Contains(ids, one.id()) })
	}
	if ids := read.excluded["concept_id"]; len(ids) > 0 {
		found = append(found, func(one granule) bool { return !slices.Contains(ids, one.id()) })
	}
	if len(read.values["granule_ur"]) > 0 {
		found = append(found, func(one granule) bool { return read.fits("granule_ur", one.name()) })
	}
	if len(read.values["producer_granule_id"]) > 0 {
		found = append(found, func(one granule) bool { return read.fits("producer_granule_id", one.producerName()) })
	}
	if len(read.values["readable_granule_name"]) > 0 {
		found = append(found, func(one granule) bool { return read.fits("readable_granule_name", one.name(), one.producerName()) })
	}
	return found
}

// Shapes of one parameter are all to be touched unless its option says any; parameters are all to fit.
func spatialFilter(read *parameters) (func(granule) bool, error) {
	tests := []func(granule) bool{}
	for _, name := range []string{"bounding_box", "point", "polygon", "line", "circle"} {
		wanted := [][]shape{}
		for _, text := range read.values[name] {
			shapes, err := shapesOf(name, text)
			if err != nil {
				return nil, err
			}
			wanted = append(wanted, shapes)
		}
		if len(wanted) == 0 {
			continue
		}
		either := read.options[name]["or"]
		tests = append(tests, func(one granule) bool {
			own := one.shapes()
			hit := func(shapes []shape) bool {
				return slices.ContainsFunc(shapes, func(asked shape) bool {
					return slices.ContainsFunc(own, asked.touches)
				})
			}
			if either {
				return slices.ContainsFunc(wanted, hit)
			}
			return !slices.ContainsFunc(wanted, func(shapes []shape) bool { return !hit(shapes) })
		})
	}
	if len(tests) == 0 {
		return nil, nil
	}
	return func(one granule) bool {
		return !slices.ContainsFunc(tests, func(test func(granule) bool) bool { return !test(one) })
	}, nil
}

// A value of "least,most", either of which may be left out; one number alone is both.
func betweenOf(name, text string) (least, most float64, err error) {
	from, to, two := strings.Cut(text, ",")
	least, most = -1e18, 1e18
	for place, part := range []string{from, to} {
		if part == "" {
			continue
		}
		number, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("Invalid format for %s: [%s] is not a valid numeric value", name, part)
		}
		if place == 0 {
			least = number
		} else {
			most = number
		}
	}
	if !two {
		most = least
	}
	return least, most, nil
}

func (g granule) cloudCover() float64 { return float64(g.mixed >> 48 % 101) }
func (g granule) orbit() int          { return 100 + g.at/15 }
func (g granule) dayNight() string    { return []string{"DAY", "NIGHT", "UNSPECIFIED"}[g.mixed>>40%3] }
func (g granule) revised() time.Time  { return g.end.Add(48 * time.Hour) }

func cloudFilter(read *parameters) (func(granule) bool, error) {
	text := read.one("cloud_cover")
	if text == "" {
		return nil, nil
	}
	least, most, err := betweenOf("cloud_cover", text)
	return func(one granule) bool { return one.cloudCover() >= least && one.cloudCover() <= most }, err
}

func orbitFilter(read *parameters) (func(granule) bool, error) {
	text := read.one("orbit_number")
	if text == "" {
		return nil, nil
	}
	least, most, err := betweenOf("orbit_number", text)
	return func(one granule) bool { return float64(one.orbit()) >= least && float64(one.orbit()) <= most }, err
}

func dayNightFilter(read *parameters) (func(granule) bool, error) {
	wanted := cmp.Or(read.one("day_night_flag"), read.one("day_night"))
	if wanted == "" {
		return nil, nil
	}
	wanted = strings.ToUpper(wanted)
	if !slices.Contains([]string{"DAY", "NIGHT", "BOTH", "UNSPECIFIED"}, wanted) {
		return nil, fmt.Errorf("Parameter day_night_flag must take value of day, night, both, or unspecified but was [%s]", wanted)
	}
	return func(one granule) bool { return one.dayNight() == wanted }, nil
}

func updatedFilter(read *parameters) (func(granule) bool, error) {
	text := read.one("updated_since")
	if text == "" {
		text = read.one("revision_date")
	}
	if text == "" {
		return nil, nil
	}
	asked, err := periodOf(text, false)
	return func(one granule) bool { return asked.touches(one.revised(), one.revised()) }, err
}

func (s *search) matches(one granule) bool {
	if len(s.periods) > 0 && !slices.ContainsFunc(s.periods, func(asked period) bool { return asked.touches(one.begin, one.end) }) {
		return false
	}
	return !slices.ContainsFunc(s.fits, func(fit func(granule) bool) bool { return !fit(one) })
}

// The places of a collection among which hits can be.
func (s *search) places(of *collection) (from, to int) {
	if len(s.periods) == 0 {
		return 0, of.Granules
	}
	from, to = of.Granules, 0
	for _, one := range s.periods {
		begin, end := one.places(of)
		from, to = min(from, begin), max(to, end)
	}
	return from, to
}

// How many granules a query finds; counted once and kept.
func (w *world) hits(about string, asked search) int {
	w.mu.Lock()
	known, is := w.searches[about]
	w.mu.Unlock()
	if is {
		return known
	}
	count := 0
	for _, of := range asked.collections {
		from, to := asked.places(of)
		if len(asked.periods) == 0 && len(asked.fits) == 0 {
			count += of.Granules
			continue
		}
		for at := from; at < to; at++ {
			if asked.matches(of.granule(at)) {
				count++
			}
		}
	}
	w.mu.Lock()
	w.searches[about] = count
	w.mu.Unlock()
	return count
}

// A page of hits: collections one after the other, each by time, the newest first if so asked.
func (s *search) page(pages paging, size int) []granule {
	found, skip := []granule{}, pages.skip
	ordered := slices.Clone(s.collections)
	if s.backwards {
		slices.Reverse(ordered)
	}
	waiting := pages.after != nil
	for _, of := range ordered {
		from, to := s.places(of)
		if waiting {
			number := *pages.after - firstNumber
			if number/numbersEach != uint64(of.place) {
				continue
			}
			waiting = false
			at := int(number % numbersEach)
			if s.backwards {
				to = min(to, at)
			} else {
				from = max(from, at+1)
			}
		}
		for step := range max(0, to-from) {
			if len(found) >= size {
				return found
			}
			at := from + step
			if s.backwards {
				at = to - 1 - step
			}
			one := of.granule(at)
			if !s.matches(one) {
				continue
			}
			if skip > 0 {
				skip--
				continue
			}
			found = append(found, one)
			if len(found) == 1 {
				size = of.shortened(at, size)
			}
		}
	}
	return found
}

// Items of a page that begins at a place: some of the real one's pages are short, and not the last.
func (c *collection) shortened(at, size int) int {
	for _, one := range c.Short {
		if one.At == at {
			return min(size, one.Count)
		}
	}
	return size
}
