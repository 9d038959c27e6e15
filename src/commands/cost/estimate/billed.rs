//! What the ledger has of a hub, beside its estimate.

use std::collections::BTreeMap;

use frazil_units::Amount;
use jiff::civil::Date;

use super::super::show::{answer, day_number};
use crate::cli::cost::EstimateArgs;
use crate::commands::Run;
use crate::commands::ledger::{existing, refuse};
use crate::error::{Error, Result};
use crate::estimate::{Case, Estimate, Key, Range, compared};
use crate::ledger::allocate::{By, Component, Question, choose, day_text};
use crate::view::{Align, Layout, Table, wrapped};

/// What was billed of a hub.
#[derive(Clone, Debug)]
pub(super) struct Billed {
    /// The first and the last day that is billed.
    pub(super) days: (Date, Date),
    /// US dollars by what they are for.
    pub(super) usd: BTreeMap<Option<Component>, Amount>,
}

/// What the ledger has of a hub.
///
/// # Errors
/// When there is no ledger, or nothing of the hub in US dollars in it.
pub(super) fn of(run: &Run<'_>, args: &EstimateArgs, hub: &str) -> Result<Billed> {
    let ledger = existing(run, args.ledger.as_deref())?;
    let (bills, _) = choose(ledger.bills().map_err(refuse)?);
    let question = Question {
        by: vec![By::Component],
        hub: Some(hub.to_owned()),
        from: args.from.and_then(day_number),
        to: args.to.and_then(day_number),
        ..Question::default()
    };
    let found = answer(&ledger, &bills, &question)?;
    let nothing = || {
        Error::failed(format!("the ledger has nothing of the hub `{hub}` in US dollars"))
            .hint("`frazil cost read BILL…` reads its bills; rows are the hub's by the tag frazil:hub")
    };
    let currency = found.currencies.iter().find(|currency| currency.name == "USD").ok_or_else(nothing)?;
    let mut usd: BTreeMap<_, Amount> = BTreeMap::new();
    for part in &currency.parts {
        let name = part.values.first().filter(|_| part.kind.is_of_hub());
        let component = name.and_then(|name| Component::from_name(name));
        let sum = usd.entry(component).or_default();
        *sum = *sum + Amount::from_pico(part.amount);
    }
    let days = currency.parts.iter().flat_map(|part| part.days.iter().map(|(day, _)| *day));
    let (first, last) = days
        .fold(None, |known: Option<(i32, i32)>, day| {
            Some(known.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
        })
        .ok_or_else(nothing)?;
    let date = |day| day_text(day).parse().map_err(|_| Error::bug("a day of the ledger is no date"));
    Ok(Billed { days: (date(first)?, date(last)?), usd })
}

/// The table of both, and in how far they tell of the same days.
pub(super) fn text(estimate: &Estimate, billed: &Billed, layout: Layout) -> Option<String> {
    let model = estimate.sites.first()?.event.as_ref()?;
    let mut table = Table::new([
        ("estimated and billed", Align::Left),
        ("likely", Align::Right),
        ("cheap to dear", Align::Right),
        ("billed", Align::Right),
        ("more", Align::Right),
    ]);
    let rows = compared(&model.items(), Some(&billed.usd));
    for row in &rows {
        let name = row.component.map_or("credits, tax, fees", Component::name);
        let cells = cells(row.estimated, row.billed.unwrap_or_default());
        table.row(std::iter::once(name.to_owned()).chain(cells));
    }
    let sum = rows.iter().filter_map(|row| row.billed).sum();
    table.row(std::iter::once("together".to_owned()).chain(cells(super::text::total(model), sum)));
    let (first, last) = billed.days;
    let days = last.since(first).map_or(0, |span| span.get_days()) + 1;
    let around = estimate.assumed.value(Key::Around, Case::Likely);
    let s = if days == 1 { "" } else { "s" };
    let note = format!(
        "Billed from {first} to {last}, {days} day{s}; estimated for {} days and {around} around them \
         (`--assume around=DAYS`, `--from`, `--to`).",
        model.people.days
    );
    Some(format!("{}\n\n{}", table.render(None).trim_end(), wrapped(&note, layout.width)))
}

fn cells(estimated: Range, billed: Amount) -> [String; 4] {
    let over = billed - estimated.likely;
    let sign = if over > Amount::ZERO { "+" } else { "" };
    [
        estimated.likely.rounded(2),
        format!("{} to {}", estimated.low.rounded(2), estimated.high.rounded(2)),
        billed.rounded(2),
        format!("{sign}{}", over.rounded(2)),
    ]
}
