//! Removing what a hub left, one thing at a time.

use reqwest::Method;
use serde_json::{Value, json};

use super::session::{Ask, Gcp, is_missing};
use crate::cloud::http::Asked;
use crate::cloud::{Kind, Leftover, Removal, Way};
use crate::error::Error;

/// What a fault of a removal means.
fn outcome<T>(asked: Asked<T>, done: Removal) -> Asked<Removal> {
    let Err(fault) = asked else { return Ok(done) };
    // An operation on the same thing is under way, or something uses it.
    let held = [
        "resourceInUseByAnotherResource",
        "resourceNotReady",
        "FAILED_PRECONDITION",
        "failedPrecondition",
        "conflict",
        "ABORTED",
    ];
    match fault.status() {
        404 => Ok(Removal::Gone),
        400 | 409 | 412 if held.contains(&fault.code()) => {
            Ok(Removal::Held(fault.message().trim_end_matches('.').to_owned()))
        }
        _ => Err(fault),
    }
}

/// Takes a member out of all bindings; whether it was in any.
fn without(policy: &mut Value, member: &str) -> bool {
    let Some(bindings) = policy["bindings"].as_array_mut() else { return false };
    let mut found = false;
    for binding in &mut *bindings {
        if let Some(members) = binding["members"].as_array_mut() {
            let before = members.len();
            members.retain(|one| one != member);
            found |= members.len() < before;
        }
    }
    bindings.retain(|binding| binding["members"].as_array().is_none_or(|members| !members.is_empty()));
    found
}

impl Gcp {
    /// Removes one thing: the `delete` of its collection, asynchronous but for buckets and accounts.
    pub(super) async fn remove_one(&self, leftover: &Leftover) -> Asked<Removal> {
        if let Way::ByHand(how) | Way::With(how) = &leftover.way {
            return Ok(Removal::Held(how.clone()));
        }
        let id = leftover.id.as_str();
        match leftover.kind {
            Kind::Bucket => self.delete_whole_bucket(id).await,
            Kind::Account => self.delete_account(id).await,
            Kind::Cluster => {
                self.delete_at("container", format!("/v1/{id}"), "container.clusters.delete", Removal::Going)
                    .await
            }
            Kind::FileSystem => {
                self.delete_at("file", format!("/v1/{id}"), "file.instances.delete", Removal::Going).await
            }
            Kind::Backup if id.contains("/backups/") => {
                self.delete_at("file", format!("/v1/{id}"), "file.backups.delete", Removal::Going).await
            }
            Kind::Repository => {
                let asked = "artifactregistry.repositories.delete";
                self.delete_at("artifactregistry", format!("/v1/{id}"), asked, Removal::Going).await
            }
            Kind::Record => {
                self.delete_at("dns", format!("/dns/v1/{id}"), "dns.resourceRecordSets.delete", Removal::Gone)
                    .await
            }
            Kind::Channel => {
                let asked = "monitoring.notificationChannels.delete";
                self.delete_at("monitoring", format!("/v3/{id}"), asked, Removal::Gone).await
            }
            Kind::Budget | Kind::Dataset => self.delete_of_bills(leftover).await,
            _ if id.starts_with("projects/") => {
                let collection = id.rsplit('/').nth(1).unwrap_or_default();
                let asked = format!("compute.{collection}.delete");
                self.delete_at("compute", format!("/compute/v1/{id}"), &asked, Removal::Going).await
            }
            other => Err(Error::failed(format!("Google Cloud has no {other} that frazil removes")).into()),
        }
    }

    async fn delete_at(&self, api: &str, path: String, asked: &str, done: Removal) -> Asked<Removal> {
        outcome(self.ask(Ask { method: Method::DELETE, api, path, asked, ..Ask::default() }).await, done)
    }

    /// An account goes with its roles in the project, which would name a deleted one for 60 days
    /// ("Policies with deleted principals").
    async fn delete_account(&self, email: &str) -> Asked<Removal> {
        let taken = outcome(self.take_roles(&format!("serviceAccount:{email}")).await, Removal::Gone)?;
        if let Removal::Held(_) = taken {
            return Ok(taken);
        }
        let path = self.below("v1", &format!("serviceAccounts/{email}"));
        self.delete_at("iam", path, "iam.serviceAccounts.delete", Removal::Gone).await
    }

    /// Resource Manager API v3, `projects.getIamPolicy`, `projects.setIamPolicy`. The policy's etag goes
    /// back with it, so that nobody else's change is lost.
    async fn take_roles(&self, member: &str) -> Asked<()> {
        let call = |method: &'static str, asked: &'static str, body: Value| Ask {
            method: Method::POST,
            api: "cloudresourcemanager",
            path: format!("/v3/projects/{}:{method}", self.project()),
            body: Some(body),
            asked,
            ..Ask::default()
        };
        // Version 3 has the conditions of bindings, which would be lost otherwise.
        let version = json!({ "options": { "requestedPolicyVersion": 3 } });
        let asked = "resourcemanager.projects.getIamPolicy";
        let mut policy = self.ask(call("getIamPolicy", asked, version)).await?;
        if !without(&mut policy, member) {
            return Ok(());
        }
        let asked = "resourcemanager.projects.setIamPolicy";
        self.ask(call("setIamPolicy", asked, json!({ "policy": policy }))).await.map(drop)
    }

    /// A dataset goes with its tables.
    async fn delete_of_bills(&self, leftover: &Leftover) -> Asked<Removal> {
        let id = &leftover.id;
        let ask = if leftover.kind == Kind::Budget {
            let (path, asked) = (format!("/v1/{id}"), "billing.budgets.delete");
            Ask { api: "billingbudgets", path, asked, for_project: true, ..Ask::default() }
        } else {
            let (path, asked) = (format!("/bigquery/v2/{id}"), "bigquery.datasets.delete");
            let query = vec![("deleteContents".to_owned(), "true".to_owned())];
            Ask { api: "bigquery", path, asked, query, ..Ask::default() }
        };
        outcome(self.ask(Ask { method: Method::DELETE, ..ask }).await, Removal::Gone)
    }

    async fn delete_whole_bucket(&self, name: &str) -> Asked<Removal> {
        let Some(bucket) = self.get_bucket(name).await? else { return Ok(Removal::Gone) };
        if bucket.hub.is_none() {
            return Ok(Removal::Held("it no longer carries the label of a hub".to_owned()));
        }
        self.delete_objects(name, &mut |_| ()).await?;
        match self.delete_bucket(name).await {
            Err(fault) if !is_missing(&fault) => outcome::<()>(Err(fault), Removal::Gone),
            _ => Ok(Removal::Gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::http::{Fault, Refusal};

    fn refusal(status: u16, code: &str) -> Asked<()> {
        let (asked, code, message) =
            ("compute.disks.delete".to_owned(), code.to_owned(), "in use.".to_owned());
        Err(Fault::Refused(Refusal { asked, status, code, message }))
    }

    #[test]
    fn gone_already_is_fine_and_use_is_waited_for() {
        assert_eq!(outcome(refusal(404, "notFound"), Removal::Going).unwrap(), Removal::Gone);
        let used = outcome(refusal(400, "resourceInUseByAnotherResource"), Removal::Going);
        assert_eq!(used.unwrap(), Removal::Held("in use".to_owned()));
        assert!(outcome(refusal(403, "forbidden"), Removal::Going).is_err());
        assert!(outcome(refusal(400, "invalid"), Removal::Going).is_err());
    }
}
