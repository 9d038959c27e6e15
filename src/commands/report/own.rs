//! What the ledger has of one person, as a chapter that tells of nobody else.

use super::Asked;
use super::gather::{Found, When, chapter, days_of, meters, notes, row, source};
use crate::commands::cost::show::{answer_with, bills, day_number};
use crate::error::Result;
use crate::ledger::allocate::{By, Currency, Kind, Part, Question};
use crate::ledger::{Ledger, egress};
use crate::report::{Chapter, EgressRow, history};

/// A person's chapters, one for each currency: what their own pods and homes cost, and when their own servers and
/// Dask clusters ran at night. Who has another name in the ledger than at the hub has none.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn hub(ledger: &Ledger, asked: &Asked, when: When, person: &str) -> Result<Vec<Found>> {
    let (bills, ignored) = bills(ledger, when.month, when.by_days(asked))?;
    let told = when.told(ledger, &bills, asked)?;
    let question = Question {
        by: vec![By::User, By::Component],
        hub: asked.name().map(str::to_owned),
        from: when.from.and_then(day_number),
        to: when.to.and_then(day_number),
        ..Question::default()
    };
    let found = answer_with(ledger, &told, &bills, &question)?;
    let moved = meters((ledger, &told), (&bills, asked, when), vec![egress::By::User])?;
    let mut own = Vec::new();
    for currency in &found.currencies {
        let parts: Vec<_> = currency.parts.iter().filter(|part| is_of(part, person)).collect();
        let Some(mut chapter) = of_parts(asked, &currency.name, &parts, person) else { continue };
        chapter.bills = bills.iter().map(source).collect();
        chapter.notes = notes(&found, &ignored);
        chapter.egress = egress_of(&moved, person, (&currency.name, own.is_empty()));
        let history = history(&told.lives, asked.name()).map(|history| history.of(person));
        own.push(Found { chapter, history });
    }
    Ok(own)
}

fn is_of(part: &Part, person: &str) -> bool {
    part.kind == Kind::Usage && part.values.first().is_some_and(|name| name == person)
}

/// A chapter of a person's parts, by name and component.
fn of_parts(asked: &Asked, currency: &str, parts: &[&Part], person: &str) -> Option<Chapter> {
    let with = |values: fn(&Part) -> Vec<String>| {
        let parts: Vec<_> =
            parts.iter().map(|part| Part { values: values(part), ..(*part).clone() }).collect();
        let billed = parts.iter().map(|part: &Part| part.amount).sum();
        Currency { name: currency.to_owned(), billed, parts }
    };
    let by_component = with(|part| part.values.iter().skip(1).cloned().collect());
    let by_person = with(|part| part.values.iter().take(1).cloned().collect());
    let days = days_of(&by_component.parts)?;
    let mut chapter = chapter(asked, &by_component, Some(&by_person), days);
    chapter.of = Some(person.to_owned());
    Some(chapter)
}

/// What meters tell of a person's transfer, for a chapter in a currency, which may be the first.
fn egress_of(found: &egress::Egress, person: &str, chapter: (&str, bool)) -> Vec<EgressRow> {
    let own = found
        .rows
        .iter()
        .filter(|((_, values), _)| values.first().is_some_and(|value| value.as_deref() == Some(person)));
    own.filter_map(|((way, _), cell)| row(*way, cell, chapter)).collect()
}
