//! What the parts of a hub are sold as: the catalog's keys of each cloud, and its prices with what is
//! missing. Used by estimates, by the rule about budgets and by what a plan of Terraform costs.

use frazil_units::{Amount, Bytes};

use super::Quantity;
use crate::catalog::{Gap, MONTH_HOURS, Market, Offer, Price, Provider, Region};

/// The catalog's keys of what a hub is made of.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// An hour of the control plane.
    pub control_plane: &'static str,
    /// An hour of the balancer.
    pub balancer: &'static str,
    /// A month of a GiB of disk: gp3, or balanced persistent disk. What AWS calls GB there are GiB, as
    /// volumes are sold ("Amazon EBS pricing", "Amazon EBS volume types").
    pub disk: &'static str,
    /// An hour of a node's public address.
    pub address: &'static str,
    /// An hour of a NAT gateway, or of a node behind Cloud NAT.
    pub nat: &'static str,
    /// A gigabyte through NAT.
    pub nat_data: &'static str,
    /// A month of a GB or GiB of a disk's snapshots.
    pub snapshot: &'static str,
    /// A month of a GB or GiB of the shared file system.
    pub shared_homes: &'static str,
    /// A gigabyte of logs taken in.
    pub logs: &'static str,
    /// A month of a gigabyte in a bucket.
    pub bucket: &'static str,
}

/// The keys of a cloud.
pub const fn keys(provider: Provider) -> &'static Keys {
    match provider {
        Provider::Aws => &Keys {
            control_plane: "eks_cluster_hour",
            balancer: "load_balancer_network_hour",
            disk: "ebs_gp3_storage",
            address: "public_ipv4_hour",
            nat: "nat_gateway_hour",
            nat_data: "nat_gateway_data",
            snapshot: "ebs_snapshot_storage",
            shared_homes: "efs_standard_storage",
            logs: "cloudwatch_logs_ingest",
            bucket: "s3_standard_storage",
        },
        Provider::Gcp => &Keys {
            control_plane: "gke_cluster_hour",
            balancer: "load_balancer_rule_hour",
            disk: "disk_balanced",
            address: "external_ip_vm_hour",
            nat: "nat_per_vm_hour",
            nat_data: "nat_data",
            snapshot: "snapshot_storage",
            shared_homes: "filestore_basic_hdd",
            logs: "logging_ingest",
            bucket: "gcs_standard_storage",
        },
    }
}

/// A price that the catalog does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Whether another region's price, or one computed from it, counts in its place.
    pub stood_in: bool,
    /// What is missing, in a few words.
    pub what: String,
    /// The same with the place, the reason and what stands in.
    pub text: String,
}

impl From<Gap> for Missing {
    fn from(gap: Gap) -> Self {
        let what = gap.what.trim_start_matches("price `").trim_end_matches('`').to_owned();
        Self { stood_in: gap.stand_in.is_some(), what, text: gap.to_string() }
    }
}

/// A price, and what is missing about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priced {
    /// The price, or what stands in for it.
    pub price: Option<Price>,
    /// What the catalog does not have.
    pub gap: Option<Missing>,
}

impl Priced {
    /// US dollars of one unit.
    pub fn usd(&self) -> Option<Amount> {
        self.price.as_ref().map(|price| price.usd)
    }
}

/// The price of a key, or what stands in for it.
pub fn item(region: &Region, key: &str) -> Priced {
    match region.item(key) {
        Ok(item) => Priced { price: Some(item.price), gap: None },
        Err(gap) => Priced { price: gap.stand_in.clone(), gap: Some((*gap).into()) },
    }
}

/// The price of a machine's hour, or what stands in for it. No spot price stands in for another.
pub fn machine(region: &Region, offer: &Offer, market: Market) -> Priced {
    match region.price(offer, market) {
        Ok(price) => Priced { price: Some(price.clone()), gap: None },
        Err(gap) => Priced { price: gap.stand_in.clone(), gap: Some((*gap).into()) },
    }
}

/// How a price is of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Of an hour.
    Hour,
    /// Of a month of [`MONTH_HOURS`].
    Month,
}

impl Time {
    /// What so much costs for so many hours.
    pub fn cost(self, usd: Amount, quantity: Quantity, hours: Quantity) -> Amount {
        let per_hour = || Amount::from_pico(quantity.times(hours).at(usd).pico());
        match self {
            Self::Hour => per_hour(),
            Self::Month => per_hour().ratio(1, MONTH_HOURS).unwrap_or_default(),
        }
    }
}

/// Gibibytes of an amount of bytes.
pub fn gib(size: Bytes) -> Quantity {
    Quantity::of(size.get(), 1 << 30)
}

/// Units of a price by the gigabyte in so many gigabytes of 10⁹ bytes: prices are of GB or of GiB.
pub fn gigabytes(price: &Price, gigabytes: Quantity) -> Quantity {
    if price.unit.starts_with("GiB") {
        gigabytes.times(Quantity::of(1_000_000_000, 1 << 30))
    } else {
        gigabytes
    }
}
