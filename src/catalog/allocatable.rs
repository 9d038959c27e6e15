//! What pods may use of a node: measured where someone looked, else computed
//! by the rules that the providers document.
//!
//! A node's memory shrinks twice. The kernel and the hypervisor keep some, so
//! that the *capacity* a kubelet reports is below the nominal memory; no
//! provider documents how much. The kubelet then reserves some, by documented
//! rules, and the rest is *allocatable*.
//!
//! - EKS reserves 255 MiB + 11 MiB for each pod the node may hold, and evicts
//!   below 100 MiB (`nodeadm`, and before it `bootstrap.sh` of
//!   awslabs/amazon-eks-ami). On the measured nodes this is exact: within
//!   1 MiB of capacity less allocatable.
//! - GKE reserves 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next
//!   8, 6 % of the next 112 and 2 % of the rest, and evicts below 100 MiB
//!   (Google's "Plan GKE node sizes"). 255 MiB below 1 GiB. Taken of the nominal
//!   memory, this is 5 to 164 MiB more than the measured nodes reserve.
//! - Both reserve 6 % of the first core, 1 % of the second, 0.5 % of the next
//!   two and 0.25 % of the rest. On the measured nodes this is exact.
//!
//! What the kernel keeps is bounded from the measured rows, so that a computed
//! value never promises memory that a node of a measured kind lacks:
//! `EKS_KERNEL`, `GKE_KERNEL`. Against the 20 measured machines the computed
//! allocatable memory is 0.03 % to 1.5 % too low, and never too high.

use frazil_units::Bytes;

use super::source::Sources;
use super::table::Row;
use super::{CatalogError, Cpu, Machine, Provider, Source};

/// Pods that a GKE Standard node may hold by default.
pub const GKE_MAX_PODS: u32 = 110;

/// The rule by which EKS memory is computed.
pub const EKS_MEMORY_RULE: &str = "nominal - (410 MiB + 3 %) - (255 MiB + 11 MiB x max pods) - 100 MiB";

/// The rule by which GKE memory is computed.
pub const GKE_MEMORY_RULE: &str = "nominal - (112 MiB + 1.75 %) - 25/20/10/6/2 % tiers - 100 MiB";

/// What an EC2 kernel keeps at most: bytes, and ten-thousandths of the nominal memory.
const EKS_KERNEL: (u64, u64) = (410 * MIB, 300);

/// What a Compute Engine kernel keeps at most: bytes, and ten-thousandths of the nominal memory.
const GKE_KERNEL: (u64, u64) = (112 * MIB, 175);

/// Free memory below which the kubelet evicts pods, on both.
const EVICTION: u64 = 100 * MIB;

/// EKS: reserved once, and for each pod.
const EKS_RESERVED: (u64, u64) = (255 * MIB, 11 * MIB);

/// GKE: sizes of the tiers, and the percentage reserved of each.
const GKE_TIERS: [(u64, u64); 5] =
    [(4 * GIB, 25), (4 * GIB, 20), (8 * GIB, 10), (112 * GIB, 6), (u64::MAX, 2)];

/// GKE: reserved below 1 GiB.
const GKE_SMALL: u64 = 255 * MIB;

/// Both: millicores of the tiers, and the hundredths of a percent reserved of each.
const CPU_TIERS: [(u32, u32); 4] = [(1000, 600), (1000, 100), (2000, 50), (u32::MAX, 25)];

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What a node of a machine type has for its kubelet and for pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocatable {
    /// CPU for pods, daemon sets included.
    pub cpu: Cpu,
    /// Memory for pods, daemon sets included.
    pub memory: Bytes,
    /// Memory that the kubelet sees.
    pub capacity: Bytes,
    /// How it is known.
    pub basis: AllocatableBasis,
}

/// How allocatable CPU and memory are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllocatableBasis {
    /// Seen on running nodes; the smallest of them.
    Measured(Source),
    /// By this rule.
    Computed(&'static str),
}

/// A measured machine type.
pub(crate) struct Measured {
    name: String,
    cpu: Cpu,
    capacity: Bytes,
    memory: Bytes,
    source: Source,
}

/// Reads a row of `measured.csv`; of a range, the lower end.
pub(crate) fn measured(line: &str, sources: &Sources) -> Result<Measured, CatalogError> {
    let row = Row::<7>::new(line)?;
    let gib = |column| Ok(Bytes::new(row.scaled(column, i128::from(GIB))?.unwrap_or_default()));
    Ok(Measured {
        name: row.text(0).to_owned(),
        cpu: Cpu::millicores(row.parse(1)?),
        capacity: gib(2)?,
        memory: gib(4)?,
        source: sources.find(row.text(6))?,
    })
}

/// What pods may use of a machine, if it can be known.
pub(crate) fn of(machine: &Machine, measured: &[Measured]) -> Option<Allocatable> {
    let known = measured.iter().find(|row| row.name == machine.name);
    known.map(from_measured).or_else(|| computed(machine))
}

fn from_measured(row: &Measured) -> Allocatable {
    Allocatable {
        cpu: row.cpu,
        memory: row.memory,
        capacity: row.capacity,
        basis: AllocatableBasis::Measured(row.source),
    }
}

fn computed(machine: &Machine) -> Option<Allocatable> {
    let nominal = machine.memory.get();
    let (kernel, reserved, rule) = match machine.provider {
        Provider::Aws => (EKS_KERNEL, eks_reserved(machine.max_pods?), EKS_MEMORY_RULE),
        Provider::Gcp => (GKE_KERNEL, gke_reserved(nominal), GKE_MEMORY_RULE),
    };
    let capacity = nominal.saturating_sub(kernel.0 + parts(nominal, kernel.1));
    Some(Allocatable {
        cpu: machine.cpu.less(reserved_cpu(machine.cpu)),
        memory: Bytes::new(capacity.saturating_sub(reserved + EVICTION)),
        capacity: Bytes::new(capacity),
        basis: AllocatableBasis::Computed(rule),
    })
}

fn eks_reserved(max_pods: u32) -> u64 {
    EKS_RESERVED.0 + EKS_RESERVED.1 * u64::from(max_pods)
}

/// By the nominal memory: by capacity, n1-standard-2 would come out 0.5 % too high.
fn gke_reserved(nominal: u64) -> u64 {
    if nominal < GIB {
        return GKE_SMALL;
    }
    let mut left = nominal;
    let mut reserved = 0;
    for (size, percent) in GKE_TIERS {
        let tier = left.min(size);
        reserved += tier / 100 * percent;
        left -= tier;
    }
    reserved
}

fn reserved_cpu(cpu: Cpu) -> Cpu {
    let mut left = cpu.get();
    let mut reserved = 0;
    for (size, hundredths) in CPU_TIERS {
        let tier = left.min(size);
        reserved += tier * hundredths;
        left -= tier;
    }
    Cpu::millicores(reserved.div_ceil(10_000))
}

/// Ten-thousandths of an amount, rounded up.
const fn parts(amount: u64, of_ten_thousand: u64) -> u64 {
    (amount / 10_000 + 1) * of_ten_thousand
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::machine;

    /// Every measured machine with the value that the rule alone would give.
    fn both() -> Vec<(Machine, Allocatable)> {
        let sources = Sources::load();
        let machines =
            Provider::ALL.into_iter().flat_map(|provider| machine::all(provider, &sources).unwrap());
        let seen =
            |found: &Machine| matches!(found.allocatable.unwrap().basis, AllocatableBasis::Measured(_));
        let known = machines.filter(|found| found.allocatable.is_some());
        known.filter(seen).map(|found| (found.clone(), computed(&found).unwrap())).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "percentages")]
    fn error_percent(measured: Bytes, computed: Bytes) -> f64 {
        (computed.get() as f64 / measured.get() as f64 - 1.0) * 100.0
    }

    #[test]
    fn computed_memory_is_never_above_the_measured_and_at_most_this_far_below() {
        let both = both();
        assert_eq!(both.len(), 20);
        for (machine, rule) in both {
            let error = error_percent(machine.allocatable.unwrap().memory, rule.memory);
            assert!((-1.5..=0.0).contains(&error), "{}: {error:.2} %", machine.name);
        }
    }

    #[test]
    fn computed_cpu_is_exact() {
        for (machine, rule) in both() {
            assert_eq!(rule.cpu, machine.allocatable.unwrap().cpu, "{}", machine.name);
        }
    }

    #[test]
    fn the_eks_reserve_is_exact_to_a_mebibyte_and_the_gke_reserve_never_too_small() {
        for (machine, _) in both() {
            let seen = machine.allocatable.unwrap();
            let (reserved, above, below) = match machine.provider {
                Provider::Aws => (eks_reserved(machine.max_pods.unwrap()), MIB, MIB),
                Provider::Gcp => (gke_reserved(machine.memory.get()), 164 * MIB, 0),
            };
            let kept = seen.capacity.get() - seen.memory.get();
            let rule = reserved + EVICTION;
            assert!(rule <= kept + above && rule + below >= kept, "{}: {kept} {rule}", machine.name);
        }
    }
}
