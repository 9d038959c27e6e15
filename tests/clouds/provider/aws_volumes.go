package main

import (
	"fmt"
	"net/url"
	"strings"
)

func (a *awsCloud) volumeKinds() map[string]kind {
	return map[string]kind{
		"aws_ebs_volume": a.ec2Kind(ec2{
			create: "CreateVolume", describe: "DescribeVolumes", delete: "DeleteVolume",
			id: "VolumeId", made: "volumeId", items: "volumeSet.item", tagged: "volume", arn: "volume",
			params: map[string]string{
				"availability_zone": "AvailabilityZone", "size": "Size", "type": "VolumeType", "encrypted": "Encrypted",
				"iops": "Iops", "throughput": "Throughput", "snapshot_id": "SnapshotId", "kms_key_id": "KmsKeyId",
			},
			seen: map[string]string{
				"availability_zone": "availabilityZone", "size": "size", "type": "volumeType", "encrypted": "encrypted",
				"iops": "iops", "throughput": "throughput", "kms_key_id": "kmsKeyId",
			},
			also: a.volumeModify, before: a.volumeFree,
		}),
		"aws_flow_log": a.flowLogKind(),
	}
}

func (a *awsCloud) volumeModify(c *call) error {
	if c.prior == nil || !c.changed("size", "type", "iops", "throughput") {
		return nil
	}
	form := url.Values{"VolumeId": {c.str("id")}}
	for name, param := range map[string]string{"size": "Size", "type": "VolumeType", "iops": "Iops", "throughput": "Throughput"} {
		if c.changed(name) && c.view().has(name) {
			form.Set(param, c.str(name))
		}
	}
	_, err := a.query("ec2", "ModifyVolume", form)
	return err
}

func (a *awsCloud) volumeFree(c *call) error {
	item, err := a.ec2Item(ec2{describe: "DescribeVolumes", id: "VolumeId", items: "volumeSet.item"}, c.str("id"))
	if err != nil {
		return err
	}
	if item.at("status") == "in-use" {
		return fmt.Errorf("api error VolumeInUse: Volume %s is currently attached to %s", c.str("id"), item.at("attachmentSet.item.instanceId"))
	}
	return nil
}

func (a *awsCloud) flowLogKind() kind {
	k := a.ec2Kind(ec2{
		describe: "DescribeFlowLogs", delete: "DeleteFlowLogs", id: "FlowLogId", items: "flowLogSet.item", tagged: "vpc-flow-log", arn: "vpc-flow-log",
		seen: map[string]string{"traffic_type": "trafficType", "log_destination_type": "logDestinationType", "log_destination": "logDestination"},
	}).deletedBy(a, "DeleteFlowLogs", "FlowLogId.1")
	k.create = func(c *call) error {
		form := url.Values{"ResourceId.1": {c.str("vpc_id")}, "ResourceType": {"VPC"}, "TrafficType": {c.str("traffic_type")}}
		for name, param := range map[string]string{
			"log_destination_type": "LogDestinationType", "log_destination": "LogDestination", "log_group_name": "LogGroupName",
			"iam_role_arn": "DeliverLogsPermissionArn", "log_format": "LogFormat", "max_aggregation_interval": "MaxAggregationInterval",
		} {
			if c.view().has(name) {
				form.Set(param, c.str(name))
			}
		}
		form.Set("TagSpecification.1.ResourceType", "vpc-flow-log")
		putTags(form, "TagSpecification.1.Tag", c.tags())
		answer, err := a.query("ec2", "CreateFlowLogs", form)
		if err != nil {
			return err
		}
		if c.state["id"] = answer.at("flowLogIdSet.item"); c.str("id") == "" {
			failure := "unsuccessful.item.error."
			return &apiError{code: answer.at(failure + "code"), message: answer.at(failure + "message")}
		}
		return nil
	}
	return k
}

func (a *awsCloud) templateKinds() map[string]kind {
	return map[string]kind{"aws_launch_template": {
		create: a.templateCreate, read: a.templateRead, update: a.templateUpdate,
		delete: func(c *call) error {
			_, err := a.query("ec2", "DeleteLaunchTemplate", url.Values{"LaunchTemplateId": {c.str("id")}})
			return goneAs(err)
		},
	}}
}

func (a *awsCloud) templateCreate(c *call) error {
	form := url.Values{"LaunchTemplateName": {c.nameOf("name")}}
	if c.str("description") != "" {
		form.Set("VersionDescription", c.str("description"))
	}
	templateData(form, "LaunchTemplateData", c.view())
	if tags := c.tags(); len(tags) > 0 {
		form.Set("TagSpecification.1.ResourceType", "launch-template")
		putTags(form, "TagSpecification.1.Tag", tags)
	}
	answer, err := a.query("ec2", "CreateLaunchTemplate", form)
	if err == nil {
		c.state["id"] = answer.at("launchTemplate.launchTemplateId")
	}
	return err
}

// What of a template is not the launch data.
var notData = map[string]bool{
	"name": true, "name_prefix": true, "description": true, "tags": true, "tags_all": true, "update_default_version": true,
	"default_version": true, "latest_version": true, "arn": true, "id": true, "region": true,
}

var templateNames = map[string]string{
	"block_device_mappings": "BlockDeviceMapping", "tag_specifications": "TagSpecification", "vpc_security_group_ids": "SecurityGroupId",
	"network_interfaces": "NetworkInterface", "iam_instance_profile": "IamInstanceProfile", "device_name": "DeviceName", "tags": "Tag",
	"license_specification": "LicenseSpecification", "security_groups": "SecurityGroupId",
}

// templateData writes a block as parameters: names in capitals, lists numbered.
func templateData(form url.Values, prefix string, v view) {
	for name := range v.schema.Attributes {
		if prefix == "LaunchTemplateData" && notData[name] || !v.has(name) {
			continue
		}
		at := prefix + "." + parameterName(name)
		switch value := v.values[name].(type) {
		case []any:
			putList(form, at, stringsOf(value))
		case object:
			putTags(form, at, value)
		default:
			form.Set(at, text(value))
		}
	}
	for name, n := range v.schema.Blocks {
		for i, inner := range v.blocks(name) {
			at := prefix + "." + parameterName(name)
			if n.MaxItems != 1 {
				at += fmt.Sprintf(".%d", i+1)
			}
			templateData(form, at, inner)
		}
	}
}

func parameterName(name string) string {
	if known, found := templateNames[name]; found {
		return known
	}
	var out strings.Builder
	for _, part := range strings.Split(name, "_") {
		out.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return out.String()
}

func (a *awsCloud) templateRead(c *call) error {
	item, err := a.ec2Item(ec2{describe: "DescribeLaunchTemplates", id: "LaunchTemplateId", items: "launchTemplates.item"}, c.str("id"))
	if err != nil {
		return err
	}
	v := c.view()
	v.seen("name", item.maybe("launchTemplateName"))
	v.seen("latest_version", item.maybe("latestVersionNumber"))
	v.seen("default_version", item.maybe("defaultVersionNumber"))
	c.compute("arn", a.arn("ec2", "launch-template/"+c.str("id")))
	// Moto's template keeps the tags that it was made with; DescribeTags has them as they are.
	tags, err := a.query("ec2", "DescribeTags", url.Values{"Filter.1.Name": {"resource-id"}, "Filter.1.Value.1": {c.str("id")}})
	if err != nil {
		return err
	}
	a.seenTags(c, tags.tags("tagSet.item", "key", "value"))
	return nil
}

func (a *awsCloud) templateUpdate(c *call) error {
	if err := a.ec2Tags(c); err != nil || onlyTags(c.prior, c.state) {
		return err
	}
	form := url.Values{"LaunchTemplateId": {c.str("id")}}
	if c.str("description") != "" {
		form.Set("VersionDescription", c.str("description"))
	}
	templateData(form, "LaunchTemplateData", c.view())
	answer, err := a.query("ec2", "CreateLaunchTemplateVersion", form)
	if err != nil || !truth(c.state["update_default_version"]) {
		return err
	}
	_, err = a.query("ec2", "ModifyLaunchTemplate", url.Values{
		"LaunchTemplateId": {c.str("id")}, "SetDefaultVersion": {answer.at("launchTemplateVersion.versionNumber")},
	})
	return err
}
