//! The table of ways, and the same for programs.

use serde_json::{Map, Value, json};

use crate::commands::cost::money::{decimals, exact, rounded};
use crate::ledger::egress::{BillSums, By, Cell, Egress, ListPrices, Listed, Question, Way};
use crate::view::{Align, Layout, Report, Table};

/// What was asked, and what meters answer.
pub(super) struct EgressReport {
    pub(super) question: Question,
    pub(super) egress: Egress,
    /// What bytes without a bill cost at list.
    pub(super) list: ListPrices,
    /// What was asked.
    pub(super) asked: Vec<String>,
    /// Lines of byte ledgers that could not be read.
    pub(super) faults: Vec<String>,
}

/// Bytes of 10⁻¹² of them.
fn whole(pico: i128) -> i128 {
    (pico + 500_000_000_000).div_euclid(1_000_000_000_000)
}

/// Bytes as people read them: three digits, in the decimal units of networks.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn shown(bytes: i128) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount.abs() >= 999.5 && unit + 1 < UNITS.len() {
        (amount, unit) = (amount / 1000.0, unit + 1);
    }
    let decimals = match amount.abs() {
        _ if unit == 0 => 0,
        amount if amount < 9.995 => 2,
        amount if amount < 99.95 => 1,
        _ => 0,
    };
    format!("{amount:.decimals$} {}", UNITS[unit])
}

impl EgressReport {
    fn currencies(&self) -> Vec<String> {
        let bills = self.egress.rows.values().filter_map(|cell| cell.bill.as_ref());
        let mut names: Vec<_> = bills.flat_map(|bill| bill.cost().into_keys()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The columns of meters that tell something.
    fn meters(&self) -> impl Iterator<Item = &'static str> {
        let tells = |meter: &&str| self.egress.rows.values().any(|cell| !of_meter(cell, meter).is_empty());
        METERS.into_iter().filter(tells)
    }

    /// The columns of what bytes cost at list, of meters that tell something.
    fn listed(&self) -> impl Iterator<Item = (&'static str, Listing)> {
        let tells = |(_, of): &(&str, Listing)| self.egress.rows.values().any(|cell| of(cell).is_some());
        LISTED.into_iter().filter(tells)
    }

    fn by(&self) -> impl Iterator<Item = &'static str> {
        self.question.by.iter().map(|by: &By| by.name())
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let shown_count = |bytes: u128| shown(i128::try_from(bytes).unwrap_or(i128::MAX));
        if self.egress.free_bytes > 0 {
            notes.push(format!(
                "The network moved another {} by ways without a price.",
                shown_count(self.egress.free_bytes)
            ));
        }
        if self.egress.unknown_route > 0 {
            let bytes = shown_count(self.egress.unknown_route);
            notes.push(format!("Clients read another {bytes} and knew not from which region."));
        }
        notes.extend(self.list_notes());
        if let Some(first) = self.faults.first() {
            let more = self.faults.len() - 1;
            let others = if more == 0 { String::new() } else { format!(", and {more} others") };
            notes.push(format!("Left out: {first}{others}."));
        }
        if !self.asked.is_empty() {
            notes.push(format!("Asked: {}.", self.asked.join("; ")));
        }
        notes
    }

    /// What is to be known of list prices.
    fn list_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (name, of) in self.listed() {
            let mut sum = Listed::default();
            self.egress.rows.values().filter_map(of).for_each(|listed| sum += listed);
            if sum.of_owners != 0 {
                notes.push(format!(
                    "Of {name}, {} is what owners of buckets pay, unless the buckets are yours.",
                    rounded(sum.of_owners, decimals(sum.usd))
                ));
            }
            if sum.without_price > 0 {
                let bytes = shown(i128::try_from(sum.without_price).unwrap_or(i128::MAX));
                notes.push(format!("Of {name}, {bytes} have no price in the catalog."));
            }
        }
        for (meter, bytes) in &self.list.free {
            let bytes = shown(i128::try_from(*bytes).unwrap_or(i128::MAX));
            notes.push(format!("At list prices, {bytes} to the internet are free ({meter})."));
        }
        notes.extend(self.list.gaps.iter().map(|gap| format!("At list prices: {gap}.")));
        notes
    }

    fn shown_table(&self) -> Table {
        let currencies = self.currencies();
        let mut columns = vec![("way".to_owned(), Align::Left)];
        columns.extend(self.by().map(|name| (name.to_owned(), Align::Left)));
        columns.extend(self.meters().map(|name| (name.to_owned(), Align::Right)));
        columns.extend(currencies.iter().map(|name| (name.clone(), Align::Right)));
        columns.extend(self.listed().map(|(name, _)| (name.to_owned(), Align::Right)));
        let mut table = Table::with_columns(columns);
        let cost_of = |cell: &Cell, currency: &String| {
            cell.bill.as_ref().and_then(|bill| bill.cost().get(currency).copied())
        };
        let totals: Vec<i128> = currencies
            .iter()
            .map(|currency| self.egress.rows.values().filter_map(|cell| cost_of(cell, currency)).sum())
            .collect();
        let lists: Vec<(Listing, i128)> = self
            .listed()
            .map(|(_, of)| (of, self.egress.rows.values().filter_map(of).map(|listed| listed.usd).sum()))
            .collect();
        for ((way, values), cell) in &self.egress.rows {
            let mut cells = vec![way.name().to_owned()];
            cells.extend(values.iter().map(|value| value.clone().unwrap_or_else(|| "-".to_owned())));
            cells.extend(self.meters().map(|meter| of_meter(cell, meter)));
            for (currency, total) in currencies.iter().zip(&totals) {
                let cost = cost_of(cell, currency);
                cells.push(cost.map_or_else(|| "-".to_owned(), |cost| rounded(cost, decimals(*total))));
            }
            cells.extend(lists.iter().map(|(of, total)| of_list(of(cell), *total)));
            table.row(cells);
        }
        if currencies.is_empty() && lists.is_empty() {
            return table;
        }
        let mut cells = vec!["total".to_owned()];
        cells.extend(std::iter::repeat_n(String::new(), self.question.by.len() + self.meters().count()));
        let lists = lists.iter().map(|(_, total)| total);
        cells.extend(totals.iter().chain(lists).map(|total| rounded(*total, decimals(*total))));
        table.row(cells);
        table
    }

    fn row(&self, (way, values): (&Way, &[Option<String>]), cell: &Cell) -> Value {
        let mut object = Map::new();
        object.insert("way".to_owned(), way.name().into());
        for (name, value) in self.by().zip(values) {
            object.insert(name.to_owned(), value.clone().into());
        }
        let bill = cell.bill.as_ref().map(|bill| {
            let cost: Map<_, _> =
                bill.cost().into_iter().map(|(currency, amount)| (currency, exact(amount).into())).collect();
            json!({
                "bytes_out": exact(bill.out),
                "bytes_in": exact(bill.into),
                "bytes_through": exact(bill.through),
                "lines_without_bytes": bill.without_bytes,
                "cost": cost,
            })
        });
        object.insert("bill".to_owned(), bill.into());
        let network = cell.cluster.map(|part| {
            let list = cell.cluster_list.map(list_data);
            json!({ "bytes_out": count(part.out), "bytes_in": count(part.into), "list": list })
        });
        object.insert("network".to_owned(), network.into());
        let pods =
            cell.pods.map(|part| json!({ "bytes_out": count(part.out), "bytes_in": count(part.into) }));
        object.insert("pods".to_owned(), pods.into());
        let clients = cell.client.map(|part| {
            json!({
                "requests": count(part.requests),
                "bytes_requested": count(part.requested),
                "bytes_received": count(part.received),
                "list": cell.client_list.map(list_data),
            })
        });
        object.insert("clients".to_owned(), clients.into());
        Value::Object(object)
    }
}

/// What bytes of a row cost at list.
type Listing = fn(&Cell) -> Option<Listed>;

/// Columns of what bytes cost at list.
const LISTED: [(&str, Listing); 2] =
    [("network list USD", |cell| cell.cluster_list), ("clients list USD", |cell| cell.client_list)];

/// What a row costs at list; marked where some of it has no price.
fn of_list(listed: Option<Listed>, total: i128) -> String {
    match listed {
        None => "-".to_owned(),
        Some(Listed { usd: 0, without_price, .. }) if without_price > 0 => "?".to_owned(),
        Some(listed) => {
            let mark = if listed.without_price > 0 { ">" } else { "" };
            format!("{mark}{}", rounded(listed.usd, decimals(total)))
        }
    }
}

fn list_data(listed: Listed) -> Value {
    json!({
        "usd": exact(listed.usd),
        "of_owners_usd": exact(listed.of_owners),
        "bytes_without_price": count(listed.without_price),
    })
}

/// A count as text: it may be larger than the numbers of JSON are exact.
fn count(count: u128) -> String {
    count.to_string()
}

/// Columns of bytes.
const METERS: [&str; 8] = [
    "billed out",
    "billed in",
    "billed through",
    "network out",
    "network in",
    "pods out",
    "pods in",
    "clients read",
];

/// Bytes of one column; nothing where the meter tells none.
fn of_meter(cell: &Cell, meter: &str) -> String {
    let billed =
        |part: fn(&BillSums) -> i128| cell.bill.as_ref().map(part).filter(|bytes| *bytes != 0).map(whole);
    let seen = |bytes: u128| i128::try_from(bytes).unwrap_or(i128::MAX);
    let bytes = match meter {
        "billed out" => billed(|bill| bill.out),
        "billed in" => billed(|bill| bill.into),
        "billed through" => billed(|bill| bill.through),
        "network out" => cell.cluster.map(|part| seen(part.out)),
        "network in" => cell.cluster.map(|part| seen(part.into)),
        "pods out" => cell.pods.map(|part| seen(part.out)),
        "pods in" => cell.pods.map(|part| seen(part.into)),
        _ => cell.client.map(|part| seen(part.received)),
    };
    bytes.map_or_else(String::new, shown)
}

impl Report for EgressReport {
    fn schema(&self) -> &'static str {
        "frazil.egress/v1"
    }

    fn data(&self) -> Value {
        let rows = self.egress.rows.iter().map(|((way, values), cell)| self.row((way, values), cell));
        let disagreements = self.egress.disagreements().into_iter().map(|(way, reasons)| {
            json!({ "way": way.name(), "reasons": reasons.iter().map(ToString::to_string).collect::<Vec<_>>() })
        });
        json!({
            "by": self.by().collect::<Vec<_>>(),
            "rows": rows.collect::<Vec<_>>(),
            "disagreements": disagreements.collect::<Vec<_>>(),
            "free_bytes": count(self.egress.free_bytes),
            "bytes_by_unknown_route": count(self.egress.unknown_route),
            "list_prices": self.list.prices.iter().map(|used| json!({
                "what": used.what,
                "usd": used.price.usd.to_string(),
                "per": "2^30 bytes",
                "estimated": used.price.is_estimate(),
                "date": used.price.source.date,
                "source": used.price.source.name,
            })).collect::<Vec<_>>(),
            "list_gaps": self.list.gaps,
            "list_free_bytes": self.list.free.iter().map(|(meter, bytes)| ((*meter).to_owned(), Value::from(count(*bytes)))).collect::<Map<_, _>>(),
            "left_out": self.faults,
            "asked": self.asked,
        })
    }

    fn text(&self, layout: Layout) -> String {
        let mut text = self.shown_table().render(layout.width);
        for (way, reasons) in self.egress.disagreements() {
            let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            text += &format!(
                "\n{}",
                crate::view::wrapped(&format!("{}: {}.", way.name(), reasons.join("; ")), layout.width)
            );
        }
        text += "\n";
        for note in self.notes() {
            text += &format!("{}\n", crate::view::wrapped(&note, layout.width).trim_end());
        }
        text
    }

    fn table(&self) -> Option<Table> {
        let mut columns = vec![("way".to_owned(), Align::Left)];
        columns.extend(self.by().map(|name| (name.to_owned(), Align::Left)));
        for name in ["meter", "direction", "bytes", "currency", "cost", "list"] {
            columns.push((name.to_owned(), Align::Left));
        }
        let mut table = Table::with_columns(columns);
        for ((way, values), cell) in &self.egress.rows {
            let mut start = vec![way.name().to_owned()];
            start.extend(values.iter().map(|value| value.clone().unwrap_or_default()));
            let mut put = |rest: [&str; 6]| {
                table.row(start.iter().map(String::as_str).chain(rest).collect::<Vec<_>>());
            };
            if let Some(part) = cell.cluster {
                put(["network", "out", &count(part.out), "", "", ""]);
                put(["network", "in", &count(part.into), "", "", ""]);
            }
            if let Some(part) = cell.pods {
                put(["pods", "out", &count(part.out), "", "", ""]);
                put(["pods", "in", &count(part.into), "", "", ""]);
            }
            if let Some(part) = cell.client {
                put(["clients", "in", &count(part.received), "", "", ""]);
            }
            for (name, listed) in [("network", cell.cluster_list), ("clients", cell.client_list)] {
                if let Some(listed) = listed {
                    put([name, "", "", "USD", "", &exact(listed.usd)]);
                }
            }
            let Some(bill) = &cell.bill else { continue };
            for (name, bytes) in [("out", bill.out), ("in", bill.into), ("through", bill.through)] {
                if bytes != 0 {
                    put(["bill", name, &exact(bytes), "", "", ""]);
                }
            }
            for (currency, amount) in bill.cost() {
                put(["bill", "", "", &currency, &exact(amount), ""]);
            }
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn bytes_are_shown_with_three_digits() {
        let told = [0, 999, 1_000, 12_340, 999_499, 999_500, 24_293_000_000, 7_100_000_000_000_000_000];
        assert_eq!(
            told.map(shown),
            ["0 B", "999 B", "1.00 kB", "12.3 kB", "999 kB", "1.00 MB", "24.3 GB", "7100 PB"]
        );
    }
}
