//! The permissions that a hub takes, as a custom role.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cloud::policy::{Purpose, Row, rows};

/// Permissions with when, where and for what; see the head of the file.
const TABLE: &str = include_str!("permissions.csv");

/// The table.
pub fn table() -> Vec<Row<'static>> {
    rows(TABLE)
}

/// The custom role of a hub for a purpose, as `gcloud iam roles create --file` takes it. It holds for
/// the whole project: Google Cloud has no condition on names or labels for most of what is in it. It
/// was not tried against a real project.
pub fn role(purpose: Purpose, hub: &str) -> Value {
    json!({
        "title": format!("frazil {} {hub}", purpose.name()),
        "description": format!("What `frazil` takes to {} the hub {hub}; not tried against a real project", purpose.name()),
        "stage": "GA",
        "includedPermissions": permissions(purpose, "project"),
    })
}

/// The permissions that are granted on the billing account: a project's role cannot hold them.
pub fn billing(purpose: Purpose) -> BTreeSet<&'static str> {
    permissions(purpose, "billing")
}

fn permissions(purpose: Purpose, scope: &str) -> BTreeSet<&'static str> {
    let wanted = table().into_iter().filter(|row| row.scope == scope && row.is_for(purpose));
    wanted.map(|row| row.right).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operating_changes_nothing_but_the_state() {
        let changing = ["create", "delete", "update", "setIamPolicy", "setLabels", "enable", "resize"];
        let found: Vec<_> = permissions(Purpose::Operate, "project")
            .into_iter()
            .filter(|right| changing.contains(&right.rsplit('.').next().unwrap()))
            .collect();
        assert_eq!(found, ["storage.objects.create", "storage.objects.delete"]);
    }

    #[test]
    fn a_role_has_no_permission_of_the_billing_account() {
        for purpose in Purpose::ALL {
            let role = role(purpose, "lab");
            let all = role["includedPermissions"].as_array().unwrap();
            assert!(all.iter().all(|right| !right.as_str().unwrap().starts_with("billing.")));
            assert!(!billing(purpose).is_empty());
        }
    }
}
