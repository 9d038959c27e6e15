package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const bucketPath = "/storage/v1/b/{name}"

var conditionMapping = mapping{
	names: map[string]string{"with_state": ""},
	skip:  paths("with_state", "send_age_if_zero", "send_num_newer_versions_if_zero", "send_days_since_custom_time_if_zero", "send_days_since_noncurrent_time_if_zero"),
}

func gcsBody(c *call) object {
	v := c.view()
	body := object{"labels": c.state["effective_labels"]}
	if c.prior == nil {
		body["name"], body["location"] = c.str("name"), c.str("location")
	}
	if v.has("storage_class") {
		body["storageClass"] = v.str("storage_class")
	}
	access := object{}
	if level := v.values["uniform_bucket_level_access"]; level != nil && !isUnknown(level) {
		access["uniformBucketLevelAccess"] = object{"enabled": level}
	}
	if v.has("public_access_prevention") {
		access["publicAccessPrevention"] = v.str("public_access_prevention")
	}
	if len(access) > 0 {
		body["iamConfiguration"] = access
	}
	if policy, found := v.block("soft_delete_policy"); found {
		body["softDeletePolicy"] = object{"retentionDurationSeconds": policy.str("retention_duration_seconds")}
	}
	if versioning, found := v.block("versioning"); found {
		body["versioning"] = object{"enabled": truth(versioning.values["enabled"])}
	}
	rules := gcsRules(v)
	if len(rules) > 0 || c.prior != nil {
		body["lifecycle"] = object{"rule": rules}
	}
	return body
}

func gcsRules(v view) []any {
	rules := []any{}
	for _, rule := range v.blocks("lifecycle_rule") {
		action, _ := rule.block("action")
		condition, _ := rule.block("condition")
		what := object{"type": action.str("type")}
		if action.has("storage_class") {
			what["storageClass"] = action.str("storage_class")
		}
		when := object{}
		if condition.schema != nil {
			for key, value := range conditionMapping.out(condition, "") {
				if !empty(value) {
					when[key] = value
				}
			}
		}
		rules = append(rules, object{"action": what, "condition": when})
	}
	return rules
}

func (g *googleCloud) bucketCreate(c *call) error {
	if _, err := g.do(http.MethodPost, "/storage/v1/b?project="+url.QueryEscape(c.str("project")), gcsBody(c)); err != nil {
		return err
	}
	c.state["id"] = c.str("name")
	return nil
}

func (g *googleCloud) bucketRead(c *call) error {
	live, err := g.send(http.MethodGet, c.located(bucketPath), nil)
	if err != nil {
		return err
	}
	v := c.view()
	c.state["id"] = c.str("name")
	if c.importing || !strings.EqualFold(v.str("location"), text(live["location"])) {
		v.seen("location", live["location"])
	}
	v.seen("storage_class", live["storageClass"], "STANDARD")
	access := asObject(live["iamConfiguration"])
	v.seen("uniform_bucket_level_access", asObject(access["uniformBucketLevelAccess"])["enabled"])
	v.seen("public_access_prevention", access["publicAccessPrevention"])
	if told := asObject(live["softDeletePolicy"]); told != nil {
		if policy, found := v.block("soft_delete_policy"); found {
			policy.seen("retention_duration_seconds", number64(told["retentionDurationSeconds"]))
		}
	}
	if told := asObject(live["versioning"]); told != nil {
		if versioning, found := v.block("versioning"); found {
			versioning.seen("enabled", truth(told["enabled"]))
		}
	}
	seenRules(v, asList(asObject(live["lifecycle"])["rule"]))
	seenLabels(c, asObject(live["labels"]))
	c.compute("self_link", live["selfLink"])
	c.compute("url", "gs://"+c.str("name"))
	c.compute("project_number", number64(live["projectNumber"]))
	return nil
}

func (g *googleCloud) bucketImported(c *call, id string) {
	c.state["id"], c.state["name"], c.state["project"] = lastOf(id), lastOf(id), g.project
}

func seenRules(v view, live []any) {
	if sameElements(gcsRules(v), live) {
		return
	}
	n := v.schema.Blocks["lifecycle_rule"].Block
	rules := []any{}
	for _, e := range live {
		rule, action, condition := emptyBlock(n), emptyBlock(n.Blocks["action"].Block), emptyBlock(n.Blocks["condition"].Block)
		told := asObject(asObject(e)["action"])
		action["type"], action["storage_class"] = told["type"], told["storageClass"]
		conditionMapping.in(view{condition, n.Blocks["condition"].Block, true}, "", asObject(asObject(e)["condition"]))
		rule["action"], rule["condition"] = []any{action}, []any{condition}
		rules = append(rules, rule)
	}
	v.values["lifecycle_rule"] = rules
}

func (g *googleCloud) bucketUpdate(c *call) error {
	body := gcsBody(c)
	labels := object{}
	for key := range asObject(c.prior["effective_labels"]) {
		labels[key] = nil
	}
	body["labels"] = together(labels, asObject(c.state["effective_labels"]))
	_, err := g.do(http.MethodPatch, c.located(bucketPath), body)
	return err
}

func (g *googleCloud) bucketDelete(c *call) error {
	at := c.located(bucketPath)
	for {
		listed, err := g.send(http.MethodGet, at+"/o?versions=true", nil)
		if err != nil {
			return err
		}
		objects := asList(listed["items"])
		if len(objects) == 0 {
			break
		}
		if c.state["force_destroy"] != true {
			return fmt.Errorf("Error trying to delete bucket %s containing objects without `force_destroy` set to true", c.str("name"))
		}
		for _, e := range objects {
			o := asObject(e)
			path := at + "/o/" + url.PathEscape(text(o["name"])) + "?generation=" + text(o["generation"])
			if _, err := g.send(http.MethodDelete, path, nil); err != nil && !errors.Is(err, errGone) {
				return err
			}
		}
	}
	_, err := g.do(http.MethodDelete, at, nil)
	return err
}
