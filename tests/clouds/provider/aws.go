package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// awsCloud is the provider `aws` against a stand-in.
type awsCloud struct {
	*awsClient
	defaultTags object
	kinds       map[string]kind
}

func newAWS() *awsCloud {
	a := &awsCloud{awsClient: newAWSClient("us-east-1"), defaultTags: object{}}
	a.kinds = map[string]kind{}
	for _, some := range []map[string]kind{
		a.networkKinds(), a.routeKinds(), a.securityKinds(), a.volumeKinds(), a.roleKinds(), a.policyKinds(), a.clusterKinds(), a.eksKinds(),
		a.fileSystemKinds(), a.bucketKinds(), a.serviceKinds(), a.templateKinds(), a.groupTagKinds(),
		a.recordKinds(), a.backupKinds(), a.exportKinds(),
	} {
		for typ, k := range some {
			a.kinds[typ] = k
		}
	}
	return a
}

func (a *awsCloud) kind(typ string) (kind, bool) { k, found := a.kinds[typ]; return k, found }

func (a *awsCloud) configure(config object) error {
	region := text(config["region"])
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region == "" {
			region = os.Getenv(name)
		}
	}
	if region == "" {
		return errors.New("no region: set it in the provider block")
	}
	a.region = region
	for _, b := range asList(config["default_tags"]) {
		a.defaultTags = object{}
		for key, value := range asObject(asObject(b)["tags"]) {
			a.defaultTags[key] = value
		}
	}
	allowed := stringsOf(config["allowed_account_ids"])
	if err := a.findAccount(allowed); err != nil {
		return err
	}
	if len(allowed) > 0 && !slices.Contains(allowed, a.account) {
		return fmt.Errorf("AWS account ID not allowed: %s", a.account)
	}
	if slices.Contains(stringsOf(config["forbidden_account_ids"]), a.account) {
		return fmt.Errorf("AWS account ID not allowed: %s", a.account)
	}
	return nil
}

// findAccount asks whose the credentials are. Without a stand-in it is the one that is allowed.
func (a *awsCloud) findAccount(allowed []string) error {
	if a.endpoint == "" {
		a.account = "123456789012"
		if len(allowed) > 0 {
			a.account = allowed[0]
		}
		return nil
	}
	found, err := a.query("sts", "GetCallerIdentity", nil)
	if err != nil {
		return fmt.Errorf("retrieving the AWS account: %w", err)
	}
	a.account = found.find("Account").text
	return nil
}

// complete sets the region, and the tags with those of the provider block.
func (a *awsCloud) complete(_ string, b *block, planned, _ object) {
	if attr := b.Attributes["region"]; attr != nil && attr.Computed && (planned["region"] == nil || isUnknown(planned["region"])) {
		planned["region"] = a.region
	}
	if b.Attributes["tags_all"] == nil {
		return
	}
	if hasUnknown(planned["tags"]) || hasUnknown(a.defaultTags) {
		planned["tags_all"] = unknown
		return
	}
	planned["tags_all"] = together(a.defaultTags, asObject(planned["tags"]))
}

func together(all ...object) object {
	out := object{}
	for _, one := range all {
		for key, value := range one {
			out[key] = value
		}
	}
	return out
}

// seenTags puts tags that an API tells into the state; those of the provider block are not repeated
// in a resource's own.
func (a *awsCloud) seenTags(c *call, live map[string]string) {
	all, own := object{}, object{}
	given := asObject(c.state["tags"])
	for key, value := range live {
		if strings.HasPrefix(key, "aws:") {
			continue
		}
		all[key] = value
		if _, mine := given[key]; mine || a.defaultTags[key] != value {
			own[key] = value
		}
	}
	if c.schema.Attributes["tags_all"] != nil {
		c.state["tags_all"] = all
	}
	if c.schema.Attributes["tags"] != nil && !same(given, own) && !(len(given) == 0 && len(own) == 0) {
		c.state["tags"] = own
	}
}

// tags are all tags that a resource is to have.
func (c *call) tags() object {
	if all := asObject(c.state["tags_all"]); all != nil {
		return all
	}
	return asObject(c.state["tags"])
}

// tagChange is what to set and what to take away in an update.
func (c *call) tagChange() (set object, drop []string) {
	before, after := asObject(c.prior["tags_all"]), c.tags()
	set = object{}
	for key, value := range after {
		if !same(before[key], value) {
			set[key] = value
		}
	}
	for _, key := range sortedKeys(before) {
		if _, kept := after[key]; !kept {
			drop = append(drop, key)
		}
	}
	return set, drop
}

func tagStrings(v any) map[string]string {
	out := map[string]string{}
	switch v := v.(type) {
	case object:
		for key, value := range v {
			out[key] = text(value)
		}
	case []any:
		for _, e := range v {
			o := asObject(e)
			for _, names := range [][2]string{{"Key", "Value"}, {"key", "value"}, {"TagKey", "TagValue"}} {
				if key, found := o[names[0]].(string); found {
					out[key] = text(o[names[1]])
				}
			}
		}
	}
	return out
}

// tagList is the form of most JSON APIs.
func tagList(tags object, key, value string) []any {
	out := []any{}
	for _, name := range sortedKeys(tags) {
		out = append(out, object{key: name, value: tags[name]})
	}
	return out
}

// putTags adds tags to a form: prefix.1.Key, prefix.1.Value.
func putTags(form url.Values, prefix string, tags object) {
	for i, key := range sortedKeys(tags) {
		form.Set(fmt.Sprintf("%s.%d.Key", prefix, i+1), key)
		form.Set(fmt.Sprintf("%s.%d.Value", prefix, i+1), text(tags[key]))
	}
}

func putList(form url.Values, prefix string, values []string) {
	for i, value := range values {
		form.Set(fmt.Sprintf("%s.%d", prefix, i+1), value)
	}
}

// arn makes the name of something in this account.
func (a *awsCloud) arn(service, resource string) string {
	region := a.region
	account := a.account
	if service == "iam" || service == "budgets" {
		region = ""
	}
	if service == "s3" {
		region, account = "", ""
	}
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, account, resource)
}

// nameOf is the name given, or one made from the prefix given.
func (c *call) nameOf(name string) string {
	if given := c.str(name); given != "" {
		return given
	}
	prefix := c.str(name + "_prefix")
	if prefix == "" {
		prefix = "terraform-"
	}
	made := prefix + randomHex(13)
	c.state[name] = made
	return made
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
