//! What a leftover costs a month, by the catalog.

use frazil_units::{Amount, Money};

use crate::catalog::{Market, Provider, Region};

/// Hours of an average month, as both clouds count them on their price pages.
const HOURS: i128 = 730;

/// A month of something that is billed by the hour.
pub(super) fn hourly(provider: Provider, region: &str, key: &str) -> Option<Money> {
    Some(Money::usd(price(provider, region, key)?.checked_mul(HOURS)?))
}

/// A month of something that is billed by its gigabytes; AWS says GB and means GiB.
pub(super) fn stored(provider: Provider, region: &str, key: &str, gib: u64) -> Option<Money> {
    Some(Money::usd(price(provider, region, key)?.checked_mul(i128::from(gib))?))
}

/// A month of a machine at the on-demand price.
pub(super) fn machine(provider: Provider, region: &str, machine: &str) -> Option<Money> {
    let region = Region::open(provider, region).ok()?;
    let price = region.price(region.machine(machine).ok()?, Market::OnDemand).ok()?.usd;
    Some(Money::usd(price.checked_mul(HOURS)?))
}

/// The listed price; where a region's list has none, that of the reference region stands in.
fn price(provider: Provider, region: &str, key: &str) -> Option<Amount> {
    match Region::open(provider, region).ok()?.item(key) {
        Ok(item) => Some(item.price.usd),
        Err(gap) => Some(gap.stand_in?.usd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_of_what_is_left() {
        let text = |money: Option<Money>| money.map(|money| money.to_string()).unwrap_or_default();
        assert_eq!(text(stored(Provider::Aws, "us-west-2", "ebs_gp3_storage", 400)), "32.00 USD");
        assert_eq!(text(hourly(Provider::Aws, "us-west-2", "nat_gateway_hour")), "32.85 USD");
        assert_eq!(text(hourly(Provider::Gcp, "us-central1", "gke_cluster_hour")), "73.00 USD");
        assert_eq!(text(hourly(Provider::Aws, "us-west-2", "public_ipv4_hour")), "3.65 USD");
        assert_eq!(hourly(Provider::Aws, "us-west-2", "no such thing"), None);
    }
}
