package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

func (a *awsCloud) roleKinds() map[string]kind {
	return map[string]kind{
		"aws_iam_role":                   {create: a.roleCreate, read: a.roleRead, update: a.roleUpdate, delete: a.roleDelete},
		"aws_iam_role_policy":            {create: a.rolePolicyPut, read: a.rolePolicyRead, update: a.rolePolicyPut, delete: a.rolePolicyDelete},
		"aws_iam_role_policy_attachment": {create: a.attach, read: a.attachmentRead, update: noUpdate, delete: a.detach},
		"aws_iam_instance_profile":       {create: a.profileCreate, read: a.profileRead, update: noUpdate, delete: a.profileDelete},
	}
}

// noUpdate is for types whose arguments all force replacement.
func noUpdate(*call) error { return nil }

func (a *awsCloud) iam(action string, pairs ...string) (*node, error) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	answer, err := a.query("iam", action, form)
	if err != nil {
		return nil, goneAs(err)
	}
	if result := answer.find(action + "Result"); result != nil {
		return result, nil
	}
	return answer, nil
}

func (a *awsCloud) iamTags(c *call, what, idParam, id string) error {
	set, drop := c.tagChange()
	if len(set) > 0 {
		form := url.Values{idParam: {id}}
		putTags(form, "Tags.member", set)
		if _, err := a.query("iam", "Tag"+what, form); err != nil {
			return err
		}
	}
	if len(drop) == 0 {
		return nil
	}
	form := url.Values{idParam: {id}}
	putList(form, "TagKeys.member", drop)
	_, err := a.query("iam", "Untag"+what, form)
	return err
}

func (a *awsCloud) roleCreate(c *call) error {
	form := url.Values{"RoleName": {c.nameOf("name")}, "AssumeRolePolicyDocument": {c.str("assume_role_policy")}}
	for name, param := range map[string]string{
		"path": "Path", "description": "Description", "max_session_duration": "MaxSessionDuration", "permissions_boundary": "PermissionsBoundary",
	} {
		if c.view().has(name) {
			form.Set(param, c.str(name))
		}
	}
	putTags(form, "Tags.member", c.tags())
	if _, err := a.query("iam", "CreateRole", form); err != nil {
		return err
	}
	c.state["id"] = c.str("name")
	for _, inline := range c.view().blocks("inline_policy") {
		if _, err := a.iam("PutRolePolicy", "RoleName", c.str("name"), "PolicyName", inline.str("name"), "PolicyDocument", inline.str("policy")); err != nil {
			return err
		}
	}
	for _, policy := range stringsOf(c.state["managed_policy_arns"]) {
		if _, err := a.iam("AttachRolePolicy", "RoleName", c.str("name"), "PolicyArn", policy); err != nil {
			return err
		}
	}
	return nil
}

func (a *awsCloud) roleRead(c *call) error {
	answer, err := a.iam("GetRole", "RoleName", c.str("id"))
	if err != nil {
		return err
	}
	role := answer.find("Role")
	v := c.view()
	document, err := url.QueryUnescape(role.at("AssumeRolePolicyDocument"))
	if err != nil {
		return err
	}
	v.seen("name", role.at("RoleName"))
	v.seen("assume_role_policy", document)
	v.seen("description", role.at("Description"))
	v.seen("path", role.at("Path"), "/")
	v.seen("max_session_duration", role.maybe("MaxSessionDuration"), 3600.0)
	c.compute("arn", role.at("Arn"))
	c.compute("unique_id", role.at("RoleId"))
	c.compute("create_date", role.at("CreateDate"))
	a.seenTags(c, role.tags("Tags.member", "Key", "Value"))
	return nil
}

func (a *awsCloud) roleUpdate(c *call) error {
	name := c.str("name")
	if err := a.iamTags(c, "Role", "RoleName", name); err != nil {
		return err
	}
	if c.changed("assume_role_policy") {
		if _, err := a.iam("UpdateAssumeRolePolicy", "RoleName", name, "PolicyDocument", c.str("assume_role_policy")); err != nil {
			return err
		}
	}
	if c.changed("description", "max_session_duration") {
		_, err := a.iam("UpdateRole", "RoleName", name, "Description", c.str("description"), "MaxSessionDuration", c.str("max_session_duration"))
		return err
	}
	return nil
}

// roleDelete takes inline policies away first, as the provider does; attached ones only when told to.
func (a *awsCloud) roleDelete(c *call) error {
	name := c.str("id")
	inline, err := a.iam("ListRolePolicies", "RoleName", name)
	if err != nil {
		return err
	}
	for _, policy := range inline.texts("PolicyNames.member") {
		if _, err := a.iam("DeleteRolePolicy", "RoleName", name, "PolicyName", policy.(string)); err != nil {
			return err
		}
	}
	attached, err := a.iam("ListAttachedRolePolicies", "RoleName", name)
	if err != nil {
		return err
	}
	for _, policy := range attached.texts("AttachedPolicies.member.PolicyArn") {
		if !truth(c.state["force_detach_policies"]) {
			return fmt.Errorf("api error DeleteConflict: Cannot delete entity, must detach all policies first. (%s has %s)", name, policy)
		}
		if _, err := a.iam("DetachRolePolicy", "RoleName", name, "PolicyArn", policy.(string)); err != nil {
			return err
		}
	}
	_, err = a.iam("DeleteRole", "RoleName", name)
	return err
}

func (a *awsCloud) rolePolicyPut(c *call) error {
	_, err := a.iam("PutRolePolicy", "RoleName", c.str("role"), "PolicyName", c.nameOf("name"), "PolicyDocument", c.str("policy"))
	if err == nil {
		c.state["id"] = c.str("role") + ":" + c.str("name")
	}
	return err
}

func (a *awsCloud) rolePolicyRead(c *call) error {
	answer, err := a.iam("GetRolePolicy", "RoleName", c.str("role"), "PolicyName", c.str("name"))
	if err != nil {
		return err
	}
	document, err := url.QueryUnescape(answer.at("PolicyDocument"))
	if err != nil {
		return err
	}
	c.view().seen("policy", document)
	return nil
}

func (a *awsCloud) rolePolicyDelete(c *call) error {
	_, err := a.iam("DeleteRolePolicy", "RoleName", c.str("role"), "PolicyName", c.str("name"))
	return err
}

func (a *awsCloud) attach(c *call) error {
	_, err := a.iam("AttachRolePolicy", "RoleName", c.str("role"), "PolicyArn", c.str("policy_arn"))
	if err == nil {
		c.state["id"] = c.str("role") + "/" + c.str("policy_arn")
	}
	return err
}

func (a *awsCloud) attachmentRead(c *call) error {
	answer, err := a.iam("ListAttachedRolePolicies", "RoleName", c.str("role"))
	if err != nil {
		return err
	}
	for _, arn := range answer.texts("AttachedPolicies.member.PolicyArn") {
		if arn == c.str("policy_arn") {
			return nil
		}
	}
	return errGone
}

func (a *awsCloud) detach(c *call) error {
	_, err := a.iam("DetachRolePolicy", "RoleName", c.str("role"), "PolicyArn", c.str("policy_arn"))
	return err
}

func (a *awsCloud) profileCreate(c *call) error {
	if _, err := a.iam("CreateInstanceProfile", "InstanceProfileName", c.nameOf("name"), "Path", c.str("path")); err != nil {
		return err
	}
	c.state["id"] = c.str("name")
	if c.str("role") == "" {
		return nil
	}
	_, err := a.iam("AddRoleToInstanceProfile", "InstanceProfileName", c.str("name"), "RoleName", c.str("role"))
	return err
}

func (a *awsCloud) profileRead(c *call) error {
	answer, err := a.iam("GetInstanceProfile", "InstanceProfileName", c.str("id"))
	if err != nil {
		return err
	}
	profile := answer.find("InstanceProfile")
	c.view().seen("role", profile.at("Roles.member.RoleName"))
	c.compute("arn", profile.at("Arn"))
	c.compute("unique_id", profile.at("InstanceProfileId"))
	c.compute("create_date", profile.at("CreateDate"))
	return nil
}

func (a *awsCloud) profileDelete(c *call) error {
	if role := c.str("role"); role != "" {
		if _, err := a.iam("RemoveRoleFromInstanceProfile", "InstanceProfileName", c.str("id"), "RoleName", role); err != nil && !errors.Is(err, errGone) {
			return err
		}
	}
	_, err := a.iam("DeleteInstanceProfile", "InstanceProfileName", c.str("id"))
	return err
}

func (a *awsCloud) policyKinds() map[string]kind {
	return map[string]kind{
		"aws_iam_policy":                  {create: a.policyCreate, read: a.policyRead, update: a.policyUpdate, delete: a.policyDelete},
		"aws_iam_openid_connect_provider": {create: a.oidcCreate, read: a.oidcRead, update: a.oidcUpdate, delete: a.oidcDelete},
	}
}

func (a *awsCloud) policyCreate(c *call) error {
	form := url.Values{"PolicyName": {c.nameOf("name")}, "PolicyDocument": {c.str("policy")}}
	if c.view().has("path") {
		form.Set("Path", c.str("path"))
	}
	if c.view().has("description") {
		form.Set("Description", c.str("description"))
	}
	putTags(form, "Tags.member", c.tags())
	answer, err := a.query("iam", "CreatePolicy", form)
	if err == nil {
		c.state["id"] = answer.find("Arn").text
	}
	return err
}

func (a *awsCloud) policyRead(c *call) error {
	answer, err := a.iam("GetPolicy", "PolicyArn", c.str("id"))
	if err != nil {
		return err
	}
	policy := answer.find("Policy")
	version, err := a.iam("GetPolicyVersion", "PolicyArn", c.str("id"), "VersionId", policy.at("DefaultVersionId"))
	if err != nil {
		return err
	}
	document, err := url.QueryUnescape(version.find("Document").text)
	if err != nil {
		return err
	}
	v := c.view()
	v.seen("name", policy.at("PolicyName"))
	v.seen("policy", document)
	v.seen("path", policy.at("Path"), "/")
	c.compute("arn", policy.at("Arn"))
	c.compute("policy_id", policy.at("PolicyId"))
	v.seen("attachment_count", policy.maybe("AttachmentCount"))
	a.seenTags(c, policy.tags("Tags.member", "Key", "Value"))
	return nil
}

func (a *awsCloud) policyUpdate(c *call) error {
	if err := a.iamTags(c, "Policy", "PolicyArn", c.str("id")); err != nil || !c.changed("policy") {
		return err
	}
	if err := a.dropVersions(c.str("id")); err != nil {
		return err
	}
	_, err := a.iam("CreatePolicyVersion", "PolicyArn", c.str("id"), "PolicyDocument", c.str("policy"), "SetAsDefault", "true")
	return err
}

func (a *awsCloud) dropVersions(arn string) error {
	answer, err := a.iam("ListPolicyVersions", "PolicyArn", arn)
	if err != nil {
		return err
	}
	for _, version := range answer.all("Versions.member") {
		if version.at("IsDefaultVersion") == "true" {
			continue
		}
		if _, err := a.iam("DeletePolicyVersion", "PolicyArn", arn, "VersionId", version.at("VersionId")); err != nil {
			return err
		}
	}
	return nil
}

func (a *awsCloud) policyDelete(c *call) error {
	if err := a.dropVersions(c.str("id")); err != nil {
		return err
	}
	_, err := a.iam("DeletePolicy", "PolicyArn", c.str("id"))
	return err
}

func (a *awsCloud) oidcCreate(c *call) error {
	form := url.Values{"Url": {c.str("url")}}
	putList(form, "ClientIDList.member", stringsOf(c.state["client_id_list"]))
	thumbprints := stringsOf(c.state["thumbprint_list"])
	if len(thumbprints) == 0 {
		thumbprints = []string{strings.Repeat("0", 40)}
		c.state["thumbprint_list"] = anyOf(thumbprints)
	}
	putList(form, "ThumbprintList.member", thumbprints)
	putTags(form, "Tags.member", c.tags())
	answer, err := a.query("iam", "CreateOpenIDConnectProvider", form)
	if err == nil {
		c.state["id"] = answer.find("OpenIDConnectProviderArn").text
	}
	return err
}

func (a *awsCloud) oidcRead(c *call) error {
	found, err := a.iam("GetOpenIDConnectProvider", "OpenIDConnectProviderArn", c.str("id"))
	if err != nil {
		return err
	}
	v := c.view()
	c.compute("arn", c.str("id"))
	if v.str("url") == "" {
		v.seen("url", "https://"+strings.TrimPrefix(found.at("Url"), "https://"))
	}
	v.seen("client_id_list", found.texts("ClientIDList.member"))
	v.seen("thumbprint_list", found.texts("ThumbprintList.member"))
	a.seenTags(c, found.tags("Tags.member", "Key", "Value"))
	return nil
}

func (a *awsCloud) oidcUpdate(c *call) error {
	if err := a.iamTags(c, "OpenIDConnectProvider", "OpenIDConnectProviderArn", c.str("id")); err != nil || !c.changed("thumbprint_list") {
		return err
	}
	form := url.Values{"OpenIDConnectProviderArn": {c.str("id")}}
	putList(form, "ThumbprintList.member", stringsOf(c.state["thumbprint_list"]))
	_, err := a.query("iam", "UpdateOpenIDConnectProviderThumbprint", form)
	return err
}

func (a *awsCloud) oidcDelete(c *call) error {
	_, err := a.iam("DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", c.str("id"))
	return err
}
