//! File systems, buckets, repositories and service accounts that a hub left.

use serde_json::Value;

use super::marks::Marks;
use super::session::{Gcp, nothing_if_off};
use crate::cloud::http::Asked;
use crate::cloud::read::{each, number, tags, text};
use crate::cloud::{Kind, Leftover};

impl Gcp {
    pub(super) async fn others(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = self.file_systems(marks).await?;
        found.extend(self.buckets_of(marks).await?);
        found.extend(self.repositories(marks).await?);
        found.extend(self.accounts(marks).await?);
        Ok(found)
    }

    /// Members of a list whose labels are the hub's, named by their whole path.
    async fn labelled(&self, marks: &Marks<'_>, list: List<'_>) -> Asked<Vec<(Leftover, Value)>> {
        let query = [("pageSize", "500")];
        let all = self.list(list.api, list.path, &query, list.pointer, list.asked).await;
        let own = nothing_if_off(all)?.into_iter().filter_map(|one| {
            let belongs = marks.by_labels(&tags(&one, "/labels"))?;
            let path = text(&one, "/name");
            let told =
                Leftover::new(list.kind, &path, belongs).named(path.rsplit('/').next().unwrap_or_default());
            Some((told.at(place_in(&path)).since(&text(&one, "/createTime")), one))
        });
        // Lists of all places tell of other regions too.
        let here = |place: &str| {
            place == self.region_name() || place.starts_with(&format!("{}-", self.region_name()))
        };
        Ok(own.filter(|(told, _)| here(&told.place)).collect())
    }

    /// Filestore API v1, `projects.locations.instances.list`, `backups.list`, in all places.
    async fn file_systems(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let everywhere = |what: &str| self.below("v1", &format!("locations/-/{what}"));
        let instances = List {
            kind: Kind::FileSystem,
            api: "file",
            path: everywhere("instances"),
            pointer: "/instances",
            asked: "file.instances.list",
        };
        let backups = List {
            kind: Kind::Backup,
            api: "file",
            path: everywhere("backups"),
            pointer: "/backups",
            asked: "file.backups.list",
        };
        let mut found = Vec::new();
        for (told, one) in self.labelled(marks, instances).await? {
            let shares = each(&one, "/fileShares");
            let gib: u64 = shares.iter().filter_map(|share| number(share, "/capacityGb")).sum();
            let tier = text(&one, "/tier").to_lowercase().replace('_', " ");
            found.push(told.noted(format!("{gib} GiB {tier}, billed whole whatever is in it")));
        }
        for (told, one) in self.labelled(marks, backups).await? {
            let gib = number(&one, "/storageBytes").unwrap_or_default().div_ceil(1 << 30);
            found.push(told.noted(format!("{gib} GiB")));
        }
        Ok(found)
    }

    /// Artifact Registry API v1, `projects.locations.repositories.list`.
    async fn repositories(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let list = List {
            kind: Kind::Repository,
            api: "artifactregistry",
            path: format!("/v1/{}/repositories", self.location_path()),
            pointer: "/repositories",
            asked: "artifactregistry.repositories.list",
        };
        let mut found = Vec::new();
        for (told, one) in self.labelled(marks, list).await? {
            let mib = number(&one, "/sizeBytes").unwrap_or_default() >> 20;
            found.push(told.noted(format!("{mib} MiB")));
        }
        Ok(found)
    }

    /// Cloud Storage JSON API v1, `buckets.list`.
    async fn buckets_of(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let query = [("project", self.project()), ("maxResults", "500")];
        let all =
            self.list("storage", "/storage/v1/b".to_owned(), &query, "/items", "storage.buckets.list").await;
        let own = nothing_if_off(all)?.into_iter().filter_map(|one| {
            let belongs = marks.by_labels(&tags(&one, "/labels"))?;
            let told = Leftover::new(Kind::Bucket, text(&one, "/name"), belongs);
            let told = told.at(&text(&one, "/location").to_lowercase()).since(&text(&one, "/timeCreated"));
            Some(told.noted("billed by its size"))
        });
        Ok(own.collect())
    }

    /// IAM API v1, `projects.serviceAccounts.list`.
    async fn accounts(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let path = self.below("v1", "serviceAccounts");
        let all =
            self.list("iam", path, &[("pageSize", "100")], "/accounts", "iam.serviceAccounts.list").await;
        let own = nothing_if_off(all)?.into_iter().filter_map(|one| {
            let email = text(&one, "/email");
            let belongs = marks.of_account(&email, &text(&one, "/description"))?;
            Some(Leftover::new(Kind::Account, &email, belongs).named(&email).at("global"))
        });
        Ok(own.collect())
    }
}

/// A list of an API whose members carry labels.
struct List<'a> {
    kind: Kind,
    api: &'a str,
    path: String,
    pointer: &'a str,
    asked: &'a str,
}

/// The location in a path `projects/P/locations/L/…`.
fn place_in(path: &str) -> &str {
    let after = path.split_once("/locations/").map_or("", |(_, after)| after);
    after.split('/').next().unwrap_or_default()
}
