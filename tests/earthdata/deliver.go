package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Bytes that go out between two looks at the bandwidth.
const pieceBytes = 64 << 10

var (
	errUnsatisfiable = errors.New("the range begins behind the end")
	errNoRange       = errors.New("no range that is understood")
)

// The first byte and the count of a Range header over so many bytes. Several ranges are not understood,
// as S3 does not: the whole object is the answer.
func rangeOf(text string, size int64) (from, count int64, err error) {
	rest, is := strings.CutPrefix(text, "bytes=")
	begin, end, two := strings.Cut(rest, "-")
	if !is || !two || strings.Contains(rest, ",") {
		return 0, size, errNoRange
	}
	if begin == "" {
		count, err := strconv.ParseInt(end, 10, 64)
		if err != nil {
			return 0, size, errNoRange
		}
		if count == 0 || size == 0 {
			return 0, 0, errUnsatisfiable
		}
		count = min(count, size)
		return size - count, count, nil
	}
	from, wrong := strconv.ParseInt(begin, 10, 64)
	last := size - 1
	if end != "" {
		given, err := strconv.ParseInt(end, 10, 64)
		if err != nil || given < from {
			return 0, size, errNoRange
		}
		last = min(given, last)
	}
	if wrong != nil {
		return 0, size, errNoRange
	}
	if from >= size {
		return 0, 0, errUnsatisfiable
	}
	return from, last - from + 1, nil
}

// Sends an object or the part of it that is asked for, as S3 does.
func (w *world) deliver(out *answer, in *http.Request, found *stored) {
	head := out.Header()
	head.Set("ETag", found.tag)
	head.Set("Last-Modified", found.changed.Format(http.TimeFormat))
	head.Set("Accept-Ranges", "bytes")
	if wanted := in.Header.Get("If-Match"); wanted != "" && wanted != "*" && !named(wanted, found.tag) {
		out.s3Error(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		return
	}
	if wanted := in.Header.Get("If-None-Match"); wanted != "" && named(wanted, found.tag) {
		out.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Type", found.kind)
	from, count, status := int64(0), found.size, http.StatusOK
	text := in.Header.Get("Range")
	if since := in.Header.Get("If-Range"); since != "" && since != found.tag {
		text = ""
	}
	if text != "" && !out.is("ignore_range") {
		start, length, err := rangeOf(text, found.size)
		switch {
		case errors.Is(err, errUnsatisfiable):
			head.Set("Content-Range", fmt.Sprintf("bytes */%d", found.size))
			out.s3Error(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
			return
		case err == nil:
			from, count, status = start, length, http.StatusPartialContent
			head.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+count-1, found.size))
		}
	}
	head.Set("Content-Length", strconv.FormatInt(count, 10))
	out.object = found.bucket + "/" + found.key
	if in.Method != http.MethodHead {
		w.counters.ranged(out.object, from, count)
	}
	out.WriteHeader(status)
	if in.Method == http.MethodHead {
		return
	}
	w.send(out, found, from, count)
}

func named(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
			return true
		}
	}
	return false
}

func (w *world) send(out *answer, found *stored, from, count int64) {
	buffer := make([]byte, min(pieceBytes, count))
	for count > 0 {
		piece := buffer[:min(int64(len(buffer)), count)]
		if _, err := found.bytes.ReadAt(piece, from); err != nil {
			panic(http.ErrAbortHandler)
		}
		w.bucket.take(len(piece), out.set.Bandwidth)
		if _, err := out.Write(piece); err != nil {
			return
		}
		from += int64(len(piece))
		count -= int64(len(piece))
	}
}

func (c *counters) ranged(object string, from, count int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ranges) < mostRequests {
		c.ranges = append(c.ranges, [3]any{object, from, count})
	}
}

// A host that gives every object to anybody, without signatures: open data, and benchmarks.
func (w *world) open(out *answer, in *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(in.URL.Path, "/"), "/")
	found := w.find(bucket, key)
	if found == nil || !slices.Contains([]string{http.MethodGet, http.MethodHead}, in.Method) {
		out.html(http.StatusNotFound, "Not Found", "<p>There is no such file.</p>")
		return
	}
	w.deliver(out, in, found)
}
