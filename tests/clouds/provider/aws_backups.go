package main

import (
	"net/http"
	"net/url"
	"strings"
)

func (a *awsCloud) backupKinds() map[string]kind {
	return map[string]kind{
		"aws_backup_vault":     {create: a.vaultCreate, read: a.vaultRead, update: noUpdate, delete: a.vaultDelete},
		"aws_backup_plan":      {create: a.planCreate, read: a.planRead, update: a.planUpdate, delete: a.planDelete},
		"aws_backup_selection": {create: a.selectionCreate, read: a.selectionRead, update: noUpdate, delete: a.selectionDelete},
		"aws_dlm_lifecycle_policy": {
			create: a.copiesCreate, read: a.copiesRead, update: noUpdate, delete: a.copiesDelete,
		},
	}
}

func (a *awsCloud) backup(method, path string, body object) (object, error) {
	answer, err := a.rest("backup", method, "/"+path, body)
	return answer, goneAs(err)
}

func (a *awsCloud) backupTags(c *call) error {
	tags, err := a.backup(http.MethodGet, "tags/"+url.PathEscape(c.str("arn"))+"/", nil)
	if err == nil {
		a.seenTags(c, tagStrings(tags["Tags"]))
	}
	return withoutAPI(err, nil)
}

func (a *awsCloud) vaultCreate(c *call) error {
	_, err := a.backup(http.MethodPut, "backup-vaults/"+c.str("name"), object{"BackupVaultTags": c.tags()})
	if err == nil {
		c.state["id"] = c.str("name")
	}
	return err
}

func (a *awsCloud) vaultRead(c *call) error {
	live, err := a.backup(http.MethodGet, "backup-vaults/"+c.str("id"), nil)
	if err != nil {
		return err
	}
	c.view().seen("name", live["BackupVaultName"])
	c.compute("arn", live["BackupVaultArn"])
	c.compute("recovery_points", live["NumberOfRecoveryPoints"])
	return a.backupTags(c)
}

func (a *awsCloud) vaultDelete(c *call) error {
	_, err := a.backup(http.MethodDelete, "backup-vaults/"+c.str("id"), nil)
	return err
}

func planBody(c *call) object {
	rules := []any{}
	for _, rule := range c.view().blocks("rule") {
		body := object{
			"RuleName": rule.str("rule_name"), "TargetBackupVaultName": rule.str("target_vault_name"),
			"ScheduleExpression": rule.str("schedule"), "RecoveryPointTags": rule.values["recovery_point_tags"],
		}
		if kept, found := rule.block("lifecycle"); found {
			body["Lifecycle"] = object{"DeleteAfterDays": kept.values["delete_after"]}
		}
		rules = append(rules, body)
	}
	return object{"BackupPlanName": c.str("name"), "Rules": rules}
}

func (a *awsCloud) planCreate(c *call) error {
	made, err := a.backup(http.MethodPut, "backup/plans/", object{"BackupPlan": planBody(c), "BackupPlanTags": c.tags(), "CreatorRequestId": randomHex(8)})
	if err == nil {
		c.state["id"] = made["BackupPlanId"]
	}
	return err
}

func (a *awsCloud) planRead(c *call) error {
	live, err := a.backup(http.MethodGet, "backup/plans/"+c.str("id")+"/", nil)
	if err != nil {
		return err
	}
	if live["DeletionDate"] != nil {
		return errGone
	}
	plan := asObject(live["BackupPlan"])
	c.view().seen("name", plan["BackupPlanName"])
	rules := []object{}
	for _, e := range asList(plan["Rules"]) {
		rule := asObject(e)
		seen := object{
			"rule_name": rule["RuleName"], "target_vault_name": rule["TargetBackupVaultName"], "schedule": rule["ScheduleExpression"],
			"recovery_point_tags": rule["RecoveryPointTags"],
		}
		if kept := asObject(rule["Lifecycle"]); kept != nil {
			seen["lifecycle"] = []any{object{"cold_storage_after": kept["MoveToColdStorageAfterDays"], "delete_after": kept["DeleteAfterDays"]}}
		}
		rules = append(rules, seen)
	}
	c.view().seenBlocks("rule", rules)
	c.compute("arn", live["BackupPlanArn"])
	c.compute("version", live["VersionId"])
	return a.backupTags(c)
}

func (a *awsCloud) planUpdate(c *call) error {
	_, err := a.backup(http.MethodPost, "backup/plans/"+c.str("id"), object{"BackupPlan": planBody(c)})
	return err
}

func (a *awsCloud) planDelete(c *call) error {
	_, err := a.backup(http.MethodDelete, "backup/plans/"+c.str("id"), nil)
	return err
}

func selections(c *call) string { return "backup/plans/" + c.str("plan_id") + "/selections/" }

func (a *awsCloud) selectionCreate(c *call) error {
	made, err := a.backup(http.MethodPut, selections(c), object{"BackupSelection": object{
		"SelectionName": c.str("name"), "IamRoleArn": c.str("iam_role_arn"), "Resources": c.state["resources"],
	}})
	if err == nil {
		c.state["id"] = made["SelectionId"]
	}
	return err
}

func (a *awsCloud) selectionRead(c *call) error {
	answer, err := a.backup(http.MethodGet, selections(c)+c.str("id"), nil)
	if err != nil {
		return err
	}
	live := asObject(answer["BackupSelection"])
	c.view().seen("name", live["SelectionName"])
	c.view().seen("iam_role_arn", live["IamRoleArn"])
	c.view().seen("resources", live["Resources"])
	return nil
}

func (a *awsCloud) selectionDelete(c *call) error {
	_, err := a.backup(http.MethodDelete, selections(c)+c.str("id"), nil)
	return err
}

func (a *awsCloud) dlm(method, path string, body object) (object, error) {
	answer, err := a.rest("dlm", method, "/policies"+path, body)
	return answer, goneAs(err)
}

func (a *awsCloud) copiesCreate(c *call) error {
	details := object{}
	if policy, found := c.view().block("policy_details"); found {
		details["PolicyType"], details["ResourceTypes"] = policy.values["policy_type"], policy.values["resource_types"]
		details["TargetTags"] = tagList(asObject(policy.values["target_tags"]), "Key", "Value")
	}
	made, err := a.dlm(http.MethodPost, "", object{
		"Description": c.str("description"), "ExecutionRoleArn": c.str("execution_role_arn"), "State": c.str("state"),
		"PolicyDetails": details, "Tags": c.tags(),
	})
	if err == nil {
		c.state["id"] = made["PolicyId"]
	}
	return err
}

func (a *awsCloud) copiesRead(c *call) error {
	answer, err := a.dlm(http.MethodGet, "/"+c.str("id")+"/", nil)
	if err != nil {
		return err
	}
	live := asObject(answer["Policy"])
	c.view().seen("description", live["Description"])
	c.view().seen("execution_role_arn", live["ExecutionRoleArn"])
	c.view().seen("state", live["State"])
	c.compute("arn", live["PolicyArn"])
	a.seenTags(c, tagStrings(live["Tags"]))
	return nil
}

func (a *awsCloud) copiesDelete(c *call) error {
	_, err := a.dlm(http.MethodDelete, "/"+c.str("id")+"/", nil)
	return err
}

// exportKinds are the exports of bills, which are all made in one region.
func (a *awsCloud) exportKinds() map[string]kind {
	return map[string]kind{"aws_bcmdataexports_export": {
		create: a.exportCreate, read: a.exportRead, update: noUpdate, delete: a.exportDelete,
	}}
}

func (a *awsCloud) exports(action string, body object) (object, error) {
	answer, err := a.target("bcm-data-exports", "AWSBillingAndCostManagementDataExports."+action, body)
	return answer, goneAs(err)
}

func (a *awsCloud) exportCreate(c *call) error {
	export, found := c.view().block("export")
	if !found {
		return errNoAPI
	}
	body := object{"Name": export.str("name"), "Description": export.str("description")}
	if query, found := export.block("data_query"); found {
		body["DataQuery"] = object{"QueryStatement": query.str("query_statement"), "TableConfigurations": query.values["table_configurations"]}
	}
	if place, found := export.block("destination_configurations"); found {
		if bucket, found := place.block("s3_destination"); found {
			body["DestinationConfigurations"] = object{"S3Destination": object{
				"S3Bucket": bucket.str("s3_bucket"), "S3Prefix": bucket.str("s3_prefix"), "S3Region": bucket.str("s3_region"),
			}}
		}
	}
	if cadence, found := export.block("refresh_cadence"); found {
		body["RefreshCadence"] = object{"Frequency": cadence.str("frequency")}
	}
	made, err := a.exports("CreateExport", object{"Export": body})
	if err == nil {
		c.state["id"], c.state["arn"] = made["ExportArn"], made["ExportArn"]
	}
	return err
}

func (a *awsCloud) exportRead(c *call) error {
	answer, err := a.exports("GetExport", object{"ExportArn": c.str("id")})
	if err != nil {
		return err
	}
	live := asObject(answer["Export"])
	c.state["arn"] = live["ExportArn"]
	if parts := strings.Split(text(live["ExportArn"]), ":"); len(parts) > 3 {
		c.compute("region", parts[3])
	}
	export, found := c.view().block("export")
	if found {
		export.seen("name", live["Name"])
		export.seen("description", live["Description"])
	}
	return nil
}

func (a *awsCloud) exportDelete(c *call) error {
	_, err := a.exports("DeleteExport", object{"ExportArn": c.str("id")})
	return err
}
