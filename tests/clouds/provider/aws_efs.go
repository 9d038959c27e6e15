package main

import (
	"errors"
	"net/http"
	"net/url"
)

const efsRoot = "/2015-02-01"

func (a *awsCloud) fileSystemKinds() map[string]kind {
	return map[string]kind{
		"aws_efs_file_system":        {create: a.fsCreate, read: a.fsRead, update: a.fsUpdate, delete: a.efsDelete("/file-systems/")},
		"aws_efs_mount_target":       {create: a.targetCreate, read: a.targetRead, update: a.targetUpdate, delete: a.efsDelete("/mount-targets/")},
		"aws_efs_access_point":       {create: a.pointCreate, read: a.pointRead, update: a.efsTags, delete: a.efsDelete("/access-points/")},
		"aws_efs_file_system_policy": {create: a.fsPolicyPut, read: a.fsPolicyRead, update: a.fsPolicyPut, delete: a.fsPolicyDelete},
	}
}

func (a *awsCloud) efs(method, path string, body object) (object, error) {
	answer, err := a.rest("elasticfilesystem", method, efsRoot+path, body)
	return answer, goneAs(err)
}

func (a *awsCloud) efsDelete(collection string) func(*call) error {
	return func(c *call) error {
		_, err := a.efs(http.MethodDelete, collection+c.str("id"), nil)
		return err
	}
}

// efsOne is the one thing that a list by id has.
func (a *awsCloud) efsOne(path, list string) (object, error) {
	answer, err := a.efs(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	if found := asList(answer[list]); len(found) > 0 {
		return asObject(found[0]), nil
	}
	return nil, errGone
}

func (a *awsCloud) efsTags(c *call) error {
	set, drop := c.tagChange()
	path := "/resource-tags/" + c.str("id")
	if len(set) > 0 {
		if _, err := a.efs(http.MethodPost, path, object{"Tags": tagList(set, "Key", "Value")}); err != nil {
			return err
		}
	}
	if len(drop) == 0 {
		return nil
	}
	_, err := a.efs(http.MethodDelete, path+"?"+url.Values{"tagKeys": drop}.Encode(), nil)
	return err
}

func (a *awsCloud) fsCreate(c *call) error {
	token := c.str("creation_token")
	if token == "" {
		token = "terraform-" + randomHex(13)
		c.state["creation_token"] = token
	}
	body := object{"CreationToken": token, "Tags": tagList(c.tags(), "Key", "Value")}
	for name, key := range map[string]string{
		"encrypted": "Encrypted", "kms_key_id": "KmsKeyId", "performance_mode": "PerformanceMode", "throughput_mode": "ThroughputMode",
		"provisioned_throughput_in_mibps": "ProvisionedThroughputInMibps", "availability_zone_name": "AvailabilityZoneName",
	} {
		if c.view().has(name) {
			body[key] = c.state[name]
		}
	}
	made, err := a.efs(http.MethodPost, "/file-systems", body)
	if err != nil {
		return err
	}
	c.state["id"] = made["FileSystemId"]
	return a.fsLifecycle(c)
}

func (a *awsCloud) fsLifecycle(c *call) error {
	if c.prior == nil && len(c.view().blocks("lifecycle_policy")) == 0 {
		return nil
	}
	_, err := a.efs(http.MethodPut, "/file-systems/"+c.str("id")+"/lifecycle-configuration", object{"LifecyclePolicies": lifecycleOut(c)})
	return withoutAPI(err, nil)
}

var lifecycleNames = map[string]string{
	"transition_to_ia": "TransitionToIA", "transition_to_primary_storage_class": "TransitionToPrimaryStorageClass", "transition_to_archive": "TransitionToArchive",
}

func lifecycleOut(c *call) []any {
	out := []any{}
	for _, policy := range c.view().blocks("lifecycle_policy") {
		rule := object{}
		for name, key := range lifecycleNames {
			if policy.has(name) {
				rule[key] = policy.str(name)
			}
		}
		out = append(out, rule)
	}
	return out
}

func (a *awsCloud) fsRead(c *call) error {
	id := c.str("id")
	live, err := a.efsOne("/file-systems?FileSystemId="+id, "FileSystems")
	if err != nil {
		return err
	}
	if state := text(live["LifeCycleState"]); state == "deleting" || state == "deleted" {
		return errGone
	}
	v := c.view()
	for name, key := range map[string]string{
		"encrypted": "Encrypted", "kms_key_id": "KmsKeyId", "performance_mode": "PerformanceMode", "creation_token": "CreationToken",
		"owner_id": "OwnerId", "number_of_mount_targets": "NumberOfMountTargets", "availability_zone_name": "AvailabilityZoneName",
	} {
		v.seen(name, live[key])
	}
	v.seen("throughput_mode", live["ThroughputMode"], "bursting")
	c.compute("arn", a.arn("elasticfilesystem", "file-system/"+id))
	c.compute("dns_name", id+".efs."+a.region+".amazonaws.com")
	c.compute("name", tagStrings(live["Tags"])["Name"])
	a.seenTags(c, tagStrings(live["Tags"]))
	answer, err := a.efs(http.MethodGet, "/file-systems/"+id+"/lifecycle-configuration", nil)
	if errors.Is(err, errNoAPI) {
		return nil
	}
	if err != nil {
		return err
	}
	if told := asList(answer["LifecyclePolicies"]); !sameElements(told, lifecycleOut(c)) {
		var blocks []object
		for _, e := range told {
			b := object{}
			for name, key := range lifecycleNames {
				b[name] = asObject(e)[key]
			}
			blocks = append(blocks, b)
		}
		v.seenBlocks("lifecycle_policy", blocks)
	}
	return nil
}

func (a *awsCloud) fsUpdate(c *call) error {
	if err := a.efsTags(c); err != nil {
		return err
	}
	if c.changed("throughput_mode", "provisioned_throughput_in_mibps") {
		body := object{"ThroughputMode": c.str("throughput_mode")}
		if c.view().has("provisioned_throughput_in_mibps") {
			body["ProvisionedThroughputInMibps"] = c.state["provisioned_throughput_in_mibps"]
		}
		if _, err := a.efs(http.MethodPut, "/file-systems/"+c.str("id"), body); err != nil {
			return missing(err, "UpdateFileSystem")
		}
	}
	if !c.changed("lifecycle_policy") {
		return nil
	}
	return a.fsLifecycle(c)
}

func (a *awsCloud) targetCreate(c *call) error {
	body := object{"FileSystemId": c.str("file_system_id"), "SubnetId": c.str("subnet_id")}
	if groups := stringsOf(c.state["security_groups"]); len(groups) > 0 {
		body["SecurityGroups"] = groups
	}
	made, err := a.efs(http.MethodPost, "/mount-targets", body)
	if err == nil {
		c.state["id"] = made["MountTargetId"]
	}
	return err
}

func (a *awsCloud) targetRead(c *call) error {
	live, err := a.efsOne("/mount-targets?MountTargetId="+c.str("id"), "MountTargets")
	if err != nil {
		return err
	}
	v := c.view()
	for name, key := range map[string]string{
		"file_system_id": "FileSystemId", "subnet_id": "SubnetId", "ip_address": "IpAddress", "network_interface_id": "NetworkInterfaceId",
		"availability_zone_name": "AvailabilityZoneName", "availability_zone_id": "AvailabilityZoneId", "owner_id": "OwnerId",
	} {
		v.seen(name, live[key])
	}
	fs := c.str("file_system_id")
	c.compute("file_system_arn", a.arn("elasticfilesystem", "file-system/"+fs))
	c.compute("dns_name", fs+".efs."+a.region+".amazonaws.com")
	c.compute("mount_target_dns_name", c.str("availability_zone_name")+"."+fs+".efs."+a.region+".amazonaws.com")
	groups, err := a.efs(http.MethodGet, "/mount-targets/"+c.str("id")+"/security-groups", nil)
	if err == nil {
		v.seen("security_groups", asList(groups["SecurityGroups"]))
	}
	return withoutAPI(err, nil)
}

func (a *awsCloud) targetUpdate(c *call) error {
	_, err := a.efs(http.MethodPut, "/mount-targets/"+c.str("id")+"/security-groups", object{"SecurityGroups": c.state["security_groups"]})
	return err
}

func (a *awsCloud) pointCreate(c *call) error {
	body := object{"ClientToken": randomHex(13), "FileSystemId": c.str("file_system_id"), "Tags": tagList(c.tags(), "Key", "Value")}
	if user, found := c.view().block("posix_user"); found {
		body["PosixUser"] = object{"Uid": user.values["uid"], "Gid": user.values["gid"]}
	}
	if root, found := c.view().block("root_directory"); found {
		directory := object{}
		if root.has("path") {
			directory["Path"] = root.str("path")
		}
		if info, found := root.block("creation_info"); found {
			directory["CreationInfo"] = object{"OwnerUid": info.values["owner_uid"], "OwnerGid": info.values["owner_gid"], "Permissions": info.str("permissions")}
		}
		body["RootDirectory"] = directory
	}
	made, err := a.efs(http.MethodPost, "/access-points", body)
	if err == nil {
		c.state["id"] = made["AccessPointId"]
	}
	return err
}

func (a *awsCloud) pointRead(c *call) error {
	live, err := a.efsOne("/access-points?AccessPointId="+c.str("id"), "AccessPoints")
	if err != nil {
		return err
	}
	v := c.view()
	v.seen("file_system_id", live["FileSystemId"])
	c.compute("arn", a.arn("elasticfilesystem", "access-point/"+c.str("id")))
	c.compute("file_system_arn", a.arn("elasticfilesystem", "file-system/"+c.str("file_system_id")))
	c.compute("owner_id", a.account)
	a.seenTags(c, tagStrings(live["Tags"]))
	return nil
}

func (a *awsCloud) fsPolicyPut(c *call) error {
	_, err := a.efs(http.MethodPut, "/file-systems/"+c.str("file_system_id")+"/policy", object{"Policy": c.str("policy")})
	if err == nil {
		c.state["id"] = c.str("file_system_id")
	}
	return err
}

func (a *awsCloud) fsPolicyRead(c *call) error {
	live, err := a.efs(http.MethodGet, "/file-systems/"+c.str("file_system_id")+"/policy", nil)
	if err == nil {
		c.view().seen("policy", live["Policy"])
	}
	return err
}

// fsPolicyDelete: a stand-in without the call keeps the policy until its file system goes.
func (a *awsCloud) fsPolicyDelete(c *call) error {
	_, err := a.efs(http.MethodDelete, "/file-systems/"+c.str("file_system_id")+"/policy", nil)
	return err
}
