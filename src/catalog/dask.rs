//! Interchangeable machines for Dask workers.

use std::collections::{BTreeMap, BTreeSet};

use frazil_units::{Amount, Bytes};

use super::choose::{Considered, considered, no_machine};
use super::{Arch, Cpu, Exclusion, Fit, Gap, Market, Need, NoMachine, Overhead, Region, Seat};

/// Machines of one shape that a pool may mix: spot capacity of one runs out.
const MACHINES: usize = 3;

/// Fewest cores of a worker node: below, daemon sets take too large a share.
const MIN_CPU: Cpu = Cpu::cores(8);

/// Most cores of a worker node: above, a node taken back loses too many workers.
const MAX_CPU: Cpu = Cpu::cores(16);

/// What a pool of Dask workers needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaskNeed {
    /// Cores of a worker.
    pub cpu: Cpu,
    /// Memory of a worker.
    pub memory: Bytes,
    /// The architecture.
    pub arch: Arch,
    /// The market whose prices are compared; where it has none, on-demand ones.
    pub market: Market,
}

/// Machines of one shape for Dask workers.
#[derive(Clone, Debug, PartialEq)]
pub struct DaskChoice {
    /// Up to three of different families, cheapest per worker first.
    pub machines: Vec<Fit>,
    /// Virtual CPUs of each.
    pub cpu: Cpu,
    /// Nominal memory of each.
    pub memory: Bytes,
    /// What was not considered.
    pub excluded: Vec<Exclusion>,
    /// Spot prices that are missing, if spot was asked for.
    pub gaps: Vec<Box<Gap>>,
}

/// A shape: virtual CPUs and nominal memory.
type Shape = (Cpu, Bytes);

/// The three machines of one shape, 8 to 16 cores, whose workers cost least together.
///
/// Fewer than three where no shape has three families; then the shape with most.
///
/// # Errors
/// [`NoMachine`], when no such machine holds a worker.
pub fn choose_dask(region: &Region, need: &DaskNeed) -> Result<DaskChoice, NoMachine> {
    let seat = Seat { name: "worker".to_owned(), memory: need.memory, cpu: need.cpu, gpus: 0 };
    let overhead = Overhead::default();
    let need = Need { seats: vec![seat], count: 1, arch: need.arch, market: need.market, overhead };
    let current = considered(region, &need, false);
    choose_from(region, &need, current)
        .or_else(|_| choose_from(region, &need, considered(region, &need, true)))
}

fn choose_from(region: &Region, need: &Need, considered: Considered) -> Result<DaskChoice, NoMachine> {
    let Considered { fits, excluded } = considered;
    let Some(((cpu, memory), machines)) = best(shapes(&fits)) else {
        return Err(no_machine(region, need, fits, excluded));
    };
    let gaps = machines.iter().filter_map(|fit| region.price(&fit.offer, need.market).err()).collect();
    Ok(DaskChoice { machines, cpu, memory, excluded, gaps })
}

/// The cheapest per worker of each shape, one a family.
fn shapes(fits: &[Fit]) -> BTreeMap<Shape, Vec<Fit>> {
    let mut shapes: BTreeMap<Shape, Vec<Fit>> = BTreeMap::new();
    for fit in fits.iter().filter(|fit| fits_workers(fit)) {
        shapes.entry((fit.offer.machine.cpu, fit.offer.machine.memory)).or_default().push(fit.clone());
    }
    for machines in shapes.values_mut() {
        machines.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let mut families = BTreeSet::new();
        machines.retain(|fit| families.insert(fit.offer.machine.family().to_owned()));
        machines.truncate(MACHINES);
    }
    shapes
}

fn fits_workers(fit: &Fit) -> bool {
    fit.default_seats() > 0 && (MIN_CPU..=MAX_CPU).contains(&fit.offer.machine.cpu)
}

/// By price per worker, then by name.
fn rank(fit: &Fit) -> (Option<Amount>, &str) {
    (fit.usd_per_seat_hour, &fit.offer.machine.name)
}

/// Most machines first, then the lowest sum of prices per worker.
fn best(shapes: BTreeMap<Shape, Vec<Fit>>) -> Option<(Shape, Vec<Fit>)> {
    let sum = |machines: &[Fit]| machines.iter().filter_map(|fit| fit.usd_per_seat_hour).sum::<Amount>();
    shapes.into_iter().min_by_key(|(_, machines)| (MACHINES - machines.len(), sum(machines)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Provider;

    const NEED: DaskNeed =
        DaskNeed { cpu: Cpu::cores(1), memory: Bytes::gib(4), arch: Arch::Amd64, market: Market::Spot };

    #[test]
    fn three_families_of_one_shape_and_a_gap_for_each_missing_spot_price() {
        let choice = choose_dask(&Region::open(Provider::Aws, "us-west-2").unwrap(), &NEED).unwrap();
        let families: BTreeSet<_> = choice.machines.iter().map(|fit| fit.offer.machine.family()).collect();
        assert_eq!((families.len(), choice.gaps.len()), (3, 3));
        let shape = |fit: &Fit| (fit.offer.machine.cpu, fit.offer.machine.memory);
        assert!(choice.machines.iter().all(|fit| shape(fit) == (choice.cpu, choice.memory)));
    }

    #[test]
    fn no_three_of_another_shape_are_cheaper_per_worker() {
        let region = Region::open(Provider::Gcp, "us-central1").unwrap();
        let choice = choose_dask(&region, &NEED).unwrap();
        let sum = |machines: &[Fit]| machines.iter().filter_map(|fit| fit.usd_per_seat_hour).sum::<Amount>();
        let seat = Seat { name: "worker".to_owned(), memory: NEED.memory, cpu: NEED.cpu, gpus: 0 };
        let fits =
            considered(&region, &Need { count: 1, market: Market::Spot, ..Need::new(vec![seat]) }, false)
                .fits;
        let others = shapes(&fits);
        assert!(others.len() > 5);
        assert!(
            others
                .values()
                .filter(|machines| machines.len() == MACHINES)
                .all(|machines| sum(machines) >= sum(&choice.machines))
        );
    }

    #[test]
    fn fewer_than_three_where_there_are_no_more_and_none_is_an_error() {
        let two = Region::open(Provider::Aws, "us-west-2").unwrap().only(&[
            "m7i.2xlarge",
            "m6a.2xlarge",
            "r7i.2xlarge",
        ]);
        let names: Vec<_> = choose_dask(&two, &NEED)
            .unwrap()
            .machines
            .into_iter()
            .map(|fit| fit.offer.machine.name.clone())
            .collect();
        assert_eq!(names, ["m6a.2xlarge", "m7i.2xlarge"]);
        let error = choose_dask(&two.only(&[]), &NEED).unwrap_err();
        assert!(error.to_string().contains("1 x worker (4 GiB, 1 CPU)"), "{error}");
    }
}
