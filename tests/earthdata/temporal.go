package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// period is a time that a granule must touch; a zero bound is open. With days it recurs every year.
type period struct {
	from, to           time.Time
	firstDay, lastDay  int
	withoutItsBoundary bool
}

var timeForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05", "2006-01-02T15:04Z", "2006-01-02T15:04", "2006-01-02", "2006-01", "2006",
}

func timeOf(text string) (time.Time, error) {
	for _, form := range timeForms {
		if read, err := time.Parse(form, text); err == nil {
			return read.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("[%s] is not a valid datetime", text)
}

var durationForm = regexp.MustCompile(`^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// A time that is so much after another; sign is -1 for before.
func shifted(from time.Time, text string, sign int) (time.Time, bool) {
	match := durationForm.FindStringSubmatch(text)
	if match == nil || text == "P" {
		return time.Time{}, false
	}
	count := func(at int) int {
		number, _ := strconv.Atoi(match[at])
		return sign * number
	}
	from = from.AddDate(count(1), count(2), 7*count(3)+count(4))
	return from.Add(time.Duration(count(5))*time.Hour + time.Duration(count(6))*time.Minute + time.Duration(count(7))*time.Second), true
}

// The period that one value of `temporal` means.
func periodOf(text string, withoutItsBoundary bool) (period, error) {
	read := period{withoutItsBoundary: withoutItsBoundary}
	bad := func(err error) (period, error) { return read, fmt.Errorf("temporal datetime is invalid: %w.", err) }
	parts := strings.Split(text, ",")
	if len(parts) == 1 && strings.Contains(text, "/") {
		parts = strings.Split(text, "/")
	}
	if len(parts) > 4 {
		return read, fmt.Errorf("temporal range must have at most four parts: [%s].", text)
	}
	for len(parts) < 4 {
		parts = append(parts, "")
	}
	var err error
	for place, into := range []*time.Time{&read.from, &read.to} {
		if parts[place] == "" || strings.HasPrefix(parts[place], "P") {
			continue
		}
		if *into, err = timeOf(strings.TrimSpace(parts[place])); err != nil {
			return bad(err)
		}
	}
	known := false
	if strings.HasPrefix(parts[0], "P") {
		if read.from, known = shifted(read.to, parts[0], -1); !known {
			return bad(fmt.Errorf("[%s] is not a valid duration", parts[0]))
		}
	}
	if strings.HasPrefix(parts[1], "P") {
		if read.to, known = shifted(read.from, parts[1], 1); !known {
			return bad(fmt.Errorf("[%s] is not a valid duration", parts[1]))
		}
	}
	for place, into := range []*int{&read.firstDay, &read.lastDay} {
		if part := parts[place+2]; part != "" {
			if *into, err = strconv.Atoi(part); err != nil || *into < 1 || *into > 366 {
				return read, fmt.Errorf("temporal_%s_day [%s] must be an integer between 1 and 366", []string{"start", "end"}[place], part)
			}
		}
	}
	if !read.from.IsZero() && !read.to.IsZero() && read.from.After(read.to) {
		return read, fmt.Errorf("start_date [%s] must be before end_date [%s]", parts[0], parts[1])
	}
	return read, nil
}

// Whether a time from begin to end touches the period.
func (p period) touches(begin, end time.Time) bool {
	if p.withoutItsBoundary {
		if !p.to.IsZero() && !begin.Before(p.to) || !p.from.IsZero() && !end.After(p.from) {
			return false
		}
	} else if !p.to.IsZero() && begin.After(p.to) || !p.from.IsZero() && end.Before(p.from) {
		return false
	}
	if p.firstDay == 0 && p.lastDay == 0 {
		return true
	}
	last := p.lastDay
	if last == 0 {
		last = 366
	}
	return end.YearDay() >= p.firstDay && begin.YearDay() <= last
}

// The places in a collection's order between which granules can touch the period.
func (p period) places(of *collection) (from, to int) {
	from, to = 0, of.Granules
	if of.recorded != nil {
		return from, to
	}
	if !p.from.IsZero() {
		from = max(0, int(p.from.Sub(of.Start).Seconds()/of.Step)-1)
	}
	if !p.to.IsZero() {
		to = min(to, int(p.to.Sub(of.Start).Seconds()/of.Step)+2)
	}
	return from, to
}
