//! The rights that a hub takes, as IAM policies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::HUB_TAG;
use crate::cloud::policy::{Purpose, Row, rows};

/// Rights with when, on what and for what; see the head of the file.
const TABLE: &str = include_str!("actions.csv");
/// The most characters of a managed policy, white space left out ("IAM and AWS STS quotas").
const MOST: usize = 6_144;

/// The table.
pub fn table() -> Vec<Row<'static>> {
    rows(TABLE)
}

/// The policies of a hub for a purpose: as few as hold all rights, since one may have 6,144 characters.
/// None was tried against a real account.
pub fn policies(purpose: Purpose, hub: &str, account: &str, region: &str) -> Vec<Value> {
    let place = Place { hub, account, region };
    let mut by_scope: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in table().iter().filter(|row| row.is_for(purpose)) {
        by_scope.entry(row.scope).or_default().insert(row.right);
    }
    let mut documents: Vec<Vec<Value>> = vec![Vec::new()];
    for (scope, actions) in by_scope {
        for statement in place.statements(scope, &actions) {
            let fits = |held: &[Value]| document(held).to_string().len() + statement.to_string().len() < MOST;
            match documents.last_mut() {
                Some(last) if fits(last) => last.push(statement),
                _ => documents.push(vec![statement]),
            }
        }
    }
    documents.iter().map(|statements| document(statements)).collect()
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

struct Place<'a> {
    hub: &'a str,
    account: &'a str,
    region: &'a str,
}

impl Place<'_> {
    fn arn(&self, service: &str, rest: &str) -> String {
        let partition = match self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let (region, account) = match service {
            "s3" => ("", ""),
            "iam" => ("", self.account),
            _ => (self.region, self.account),
        };
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    }

    /// What rights of a scope may be used on, and under which condition.
    fn statements(&self, scope: &str, actions: &BTreeSet<&str>) -> Vec<Value> {
        let hub = self.hub;
        let names = |service: &str, all: &[String]| -> Vec<String> {
            all.iter().map(|rest| self.arn(service, rest)).collect()
        };
        let (resources, conditions) = match scope {
            "eks" => {
                let kinds = ["nodegroup", "addon", "podidentityassociation", "access-entry"];
                let mut all = vec![format!("cluster/{hub}")];
                all.extend(kinds.map(|kind| format!("{kind}/{hub}/*")));
                (names("eks", &all), vec![None])
            }
            "role" => (names("iam", &[format!("role/{hub}-*")]), vec![None]),
            "profile" => (names("iam", &[format!("instance-profile/{hub}-*")]), vec![None]),
            "policy" => (names("iam", &[format!("policy/{hub}-*")]), vec![None]),
            "issuer" => (names("iam", &["oidc-provider/*".to_owned()]), vec![None]),
            "bucket" => (names("s3", &[format!("{hub}-{}-*", self.account)]), vec![None]),
            "object" => (names("s3", &[format!("{hub}-{}-*/*", self.account)]), vec![None]),
            // Terraform's lock in S3 is an object beside the state ("S3 backend", `use_lockfile`).
            "lock" => (names("s3", &[format!("{hub}-{}-state/*.tflock", self.account)]), vec![None]),
            "repository" => (names("ecr", &[format!("repository/{hub}/*")]), vec![None]),
            "vault" => (names("backup", &[format!("backup-vault:{hub}-*")]), vec![None]),
            "logs" => (
                names(
                    "logs",
                    &[
                        format!("log-group:/aws/eks/{hub}/*"),
                        format!("log-group:/aws/containerinsights/{hub}/*"),
                    ],
                ),
                vec![None],
            ),
            // What the cluster's controllers make carries their tags, not always the hub's.
            "tagged" => {
                let tags = [
                    (HUB_TAG.to_owned(), hub),
                    (format!("kubernetes.io/cluster/{hub}"), "owned"),
                    ("elbv2.k8s.aws/cluster".to_owned(), hub),
                ];
                let conditions = tags.map(|(key, value)| {
                    Some(json!({ "StringEquals": { format!("aws:ResourceTag/{key}"): value } }))
                });
                (vec!["*".to_owned()], conditions.into())
            }
            _ => (vec!["*".to_owned()], vec![None]),
        };
        let one = |(index, condition): (usize, Option<Value>)| {
            let mut statement = json!({
                "Sid": sid(scope, index), "Effect": "Allow", "Action": actions, "Resource": resources,
            });
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        };
        conditions.into_iter().enumerate().map(one).collect()
    }
}

/// Letters and digits only ("IAM JSON policy elements: Sid").
fn sid(scope: &str, index: usize) -> String {
    let mut letters = scope.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter();
    let name: String = first.chain(letters).collect();
    if index == 0 { name } else { format!("{name}{}", index + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(purpose: Purpose) -> Vec<Value> {
        policies(purpose, "lab", "123456789012", "us-west-2")
    }

    fn actions(policies: &[Value]) -> BTreeSet<String> {
        let statements = policies.iter().flat_map(|policy| policy["Statement"].as_array().unwrap());
        let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
        actions.map(|action| action.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_policy_fits_into_iam() {
        for purpose in Purpose::ALL {
            for policy in all(purpose) {
                assert!(policy.to_string().len() <= MOST, "{purpose:?}: {}", policy.to_string().len());
            }
        }
    }

    #[test]
    fn operating_changes_nothing_but_the_lock_of_the_state() {
        let changing = ["Create", "Delete", "Put", "Update", "Attach", "Terminate", "Modify", "Tag"];
        let found: Vec<_> = actions(&all(Purpose::Operate))
            .into_iter()
            .filter(|action| changing.iter().any(|verb| action.split(':').nth(1).unwrap().starts_with(verb)))
            .collect();
        assert_eq!(found, ["s3:DeleteObject", "s3:PutObject"]);
        let text = all(Purpose::Operate).iter().map(Value::to_string).collect::<String>();
        assert!(text.contains("arn:aws:s3:::lab-123456789012-state/*.tflock"), "{text}");
    }

    #[test]
    fn deleting_a_disk_takes_a_mark_of_the_hub() {
        for policy in all(Purpose::Destroy) {
            for statement in policy["Statement"].as_array().unwrap() {
                let deletes = statement["Action"].as_array().unwrap().contains(&json!("ec2:DeleteVolume"));
                assert!(!deletes || statement["Condition"]["StringEquals"].is_object(), "{statement}");
            }
        }
        assert!(!actions(&all(Purpose::Deploy)).contains("ec2:DeleteVolume"));
    }
}
