//! Every line of an estimate: price, quantity, date and source.

use crate::catalog::Price;
use crate::estimate::{Estimate, Kept, Quantity, Site, month};
use crate::view::{Align, Table};

/// All prices that a site is counted by.
pub(super) fn prices(site: &Site) -> Vec<&Price> {
    let lines = site.base.iter().filter_map(|line| line.priced.price.as_ref());
    let dask = site.dask.iter().map(|(pool, _)| pool);
    let nodes = site.pools.iter().chain(dask).filter_map(|pool| pool.node.listed.as_ref());
    let internet = site.transfer.internet.iter().map(|tier| &tier.price);
    lines.chain(nodes).chain(internet).collect()
}

/// A table for each site: how each number came about.
pub(super) fn lines(estimate: &Estimate) -> Vec<String> {
    estimate.sites.iter().map(site).collect()
}

fn site(site: &Site) -> String {
    let mut table = Table::with_columns(vec![
        (site.name(), Align::Left),
        ("an hour".to_owned(), Align::Right),
        ("a day".to_owned(), Align::Right),
        ("a month".to_owned(), Align::Right),
        ("price".to_owned(), Align::Right),
        ("per".to_owned(), Align::Left),
        ("x".to_owned(), Align::Right),
        ("date".to_owned(), Align::Left),
        ("source".to_owned(), Align::Left),
    ]);
    for line in &site.base {
        let sum = |hours| match line.kept {
            Kept::ByUse => "by use".to_owned(),
            _ => line.usd(hours).map_or_else(|| "unknown".to_owned(), |usd| usd.rounded(4)),
        };
        let sums = [Quantity::ONE, Quantity::whole(24), month()].map(sum);
        let quantity = if line.kept == Kept::ByUse { String::new() } else { line.quantity.to_string() };
        table.row(
            std::iter::once(line.what.clone())
                .chain(sums)
                .chain(priced(line.priced.price.as_ref(), quantity)),
        );
    }
    let dask = site.dask.iter().map(|(pool, _)| pool);
    for pool in site.pools.iter().chain(dask) {
        let beside: Vec<_> = pool
            .node
            .beside
            .iter()
            .map(|(component, usd)| format!("{component} {}", usd.rounded(4)))
            .collect();
        let what = format!("a node of {} with {}", pool.node.machine, beside.join(", "));
        let total = pool.node.total().likely;
        let cells = [what, total.rounded(4), String::new(), String::new()];
        table.row(cells.into_iter().chain(priced(pool.node.listed.as_ref(), "1".to_owned())));
    }
    for reading in &site.transfer.reading {
        let cells = [
            format!("reading from {}, {}", reading.from, reading.way.words()),
            String::new(),
            String::new(),
            String::new(),
        ];
        table.row(cells.into_iter().chain(priced(reading.priced.price.as_ref(), String::new())));
    }
    for tier in &site.transfer.internet {
        let what = tier.up_to.map_or_else(
            || "to the internet, beyond".to_owned(),
            |end| format!("to the internet, up to {end}"),
        );
        let cells = [what, String::new(), String::new(), String::new()];
        table.row(cells.into_iter().chain(priced(Some(&tier.price), String::new())));
    }
    table.render(None).trim_end().to_owned()
}

fn priced(price: Option<&Price>, quantity: String) -> [String; 5] {
    let Some(price) = price else {
        return [String::new(), String::new(), quantity, String::new(), String::new()];
    };
    let mark = if price.is_estimate() { "~" } else { "" };
    [
        format!("{mark}{}", price.usd),
        price.unit.clone(),
        quantity,
        price.source.date.to_owned(),
        price.source.name.to_owned(),
    ]
}
