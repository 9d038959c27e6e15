//! What a page tells, before anything of it is words.

use frazil_units::Amount;
use jiff::civil::Date;

use super::people::Naming;

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The day on which it was made.
    pub made: Date,
    /// The time zone of nights and of hours of nodes; days of bills are in UTC.
    pub zone: String,
    /// How people are called.
    pub naming: Naming,
    /// What it tells, by hub and currency.
    pub chapters: Vec<Chapter>,
}

/// A hub, or a whole ledger, in one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Chapter {
    /// The hub; `None` for everything that the ledger has.
    pub hub: Option<String>,
    /// The one person of whom it tells; `None` for everything.
    pub of: Option<String>,
    /// Where it runs, such as `aws/us-west-2`.
    pub place: Option<String>,
    /// What the hub was for.
    pub event: Option<Event>,
    /// The currency of all its amounts, such as `USD`.
    pub currency: String,
    /// The first and the last day that is billed.
    pub days: (Date, Date),
    /// What was billed.
    pub total: Amount,
    /// The same by day; days without a bill are left out.
    pub by_day: Vec<DaySum>,
    /// The same by what it was for, the largest first.
    pub components: Vec<Sum>,
    /// The same by person, the largest first.
    pub people: Vec<PersonSum>,
    /// What of it is nobody's: idle, shared, credits, tax and the like.
    pub apart: Vec<Sum>,
    /// Bytes that moved, by way; empty when nothing is known of them.
    pub egress: Vec<EgressRow>,
    /// What was estimated beside what was billed.
    pub estimate: Option<Estimate>,
    /// How the budget goes.
    pub budget: Option<Budget>,
    /// Nodes over time.
    pub nodes: Option<Nodes>,
    /// What ran at night.
    pub nights: Option<Nights>,
    /// The bills it was made from.
    pub bills: Vec<String>,
    /// What a reader has to know beside.
    pub notes: Vec<String>,
}

/// Days for which people come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// How many people were expected.
    pub attendees: u32,
}

/// What a day cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySum {
    /// The day.
    pub date: Date,
    /// The parts, in the order of [`Chapter::components`].
    pub parts: Vec<Amount>,
}

impl DaySum {
    /// The whole day.
    pub fn total(&self) -> Amount {
        self.parts.iter().copied().sum()
    }
}

/// A sum with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The name in data, such as `control-plane` or `idle`.
    pub name: String,
    /// How much.
    pub amount: Amount,
    /// What of it nobody took.
    pub idle: Amount,
}

/// What a person had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonSum {
    /// The person, called as the page calls people.
    pub name: String,
    /// How much.
    pub amount: Amount,
    /// On how many days.
    pub days: usize,
}

/// Bytes of one path, by the meters that know of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressRow {
    /// The way, such as `internet` or `inter-region`.
    pub way: String,
    /// Bytes by the bill.
    pub bill_bytes: Option<u64>,
    /// What the bill asks for them, in the chapter's currency; a part of its total.
    pub bill_cost: Option<Amount>,
    /// Bytes by the cluster.
    pub cluster_bytes: Option<u64>,
    /// Bytes by the client.
    pub client_bytes: Option<u64>,
    /// Why the meters differ, or what they cannot know.
    pub note: Option<String>,
}

/// An estimate beside the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// By what it is for, in the order of a bill's components.
    pub rows: Vec<EstimateRow>,
    /// For how many people.
    pub people: u32,
    /// For how many days of an event.
    pub days: u32,
    /// How many days around the event the estimate's likely case has, as text.
    pub around: String,
}

/// A component's estimate and bill, in US dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EstimateRow {
    /// The component; `None` for credits, tax and fees, which are not estimated.
    pub component: Option<String>,
    /// At the least.
    pub low: Amount,
    /// Likely.
    pub likely: Amount,
    /// At the most.
    pub high: Amount,
    /// What was billed.
    pub billed: Amount,
}

/// How a budget goes. Credits and refunds do not count, as they end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The sum.
    pub total: Amount,
    /// The days that it is for.
    pub window: (Date, Date),
    /// The last day whose bill is whole; `None` before the first is.
    pub through: Option<Date>,
    /// What each of those days, and those that are billed in part, cost.
    pub days: Vec<(Date, Amount)>,
    /// What was spent.
    pub spent: Amount,
    /// What a day costs, as the last days went.
    pub per_day: Option<Amount>,
    /// The sum at the end of the window.
    pub forecast: Option<Amount>,
    /// Rather not less and rather not more than these.
    pub range: Option<(Amount, Amount)>,
    /// The day on which the budget ends within the window.
    pub ends: Option<Date>,
    /// Thresholds in percent, and the day on which each was passed.
    pub passed: Vec<(u32, Date)>,
}

/// Nodes over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// Days of the page that the history tells of.
    pub days: Vec<NodeDay>,
    /// By pool, the largest first.
    pub pools: Vec<PoolSum>,
    /// Whether nodes are known by the pods on them only.
    pub by_pods: bool,
}

/// Nodes of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeDay {
    /// The day.
    pub date: Date,
    /// The most nodes at once in each three hours of it.
    pub most: [u32; 8],
    /// For how long all nodes together were there, in seconds.
    pub seconds: i64,
}

/// Nodes of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSum {
    /// The pool; empty for nodes that are of none.
    pub pool: String,
    /// Its machine types.
    pub machines: Vec<String>,
    /// How many nodes there were.
    pub nodes: usize,
    /// The most of them at once.
    pub most: u32,
    /// For how long all of them together were there, in seconds.
    pub seconds: i64,
}

/// What ran at night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nights {
    /// Nights that began on days of the page and that the history tells of.
    pub nights: Vec<Night>,
    /// Whose servers and Dask clusters those were, the longest first.
    pub lives: Vec<NightLife>,
}

/// A night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// The day on which it began.
    pub date: Date,
    /// How long nodes were there while somebody's pod was on them, in seconds; without those of the pool core.
    pub busy_seconds: i64,
    /// How long nodes were there without anybody's pod, in seconds; without those of the pool core.
    pub empty_seconds: i64,
    /// How many servers ran.
    pub servers: usize,
    /// How many Dask clusters ran.
    pub clusters: usize,
}

/// What a person had running at night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NightLife {
    /// The person, called as the page calls people; empty when it is not known.
    pub who: String,
    /// Nights with a server, and how long it ran, in seconds.
    pub server: (usize, i64),
    /// Nights with a Dask cluster, and how long any of its pods ran, in seconds.
    pub cluster: (usize, i64),
}

/// Parts of a page that are not its total, which would be our bug.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("of {hub}, {what} add up to {found} {currency}, the bill is {total} {currency}")]
pub struct PageError {
    hub: String,
    what: &'static str,
    found: Amount,
    total: Amount,
    currency: String,
}

impl Chapter {
    /// The hub's name, or what stands for it.
    pub fn name(&self) -> &str {
        self.hub.as_deref().unwrap_or("all hubs")
    }

    /// Whether days, components and people add up to the total, each to the last decimal.
    ///
    /// # Errors
    /// The first of them that does not.
    pub fn check(&self) -> Result<(), PageError> {
        let people: Amount = self.people.iter().map(|person| person.amount).sum();
        let apart: Amount = self.apart.iter().map(|sum| sum.amount).sum();
        let days: Amount = self.by_day.iter().map(DaySum::total).sum();
        let components: Amount = self.components.iter().map(|sum| sum.amount).sum();
        let mut sums = vec![("days", days), ("components", components), ("people", people + apart)];
        if let Some(estimate) = &self.estimate {
            sums.push(("estimated components", estimate.rows.iter().map(|row| row.billed).sum()));
        }
        let of_component = |place: usize| -> Amount {
            self.by_day.iter().filter_map(|day| day.parts.get(place)).copied().sum()
        };
        for (place, component) in self.components.iter().enumerate() {
            if of_component(place) != component.amount {
                sums.push(("days of a component", self.total + of_component(place) - component.amount));
            }
        }
        match sums.into_iter().find(|(_, sum)| *sum != self.total) {
            None => Ok(()),
            Some((what, found)) => Err(PageError {
                hub: self.name().to_owned(),
                what,
                found,
                total: self.total,
                currency: self.currency.clone(),
            }),
        }
    }
}
