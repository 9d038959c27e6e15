//! The clients' meter: what people's programs read, as their byte ledgers tell.

use frazil_byte_ledger::{Entry, Record, Route};

use super::Way;
use super::answer::{By, Egress, Question};
use super::list::{Meter, Payer, Place, Tariff, month};
use crate::ledger::allocate::day_text;
use crate::ledger::line::Day;

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// What clients tell of a way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientPart {
    /// Requests, with those that failed.
    pub requests: u128,
    /// Bytes that were asked for.
    pub requested: u128,
    /// Bytes that came.
    pub received: u128,
}

/// Adds what a record tells.
pub(super) fn add(egress: &mut Egress, question: &Question, Entry { who, record }: &Entry) {
    let day = Day::try_from(record.time / DAY).unwrap_or(Day::MAX);
    let tariff = tariff(question, &who.hub, record, day);
    let received = u128::from(record.received);
    if !question.has(day) || !question.is_of(&who.hub) {
        egress.counted.add(Meter::Clients, tariff, None, received);
        return;
    }
    let way = match record.route {
        // Whose region does not matter where the reader pays.
        Route::InterRegion | Route::Internet | Route::Unknown if record.requester_pays => Way::RequesterPays,
        Route::InRegion => Way::StoreInRegion,
        Route::InterRegion => Way::StoreElsewhere,
        Route::Internet => Way::Internet,
        Route::LocalCache => return,
        Route::Unknown => {
            egress.unknown_route += received;
            return;
        }
    };
    let values = question.key(|by| match by {
        By::Hub => Some(who.hub.clone()),
        By::User => Some(who.user.clone()),
        By::DaskCluster => Some(who.cluster.clone()),
        By::Dataset => Some(record.dataset.clone()),
        By::Bucket => Some(record.bucket.clone()),
        By::Region => Some(record.region.clone()),
        By::Day => Some(day_text(day)),
        By::Service => None,
    });
    let row = (way, values);
    egress.counted.add(Meter::Clients, tariff, Some(&row), received);
    let part = egress.rows.entry(row).or_default().client.get_or_insert_default();
    part.requests += u128::from(record.requests);
    part.requested += u128::from(record.requested);
    part.received += received;
}

/// What is asked for what was read: of the reader where the bucket says so, else of the bucket's owner.
fn tariff(question: &Question, hub: &str, record: &Record, day: Day) -> Tariff {
    let from = Place::from_text(&record.region);
    let payer = if record.requester_pays { Payer::Own } else { Payer::Owner };
    match record.route {
        Route::InRegion | Route::LocalCache => Tariff::Free,
        Route::Unknown => Tariff::None("a program did not know from which region it read"),
        Route::InterRegion => Tariff::at(from, |from| {
            let to = reader(question, hub).filter(|to| to.cloud == from.cloud && to.region != from.region);
            Tariff::Region(from, to.map(|to| to.region), payer)
        }),
        Route::Internet if payer == Payer::Owner => Tariff::at(from, Tariff::FirstStep),
        Route::Internet => match month(day) {
            Some(month) => Tariff::at(from, |from| Tariff::Internet(from, month)),
            None => Tariff::None("the day is not known"),
        },
    }
}

/// Where a hub is, by what its programs read without leaving the region.
fn reader(question: &Question, hub: &str) -> Option<Place> {
    let near = question.near.get(hub)?;
    near.first().filter(|_| near.len() == 1).and_then(|place| Place::from_text(place))
}
