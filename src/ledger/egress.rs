//! Bytes and the ways they take: what the bill, the cluster and the client know of each.
//!
//! Each meter sees a part. A bill knows every byte that has a price, and not whose it was; flow logs and
//! kubelets know the machine or pod, and sample or stop at the node; the client's ledger knows person and
//! dataset, and only what went through it.

mod amazon;
mod answer;
mod bill;
mod client;
mod cluster;
mod google;
mod holder;
mod list;
mod pods;
mod prefix;
mod reason;
mod transfer;

pub use answer::{By, Cell, Egress, Money, Question, RowKey};
pub use bill::BillSums;
pub use client::ClientPart;
pub use cluster::FlowPart;
pub use list::{ListPrices, Listed, UsedPrice};
pub use reason::Reason;
pub use transfer::{Measure, Transfer, transfer};

/// A way that bytes take, as clouds price it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// To and from the internet: machines, balancers, downloads from buckets of one's own.
    Internet,
    /// Between regions of one cloud.
    InterRegion,
    /// Between zones of a region.
    InterZone,
    /// Through a NAT gateway, which has a price of its own beside where the bytes go.
    Nat,
    /// From buckets whose readers pay.
    RequesterPays,
    /// From object stores in the reader's region.
    StoreInRegion,
    /// From object stores elsewhere in the same cloud.
    StoreElsewhere,
    /// Through what stands before a region: `CloudFront`, Cloud CDN, Global Accelerator, transfer acceleration.
    Edge,
    /// Through a leased line: Direct Connect, Interconnect, VPN.
    Line,
    /// Through endpoints, transit gateways and balancers, which ask a price for each byte.
    Processing,
    /// Whichever: counters of pods do not tell.
    All,
}

impl Way {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internet => "internet",
            Self::InterRegion => "inter-region",
            Self::InterZone => "inter-zone",
            Self::Nat => "nat",
            Self::RequesterPays => "requester-pays",
            Self::StoreInRegion => "store-in-region",
            Self::StoreElsewhere => "store-elsewhere",
            Self::Edge => "edge",
            Self::Line => "line",
            Self::Processing => "processing",
            Self::All => "all",
        }
    }
}
