package main

import (
	"fmt"
	"net/url"
)

func (a *awsCloud) routeKinds() map[string]kind {
	return map[string]kind{
		"aws_route_table": a.ec2Kind(ec2{
			create: "CreateRouteTable", describe: "DescribeRouteTables", delete: "DeleteRouteTable",
			id: "RouteTableId", made: "routeTable.routeTableId", items: "routeTableSet.item", tagged: "route-table", arn: "route-table",
			params: map[string]string{"vpc_id": "VpcId"}, seen: map[string]string{"vpc_id": "vpcId"},
			also: a.inlineRoutes, read: a.readRoutes,
		}),
		"aws_route":                   {create: a.routeCreate, read: a.routeRead, update: a.routeUpdate, delete: a.routeDelete},
		"aws_route_table_association": {create: a.associationCreate, read: a.associationRead, update: a.associationUpdate, delete: a.associationDelete},
	}
}

// routeTargets are arguments of a route and the parameters and elements that they are in EC2.
var routeTargets = [][3]string{
	{"gateway_id", "GatewayId", "gatewayId"},
	{"nat_gateway_id", "NatGatewayId", "natGatewayId"},
	{"egress_only_gateway_id", "EgressOnlyInternetGatewayId", "egressOnlyInternetGatewayId"},
	{"network_interface_id", "NetworkInterfaceId", "networkInterfaceId"},
	{"transit_gateway_id", "TransitGatewayId", "transitGatewayId"},
	{"vpc_peering_connection_id", "VpcPeeringConnectionId", "vpcPeeringConnectionId"},
}

func routeForm(table string, route object, cidr string) url.Values {
	form := url.Values{"RouteTableId": {table}, "DestinationCidrBlock": {text(route[cidr])}}
	for _, target := range routeTargets {
		if value := text(route[target[0]]); value != "" {
			form.Set(target[1], value)
		}
	}
	return form
}

func (a *awsCloud) inlineRoutes(c *call) error {
	before := map[string]object{}
	for _, e := range asList(c.prior["route"]) {
		before[text(asObject(e)["cidr_block"])] = asObject(e)
	}
	if c.prior != nil && !c.changed("route") {
		return nil
	}
	for _, e := range asList(c.state["route"]) {
		route := asObject(e)
		action := "CreateRoute"
		if old := before[text(route["cidr_block"])]; old != nil {
			action = "ReplaceRoute"
		}
		delete(before, text(route["cidr_block"]))
		if _, err := a.query("ec2", action, routeForm(c.str("id"), route, "cidr_block")); err != nil {
			return err
		}
	}
	for cidr := range before {
		if _, err := a.query("ec2", "DeleteRoute", url.Values{"RouteTableId": {c.str("id")}, "DestinationCidrBlock": {cidr}}); err != nil {
			return err
		}
	}
	return nil
}

// readRoutes compares only where routes are the table's own, for others may be resources of their own.
func (a *awsCloud) readRoutes(c *call, item *node) error {
	if len(asList(c.state["route"])) == 0 {
		return nil
	}
	live := map[string]*node{}
	for _, route := range item.all("routeSet.item") {
		if cidr := route.at("destinationCidrBlock"); cidr != "" && route.at("gatewayId") != "local" {
			live[cidr] = route
		}
	}
	kept := []any{}
	for _, e := range asList(c.state["route"]) {
		route := copyObject(asObject(e))
		found := live[text(route["cidr_block"])]
		if found == nil {
			continue
		}
		for _, target := range routeTargets {
			if _, has := route[target[0]]; has && text(route[target[0]]) != found.at(target[2]) {
				route[target[0]] = found.at(target[2])
			}
		}
		kept = append(kept, route)
	}
	c.state["route"] = kept
	return nil
}

func (a *awsCloud) routeCreate(c *call) error {
	if _, err := a.query("ec2", "CreateRoute", routeForm(c.str("route_table_id"), c.state, "destination_cidr_block")); err != nil {
		return err
	}
	c.state["id"] = "r-" + c.str("route_table_id") + fmt.Sprint(stringHash(c.str("destination_cidr_block")))
	return nil
}

func (a *awsCloud) routeRead(c *call) error {
	table, err := a.ec2Item(ec2{describe: "DescribeRouteTables", id: "RouteTableId", items: "routeTableSet.item"}, c.str("route_table_id"))
	if err != nil {
		return err
	}
	for _, route := range table.all("routeSet.item") {
		if route.at("destinationCidrBlock") != c.str("destination_cidr_block") {
			continue
		}
		for _, target := range routeTargets {
			if found := route.at(target[2]); found != "" || c.view().has(target[0]) {
				c.view().seen(target[0], found)
			}
		}
		c.compute("state", route.at("state"))
		c.compute("origin", route.at("origin"))
		return nil
	}
	return errGone
}

func (a *awsCloud) routeUpdate(c *call) error {
	_, err := a.query("ec2", "ReplaceRoute", routeForm(c.str("route_table_id"), c.state, "destination_cidr_block"))
	return err
}

func (a *awsCloud) routeDelete(c *call) error {
	_, err := a.query("ec2", "DeleteRoute", url.Values{
		"RouteTableId": {c.str("route_table_id")}, "DestinationCidrBlock": {c.str("destination_cidr_block")},
	})
	return goneAs(err)
}

func (a *awsCloud) associationCreate(c *call) error {
	form := url.Values{"RouteTableId": {c.str("route_table_id")}}
	for name, param := range map[string]string{"subnet_id": "SubnetId", "gateway_id": "GatewayId"} {
		if value := c.str(name); value != "" {
			form.Set(param, value)
		}
	}
	answer, err := a.query("ec2", "AssociateRouteTable", form)
	if err == nil {
		c.state["id"] = answer.at("associationId")
	}
	return err
}

func (a *awsCloud) associationRead(c *call) error {
	table, err := a.ec2Item(ec2{describe: "DescribeRouteTables", id: "RouteTableId", items: "routeTableSet.item"}, c.str("route_table_id"))
	if err != nil {
		return err
	}
	for _, found := range table.all("associationSet.item") {
		if found.at("routeTableAssociationId") == c.str("id") {
			c.view().seen("subnet_id", found.maybe("subnetId"))
			return nil
		}
	}
	return errGone
}

func (a *awsCloud) associationUpdate(c *call) error {
	answer, err := a.query("ec2", "ReplaceRouteTableAssociation", url.Values{"AssociationId": {c.str("id")}, "RouteTableId": {c.str("route_table_id")}})
	if err == nil {
		c.state["id"] = answer.at("newAssociationId")
	}
	return err
}

func (a *awsCloud) associationDelete(c *call) error {
	_, err := a.query("ec2", "DisassociateRouteTable", url.Values{"AssociationId": {c.str("id")}})
	return goneAs(err)
}

func stringHash(s string) uint32 {
	hash := uint32(2166136261)
	for _, b := range []byte(s) {
		hash = (hash ^ uint32(b)) * 16777619
	}
	return hash
}
