package main

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// granule is one made-up or recorded granule of a collection, by its place in the order of time.
type granule struct {
	of         *collection
	at         int
	begin, end time.Time
	// Middle of where it is, and half of its width and height, in degrees.
	longitude, latitude, halfWidth, halfHeight float64
	mixed                                      uint64
}

// Well-mixed bits of a number (splitmix64).
func mix(number uint64) uint64 {
	number += 0x9e3779b97f4a7c15
	number = (number ^ number>>30) * 0xbf58476d1ce4e5b9
	number = (number ^ number>>27) * 0x94d049bb133111eb
	return number ^ number>>31
}

// A part of 0 to 1 of some of the bits.
func part(bits uint64, shift uint) float64 { return float64(bits>>shift&0xffff) / 0x10000 }

func (c *collection) granule(at int) granule {
	if c.recorded != nil {
		one := c.recorded[at]
		return granule{of: c, at: at, begin: one.begin, end: one.end}
	}
	begin := c.Start.Add(time.Duration(float64(at) * c.Step * float64(time.Second)))
	bits := mix(c.number(at))
	made := granule{of: c, at: at, begin: begin, end: begin.Add(time.Duration(c.Step*float64(time.Second)) - time.Millisecond), mixed: bits}
	made.halfWidth, made.halfHeight = 0.5+2*part(bits, 0), 1+3*part(bits, 8)
	made.longitude = math.Round((-175+350*part(bits, 16))*1e4) / 1e4
	made.latitude = math.Round((-80+160*part(bits, 32))*1e4) / 1e4
	return made
}

func (c *collection) number(at int) uint64 { return uint64(c.place)*numbersEach + uint64(at) }

// Numbers of concept ids are as long as the real ones.
const firstNumber = 2_000_000_000

func (g granule) concept() uint64 { return firstNumber + g.of.number(g.at) }

func (g granule) id() string {
	return "G" + strconv.FormatUint(g.concept(), 10) + "-" + g.of.Provider
}

// The name that all of a granule's files begin with.
func (g granule) name() string {
	if g.of.recorded != nil {
		return g.of.recorded[g.at].name
	}
	return fmt.Sprintf("%s_%s_%07d_%s_01", g.of.ShortName, g.begin.Format("20060102150405"), g.at, g.of.Version)
}

// The producer's name of the granule: that of its first file.
func (g granule) producerName() string {
	if g.of.recorded != nil {
		return g.name()
	}
	return g.files()[0]
}

func (g granule) files() []string {
	names := []string{}
	for _, part := range g.of.Parts {
		names = append(names, g.file(part))
	}
	return names
}

func (g granule) file(part string) string {
	if part == ".md5" {
		return g.name() + g.of.Extension + part
	}
	return g.name() + part + g.of.Extension
}

// The key of one of its files in the bucket; on premises, its path.
func (g granule) key(file string) string {
	return fmt.Sprintf("%s/%s/%s/%s", g.of.ShortName, g.of.Version, g.begin.Format("2006/01/02"), file)
}

func (g granule) address(file string) string {
	if g.of.Bucket == "" {
		return "https://" + g.of.Host + "/archive/" + g.key(file)
	}
	return "https://" + g.of.Host + "/" + g.of.Bucket + "/" + g.key(file)
}

// Bytes of the part at a place in the list of parts.
func (g granule) size(place int) int64 {
	if g.of.Parts[place] == ".md5" {
		return int64(32 + 2 + len(g.files()[0]) + 1)
	}
	spread := uint64(g.of.MaxSize-g.of.MinSize) + 1
	return g.of.MinSize + int64(mix(g.of.number(g.at)+uint64(place)<<40)%spread)
}

func (g granule) partNumber(place int) uint64 { return g.of.number(g.at) + uint64(place)<<40 }

// The algorithm of the checksum that is told of a granule; "" for none.
func (g granule) algorithm() string {
	switch g.of.Checksum {
	case "none":
		return ""
	case "mixed":
		return []string{"MD5", "SHA-256", "SHA-512"}[g.at%3]
	}
	return g.of.Checksum
}

// The checksum of the bytes that the data host serves for a part.
func (w *world) checksum(g granule, place int, algorithm string) string {
	found := w.granuleFile(g.of, g.of.Bucket, g.key(g.files()[place]))
	made, is := found.bytes.(content)
	if !is {
		hashed := newHash(algorithm)
		_, _ = io.Copy(hashed, io.NewSectionReader(found.bytes, 0, found.size))
		return fmt.Sprintf("%x", hashed.Sum(nil))
	}
	return everyStream.sum(made, algorithm)
}

var placeInName = regexp.MustCompile(`_\d{14}_(\d{7})_`)

// The file of a granule by its key; nil where there is none.
func (w *world) granuleFile(of *collection, bucket, key string) *stored {
	match := placeInName.FindStringSubmatch(key)
	if match == nil || of.recorded != nil || !strings.HasPrefix(key, of.ShortName+"/"+of.Version+"/") {
		return nil
	}
	at, err := strconv.Atoi(match[1])
	if err != nil || at >= of.Granules {
		return nil
	}
	found := of.granule(at)
	for place, file := range found.files() {
		if found.key(file) != key {
			continue
		}
		if of.Parts[place] == ".md5" {
			first := found.files()[0]
			text := w.checksum(found, 0, "MD5") + "  " + first + "\n"
			made := w.made(bucket, key, 0, int64(len(text)))
			made.bytes = strings.NewReader(text)
			return made
		}
		return w.made(bucket, key, found.partNumber(place), found.size(place))
	}
	return nil
}
