package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// What Compute Engine sets in a new member, type by type.

func fillFingerprint(c *call, member object) error {
	fallback(member, object{"fingerprint": c.stamp()})
	return nil
}

func fillReady(_ *call, member object) error {
	fallback(member, object{"status": "READY"})
	return nil
}

func fillAddress(c *call, member object) error {
	fallback(member, object{
		"address": c.address(), "status": "RESERVED", "addressType": "EXTERNAL", "labelFingerprint": c.stamp(),
	})
	if c.params["region"] != "" {
		fallback(member, object{"networkTier": "PREMIUM"})
	}
	return nil
}

// An address of the documentation's range 198.51.100.0/24 that is not given twice in a short while.
func (w *world) address() string {
	w.sequence++
	return fmt.Sprintf("198.51.100.%d", w.sequence%254+1)
}

func fillDisk(c *call, member object) error {
	fallback(member, object{
		"status": "READY", "sizeGb": "500", "physicalBlockSizeBytes": "4096", "labelFingerprint": c.stamp(),
		"type": c.link(parentOf(parentOf(c.key)) + "/diskTypes/pd-standard"),
	})
	return nil
}

func fillSnapshot(c *call, member object) error {
	fallback(member, object{
		"status": "READY", "labelFingerprint": c.stamp(), "storageBytes": "0", "storageBytesStatus": "UP_TO_DATE",
		"diskSizeGb": "10", "snapshotType": "STANDARD",
	})
	return nil
}

func fillFirewall(_ *call, member object) error {
	if text(member, "network") == "" {
		return invalid("Invalid value for field 'resource.network': ''. Required field 'resource.network' not specified")
	}
	fallback(member, object{"direction": "INGRESS", "priority": 1000, "disabled": false, "logConfig": object{"enable": false}})
	return nil
}

func fillForwardingRule(c *call, member object) error {
	fallback(member, object{
		"IPAddress": c.address(), "IPProtocol": "TCP", "loadBalancingScheme": "EXTERNAL", "networkTier": "PREMIUM",
		"fingerprint": c.stamp(), "labelFingerprint": c.stamp(),
	})
	return nil
}

func fillInstance(c *call, member object) error {
	fallback(member, object{
		"status": "RUNNING", "fingerprint": c.stamp(), "labelFingerprint": c.stamp(),
		"cpuPlatform": "Intel Cascade Lake", "deletionProtection": false,
	})
	return nil
}

func fillNetwork(c *call, member object) error {
	fallback(member, object{
		"autoCreateSubnetworks": false, "routingConfig": object{"routingMode": "REGIONAL"},
		"selfLinkWithId":                        c.link(parentOf(c.key) + "/" + text(member, "id")),
		"networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
	})
	return nil
}

func fillSubnetwork(c *call, member object) error {
	if text(member, "network") == "" {
		return invalid("Invalid value for field 'resource.network': ''. Required field 'resource.network' not specified")
	}
	prefix, err := netip.ParsePrefix(text(member, "ipCidrRange"))
	if err != nil {
		return invalid("Invalid value for field 'resource.ipCidrRange': '%s'. Must be a CIDR address range.", text(member, "ipCidrRange"))
	}
	for _, other := range c.store.members(fillIn(computeRoot, c.params) + "/regions/-/subnetworks") {
		taken, err := netip.ParsePrefix(text(other.body, "ipCidrRange"))
		if err == nil && text(other.body, "network") == text(member, "network") && taken.Overlaps(prefix) {
			return invalid("Invalid IPCidrRange: %s conflicts with existing subnetwork '%s' in region '%s'.",
				prefix, text(other.body, "name"), lastPart(text(other.body, "region")))
		}
	}
	fallback(member, object{
		"gatewayAddress": prefix.Masked().Addr().Next().String(), "fingerprint": c.stamp(),
		"privateIpGoogleAccess": false, "purpose": "PRIVATE", "stackType": "IPV4_ONLY", "enableFlowLogs": false,
	})
	return nil
}

// action is a method of a member beside the usual ones: POST .../MEMBER/verb.
type action struct {
	types string
	verb  string
	apply func(*call, object) error
}

var actions = []action{
	{"addresses disks forwardingRules images instances snapshots", "setLabels", setLabels},
	{"disks", "resize", set("sizeGb")},
	{"disks", "addResourcePolicies", addPolicies},
	{"disks", "removeResourcePolicies", removePolicies},
	{"disks", "createSnapshot", createSnapshot},
	{"instances", "setTags", set("tags")},
	{"instances", "setMetadata", set("metadata")},
	{"instances", "start", become("RUNNING")},
	{"instances", "stop", become("TERMINATED")},
	{"instances", "setDeletionProtection", setDeletionProtection},
	{"instanceGroupManagers", "resize", resizeGroup},
	{"networks", "addPeering", addPeering},
	{"networks", "removePeering", removePeering},
	{"forwardingRules", "setTarget", set("target")},
	{"subnetworks", "setPrivateIpGoogleAccess", set("privateIpGoogleAccess")},
	{"subnetworks", "expandIpCidrRange", set("ipCidrRange")},
}

func (w *world) registerActions() {
	for _, row := range computeTypes {
		for _, scope := range strings.Fields(row.scopes) {
			item := computeRoot + "/" + scopePaths[scope] + "/" + row.name + "/{id}"
			for _, tried := range actions {
				if strings.Contains(" "+tried.types+" ", " "+row.name+" ") {
					w.on(computeAPI, "POST", item+"/"+tried.verb, tried.run)
				}
			}
		}
	}
}

func (a action) run(c *call) (any, error) {
	c.key = parentOf(c.key)
	member := c.store.at(c.key)
	if member == nil {
		return nil, notFound("The resource '%s' was not found", relative(c.key))
	}
	if err := c.reference(c.body); err != nil {
		return nil, err
	}
	if err := a.apply(c, member); err != nil {
		return nil, err
	}
	c.restamp(member)
	return c.begin(computeWire, a.verb, c.key, nil, nil), nil
}

// Labels are set all at once, by who has read the last ones.
func setLabels(c *call, member object) error {
	if given := text(c.body, "labelFingerprint"); given != text(member, "labelFingerprint") {
		return conditionNotMet("Labels fingerprint either invalid or resource labels have changed")
	}
	member["labels"], member["labelFingerprint"] = c.body["labels"], c.stamp()
	return nil
}

// set takes one field from the body; an object is the whole body.
func set(field string) func(*call, object) error {
	return func(c *call, member object) error {
		value, given := c.body[field]
		if !given {
			value = c.body
		}
		member[field] = value
		return nil
	}
}

func become(status string) func(*call, object) error {
	return func(_ *call, member object) error {
		member["status"] = status
		return nil
	}
}

func setDeletionProtection(c *call, member object) error {
	member["deletionProtection"] = c.query.Get("deletionProtection") != "false"
	return nil
}

func resizeGroup(c *call, member object) error {
	member["targetSize"] = number(object{"size": c.query.Get("size")}, "size")
	return nil
}

func addPolicies(c *call, member object) error {
	member["resourcePolicies"] = append(listAt(member, "resourcePolicies"), listAt(c.body, "resourcePolicies")...)
	return nil
}

func removePolicies(c *call, member object) error {
	kept := []any{}
	for _, one := range listAt(member, "resourcePolicies") {
		if !slices.Contains(listAt(c.body, "resourcePolicies"), one) {
			kept = append(kept, one)
		}
	}
	member["resourcePolicies"] = kept
	return nil
}

func createSnapshot(c *call, member object) error {
	path := fillIn(computeRoot, c.params) + "/global/snapshots"
	body := deepCopy(c.body).(object)
	fallback(body, object{"sourceDisk": text(member, "selfLink"), "sourceDiskId": member["id"], "diskSizeGb": member["sizeGb"]})
	_, err := c.seedOne(path, body)
	return err
}

func addPeering(c *call, member object) error {
	made := objectAt(c.body, "networkPeering")
	if made == nil {
		made = object{"name": c.body["name"], "network": c.body["peerNetwork"]}
	}
	fallback(made, object{"state": "INACTIVE", "stateDetails": "[name] is waiting for the peer network to connect."})
	member["peerings"] = append(listAt(member, "peerings"), made)
	return nil
}

func removePeering(c *call, member object) error {
	kept := []any{}
	for _, one := range listAt(member, "peerings") {
		if peering, _ := one.(object); text(peering, "name") != text(c.body, "name") {
			kept = append(kept, one)
		}
	}
	member["peerings"] = kept
	return nil
}
