//! Route 53: public zones of names.

use super::endpoints::ROUTE53;
use super::session::{Ask, Aws};
use crate::cloud::Zone;
use crate::cloud::http::Asked;
use crate::cloud::read::{each, flag, text};

impl Aws {
    /// Route 53 API Reference, `ListHostedZonesByName`, `GetHostedZone`.
    pub(super) async fn hosted_zone(&self, domain: &str) -> Asked<Option<Zone>> {
        let query = vec![("dnsname".to_owned(), domain.to_owned())];
        let path = "/2013-04-01/hostedzonesbyname".to_owned();
        let ask = Ask { path, query, operation: "ListHostedZonesByName", ..Ask::default() };
        let listed = self.xml(ROUTE53, ask).await?;
        // The list begins with the domain's zones, private ones among them.
        let public = each(&listed, "/HostedZones/HostedZone").into_iter().find(|zone| {
            text(zone, "/Name").trim_end_matches('.') == domain && !flag(zone, "/Config/PrivateZone")
        });
        let Some(public) = public else { return Ok(None) };
        let id = text(public, "/Id");
        let path = format!("/2013-04-01{}{id}", if id.starts_with('/') { "" } else { "/hostedzone/" });
        let zone = self.xml(ROUTE53, Ask { path, operation: "GetHostedZone", ..Ask::default() }).await?;
        let servers = each(&zone, "/DelegationSet/NameServers/NameServer");
        Ok(Some(Zone::new(domain, servers.into_iter().map(|server| text(server, "")))))
    }
}
