package main

import (
	"errors"
	"net/http"
)

var groupMapping = mapping{
	names: map[string]string{
		"node_group_name": "nodegroupName", "node_role_arn": "nodeRole", "subnet_ids": "subnets", "taint": "taints", "arn": "nodegroupArn",
	},
	skip: paths("id", "tags", "tags_all", "region", "cluster_name", "node_group_name_prefix", "force_update_version", "resources"),
}

func (a *awsCloud) groupCreate(c *call) error {
	name := c.nameOf("node_group_name")
	body := groupMapping.out(c.view(), "")
	body["tags"] = c.tags()
	if template := asObject(body["launchTemplate"]); text(template["id"]) != "" {
		delete(template, "name")
	}
	if _, err := a.eks(http.MethodPost, eksPath(c, "node-groups"), body); err != nil {
		return err
	}
	c.state["id"] = c.str("cluster_name") + ":" + name
	return a.waitActive(eksPath(c, "node-groups", name), "nodegroup")
}

func (a *awsCloud) groupRead(c *call) error {
	answer, err := a.eks(http.MethodGet, eksPath(c, "node-groups", c.str("node_group_name")), nil)
	if err != nil {
		return err
	}
	live := asObject(answer["nodegroup"])
	v := c.view()
	groupMapping.in(v, "", live)
	resources := asObject(live["resources"])
	groups := []any{}
	for _, e := range asList(resources["autoScalingGroups"]) {
		groups = append(groups, object{"name": asObject(e)["name"]})
	}
	v.seen("resources", []any{object{"autoscaling_groups": groups, "remote_access_security_group_id": resources["remoteAccessSecurityGroup"]}})
	a.seenTags(c, tagStrings(live["tags"]))
	return nil
}

func (a *awsCloud) groupUpdate(c *call) error {
	if err := a.restTags(c); err != nil {
		return err
	}
	path := eksPath(c, "node-groups", c.str("node_group_name"))
	all := groupMapping.out(c.view(), "")
	if c.changed("version", "release_version", "launch_template") {
		body := object{}
		for _, key := range []string{"version", "releaseVersion", "launchTemplate"} {
			if all[key] != nil {
				body[key] = all[key]
			}
		}
		if template := asObject(body["launchTemplate"]); text(template["id"]) != "" {
			delete(template, "name")
		}
		_, err := a.eks(http.MethodPost, path+"/update-version", body)
		if errors.Is(err, errNoAPI) {
			return a.groupAnew(c, path)
		}
		if err == nil {
			err = a.waitActive(path, "nodegroup")
		}
		if err != nil {
			return err
		}
	}
	body := object{}
	for name, key := range map[string]string{"scaling_config": "scalingConfig", "update_config": "updateConfig", "node_repair_config": "nodeRepairConfig"} {
		if c.changed(name) && all[key] != nil {
			body[key] = all[key]
		}
	}
	if c.changed("labels") {
		body["labels"] = object{"addOrUpdateLabels": c.state["labels"], "removeLabels": anyOf(missingKeys(c.prior["labels"], c.state["labels"]))}
	}
	if c.changed("taint") {
		body["taints"] = taintChange(groupMapping.out(view{c.prior, c.schema, false}, ""), all)
	}
	if len(body) == 0 {
		return nil
	}
	if _, err := a.eks(http.MethodPost, path+"/update-config", body); err != nil {
		return missing(err, "UpdateNodegroupConfig")
	}
	return a.waitActive(path, "nodegroup")
}

// groupAnew brings a new version about where the stand-in has no UpdateNodegroupVersion: a group of the
// same name with what is wanted now.
func (a *awsCloud) groupAnew(c *call, path string) error {
	if _, err := a.eks(http.MethodDelete, path, nil); err != nil {
		return err
	}
	if err := a.waitGone(path, "node group"); err != nil {
		return err
	}
	return a.groupCreate(c)
}

func missingKeys(before, after any) []string {
	var out []string
	kept := asObject(after)
	for _, key := range sortedKeys(asObject(before)) {
		if _, found := kept[key]; !found {
			out = append(out, key)
		}
	}
	return out
}

func taintChange(before, after object) object {
	kept := map[string]bool{}
	for _, e := range asList(after["taints"]) {
		kept[text(asObject(e)["key"])] = true
	}
	var drop []any
	for _, e := range asList(before["taints"]) {
		if !kept[text(asObject(e)["key"])] {
			drop = append(drop, e)
		}
	}
	change := object{}
	if after["taints"] != nil {
		change["addOrUpdateTaints"] = after["taints"]
	}
	if len(drop) > 0 {
		change["removeTaints"] = drop
	}
	return change
}

// part is a thing in a cluster whose API is the usual one; where the stand-in has none of it, the
// resource lives in the state.
type part struct {
	mapping mapping
	// unread are blocks that the API answers in another form.
	unread map[string]bool
	// slow is for what has a status and takes its time.
	slow bool
	// list is the key of a list, for what the API does not describe one by one.
	list string
	// key is the argument by which it is found, or the attribute that the answer has it in.
	key, answer string
	// where is the collection, for those of something else in a cluster.
	where func(c *call) []string
}

func (a *awsCloud) eksKinds() map[string]kind {
	skip := paths("id", "tags", "tags_all", "region", "cluster_name")
	with := func(more ...string) map[string]bool {
		out := paths(more...)
		for path := range skip {
			out[path] = true
		}
		return out
	}
	addon := part{
		mapping: mapping{
			names: map[string]string{"pod_identity_association": "podIdentityAssociations", "arn": "addonArn", "created_at": "createdAt"},
			skip:  with("resolve_conflicts", "resolve_conflicts_on_create", "resolve_conflicts_on_update", "preserve", "created_at", "modified_at"),
		},
		unread: paths("pod_identity_association"), slow: true,
		where: func(*call) []string { return []string{"addons"} }, key: "addon_name", answer: "addon",
	}
	entry := part{
		mapping: mapping{names: map[string]string{"user_name": "username", "access_entry_arn": "accessEntryArn"}, skip: with("created_at", "modified_at")},
		where:   func(*call) []string { return []string{"access-entries"} }, key: "principal_arn", answer: "accessEntry",
	}
	policy := part{
		mapping: mapping{skip: with("principal_arn", "associated_at", "modified_at")},
		where:   func(c *call) []string { return []string{"access-entries", c.str("principal_arn"), "access-policies"} },
		key:     "policy_arn", answer: "associatedAccessPolicy", list: "associatedAccessPolicies",
	}
	pods := part{
		mapping: mapping{skip: with()},
		where:   func(*call) []string { return []string{"pod-identity-associations"} }, key: "association_id", answer: "association",
	}
	return map[string]kind{
		"aws_eks_node_group":                {create: a.groupCreate, read: a.groupRead, update: a.groupUpdate, delete: a.groupDelete},
		"aws_eks_addon":                     a.partKind(addon),
		"aws_eks_access_entry":              a.partKind(entry),
		"aws_eks_access_policy_association": a.partKind(policy),
		"aws_eks_pod_identity_association":  a.partKind(pods),
	}
}

func (a *awsCloud) groupDelete(c *call) error {
	path := eksPath(c, "node-groups", c.str("node_group_name"))
	if _, err := a.eks(http.MethodDelete, path, nil); err != nil {
		return err
	}
	return a.waitGone(path, "node group")
}

func (a *awsCloud) partKind(p part) kind {
	at := func(c *call) string { return eksPath(c, append(p.where(c), c.str(p.key))...) }
	return kind{
		create: func(c *call) error {
			body := p.mapping.out(c.view(), "")
			if c.schema.Attributes["tags"] != nil {
				body["tags"] = c.tags()
			}
			answer, err := a.eks(http.MethodPost, eksPath(c, p.where(c)...), body)
			if err != nil {
				return err
			}
			made := asObject(answer[p.answer])
			if id := text(made["associationId"]); id != "" {
				c.state["association_id"] = id
			}
			a.paperID(c)
			if !p.slow {
				return nil
			}
			return a.waitActive(at(c), p.answer)
		},
		read: func(c *call) error {
			live, err := a.partRead(p, c, at(c))
			if err != nil {
				return err
			}
			reading := p.mapping
			reading.skip = together2(reading.skip, p.unread)
			reading.in(c.view(), "", live)
			if live["tags"] != nil {
				a.seenTags(c, tagStrings(live["tags"]))
			}
			return nil
		},
		update: func(c *call) error {
			path := at(c)
			if c.schema.Attributes["tags_all"] != nil && c.changed("tags_all") && a.arnOf(c) != "" {
				if err := a.restTags(c); err != nil {
					return err
				}
			}
			if onlyTags(c.prior, c.state) {
				return nil
			}
			if p.slow {
				path += "/update"
			}
			if _, err := a.eks(http.MethodPost, path, p.mapping.out(c.view(), "")); err != nil || !p.slow {
				return err
			}
			return a.waitActive(at(c), p.answer)
		},
		delete: func(c *call) error {
			if _, err := a.eks(http.MethodDelete, at(c), nil); err != nil || !p.slow {
				return err
			}
			return a.waitGone(at(c), c.name())
		},
	}
}

// arnOf is the ARN that tags are changed by: it is not called so everywhere.
func (a *awsCloud) arnOf(c *call) string {
	for _, name := range []string{"arn", "association_arn", "access_entry_arn"} {
		if arn := c.str(name); arn != "" {
			return arn
		}
	}
	return ""
}

func (a *awsCloud) partRead(p part, c *call, path string) (object, error) {
	if p.list == "" {
		answer, err := a.eks(http.MethodGet, path, nil)
		return asObject(answer[p.answer]), err
	}
	answer, err := a.eks(http.MethodGet, eksPath(c, p.where(c)...), nil)
	if err != nil {
		return nil, err
	}
	for _, e := range asList(answer[p.list]) {
		if one := asObject(e); one[p.mapping.name(p.key, p.key)] == c.state[p.key] {
			return one, nil
		}
	}
	return nil, errGone
}
