//! What an event costs: people, days and hours over the base, in three cases.
//!
//! The cases are bounds: the low one packs nodes to the last seat and leaves none running; the high one
//! gives each pool one node more than its fill asks for. Nothing in between can cost less or more, as long
//! as the assumptions hold and the prices are those of the lists.

use frazil_units::Amount;

use super::assume::{Assumptions, Case, Key};
use super::base::{Component, Kept, Line};
use super::nodes::{PoolHour, SizeHour, WorkerHour};
use super::prices::{Priced, gigabytes};
use super::transfer::Transfer;
use super::{Quantity, Range};
use crate::catalog::MONTH_HOURS;
use crate::render::nodes::Purpose;

/// Hours of a day.
const DAY: u64 = 24;
/// Hours of a night, for nodes that somebody left running.
const NIGHT: u64 = 12;

/// People and days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct People {
    /// How many come.
    pub attendees: u32,
    /// How many days it lasts.
    pub days: u32,
}

/// A row of what an event costs, as people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// The hub without anyone.
    Hub,
    /// Nodes kept warm for logins.
    Warm,
    /// People's servers.
    Servers,
    /// People's servers with GPUs.
    Gpu,
    /// Nodes that run on at night.
    Night,
    /// Dask workers.
    Dask,
    /// What people keep, and its backups.
    Homes,
    /// Logs.
    Logs,
    /// Data that is read from elsewhere.
    Reading,
    /// What people take home.
    Download,
}

impl Row {
    /// In a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hub => "the hub without anyone",
            Self::Warm => "nodes kept warm for logins",
            Self::Servers => "people's servers",
            Self::Gpu => "people's servers with GPUs",
            Self::Night => "nodes left on at night",
            Self::Dask => "Dask workers",
            Self::Homes => "homes and their backups",
            Self::Logs => "logs",
            Self::Reading => "data read from elsewhere",
            Self::Download => "downloads",
        }
    }
}

/// A part of what an event costs, as finely as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The row that it is shown in.
    pub row: Row,
    /// What a bill has it under.
    pub component: Component,
    /// US dollars.
    pub usd: Range,
}

/// A part of what an event costs in one case.
type Part = (Row, Component, Amount);

/// What the cost of an event is made from.
#[derive(Clone, Debug)]
pub struct Model {
    /// People and days.
    pub people: People,
    /// The base.
    pub base: Vec<Line>,
    /// Pools of people's nodes.
    pub pools: Vec<PoolHour>,
    /// What people may start.
    pub sizes: Vec<SizeHour>,
    /// The Dask pool and its workers.
    pub dask: Option<(PoolHour, WorkerHour)>,
    /// Prices of moving data.
    pub transfer: Transfer,
    /// What is assumed.
    pub assumed: Assumptions,
}

/// Nodes of a pool that people's servers fill, and that run on at night.
#[derive(Clone, Copy, Default)]
struct Nodes {
    day: Quantity,
    night: Quantity,
}

impl Model {
    /// A model. A size that costs less than the default one in some case has the same share in all, so that
    /// more people in another size never cost less.
    pub fn new(
        people: People,
        (base, transfer): (Vec<Line>, Transfer),
        (pools, sizes): (Vec<PoolHour>, Vec<SizeHour>),
        dask: Option<(PoolHour, WorkerHour)>,
        assumed: Assumptions,
    ) -> Self {
        let mut model = Self { people, base, pools, sizes, dask, transfer, assumed };
        let cheap: Vec<_> = model
            .sizes
            .iter()
            .filter(|size| !size.default && model.is_cheap(size))
            .map(|size| size.size.clone())
            .collect();
        for size in cheap {
            model.assumed.hold_share(&size);
        }
        model
    }

    /// What it costs, by part: the parts are the same in all cases.
    pub fn items(&self) -> Vec<Item> {
        let [low, likely, high] = Case::ALL.map(|case| self.of(case));
        let cases = low.into_iter().zip(likely).zip(high);
        let items = cases.map(|((low, likely), high): ((Part, Part), Part)| Item {
            row: low.0,
            component: low.1,
            usd: Range { low: low.2, likely: likely.2, high: high.2 },
        });
        items.filter(|item| item.usd != Range::default()).collect()
    }

    /// All of it in a case.
    pub fn total(&self, case: Case) -> Amount {
        self.of(case).into_iter().map(|(.., usd)| usd).sum()
    }

    fn of(&self, case: Case) -> Vec<Part> {
        let mut parts = self.hub(case);
        parts.extend(self.servers(case));
        parts.extend(self.dask(case));
        parts.extend(self.by_use(case));
        parts.extend(self.moving(case));
        parts
    }

    fn value(&self, key: Key, case: Case) -> Quantity {
        self.assumed.value(key, case)
    }

    fn days(&self) -> Quantity {
        Quantity::whole(self.people.days.into())
    }

    fn attendees(&self) -> Quantity {
        Quantity::whole(self.people.attendees.into())
    }

    /// People who come on a day.
    fn present(&self, case: Case) -> Quantity {
        self.attendees().times(self.value(Key::Present, case).percent())
    }

    /// Hours that the hub is there.
    fn up(&self, case: Case) -> Quantity {
        Quantity::whole(DAY).times(self.days() + self.value(Key::Around, case))
    }

    fn hub(&self, case: Case) -> Vec<Part> {
        let warm = Quantity::whole(DAY).times(self.days() + self.value(Key::WarmDays, case));
        let part = |line: &Line| match line.kept {
            Kept::Always => Some((Row::Hub, line.component, line.usd(self.up(case))?)),
            Kept::Warm => Some((Row::Warm, line.component, line.usd(warm.min(self.up(case)))?)),
            Kept::ByUse => None,
        };
        self.base.iter().filter_map(part).collect()
    }

    /// The part of people in a size.
    fn share(&self, size: &SizeHour, case: Case) -> Quantity {
        let others = || self.assumed.shares();
        let of = |share: &super::assume::Share| share.spread[case as usize].percent();
        if size.default {
            return Quantity::ONE.less(others().iter().map(of).sum());
        }
        others().iter().find(|share| share.size == size.size).map(of).unwrap_or_default()
    }

    /// The part of a node's seats that are taken; a node that runs has at least one.
    fn fill(&self, size: &SizeHour, case: Case) -> Quantity {
        self.value(Key::Fill, case).percent().max(Quantity::of(1, size.seats.into()))
    }

    /// What a seat of a size costs an hour as nodes are filled.
    fn seat(&self, size: &SizeHour, case: Case) -> Amount {
        let fill = self.fill(size, case);
        Quantity::ONE.over(fill).at(size.shared.all()[case as usize])
    }

    fn is_cheap(&self, size: &SizeHour) -> bool {
        let default = self.sizes.iter().find(|size| size.default);
        default.is_some_and(|default| {
            Case::ALL.iter().any(|case| self.seat(size, *case) < self.seat(default, *case))
        })
    }

    /// The nodes that people's servers need of a pool.
    fn nodes(&self, pool: &PoolHour, case: Case) -> Nodes {
        let room = Quantity::whole(pool.max.saturating_sub(pool.standing));
        let sizes = || self.sizes.iter().filter(|size| size.purpose == pool.purpose);
        let people = sizes().map(|size| self.seated(pool, size, case));
        let filled: Quantity = people.sum();
        if filled == Quantity::ZERO {
            return Nodes::default();
        }
        let home = sizes().any(|size| size.default);
        let day = match case {
            Case::Low | Case::Likely if home => filled.max(Quantity::ONE),
            Case::Low | Case::Likely => filled,
            Case::High => filled + Quantity::ONE,
        };
        let day = day.min(room);
        Nodes { day, night: day.times(self.value(Key::Night, case).percent()) }
    }

    /// Nodes' worth of people in a size. Those of other sizes than the default one are as many as their pool
    /// holds; the rest stay with the default size.
    fn seated(&self, pool: &PoolHour, size: &SizeHour, case: Case) -> Quantity {
        let seats = Quantity::whole(size.seats.into()).times(self.fill(size, case));
        if size.default {
            let elsewhere: Quantity = self
                .sizes
                .iter()
                .filter(|other| !other.default)
                .filter_map(|other| {
                    Some(self.moved(
                        self.pools.iter().find(|pool| pool.purpose == other.purpose)?,
                        other,
                        case,
                    ))
                })
                .sum();
            return self.present(case).less(elsewhere).over(seats);
        }
        self.moved(pool, size, case).over(seats)
    }

    /// People who take a size other than the default one.
    fn moved(&self, pool: &PoolHour, size: &SizeHour, case: Case) -> Quantity {
        let wanted = self.present(case).times(self.share(size, case));
        let home = self.sizes.iter().find(|size| size.default).map(|size| size.purpose);
        if home == Some(size.purpose) {
            return wanted;
        }
        let sharing = self.sizes.iter().filter(|other| other.purpose == size.purpose).count();
        let room = Quantity::of(pool.max.saturating_sub(pool.standing), u64::try_from(sharing).unwrap_or(1));
        let seats = Quantity::whole(size.seats.into()).times(self.fill(size, case));
        wanted.min(room.times(seats))
    }

    fn servers(&self, case: Case) -> Vec<Part> {
        let hours = self.value(Key::Hours, case);
        let night = Quantity::whole(NIGHT).min(Quantity::whole(DAY).less(hours)).times(self.days());
        let mut parts = Vec::new();
        for pool in &self.pools {
            let nodes = self.nodes(pool, case);
            let row = if pool.purpose == Purpose::Gpu { Row::Gpu } else { Row::Servers };
            parts.extend(node_hours(row, pool, nodes.day.times(hours).times(self.days()), case));
            parts.extend(node_hours(Row::Night, pool, nodes.night.times(night), case));
        }
        parts
    }

    fn dask(&self, case: Case) -> Vec<Part> {
        let Some((pool, worker)) = &self.dask else { return Vec::new() };
        let asked = self.present(case).times(self.value(Key::Dask, case)).times(self.days());
        let fill = self.value(Key::Fill, case).percent().max(Quantity::of(1, worker.workers.into()));
        let mut nodes = asked.over(Quantity::whole(worker.workers.into()).times(fill));
        if case == Case::High && asked > Quantity::ZERO {
            nodes = nodes + self.value(Key::Hours, case).times(self.days());
        }
        node_hours(Row::Dask, pool, nodes, case)
    }

    /// What is paid by what people keep.
    fn by_use(&self, case: Case) -> Vec<Part> {
        let kept = self.attendees().times(self.value(Key::Homes, case));
        let logged = self.value(Key::Logs, case).times(self.up(case)).over(Quantity::whole(DAY));
        let months = self.up(case).over(Quantity::whole(u64::try_from(MONTH_HOURS).unwrap_or(1)));
        let part = |line: &Line| {
            let Priced { price: Some(price), .. } = &line.priced else { return None };
            let (row, quantity) = match line.component {
                Component::SharedHomes | Component::Backups => (Row::Homes, kept.times(months)),
                Component::Logs => (Row::Logs, gigabytes(price, logged)),
                _ => return None,
            };
            Some((row, line.component, quantity.at(price.usd)))
        };
        self.base.iter().filter(|line| line.kept == Kept::ByUse).filter_map(part).collect()
    }

    fn moving(&self, case: Case) -> Vec<Part> {
        let person_days = self.present(case).times(self.days());
        let read = person_days.times(self.value(Key::Read, case));
        let paid = self.value(Key::PaidReads, case).percent();
        let elsewhere = self.transfer.from_elsewhere(read);
        let download = person_days.times(self.value(Key::Download, case));
        vec![
            (Row::Reading, Component::Transfer, self.transfer.read(read.times(paid)).unwrap_or_default()),
            (Row::Reading, Component::Nat, self.transfer.through_nat(elsewhere).unwrap_or_default()),
            (Row::Download, Component::Transfer, self.transfer.download(download).unwrap_or_default()),
        ]
    }

    /// The most people that the default size's pool holds at once, where that is fewer than come.
    pub fn too_few_seats(&self) -> Option<u64> {
        let size = self.sizes.iter().find(|size| size.default)?;
        let pool = self.pools.iter().find(|pool| pool.purpose == size.purpose)?;
        let held = pool.max.saturating_mul(size.seats.into());
        (held < self.people.attendees.into()).then_some(held)
    }

    /// What each assumption would change of the likely cost at one of its ends, most first.
    pub fn changes(&self, end: Case) -> Vec<Change> {
        let likely = self.total(Case::Likely);
        let changed = |name: String, value: String, model: Self| Change {
            name,
            value,
            usd: model.total(Case::Likely) - likely,
        };
        let keys = Key::ALL.into_iter().filter(|key| *key != Key::Spot).map(|key| {
            let (facts, value) = (key.facts(), self.value(key, end));
            let model = Self { assumed: self.assumed.with(key, end), ..self.clone() };
            changed(facts.name.to_owned(), format!("{value} {}", facts.unit), model)
        });
        let shares = Self { assumed: self.assumed.with_shares(end), ..self.clone() };
        let shares = changed("share".to_owned(), "of other sizes".to_owned(), shares);
        let spot = format!("{} %", self.value(Key::Spot, end));
        let spot = changed(Key::Spot.facts().name.to_owned(), spot, self.with_machines_at(end));
        let mut all: Vec<_> =
            keys.chain([shares, spot]).filter(|change| change.usd != Amount::ZERO).collect();
        all.sort_by_key(|change| (std::cmp::Reverse(change.usd.pico().abs()), change.name.clone()));
        all
    }

    /// The same with machines at their price of another case in the likely one.
    fn with_machines_at(&self, end: Case) -> Self {
        let mut other = self.clone();
        let set = |pool: &mut PoolHour| pool.node.price.likely = pool.node.price.all()[end as usize];
        other.pools.iter_mut().for_each(set);
        if let Some((pool, _)) = &mut other.dask {
            set(pool);
        }
        other
    }
}

/// What an assumption changes of the likely cost by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The assumption.
    pub name: String,
    /// Its value there, with the unit.
    pub value: String,
    /// US dollars more; less where it is negative.
    pub usd: Amount,
}

/// So many hours of nodes of a pool: the machines, and what is beside them.
fn node_hours(row: Row, pool: &PoolHour, hours: Quantity, case: Case) -> Vec<Part> {
    let machine = (row, Component::of(pool.purpose), hours.at(pool.node.price.all()[case as usize]));
    let beside = pool.node.beside.iter().map(|(component, usd)| (row, *component, hours.at(*usd)));
    std::iter::once(machine).chain(beside).collect()
}
