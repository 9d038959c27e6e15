//! Whose credentials these are, and whether the region is switched on.

use super::endpoints::{EC2, STS};
use super::session::Aws;
use crate::cloud::http::Asked;
use crate::cloud::read::{each, text};
use crate::cloud::{Identity, Service};

impl Aws {
    /// STS API Reference, `GetCallerIdentity`: needs no right.
    pub(super) async fn ask_caller(&self) -> Asked<Identity> {
        let found = self.form(STS, "GetCallerIdentity", &[]).await?;
        Ok(Identity { account: text(&found, "/Account"), principal: text(&found, "/Arn") })
    }

    /// EC2 API Reference, `DescribeRegions`: whether an opt-in region is enabled.
    pub(super) async fn region_state(&self) -> Asked<Vec<Service>> {
        let region = self.region_name().to_owned();
        let asked = [("AllRegions", "true".to_owned()), ("RegionName.1", region.clone())];
        let found = self.form(EC2, "DescribeRegions", &asked).await?;
        let enabled = each(&found, "/regionInfo/item")
            .into_iter()
            .any(|one| text(one, "/regionName") == region && text(one, "/optInStatus") != "not-opted-in");
        Ok(vec![Service {
            fix: format!(
                "enable it in the account's settings, or `aws account enable-region --region-name {region}`"
            ),
            name: region,
            purpose: "everything of the hub is made there".to_owned(),
            enabled,
            by_up: false,
        }])
    }
}
