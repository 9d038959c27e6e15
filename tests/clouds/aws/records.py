"""Small APIs that moto lacks, as no more than records: what was created is told until it is deleted."""

import time
import uuid

from moto.core import DEFAULT_ACCOUNT_ID

budget_actions, cost_tags, exports, reports, cache_rules = {}, {}, {}, {}, {}
selections, copies = {}, {}


class Refused(Exception):
    """An error in the JSON protocol."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def answers(request):
    return (request.service, request.action) in OPERATIONS


def answer(request, max_page):
    body = request.json() | request.labels
    try:
        told = OPERATIONS[request.service, request.action](body)
    except Refused as refused:
        return 400, {"__type": refused.code, "message": refused.message}, {"x-amzn-ErrorType": refused.code}
    return 200, page(told, body, max_page), {"Content-Type": "application/x-amz-json-1.1"}


def page(told, body, max_page):
    """Cuts a list, which is the only one in its answer, to a page."""
    lists = [key for key, value in told.items() if isinstance(value, list) and key != "Errors"]
    if len(lists) != 1:
        return told
    upper = lists[0][0].isupper()
    size_key, token_key = ("MaxResults", "NextToken") if upper else ("maxResults", "nextToken")
    size, start = min(body.get(size_key) or max_page, max_page), int(body.get(token_key) or 0)
    members = told[lists[0]]
    cut = {lists[0]: members[start : start + size]}
    return cut | ({token_key: str(start + size)} if start + size < len(members) else {})


def found(records, key, code="NotFoundException"):
    if key not in records:
        raise Refused(code, f"There is no {key}.")
    return records[key]


# Budgets: actions


def create_action(body):
    name = str(uuid.uuid4())
    kept = {key: body[key] for key in body if key not in ("AccountId", "ResourceTags")}
    budget_actions[name] = {**kept, "ActionId": name, "Status": "STANDBY"}
    return {"AccountId": body["AccountId"], "BudgetName": body["BudgetName"], "ActionId": name}


def describe_action(body):
    return {"AccountId": body["AccountId"], "BudgetName": body["BudgetName"], "Action": found(budget_actions, body["ActionId"])}


def update_action(body):
    action = found(budget_actions, body["ActionId"])
    before = dict(action)
    action |= {key: body[key] for key in body if key != "AccountId"}
    return {"AccountId": body["AccountId"], "BudgetName": body["BudgetName"], "OldAction": before, "NewAction": action}


def delete_action(body):
    told = describe_action(body)
    del budget_actions[body["ActionId"]]
    return told


def list_actions(body):
    wanted = body.get("BudgetName")
    return {"Actions": [one for one in budget_actions.values() if wanted in (None, one["BudgetName"])]}


# Cost Explorer: tags for cost allocation


def switch_tags(body):
    for one in body["CostAllocationTagsStatus"]:
        cost_tags[one["TagKey"]] = {"TagKey": one["TagKey"], "Type": "UserDefined", "Status": one["Status"]}
    return {"Errors": []}


def list_tags(body):
    keys, status = body.get("TagKeys"), body.get("Status")
    fits = [
        one
        for one in cost_tags.values()
        if (not keys or one["TagKey"] in keys) and status in (None, one["Status"])
    ]
    return {"CostAllocationTags": fits}


# Data Exports, and the reports before them


def create_export(body):
    name = f"{body['Export']['Name']}-{uuid.uuid4()}"
    arn = f"arn:aws:bcm-data-exports:us-east-1:{DEFAULT_ACCOUNT_ID}:export/{name}"
    exports[arn] = {**body["Export"], "ExportArn": arn}
    return {"ExportArn": arn}


def export_status():
    return {"StatusCode": "HEALTHY", "CreatedAt": time.time(), "LastUpdatedAt": time.time()}


def get_export(body):
    return {"Export": found(exports, body["ExportArn"], "ResourceNotFoundException"), "ExportStatus": export_status()}


def list_exports(_):
    return {
        "Exports": [{"ExportArn": arn, "ExportName": one["Name"], "ExportStatus": export_status()} for arn, one in exports.items()]
    }


def delete_export(body):
    found(exports, body["ExportArn"], "ResourceNotFoundException")
    del exports[body["ExportArn"]]
    return {"ExportArn": body["ExportArn"]}


def put_report(body):
    name = body["ReportDefinition"]["ReportName"]
    if name in reports:
        raise Refused("DuplicateReportNameException", f"A report called {name} is there already.")
    reports[name] = body["ReportDefinition"]
    return {}


def delete_report(body):
    reports.pop(body["ReportName"], None)
    return {"ResponseMessage": "Success"}


# AWS Backup: what a plan selects


def create_selection(body):
    wanted, plan, name = body["BackupSelection"], body["backupPlanId"], str(uuid.uuid4())
    if any(one["SelectionName"] == wanted["SelectionName"] for one in selections.get(plan, {}).values()):
        raise Refused("AlreadyExistsException", "Backup selection already exists.")
    selections.setdefault(plan, {})[name] = wanted
    return {"SelectionId": name, "BackupPlanId": plan}


def list_selections(body):
    plan = body["backupPlanId"]
    kept = selections.get(plan, {}).items()
    return {
        "BackupSelectionsList": [
            {"SelectionId": name, "SelectionName": one["SelectionName"], "BackupPlanId": plan} for name, one in kept
        ]
    }


def get_selection(body):
    plan, name = body["backupPlanId"], body["selectionId"]
    one = found(selections.get(plan, {}), name, "ResourceNotFoundException")
    return {"BackupSelection": one, "SelectionId": name, "BackupPlanId": plan}


def delete_selection(body):
    found(selections.get(body["backupPlanId"], {}), body["selectionId"], "ResourceNotFoundException")
    del selections[body["backupPlanId"]][body["selectionId"]]
    return {}


# Data Lifecycle Manager: what makes copies of disks


def create_copies(body):
    name = f"policy-{uuid.uuid4().hex[:17]}"
    arn = f"arn:aws:dlm:us-west-2:{DEFAULT_ACCOUNT_ID}:policy/{name}"
    copies[name] = {**body, "PolicyId": name, "PolicyArn": arn}
    return {"PolicyId": name}


def get_copies(body):
    return {"Policy": found(copies, body["policyId"], "ResourceNotFoundException")}


def delete_copies(body):
    found(copies, body["policyId"], "ResourceNotFoundException")
    del copies[body["policyId"]]
    return {}


# ECR: rules of pull-through caches


def create_rule(body):
    prefix = body["ecrRepositoryPrefix"]
    if prefix in cache_rules:
        raise Refused("PullThroughCacheRuleAlreadyExistsException", f"A rule for {prefix} is there already.")
    cache_rules[prefix] = {**body, "createdAt": time.time(), "registryId": DEFAULT_ACCOUNT_ID}
    return cache_rules[prefix]


def list_rules(body):
    wanted = body.get("ecrRepositoryPrefixes") or sorted(cache_rules)
    return {"pullThroughCacheRules": [found(cache_rules, one, "PullThroughCacheRuleNotFoundException") for one in wanted]}


def delete_rule(body):
    found(cache_rules, body["ecrRepositoryPrefix"], "PullThroughCacheRuleNotFoundException")
    return cache_rules.pop(body["ecrRepositoryPrefix"])


OPERATIONS = {
    ("budgets", "CreateBudgetAction"): create_action,
    ("budgets", "DescribeBudgetAction"): describe_action,
    ("budgets", "UpdateBudgetAction"): update_action,
    ("budgets", "DeleteBudgetAction"): delete_action,
    ("budgets", "DescribeBudgetActionsForBudget"): list_actions,
    ("budgets", "DescribeBudgetActionsForAccount"): list_actions,
    ("ce", "UpdateCostAllocationTagsStatus"): switch_tags,
    ("ce", "ListCostAllocationTags"): list_tags,
    ("bcm-data-exports", "CreateExport"): create_export,
    ("bcm-data-exports", "GetExport"): get_export,
    ("bcm-data-exports", "ListExports"): list_exports,
    ("bcm-data-exports", "DeleteExport"): delete_export,
    ("cur", "PutReportDefinition"): put_report,
    ("cur", "DescribeReportDefinitions"): lambda _: {"ReportDefinitions": list(reports.values())},
    ("cur", "DeleteReportDefinition"): delete_report,
    ("backup", "CreateBackupSelection"): create_selection,
    ("backup", "ListBackupSelections"): list_selections,
    ("backup", "GetBackupSelection"): get_selection,
    ("backup", "DeleteBackupSelection"): delete_selection,
    ("dlm", "CreateLifecyclePolicy"): create_copies,
    ("dlm", "GetLifecyclePolicy"): get_copies,
    ("dlm", "GetLifecyclePolicies"): lambda _: {"Policies": [{"PolicyId": name} for name in copies]},
    ("dlm", "DeleteLifecyclePolicy"): delete_copies,
    ("ecr", "CreatePullThroughCacheRule"): create_rule,
    ("ecr", "DescribePullThroughCacheRules"): list_rules,
    ("ecr", "DeletePullThroughCacheRule"): delete_rule,
}
