package main

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

// blob is one generation of an object in a bucket.
type blob struct {
	meta object
	data []byte
	live bool
}

func decimal(value int) string {
	return strconv.Itoa(value)
}

func (w *world) registerBlobs() {
	item := bucketsPath + "/{id}/o"
	w.on(storageAPI, "GET", item, listBlobs)
	w.on(storageAPI, "GET", item+"/{object}", getBlob)
	w.on(storageAPI, "PATCH", item+"/{object}", patchBlob)
	w.on(storageAPI, "DELETE", item+"/{object}", deleteBlob)
	w.on(storageAPI, "GET", "/download"+item+"/{object}", getBlob)
	for _, path := range []string{"/upload" + item, "/resumable/upload" + item} {
		w.on(storageAPI, "POST", path, upload).upload = true
		w.on(storageAPI, "PUT", path, finishUpload).upload = true
	}
	// The XML API, by which Google's Go library reads.
	for _, depth := range []string{"/{object}", "/{o1}/{object}", "/{o1}/{o2}/{object}", "/{o1}/{o2}/{o3}/{object}"} {
		w.on(storageAPI, "GET", "/{id}"+depth, readBlob)
		w.on(storageAPI, "HEAD", "/{id}"+depth, readBlob)
	}
}

func (c *call) object() string {
	return c.params["object"]
}

// The generation that a request asks for: the live one unless it says another.
func (c *call) blob() (*blob, error) {
	if _, err := c.bucket(); err != nil {
		return nil, err
	}
	wanted := c.query.Get("generation")
	for _, one := range c.blobs[c.params["id"]] {
		if text(one.meta, "name") == c.object() && (wanted == "" && one.live || wanted != "" && wanted == text(one.meta, "generation")) {
			return one, nil
		}
	}
	return nil, notFound("No such object: %s/%s", c.params["id"], c.object())
}

func listBlobs(c *call) (any, error) {
	if _, err := c.bucket(); err != nil {
		return nil, err
	}
	prefix, delimiter := c.query.Get("prefix"), c.query.Get("delimiter")
	var found []*blob
	folders := map[string]bool{}
	for _, one := range c.blobs[c.params["id"]] {
		rest, inside := strings.CutPrefix(text(one.meta, "name"), prefix)
		if !inside || !one.live && c.query.Get("versions") != "true" {
			continue
		}
		if folder, _, deeper := strings.Cut(rest, delimiter); delimiter != "" && deeper {
			folders[prefix+folder+delimiter] = true
			continue
		}
		found = append(found, one)
	}
	sort.SliceStable(found, func(left, right int) bool { return text(found[left].meta, "name") < text(found[right].meta, "name") })
	page, next, err := c.page(len(found), "maxResults")
	if err != nil {
		return nil, err
	}
	list := object{"kind": "storage#objects"}
	items := []any{}
	for _, one := range found[page[0]:page[1]] {
		items = append(items, one.meta)
	}
	if len(items) > 0 {
		list["items"] = items
	}
	if len(folders) > 0 {
		list["prefixes"] = sortedKeys(folders)
	}
	if next != "" {
		list["nextPageToken"] = next
	}
	return list, nil
}

func getBlob(c *call) (any, error) {
	if c.query.Get("alt") == "media" || strings.HasPrefix(c.key, "/download/") {
		return readBlob(c)
	}
	found, err := c.blob()
	if err != nil {
		return nil, err
	}
	return found.meta, nil
}

func readBlob(c *call) (any, error) {
	if before := parentOf(strings.TrimPrefix(c.key, "/"+c.params["id"]+"/")); c.params["o1"] != "" && before != "" {
		c.params["object"] = before + "/" + c.object()
	}
	found, err := c.blob()
	if err != nil {
		return nil, err
	}
	return answer{status: http.StatusOK, raw: found.data, header: map[string]string{
		"Content-Type": text(found.meta, "contentType"), "ETag": text(found.meta, "etag"),
		"X-Goog-Generation": text(found.meta, "generation"), "X-Goog-Metageneration": text(found.meta, "metageneration"),
		"X-Goog-Hash": "crc32c=" + text(found.meta, "crc32c") + ",md5=" + text(found.meta, "md5Hash"),
	}}, nil
}

func patchBlob(c *call) (any, error) {
	found, err := c.blob()
	if err != nil {
		return nil, err
	}
	merge(found.meta, c.body)
	grow(found.meta)
	return found.meta, nil
}

// Without versioning a deletion is for good; with it the live generation becomes an old one.
func deleteBlob(c *call) (any, error) {
	found, err := c.blob()
	if err != nil {
		return nil, err
	}
	if err := c.preconditions(found); err != nil {
		return nil, err
	}
	if c.versioned() && c.query.Get("generation") == "" {
		found.live = false
		found.meta["timeDeleted"] = c.time()
		return nothing{}, nil
	}
	c.dropBlob(found)
	return nothing{}, nil
}

func (c *call) dropBlob(gone *blob) {
	kept := []*blob{}
	for _, one := range c.blobs[c.params["id"]] {
		if one != gone {
			kept = append(kept, one)
		}
	}
	c.blobs[c.params["id"]] = kept
}

func (c *call) versioned() bool {
	bucket := c.store.at(bucketsPath + "/" + c.params["id"])
	return objectAt(bucket, "versioning")["enabled"] == true
}

// Generation 0 means that there must be no live object: what a lock rests on.
func (c *call) preconditions(live *blob) error {
	wanted := c.query.Get("ifGenerationMatch")
	if wanted == "" {
		return nil
	}
	there := "0"
	if live != nil {
		there = text(live.meta, "generation")
	}
	if wanted != there {
		return conditionNotMet("At least one of the pre-conditions you specified did not hold.")
	}
	return nil
}

func upload(c *call) (any, error) {
	if _, err := c.bucket(); err != nil {
		return nil, err
	}
	meta := object{}
	switch c.query.Get("uploadType") {
	case "media":
		return c.keepBlob(meta, c.raw, c.request.Header.Get("Content-Type"))
	case "resumable":
		if len(c.raw) > 0 {
			if err := json.Unmarshal(c.raw, &meta); err != nil {
				return nil, invalid("Invalid JSON payload received. %v", err)
			}
		}
		return c.openUpload(meta), nil
	case "multipart":
		return c.uploadParts()
	}
	return nil, invalid("Invalid upload type '%s'.", c.query.Get("uploadType"))
}

func (c *call) uploadParts() (any, error) {
	_, told, err := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if err != nil {
		return nil, invalid("Bad multipart body: %v", err)
	}
	reader := multipart.NewReader(bytes.NewReader(c.raw), told["boundary"])
	var parts [][]byte
	kind := ""
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, invalid("Bad multipart body: %v", err)
		}
		kind = part.Header.Get("Content-Type")
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, invalid("Bad multipart body: %v", err)
		}
		parts = append(parts, data)
	}
	meta := object{}
	if len(parts) != 2 || json.Unmarshal(parts[0], &meta) != nil {
		return nil, invalid("A multipart upload has two parts: metadata and data.")
	}
	return c.keepBlob(meta, parts[1], kind)
}

// The address at which the data of a resumable upload are put; its session is in the query.
func (c *call) openUpload(meta object) answer {
	session := c.number()
	if name := c.query.Get("name"); name != "" {
		meta["name"] = name
	}
	c.store.put("/_uploads/"+session, object{"meta": meta, "ifGenerationMatch": c.query.Get("ifGenerationMatch"), "data": ""})
	return answer{status: http.StatusOK, header: map[string]string{
		"Location":             c.link("/upload" + bucketsPath + "/" + c.params["id"] + "/o?uploadType=resumable&upload_id=" + session),
		"X-Guploader-Uploadid": session,
	}}
}

func finishUpload(c *call) (any, error) {
	path := "/_uploads/" + c.query.Get("upload_id")
	session := c.store.at(path)
	if session == nil {
		return nil, notFound("There is no such upload.")
	}
	data := text(session, "data") + string(c.raw)
	if length := c.request.Header.Get("Content-Range"); strings.HasSuffix(length, "/*") && len(c.raw) > 0 {
		session["data"] = data
		return answer{status: http.StatusPermanentRedirect, header: map[string]string{"Range": "bytes=0-" + decimal(len(data)-1)}}, nil
	}
	c.store.remove(path)
	c.query.Set("ifGenerationMatch", text(session, "ifGenerationMatch"))
	return c.keepBlob(objectAt(session, "meta"), []byte(data), "")
}

func (c *call) keepBlob(meta object, data []byte, kind string) (any, error) {
	if name := c.query.Get("name"); name != "" {
		meta["name"] = name
	}
	c.params["object"] = text(meta, "name")
	if c.object() == "" {
		return nil, invalid("Required object name")
	}
	before, _ := c.blob()
	if err := c.preconditions(before); err != nil {
		return nil, err
	}
	if before != nil && c.versioned() {
		before.live = false
	} else if before != nil {
		c.dropBlob(before)
	}
	made := &blob{meta: meta, data: data, live: true}
	c.describe(made, kind)
	c.blobs[c.params["id"]] = append(c.blobs[c.params["id"]], made)
	return made.meta, nil
}

func (c *call) describe(made *blob, kind string) {
	if kind == "" {
		kind = "application/octet-stream"
	}
	sum := md5.Sum(made.data)
	check := binary.BigEndian.AppendUint32(nil, crc32.Checksum(made.data, crc32.MakeTable(crc32.Castagnoli)))
	generation := c.number()
	bucket := c.params["id"]
	fallback(made.meta, object{"contentType": kind})
	for field, value := range (object{
		"kind": "storage#object", "id": bucket + "/" + c.object() + "/" + generation, "bucket": bucket,
		"generation": generation, "metageneration": "1", "size": decimal(len(made.data)), "storageClass": "STANDARD",
		"timeCreated": c.time(), "updated": c.time(), "etag": "CJ" + generation,
		"md5Hash": base64.StdEncoding.EncodeToString(sum[:]), "crc32c": base64.StdEncoding.EncodeToString(check),
	}) {
		made.meta[field] = value
	}
}
