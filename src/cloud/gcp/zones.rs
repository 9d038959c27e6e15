//! Cloud DNS: public zones of names.

use super::session::{Gcp, is_missing};
use crate::cloud::Zone;
use crate::cloud::http::{Asked, found};
use crate::cloud::read::{text, texts};

impl Gcp {
    /// Cloud DNS API v1, `managedZones.get`.
    pub(super) async fn managed_zone(&self, name: &str) -> Asked<Option<Zone>> {
        let path = self.below("dns/v1", &format!("managedZones/{name}"));
        let asked = self.get("dns", path, "dns.managedZones.get").await;
        let zone = found(asked, is_missing)?.filter(|zone| text(zone, "/visibility") != "private");
        Ok(zone.map(|zone| Zone::new(&text(&zone, "/dnsName"), texts(&zone, "/nameServers"))))
    }
}
