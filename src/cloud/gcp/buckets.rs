//! Cloud Storage: the buckets that frazil makes itself, and those that a hub leaves.

use reqwest::Method;

use super::HUB_LABEL;
use super::session::{Ask, Gcp, is_missing};
use crate::cloud::Bucket;
use crate::cloud::http::{Asked, found};
use crate::cloud::read::{each, encode, flag, tags, text};
use crate::error::Error;

impl Gcp {
    /// Cloud Storage JSON API v1, `buckets.get`.
    pub(super) async fn get_bucket(&self, name: &str) -> Asked<Option<Bucket>> {
        let path = format!("/storage/v1/b/{}", encode(name, true));
        let asked = self.get("storage", path, "storage.buckets.get").await;
        if asked.as_ref().err().is_some_and(|fault| fault.status() == 403) {
            return Err(Error::failed(format!(
                "the bucket {name} belongs to another project, or may not be seen"
            ))
            .hint("names of buckets are unique in the world: choose another name in the hub file")
            .hint("these credentials need the permission storage.buckets.get on it, if it is yours")
            .into());
        }
        let bucket = found(asked, is_missing)?.map(|one| Bucket {
            name: name.to_owned(),
            region: text(&one, "/location").to_lowercase(),
            versioned: flag(&one, "/versioning/enabled"),
            hub: tags(&one, "/labels").remove(HUB_LABEL),
        });
        Ok(bucket)
    }

    /// `objects.list` with versions, `objects.delete` by generation.
    pub(super) async fn delete_objects(
        &self,
        bucket: &str,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Asked<u64> {
        let path = format!("/storage/v1/b/{}/o", encode(bucket, true));
        let mut gone = 0;
        // The first page is listed again each time: what was on it is gone then.
        loop {
            let query = [("versions", "true"), ("maxResults", "500")];
            let query = query.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
            let asked = "storage.objects.list";
            let ask = Ask {
                method: Method::GET,
                api: "storage",
                path: path.clone(),
                query,
                asked,
                ..Ask::default()
            };
            let page = found(self.ask(ask).await, is_missing)?.unwrap_or_default();
            let objects = each(&page, "/items");
            if objects.is_empty() {
                return Ok(gone);
            }
            for one in &objects {
                let path = format!("{path}/{}", encode(&text(one, "/name"), true));
                let query = vec![("generation".to_owned(), text(one, "/generation"))];
                let asked = "storage.objects.delete";
                let ask =
                    Ask { method: Method::DELETE, api: "storage", path, query, asked, ..Ask::default() };
                found(self.ask(ask).await, is_missing)?;
                gone += 1;
            }
            told(gone);
        }
    }

    /// `buckets.delete`.
    pub(super) async fn delete_bucket(&self, name: &str) -> Asked<()> {
        let path = format!("/storage/v1/b/{}", encode(name, true));
        let asked = "storage.buckets.delete";
        let ask = Ask { method: Method::DELETE, api: "storage", path, asked, ..Ask::default() };
        found(self.ask(ask).await, is_missing)?;
        Ok(())
    }
}
