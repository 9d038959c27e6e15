//! What Terraform would change, from its plan as JSON
//! (<https://developer.hashicorp.com/terraform/internals/json-format>).

use serde::Serialize;
use serde_json::{Map, Value};

use super::cost::Cost;
use crate::provision::compare::{Field, fields};

/// What leaves a resource where it is.
const KEPT: [&str; 2] = ["no-op", "update"];

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed where it is.
    Change,
    /// It is removed and made anew: what it holds is lost.
    Replace,
    /// It is removed.
    Delete,
    /// It is there already, made by a call that was cut off: Terraform takes it over.
    Adopt,
}

/// A resource that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CloudChange {
    /// Its address in Terraform, such as `aws_eks_node_group.pool["user"]`.
    pub address: String,
    /// Its type.
    pub kind: String,
    /// What happens to it.
    pub action: Action,
    /// The fields that change; those that are known only afterwards are left out.
    pub fields: Vec<Field>,
    /// Whether it was never finished: the call that made it failed while it did.
    pub unfinished: bool,
}

/// What a cloud would be changed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CloudPlan {
    /// What would change.
    pub changes: Vec<CloudChange>,
    /// What was changed by somebody else since the last call.
    pub by_hand: Vec<CloudChange>,
    /// What it costs a month now, with nobody on it.
    pub before: Cost,
    /// What it would cost a month.
    pub after: Cost,
}

impl CloudPlan {
    /// Reads a plan.
    pub(super) fn of(plan: &Value, price: impl Fn(&Value) -> Cost) -> Self {
        let list = |key: &str| plan[key].as_array().into_iter().flatten().filter_map(change).collect();
        Self {
            changes: list("resource_changes"),
            by_hand: list("resource_drift"),
            before: price(&plan["prior_state"]["values"]["root_module"]["resources"]),
            after: price(&plan["planned_values"]["root_module"]["resources"]),
        }
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether anything would be made or taken over.
    pub(super) fn makes_any(&self) -> bool {
        self.changes
            .iter()
            .any(|change| matches!(change.action, Action::Create | Action::Replace | Action::Adopt))
    }

    /// The cluster that would be removed and made anew, if any.
    pub fn remade_cluster(&self) -> Option<&CloudChange> {
        self.changes
            .iter()
            .find(|change| change.action == Action::Replace && change.kind.ends_with("_cluster"))
    }

    /// The same plan but for a cluster and the pools, which go with it.
    pub(super) fn without_cluster(&self, address: &str) -> Self {
        let mut plan = self.clone();
        plan.changes.retain(|change| !is_pool(&change.kind) && change.address != address);
        plan
    }

    /// The same plan after some of it was removed, to be made again.
    pub(super) fn after_removal(&self, removed: &[CloudChange]) -> Self {
        let mut plan = self.clone();
        plan.changes.retain(|change| !removed.iter().any(|gone| gone.address == change.address));
        let again = removed.iter().filter(|gone| gone.action == Action::Delete);
        plan.changes.extend(again.map(|gone| CloudChange { action: Action::Create, ..gone.clone() }));
        plan
    }

    /// Whether this does no more than what was approved: the same, or less because some of it is done.
    pub(super) fn within(&self, approved: &Self) -> bool {
        self.changes.iter().all(|change| {
            let known = approved.changes.iter().find(|each| each.address == change.address);
            match (change.action, known) {
                (Action::Adopt, _) => true,
                (Action::Change, Some(known)) => {
                    known.action != Action::Change || known.fields == change.fields
                }
                (action, Some(known)) => known.action == action,
                (_, None) => false,
            }
        })
    }

    /// How many resources would be made, changed, replaced and removed.
    pub fn counts(&self) -> [usize; 4] {
        [Action::Create, Action::Change, Action::Replace, Action::Delete]
            .map(|action| self.changes.iter().filter(|change| change.action == action).count())
    }
}

/// Whether a type of Terraform's is a pool of nodes.
pub(super) fn is_pool(kind: &str) -> bool {
    ["_node_group", "_node_pool"].iter().any(|end| kind.ends_with(end))
}

fn change(resource: &Value) -> Option<CloudChange> {
    if resource["mode"] != "managed" {
        return None;
    }
    let change = &resource["change"];
    let actions: Vec<_> = change["actions"].as_array()?.iter().filter_map(Value::as_str).collect();
    let action = match actions[..] {
        _ if !change["importing"].is_null() && actions.iter().all(|each| KEPT.contains(each)) => {
            Action::Adopt
        }
        ["create"] => Action::Create,
        ["update"] => Action::Change,
        ["delete"] => Action::Delete,
        [_, _] => Action::Replace,
        _ => return None,
    };
    let text = |key: &str| resource[key].as_str().unwrap_or_default().to_owned();
    let fields = if matches!(action, Action::Change | Action::Replace | Action::Adopt) {
        let [before, after] = ["before", "after"].map(|side| hidden(change, side));
        fields(&before, &known(after, &change["after_unknown"], &before))
    } else {
        Vec::new()
    };
    // "JSON Output Format", Terraform's documentation: what a failed call had begun is tainted.
    let unfinished = resource["action_reason"] == "replace_because_tainted";
    Some(CloudChange { address: text("address"), kind: text("type"), action, fields, unfinished })
}

/// The values of a side; those that the provider calls sensitive are not told.
fn hidden(change: &Value, side: &str) -> Value {
    let mut values = change[side].clone();
    hide(&mut values, &change[format!("{side}_sensitive")]);
    values
}

fn hide(value: &mut Value, sensitive: &Value) {
    match (value, sensitive) {
        (value, Value::Bool(true)) => *value = Value::String("(secret)".to_owned()),
        (Value::Object(values), Value::Object(marks)) => {
            for (key, mark) in marks {
                if let Some(value) = values.get_mut(key) {
                    hide(value, mark);
                }
            }
        }
        (Value::Array(values), Value::Array(marks)) => {
            values.iter_mut().zip(marks).for_each(|(value, mark)| hide(value, mark));
        }
        _ => {}
    }
}

/// The values afterwards; what is not known yet stands as it was, so that it is no difference.
fn known(after: Value, unknown: &Value, before: &Value) -> Value {
    match (after, unknown) {
        (_, Value::Bool(true)) => before.clone(),
        (Value::Object(mut after), Value::Object(marks)) => {
            let nothing = Value::Object(Map::new());
            let before = if before.is_object() { before } else { &nothing };
            for (key, mark) in marks {
                let value = after.remove(key).unwrap_or(Value::Null);
                after.insert(key.clone(), known(value, mark, &before[key.as_str()]));
            }
            Value::Object(after)
        }
        (after, _) => after,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(change: &Value) -> CloudPlan {
        let resource = json!({
            "address": "aws_eks_node_group.pool[\"user\"]", "mode": "managed", "type": "aws_eks_node_group",
            "change": change,
        });
        let read = json!({ "address": "data.x.y", "mode": "data", "type": "x",
            "change": { "actions": ["read"], "before": null, "after": {} } });
        CloudPlan::of(&json!({ "resource_changes": [resource, read] }), |_| Cost::default())
    }

    #[test]
    fn what_is_known_afterwards_only_is_no_difference_and_secrets_are_not_told() {
        let plan = planned(&json!({
            "actions": ["update"],
            "before": { "version": "1.34", "arn": "a", "key": "old", "scaling_config": [{ "max_size": 3 }] },
            "after": { "version": "1.35", "key": "new", "scaling_config": [{ "max_size": 5 }] },
            "after_unknown": { "arn": true },
            "before_sensitive": { "key": true }, "after_sensitive": { "key": true },
        }));
        assert_eq!(plan.counts(), [0, 1, 0, 0]);
        let paths: Vec<_> = plan.changes[0].fields.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["version", "scaling_config[0].max_size"]);
    }

    #[test]
    fn what_is_taken_over_stays_where_it_is() {
        let adopted = |actions: Value| {
            planned(&json!({ "actions": actions, "importing": { "id": "x" }, "before": {}, "after": {} }))
                .changes
        };
        assert_eq!(adopted(json!(["no-op"]))[0].action, Action::Adopt);
        assert_eq!(adopted(json!(["update"]))[0].action, Action::Adopt);
        assert_eq!(adopted(json!(["delete", "create"]))[0].action, Action::Replace);
    }

    #[test]
    fn what_was_removed_with_a_cluster_may_be_made_again_and_nothing_else() {
        let of = |address: &str, actions: &[&str]| {
            let resource = json!({ "address": address, "mode": "managed", "type": address.split('.').next(),
                "change": { "actions": actions, "before": {}, "after": {} } });
            CloudPlan::of(&json!({ "resource_changes": [resource] }), |_| Cost::default())
        };
        let approved = of("aws_eks_cluster.hub", &["create", "delete"]);
        assert_eq!(approved.remade_cluster().unwrap().address, "aws_eks_cluster.hub");
        let mut removed = of("aws_eks_cluster.hub", &["delete"]);
        removed.changes.extend(of("aws_eks_node_group.pool[\"user\"]", &["delete"]).changes);
        removed.changes.extend(of("aws_efs_file_system.homes[0]", &["delete"]).changes);
        let rest = removed.without_cluster("aws_eks_cluster.hub");
        assert_eq!(rest.changes.len(), 1, "homes have to be named: {rest:?}");
        let then = approved.after_removal(&removed.changes);
        assert!(of("aws_eks_cluster.hub", &["create"]).within(&then));
        assert!(of("aws_eks_node_group.pool[\"user\"]", &["create"]).within(&then));
        assert!(!of("aws_eks_node_group.pool[\"dask\"]", &["create"]).within(&then));
    }

    #[test]
    fn a_plan_may_do_less_than_was_approved_and_never_more() {
        let of = |actions: &[&str]| planned(&json!({ "actions": actions, "before": {}, "after": {} }));
        let nothing = of(&["no-op"]);
        assert!(nothing.within(&of(&["create"])) && of(&["create"]).within(&of(&["create"])));
        assert!(of(&["update"]).within(&of(&["create"])), "what was made half is finished");
        assert!(!of(&["delete"]).within(&of(&["create"])));
        assert!(!of(&["delete", "create"]).within(&of(&["update"])));
        assert!(!of(&["create"]).within(&nothing));
    }

    #[test]
    fn both_orders_of_delete_and_create_are_a_replacement() {
        for actions in [["delete", "create"], ["create", "delete"]] {
            let plan = planned(&json!({ "actions": actions, "before": {}, "after": {} }));
            assert_eq!(plan.changes[0].action, Action::Replace);
        }
        assert!(planned(&json!({ "actions": ["no-op"], "before": {}, "after": {} })).is_empty());
    }
}
