//! What is asked of the three meters, and their answers side by side.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use frazil_byte_ledger::Entry;

use super::Way;
use super::bill::{self, BillSums};
use super::client::{self, ClientPart};
use super::cluster::{self, FlowPart};
use super::list::{Counted, ListPrices, Listed, Meter};
use super::pods;
use super::reason::{self, Reason};
use crate::ledger::flows::FlowSums;
use crate::ledger::line::Day;
use crate::ledger::told::{HubLife, PodDay};
use crate::ledger::{Bill, BillRows};

/// What to sum by, beside the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum By {
    /// The hub.
    Hub,
    /// The person.
    User,
    /// The Dask cluster.
    DaskCluster,
    /// The dataset.
    Dataset,
    /// The bucket; on a bill any resource.
    Bucket,
    /// The cloud's service.
    Service,
    /// The region.
    Region,
    /// The day, in UTC.
    Day,
}

impl By {
    /// The name on the command line and in data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::User => "user",
            Self::DaskCluster => "dask-cluster",
            Self::Dataset => "dataset",
            Self::Bucket => "bucket",
            Self::Service => "service",
            Self::Region => "region",
            Self::Day => "day",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// What to sum by.
    pub by: Vec<By>,
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub to: Option<Day>,
    /// Only this hub.
    pub hub: Option<String>,
    /// Buckets whose readers pay, as clients met them: on a bill they look like one's own.
    pub requester_pays: BTreeSet<String>,
    /// Regions that programs of a hub read from without leaving them, as `aws/us-west-2`: where one is told, the
    /// hub is there.
    pub near: BTreeMap<String, BTreeSet<String>>,
    /// Whether flow logs count only where they are known to be of the hub that is asked for; otherwise logs of nobody
    /// are taken to be of its network.
    pub known: bool,
}

impl Question {
    /// The same for the days that bills tell of, unless days are asked for: other meters may tell of more.
    #[must_use]
    pub fn within(mut self, billed: Option<(Day, Day)>) -> Self {
        if let (Some((first, last)), None, None) = (billed, self.from, self.to) {
            (self.from, self.to) = (Some(first), Some(last));
        }
        self
    }

    /// Whether a day is asked for.
    pub(super) fn has(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether a hub is asked for; what tells of no hub is left out where one is asked for.
    pub(super) fn is_of(&self, hub: &str) -> bool {
        self.hub.as_deref().is_none_or(|wanted| wanted == hub)
    }

    /// The values of a row, each `None` where the meter does not know it.
    pub(super) fn key(&self, mut value: impl FnMut(By) -> Option<String>) -> Vec<Option<String>> {
        self.by.iter().map(|by| value(*by).filter(|value| !value.is_empty())).collect()
    }
}

/// A way, and the values of `--by`.
pub type RowKey = (Way, Vec<Option<String>>);

/// Money of one currency, in 10⁻¹² of it.
pub type Money = BTreeMap<String, i128>;

/// What each meter tells of one row; a meter that was not asked, or cannot see the way, tells nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The bill.
    pub bill: Option<BillSums>,
    /// The network's flow logs.
    pub cluster: Option<FlowPart>,
    /// Counters of pods.
    pub pods: Option<FlowPart>,
    /// The clients' byte ledgers.
    pub client: Option<ClientPart>,
    /// What the network's bytes cost at list.
    pub cluster_list: Option<Listed>,
    /// What the clients' bytes cost at list.
    pub client_list: Option<Listed>,
}

impl Cell {
    fn add(&mut self, other: &Self) {
        if let Some(bill) = &other.bill {
            *self.bill.get_or_insert_default() += bill;
        }
        for (own, other) in [(&mut self.cluster, other.cluster), (&mut self.pods, other.pods)] {
            if let Some(FlowPart { out, into, into_priced }) = other {
                let own = own.get_or_insert_default();
                own.out += out;
                own.into += into;
                own.into_priced += into_priced;
            }
        }
        if let Some(part) = other.client {
            let own = self.client.get_or_insert_default();
            own.requests += part.requests;
            own.requested += part.requested;
            own.received += part.received;
        }
        for (own, other) in
            [(&mut self.cluster_list, other.cluster_list), (&mut self.client_list, other.client_list)]
        {
            if let Some(listed) = other {
                *own.get_or_insert_default() += listed;
            }
        }
    }
}

/// Rows by way and by what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Egress {
    /// The rows.
    pub rows: BTreeMap<RowKey, Cell>,
    /// The days that bills tell of, first and last.
    pub billed: Option<(Day, Day)>,
    /// Bytes of flow logs that took no way that has a price.
    pub free_bytes: u128,
    /// Bytes that clients read without knowing by which route.
    pub unknown_route: u128,
    /// What flow logs lack, by which sums may differ.
    pub(super) reasons: BTreeSet<Reason>,
    /// What is asked for the bytes of meters that have no bill.
    pub(super) counted: Counted,
}

impl Egress {
    /// Adds what a bill tells.
    pub fn add_bill(&mut self, question: &Question, bill: &Bill, rows: &BillRows) {
        bill::add(self, question, bill, rows);
    }

    /// Adds what flow logs tell; lives of pods say whose they were.
    pub fn add_flows(&mut self, question: &Question, flows: &FlowSums, lives: &[HubLife]) {
        cluster::add(self, question, ("", flows), lives);
    }

    /// Adds what flow logs of a hub's network tell.
    pub fn add_flows_of(&mut self, question: &Question, hub: &str, flows: &FlowSums, lives: &[HubLife]) {
        cluster::add(self, question, (hub, flows), lives);
    }

    /// Adds what counters of pods say; lives of pods say whose they were.
    pub fn add_pods(&mut self, question: &Question, pods: &[PodDay], lives: &[HubLife]) {
        pods::add(self, question, pods, lives);
    }

    /// Adds what a client's record tells.
    pub fn add_entry(&mut self, question: &Question, entry: &Entry) {
        client::add(self, question, entry);
    }

    /// Puts what bytes cost at list into the rows. What is added later is not in it.
    pub fn price(&mut self) -> ListPrices {
        let list = self.counted.priced();
        for ((meter, row), listed) in &list.rows {
            let Some(cell) = self.rows.get_mut(row) else { continue };
            let place = match meter {
                Meter::Network => &mut cell.cluster_list,
                Meter::Clients => &mut cell.client_list,
            };
            *place = Some(*listed);
        }
        list
    }

    /// Why the meters of each way disagree, over all rows of it; ways without a reason are left out.
    pub fn disagreements(&self) -> BTreeMap<Way, BTreeSet<Reason>> {
        let mut sums: BTreeMap<Way, Cell> = BTreeMap::new();
        for ((way, _), cell) in &self.rows {
            sums.entry(*way).or_default().add(cell);
        }
        let of_pods = reason::of_pods(sums.iter().map(|(way, cell)| (*way, cell)), self.free_bytes);
        let all = sums.iter().map(|(way, cell)| match way {
            Way::All => (*way, of_pods.clone()),
            _ => (*way, reason::reasons(*way, cell, self)),
        });
        all.filter(|(_, reasons)| !reasons.is_empty()).collect()
    }
}
