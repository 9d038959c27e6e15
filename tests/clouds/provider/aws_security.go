package main

import (
	"fmt"
	"net/url"
)

func (a *awsCloud) securityKinds() map[string]kind {
	group := ec2{
		create: "CreateSecurityGroup", describe: "DescribeSecurityGroups", delete: "DeleteSecurityGroup",
		id: "GroupId", made: "groupId", items: "securityGroupInfo.item", tagged: "security-group", arn: "security-group",
		params: map[string]string{"name": "GroupName", "description": "GroupDescription", "vpc_id": "VpcId"},
		seen:   map[string]string{"name": "groupName", "vpc_id": "vpcId"},
		also:   a.groupRules, before: a.groupUnused,
	}
	made := a.ec2Kind(group)
	plain := made.create
	made.create = func(c *call) error {
		c.nameOf("name")
		if c.state["description"] == nil {
			c.state["description"] = "Managed by Terraform"
		}
		return plain(c)
	}
	adopted := group
	adopted.also, adopted.before = nil, nil
	standard := a.ec2Kind(adopted)
	standard.create = a.adoptGroup
	standard.delete = func(*call) error { return nil }
	return map[string]kind{
		"aws_security_group":                  made,
		"aws_default_security_group":          standard,
		"aws_vpc_security_group_ingress_rule": a.ruleKind("Ingress"),
		"aws_vpc_security_group_egress_rule":  a.ruleKind("Egress"),
	}
}

// adoptGroup takes over the group that comes with a network.
func (a *awsCloud) adoptGroup(c *call) error {
	answer, err := a.query("ec2", "DescribeSecurityGroups", url.Values{
		"Filter.1.Name": {"vpc-id"}, "Filter.1.Value.1": {c.str("vpc_id")},
		"Filter.2.Name": {"group-name"}, "Filter.2.Value.1": {"default"},
	})
	if err != nil {
		return err
	}
	c.state["id"] = answer.at("securityGroupInfo.item.groupId")
	c.state["name"] = "default"
	return a.ec2Tags(c)
}

func permission(form url.Values, protocol, from, to string) {
	form.Set("IpPermissions.1.IpProtocol", protocol)
	if from != "" {
		form.Set("IpPermissions.1.FromPort", from)
		form.Set("IpPermissions.1.ToPort", to)
	}
}

// groupRules makes the rules that are written in the group itself. The provider takes away the rule
// for all that leaves, which EC2 gives every group.
func (a *awsCloud) groupRules(c *call) error {
	if c.prior != nil {
		if c.changed("ingress", "egress") {
			return fmt.Errorf("changing rules inside %s is not part of this test provider: write them as resources of their own", c.name())
		}
		return nil
	}
	form := url.Values{"GroupId": {c.str("id")}, "IpPermissions.1.IpRanges.1.CidrIp": {"0.0.0.0/0"}}
	permission(form, "-1", "", "")
	if _, err := a.query("ec2", "RevokeSecurityGroupEgress", form); goneAsNothing(goneAs(err)) != nil {
		return err
	}
	for name, action := range map[string]string{"ingress": "AuthorizeSecurityGroupIngress", "egress": "AuthorizeSecurityGroupEgress"} {
		for _, e := range asList(c.state[name]) {
			rule := asObject(e)
			form := url.Values{"GroupId": {c.str("id")}}
			permission(form, text(rule["protocol"]), text(rule["from_port"]), text(rule["to_port"]))
			for i, cidr := range stringsOf(rule["cidr_blocks"]) {
				form.Set(fmt.Sprintf("IpPermissions.1.IpRanges.%d.CidrIp", i+1), cidr)
			}
			groups := stringsOf(rule["security_groups"])
			if truth(rule["self"]) {
				groups = append(groups, c.str("id"))
			}
			for i, group := range groups {
				form.Set(fmt.Sprintf("IpPermissions.1.Groups.%d.GroupId", i+1), group)
			}
			if _, err := a.query("ec2", action, form); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *awsCloud) groupUnused(c *call) error {
	used, err := a.inUse("DescribeNetworkInterfaces", "networkInterfaceSet.item", "group-id", c.str("id"), nil)
	if err == nil && used {
		return dependency("resource", c.str("id"))
	}
	return err
}

func (a *awsCloud) ruleKind(direction string) kind {
	return kind{
		create: func(c *call) error {
			form := url.Values{"GroupId": {c.str("security_group_id")}}
			permission(form, c.str("ip_protocol"), c.str("from_port"), c.str("to_port"))
			if cidr := c.str("cidr_ipv4"); cidr != "" {
				form.Set("IpPermissions.1.IpRanges.1.CidrIp", cidr)
			}
			if group := c.str("referenced_security_group_id"); group != "" {
				form.Set("IpPermissions.1.Groups.1.GroupId", group)
			}
			answer, err := a.query("ec2", "AuthorizeSecurityGroup"+direction, form)
			if err != nil {
				return err
			}
			c.state["id"] = answer.at("securityGroupRuleSet.item.securityGroupRuleId")
			if c.str("id") == "" {
				return fmt.Errorf("AuthorizeSecurityGroup%s answered without a rule", direction)
			}
			return nil
		},
		read: func(c *call) error {
			answer, err := a.query("ec2", "DescribeSecurityGroupRules", url.Values{"Filter.1.Name": {"group-id"}, "Filter.1.Value.1": {c.str("security_group_id")}})
			if err != nil {
				return goneAs(err)
			}
			for _, rule := range answer.all("securityGroupRuleSet.item") {
				if rule.at("securityGroupRuleId") == c.str("id") {
					c.compute("security_group_rule_id", c.str("id"))
					c.compute("arn", a.arn("ec2", "security-group-rule/"+c.str("id")))
					return nil
				}
			}
			return errGone
		},
		update: func(c *call) error {
			if c.changed("ip_protocol", "from_port", "to_port", "cidr_ipv4", "referenced_security_group_id") {
				return fmt.Errorf("changing %s in place is not part of this test provider", c.name())
			}
			return nil
		},
		delete: func(c *call) error {
			_, err := a.query("ec2", "RevokeSecurityGroup"+direction, url.Values{
				"GroupId": {c.str("security_group_id")}, "SecurityGroupRuleId.1": {c.str("id")},
			})
			return goneAs(err)
		},
	}
}
