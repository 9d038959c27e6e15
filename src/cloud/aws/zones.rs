//! Route 53: public zones of names.

use super::endpoints::ROUTE53;
use super::session::{Ask, Aws};
use crate::cloud::Zone;
use crate::cloud::http::Asked;
use crate::cloud::read::{each, flag, text};

/// Below this are the zones.
pub(super) const ZONES: &str = "/2013-04-01/hostedzone";

impl Aws {
    /// Route 53 API Reference, `GetHostedZone`.
    pub(super) async fn hosted_zone(&self, domain: &str) -> Asked<Option<Zone>> {
        let Some(id) = self.public_zone(domain).await? else { return Ok(None) };
        let path = format!("{ZONES}/{id}");
        let zone = self.xml(ROUTE53, Ask { path, operation: "GetHostedZone", ..Ask::default() }).await?;
        let servers = each(&zone, "/DelegationSet/NameServers/NameServer");
        Ok(Some(Zone::new(domain, servers.into_iter().map(|server| text(server, "")))))
    }

    /// Route 53 API Reference, `ListHostedZonesByName`: the ID of a domain's public zone. The list begins
    /// with the zones of the domain, private ones among them.
    pub(super) async fn public_zone(&self, domain: &str) -> Asked<Option<String>> {
        let query = vec![("dnsname".to_owned(), domain.to_owned())];
        let path = "/2013-04-01/hostedzonesbyname".to_owned();
        let ask = Ask { path, query, operation: "ListHostedZonesByName", ..Ask::default() };
        let listed = self.xml(ROUTE53, ask).await?;
        let public = each(&listed, "/HostedZones/HostedZone").into_iter().find(|zone| {
            text(zone, "/Name").trim_end_matches('.') == domain && !flag(zone, "/Config/PrivateZone")
        });
        Ok(public.and_then(|zone| text(zone, "/Id").rsplit('/').next().map(str::to_owned)))
    }
}
