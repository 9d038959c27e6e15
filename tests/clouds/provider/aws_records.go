package main

import (
	"encoding/xml"
	"net/http"
	"strings"
)

const route53Root = "/2013-04-01/hostedzone"

func (a *awsCloud) recordKinds() map[string]kind {
	return map[string]kind{"aws_route53_record": {
		create: func(c *call) error {
			if err := a.recordChange(c, "CREATE"); err != nil {
				return err
			}
			c.state["id"] = c.str("zone_id") + "_" + c.str("name") + "_" + c.str("type")
			return nil
		},
		read:   a.recordRead,
		update: func(c *call) error { return a.recordChange(c, "UPSERT") },
		delete: func(c *call) error { return a.recordChange(c, "DELETE") },
	}}
}

// recordChange does one thing to a record: the API takes all that it says even to delete it.
func (a *awsCloud) recordChange(c *call, action string) error {
	var values strings.Builder
	for _, value := range stringsOf(c.state["records"]) {
		values.WriteString("<ResourceRecord><Value>")
		if err := xml.EscapeText(&values, []byte(value)); err != nil {
			return err
		}
		values.WriteString("</Value></ResourceRecord>")
	}
	body := `<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes><Change>` +
		"<Action>" + action + "</Action><ResourceRecordSet><Name>" + c.str("name") + "</Name><Type>" + c.str("type") + "</Type><TTL>" +
		text(c.state["ttl"]) + "</TTL><ResourceRecords>" + values.String() +
		"</ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
	header := http.Header{"Content-Type": {"application/xml"}}
	_, err := a.send("route53", http.MethodPost, route53Root+"/"+c.str("zone_id")+"/rrset/", header, []byte(body))
	return goneAs(err)
}

func (a *awsCloud) recordRead(c *call) error {
	path := route53Root + "/" + c.str("zone_id") + "/rrset?maxitems=1&name=" + c.str("name") + "&type=" + c.str("type")
	content, err := a.send("route53", http.MethodGet, path, nil, nil)
	if err != nil {
		return goneAs(err)
	}
	answer, err := parseXML(content)
	if err != nil {
		return err
	}
	for _, set := range answer.all("ResourceRecordSets.ResourceRecordSet") {
		if strings.TrimSuffix(set.at("Name"), ".") != c.str("name") || set.at("Type") != c.str("type") {
			continue
		}
		c.compute("fqdn", c.str("name"))
		c.view().seen("ttl", set.at("TTL"))
		c.view().seen("records", set.texts("ResourceRecords.ResourceRecord.Value"))
		return nil
	}
	return errGone
}

// publicZone is the id of a public zone; "" without one, or without a stand-in.
func (a *awsCloud) publicZone(name string) (string, error) {
	content, err := a.send("route53", http.MethodGet, route53Root, nil, nil)
	if err != nil {
		return "", withoutAPI(err, nil)
	}
	answer, err := parseXML(content)
	if err != nil {
		return "", err
	}
	for _, zone := range answer.all("HostedZones.HostedZone") {
		if strings.TrimSuffix(zone.at("Name"), ".") == strings.TrimSuffix(name, ".") && zone.at("Config.PrivateZone") != "true" {
			return lastOf(zone.at("Id")), nil
		}
	}
	return "", nil
}
