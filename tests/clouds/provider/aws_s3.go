package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

func (a *awsCloud) bucketKinds() map[string]kind {
	named := func(c *call, id string) { c.state["bucket"] = id }
	return map[string]kind{
		"aws_s3_bucket":                                      {create: a.bucketCreate, read: a.bucketRead, update: a.bucketUpdate, delete: a.bucketDelete, imported: named},
		"aws_s3_bucket_versioning":                           a.bucketPart("versioning", versioningOut, versioningIn, true),
		"aws_s3_bucket_lifecycle_configuration":              a.bucketPart("lifecycle", expiryOut, expiryIn, false),
		"aws_s3_bucket_public_access_block":                  a.bucketPart("publicAccessBlock", accessOut, accessIn, false),
		"aws_s3_bucket_server_side_encryption_configuration": a.bucketPart("encryption", encryptionOut, encryptionIn, false),
		"aws_s3_bucket_ownership_controls":                   a.bucketPart("ownershipControls", ownershipOut, ownershipIn, false),
		"aws_s3_bucket_policy": {
			create: a.bucketPolicyPut, update: a.bucketPolicyPut, read: a.bucketPolicyRead, imported: named,
			delete: func(c *call) error {
				_, err := a.s3(http.MethodDelete, c.str("bucket"), "policy", "")
				return err
			},
		},
	}
}

// s3 calls a bucket, or its part that a query names.
func (a *awsCloud) s3(method, bucket, query, body string) (*node, error) {
	path := "/" + bucket
	if query != "" {
		path += "?" + query
	}
	content, err := a.send("s3", method, path, http.Header{"Content-Type": {"application/xml"}}, []byte(body))
	if err != nil {
		return nil, goneAs(err)
	}
	if len(content) == 0 || content[0] != '<' {
		return &node{text: string(content)}, nil
	}
	return parseXML(content)
}

func escaped(v any) string {
	var out strings.Builder
	xml.EscapeText(&out, []byte(text(v)))
	return out.String()
}

func element(name string, value any) string {
	if empty(value) && value != false {
		return ""
	}
	return "<" + name + ">" + escaped(value) + "</" + name + ">"
}

func (a *awsCloud) bucketCreate(c *call) error {
	name := c.nameOf("bucket")
	body := ""
	if a.region != "us-east-1" {
		body = "<CreateBucketConfiguration>" + element("LocationConstraint", a.region) + "</CreateBucketConfiguration>"
	}
	if _, err := a.s3(http.MethodPut, name, "", body); err != nil {
		return err
	}
	c.state["id"] = name
	return a.bucketTags(c)
}

func (a *awsCloud) bucketTags(c *call) error {
	tags := c.tags()
	if len(tags) == 0 {
		if c.prior == nil {
			return nil
		}
		_, err := a.s3(http.MethodDelete, c.str("bucket"), "tagging", "")
		return err
	}
	body := "<Tagging><TagSet>"
	for _, key := range sortedKeys(tags) {
		body += "<Tag>" + element("Key", key) + "<Value>" + escaped(tags[key]) + "</Value></Tag>"
	}
	_, err := a.s3(http.MethodPut, c.str("bucket"), "tagging", body+"</TagSet></Tagging>")
	return err
}

func (a *awsCloud) bucketRead(c *call) error {
	name := c.str("id")
	if _, err := a.s3(http.MethodHead, name, "", ""); err != nil {
		return err
	}
	c.state["bucket"] = name
	c.compute("arn", a.arn("s3", name))
	c.compute("region", a.region)
	c.compute("bucket_region", a.region)
	c.compute("bucket_domain_name", name+".s3.amazonaws.com")
	c.compute("bucket_regional_domain_name", name+".s3."+a.region+".amazonaws.com")
	tagging, err := a.s3(http.MethodGet, name, "tagging", "")
	if errors.Is(err, errGone) {
		a.seenTags(c, nil)
		return nil
	}
	if err != nil {
		return err
	}
	a.seenTags(c, tagging.tags("TagSet.Tag", "Key", "Value"))
	return nil
}

func (a *awsCloud) bucketUpdate(c *call) error {
	if !c.changed("tags_all") {
		return nil
	}
	return a.bucketTags(c)
}

// bucketDelete empties a bucket that may be: S3 refuses to delete one that is not empty.
func (a *awsCloud) bucketDelete(c *call) error {
	name := c.str("id")
	listed, err := a.s3(http.MethodGet, name, "versions", "")
	if err != nil {
		return err
	}
	versions := append(listed.all("Version"), listed.all("DeleteMarker")...)
	if len(versions) > 0 && !truth(c.state["force_destroy"]) {
		return fmt.Errorf("api error BucketNotEmpty: The bucket you tried to delete is not empty: %s", name)
	}
	for len(versions) > 0 {
		for _, v := range versions {
			query := ""
			if id := v.at("VersionId"); id != "" && id != "null" {
				query = "versionId=" + url.QueryEscape(id)
			}
			if _, err := a.s3(http.MethodDelete, name+"/"+(&url.URL{Path: v.at("Key")}).EscapedPath(), query, ""); err != nil {
				return err
			}
		}
		if listed, err = a.s3(http.MethodGet, name, "versions", ""); err != nil {
			return err
		}
		versions = append(listed.all("Version"), listed.all("DeleteMarker")...)
	}
	_, err = a.s3(http.MethodDelete, name, "", "")
	return err
}

// bucketPart is a setting of a bucket that is a resource of its own.
func (a *awsCloud) bucketPart(query string, out func(v view) string, in func(v view, n *node) error, stays bool) kind {
	put := func(c *call) error {
		_, err := a.s3(http.MethodPut, c.str("bucket"), query, out(c.view()))
		if err == nil {
			c.state["id"] = c.str("bucket")
		}
		return err
	}
	return kind{
		create: put,
		update: put,
		read: func(c *call) error {
			answer, err := a.s3(http.MethodGet, c.str("bucket"), query, "")
			if err != nil {
				return err
			}
			return in(c.view(), answer)
		},
		delete: func(c *call) error {
			if stays {
				return nil
			}
			_, err := a.s3(http.MethodDelete, c.str("bucket"), query, "")
			return err
		},
		imported: func(c *call, id string) { c.state["bucket"] = id },
	}
}

func versioningOut(v view) string {
	config, _ := v.block("versioning_configuration")
	return "<VersioningConfiguration>" + element("Status", config.values["status"]) + "</VersioningConfiguration>"
}

func versioningIn(v view, n *node) error {
	status := n.at("Status")
	if status == "" {
		status = "Disabled"
	}
	if config, found := v.block("versioning_configuration"); found {
		config.seen("status", status)
	}
	return nil
}

var accessNames = map[string]string{
	"block_public_acls": "BlockPublicAcls", "block_public_policy": "BlockPublicPolicy",
	"ignore_public_acls": "IgnorePublicAcls", "restrict_public_buckets": "RestrictPublicBuckets",
}

func accessOut(v view) string {
	body := "<PublicAccessBlockConfiguration>"
	for _, name := range sortedKeys(accessNames) {
		body += element(accessNames[name], truth(v.values[name]))
	}
	return body + "</PublicAccessBlockConfiguration>"
}

func accessIn(v view, n *node) error {
	for name, key := range accessNames {
		v.seen(name, strings.EqualFold(n.at(key), "true"))
	}
	return nil
}

func encryptionOut(v view) string {
	body := "<ServerSideEncryptionConfiguration>"
	for _, rule := range v.blocks("rule") {
		body += "<Rule>"
		if standard, found := rule.block("apply_server_side_encryption_by_default"); found {
			body += "<ApplyServerSideEncryptionByDefault>" + element("SSEAlgorithm", standard.values["sse_algorithm"]) +
				element("KMSMasterKeyID", standard.values["kms_master_key_id"]) + "</ApplyServerSideEncryptionByDefault>"
		}
		body += element("BucketKeyEnabled", truth(rule.values["bucket_key_enabled"])) + "</Rule>"
	}
	return body + "</ServerSideEncryptionConfiguration>"
}

func encryptionIn(v view, n *node) error {
	live := n.all("Rule")
	rules := v.blocks("rule")
	if len(live) == 0 {
		return errGone
	}
	for i, rule := range rules {
		if i >= len(live) {
			break
		}
		if standard, found := rule.block("apply_server_side_encryption_by_default"); found {
			standard.seen("sse_algorithm", live[i].maybe("ApplyServerSideEncryptionByDefault.SSEAlgorithm"))
			standard.seen("kms_master_key_id", live[i].maybe("ApplyServerSideEncryptionByDefault.KMSMasterKeyID"))
		}
	}
	return nil
}

func ownershipOut(v view) string {
	rule, _ := v.block("rule")
	return "<OwnershipControls><Rule>" + element("ObjectOwnership", rule.values["object_ownership"]) + "</Rule></OwnershipControls>"
}

func ownershipIn(v view, n *node) error {
	if rule, found := v.block("rule"); found {
		rule.seen("object_ownership", n.at("Rule.ObjectOwnership"))
	}
	return nil
}

// Parts of a lifecycle rule: the block, its element, and its arguments with theirs.
var expiryParts = []struct {
	block, element string
	names          map[string]string
}{
	{"expiration", "Expiration", map[string]string{"days": "Days", "date": "Date", "expired_object_delete_marker": "ExpiredObjectDeleteMarker"}},
	{"noncurrent_version_expiration", "NoncurrentVersionExpiration", map[string]string{"noncurrent_days": "NoncurrentDays", "newer_noncurrent_versions": "NewerNoncurrentVersions"}},
	{"abort_incomplete_multipart_upload", "AbortIncompleteMultipartUpload", map[string]string{"days_after_initiation": "DaysAfterInitiation"}},
	{"transition", "Transition", map[string]string{"days": "Days", "date": "Date", "storage_class": "StorageClass"}},
}

func expiryOut(v view) string {
	body := "<LifecycleConfiguration>"
	for _, rule := range v.blocks("rule") {
		body += "<Rule>" + element("ID", rule.values["id"]) + element("Status", rule.values["status"])
		prefix := rule.str("prefix")
		if filter, found := rule.block("filter"); found {
			prefix = filter.str("prefix")
		}
		body += "<Filter><Prefix>" + escaped(prefix) + "</Prefix></Filter>"
		for _, p := range expiryParts {
			for _, inner := range rule.blocks(p.block) {
				body += "<" + p.element + ">"
				for _, name := range sortedKeys(p.names) {
					if inner.has(name) {
						body += element(p.names[name], inner.values[name])
					}
				}
				body += "</" + p.element + ">"
			}
		}
		body += "</Rule>"
	}
	return body + "</LifecycleConfiguration>"
}

// expiryIn compares rule by rule; rules that someone added or took away show as the whole list.
func expiryIn(v view, n *node) error {
	live := map[string]*node{}
	for _, rule := range n.all("Rule") {
		live[rule.at("ID")] = rule
	}
	rules := v.blocks("rule")
	sameRules := len(rules) == len(live)
	for _, rule := range rules {
		sameRules = sameRules && live[rule.str("id")] != nil
	}
	if !sameRules {
		v.values["rule"] = liveRules(v, n)
		return nil
	}
	for _, rule := range rules {
		found := live[rule.str("id")]
		rule.seen("status", found.at("Status"))
		for _, p := range expiryParts {
			told := found.all(p.element)
			given := rule.blocks(p.block)
			if len(told) != len(given) {
				rule.values[p.block] = liveParts(rule.schema.Blocks[p.block].Block, p.names, told)
				continue
			}
			for i, inner := range given {
				for name, key := range p.names {
					inner.seen(name, told[i].maybe(key))
				}
			}
		}
	}
	return nil
}

func liveRules(v view, n *node) []any {
	inner := v.schema.Blocks["rule"].Block
	out := []any{}
	for _, rule := range n.all("Rule") {
		made := emptyBlock(inner)
		made["id"], made["status"] = rule.at("ID"), rule.at("Status")
		if filters := rule.all("Filter"); len(filters) > 0 {
			filter := emptyBlock(inner.Blocks["filter"].Block)
			if prefix := rule.at("Filter.Prefix"); prefix != "" {
				filter["prefix"] = prefix
			}
			made["filter"] = []any{filter}
		}
		for _, p := range expiryParts {
			made[p.block] = liveParts(inner.Blocks[p.block].Block, p.names, rule.all(p.element))
		}
		out = append(out, made)
	}
	return out
}

func liveParts(b *block, names map[string]string, told []*node) []any {
	out := []any{}
	for _, n := range told {
		made := emptyBlock(b)
		for name, key := range names {
			if value := n.at(key); value != "" && b.Attributes[name] != nil {
				made[name] = typed(b.Attributes[name], value)
			}
		}
		out = append(out, made)
	}
	return out
}

func (a *awsCloud) bucketPolicyPut(c *call) error {
	_, err := a.s3(http.MethodPut, c.str("bucket"), "policy", c.str("policy"))
	if err == nil {
		c.state["id"] = c.str("bucket")
	}
	return err
}

func (a *awsCloud) bucketPolicyRead(c *call) error {
	answer, err := a.s3(http.MethodGet, c.str("bucket"), "policy", "")
	if err == nil {
		c.view().seen("policy", answer.text)
	}
	return err
}
