package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// collection is a made-up collection: everything about each of its granules follows from its place.
type collection struct {
	ID        string `json:"concept_id"`
	Provider  string `json:"provider"`
	ShortName string `json:"short_name"`
	Version   string `json:"version"`
	Title     string `json:"title"`
	DOI       string `json:"doi"`
	// Where its files are: the host; the bucket, "" where they are not in the cloud.
	Host   string `json:"host"`
	Bucket string `json:"bucket"`
	// Host of its s3credentials, where that is not Host.
	Credentials string `json:"credentials"`
	Granules    int    `json:"granules"`
	// Time of the first granule, and from each to the next in seconds.
	Start   time.Time `json:"start"`
	Step    float64   `json:"step"`
	MinSize int64     `json:"min_size"`
	MaxSize int64     `json:"max_size"`
	// MD5, SHA-256, SHA-512, mixed, or none.
	Checksum  string `json:"checksum"`
	Extension string `json:"extension"`
	// polygon, rectangle, point, line, orbit or none.
	Shape string `json:"shape"`
	// What stands between name and ending where a granule has several files.
	Parts []string `json:"parts"`
	// Where sizes are told only as they are on premises: no bytes, and the unit is NA.
	VagueSizes bool `json:"vague_sizes"`
	// Pages that begin at a granule hold fewer than asked for.
	Short      []shortPage `json:"short"`
	Instrument string      `json:"instrument"`
	Platform   string      `json:"platform"`
	// Granules as they were recorded.
	recorded []recordedGranule
	// Place in the world's list.
	place int
}

type shortPage struct {
	At    int `json:"at"`
	Count int `json:"count"`
}

type recordedGranule struct {
	meta, umm json.RawMessage
	name      string
	begin     time.Time
	end       time.Time
	shapes    []shape
}

func (c *collection) publicBucket() string {
	if c.Bucket == "" {
		return ""
	}
	return strings.Replace(c.Bucket, "protected", "public", 1)
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

// Numbers of concept ids are apart by this much, so a number tells the collection too.
const numbersEach = 10_000_000

func (c *collection) complete(place int) error {
	if c.ShortName == "" || c.Provider == "" || c.Host == "" {
		return fmt.Errorf("a collection needs short_name, provider and host: %+v", c)
	}
	for _, text := range []string{c.ShortName, c.Provider, c.Version, c.Host, c.Bucket, c.Extension, strings.Join(c.Parts, "")} {
		if strings.Trim(text, nameLetters) != "" {
			return fmt.Errorf("%q may only have letters, digits and %s", text, "_.-")
		}
	}
	c.place = place
	if c.ID == "" {
		c.ID = fmt.Sprintf("C%d-%s", 3_000_000_000+place, c.Provider)
	}
	if c.Version == "" {
		c.Version = "001"
	}
	if c.Title == "" {
		c.Title = c.ShortName + " V" + c.Version
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2018, 10, 14, 0, 0, 0, 0, time.UTC)
	}
	if c.Step == 0 {
		c.Step = 300
	}
	if c.MinSize == 0 {
		c.MinSize, c.MaxSize = 8<<20, 40<<20
	}
	if c.Extension == "" {
		c.Extension = ".h5"
	}
	if c.Checksum == "" {
		c.Checksum = "SHA-256"
	}
	if c.Shape == "" {
		c.Shape = "polygon"
	}
	if c.Parts == nil {
		c.Parts = []string{""}
	}
	return nil
}

// The collections that are there without being asked for. Names and ids are the real ones where there is
// such a collection; the granules are made up.
func usualCollections() []*collection {
	nsidc, lp, podaac := "data.nsidc.earthdatacloud.nasa.gov", "data.lpdaac.earthdatacloud.nasa.gov", "archive.podaac.earthdata.nasa.gov"
	icesat, lpProtected := "nsidc-cumulus-prod-protected", "lp-prod-protected"
	given := []*collection{
		{ID: "C2596864127-NSIDC_CPRD", Provider: "NSIDC_CPRD", ShortName: "ATL03", Version: "006", Title: "ATLAS/ICESat-2 L2A Global Geolocated Photon Data V006", DOI: "10.5067/ATLAS/ATL03.006", Host: nsidc, Bucket: icesat, Granules: 4000, Instrument: "ATLAS", Platform: "ICESat-2"},
		{ID: "C2670138092-NSIDC_CPRD", Provider: "NSIDC_CPRD", ShortName: "ATL06", Version: "006", Title: "ATLAS/ICESat-2 L3A Land Ice Height V006", DOI: "10.5067/ATLAS/ATL06.006", Host: nsidc, Bucket: icesat, Granules: 4000, Instrument: "ATLAS", Platform: "ICESat-2"},
		{ID: "C2613553260-NSIDC_CPRD", Provider: "NSIDC_CPRD", ShortName: "ATL08", Version: "006", Title: "ATLAS/ICESat-2 L3A Land and Vegetation Height V006", DOI: "10.5067/ATLAS/ATL08.006", Host: nsidc, Bucket: icesat, Granules: 4000, Instrument: "ATLAS", Platform: "ICESat-2"},
		{ID: "C1997321091-NSIDC_ECS", Provider: "NSIDC_ECS", ShortName: "ATL03", Version: "005", Title: "ATLAS/ICESat-2 L2A Global Geolocated Photon Data V005", DOI: "10.5067/ATLAS/ATL03.005", Host: "n5eil01u.ecs.nsidc.org", Granules: 300, Shape: "orbit", Checksum: "none", VagueSizes: true, Instrument: "ATLAS", Platform: "ICESat-2"},
		// earthaccess#1445: 12,070 granules of which the first page has 1,985; one in the middle is short too.
		{ID: "C3974616058-LPCLOUD", Provider: "LPCLOUD", ShortName: "GEDI01_B", Version: "003", Title: "GEDI L1B Geolocated Waveform Data Global Footprint Level V003", DOI: "10.5067/GEDI/GEDI01_B.003", Host: lp, Bucket: lpProtected, Granules: 12070, Step: 2400, Short: []shortPage{{0, 1985}, {5985, 1700}}, Instrument: "GEDI", Platform: "ISS"},
		{ID: "C2021957657-LPCLOUD", Provider: "LPCLOUD", ShortName: "HLSL30", Version: "2.0", Title: "HLS Landsat Operational Land Imager Surface Reflectance and TOA Brightness Daily Global 30m v2.0", DOI: "10.5067/HLS/HLSL30.002", Host: lp, Bucket: lpProtected, Granules: 5000, Extension: ".tif", MinSize: 200_000, MaxSize: 2_000_000, Parts: []string{".B04", ".B05", ".Fmask"}, Instrument: "OLI", Platform: "LANDSAT-8"},
		{ID: "C1996881146-POCLOUD", Provider: "POCLOUD", ShortName: "MUR-JPL-L4-GLOB-v4.1", Version: "4.1", Title: "GHRSST Level 4 MUR Global Foundation Sea Surface Temperature Analysis (v4.1)", DOI: "10.5067/GHGMR-4FJ04", Host: podaac, Bucket: "podaac-ops-cumulus-protected", Granules: 8000, Start: time.Date(2002, 6, 1, 9, 0, 0, 0, time.UTC), Step: 86400, Extension: ".nc", Shape: "rectangle", Checksum: "MD5", Parts: []string{"", ".md5"}},
		{ID: "C2758162622-POCLOUD", Provider: "POCLOUD", ShortName: "SWOT_L2_HR_RiverSP_1.1", Version: "1.1", Title: "SWOT Level 2 River Single-Pass Vector Data Product, Version 1.1", DOI: "10.5067/SWOT-RIVERSP-1.1", Host: "archive.swot.podaac.earthdata.nasa.gov", Bucket: "podaac-swot-ops-cumulus-protected", Granules: 1698, Extension: ".zip", Shape: "line", Checksum: "SHA-512"},
		{ID: "C2723754864-GES_DISC", Provider: "GES_DISC", ShortName: "GPM_3IMERGHH", Version: "07", Title: "GPM IMERG Final Precipitation L3 Half Hourly 0.1 degree x 0.1 degree V07", DOI: "10.5067/GPM/IMERG/3B-HH/07", Host: "data.gesdisc.earthdata.nasa.gov", Bucket: "gesdisc-cumulus-prod-protected", Granules: 20000, Start: time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), Step: 1800, Extension: ".HDF5", Shape: "rectangle", Checksum: "none"},
		{ID: "C1214470488-ASF", Provider: "ASF", ShortName: "SENTINEL-1A_SLC", Version: "1", Title: "SENTINEL-1A_SLC", Host: "sentinel1.asf.alaska.edu", Bucket: "asf-ngap2w-p-s1-slc-protected", Granules: 500, Extension: ".zip", Checksum: "MD5"},
		// For benchmarks: 500 files of 8 to 40 MB, and a million that are only listed.
		{ID: "C3900000001-POCLOUD", Provider: "POCLOUD", ShortName: "FIVE_HUNDRED", Version: "1", DOI: "10.5067/FIVE-HUNDRED", Host: podaac, Bucket: "podaac-ops-cumulus-protected", Granules: 500, MinSize: 8_000_000, MaxSize: 40_000_000, Extension: ".nc", Checksum: "mixed"},
		{ID: "C3900000002-POCLOUD", Provider: "POCLOUD", ShortName: "ONE_MILLION", Version: "1", Host: podaac, Bucket: "podaac-ops-cumulus-protected", Granules: 1_000_000, Step: 60, Start: time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), Extension: ".nc", Checksum: "none"},
		{ID: "C3900000003-POCLOUD", Provider: "POCLOUD", ShortName: "SCATTERED_POINTS", Version: "1", Host: podaac, Bucket: "podaac-ops-cumulus-protected", Granules: 1000, Extension: ".nc", Shape: "point", MinSize: 1000, MaxSize: 200_000},
	}
	for place, one := range given {
		if err := one.complete(place); err != nil {
			panic(err)
		}
	}
	return given
}

// Collections of the recorded granules, one for each, as umm_json tells them.
func recordedCollections(folder string) ([]*collection, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "earthaccess", "*_umm.json"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no recorded granules in %s/earthaccess", folder)
	}
	found := []*collection{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a recording: %w", err)
		}
		one, err := recordedCollection(raw)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		found = append(found, one)
	}
	return found, nil
}

func recordedCollection(raw []byte) (*collection, error) {
	var told struct {
		Items []struct{ Meta, Umm json.RawMessage }
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		return nil, err
	}
	if len(told.Items) != 1 {
		return nil, fmt.Errorf("%d granules instead of one", len(told.Items))
	}
	var meta struct {
		Provider string `json:"provider-id"`
		ID       string `json:"concept-id"`
	}
	var umm struct {
		GranuleUR      string
		TemporalExtent struct {
			RangeDateTime struct{ BeginningDateTime, EndingDateTime time.Time }
		}
		CollectionReference struct{ ShortName, Version, EntryTitle string }
		SpatialExtent       recordedSpace
		RelatedUrls         []struct{ URL, Type string }
	}
	if err := json.Unmarshal(told.Items[0].Meta, &meta); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(told.Items[0].Umm, &umm); err != nil {
		return nil, err
	}
	name := ""
	for _, one := range umm.RelatedUrls {
		if one.Type == "GET DATA" {
			name = one.URL[strings.LastIndex(one.URL, "/")+1:]
			break
		}
	}
	short, version := umm.CollectionReference.ShortName, umm.CollectionReference.Version
	if short == "" {
		// Granules from on-prem archives name only the title: the version is at its end.
		short, _, _ = strings.Cut(name, "_")
		version = umm.CollectionReference.EntryTitle[strings.LastIndex(umm.CollectionReference.EntryTitle, "V")+1:]
	}
	made := &collection{
		ID: "C" + strings.TrimPrefix(meta.ID, "G"), Provider: meta.Provider, ShortName: short, Version: version, Title: umm.CollectionReference.EntryTitle,
		Host: "recorded", Granules: 1, recorded: []recordedGranule{{
			told.Items[0].Meta, told.Items[0].Umm, name, umm.TemporalExtent.RangeDateTime.BeginningDateTime, umm.TemporalExtent.RangeDateTime.EndingDateTime,
			umm.SpatialExtent.shapes(),
		}},
	}
	return made, made.complete(0)
}

// recordedSpace is where a recorded granule is, as far as it tells polygons.
type recordedSpace struct {
	HorizontalSpatialDomain struct {
		Geometry struct {
			GPolygons []struct {
				Boundary struct {
					Points []struct{ Longitude, Latitude float64 }
				}
			}
		}
	}
}

func (s recordedSpace) shapes() []shape {
	found := []shape{}
	for _, one := range s.HorizontalSpatialDomain.Geometry.GPolygons {
		points := []point{}
		for _, corner := range one.Boundary.Points {
			points = append(points, point{corner.Longitude, corner.Latitude})
		}
		found = append(found, shape{points, true})
	}
	return found
}
