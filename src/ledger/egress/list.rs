//! What bytes cost at list, by the catalog: networks and people's programs have no bill.
//!
//! Everything that a meter tells of is counted, also of days and hubs that are not asked for, so that the steps
//! and the free amount of a month are those of all of it. What so many bytes of one tariff cost is rounded once,
//! to 10⁻¹² USD, and divided by bytes, so that parts add up to it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use frazil_units::Amount;

use super::answer::RowKey;
use crate::catalog::{Price, Provider, Region, Tier};
use crate::estimate::prices::{Priced, item, keys};
use crate::ledger::allocate::share::Weights;
use crate::ledger::line::{Day, Month};

/// What the unit of all prices of transfer stands for on bills: 2³⁰ bytes. Google sells by GiB; that AWS's GB
/// are no less real bills show.
const GIGABYTE: i128 = 1 << 30;
/// What AWS calls a terabyte where prices of transfer have their steps: 1,024 of its gigabytes (its price list
/// ends the first step at 10,240). The catalog has them in 10¹² bytes.
const TERABYTE: u128 = 1 << 40;

/// Who counted bytes that have no bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meter {
    /// The network's flow logs.
    Network,
    /// The clients' byte ledgers.
    Clients,
}

impl Meter {
    const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Clients => "clients",
        }
    }
}

/// A region of a cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) cloud: Provider,
    pub(super) region: String,
}

impl Place {
    /// A region that is known.
    pub(super) fn of(cloud: Provider, region: Option<&str>) -> Option<Self> {
        region.map(|region| Self { cloud, region: region.to_owned() })
    }

    /// `aws/us-west-2`, as byte ledgers have it.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (cloud, region) = text.split_once('/')?;
        let cloud = Provider::ALL.into_iter().find(|known| known.name() == cloud)?;
        Self::of(cloud, Some(region))
    }
}

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Payer {
    /// Whose network or program it is.
    Own,
    /// Who owns the bucket that was read.
    Owner,
}

/// What a cloud asks for bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tariff {
    /// Nothing.
    Free,
    /// To the internet, in steps by the amount of a month.
    Internet(Place, Month),
    /// To the internet for owners of buckets, whose amounts nobody else knows: the first step's price.
    FirstStep(Place),
    /// To another region of the cloud; without it, to the one that costs most.
    Region(Place, Option<String>, Payer),
    /// Between zones, at each end on AWS, where it leaves on Google Cloud.
    Zones(Place),
    /// Through NAT.
    Nat(Place),
    /// The catalog has no price, and why.
    None(&'static str),
}

impl Tariff {
    const fn payer(&self) -> Payer {
        match self {
            Self::Region(_, _, payer) => *payer,
            Self::FirstStep(_) => Payer::Owner,
            _ => Payer::Own,
        }
    }

    /// Of a place that has to be known.
    pub(super) fn at(place: Option<Place>, tariff: impl FnOnce(Place) -> Self) -> Self {
        place.map_or(Self::None("the region is not known"), tariff)
    }
}

/// The month of a day.
pub(super) fn month(day: Day) -> Option<Month> {
    let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?);
    Month::of(date.ok()?)
}

/// Bytes of a tariff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bytes {
    all: u128,
    rows: BTreeMap<RowKey, u128>,
}

/// A tariff with its bytes, and the gigabytes that are free where it holds.
type Sharer<'a> = (&'a Tariff, u128, u64);

/// Bytes of each meter by what is asked for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted(BTreeMap<(Meter, Tariff), Bytes>);

/// What bytes of a row cost at list, in 10⁻¹² USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// All of it.
    pub usd: i128,
    /// What of it the owners of buckets pay, who are others unless the buckets are one's own.
    pub of_owners: i128,
    /// Bytes that the catalog has no price of.
    pub without_price: u128,
}

impl AddAssign for Listed {
    fn add_assign(&mut self, other: Self) {
        self.usd += other.usd;
        self.of_owners += other.of_owners;
        self.without_price += other.without_price;
    }
}

/// A price that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedPrice {
    /// Of what, such as `nat in aws/us-west-2`.
    pub what: String,
    /// The price of 2³⁰ bytes.
    pub price: Price,
}

/// What list prices came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPrices {
    /// By meter, and row.
    pub(super) rows: BTreeMap<(Meter, RowKey), Listed>,
    /// The prices.
    pub prices: Vec<UsedPrice>,
    /// What the catalog does not have.
    pub gaps: BTreeSet<String>,
    /// Free bytes that were taken off, by meter: `network` or `clients`.
    pub free: BTreeMap<&'static str, u128>,
}

impl Counted {
    /// Counts bytes. What is in no row matters only where prices fall with the amount.
    pub(super) fn add(&mut self, meter: Meter, tariff: Tariff, row: Option<&RowKey>, bytes: u128) {
        if row.is_none() && !matches!(tariff, Tariff::Internet(..)) {
            return;
        }
        let sums = self.0.entry((meter, tariff)).or_default();
        sums.all += bytes;
        if let Some(row) = row {
            *sums.rows.entry(row.clone()).or_default() += bytes;
        }
    }

    /// What all of it costs.
    pub(super) fn priced(&self) -> ListPrices {
        let mut list = ListPrices::default();
        let free = self.free();
        let mut prices = Used::default();
        for ((meter, tariff), bytes) in &self.0 {
            let free = free.get(&(*meter, tariff)).copied().unwrap_or(0);
            *list.free.entry(meter.name()).or_default() += free;
            let usd = prices.cost(tariff, bytes.all - free);
            divide(*meter, tariff, bytes, usd, &mut list.rows);
        }
        list.free.retain(|_, bytes| *bytes > 0);
        list.prices = prices.prices.into_iter().map(|(what, price)| UsedPrice { what, price }).collect();
        list.gaps = prices.gaps;
        list
    }

    /// Free bytes of each tariff: what a cloud gives a month, once for each meter, shared by the regions that have
    /// it in proportion to their bytes.
    fn free(&self) -> BTreeMap<(Meter, &Tariff), u128> {
        let mut together: BTreeMap<(Meter, Provider, Month), Vec<Sharer<'_>>> = BTreeMap::new();
        for ((meter, tariff), bytes) in &self.0 {
            let Tariff::Internet(place, month) = tariff else { continue };
            let region = Region::open(place.cloud, &place.region).ok();
            let Some(free) = region.map(|region| region.free_internet()).filter(|free| *free > 0) else {
                continue;
            };
            together.entry((*meter, place.cloud, *month)).or_default().push((tariff, bytes.all, free));
        }
        let mut found = BTreeMap::new();
        let (mut parts, mut scratch) = (Vec::new(), Vec::new());
        for ((meter, ..), tariffs) in together {
            let all: u128 = tariffs.iter().map(|(_, bytes, _)| bytes).sum();
            let free = tariffs.iter().map(|(.., free)| i128::from(*free) * GIGABYTE).max().unwrap_or(0);
            let free = free.min(i128::try_from(all).unwrap_or(i128::MAX));
            let weights = Weights::new(tariffs.iter().map(|(_, bytes, _)| *bytes).collect());
            weights.divide(free, &mut parts, &mut scratch);
            found.extend(
                tariffs
                    .iter()
                    .zip(&parts)
                    .map(|((tariff, ..), part)| ((meter, *tariff), part.unsigned_abs())),
            );
        }
        found
    }
}

/// Divides what bytes cost among their rows and what is in no row.
fn divide(
    meter: Meter,
    tariff: &Tariff,
    bytes: &Bytes,
    usd: Option<i128>,
    rows: &mut BTreeMap<(Meter, RowKey), Listed>,
) {
    let shown: u128 = bytes.rows.values().sum();
    let weights = bytes.rows.values().copied().chain([bytes.all - shown]).collect();
    let (mut parts, mut scratch) = (Vec::new(), Vec::new());
    Weights::new(weights).divide(usd.unwrap_or(0), &mut parts, &mut scratch);
    for ((row, bytes), usd_part) in bytes.rows.iter().zip(parts) {
        *rows.entry((meter, row.clone())).or_default() += Listed {
            usd: usd_part,
            of_owners: if tariff.payer() == Payer::Owner { usd_part } else { 0 },
            without_price: if usd.is_some() { 0 } else { *bytes },
        };
    }
}

/// Prices that were used, by what they are of, and what the catalog does not have.
#[derive(Default)]
struct Used {
    prices: BTreeMap<String, Price>,
    gaps: BTreeSet<String>,
}

impl Used {
    /// What so many bytes cost, in 10⁻¹² USD; none where the catalog has no price.
    fn cost(&mut self, tariff: &Tariff, bytes: u128) -> Option<i128> {
        let bytes = i128::try_from(bytes).ok()?;
        let place = match tariff {
            _ if bytes == 0 => return Some(0),
            Tariff::Free => return Some(0),
            Tariff::None(why) => return self.missing(format!("no list price of some bytes: {why}")),
            Tariff::Internet(place, _)
            | Tariff::FirstStep(place)
            | Tariff::Region(place, ..)
            | Tariff::Zones(place)
            | Tariff::Nat(place) => place,
        };
        let name = format!("{}/{}", place.cloud, place.region);
        let Ok(region) = Region::open(place.cloud, &place.region) else {
            return self.missing(format!("no list prices of {name}: the catalog does not know it"));
        };
        if let Tariff::Internet(..) | Tariff::FirstStep(_) = tariff {
            let steps = region.internet_tiers();
            let count = if matches!(tariff, Tariff::Internet(..)) { steps.len() } else { 1 };
            if steps.is_empty() {
                return self.missing(format!("no list price from {name} to the internet"));
            }
            return self.steps(&steps[..count], (place.cloud, &name), bytes);
        }
        let (what, priced) = flat(tariff, &region, &name);
        if let Some(gap) = priced.gap {
            self.gaps.insert(gap.text);
        }
        let price = priced.price?;
        let cost = price.usd.ratio(bytes, GIGABYTE)?.pico();
        self.prices.insert(what, price);
        Some(cost)
    }

    fn missing(&mut self, gap: String) -> Option<i128> {
        self.gaps.insert(gap);
        None
    }

    /// What so many bytes to the internet cost. What is beyond the last step costs as much as its last byte.
    fn steps(&mut self, steps: &[Tier], (cloud, from): (Provider, &str), bytes: i128) -> Option<i128> {
        let (mut left, mut begun, mut sum) = (bytes, 0_i128, 0_i128);
        for (number, step) in (1..).zip(steps) {
            let end = step.up_to.filter(|_| number < steps.len()).map(|end| match cloud {
                Provider::Aws => u128::from(end.get()) / 1_000_000_000_000 * TERABYTE,
                Provider::Gcp => u128::from(end.get()),
            });
            let room = end.map_or(left, |end| i128::try_from(end).unwrap_or(i128::MAX) - begun);
            let here = left.min(room);
            if here > 0 {
                self.prices.insert(format!("from {from} to the internet, step {number}"), step.price.clone());
            }
            sum = sum.checked_add(step.price.usd.pico().checked_mul(here)?)?;
            (left, begun) = (left - here, begun + room);
        }
        Some(Amount::from_pico(1).ratio(sum, GIGABYTE)?.pico())
    }
}

/// The price of a tariff without steps, and what it is of.
fn flat(tariff: &Tariff, region: &Region, name: &str) -> (String, Priced) {
    let transfer = |to: &str| match region.transfer_to(to) {
        Ok(price) => Priced { price: Some(price), gap: None },
        Err(gap) => Priced { price: None, gap: Some((*gap).into()) },
    };
    match tariff {
        Tariff::Region(_, Some(to), _) => (format!("from {name} to {to}"), transfer(to)),
        Tariff::Region(..) => {
            (format!("from {name} to the dearest other region"), item(region, "egress_other_region_highest"))
        }
        Tariff::Zones(_) => (format!("between zones of {name}"), transfer(region.name())),
        _ => (format!("through NAT in {name}"), item(region, keys(region.provider()).nat_data)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::egress::Way;

    const OCTOBER: u32 = 202_610;

    fn internet(region: &str) -> Tariff {
        let cloud = if region.contains("us-c") { Provider::Gcp } else { Provider::Aws };
        Tariff::Internet(Place { cloud, region: region.into() }, Month::from_number(OCTOBER).unwrap())
    }

    fn row(name: &str) -> RowKey {
        (Way::Internet, vec![Some(name.to_owned())])
    }

    fn usd(list: &ListPrices, meter: Meter, name: &str) -> i128 {
        list.rows[&(meter, row(name))].usd
    }

    const GB: u128 = 1 << 30;
    const USD: i128 = 1_000_000_000_000;

    #[test]
    fn what_is_free_is_taken_off_once_and_shared_by_bytes() {
        let mut counted = Counted::default();
        counted.add(Meter::Network, internet("us-west-2"), Some(&row("ada")), 150 * GB);
        counted.add(Meter::Network, internet("us-west-2"), Some(&row("bob")), 50 * GB);
        counted.add(Meter::Network, internet("us-east-1"), Some(&row("eve")), 100 * GB);
        // Of a hub that nobody asked for: it has its part of what is free.
        counted.add(Meter::Network, internet("us-east-1"), None, 100 * GB);
        counted.add(Meter::Clients, internet("us-west-2"), Some(&row("ada")), 60 * GB);
        let list = counted.priced();
        // 400 GB less 100: three quarters of each at 0.09.
        assert_eq!(usd(&list, Meter::Network, "ada"), USD * 9 / 100 * 150 * 3 / 4);
        assert_eq!(usd(&list, Meter::Network, "bob"), USD * 9 / 100 * 50 * 3 / 4);
        assert_eq!(usd(&list, Meter::Network, "eve"), USD * 9 / 100 * 100 * 3 / 4);
        assert_eq!(usd(&list, Meter::Clients, "ada"), 0, "each meter counts the same bytes for itself");
        assert_eq!(list.free, BTreeMap::from([("network", 100 * GB), ("clients", 60 * GB)]));
    }

    #[test]
    fn steps_are_those_of_a_month_and_region() {
        let mut counted = Counted::default();
        counted.add(Meter::Network, internet("us-west-2"), Some(&row("ada")), 10_340 * GB);
        counted.add(Meter::Network, internet("us-west-2"), Some(&row("bob")), 10_000 * GB);
        let list = counted.priced();
        // 20,240 GB: 10,240 at 0.09, 10,000 at 0.085.
        let all = USD * (10_240 * 90 + 10_000 * 85) / 1000;
        assert_eq!(usd(&list, Meter::Network, "ada") + usd(&list, Meter::Network, "bob"), all);
        assert_eq!(usd(&list, Meter::Network, "bob"), all * 10_000 / 20_340);
        let names: Vec<_> = list.prices.iter().map(|used| used.what.as_str()).collect();
        let step = |number| format!("from aws/us-west-2 to the internet, step {number}");
        assert_eq!(names, [step(1), step(2)]);
        // Google: 1 GiB is free, 1,024 at 0.12, the rest at 0.11.
        let mut counted = Counted::default();
        counted.add(Meter::Network, internet("us-central1"), Some(&row("ada")), 1_035 * GB);
        assert_eq!(usd(&counted.priced(), Meter::Network, "ada"), USD * (1_024 * 12 + 10 * 11) / 100);
        // Beyond the last step that the table has of us-east-1, 150 TB, its price stays.
        let mut counted = Counted::default();
        counted.add(Meter::Network, internet("us-east-1"), Some(&row("ada")), 200_100 * GB);
        let all = 10_240 * 90 + 40_960 * 85 + (200_000 - 51_200) * 70;
        assert_eq!(usd(&counted.priced(), Meter::Network, "ada"), USD * all / 1000);
    }

    #[test]
    fn what_has_no_price_is_told_and_what_stands_in_too() {
        let place = |region: &str| Place { cloud: Provider::Aws, region: region.into() };
        let mut counted = Counted::default();
        counted.add(Meter::Network, Tariff::Nat(place("us-west-2")), Some(&row("nat")), 2 * GB);
        counted.add(Meter::Network, Tariff::Zones(place("us-west-2")), Some(&row("zones")), 3 * GB);
        counted.add(Meter::Network, Tariff::None("by a line"), Some(&row("line")), 7);
        let moved = |payer| Tariff::Region(place("us-east-1"), Some("us-west-2".into()), payer);
        counted.add(Meter::Clients, moved(Payer::Owner), Some(&row("read")), 5 * GB);
        counted.add(Meter::Clients, moved(Payer::Own), Some(&row("read")), GB);
        counted.add(Meter::Clients, Tariff::Region(place("mars-1"), None, Payer::Own), Some(&row("mars")), 9);
        let list = counted.priced();
        assert_eq!(usd(&list, Meter::Network, "nat"), USD * 9 / 100);
        assert_eq!(usd(&list, Meter::Network, "zones"), USD * 3 / 100);
        let read = list.rows[&(Meter::Clients, row("read"))];
        assert_eq!((read.usd, read.of_owners), (USD * 12 / 100, USD / 10));
        assert_eq!(list.rows[&(Meter::Network, row("line"))].without_price, 7);
        assert_eq!(list.rows[&(Meter::Clients, row("mars"))].without_price, 9);
        let gaps: Vec<_> = list.gaps.iter().map(String::as_str).collect();
        assert!(gaps[0].starts_with("no list price of some bytes: by a line"), "{gaps:?}");
        assert!(gaps[1].starts_with("no list prices of aws/mars-1"), "{gaps:?}");
        assert!(gaps[2].contains("nat_gateway_data") && gaps[2].contains("us-east-1 price"), "{gaps:?}");
    }

    proptest::proptest! {
        #[test]
        fn parts_are_the_whole(amounts in proptest::collection::vec(0_u64..1 << 50, 1..9), one in 0_u64..1 << 50) {
            let mut counted = Counted::default();
            let mut together = Counted::default();
            for (number, bytes) in amounts.iter().enumerate() {
                let name = row(&number.to_string());
                counted.add(Meter::Network, internet("us-west-2"), Some(&name), u128::from(*bytes));
                together.add(Meter::Network, internet("us-west-2"), Some(&row("all")), u128::from(*bytes));
            }
            counted.add(Meter::Network, internet("eu-west-1"), Some(&row("far")), u128::from(one));
            together.add(Meter::Network, internet("eu-west-1"), Some(&row("all")), u128::from(one));
            let sum: i128 = counted.priced().rows.values().map(|listed| listed.usd).sum();
            proptest::prop_assert_eq!(sum, usd(&together.priced(), Meter::Network, "all"));
        }
    }
}
