//! Removing what a hub left, one thing at a time.

use reqwest::Method;

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

impl Gcp {
    /// Removes one thing: the `delete` of its collection, asynchronous but for buckets and accounts.
    pub(super) async fn remove_one(&self, leftover: &Leftover) -> Asked<Removal> {
        if let Way::ByHand(how) | Way::With(how) = &leftover.way {
            return Ok(Removal::Held(how.clone()));
        }
        let id = leftover.id.as_str();
        match leftover.kind {
            Kind::Bucket => self.delete_whole_bucket(id).await,
            Kind::Account => {
                let path = self.below("v1", &format!("serviceAccounts/{id}"));
                self.delete_at("iam", path, "iam.serviceAccounts.delete", Removal::Gone).await
            }
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
