//! An estimate beside what was billed, by what a bill knows of: its components are coarser than ours.

use std::collections::BTreeMap;

use frazil_units::Amount;

use super::Range;
use super::base::Component;
use super::event::{Item, Row};
use crate::ledger::allocate::Component as Billed;

/// A component's estimate and bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What it is for; `None` for what of the bill is for no component: credits, tax, fees.
    pub component: Option<Billed>,
    /// What was estimated.
    pub estimated: Range,
    /// What was billed; `None` without a bill.
    pub billed: Option<Amount>,
}

impl Compared {
    /// How much more was billed than was likely.
    pub fn over(&self) -> Option<Amount> {
        self.billed.map(|billed| billed - self.estimated.likely)
    }

    /// Whether what was billed lies within the bounds.
    pub fn within(&self) -> Option<bool> {
        self.billed.map(|billed| (self.estimated.low..=self.estimated.high).contains(&billed))
    }
}

/// What a bill has an item under (docs/costs.md, "How a bill is divided").
pub const fn billed_as(item: &Item) -> Billed {
    match (item.component, item.row) {
        (Component::ControlPlane, _) => Billed::ControlPlane,
        (Component::CoreNodes | Component::HubDisks, _) | (Component::NodeDisks, Row::Hub) => Billed::Core,
        (Component::DaskNodes, _) | (Component::NodeDisks, Row::Dask) => Billed::Dask,
        (Component::UserNodes | Component::GpuNodes | Component::NodeDisks, _) => Billed::Servers,
        (Component::HomesDisk | Component::SharedHomes, _) => Billed::Homes,
        (Component::Addresses | Component::Balancer | Component::Nat | Component::Transfer, _) => {
            Billed::Network
        }
        (Component::Backups, _) => Billed::Backup,
        (Component::Logs, _) => Billed::Logs,
        (Component::Buckets, _) => Billed::Objects,
        (Component::Key, _) => Billed::Other,
    }
}

/// The items of an estimate by component, each with what a bill has for it. The estimates add up to the
/// estimate's total, the billed amounts to the bill's: what was not estimated has a row of its own.
pub fn compared(items: &[Item], billed: Option<&BTreeMap<Option<Billed>, Amount>>) -> Vec<Compared> {
    let mut sums: BTreeMap<Option<Billed>, Range> = BTreeMap::new();
    for item in items {
        let sum = sums.entry(Some(billed_as(item))).or_default();
        *sum = *sum + item.usd;
    }
    for component in billed.iter().flat_map(|billed| billed.keys()) {
        sums.entry(*component).or_default();
    }
    let of = |component| billed.map(|billed| billed.get(&component).copied().unwrap_or_default());
    let row = |(component, estimated)| Compared { component, estimated, billed: of(component) };
    let mut rows: Vec<_> = sums.into_iter().map(row).collect();
    // What is for no component comes last.
    rows.sort_by_key(|row| (row.component.is_none(), row.component));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Amount {
        Amount::from_decimal(text).unwrap()
    }

    fn item(row: Row, component: Component, low: &str, likely: &str, high: &str) -> Item {
        Item { row, component, usd: Range { low: usd(low), likely: usd(likely), high: usd(high) } }
    }

    #[test]
    fn the_parts_add_up_to_the_estimate_and_to_the_bill() {
        let items = [
            item(Row::Hub, Component::ControlPlane, "12", "24", "60"),
            item(Row::Hub, Component::NodeDisks, "1", "1", "1"),
            item(Row::Servers, Component::UserNodes, "100", "200", "400"),
            item(Row::Servers, Component::NodeDisks, "2", "3", "4"),
            item(Row::Night, Component::UserNodes, "0", "50", "150"),
            item(Row::Dask, Component::NodeDisks, "0", "2", "5"),
        ];
        let billed = BTreeMap::from([
            (Some(Billed::ControlPlane), usd("24")),
            (Some(Billed::Servers), usd("611.11")),
            (Some(Billed::Network), usd("33")),
            (None, usd("7.00000000001")),
        ]);
        let rows = compared(&items, Some(&billed));
        assert_eq!(rows.iter().map(|row| row.estimated).sum::<Range>().likely, usd("280"));
        assert_eq!(rows.iter().filter_map(|row| row.billed).sum::<Amount>(), usd("675.11000000001"));
        let row = |component| rows.iter().find(|row| row.component == component).unwrap();
        let servers = row(Some(Billed::Servers));
        assert_eq!((servers.over(), servers.within()), (Some(usd("358.11")), Some(false)));
        assert_eq!(row(Some(Billed::ControlPlane)).within(), Some(true));
        assert_eq!(row(Some(Billed::Core)).estimated.likely, usd("1"));
        assert_eq!(row(Some(Billed::Dask)).billed, Some(usd("0")));
        assert_eq!(row(Some(Billed::Network)).estimated, Range::default());
        assert_eq!(rows.last().unwrap().component, None);
    }

    #[test]
    fn without_a_bill_nothing_is_billed() {
        let rows = compared(&[item(Row::Hub, Component::HubDisks, "1", "2", "3")], None);
        assert_eq!((rows.len(), rows[0].billed, rows[0].over()), (1, None, None));
    }
}
