//! `frazil data info ADDRESS`: what a file or store holds, and what it took to know.

use std::collections::BTreeMap;
use std::path::Path;

use frazil_data::counting::{Books, Label, Planned, Prices};
use frazil_data::credentials::{ArchiveKeys, of_archive};
use frazil_data::dataset::{Group, Selection, Variable};
use frazil_data::found::Item;
use frazil_data::handle::{Logins, ReaderOf};
use frazil_data::http::{Client, Url};
use frazil_data::login::Earthdata;
use frazil_data::open::{Opened, Opener, Opening};
use frazil_data::region::{Access, Whereabouts};
use frazil_data::remote::amazon_account;
use frazil_units::Amount;
use serde_json::{Value, json};

use super::{DataError, Run, ask, bytes_text, login, told};
use crate::cli::data::DescribeArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table};

/// Whether something is the address or the path of a file or store, and no id of a catalogue.
pub(super) fn is_address(id: &str) -> bool {
    let is_path = || id.contains(['/', '.']) && Path::new(id).exists();
    ask::doi(id).is_none() && (id.contains("://") || is_path())
}

/// Tells what a file or store holds; none for what cannot be opened, but of which its host tells.
///
/// # Errors
/// When it cannot be read, or has no such group.
pub(super) async fn contents(run: &Run<'_>, client: &Client, args: &DescribeArgs) -> Result<Option<Outcome>> {
    let opening = opening(args)?;
    let prices = args.prices.as_deref().map(Prices::read).transpose().map_err(told)?;
    let opener = opener(run, client, args).await?;
    let file = match opener.open(&args.info.id, &opening).await {
        Err(DataError::UnknownFormat { .. }) if Item::is_address(&args.info.id) => return Ok(None),
        other => other.map_err(told)?,
    };
    let group = file.dataset().group(&args.group, true).await.map_err(told)?;
    let took = took(&opener, &file, prices.as_ref());
    let path = args.group.trim_matches('/');
    let above = if path.is_empty() { String::new() } else { format!("/{path}") };
    let mut variables = Vec::new();
    listed(&above, &group, &mut variables);
    let mut stored = BTreeMap::new();
    if args.stored {
        for (path, _) in &variables {
            let planned = file.planned_by_label(path, &Selection::All).await.map_err(told)?;
            let cost = prices.as_ref().and_then(|prices| cost(prices, &planned));
            let planned = planned.into_values().fold(Planned::default(), |mut sum, planned| {
                sum += planned;
                sum
            });
            stored.insert(path.clone(), Stored { planned, cost });
        }
    }
    let address = file.dataset().address().to_string();
    let report = Contents {
        address,
        format: file.dataset().format(),
        group: &group,
        variables,
        stored,
        took,
        with_prices: prices.is_some(),
    };
    run.printer.report(&report)?;
    Ok(Some(Outcome::Done))
}

fn opening(args: &DescribeArgs) -> Result<Opening> {
    let reader = match args.keys.as_deref() {
        None => None,
        Some(address) if address.contains("://") => {
            let url = address
                .parse()
                .map_err(|error| Error::usage(format!("`{address}` is no address: {error}")))?;
            Some(ReaderOf::Archive(url))
        }
        Some(archive) => Some(ReaderOf::Archive(of_archive(archive).map_err(told)?)),
    };
    let (requester_pays, payer) = (args.requester_pays, args.info.payer.clone());
    Ok(Opening { reader, requester_pays, payer, ..Opening::default() })
}

/// Who asks: with a login to Earthdata where that is wanted, and the environment's account at Amazon.
async fn opener(run: &Run<'_>, client: &Client, args: &DescribeArgs) -> Result<Opener> {
    let url: Option<Url> = args.info.id.parse().ok();
    let wants_login = args.keys.is_some() || url.as_ref().is_some_and(Earthdata::may_see_token);
    let session = if wants_login {
        let earthdata = Earthdata::named(&args.info.service.earthdata).map_err(told)?;
        Some(login::session(run, client, earthdata).await?)
    } else {
        None
    };
    let amazon = amazon_account(client.surroundings()).map_err(told)?;
    let logins =
        Logins { client: client.clone(), session, amazon, google: None, keys: ArchiveKeys::default() };
    let books = Books::of(client.surroundings()).map_err(told)?;
    Ok(Opener::new(logins, &Whereabouts::new(client.clone()), Access::Auto, books))
}

/// What opening took: requests and bytes from afar, or ranges of a file of this machine.
struct Took {
    requests: u64,
    bytes: u64,
    is_here: bool,
    /// In US dollars, where the table of prices tells for all of it.
    cost: Option<Amount>,
}

/// A variable as it is stored, and what reading all of it costs.
struct Stored {
    planned: Planned,
    cost: Option<Amount>,
}

/// What all of it costs together; none where the table does not tell of a part, and for what is all on this machine.
fn cost(prices: &Prices, planned: &BTreeMap<Option<Label>, Planned>) -> Option<Amount> {
    let afar = planned.iter().filter_map(|(label, planned)| Some((label.as_ref()?, planned)));
    let mut costs =
        afar.map(|(label, planned)| prices.cost(label, planned.bytes, planned.requests)).peekable();
    costs.peek()?;
    costs.sum()
}

fn took(opener: &Opener, file: &Opened, prices: Option<&Prices>) -> Took {
    if let Some(handle) = file.handle().filter(|handle| handle.file().is_some()) {
        let counters = handle.counters();
        return Took { requests: counters.reads, bytes: counters.requested, is_here: true, cost: None };
    }
    let total = opener.books().total();
    let lines = opener.books().lines().into_iter();
    let cost = prices.and_then(|prices| {
        lines.map(|line| prices.cost(&line.label, line.sums.received, line.sums.requests)).sum()
    });
    Took { requests: total.requests, bytes: total.received, is_here: total.requests == 0, cost }
}

/// All variables of a group and below it, with their paths.
fn listed<'a>(path: &str, group: &'a Group, variables: &mut Vec<(String, &'a Variable)>) {
    variables.extend(group.variables.iter().map(|variable| (format!("{path}/{}", variable.name), variable)));
    for below in &group.groups {
        listed(&format!("{path}/{}", below.name), below, variables);
    }
}

/// What a file or store holds.
struct Contents<'a> {
    address: String,
    format: &'static str,
    group: &'a Group,
    variables: Vec<(String, &'a Variable)>,
    stored: BTreeMap<String, Stored>,
    took: Took,
    with_prices: bool,
}

impl Contents<'_> {
    fn took_text(&self) -> String {
        let bytes = bytes_text(self.took.bytes);
        let requests = self.took.requests;
        match self.took.is_here {
            true if requests == 0 => "opening it asked for nothing from afar".to_owned(),
            true => format!("opening it read {requests} ranges of this machine's file, {bytes}"),
            false => format!("opening it took {requests} requests and {bytes}{}", self.cost_text()),
        }
    }

    fn cost_text(&self) -> String {
        match self.took.cost {
            Some(cost) => format!(", and cost {cost} USD"),
            None if self.with_prices => ", whose price the table does not tell".to_owned(),
            None => String::new(),
        }
    }

    fn stored_cells(&self, path: &str) -> [String; 3] {
        let none = || "-".to_owned();
        match self.stored.get(path) {
            Some(Stored { planned, cost }) => [
                bytes_text(planned.bytes),
                planned.chunks.to_string(),
                cost.map_or_else(none, |cost| cost.rounded(6)),
            ],
            None => [none(), none(), none()],
        }
    }
}

impl Report for Contents<'_> {
    fn schema(&self) -> &'static str {
        "frazil.data.contents/v1"
    }

    fn data(&self) -> Value {
        let usd = |cost: Option<Amount>| cost.map(|cost| cost.to_string());
        let stored = self.stored.iter().map(|(path, Stored { planned, cost })| {
            let (bytes, chunks, requests) = (planned.bytes, planned.chunks, planned.requests);
            let told =
                json!({"stored_bytes": bytes, "chunks": chunks, "requests": requests, "usd": usd(*cost)});
            (path.clone(), told)
        });
        json!({
            "address": self.address,
            "format": self.format,
            "group": self.group.to_json(),
            "stored": stored.collect::<serde_json::Map<_, _>>(),
            "opening": {"requests": self.took.requests, "received_bytes": self.took.bytes, "local": self.took.is_here, "usd": usd(self.took.cost)},
        })
    }

    fn text(&self, layout: Layout) -> String {
        let names = ["variable", "type", "shape", "chunks", "filters"].map(|name| (name, Align::Left));
        let stored = [("stored", Align::Right), ("pieces", Align::Right), ("cost USD", Align::Right)];
        let shown = if self.stored.is_empty() { 0 } else { 2 + usize::from(self.with_prices) };
        let stored = stored.into_iter().take(shown);
        let columns = names.into_iter().chain([("size", Align::Right)]).chain(stored);
        let mut table = Table::with_columns(columns);
        for (path, variable) in &self.variables {
            let along = variable.dimensions.iter().zip(&variable.shape);
            let shape: Vec<String> = along.map(|(name, length)| format!("{name} {length}")).collect();
            let chunks = variable.chunks.as_ref().map(|chunks| numbers(chunks, " x "));
            let text = |text: String| if text.is_empty() { "-".to_owned() } else { text };
            let cells = [
                path.clone(),
                variable.data_type.to_string(),
                text(shape.join(", ")),
                text(chunks.unwrap_or_default()),
                text(variable.filters.join(", ")),
                variable.size().map_or_else(|| "-".to_owned(), bytes_text),
            ];
            let stored = self.stored_cells(path).into_iter().take(shown);
            table.row(cells.into_iter().chain(stored));
        }
        let attributes = if layout.wide { attributes(self.group) } else { String::new() };
        format!(
            "{}: {}\n\n{}{attributes}\n{}\n",
            self.address,
            self.format,
            table.render(None),
            self.took_text()
        )
    }

    fn table(&self) -> Option<Table> {
        let names = [
            "variable",
            "type",
            "shape",
            "dimensions",
            "chunks",
            "filters",
            "size_bytes",
            "stored_bytes",
            "pieces",
            "usd",
        ];
        let mut table = Table::with_columns(names.map(|name| (name, Align::Left)));
        for (path, variable) in &self.variables {
            let stored = self.stored.get(path);
            let planned = stored.map(|stored| stored.planned);
            table.row([
                path.clone(),
                variable.data_type.to_string(),
                numbers(&variable.shape, " "),
                variable.dimensions.join(" "),
                variable.chunks.as_ref().map(|chunks| numbers(chunks, " ")).unwrap_or_default(),
                variable.filters.join("; "),
                variable.size().map(|size| size.to_string()).unwrap_or_default(),
                planned.map(|planned| planned.bytes.to_string()).unwrap_or_default(),
                planned.map(|planned| planned.chunks.to_string()).unwrap_or_default(),
                stored.and_then(|stored| stored.cost).map(|cost| cost.to_string()).unwrap_or_default(),
            ]);
        }
        Some(table)
    }
}

fn numbers(numbers: &[u64], between: &str) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(between)
}

/// What is said of a group itself, a line each.
fn attributes(group: &Group) -> String {
    let line = |text: String, attribute: &frazil_data::dataset::Attribute| {
        let value =
            attribute.value.as_text().map_or_else(|| attribute.value.to_json().to_string(), str::to_owned);
        text + &format!("{}: {value}\n", attribute.name)
    };
    let lines = group.attributes.iter().fold(String::new(), line);
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
