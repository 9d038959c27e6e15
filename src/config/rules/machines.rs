//! Machines of the pools: whether they hold what shall run on them, and are of the right kind.

use std::sync::Arc;

use frazil_units::Bytes;

use super::Subject;
use super::table::machines::{
    GPU_MACHINE, MACHINE_ARCH, MACHINE_SHAPES, NO_GPU_MACHINE, NO_MACHINE_PRICES, SIZE_TOO_LARGE,
    WORKER_TOO_LARGE,
};
use crate::catalog::{Cpu, Machine, Offer, Overhead, Region, Room, Seat, arch_name};
use crate::config::model::Size;
use crate::config::problem::Problem;
use crate::render::pools::{Origin, PoolMachines, cpu, seat};

/// Pools without machines get theirs by price, so the region needs prices.
pub(super) fn can_be_chosen(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(region) = subject.region().filter(|region| !region.has_machine_prices()) else {
        return Vec::new();
    };
    let open: Vec<_> =
        subject.pools().iter().filter(|pool| matches!(pool.origin, Origin::Nothing(_))).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let names: Vec<_> = open.iter().map(|pool| format!("`{}`", pool.pool)).collect();
    let path = format!("provider.{}.region", region.provider());
    let message = format!("the catalog has no machine prices of {} to choose by", region.name());
    let problem = subject.value(&NO_MACHINE_PRICES, &path, message).label("without a price list");
    vec![problem.help(format!("say `machine` for {} under `pools`", names.join(", ")))]
}

/// Each size fits on an empty node of its pool.
pub(super) fn sizes_fit(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(region) = subject.region().filter(|region| region.has_machine_prices()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for pool in subject.pools().iter().filter(|pool| pool.pool == "user" || pool.pool == "gpu") {
        let sizes = subject.hub.sizes.iter().enumerate();
        let sizes: Vec<_> = sizes.filter(|(_, size)| (size.gpu > 0) == (pool.pool == "gpu")).collect();
        match &pool.origin {
            Origin::File(offers) => {
                let machines = smallest_first(offers);
                problems.extend(sizes.iter().filter_map(|size| on_named(subject, &machines, *size)));
            }
            Origin::Nothing(_) => problems.extend(on_none(subject, region, pool, &sizes)),
            Origin::Cheapest(_) | Origin::Workers(_) => {}
        }
    }
    problems
}

/// A size on the machines that the file names: on the smallest of them.
fn on_named(subject: &Subject<'_>, machines: &[&Machine], (index, size): (usize, &Size)) -> Option<Problem> {
    let short = on_smallest(machines, &seat(size))?;
    Some(too_large(subject, index, size, &short))
}

/// Different machines, those with the least memory first.
fn smallest_first(offers: &[Offer]) -> Vec<&Machine> {
    let mut machines: Vec<_> = offers.iter().map(|offer| &offer.machine).collect();
    machines.sort_by_key(|machine| (machine.memory, machine.cpu, machine.name.as_str()));
    machines.dedup_by_key(|machine| machine.name.as_str());
    machines
}

/// What keeps a seat from the first machine that does not hold it.
fn on_smallest(machines: &[&Machine], seat: &Seat) -> Option<Shortage> {
    machines.iter().find_map(|machine| shortage(machine, seat))
}

fn too_large(subject: &Subject<'_>, index: usize, size: &Size, short: &Shortage) -> Problem {
    let path = format!("sizes[{index}].{}", short.key);
    let message = format!("`{}` fits on no {}: {}", size.name, short.machine, short.why);
    let problem = subject.value(&SIZE_TOO_LARGE, &path, message).label("more than fits");
    problem.help(format!("write at most `{}: {}`, or take a larger machine", short.key, short.most))
}

/// What of a seat a machine does not hold.
struct Shortage {
    machine: String,
    key: &'static str,
    why: String,
    most: String,
}

/// What keeps one seat from an empty node; `None` when it fits, or nobody can say.
fn shortage(machine: &Machine, seat: &Seat) -> Option<Shortage> {
    let room = Room::of(machine, Overhead::default())?;
    let pods = machine.allocatable.as_ref()?;
    let short = |key, why, most| Some(Shortage { machine: machine.name.clone(), key, why, most });
    if seat.memory > room.memory {
        let (all, left) = (gib(pods.memory), gib(room.memory));
        let why = format!("pods have {all} GiB there, of which daemon sets leave {left} GiB");
        return short("memory", why, format!("{left} GiB"));
    }
    if seat.cpu > room.cpu {
        let most = tenths(room.cpu);
        let why = format!("pods have {} cores there, of which daemon sets leave {most}", pods.cpu);
        return short("cpu", why, most);
    }
    // A machine without any GPU is of the wrong kind, which is another rule.
    if seat.gpus > room.gpus && room.gpus > 0 {
        return short("gpu", format!("it has {}", room.gpus), room.gpus.to_string());
    }
    None
}

/// GiB with one decimal, rounded down: what fits, fits.
fn gib(bytes: Bytes) -> String {
    let tenths = bytes.get() / (Bytes::gib(1).get() / 10);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Cores with one decimal, rounded down.
fn tenths(cpu: Cpu) -> String {
    format!("{}.{}", cpu.get() / 1000, cpu.get() % 1000 / 100)
}

/// Sizes of a pool for which the catalog found no machine.
fn on_none(
    subject: &Subject<'_>,
    region: &Region,
    pool: &PoolMachines,
    sizes: &[(usize, &Size)],
) -> Vec<Problem> {
    if pool.pool == "gpu" && !sells_gpus(region) {
        return sizes.iter().map(|(index, size)| no_gpus(subject, region, *index, size)).collect();
    }
    let alone: Vec<_> = sizes.iter().filter_map(|size| on_largest(subject, region, pool, *size)).collect();
    let together = || match &pool.origin {
        Origin::Nothing(nothing) => {
            let path = format!("pools.{}", pool.pool);
            let problem = subject.value(&SIZE_TOO_LARGE, &path, nothing.to_string());
            Some(problem.help(format!("name a machine: `pools: {{ {}: {{ machine: … }} }}`", pool.pool)))
        }
        _ => None,
    };
    if alone.is_empty() { together().into_iter().collect() } else { alone }
}

fn sells_gpus(region: &Region) -> bool {
    region.offers().iter().any(|offer| offer.on_demand.is_some() && offer.machine.nvidia_gpus() > 0)
}

fn no_gpus(subject: &Subject<'_>, region: &Region, index: usize, size: &Size) -> Problem {
    let message =
        format!("no machine with NVIDIA GPUs is sold in {}, as far as the catalog knows", region.name());
    let problem = subject.value(&NO_GPU_MACHINE, &format!("sizes[{index}].gpu"), message);
    problem.label(format!("for `{}`", size.name)).help("take another region, or leave `gpu` out")
}

/// A size that not even the roomiest machine of its kind in the region holds.
fn on_largest(
    subject: &Subject<'_>,
    region: &Region,
    pool: &PoolMachines,
    (index, size): (usize, &Size),
) -> Option<Problem> {
    let arch = subject.hub.pools.named().find(|(name, _)| *name == pool.pool).map(|(_, pool)| pool.arch);
    let seat = seat(size);
    let of_kind = |offer: &&Arc<Offer>| {
        let machine = &offer.machine;
        offer.on_demand.is_some()
            && machine.arch == Some(arch.unwrap_or_default())
            && !machine.bare_metal
            && (machine.nvidia_gpus() > 0) == (size.gpu > 0)
    };
    let offers = || region.offers().iter().filter(of_kind).map(|offer| &offer.machine);
    if offers()
        .any(|machine| Room::of(machine, Overhead::default()).is_some() && shortage(machine, &seat).is_none())
    {
        return None;
    }
    let room = |machine: &&Machine| {
        Room::of(machine, Overhead::default()).map(|room| (room.gpus.min(size.gpu), room.memory, room.cpu))
    };
    let largest = offers().max_by_key(room)?;
    Some(too_large(subject, index, size, &shortage(largest, &seat)?))
}

/// A worker fits on the smallest machine of the dask pool.
pub(super) fn workers_fit(subject: &Subject<'_>) -> Vec<Problem> {
    let workers = &subject.hub.gateway.workers;
    let seat = Seat { name: "worker".to_owned(), memory: workers.memory, cpu: cpu(workers.cores), gpus: 0 };
    let priced = subject.region().is_some_and(Region::has_machine_prices);
    let Some(pool) = subject.pools().iter().find(|pool| pool.pool == "dask").filter(|_| priced) else {
        return Vec::new();
    };
    let problem =
        match &pool.origin {
            Origin::File(offers) => on_smallest(&smallest_first(offers), &seat).map(|short| {
                let key = if short.key == "cpu" { "cores" } else { short.key };
                let message = format!("a worker fits on no {}: {}", short.machine, short.why);
                let problem = subject.value(&WORKER_TOO_LARGE, &format!("gateway.workers.{key}"), message);
                problem.help(format!("write at most `{key}: {}`, or take larger machines", short.most))
            }),
            Origin::Nothing(nothing) => {
                let problem = subject.value(&WORKER_TOO_LARGE, "gateway.workers.memory", nothing.to_string());
                Some(problem.help(
                    "make the workers smaller, or name machines: `pools: { dask: { machines: [ … ] } }`",
                ))
            }
            Origin::Cheapest(_) | Origin::Workers(_) => None,
        };
    problem.map(|problem| problem.label("more than fits")).into_iter().collect()
}

/// Machines that the file names have the pool's architecture, its GPUs, and one shape.
pub(super) fn right_kind(subject: &Subject<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for pool in subject.pools() {
        let Origin::File(offers) = &pool.origin else { continue };
        let named = subject.hub.pools.named().find(|(name, _)| *name == pool.pool);
        let Some((_, own)) = named.filter(|(_, own)| own.machine.is_none() || own.machines.is_empty()) else {
            continue;
        };
        let path = |index: usize| match &own.machine {
            Some(_) => format!("pools.{}.machine", pool.pool),
            None => format!("pools.{}.machines[{index}]", pool.pool),
        };
        for (index, offer) in offers.iter().enumerate() {
            let machine = &offer.machine;
            problems.extend(other_arch(subject, &path(index), machine, own.arch));
            problems.extend((pool.pool == "gpu").then(|| no_gpu(subject, &path(index), machine)).flatten());
            problems.extend(
                offers.first().and_then(|first| other_shape(subject, &path(index), machine, &first.machine)),
            );
        }
    }
    problems
}

fn other_arch(
    subject: &Subject<'_>,
    path: &str,
    machine: &Machine,
    wanted: crate::catalog::Arch,
) -> Option<Problem> {
    let arch = machine.arch.filter(|arch| *arch != wanted).map(arch_name)?;
    let message = format!("`{}` is an {arch} machine, and the pool is {}", machine.name, arch_name(wanted));
    let problem = subject.value(&MACHINE_ARCH, path, message).label(arch);
    Some(
        problem.help(format!("write `arch: {arch}` in the pool, or take a machine of {}", arch_name(wanted))),
    )
}

fn no_gpu(subject: &Subject<'_>, path: &str, machine: &Machine) -> Option<Problem> {
    if machine.nvidia_gpus() > 0 {
        return None;
    }
    let has = match &machine.gpu {
        Some(_) => "no whole NVIDIA GPU",
        None => "no GPU",
    };
    let message = format!("`{}` has {has}, and sizes with `gpu` are to run there", machine.name);
    let problem = subject.value(&GPU_MACHINE, path, message).label(has);
    Some(problem.help("take one such as g4dn.xlarge (AWS) or g2-standard-4 (GCP), or leave it out"))
}

fn other_shape(subject: &Subject<'_>, path: &str, machine: &Machine, first: &Machine) -> Option<Problem> {
    let shape = |machine: &Machine| (machine.cpu, machine.memory, machine.nvidia_gpus());
    if shape(machine) == shape(first) {
        return None;
    }
    let words = |machine: &Machine| {
        format!("`{}` has {} cores and {} GiB", machine.name, machine.cpu, gib(machine.memory))
    };
    let message = format!("machines of one pool have one shape: {}, {}", words(first), words(machine));
    let problem = subject.value(&MACHINE_SHAPES, path, message).label("another shape");
    Some(problem.help("the autoscaler counts every node as the first: keep machines of that shape"))
}
