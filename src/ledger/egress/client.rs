//! The clients' meter: what people's programs read, as their byte ledgers tell.

use frazil_byte_ledger::{Entry, Route};

use super::Way;
use super::answer::{By, Egress, Question};
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
    if !question.has(day) || !question.is_of(&who.hub) {
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
            egress.unknown_route += u128::from(record.received);
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
    let part = egress.rows.entry((way, values)).or_default().client.get_or_insert_default();
    part.requests += u128::from(record.requests);
    part.requested += u128::from(record.requested);
    part.received += u128::from(record.received);
}
