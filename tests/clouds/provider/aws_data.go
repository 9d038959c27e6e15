package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
)

func (a *awsCloud) data(c *call) error {
	if c.schema.Attributes["region"] != nil && c.state["region"] == nil && c.schema.Attributes["region"].Computed {
		c.state["region"] = a.region
	}
	readers := map[string]func(*call) error{
		"aws_availability_zones":  a.zonesData,
		"aws_caller_identity":     a.callerData,
		"aws_default_tags":        func(c *call) error { c.state["tags"] = copyObject(a.defaultTags); return nil },
		"aws_eks_addon_version":   a.addonVersionData,
		"aws_eks_cluster":         a.clusterData,
		"aws_eks_cluster_auth":    func(c *call) error { c.state["token"] = "k8s-aws-v1.test"; return nil },
		"aws_iam_policy_document": policyDocument,
		"aws_iam_session_context": a.sessionData,
		"aws_partition":           partitionData,
		"aws_region":              a.regionData,
		"aws_s3_bucket":           a.bucketData,
		"aws_route53_zone":        a.hostedZoneData,
	}
	read, found := readers[c.typ]
	if !found {
		return fmt.Errorf("this test provider does not read %s", c.typ)
	}
	if err := read(c); err != nil {
		return err
	}
	if c.schema.Attributes["id"] != nil && (c.state["id"] == nil || isUnknown(c.state["id"])) {
		c.state["id"] = a.region
	}
	return nil
}

func partitionData(c *call) error {
	c.state["id"], c.state["partition"] = "aws", "aws"
	c.state["dns_suffix"], c.state["reverse_dns_prefix"] = "amazonaws.com", "com.amazonaws"
	return nil
}

func (a *awsCloud) regionData(c *call) error {
	for _, name := range []string{"name", "region", "id"} {
		if c.schema.Attributes[name] != nil && c.state[name] == nil {
			c.state[name] = a.region
		}
	}
	c.state["description"] = a.region
	c.compute("endpoint", "ec2."+a.region+".amazonaws.com")
	return nil
}

func (a *awsCloud) callerData(c *call) error {
	c.state["id"], c.state["account_id"] = a.account, a.account
	c.state["arn"], c.state["user_id"] = "arn:aws:sts::"+a.account+":user/moto", "AKIAIOSFODNN7EXAMPLE"
	if a.endpoint == "" {
		return nil
	}
	found, err := a.query("sts", "GetCallerIdentity", nil)
	if err == nil {
		c.state["arn"], c.state["user_id"] = found.find("Arn").text, found.find("UserId").text
	}
	return err
}

func (a *awsCloud) sessionData(c *call) error {
	c.state["id"], c.state["issuer_arn"] = c.str("arn"), c.str("arn")
	return nil
}

// zonesData lists zones, without those that the filters and exclusions take away.
func (a *awsCloud) zonesData(c *call) error {
	type zone struct{ name, id string }
	var zones []zone
	form := url.Values{}
	for i, filter := range c.view().blocks("filter") {
		form.Set(fmt.Sprintf("Filter.%d.Name", i+1), filter.str("name"))
		for j, value := range stringsOf(filter.values["values"]) {
			form.Set(fmt.Sprintf("Filter.%d.Value.%d", i+1, j+1), value)
		}
	}
	answer, err := a.query("ec2", "DescribeAvailabilityZones", form)
	if err != nil && !errors.Is(err, errNoAPI) {
		return err
	}
	for i, letter := range []string{"a", "b", "c"} {
		if answer == nil {
			zones = append(zones, zone{a.region + letter, fmt.Sprintf("%s-az%d", a.region, i+1)})
		}
	}
	for _, item := range answer.all("availabilityZoneInfo.item") {
		if wanted := c.str("state"); wanted == "" || wanted == item.at("zoneState") {
			zones = append(zones, zone{item.at("zoneName"), item.at("zoneId")})
		}
	}
	sort.Slice(zones, func(i, j int) bool { return zones[i].name < zones[j].name })
	names, ids := []any{}, []any{}
	for _, z := range zones {
		if slices.Contains(stringsOf(c.state["exclude_names"]), z.name) || slices.Contains(stringsOf(c.state["exclude_zone_ids"]), z.id) {
			continue
		}
		names, ids = append(names, z.name), append(ids, z.id)
	}
	c.state["names"], c.state["zone_ids"], c.state["group_names"] = names, ids, []any{a.region}
	return nil
}

// addonVersions stand for what EKS recommends where the stand-in does not say.
var addonVersions = map[string]string{
	"aws-ebs-csi-driver":        "v1.56.0-eksbuild.1",
	"aws-efs-csi-driver":        "v2.3.0-eksbuild.1",
	"coredns":                   "v1.13.2-eksbuild.1",
	"eks-node-monitoring-agent": "v1.5.1-eksbuild.1",
	"eks-pod-identity-agent":    "v1.3.10-eksbuild.2",
	"kube-proxy":                "v1.35.0-eksbuild.2",
	"metrics-server":            "v0.8.1-eksbuild.1",
	"vpc-cni":                   "v1.21.1-eksbuild.1",
}

func (a *awsCloud) addonVersionData(c *call) error {
	name := c.str("addon_name")
	c.state["id"] = name
	query := url.Values{"addonName": {name}, "kubernetesVersion": {c.str("kubernetes_version")}}
	answer, err := a.eks(http.MethodGet, "/addons/supported-versions?"+query.Encode(), nil)
	if err == nil {
		for _, e := range asList(answer["addons"]) {
			for _, v := range asList(asObject(e)["addonVersions"]) {
				c.state["version"] = asObject(v)["addonVersion"]
				return nil
			}
		}
	}
	if !errors.Is(err, errNoAPI) && !errors.Is(err, errGone) && err != nil {
		return err
	}
	version, known := addonVersions[name]
	if !known {
		return fmt.Errorf("EKS has no addon %s", name)
	}
	c.state["version"] = version
	return nil
}

func (a *awsCloud) clusterData(c *call) error {
	c.state["id"] = c.str("name")
	return a.clusterRead(&call{typ: c.typ, schema: c.schema, state: c.state, importing: true})
}

func (a *awsCloud) bucketData(c *call) error {
	name := c.str("bucket")
	if _, err := a.s3(http.MethodHead, name, "", ""); err != nil {
		return err
	}
	c.state["id"] = name
	c.compute("arn", a.arn("s3", name))
	c.compute("region", a.region)
	return nil
}

func (a *awsCloud) hostedZoneData(c *call) error {
	id, err := a.publicZone(c.str("name"))
	if err != nil {
		return err
	}
	if id != "" {
		c.state["zone_id"] = id
	}
	if c.str("zone_id") == "" {
		c.state["zone_id"] = fmt.Sprintf("Z%d", stringHash(c.str("name")))
	}
	c.state["id"] = c.str("zone_id")
	return nil
}
