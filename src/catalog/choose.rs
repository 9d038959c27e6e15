//! The cheapest machine for the sizes of a pool, and why not another.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use frazil_units::{Amount, Bytes};

use super::fit::fit;
use super::screen::exclusion;
use super::{Arch, Cpu, Exclusion, Fit, Gap, Need, Overhead, Provider, Reason, Region, Seat, arch_name};

/// CPU of a core node: what two cores leave of the kubelet's reserve.
const CORE_CPU: Cpu = Cpu::millicores(1900);

/// Memory of a core node: hub, proxies, gateway, autoscaler and monitoring
/// request about 6 GiB together; an 8 GiB EKS node has 6.7 to 6.9.
const CORE_MEMORY: Bytes = Bytes::mib(6656);

/// Pods of a core node, daemon sets included; the smallest EKS nodes allow 27 to 29.
const CORE_PODS: u32 = 27;

/// Machines that lost by price and are named, at most.
const RUNNERS_UP: usize = 3;

/// Cheaper machines that are too small and are named, at most.
const TOO_SMALL: usize = 2;

/// A machine that was not chosen, though it might have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// What it would have held.
    pub fit: Fit,
    /// Why it lost: a phrase.
    pub why: String,
}

/// The machine of a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The cheapest that holds what is needed.
    pub best: Fit,
    /// The next by price, then cheaper ones that are too small.
    pub lost: Vec<Lost>,
    /// What was not considered.
    pub excluded: Vec<Exclusion>,
    /// The spot price that is missing, if spot was asked for.
    pub gap: Option<Box<Gap>>,
}

/// No machine holds what a pool needs.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no machine in {provider}/{region} holds {wanted}; {}", closest_phrase(closest.as_deref(), excluded))]
pub struct NoMachine {
    /// The provider.
    pub provider: Provider,
    /// The region.
    pub region: String,
    /// What was wanted: a phrase.
    pub wanted: String,
    /// The considered machine with most seats of the first size.
    pub closest: Option<Box<Fit>>,
    /// What was not considered.
    pub excluded: Vec<Exclusion>,
}

/// The cheapest machine that holds `need.count` seats of the first size and one of each other.
///
/// Old generations, and machines that boot from Hyperdisk alone, are considered
/// only when nothing else fits. Equal prices are decided by more seats, then by name.
///
/// # Errors
/// [`NoMachine`], with the closest one.
pub fn choose(region: &Region, need: &Need) -> Result<Choice, NoMachine> {
    let current = considered(region, need, false);
    choose_from(region, need, current).or_else(|_| choose_from(region, need, considered(region, need, true)))
}

/// The cheapest machine for the hub's own pods: two cores and about 7 GiB allocatable, on demand.
///
/// # Errors
/// [`NoMachine`].
pub fn choose_core(region: &Region, arch: Arch) -> Result<Choice, NoMachine> {
    let seat = Seat { name: "core".to_owned(), memory: CORE_MEMORY, cpu: CORE_CPU, gpus: 0 };
    let overhead = Overhead { cpu: Cpu::default(), memory: Bytes::default(), pods: CORE_PODS - 1 };
    choose(region, &Need { count: 1, arch, overhead, ..Need::new(vec![seat]) })
}

/// The machines that a need allows, and the others by reason.
pub(super) struct Considered {
    pub(super) fits: Vec<Fit>,
    pub(super) excluded: Vec<Exclusion>,
}

/// Fits of all machines that may be chosen, best first.
pub(super) fn considered(region: &Region, need: &Need, last_resort: bool) -> Considered {
    let mut fits = Vec::new();
    let mut others: BTreeMap<Reason, Vec<String>> = BTreeMap::new();
    for offer in region.offers() {
        match fit(offer, need, last_resort) {
            Ok(fit) => fits.push(fit),
            Err(reason) => others.entry(reason).or_default().push(offer.machine.name.clone()),
        }
    }
    fits.sort_by(|a, b| a.rank().cmp(&b.rank()));
    Considered { fits, excluded: others.into_iter().map(exclusion).collect() }
}

fn choose_from(region: &Region, need: &Need, considered: Considered) -> Result<Choice, NoMachine> {
    let Considered { fits, excluded } = considered;
    let Some(at) = fits.iter().position(|fit| fit.holds(need)) else {
        return Err(no_machine(region, need, fits, excluded));
    };
    let lost = lost(&fits, at, need);
    let best = fits.into_iter().nth(at);
    let best = best.ok_or_else(|| no_machine(region, need, Vec::new(), Vec::new()))?;
    let gap = region.price(&best.offer, need.market).err();
    Ok(Choice { best, lost, excluded, gap })
}

pub(super) fn no_machine(
    region: &Region,
    need: &Need,
    fits: Vec<Fit>,
    excluded: Vec<Exclusion>,
) -> NoMachine {
    let closest = fits.into_iter().rev().max_by_key(Fit::default_seats).map(Box::new);
    NoMachine {
        provider: region.provider(),
        region: region.name().to_owned(),
        wanted: wanted(need),
        closest,
        excluded,
    }
}

/// The next by price, then the roomiest of the cheaper ones that are too small.
fn lost(fits: &[Fit], best: usize, need: &Need) -> Vec<Lost> {
    let chosen = &fits[best];
    let dearer = fits[best + 1..].iter().filter(|fit| fit.holds(need)).take(RUNNERS_UP);
    let mut smaller: Vec<_> = fits[..best].iter().filter(|fit| fit.default_seats() > 0).collect();
    smaller.sort_by_key(|fit| Reverse(fit.default_seats()));
    smaller.truncate(TOO_SMALL);
    let dearer = dearer.map(|fit| Lost { fit: fit.clone(), why: why_dearer(fit, chosen) });
    dearer
        .chain(smaller.into_iter().map(|fit| Lost { fit: fit.clone(), why: why_small(fit, need) }))
        .collect()
}

fn why_dearer(fit: &Fit, chosen: &Fit) -> String {
    match (fit.price.usd - chosen.price.usd, fit.default_seats() < chosen.default_seats()) {
        (Amount::ZERO, true) => "same price, fewer seats".to_owned(),
        (Amount::ZERO, false) => "same price and seats, later in the alphabet".to_owned(),
        (more, _) => format!("{more} USD an hour dearer"),
    }
}

fn why_small(fit: &Fit, need: &Need) -> String {
    let short = fit.seats.iter().find(|(_, count)| *count == 0).filter(|_| fit.default_seats() >= need.count);
    match short {
        Some((name, _)) => format!("holds no {name}"),
        None => format!("holds {} of {} seats", fit.default_seats(), need.count),
    }
}

fn wanted(need: &Need) -> String {
    let of = |seat: &Seat| {
        let cpu = if seat.cpu == Cpu::default() { String::new() } else { format!(", {} CPU", seat.cpu) };
        let gpus = if seat.gpus == 0 { String::new() } else { format!(", {} GPU", seat.gpus) };
        format!("{} ({}{cpu}{gpus})", seat.name, seat.memory)
    };
    let counts = std::iter::once(need.count).chain(std::iter::repeat(1));
    let parts: Vec<_> =
        need.seats.iter().zip(counts).map(|(seat, count)| format!("{count} x {}", of(seat))).collect();
    format!("{} on {}", parts.join(" and "), arch_name(need.arch))
}

fn closest_phrase(closest: Option<&Fit>, excluded: &[Exclusion]) -> String {
    if let Some(fit) = closest.filter(|fit| fit.default_seats() > 0) {
        let (name, _) = fit.seats.first().cloned().unwrap_or_default();
        return format!("the closest, {}, holds {} of {name}", fit.offer.machine.name, fit.default_seats());
    }
    let reasons: Vec<_> =
        excluded.iter().map(|other| format!("{} for {}", other.count, other.reason)).collect();
    format!("machines left out: {}", reasons.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{DAEMON_PODS, Market};

    fn seat(name: &str, gib: u64, gpus: u32) -> Seat {
        Seat { name: name.to_owned(), memory: Bytes::gib(gib), cpu: Cpu::default(), gpus }
    }

    fn region(provider: Provider, name: &str, machines: &[&str]) -> Region {
        Region::open(provider, name).unwrap().only(machines)
    }

    #[test]
    fn the_largest_size_must_fit_once_and_the_default_one_as_often_as_asked() {
        let region = region(Provider::Aws, "us-west-2", &["r7i.xlarge", "r7i.2xlarge", "r7i.4xlarge"]);
        let chosen =
            |seats: Vec<Seat>, count| choose(&region, &Need { count, ..Need::new(seats) }).unwrap().best;
        assert_eq!(chosen(vec![seat("small", 8, 0)], 3).offer.machine.name, "r7i.xlarge");
        assert_eq!(chosen(vec![seat("small", 8, 0)], 4).offer.machine.name, "r7i.2xlarge");
        let both = chosen(vec![seat("small", 8, 0), seat("large", 64, 0)], 3);
        assert_eq!(both.offer.machine.name, "r7i.4xlarge");
        assert_eq!(both.seats, [("small".to_owned(), 15), ("large".to_owned(), 1)]);
    }

    #[test]
    fn cpu_pods_and_overhead_bound_the_seats_too() {
        let region = region(Provider::Aws, "us-west-2", &["r7i.2xlarge"]);
        let best = |need: Need| choose(&region, &need).unwrap().best.default_seats();
        let small = Need { count: 1, ..Need::new(vec![seat("small", 8, 0)]) };
        assert_eq!(best(small.clone()), 7);
        let cores = Seat { cpu: Cpu::cores(2), ..seat("small", 8, 0) };
        assert_eq!(best(Need { seats: vec![cores], ..small.clone() }), 3);
        let tiny = Seat { memory: Bytes::mib(64), ..seat("tiny", 0, 0) };
        assert_eq!(best(Need { seats: vec![tiny], ..small.clone() }), 58 - DAEMON_PODS);
        let heavy = Overhead { memory: Bytes::gib(6), ..Overhead::default() };
        assert_eq!(best(Need { overhead: heavy, ..small }), 6);
    }

    #[test]
    fn price_per_seat_and_memory_per_seat_come_from_the_full_node() {
        let region = region(Provider::Aws, "us-west-2", &["r7i.2xlarge"]);
        let best = choose(&region, &Need::new(vec![seat("small", 8, 0)])).unwrap().best;
        assert_eq!(best.price.usd, Amount::from_decimal("0.5292").unwrap());
        assert_eq!(best.usd_per_seat_hour.unwrap(), Amount::from_decimal("0.0756").unwrap());
        assert!(best.memory_per_seat.unwrap() >= Bytes::gib(8));
    }

    #[test]
    fn an_old_generation_is_chosen_only_when_nothing_else_fits() {
        let need = Need::new(vec![seat("gpu", 14, 1)]);
        let both = region(Provider::Aws, "us-west-2", &["g5.2xlarge", "g6.2xlarge"]);
        assert_eq!(choose(&both, &need).unwrap().best.offer.machine.name, "g6.2xlarge");
        let old = region(Provider::Aws, "us-west-2", &["g5.2xlarge"]);
        assert_eq!(choose(&old, &need).unwrap().best.offer.machine.name, "g5.2xlarge");
    }

    #[test]
    fn a_machine_that_boots_from_hyperdisk_alone_is_the_last_resort_too() {
        let need = Need::new(vec![seat("small", 8, 0)]);
        let bangkok = Region::open(Provider::Gcp, "asia-southeast3").unwrap();
        assert!(choose(&bangkok, &need).unwrap().best.offer.machine.boots_from_hyperdisk_only());
        let iowa = Region::open(Provider::Gcp, "us-central1").unwrap();
        assert!(!choose(&iowa, &need).unwrap().best.offer.machine.boots_from_hyperdisk_only());
    }

    #[test]
    fn equal_prices_are_decided_by_name_and_the_loser_is_told_so() {
        let region = region(Provider::Gcp, "us-central1", &["c2d-highmem-8", "c3d-highmem-8"]);
        let choice = choose(&region, &Need::new(vec![seat("small", 8, 0)])).unwrap();
        assert_eq!(choice.best.offer.machine.name, "c2d-highmem-8");
        assert_eq!(choice.lost[0].why, "same price and seats, later in the alphabet");
    }

    #[test]
    fn equal_prices_are_decided_by_seats_before_names() {
        let region = region(Provider::Aws, "us-west-2", &["c5ad.12xlarge", "m5a.12xlarge"]);
        let choice = choose(&region, &Need::new(vec![seat("small", 8, 0)])).unwrap();
        assert_eq!(choice.best.offer.machine.name, "m5a.12xlarge");
        assert_eq!(choice.lost[0].why, "same price, fewer seats");
    }

    #[test]
    fn each_exclusion_has_its_reason() {
        for (name, reason) in [
            ("r7g.2xlarge", Reason::OtherArch),
            ("r5.2xlarge", Reason::OldGeneration),
            ("t3.2xlarge", Reason::Burstable),
            ("r8i-flex.2xlarge", Reason::Burstable),
            ("r7i.metal-24xl", Reason::BareMetal),
            ("x8i.xlarge", Reason::SpecialPurpose),
            ("g4dn.4xlarge", Reason::HasGpu),
            ("p5e.48xlarge", Reason::NoPrice),
        ] {
            let excluded = considered(
                &region(Provider::Aws, "us-west-2", &[name]),
                &Need::new(vec![seat("small", 8, 0)]),
                false,
            )
            .excluded;
            assert_eq!(excluded, [Exclusion { reason, count: 1, examples: vec![name.to_owned()] }]);
        }
        let excluded = considered(
            &region(Provider::Gcp, "us-central1", &["n4-highmem-8"]),
            &Need::new(vec![seat("small", 8, 0)]),
            false,
        )
        .excluded;
        assert_eq!(excluded[0].reason, Reason::HyperdiskOnly);
    }

    #[test]
    fn a_failure_names_the_closest_or_the_reasons() {
        let need = Need::new(vec![seat("small", 8, 0)]);
        let error =
            choose(&region(Provider::Aws, "us-west-2", &["r7i.xlarge", "t3.2xlarge"]), &need).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no machine in aws/us-west-2 holds 4 x small (8 GiB) on amd64; the closest, r7i.xlarge, holds 3 of small"
        );
        let error = choose(&region(Provider::Aws, "us-west-2", &["t3.2xlarge"]), &need).unwrap_err();
        assert!(error.to_string().ends_with("machines left out: 1 for CPU shared or by credits"), "{error}");
    }

    #[test]
    fn spot_is_compared_where_there_are_prices_and_named_where_not() {
        let need = Need { market: Market::Spot, ..Need::new(vec![seat("small", 8, 0)]) };
        let gcp = choose(&Region::open(Provider::Gcp, "us-central1").unwrap(), &need).unwrap();
        assert_eq!((gcp.best.market, gcp.gap), (Market::Spot, None));
        let aws = choose(&Region::open(Provider::Aws, "us-west-2").unwrap(), &need).unwrap();
        assert_eq!(aws.best.market, Market::OnDemand);
        assert!(aws.gap.unwrap().to_string().contains("no spot prices of AWS"));
    }
}
