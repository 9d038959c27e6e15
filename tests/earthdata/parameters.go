package main

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// parameters are a query as CMR reads it: values by name without brackets, and options by name.
type parameters struct {
	values  map[string][]string
	options map[string]map[string]bool
	// Values of exclude[…].
	excluded map[string][]string
}

var sharedNames = []string{
	"page_size", "page_num", "offset", "sort_key", "pretty", "token", "concept_id", "provider", "short_name", "version", "entry_title", "temporal",
	"bounding_box", "point", "polygon", "line", "circle", "instrument", "platform", "project", "sensor", "updated_since", "revision_date", "created_at",
	"production_date", "downloadable", "online_only", "native_id", "include_facets", "facets_size", "echo_collection_id", "two_d_coordinate_system",
	"simplify-shapefile", "all_revisions", "attribute",
}

var granuleNames = append([]string{
	"collection_concept_id", "granule_ur", "producer_granule_id", "readable_granule_name", "echo_granule_id", "cloud_cover", "day_night_flag", "day_night",
	"orbit_number", "equator_crossing_longitude", "equator_crossing_date", "cycle", "passes", "browse_only", "browsable", "online", "collection_progress", "grid",
}, sharedNames...)

var collectionNames = append([]string{
	"keyword", "doi", "cloud_hosted", "has_granules", "has_granules_or_cwic", "has_granules_or_opensearch", "has_granules_created_at", "include_granule_counts",
	"include_has_granules", "include_tags", "data_center", "archive_center", "processing_level_id", "collection_data_type", "dif_entry_id", "entry_id",
	"science_keywords", "has_opendap_url", "standard_product", "service_concept_id", "tool_concept_id", "tag_key", "consortium", "collection_data_type",
	"granule_data_format", "spatial_keyword", "campaign", "has_granules_revised_at",
}, sharedNames...)

var serviceNames = []string{
	"page_size", "page_num", "offset", "sort_key", "pretty", "token", "concept_id", "provider", "native_id", "name", "keyword", "all_revisions",
}

var (
	optionName  = regexp.MustCompile(`^options\[([^\]]+)\]\[([^\]]+)\]$`)
	excludeName = regexp.MustCompile(`^exclude\[([^\]]+)\](?:\[\])?$`)
	indexed     = regexp.MustCompile(`^([^\[]+)(\[.*\])$`)
	optionKinds = []string{"pattern", "ignore_case", "ignore-case", "and", "or", "exclude_boundary", "exclude_collection", "limit_to_granules"}
)

// Reads a query, and tells every parameter that is not of this kind of search.
func parametersOf(form url.Values, known []string) (*parameters, []string) {
	read := &parameters{map[string][]string{}, map[string]map[string]bool{}, map[string][]string{}}
	problems := []string{}
	for _, key := range slices.Sorted(maps.Keys(form)) {
		values := form[key]
		if key == "" {
			continue
		}
		if match := optionName.FindStringSubmatch(key); match != nil {
			if !slices.Contains(known, match[1]) {
				problems = append(problems, fmt.Sprintf("Parameter [%s] was not recognized.", match[1]))
			} else if !slices.Contains(optionKinds, match[2]) {
				problems = append(problems, fmt.Sprintf("Option [%s] is not supported for param [%s]", match[2], match[1]))
			} else {
				if read.options[match[1]] == nil {
					read.options[match[1]] = map[string]bool{}
				}
				read.options[match[1]][strings.ReplaceAll(match[2], "-", "_")] = strings.EqualFold(values[0], "true")
			}
			continue
		}
		if match := excludeName.FindStringSubmatch(key); match != nil {
			read.excluded[match[1]] = append(read.excluded[match[1]], values...)
			continue
		}
		name, many := key, false
		if match := indexed.FindStringSubmatch(key); match != nil {
			name, many = match[1], true
		}
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Sprintf("Parameter [%s] was not recognized.", name))
			continue
		}
		if !many {
			// Said again without brackets, only the last one is heard.
			values = values[len(values)-1:]
		}
		read.values[name] = append(read.values[name], values...)
	}
	return read, problems
}

func (p *parameters) one(name string) string {
	if values := p.values[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Whether a text is one of those asked for, by pattern and without regard to case where the options say
// so; CMR disregards case unless told otherwise.
func (p *parameters) fits(name string, texts ...string) bool {
	wanted := p.values[name]
	if len(wanted) == 0 {
		return true
	}
	options := p.options[name]
	exact := false
	if ignore, said := options["ignore_case"]; said {
		exact = !ignore
	}
	for _, one := range wanted {
		for _, text := range texts {
			asked, has := one, text
			if !exact {
				asked, has = strings.ToLower(asked), strings.ToLower(has)
			}
			if asked == has || options["pattern"] && matches(asked, has) {
				return true
			}
		}
	}
	return false
}

// Whether a text has the form of a pattern: * for any text, ? for any sign.
func matches(pattern, text string) bool {
	star, mark, at, place := -1, 0, 0, 0
	for place < len(text) {
		switch {
		case at < len(pattern) && (pattern[at] == '?' || pattern[at] == text[place]) && pattern[at] != '*':
			at++
			place++
		case at < len(pattern) && pattern[at] == '*':
			star, mark = at, place
			at++
		case star >= 0:
			at = star + 1
			mark++
			place = mark
		default:
			return false
		}
	}
	for at < len(pattern) && pattern[at] == '*' {
		at++
	}
	return at == len(pattern)
}
