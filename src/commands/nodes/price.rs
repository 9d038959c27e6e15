//! What a node is by the catalog: nominal size, GPUs, the price of an hour.

use std::collections::BTreeMap;

use frazil_units::Amount;

use crate::catalog::{Market, Offer, Provider, Region};
use crate::observe::nodes::{Load, Node};
use crate::observe::requests::Amounts;

/// What the catalog says of a machine type in a region and market.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Listing {
    /// What the machine has by its maker.
    pub nominal: Option<Amounts>,
    /// Its kind of GPU.
    pub gpu: Option<String>,
    /// US dollars of an hour, before tax and discounts.
    pub usd: Option<Amount>,
    /// The same on demand, where a spot machine has no listed price.
    pub usd_on_demand: Option<Amount>,
    /// Of what day the price is.
    pub date: Option<&'static str>,
    /// What is missing.
    pub gap: Option<String>,
}

/// The catalog, asked once for each kind of machine.
#[derive(Debug, Default)]
pub(super) struct Listings(BTreeMap<(Option<Provider>, String, String, bool), Listing>);

impl Listings {
    /// What the catalog says of a node; `provider` is the hub's, for nodes that do not tell theirs.
    pub(super) fn of(&mut self, node: &Node, provider: Option<Provider>) -> Listing {
        let provider = match node.provider.as_str() {
            "aws" => Some(Provider::Aws),
            "gce" => Some(Provider::Gcp),
            _ => provider,
        };
        let labels = &node.labels;
        let region = region(provider, &labels.region, &labels.zone);
        let key = (provider, region, labels.machine.clone(), labels.spot);
        let (provider, region, machine, spot) = key.clone();
        self.0.entry(key).or_insert_with(|| look_up(provider, &region, &machine, spot)).clone()
    }
}

/// The region by its own label or by the zone: `us-west-2a` of AWS, `us-central1-b` of Google.
fn region(provider: Option<Provider>, region: &str, zone: &str) -> String {
    let of_zone = match provider {
        Some(Provider::Aws) => zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase()),
        Some(Provider::Gcp) => zone.rsplit_once('-').map_or("", |(region, _)| region),
        None => "",
    };
    if region.is_empty() { of_zone } else { region }.to_owned()
}

fn look_up(provider: Option<Provider>, region: &str, machine: &str, spot: bool) -> Listing {
    let gap = |what: String| Listing { gap: Some(what), ..Listing::default() };
    let Some(provider) = provider else {
        return gap("no price: the machine is of no cloud that the catalog knows".to_owned());
    };
    if machine.is_empty() {
        return gap("no price: the node has no label of its machine type".to_owned());
    }
    match Region::open(provider, region) {
        Ok(open) => match open.machine(machine) {
            Ok(offer) => priced(&open, offer, spot),
            Err(error) => gap(error.to_string()),
        },
        Err(error) => {
            // What a machine has is the same everywhere.
            let reference = Region::open(provider, provider.reference_region());
            let known = reference.ok().and_then(|open| open.machine(machine).ok().map(sized));
            Listing { gap: Some(error.to_string()), ..known.unwrap_or_default() }
        }
    }
}

/// What the machine has, without a price.
fn sized(offer: &Offer) -> Listing {
    let machine = &offer.machine;
    let nominal = Amounts {
        cpu_millis: u64::from(machine.cpu.get()),
        memory_bytes: machine.memory.get(),
        gpus: u64::from(machine.nvidia_gpus()),
    };
    let gpu = machine.gpu.as_ref().and_then(|gpu| gpu.name.clone());
    Listing { nominal: Some(nominal), gpu, ..Listing::default() }
}

fn priced(region: &Region, offer: &Offer, spot: bool) -> Listing {
    let market = if spot { Market::Spot } else { Market::OnDemand };
    match region.price(offer, market) {
        Ok(price) => Listing { usd: Some(price.usd), date: Some(price.source.date), ..sized(offer) },
        Err(gap) => {
            let on_demand =
                region.price(offer, Market::OnDemand).ok().filter(|_| spot).map(|price| price.usd);
            let instead =
                on_demand.map(|usd| format!("; on demand it is {usd} USD/hour")).unwrap_or_default();
            Listing { gap: Some(format!("{gap}{instead}")), usd_on_demand: on_demand, ..sized(offer) }
        }
    }
}

/// The part of an hour's price that no pod requests: what is left of the resource that is requested
/// most (a node whose memory is taken has no idle CPU that anybody could start something with).
/// `None` where the node does not say what pods may use.
pub(super) fn idle(usd: Amount, node: &Node, load: &Load) -> Option<Amount> {
    let (all, taken) = (node.allocatable, load.requested);
    let rests =
        [(all.cpu_millis, taken.cpu_millis), (all.memory_bytes, taken.memory_bytes), (all.gpus, taken.gpus)];
    let of = |(all, taken): (u64, u64)| usd.ratio(i128::from(all.saturating_sub(taken)), i128::from(all));
    rests.into_iter().filter(|(all, _)| *all > 0).filter_map(of).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::nodes::Tally;

    fn node(provider: &str, machine: &str, zone: &str, spot: bool) -> Node {
        let mut node = Node { provider: provider.to_owned(), ..Node::default() };
        (node.labels.machine, node.labels.zone) = (machine.to_owned(), zone.to_owned());
        node.labels.spot = spot;
        node
    }

    #[test]
    fn a_node_is_listed_by_its_zone_and_market() {
        let mut listings = Listings::default();
        let listing = listings.of(&node("aws", "r5.xlarge", "us-west-2a", false), None);
        assert_eq!(listing.usd.unwrap().to_string(), "0.252");
        assert_eq!(listing.nominal.unwrap().memory_bytes, 32 << 30);
        let spot = listings.of(&node("aws", "r5.xlarge", "us-west-2a", true), None);
        assert_eq!((spot.usd, spot.usd_on_demand.unwrap().to_string()), (None, "0.252".to_owned()));
        assert!(spot.gap.unwrap().contains("no spot price of r5.xlarge in aws/us-west-2"));
        let gcp = listings.of(&node("", "n2-highmem-4", "us-central1-b", true), Some(Provider::Gcp));
        assert!(gcp.usd.is_some_and(|usd| usd.as_f64() < 0.2), "{gcp:?}");
    }

    #[test]
    fn what_is_not_listed_is_named_and_its_size_is_told_all_the_same() {
        let mut listings = Listings::default();
        let listing = listings.of(&node("aws", "r5.xlarge", "mars-north-1a", false), None);
        assert!(listing.nominal.is_some() && listing.usd.is_none());
        assert!(listing.gap.unwrap().contains("mars-north-1"));
        assert!(listings.of(&node("kind", "", "", false), None).gap.is_some());
        assert!(
            listings.of(&node("aws", "", "us-west-2a", false), None).gap.unwrap().contains("machine type")
        );
    }

    #[test]
    fn what_is_idle_is_what_is_left_of_the_resource_that_is_requested_most() {
        let all = Amounts { cpu_millis: 4000, memory_bytes: 1000, gpus: 0 };
        let node = Node { allocatable: all, ..Node::default() };
        let load = |cpu_millis, memory_bytes| {
            let (_, empty) = Tally::default().loads();
            Load { requested: Amounts { cpu_millis, memory_bytes, gpus: 0 }, ..empty }
        };
        let idle = |load| idle(Amount::from_units(1), &node, &load).map(|usd| usd.to_string());
        assert_eq!(idle(load(1000, 900)).unwrap(), "0.10");
        assert_eq!(idle(load(9000, 0)).unwrap(), "0.00");
        assert_eq!(super::idle(Amount::from_units(1), &Node::default(), &load(0, 0)), None);
    }
}
