//! The record that leads to a hub. Records carry no labels: one is the hub's if it is of the domain in
//! the hub file and leads to an address of the hub.

use serde_json::Value;

use super::session::{Gcp, is_missing, nothing_if_off};
use crate::cloud::http::{Asked, found};
use crate::cloud::leftover::leads_to_hub;
use crate::cloud::read::{text, texts};
use crate::cloud::{Belongs, Hub, Kind, Leftover};
use crate::error::Result;

impl Gcp {
    /// The hub's record; `known` has its addresses.
    pub(super) async fn record(&self, hub: &Hub, known: &[Leftover]) -> Asked<Option<Leftover>> {
        let Some(record) = &hub.record else { return Ok(None) };
        if !known.iter().any(|each| each.kind == Kind::Address) {
            return Ok(None);
        }
        let found = self.record_set(&record.zone, &record.name).await?;
        let addresses = found.map(|set| texts(&set, "/rrdatas")).unwrap_or_default();
        Ok(leads_to_hub(&addresses, known).then(|| {
            let id = self.record_path(&record.zone, &record.name);
            let told = Leftover::new(Kind::Record, id, Belongs::Name).named(&record.name);
            told.at("global").noted(format!("leads to {}", addresses.join(", ")))
        }))
    }

    fn record_path(&self, zone: &str, domain: &str) -> String {
        let domain = domain.trim_end_matches('.');
        format!("projects/{}/managedZones/{zone}/rrsets/{domain}./A", self.project())
    }

    /// Cloud DNS API v1, `resourceRecordSets.get`.
    async fn record_set(&self, zone: &str, domain: &str) -> Asked<Option<Value>> {
        let path = format!("/dns/v1/{}", self.record_path(zone, domain));
        let asked = self.get("dns", path, "dns.resourceRecordSets.get").await;
        nothing_if_off(found(asked, is_missing))
    }

    /// How Terraform's `import` names a part that is there, by its type and arguments: a record that
    /// leads where Terraform would have it lead.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    pub async fn part(&self, kind: &str, arguments: &Value) -> Result<Option<String>> {
        if kind != "google_dns_record_set" {
            return Ok(None);
        }
        let (zone, domain) = (text(arguments, "/managed_zone"), text(arguments, "/name"));
        let set = self.or_explain(self.record_set(&zone, &domain).await)?;
        let addresses = texts(arguments, "/rrdatas");
        let same = set.is_some_and(|set| !addresses.is_empty() && texts(&set, "/rrdatas") == addresses);
        Ok(same.then(|| self.record_path(&zone, &domain)))
    }
}
