package main

import (
	"errors"
	"strings"
)

func (a *awsCloud) serviceKinds() map[string]kind {
	return map[string]kind{
		"aws_ecr_repository":       {create: a.repositoryCreate, read: a.repositoryRead, update: a.repositoryUpdate, delete: a.repositoryDelete},
		"aws_ecr_lifecycle_policy": {create: a.cleanupPut, read: a.cleanupRead, update: a.cleanupPut, delete: a.cleanupDelete},
		"aws_cloudwatch_log_group": {create: a.logGroupCreate, read: a.logGroupRead, update: a.logGroupUpdate, delete: a.logGroupDelete},
		"aws_kms_key":              {create: a.keyCreate, read: a.keyRead, update: a.keyUpdate, delete: a.keyDelete},
		"aws_kms_alias":            {create: a.aliasCreate, read: a.aliasRead, update: a.aliasUpdate, delete: a.aliasDelete},
		"aws_budgets_budget":       {create: a.budgetCreate, read: a.budgetRead, update: a.budgetUpdate, delete: a.budgetDelete},
	}
}

func (a *awsCloud) ecr(action string, body object) (object, error) {
	answer, err := a.target("ecr", "AmazonEC2ContainerRegistry_V20150921."+action, body)
	return answer, goneAs(err)
}

func (a *awsCloud) repositoryCreate(c *call) error {
	body := object{"repositoryName": c.str("name"), "tags": tagList(c.tags(), "Key", "Value")}
	if c.view().has("image_tag_mutability") {
		body["imageTagMutability"] = c.str("image_tag_mutability")
	}
	if scan, found := c.view().block("image_scanning_configuration"); found {
		body["imageScanningConfiguration"] = object{"scanOnPush": truth(scan.values["scan_on_push"])}
	}
	if _, err := a.ecr("CreateRepository", body); err != nil {
		return err
	}
	c.state["id"] = c.str("name")
	return nil
}

func (a *awsCloud) repositoryRead(c *call) error {
	answer, err := a.ecr("DescribeRepositories", object{"repositoryNames": []any{c.str("id")}})
	if err != nil {
		return err
	}
	found := asList(answer["repositories"])
	if len(found) == 0 {
		return errGone
	}
	live := asObject(found[0])
	v := c.view()
	v.seen("name", live["repositoryName"])
	v.seen("image_tag_mutability", live["imageTagMutability"], "MUTABLE")
	if scan, found := v.block("image_scanning_configuration"); found {
		scan.seen("scan_on_push", asObject(live["imageScanningConfiguration"])["scanOnPush"])
	}
	c.compute("arn", live["repositoryArn"])
	c.compute("registry_id", live["registryId"])
	c.compute("repository_url", live["repositoryUri"])
	tags, err := a.ecr("ListTagsForResource", object{"resourceArn": live["repositoryArn"]})
	if err == nil {
		a.seenTags(c, tagStrings(tags["tags"]))
	}
	return withoutAPI(err, nil)
}

func (a *awsCloud) repositoryUpdate(c *call) error {
	set, drop := c.tagChange()
	if len(set) > 0 {
		if _, err := a.ecr("TagResource", object{"resourceArn": c.str("arn"), "tags": tagList(set, "Key", "Value")}); err != nil {
			return err
		}
	}
	if len(drop) > 0 {
		if _, err := a.ecr("UntagResource", object{"resourceArn": c.str("arn"), "tagKeys": drop}); err != nil {
			return err
		}
	}
	if c.changed("image_tag_mutability") && c.view().has("image_tag_mutability") {
		if _, err := a.ecr("PutImageTagMutability", object{"repositoryName": c.str("name"), "imageTagMutability": c.str("image_tag_mutability")}); err != nil {
			return err
		}
	}
	if scan, found := c.view().block("image_scanning_configuration"); found && c.changed("image_scanning_configuration") {
		_, err := a.ecr("PutImageScanningConfiguration", object{
			"repositoryName": c.str("name"), "imageScanningConfiguration": object{"scanOnPush": truth(scan.values["scan_on_push"])},
		})
		return err
	}
	return nil
}

func (a *awsCloud) repositoryDelete(c *call) error {
	_, err := a.ecr("DeleteRepository", object{"repositoryName": c.str("id"), "force": truth(c.state["force_delete"])})
	return err
}

func (a *awsCloud) cleanupPut(c *call) error {
	_, err := a.ecr("PutLifecyclePolicy", object{"repositoryName": c.str("repository"), "lifecyclePolicyText": c.str("policy")})
	if err == nil {
		c.state["id"] = c.str("repository")
	}
	return err
}

func (a *awsCloud) cleanupRead(c *call) error {
	answer, err := a.ecr("GetLifecyclePolicy", object{"repositoryName": c.str("repository")})
	if err == nil {
		c.view().seen("policy", answer["lifecyclePolicyText"])
		c.compute("registry_id", answer["registryId"])
	}
	return err
}

func (a *awsCloud) cleanupDelete(c *call) error {
	_, err := a.ecr("DeleteLifecyclePolicy", object{"repositoryName": c.str("repository")})
	return err
}

func (a *awsCloud) logs(action string, body object) (object, error) {
	answer, err := a.target("logs", "Logs_20140328."+action, body)
	return answer, goneAs(err)
}

func (a *awsCloud) logGroupCreate(c *call) error {
	body := object{"logGroupName": c.nameOf("name"), "tags": c.tags()}
	if c.view().has("kms_key_id") {
		body["kmsKeyId"] = c.str("kms_key_id")
	}
	if _, err := a.logs("CreateLogGroup", body); err != nil {
		return err
	}
	c.state["id"] = c.str("name")
	return a.logRetention(c)
}

func (a *awsCloud) logRetention(c *call) error {
	if !c.changed("retention_in_days") {
		return nil
	}
	name := object{"logGroupName": c.str("name")}
	action := "DeleteRetentionPolicy"
	if c.view().has("retention_in_days") {
		action = "PutRetentionPolicy"
		name["retentionInDays"] = c.state["retention_in_days"]
	} else if c.prior == nil {
		return nil
	}
	_, err := a.logs(action, name)
	return err
}

func (a *awsCloud) logGroupRead(c *call) error {
	answer, err := a.logs("DescribeLogGroups", object{"logGroupNamePrefix": c.str("id")})
	if err != nil {
		return err
	}
	for _, e := range asList(answer["logGroups"]) {
		live := asObject(e)
		if live["logGroupName"] != c.str("id") {
			continue
		}
		v := c.view()
		if live["retentionInDays"] == nil {
			live["retentionInDays"] = 0.0
		}
		v.seen("name", live["logGroupName"])
		v.seen("retention_in_days", live["retentionInDays"])
		c.compute("arn", strings.TrimSuffix(text(live["arn"]), ":*"))
		tags, err := a.logs("ListTagsLogGroup", object{"logGroupName": c.str("id")})
		if err == nil {
			a.seenTags(c, tagStrings(tags["tags"]))
		}
		return withoutAPI(err, nil)
	}
	return errGone
}

func (a *awsCloud) logGroupUpdate(c *call) error {
	set, drop := c.tagChange()
	if len(set) > 0 {
		if _, err := a.logs("TagLogGroup", object{"logGroupName": c.str("name"), "tags": set}); err != nil {
			return err
		}
	}
	if len(drop) > 0 {
		if _, err := a.logs("UntagLogGroup", object{"logGroupName": c.str("name"), "tags": drop}); err != nil {
			return err
		}
	}
	return a.logRetention(c)
}

func (a *awsCloud) logGroupDelete(c *call) error {
	if truth(c.state["skip_destroy"]) {
		return nil
	}
	_, err := a.logs("DeleteLogGroup", object{"logGroupName": c.str("id")})
	return err
}

func (a *awsCloud) kms(action string, body object) (object, error) {
	answer, err := a.target("kms", "TrentService."+action, body)
	return answer, goneAs(err)
}

func (a *awsCloud) keyCreate(c *call) error {
	body := object{"Tags": tagList(c.tags(), "TagKey", "TagValue")}
	for name, key := range map[string]string{"description": "Description", "policy": "Policy", "key_usage": "KeyUsage", "customer_master_key_spec": "KeySpec"} {
		if c.view().has(name) {
			body[key] = c.str(name)
		}
	}
	made, err := a.kms("CreateKey", body)
	if err != nil {
		return err
	}
	c.state["id"] = asObject(made["KeyMetadata"])["KeyId"]
	return a.keyRotation(c)
}

func (a *awsCloud) keyRotation(c *call) error {
	if !c.changed("enable_key_rotation") || c.prior == nil && !truth(c.state["enable_key_rotation"]) {
		return nil
	}
	action := "DisableKeyRotation"
	if truth(c.state["enable_key_rotation"]) {
		action = "EnableKeyRotation"
	}
	_, err := a.kms(action, object{"KeyId": c.str("id")})
	return err
}

func (a *awsCloud) keyRead(c *call) error {
	id := object{"KeyId": c.str("id")}
	answer, err := a.kms("DescribeKey", id)
	if err != nil {
		return err
	}
	live := asObject(answer["KeyMetadata"])
	if live["KeyState"] == "PendingDeletion" {
		return errGone
	}
	v := c.view()
	for name, key := range map[string]string{
		"arn": "Arn", "key_id": "KeyId", "description": "Description", "multi_region": "MultiRegion",
	} {
		v.seen(name, live[key])
	}
	v.seen("key_usage", live["KeyUsage"], "ENCRYPT_DECRYPT")
	v.seen("customer_master_key_spec", live["KeySpec"], "SYMMETRIC_DEFAULT")
	v.seen("is_enabled", live["Enabled"], true)
	rotation, err := a.kms("GetKeyRotationStatus", id)
	if err != nil {
		return err
	}
	v.seen("enable_key_rotation", rotation["KeyRotationEnabled"])
	if policy, err := a.kms("GetKeyPolicy", object{"KeyId": c.str("id"), "PolicyName": "default"}); err == nil {
		v.seen("policy", policy["Policy"])
	}
	tags, err := a.kms("ListResourceTags", id)
	if err == nil {
		a.seenTags(c, tagStrings(tags["Tags"]))
	}
	return err
}

func (a *awsCloud) keyUpdate(c *call) error {
	set, drop := c.tagChange()
	if len(set) > 0 {
		if _, err := a.kms("TagResource", object{"KeyId": c.str("id"), "Tags": tagList(set, "TagKey", "TagValue")}); err != nil {
			return err
		}
	}
	if len(drop) > 0 {
		if _, err := a.kms("UntagResource", object{"KeyId": c.str("id"), "TagKeys": drop}); err != nil {
			return err
		}
	}
	if c.changed("description") {
		if _, err := a.kms("UpdateKeyDescription", object{"KeyId": c.str("id"), "Description": c.str("description")}); err != nil {
			return err
		}
	}
	if c.changed("policy") && c.view().has("policy") {
		if _, err := a.kms("PutKeyPolicy", object{"KeyId": c.str("id"), "PolicyName": "default", "Policy": c.str("policy")}); err != nil {
			return err
		}
	}
	return a.keyRotation(c)
}

func (a *awsCloud) keyDelete(c *call) error {
	body := object{"KeyId": c.str("id")}
	if c.view().has("deletion_window_in_days") {
		body["PendingWindowInDays"] = c.state["deletion_window_in_days"]
	}
	_, err := a.kms("ScheduleKeyDeletion", body)
	return err
}

func (a *awsCloud) aliasCreate(c *call) error {
	_, err := a.kms("CreateAlias", object{"AliasName": c.nameOf("name"), "TargetKeyId": c.str("target_key_id")})
	if err == nil {
		c.state["id"] = c.str("name")
	}
	return err
}

func (a *awsCloud) aliasRead(c *call) error {
	answer, err := a.kms("ListAliases", object{})
	if err != nil {
		return err
	}
	for _, e := range asList(answer["Aliases"]) {
		live := asObject(e)
		if live["AliasName"] != c.str("id") {
			continue
		}
		key := text(live["TargetKeyId"])
		c.compute("arn", live["AliasArn"])
		c.compute("target_key_arn", a.arn("kms", "key/"+key))
		if !strings.HasSuffix(c.str("target_key_id"), key) {
			c.view().seen("target_key_id", key)
		}
		return nil
	}
	return errGone
}

func (a *awsCloud) aliasUpdate(c *call) error {
	_, err := a.kms("UpdateAlias", object{"AliasName": c.str("name"), "TargetKeyId": c.str("target_key_id")})
	return err
}

func (a *awsCloud) aliasDelete(c *call) error {
	_, err := a.kms("DeleteAlias", object{"AliasName": c.str("id")})
	return err
}

func (a *awsCloud) budgets(action string, body object) (object, error) {
	body["AccountId"] = a.account
	answer, err := a.target("budgets", "AWSBudgetServiceGateway."+action, body)
	return answer, goneAs(err)
}

func (a *awsCloud) budgetBody(c *call) object {
	budget := object{
		"BudgetName": c.str("name"), "BudgetType": c.str("budget_type"), "TimeUnit": c.str("time_unit"),
		"BudgetLimit": object{"Amount": c.str("limit_amount"), "Unit": c.str("limit_unit")},
	}
	filters := object{}
	for _, filter := range c.view().blocks("cost_filter") {
		filters[filter.str("name")] = filter.values["values"]
	}
	if len(filters) > 0 {
		budget["CostFilters"] = filters
	}
	notices := []any{}
	for _, notice := range c.view().blocks("notification") {
		subscribers := []any{}
		for _, address := range stringsOf(notice.values["subscriber_email_addresses"]) {
			subscribers = append(subscribers, object{"SubscriptionType": "EMAIL", "Address": address})
		}
		for _, topic := range stringsOf(notice.values["subscriber_sns_topic_arns"]) {
			subscribers = append(subscribers, object{"SubscriptionType": "SNS", "Address": topic})
		}
		notices = append(notices, object{"Subscribers": subscribers, "Notification": object{
			"NotificationType": notice.str("notification_type"), "ComparisonOperator": notice.str("comparison_operator"),
			"Threshold": notice.values["threshold"], "ThresholdType": notice.str("threshold_type"),
		}})
	}
	return object{"Budget": budget, "NotificationsWithSubscribers": notices}
}

func (a *awsCloud) budgetCreate(c *call) error {
	c.nameOf("name")
	if _, err := a.budgets("CreateBudget", a.budgetBody(c)); err != nil {
		return err
	}
	c.state["id"] = a.account + ":" + c.str("name")
	return nil
}

func (a *awsCloud) budgetRead(c *call) error {
	answer, err := a.budgets("DescribeBudget", object{"BudgetName": c.str("name")})
	if err != nil {
		return err
	}
	live := asObject(answer["Budget"])
	v := c.view()
	v.seen("budget_type", live["BudgetType"])
	v.seen("time_unit", live["TimeUnit"])
	limit := asObject(live["BudgetLimit"])
	if x, ok := number(limit["Amount"]); ok {
		if y, given := number(c.state["limit_amount"]); !given || x.Cmp(y) != 0 {
			v.seen("limit_amount", text(limit["Amount"]))
		}
	}
	v.seen("limit_unit", limit["Unit"])
	c.compute("account_id", a.account)
	c.compute("arn", a.arn("budgets", "budget/"+c.str("name")))
	return nil
}

// budgetUpdate makes the budget anew where the stand-in cannot change one.
func (a *awsCloud) budgetUpdate(c *call) error {
	body := a.budgetBody(c)
	_, err := a.budgets("UpdateBudget", object{"NewBudget": body["Budget"]})
	if !errors.Is(err, errNoAPI) {
		return err
	}
	if err := a.budgetDelete(c); err != nil {
		return err
	}
	return a.budgetCreate(c)
}

func (a *awsCloud) budgetDelete(c *call) error {
	_, err := a.budgets("DeleteBudget", object{"BudgetName": c.str("name")})
	return err
}
