//! Transfer between regions.

use super::source::Sources;
use super::table::Row;
use super::{Basis, CatalogError, Gap, Item, Price, Provider, Region, regions};

/// The price of transfer to one other place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) to: String,
    pub(crate) price: Price,
}

/// Reads a row of `transfer.csv` without its region.
pub(crate) fn pair(line: &str, sources: &Sources) -> Result<Transfer, CatalogError> {
    let row = Row::<3>::new(line)?;
    Ok(Transfer {
        to: row.text(0).to_owned(),
        price: Price::listed(row.amount(1)?, "GB", sources.find(row.text(2))?),
    })
}

/// Within one continent, by the first part of a region's name: GCP's items.
const GCP_SAME_CONTINENT: [(&str, &str); 6] = [
    ("us", "egress_inter_region_north_america"),
    ("northamerica", "egress_inter_region_north_america"),
    ("europe", "egress_inter_region_europe"),
    ("asia", "egress_inter_region_asia"),
    ("australia", "egress_inter_region_oceania"),
    ("southamerica", "egress_inter_region_south_america"),
];

/// GCP regions that pay more than others across continents.
const GCP_FAR: [&str; 2] = ["australia", "asia-southeast2"];

impl Region {
    /// The price of a gigabyte sent to another region of the same provider, or
    /// between zones of this one. AWS: a table of pairs of 2023. GCP: rules by
    /// continent of 2024, an estimate.
    ///
    /// # Errors
    /// A [`Gap`]; `to` is not checked to be a region.
    pub fn transfer_to(&self, to: &str) -> Result<Price, Box<Gap>> {
        let found = match self.provider() {
            Provider::Aws => self.aws_transfer(to),
            Provider::Gcp => self.gcp_transfer(to),
        };
        let missing = || Gap {
            what: format!("price of transfer to {to}"),
            provider: self.provider(),
            place: self.name().to_owned(),
            why: None,
            stand_in: None,
        };
        found.ok_or_else(|| Box::new(missing()))
    }

    /// The prices of transfer to every other region that is known, as items
    /// `transfer_to_REGION`, sorted by key. The tables' own price to the internet
    /// is left out: [`Region::internet_tiers`] are newer.
    pub fn transfers_out(&self) -> Vec<Item> {
        let others = regions(self.provider()).filter(|name| *name != self.name());
        let item = |to: &str| {
            let price = self.transfer_to(to).ok()?;
            Some(Item { key: format!("transfer_to_{to}"), price, note: String::new() })
        };
        others.filter_map(item).collect()
    }

    fn aws_transfer(&self, to: &str) -> Option<Price> {
        if to == self.name() {
            return self.item("egress_inter_az_each_direction").ok().map(|item| item.price);
        }
        self.transfers.iter().find(|transfer| transfer.to == to).map(|transfer| transfer.price.clone())
    }

    fn gcp_transfer(&self, to: &str) -> Option<Price> {
        if !regions(Provider::Gcp).any(|region| region == to) {
            return None;
        }
        let item = self.item(gcp_rule(self.name(), to)?).ok()?;
        let rule = format!("rule `{}`, {}", item.key, item.price.source.date);
        Some(Price { basis: Basis::Estimated(rule), ..item.price })
    }
}

/// The item that holds between two GCP regions; none for Africa and the Middle East.
fn gcp_rule(from: &str, to: &str) -> Option<&'static str> {
    if from == to {
        return Some("egress_inter_zone_same_region");
    }
    let (here, there) = (same_continent(from)?, same_continent(to)?);
    if here == there {
        return Some(here);
    }
    let far = [from, to].into_iter().any(|name| GCP_FAR.iter().any(|far| name.starts_with(far)));
    Some(if far { "egress_to_or_from_oceania_or_jakarta" } else { "egress_inter_continent" })
}

fn same_continent(region: &str) -> Option<&'static str> {
    let continent = region.split('-').next()?;
    GCP_SAME_CONTINENT.iter().find(|(name, _)| *name == continent).map(|(_, item)| *item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gcp_rules_by_continent() {
        for (from, to, rule) in [
            ("us-central1", "us-central1", Some("egress_inter_zone_same_region")),
            ("us-central1", "northamerica-northeast1", Some("egress_inter_region_north_america")),
            ("us-central1", "europe-west4", Some("egress_inter_continent")),
            ("us-central1", "australia-southeast1", Some("egress_to_or_from_oceania_or_jakarta")),
            ("asia-southeast2", "europe-west4", Some("egress_to_or_from_oceania_or_jakarta")),
            ("us-central1", "africa-south1", None),
        ] {
            assert_eq!(gcp_rule(from, to), rule, "{from} {to}");
        }
    }
}
