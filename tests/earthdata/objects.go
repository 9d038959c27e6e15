package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// stored is an object of a bucket.
type stored struct {
	bucket, key string
	size        int64
	// ETag with its quotation marks.
	tag     string
	changed time.Time
	kind    string
	bytes   io.ReaderAt
}

// The buckets beside those of collections: files of folders that were named at the start, by
// NAME/FILE, and made-up files of any size, by NUMBER/SIZE and an ending.
const (
	servedBucket = "served"
	anyBucket    = "sized"
)

func (w *world) hasBucket(name string) bool {
	if name == servedBucket || name == anyBucket {
		return true
	}
	for _, one := range w.listed() {
		if one.Bucket == name || one.publicBucket() == name {
			return true
		}
	}
	return false
}

func (w *world) servesBuckets(host string) bool {
	for _, one := range w.listed() {
		if one.Host == host && one.Bucket != "" {
			return true
		}
	}
	return false
}

func (w *world) find(bucket, key string) *stored {
	switch bucket {
	case servedBucket:
		return w.servedFile(key)
	case anyBucket:
		return w.sizedFile(key)
	}
	for _, one := range w.listed() {
		if one.Bucket == bucket || one.publicBucket() == bucket {
			if found := w.granuleFile(one, bucket, key); found != nil {
				return found
			}
		}
	}
	return nil
}

// How often an object was changed by hand.
func (w *world) version(bucket, key string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.touched[bucket+"/"+key]
}

func tagOf(bucket, key string, version int) string {
	sum := fnv.New128a()
	fmt.Fprintf(sum, "%s/%s %d", bucket, key, version)
	return fmt.Sprintf("%q", fmt.Sprintf("%x-3", sum.Sum(nil)))
}

func kindOf(name string) string {
	switch filepath.Ext(name) {
	case ".h5", ".hdf5", ".he5", ".HDF5":
		return "application/x-hdf5"
	case ".nc", ".nc4":
		return "application/x-netcdf"
	case ".tif":
		return "image/tiff"
	case ".json":
		return "application/json"
	case ".md5":
		return "text/plain"
	}
	return "binary/octet-stream"
}

// A made-up file at a version: a change by hand gives it other bytes of the same number.
func (w *world) made(bucket, key string, number uint64, size int64) *stored {
	version := w.version(bucket, key)
	return &stored{
		bucket: bucket, key: key, size: size, tag: tagOf(bucket, key, version), kind: kindOf(key),
		changed: time.Date(2025, 6, 2, 0, 0, version, 0, time.UTC),
		bytes:   content{seed: w.set().Seed + uint64(version)<<32, number: number, size: size},
	}
}

func (w *world) sizedFile(key string) *stored {
	number, rest, _ := strings.Cut(key, "/")
	size, err := strconv.ParseInt(strings.TrimSuffix(rest, filepath.Ext(rest)), 10, 64)
	counted, wrong := strconv.ParseUint(number, 10, 64)
	if err != nil || wrong != nil || size < 0 {
		return nil
	}
	return w.made(anyBucket, key, counted, size)
}

func (w *world) servedFile(key string) *stored {
	name, rest, _ := strings.Cut(key, "/")
	folder, known := w.served[name]
	if !known || !filepath.IsLocal(rest) {
		return nil
	}
	path := filepath.Join(folder, rest)
	told, err := os.Stat(path)
	if err != nil || told.IsDir() {
		return nil
	}
	version := w.version(servedBucket, key)
	return &stored{
		bucket: servedBucket, key: key, size: told.Size(), kind: kindOf(key), changed: told.ModTime().UTC().Truncate(time.Second),
		tag: tagOf(servedBucket, key, version+int(told.ModTime().UnixNano()%1_000_000)), bytes: fileBytes(path),
	}
}

// fileBytes reads a file by its path, and holds nothing open.
type fileBytes string

func (f fileBytes) ReadAt(into []byte, from int64) (int, error) {
	file, err := os.Open(string(f))
	if err != nil {
		return 0, fmt.Errorf("opening %s: %w", string(f), err)
	}
	defer file.Close()
	return file.ReadAt(into, from)
}

// The objects of a bucket whose keys begin so, in the order of their keys within each collection.
func (w *world) objectsOf(bucket, prefix string) iter.Seq[*stored] {
	return func(yield func(*stored) bool) {
		if bucket == servedBucket {
			w.walkServed(prefix, yield)
			return
		}
		for _, one := range w.listed() {
			all := one.ShortName + "/" + one.Version + "/"
			if one.Bucket != bucket || !strings.HasPrefix(all, prefix[:min(len(prefix), len(all))]) {
				continue
			}
			for at := range one.Granules {
				granule := one.granule(at)
				for _, file := range granule.files() {
					key := granule.key(file)
					if !strings.HasPrefix(key, prefix) {
						continue
					}
					if !yield(w.granuleFile(one, bucket, key)) {
						return
					}
				}
			}
		}
	}
}

func (w *world) walkServed(prefix string, yield func(*stored) bool) {
	for name, folder := range w.served {
		_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			inner, err := filepath.Rel(folder, path)
			if err != nil {
				return err
			}
			key := name + "/" + filepath.ToSlash(inner)
			if found := w.servedFile(key); found != nil && strings.HasPrefix(key, prefix) && !yield(found) {
				return fs.SkipAll
			}
			return nil
		})
	}
}
