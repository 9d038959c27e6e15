//! The bill's meter: bytes and money of each way.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::answer::{By, Egress, Money, Question};
use super::transfer::{Measure, Transfer, both_ends_pay, is_aws, is_store, transfer};
use super::{Way, answer, prefix};
use crate::ledger::allocate::day_text;
use crate::ledger::allocate::tags::Tags;
use crate::ledger::line::{Charge, LineKey, Sums};
use crate::ledger::symbols::{Symbol, Symbols};
use crate::ledger::{Bill, BillRows};

/// Bytes of a gigabyte of AWS's bills: 2³⁰. Real bills show it: quantities of single requests are whole bytes
/// by it, and by 10⁹ they are not.
const AWS_GIGABYTE: i128 = 1 << 30;

/// What a bill tells of a way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillSums {
    /// Bytes that went out, in 10⁻¹².
    pub out: i128,
    /// Bytes that came in, in 10⁻¹².
    pub into: i128,
    /// Bytes that went through, in 10⁻¹².
    pub through: i128,
    /// Of these bytes those that came in and have a price as those that go out, in 10⁻¹².
    pub into_priced: i128,
    /// All of these bytes by the currency of their lines, in 10⁻¹².
    pub bytes_by_currency: BTreeMap<String, i128>,
    /// Lines whose unit tells no bytes, though they are of bytes.
    pub without_bytes: u64,
    /// What the bytes cost.
    pub bytes_cost: Money,
    /// What the hours cost in which something stood there.
    pub hours_cost: Money,
    /// Credits and refunds, which lower it.
    pub credits: Money,
}

impl BillSums {
    /// All of the money, credits taken off.
    pub fn cost(&self) -> Money {
        let mut sum = Money::new();
        for (currency, amount) in self.bytes_cost.iter().chain(&self.hours_cost).chain(&self.credits) {
            *sum.entry(currency.clone()).or_default() += amount;
        }
        sum
    }

    fn add(
        &mut self,
        (measure, into_priced): (Measure, bool),
        bytes: Option<i128>,
        charge: Charge,
        (currency, amount): (&str, i128),
    ) {
        let purse = match (charge, measure) {
            (Charge::Credit | Charge::Refund, _) => &mut self.credits,
            (_, Measure::Hours) => &mut self.hours_cost,
            _ => &mut self.bytes_cost,
        };
        *purse.entry(currency.to_owned()).or_default() += amount;
        if charge != Charge::Usage || measure == Measure::Hours {
            return;
        }
        *self.bytes_by_currency.entry(currency.to_owned()).or_default() += bytes.unwrap_or_default();
        match (bytes, measure) {
            (None, _) => self.without_bytes += 1,
            (Some(bytes), Measure::Out) => self.out += bytes,
            (Some(bytes), Measure::In) => {
                self.into += bytes;
                self.into_priced += if into_priced { bytes } else { 0 };
            }
            (Some(bytes), _) => self.through += bytes,
        }
    }
}

impl AddAssign<&Self> for BillSums {
    fn add_assign(&mut self, other: &Self) {
        self.out += other.out;
        self.into += other.into;
        self.through += other.through;
        self.into_priced += other.into_priced;
        self.without_bytes += other.without_bytes;
        for (own, others) in [
            (&mut self.bytes_by_currency, &other.bytes_by_currency),
            (&mut self.bytes_cost, &other.bytes_cost),
            (&mut self.hours_cost, &other.hours_cost),
            (&mut self.credits, &other.credits),
        ] {
            for (currency, amount) in others {
                *own.entry(currency.clone()).or_default() += amount;
            }
        }
    }
}

/// Bytes in 10⁻¹² of a quantity in 10⁻¹² of its unit; `None` for a unit that tells no bytes.
fn bytes(provider: &str, unit: &str, quantity: i128) -> Option<i128> {
    let (provider, unit) = (provider.to_ascii_lowercase(), unit.to_ascii_lowercase());
    let factor = match (provider.as_str(), unit.as_str()) {
        (_, "bytes" | "byte" | "by") => 1,
        (_, "gibibyte" | "gib" | "giby") => 1 << 30,
        ("aws", "gb" | "gigabytes") => AWS_GIGABYTE,
        (_, "gb" | "gigabytes") => 1_000_000_000,
        _ => return None,
    };
    quantity.checked_mul(factor)
}

/// Adds what a bill tells.
pub(super) fn add(egress: &mut Egress, question: &Question, bill: &Bill, rows: &BillRows) {
    let mut reader = Reader { bill, symbols: &rows.symbols, known: BTreeMap::new(), hubs: BTreeMap::new() };
    for (key, sums) in &rows.lines {
        if !question.has(key.day) || matches!(key.charge, Charge::Tax | Charge::Fee | Charge::Rounding) {
            continue;
        }
        egress.billed = Some(match egress.billed {
            Some((first, last)) => (first.min(key.day), last.max(key.day)),
            None => (key.day, key.day),
        });
        let (Some(found), hub) = (reader.transfer(key), reader.hub(key.tags)) else { continue };
        if question.is_of(&hub) {
            reader.put(egress, question, (found, &hub), (key, sums));
        }
    }
}

struct Reader<'a> {
    bill: &'a Bill,
    symbols: &'a Symbols,
    known: BTreeMap<(Symbol, Symbol), Option<Transfer>>,
    hubs: BTreeMap<Symbol, String>,
}

impl Reader<'_> {
    fn transfer(&mut self, key: &LineKey) -> Option<Transfer> {
        let (symbols, provider) = (self.symbols, &self.bill.source.provider);
        let found = || transfer(provider, symbols.text(key.service), symbols.text(key.usage_type));
        *self.known.entry((key.service, key.usage_type)).or_insert_with(found)
    }

    /// The region, also of bills that have it only in the usage type.
    fn region(&self, key: &LineKey, way: Way) -> String {
        let text = match self.symbols.text(key.region) {
            "" => prefix::region(&self.bill.source.provider, way, self.symbols.text(key.usage_type)),
            region => region,
        };
        text.to_owned()
    }

    fn hub(&mut self, tags: Symbol) -> String {
        let read = || Tags::read(self.symbols.text(tags)).get("frazil:hub").unwrap_or_default().to_owned();
        self.hubs.entry(tags).or_insert_with(read).clone()
    }

    fn put(
        &self,
        egress: &mut Egress,
        question: &Question,
        (found, hub): (Transfer, &str),
        (key, sums): (&LineKey, &Sums),
    ) {
        let text = |symbol: Symbol| self.symbols.text(symbol).to_owned();
        let bucket = bucket(self.symbols.text(key.resource));
        // Bills without resources name no bucket, and so none whose readers pay.
        let of_others = is_store(&text(key.service).to_ascii_lowercase())
            && !bucket.is_empty()
            && question.requester_pays.contains(bucket);
        let way = if of_others { Way::RequesterPays } else { found.way };
        let values = question.key(|by| match by {
            By::Hub => Some(hub.to_owned()),
            By::Bucket => Some(bucket.to_owned()),
            By::Service => Some(text(key.service)),
            By::Region => Some(self.region(key, found.way)),
            By::Day => Some(day_text(key.day)),
            By::User | By::DaskCluster | By::Dataset => None,
        });
        let quantity = bytes(&self.bill.source.provider, self.symbols.text(key.unit), sums.quantity);
        let cell: &mut answer::Cell = egress.rows.entry((way, values)).or_default();
        let currency = self.symbols.text(key.currency);
        let measure = (found.measure, both_ends_pay(is_aws(&self.bill.source.provider), found.way));
        cell.bill.get_or_insert_default().add(measure, quantity, key.charge, (currency, sums.billed));
    }
}

/// The name that a bucket or another resource has by itself: the end of an ARN.
fn bucket(resource: &str) -> &str {
    resource.rsplit([':', '/']).next().unwrap_or(resource)
}
