package main

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

func (a *awsCloud) networkKinds() map[string]kind {
	return map[string]kind{
		"aws_vpc": a.ec2Kind(ec2{
			create: "CreateVpc", describe: "DescribeVpcs", delete: "DeleteVpc",
			id: "VpcId", made: "vpc.vpcId", items: "vpcSet.item", tagged: "vpc", arn: "vpc",
			params: map[string]string{"cidr_block": "CidrBlock", "instance_tenancy": "InstanceTenancy"},
			seen:   map[string]string{"cidr_block": "cidrBlock", "dhcp_options_id": "dhcpOptionsId"},
			also:   a.vpcSettings, read: a.vpcRead, before: a.vpcEmpty,
		}),
		"aws_subnet": a.ec2Kind(ec2{
			create: "CreateSubnet", describe: "DescribeSubnets", delete: "DeleteSubnet",
			id: "SubnetId", made: "subnet.subnetId", items: "subnetSet.item", tagged: "subnet", arn: "subnet",
			params: map[string]string{"cidr_block": "CidrBlock", "vpc_id": "VpcId", "availability_zone": "AvailabilityZone", "availability_zone_id": "AvailabilityZoneId"},
			seen:   map[string]string{"cidr_block": "cidrBlock", "vpc_id": "vpcId", "availability_zone": "availabilityZone", "availability_zone_id": "availabilityZoneId", "map_public_ip_on_launch": "mapPublicIpOnLaunch"},
			also: func(c *call) error {
				return a.ec2Set(c, "ModifySubnetAttribute", "SubnetId", "map_public_ip_on_launch", "MapPublicIpOnLaunch.Value")
			},
			before: func(c *call) error { return a.subnetEmpty(c.str("id")) },
		}),
		"aws_internet_gateway": a.ec2Kind(ec2{
			create: "CreateInternetGateway", describe: "DescribeInternetGateways", delete: "DeleteInternetGateway",
			id: "InternetGatewayId", made: "internetGateway.internetGatewayId", items: "internetGatewaySet.item",
			tagged: "internet-gateway", arn: "internet-gateway",
			seen: map[string]string{"vpc_id": "attachmentSet.item.vpcId"},
			also: a.gatewayAttach, before: func(c *call) error { return a.gatewayDetach(c, c.str("vpc_id")) },
		}),
		"aws_eip": a.ec2Kind(ec2{
			create: "AllocateAddress", describe: "DescribeAddresses", delete: "ReleaseAddress",
			id: "AllocationId", made: "allocationId", items: "addressesSet.item", tagged: "elastic-ip", arn: "elastic-ip",
			params: map[string]string{"domain": "Domain"},
			seen: map[string]string{
				"public_ip": "publicIp", "domain": "domain", "allocation_id": "allocationId",
				"association_id": "associationId", "network_interface": "networkInterfaceId", "private_ip": "privateIpAddress",
			},
		}),
		"aws_nat_gateway": a.ec2Kind(ec2{
			create: "CreateNatGateway", describe: "DescribeNatGateways", delete: "DeleteNatGateway",
			id: "NatGatewayId", made: "natGateway.natGatewayId", items: "natGatewaySet.item", tagged: "natgateway",
			params: map[string]string{"subnet_id": "SubnetId", "allocation_id": "AllocationId", "connectivity_type": "ConnectivityType"},
			seen: map[string]string{
				"subnet_id": "subnetId", "connectivity_type": "connectivityType",
				"allocation_id": "natGatewayAddressSet.item.allocationId", "public_ip": "natGatewayAddressSet.item.publicIp",
				"private_ip": "natGatewayAddressSet.item.privateIp", "network_interface_id": "natGatewayAddressSet.item.networkInterfaceId",
			},
		}).thenDelete(a, "DeleteNetworkInterface", "NetworkInterfaceId", "network_interface_id"),
		"aws_vpc_endpoint": a.ec2Kind(ec2{
			create: "CreateVpcEndpoint", describe: "DescribeVpcEndpoints", delete: "DeleteVpcEndpoints",
			id: "VpcEndpointId", made: "vpcEndpoint.vpcEndpointId", items: "vpcEndpointSet.item", tagged: "vpc-endpoint", arn: "vpc-endpoint",
			params: map[string]string{
				"vpc_id": "VpcId", "service_name": "ServiceName", "vpc_endpoint_type": "VpcEndpointType", "policy": "PolicyDocument",
				"route_table_ids": "RouteTableId", "subnet_ids": "SubnetId", "security_group_ids": "SecurityGroupId", "private_dns_enabled": "PrivateDnsEnabled",
			},
			seen: map[string]string{
				"vpc_id": "vpcId", "service_name": "serviceName", "state": "state", "route_table_ids": "routeTableIdSet.item",
				"subnet_ids": "subnetIdSet.item",
			},
			also: a.endpointSettings,
		}).deletedBy(a, "DeleteVpcEndpoints", "VpcEndpointId.1"),
	}
}

// deletedBy is for calls that take a list of ids where the others take one.
func (k kind) deletedBy(a *awsCloud, action, param string) kind {
	k.delete = func(c *call) error {
		_, err := a.query("ec2", action, url.Values{param: {c.str("id")}})
		return goneAs(err)
	}
	return k
}

// thenDelete takes away what goes with a resource at AWS and stays in moto.
func (k kind) thenDelete(a *awsCloud, action, param, name string) kind {
	plain := k.delete
	k.delete = func(c *call) error {
		if err := plain(c); err != nil {
			return err
		}
		if c.str(name) == "" {
			return nil
		}
		_, err := a.query("ec2", action, url.Values{param: {c.str(name)}})
		return goneAsNothing(goneAs(err))
	}
	return k
}

func (a *awsCloud) vpcSettings(c *call) error {
	for name, param := range map[string]string{"enable_dns_support": "EnableDnsSupport", "enable_dns_hostnames": "EnableDnsHostnames"} {
		if err := a.ec2Set(c, "ModifyVpcAttribute", "VpcId", name, param+".Value"); err != nil {
			return err
		}
	}
	return nil
}

func (a *awsCloud) vpcRead(c *call, _ *node) error {
	id := c.str("id")
	for name, attr := range map[string][2]any{
		"enable_dns_support": {"enableDnsSupport", true}, "enable_dns_hostnames": {"enableDnsHostnames", false},
	} {
		answer, err := a.query("ec2", "DescribeVpcAttribute", url.Values{"VpcId": {id}, "Attribute": {attr[0].(string)}})
		if err != nil {
			return goneAs(err)
		}
		c.view().seen(name, answer.at(attr[0].(string)+".value") == "true", attr[1])
	}
	for name, q := range map[string][3]string{
		"default_security_group_id": {"DescribeSecurityGroups", "group-name=default", "securityGroupInfo.item.groupId"},
		"main_route_table_id":       {"DescribeRouteTables", "association.main=true", "routeTableSet.item.routeTableId"},
		"default_network_acl_id":    {"DescribeNetworkAcls", "default=true", "networkAclSet.item.networkAclId"},
	} {
		filter, value, _ := strings.Cut(q[1], "=")
		answer, err := a.query("ec2", q[0], url.Values{
			"Filter.1.Name": {"vpc-id"}, "Filter.1.Value.1": {id}, "Filter.2.Name": {filter}, "Filter.2.Value.1": {value},
		})
		if err != nil {
			return err
		}
		c.compute(name, answer.at(q[2]))
	}
	c.compute("default_route_table_id", c.state["main_route_table_id"])
	return nil
}

// vpcEmpty refuses as EC2 does while something is left in a network; moto does not for all of it.
func (a *awsCloud) vpcEmpty(c *call) error {
	id := c.str("id")
	for _, q := range []struct {
		describe, items, filter string
		count                   func(*node) bool
	}{
		{"DescribeSubnets", "subnetSet.item", "vpc-id", nil},
		{"DescribeNetworkInterfaces", "networkInterfaceSet.item", "vpc-id", nil},
		{"DescribeInternetGateways", "internetGatewaySet.item", "attachment.vpc-id", nil},
		{"DescribeSecurityGroups", "securityGroupInfo.item", "vpc-id", func(n *node) bool { return n.at("groupName") != "default" }},
		{"DescribeVpcEndpoints", "vpcEndpointSet.item", "vpc-id", func(n *node) bool { return n.at("state") != "deleted" }},
		{"DescribeNatGateways", "natGatewaySet.item", "vpc-id", func(n *node) bool { return n.at("state") != "deleted" }},
	} {
		used, err := a.inUse(q.describe, q.items, q.filter, id, q.count)
		if err != nil {
			return err
		}
		if used {
			return dependency("vpc", id)
		}
	}
	return a.balanced("vpc", id)
}

// balanced refuses while a load balancer is in a network or a subnet: it has interfaces there, which
// moto does not make.
func (a *awsCloud) balanced(what, id string) error {
	for _, one := range []struct{ version, balancers, vpc, subnets string }{
		{"2015-12-01", "DescribeLoadBalancersResult.LoadBalancers.member", "VpcId", "AvailabilityZones.member.SubnetId"},
		{"2012-06-01", "DescribeLoadBalancersResult.LoadBalancerDescriptions.member", "VPCId", "Subnets.member"},
	} {
		answer, err := a.query("elasticloadbalancing", "DescribeLoadBalancers", url.Values{"Version": {one.version}})
		if errors.Is(err, errNoAPI) {
			continue
		}
		if err != nil {
			return err
		}
		for _, balancer := range answer.all(one.balancers) {
			if balancer.at(one.vpc) == id || slices.Contains(balancer.texts(one.subnets), any(id)) {
				return dependency(what, id)
			}
		}
	}
	return nil
}

func (a *awsCloud) subnetEmpty(id string) error {
	used, err := a.inUse("DescribeNetworkInterfaces", "networkInterfaceSet.item", "subnet-id", id, nil)
	if err != nil {
		return err
	}
	if used {
		return dependency("subnet", id)
	}
	return a.balanced("subnet", id)
}

func (a *awsCloud) gatewayAttach(c *call) error {
	if !c.changed("vpc_id") || c.str("vpc_id") == "" {
		return nil
	}
	if c.prior != nil {
		if err := a.gatewayDetach(c, text(c.prior["vpc_id"])); err != nil {
			return err
		}
	}
	_, err := a.query("ec2", "AttachInternetGateway", url.Values{"InternetGatewayId": {c.str("id")}, "VpcId": {c.str("vpc_id")}})
	return err
}

func (a *awsCloud) gatewayDetach(c *call, vpc string) error {
	if vpc == "" {
		return nil
	}
	_, err := a.query("ec2", "DetachInternetGateway", url.Values{"InternetGatewayId": {c.str("id")}, "VpcId": {vpc}})
	if e, ok := err.(*apiError); ok && e.code == "Gateway.NotAttached" {
		return nil
	}
	return goneAs(err)
}

func (a *awsCloud) endpointSettings(c *call) error {
	if c.prior == nil {
		return nil
	}
	form := url.Values{"VpcEndpointId": {c.str("id")}}
	before, after := stringsOf(c.prior["route_table_ids"]), stringsOf(c.state["route_table_ids"])
	putList(form, "AddRouteTableId", without(after, before))
	putList(form, "RemoveRouteTableId", without(before, after))
	if c.changed("policy") {
		form.Set("PolicyDocument", c.str("policy"))
	}
	if len(form) == 1 {
		return nil
	}
	_, err := a.query("ec2", "ModifyVpcEndpoint", form)
	return err
}

func without(list, others []string) []string {
	var out []string
	for _, s := range list {
		found := false
		for _, other := range others {
			found = found || s == other
		}
		if !found {
			out = append(out, s)
		}
	}
	return out
}
