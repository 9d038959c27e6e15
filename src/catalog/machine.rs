//! What a machine is: facts that hold in every region.

use std::fmt;

use frazil_units::Bytes;

use super::allocatable::{self, Allocatable, Measured};
use super::source::Sources;
use super::table::{Row, sections};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CatalogError, Provider, Source, store};

/// The processor architecture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arch {
    /// 64-bit x86.
    #[default]
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

/// Google's families that boot from Hyperdisk alone ("Machine families", Compute Engine documentation).
const HYPERDISK_ONLY: [&str; 9] = ["c4", "c4a", "c4d", "c4n", "g4", "m4", "n4", "n4a", "n4d"];

/// CPU in thousandths of a core, as Kubernetes counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cpu(u32);

impl Cpu {
    /// A number of thousandths of a core.
    pub const fn millicores(millicores: u32) -> Self {
        Self(millicores)
    }

    /// A number of cores; saturates.
    pub const fn cores(cores: u32) -> Self {
        Self(cores.saturating_mul(1000))
    }

    /// The number of thousandths of a core.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Cores, for tables.
    pub fn as_cores(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// This less `other`, at least nothing.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Cpu {
    /// Cores without trailing zeros: `3.92`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_cores())
    }
}

/// An architecture as container images name it.
pub const fn arch_name(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "amd64",
        Arch::Arm64 => "arm64",
    }
}

/// The GPUs of a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpu {
    /// How many; a fraction when several machines share one.
    pub count: f64,
    /// The maker and model; `None` where no table says.
    pub name: Option<String>,
    /// Memory of all of them together; `None` where no table says.
    pub memory: Option<Bytes>,
}

/// The network of a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// As the provider writes it: `Up to 12.5 Gigabit`.
    pub text: String,
    /// What it always has, in gigabits per second.
    pub baseline_gbps: f64,
    /// What it has for a while, in gigabits per second.
    pub peak_gbps: f64,
}

/// A machine type. What no table says is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// The provider that sells it.
    pub provider: Provider,
    /// The name, such as `r7i.xlarge` or `n2-highmem-4`.
    pub name: String,
    /// Virtual CPUs.
    pub cpu: Cpu,
    /// Nominal memory; a node shows less, see [`Allocatable`].
    pub memory: Bytes,
    /// The architecture.
    pub arch: Option<Arch>,
    /// The GPUs, if it has some.
    pub gpu: Option<Gpu>,
    /// The network (AWS only).
    pub network: Option<Network>,
    /// Most pods on a node: of AWS by its network interfaces, of GKE the default.
    pub max_pods: Option<u32>,
    /// Local SSD that comes with it (AWS only; Google's says so in its name).
    pub local_ssd: Option<Bytes>,
    /// Whether its CPU is shared or earned by credits.
    pub burstable: bool,
    /// Whether it is a whole computer without hypervisor.
    pub bare_metal: bool,
    /// Whether the provider counts it as current.
    pub current: bool,
    /// What pods may use; `None` where the pod limit is unknown.
    pub allocatable: Option<Allocatable>,
    /// Where the facts come from.
    pub source: Source,
}

impl Machine {
    /// The part of the name that machines of a kind share: `r7i`, `n2`.
    pub fn family(&self) -> &str {
        let end = self.name.find(['.', '-']).unwrap_or(self.name.len());
        match self.provider {
            Provider::Aws => self.name.split('.').next().unwrap_or_default(),
            Provider::Gcp => &self.name[..end],
        }
    }

    /// Whether a node pool needs a `hyperdisk-*` boot disk: with a `pd-*` one it fails.
    pub fn boots_from_hyperdisk_only(&self) -> bool {
        self.provider == Provider::Gcp && HYPERDISK_ONLY.contains(&self.family())
    }

    /// How many whole GPUs it has that Kubernetes offers as `nvidia.com/gpu`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 16, never negative")]
    pub fn nvidia_gpus(&self) -> u32 {
        let nvidia =
            self.gpu.as_ref().filter(|gpu| gpu.name.as_ref().is_some_and(|name| name.starts_with("NVIDIA")));
        nvidia.map_or(0, |gpu| gpu.count as u32)
    }
}

/// All machines of a provider, sorted by name.
pub(crate) fn all(provider: Provider, sources: &Sources) -> Result<Vec<Machine>, CatalogError> {
    let text = store::machines(provider)?;
    let [facts, measured] = sections(&text)?;
    let measured =
        measured.lines().map(|line| allocatable::measured(line, sources)).collect::<Result<Vec<_>, _>>()?;
    facts.lines().map(|line| machine(provider, line, &measured, sources)).collect()
}

fn machine(
    provider: Provider,
    line: &str,
    measured: &[Measured],
    sources: &Sources,
) -> Result<Machine, CatalogError> {
    let row = Row::<14>::new(line)?;
    let flag = |letter| row.text(12).contains(letter);
    let mut machine = Machine {
        provider,
        name: row.text(0).to_owned(),
        cpu: Cpu(u32::try_from(row.scaled(1, 1000)?.unwrap_or_default()).unwrap_or(u32::MAX)),
        memory: Bytes::new(row.scaled(2, 1 << 20)?.unwrap_or_default()),
        arch: arch(row.text(3)),
        gpu: gpu(&row)?,
        network: network(&row)?,
        max_pods: row.optional(10)?.or((provider == Provider::Gcp).then_some(allocatable::GKE_MAX_PODS)),
        local_ssd: row.scaled(11, 1_000_000_000)?.map(Bytes::new),
        burstable: flag('b'),
        bare_metal: flag('m'),
        current: !flag('o'),
        allocatable: None,
        source: sources.find(row.text(13))?,
    };
    machine.allocatable = allocatable::of(&machine, measured);
    Ok(machine)
}

fn arch(text: &str) -> Option<Arch> {
    match text {
        "x86_64" => Some(Arch::Amd64),
        "arm64" => Some(Arch::Arm64),
        _ => None,
    }
}

fn gpu(row: &Row<'_, 14>) -> Result<Option<Gpu>, CatalogError> {
    let Some(count) = row.optional(4)? else {
        return Ok(None);
    };
    let name = Some(row.text(5)).filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Some(Gpu { count, name, memory: row.scaled(6, 1 << 20)?.map(Bytes::new) }))
}

fn network(row: &Row<'_, 14>) -> Result<Option<Network>, CatalogError> {
    if row.text(7).is_empty() {
        return Ok(None);
    }
    Ok(Some(Network { text: row.text(7).to_owned(), baseline_gbps: row.parse(8)?, peak_gbps: row.parse(9)? }))
}
