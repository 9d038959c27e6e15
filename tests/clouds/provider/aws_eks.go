package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var clusterMapping = mapping{
	names: map[string]string{"vpc_config": "resourcesVpcConfig"},
	skip: paths("id", "tags", "tags_all", "region", "enabled_cluster_log_types", "encryption_config.provider", "certificate_authority", "identity",
		"created_at", "cluster_id", "vpc_config.cluster_security_group_id", "vpc_config.vpc_id"),
	lists: paths("encryption_config"),
}

func (a *awsCloud) clusterKinds() map[string]kind {
	return map[string]kind{
		"aws_eks_cluster": {create: a.clusterCreate, read: a.clusterRead, update: a.clusterUpdate, delete: a.clusterDelete},
	}
}

func (a *awsCloud) eks(method, path string, body object) (object, error) {
	answer, err := a.rest("eks", method, path, body)
	return answer, goneAs(err)
}

func logTypes(types []string) object {
	return object{"clusterLogging": []any{object{"types": anyOf(types), "enabled": true}}}
}

func (a *awsCloud) clusterCreate(c *call) error {
	body := clusterMapping.out(c.view(), "")
	body["tags"] = c.tags()
	if types := stringsOf(c.state["enabled_cluster_log_types"]); len(types) > 0 {
		body["logging"] = logTypes(types)
	}
	for i, encryption := range c.view().blocks("encryption_config") {
		if provider, found := encryption.block("provider"); found {
			asObject(asList(body["encryptionConfig"])[i])["provider"] = object{"keyArn": provider.str("key_arn")}
		}
	}
	if _, err := a.eks(http.MethodPost, "/clusters", body); err != nil {
		return err
	}
	c.state["id"] = c.str("name")
	if err := a.clusterGroup(c); err != nil {
		return err
	}
	return a.waitActive("/clusters/"+c.str("name"), "cluster")
}

// waitActive is for a stand-in whose clusters and groups take their time.
func (a *awsCloud) waitActive(path, what string) error {
	for range 600 {
		answer, err := a.eks(http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		switch status := text(asObject(answer[what])["status"]); status {
		case "CREATING", "UPDATING":
			time.Sleep(100 * time.Millisecond)
		case "CREATE_FAILED", "FAILED", "DEGRADED":
			return fmt.Errorf("unexpected state '%s', wanted target 'ACTIVE'", status)
		default:
			return nil
		}
	}
	return errors.New("timeout while waiting for state to become 'ACTIVE'")
}

func (a *awsCloud) waitGone(path, what string) error {
	for range 600 {
		_, err := a.eks(http.MethodGet, path, nil)
		if errors.Is(err, errGone) {
			return nil
		}
		if err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("timeout while waiting for %s to be deleted", what)
}

// clusterVPC is the network that a cluster's first subnet is in.
func (a *awsCloud) clusterVPC(c *call) (string, error) {
	config, _ := c.view().block("vpc_config")
	for _, subnet := range stringsOf(config.values["subnet_ids"]) {
		item, err := a.ec2Item(ec2{describe: "DescribeSubnets", id: "SubnetId", items: "subnetSet.item"}, subnet)
		if err != nil {
			return "", withoutAPI(goneAsNothing(err), nil)
		}
		return item.at("vpcId"), nil
	}
	return "", nil
}

func goneAsNothing(err error) error {
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

func (a *awsCloud) findClusterGroup(name string) (string, error) {
	answer, err := a.query("ec2", "DescribeSecurityGroups", url.Values{
		"Filter.1.Name": {"tag:aws:eks:cluster-name"}, "Filter.1.Value.1": {name},
	})
	if err != nil {
		return "", withoutAPI(err, nil)
	}
	return answer.at("securityGroupInfo.item.groupId"), nil
}

// clusterGroup makes the security group that EKS itself makes for a cluster, where the stand-in has not.
func (a *awsCloud) clusterGroup(c *call) error {
	name := c.str("name")
	live, err := a.eks(http.MethodGet, "/clusters/"+url.PathEscape(name), nil)
	if err != nil || text(asObject(asObject(live["cluster"])["resourcesVpcConfig"])["clusterSecurityGroupId"]) != "" {
		return err
	}
	vpc, err := a.clusterVPC(c)
	if err != nil || vpc == "" {
		return err
	}
	form := url.Values{
		"GroupName": {fmt.Sprintf("eks-cluster-sg-%s-%d", name, stringHash(name))}, "VpcId": {vpc},
		"GroupDescription":                {"EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads."},
		"TagSpecification.1.ResourceType": {"security-group"},
	}
	putTags(form, "TagSpecification.1.Tag", object{"aws:eks:cluster-name": name, "kubernetes.io/cluster/" + name: "owned"})
	_, err = a.query("ec2", "CreateSecurityGroup", form)
	return err
}

func (a *awsCloud) clusterRead(c *call) error {
	answer, err := a.eks(http.MethodGet, "/clusters/"+url.PathEscape(c.str("id")), nil)
	if err != nil {
		return err
	}
	live := asObject(answer["cluster"])
	v := c.view()
	clusterMapping.in(v, "", live)
	c.compute("created_at", timeText(live["createdAt"]))
	v.seen("certificate_authority", []any{object{"data": asObject(live["certificateAuthority"])["data"]}})
	v.seen("identity", []any{object{"oidc": []any{object{"issuer": asObject(asObject(live["identity"])["oidc"])["issuer"]}}}})
	types := []any{}
	for _, e := range asList(asObject(live["logging"])["clusterLogging"]) {
		if set := asObject(e); truth(set["enabled"]) {
			types = append(types, asList(set["types"])...)
		}
	}
	v.seen("enabled_cluster_log_types", types)
	if err := a.clusterNetworkRead(c, live); err != nil {
		return err
	}
	a.seenTags(c, tagStrings(live["tags"]))
	return nil
}

func (a *awsCloud) clusterNetworkRead(c *call, live object) error {
	config, found := c.view().block("vpc_config")
	if !found {
		return nil
	}
	told := asObject(live["resourcesVpcConfig"])
	group, vpc := text(told["clusterSecurityGroupId"]), text(told["vpcId"])
	var err error
	if group == "" {
		if group, err = a.findClusterGroup(c.str("id")); err != nil {
			return err
		}
	}
	if vpc == "" {
		if vpc, err = a.clusterVPC(c); err != nil {
			return err
		}
	}
	config.seen("cluster_security_group_id", group)
	config.seen("vpc_id", vpc)
	return nil
}

func timeText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if seconds, ok := v.(float64); ok {
		return time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)
	}
	return ""
}

// restTags changes the tags of what EKS calls by an ARN.
func (a *awsCloud) restTags(c *call) error {
	set, drop := c.tagChange()
	path := "/tags/" + url.PathEscape(a.arnOf(c))
	if len(set) > 0 {
		if _, err := a.eks(http.MethodPost, path, object{"tags": set}); err != nil {
			return err
		}
	}
	if len(drop) == 0 {
		return nil
	}
	_, err := a.eks(http.MethodDelete, path+"?"+url.Values{"tagKeys": drop}.Encode(), nil)
	return err
}

func (a *awsCloud) clusterUpdate(c *call) error {
	if err := a.restTags(c); err != nil {
		return err
	}
	path := "/clusters/" + url.PathEscape(c.str("id"))
	if c.changed("version") {
		if _, err := a.eks(http.MethodPost, path+"/updates", object{"version": c.str("version")}); err != nil {
			return missing(err, "UpdateClusterVersion")
		}
		if err := a.waitActive(path, "cluster"); err != nil {
			return err
		}
	}
	all := clusterMapping.out(c.view(), "")
	for name, key := range map[string]string{
		"vpc_config": "resourcesVpcConfig", "access_config": "accessConfig", "upgrade_policy": "upgradePolicy",
		"deletion_protection": "deletionProtection", "zonal_shift_config": "zonalShiftConfig",
	} {
		if c.schema.Blocks[name] == nil && c.schema.Attributes[name] == nil || !c.changed(name) || all[key] == nil {
			continue
		}
		if _, err := a.eks(http.MethodPost, path+"/update-config", object{key: all[key]}); err != nil {
			return missing(err, "UpdateClusterConfig")
		}
	}
	if !c.changed("enabled_cluster_log_types") {
		return nil
	}
	before, after := stringsOf(c.prior["enabled_cluster_log_types"]), stringsOf(c.state["enabled_cluster_log_types"])
	body := logTypes(after)
	body["clusterLogging"] = append(asList(body["clusterLogging"]), object{"types": anyOf(without(before, after)), "enabled": false})
	_, err := a.eks(http.MethodPost, path+"/update-config", object{"logging": body})
	return err
}

// missing says which API a test needs of the stand-in where going on would hide a change.
func missing(err error, action string) error {
	if errors.Is(err, errNoAPI) {
		return fmt.Errorf("the stand-in has no %s, so this change cannot be made there", action)
	}
	return err
}

func (a *awsCloud) clusterDelete(c *call) error {
	path := "/clusters/" + url.PathEscape(c.str("id"))
	if _, err := a.eks(http.MethodDelete, path, nil); err != nil {
		return err
	}
	if err := a.waitGone(path, "cluster"); err != nil {
		return err
	}
	group, err := a.findClusterGroup(c.str("id"))
	if err != nil || group == "" {
		return err
	}
	_, err = a.query("ec2", "DeleteSecurityGroup", url.Values{"GroupId": {group}})
	return goneAsNothing(goneAs(err))
}

// eksPath is the path of a cluster's part.
func eksPath(c *call, parts ...string) string {
	path := "/clusters/" + url.PathEscape(c.str("cluster_name"))
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return strings.TrimSuffix(path, "/")
}
