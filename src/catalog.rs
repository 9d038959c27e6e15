//! Machine types and prices as facts with a date and a source, embedded, so
//! that everything works offline.
//!
//! [`Region::open`] decodes one region of one provider: its machines with
//! their prices, its other prices (disks, addresses, balancers, control planes,
//! NAT, object storage) and its transfer prices. What the tables do not say is
//! a [`Gap`], which names what could stand in; nothing is guessed silently.
//! [`choose`], [`choose_core`] and [`choose_dask`] map sizes to machines.
//! [`AddressRanges`] tells whose an address is.
//!
//! Everything here is pure: no files, no network, no clock. The tables, their
//! sources and the script that rewrites them are under `src/catalog/data`.

mod address;
mod allocatable;
mod choose;
mod dask;
mod fit;
mod gap;
mod item;
mod kubernetes;
mod machine;
mod need;
mod price;
mod region;
mod screen;
mod source;
mod store;
mod table;
mod transfer;

pub use address::{AddressRanges, Owner};
pub use allocatable::{Allocatable, AllocatableBasis, EKS_MEMORY_RULE, GKE_MAX_PODS, GKE_MEMORY_RULE};
pub use choose::{Choice, Lost, NoMachine, choose, choose_core};
pub use dask::{DaskChoice, DaskNeed, choose_dask};
pub use fit::{Fit, Room};
pub use gap::Gap;
pub use item::{Item, Tier};
pub use kubernetes::{Support, kubernetes_support};
pub use machine::{Cpu, Gpu, Machine, Network, arch_name};
pub use need::{DAEMON_CPU, DAEMON_MEMORY, DAEMON_PODS, DEFAULT_SEATS, Need, Overhead, Seat};
pub use price::{Basis, MONTH_HOURS, Market, Price};
pub use region::{Offer, Region};
pub use screen::{Exclusion, Reason};
pub use source::Source;
pub use store::{Place, places, regions};

use std::fmt;

pub use machine::Arch;

/// A cloud whose machines and prices the catalog knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
}

impl Provider {
    /// Both providers, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Aws, Self::Gcp];

    /// The name as the hub file writes it: `aws` or `gcp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
        }
    }

    /// The region whose prices may stand in for a missing one: where the
    /// sources have most rows, and the cheapest of each provider.
    pub const fn reference_region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::Gcp => "us-central1",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the catalog cannot answer at all; a missing price is a [`Gap`] instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// No such region.
    #[error("no region `{name}` of {provider} in the catalog{}", did_you_mean(nearest.as_deref()))]
    UnknownRegion {
        /// The provider that was asked.
        provider: Provider,
        /// The name that was asked for.
        name: String,
        /// The region most alike, if one is.
        nearest: Option<String>,
    },
    /// No such machine.
    #[error("no machine `{name}` of {provider} in the catalog{}", did_you_mean(nearest.as_deref()))]
    UnknownMachine {
        /// The provider that was asked.
        provider: Provider,
        /// The name that was asked for.
        name: String,
        /// The machine most alike, if one is.
        nearest: Option<String>,
    },
    /// An embedded table cannot be read: our bug.
    #[error("the embedded catalog is damaged at `{row}`")]
    Damaged {
        /// The row, or the name of the block.
        row: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}
