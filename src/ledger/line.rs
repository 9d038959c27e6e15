//! Lines of bills in our own words, whatever the format they came in.

use std::fmt;
use std::ops::AddAssign;

use jiff::civil::Date;

use super::symbols::Symbol;

/// The format of a bill: two of one account tell of the same money, and only one of them is counted.
/// Later ones know more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// Answers of Cost Explorer: sums without resources.
    CostExplorer,
    /// FOCUS 1.0 to 1.2.
    Focus,
    /// Google's standard export.
    GcpStandard,
    /// Google's detailed export.
    GcpDetailed,
    /// AWS's Cost and Usage Report before 2.0.
    CurLegacy,
    /// AWS's Cost and Usage Report 2.0.
    Cur2,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::CostExplorer, Self::Focus, Self::GcpStandard, Self::GcpDetailed, Self::CurLegacy, Self::Cur2];

    /// The name in the ledger and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CostExplorer => "cost-explorer",
            Self::Focus => "focus",
            Self::GcpStandard => "gcp-standard",
            Self::GcpDetailed => "gcp-detailed",
            Self::CurLegacy => "cur-legacy",
            Self::Cur2 => "cur2",
        }
    }

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Whose bills these are: a format, a provider (`aws`, `gcp`, or as FOCUS names it) and the account that pays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The format.
    pub kind: SourceKind,
    /// The provider.
    pub provider: String,
    /// The account that pays.
    pub payer: String,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {}", self.kind.name(), self.provider, self.payer)
    }
}

/// A month of a bill, as a number such as 202611.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u32);

impl Month {
    /// The month of a year.
    pub fn new(year: i16, month: i8) -> Option<Self> {
        let date = Date::new(year, month, 1).ok()?;
        let (year, month) = (u32::try_from(date.year()).ok()?, u32::try_from(date.month()).ok()?);
        Some(Self(year * 100 + month))
    }

    /// The month that a day is in.
    pub fn of(day: Date) -> Option<Self> {
        Self::new(day.year(), day.month())
    }

    /// Reads `202611` and `2026-11`, as invoices name months.
    pub fn from_text(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|letter| *letter != '-').collect();
        if digits.len() != 6 || !digits.is_ascii() {
            return None;
        }
        Self::new(digits[..4].parse().ok()?, digits[4..].parse().ok()?)
    }

    /// The number, such as 202611.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The month of such a number.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::from_text(&number.to_string())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

/// What kind of charge a line is. Only usage is divided among people; the others stand apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charge {
    /// Something was used.
    Usage,
    /// A price was lowered: by a plan, a private price, a sustained use.
    Discount,
    /// Money given: research credits, free tiers.
    Credit,
    /// Money given back.
    Refund,
    /// Tax.
    Tax,
    /// A fee, or a plan bought.
    Fee,
    /// What rounding left over.
    Rounding,
}

impl Charge {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Usage, Self::Discount, Self::Credit, Self::Refund, Self::Tax, Self::Fee, Self::Rounding];

    /// The name in the ledger and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Discount => "discount",
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Tax => "tax",
            Self::Fee => "fee",
            Self::Rounding => "rounding",
        }
    }

    /// The charge of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|charge| charge.name() == name)
    }
}

/// The day a line is of, counted from 1970-01-01 in UTC.
pub type Day = i32;

/// What lines have in common that become one row of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineKey {
    /// Whose bill: an index into [`super::Gather::sources`].
    pub source: u16,
    /// Of which month.
    pub month: Month,
    /// Of which day it is.
    pub day: Day,
    /// What kind of charge.
    pub charge: Charge,
    /// The account or project that used it.
    pub account: Symbol,
    /// The service, as the bill names it.
    pub service: Symbol,
    /// The usage type or SKU, as the bill names it.
    pub usage_type: Symbol,
    /// What was done, where the bill tells it.
    pub operation: Symbol,
    /// The region, as the bill names it.
    pub region: Symbol,
    /// The resource, as the bill names it.
    pub resource: Symbol,
    /// The unit of the quantity.
    pub unit: Symbol,
    /// Tags or labels: a JSON object of texts, its keys sorted; empty without any.
    pub tags: Symbol,
    /// The currency.
    pub currency: Symbol,
}

/// Where the first of the lines behind a row stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The file: an index into the files that were read.
    pub file: u32,
    /// Its row, the first being 1.
    pub row: u64,
}

/// The sums of those lines: quantities in 10⁻¹² of their unit, money in 10⁻¹² of the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How much was used.
    pub quantity: i128,
    /// What the invoice says.
    pub billed: i128,
    /// What it cost when plans bought before are spread over what they cover.
    pub effective: i128,
    /// What it would cost at the list price; 0 where the bill does not tell.
    pub list: i128,
    /// How many lines there were.
    pub lines: u64,
    /// The first of them.
    pub first: Lineage,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        if self.lines == 0 || (other.first.file, other.first.row) < (self.first.file, self.first.row) {
            self.first = other.first;
        }
        self.quantity += other.quantity;
        self.billed += other.billed;
        self.effective += other.effective;
        self.list += other.list;
        self.lines += other.lines;
    }
}

/// A line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub key: LineKey,
    /// Its numbers.
    pub sums: Sums,
}

/// A pod on a node on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UseKey {
    /// Where it was told: an index into [`super::Gather::sources`].
    pub source: u16,
    /// Of which month's bill.
    pub month: Month,
    /// The day.
    pub day: Day,
    /// The node, as the bill names the machine; empty when it is not known.
    pub node: Symbol,
    /// The pod, by a name that no other has.
    pub pod: Symbol,
    /// Its namespace.
    pub namespace: Symbol,
    /// Its labels: a JSON object of texts, its keys sorted.
    pub labels: Symbol,
}

/// What a pod asked for and used on a day: CPU in 10⁻¹² core-seconds, memory in 10⁻¹² byte-seconds,
/// GPUs in 10⁻¹² GPU-seconds. What was used is not always known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UseSums {
    /// CPU asked for.
    pub cpu_requested: i128,
    /// CPU used.
    pub cpu_used: Option<i128>,
    /// CPU that counts when each sample counts by the larger of both.
    pub cpu_largest: Option<i128>,
    /// Memory asked for.
    pub memory_requested: i128,
    /// Memory used.
    pub memory_used: Option<i128>,
    /// Memory that counts when each sample counts by the larger of both.
    pub memory_largest: Option<i128>,
    /// GPUs.
    pub gpus: i128,
}

impl AddAssign for UseSums {
    fn add_assign(&mut self, other: Self) {
        let known = |a: Option<i128>, b: Option<i128>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0) + b.unwrap_or(0)),
        };
        self.cpu_requested += other.cpu_requested;
        self.memory_requested += other.memory_requested;
        self.gpus += other.gpus;
        self.cpu_used = known(self.cpu_used, other.cpu_used);
        self.cpu_largest = known(self.cpu_largest, other.cpu_largest);
        self.memory_used = known(self.memory_used, other.memory_used);
        self.memory_largest = known(self.memory_largest, other.memory_largest);
    }
}

/// What a pod asked for and used, as one line of a bill tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Which pod, when and where.
    pub key: UseKey,
    /// How much.
    pub sums: UseSums,
}

#[cfg(test)]
mod tests {
    use super::{Charge, Month, SourceKind};

    #[test]
    fn months_are_read_as_invoices_name_them() {
        for text in ["202611", "2026-11"] {
            let month = Month::from_text(text).unwrap();
            assert_eq!((month.number(), month.to_string().as_str()), (202_611, "2026-11"));
            assert_eq!(Month::from_number(202_611), Some(month));
        }
        for text in ["202613", "2026", "", "2026-1", "日本"] {
            assert_eq!(Month::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn names_lead_back() {
        assert!(Charge::ALL.into_iter().all(|charge| Charge::from_name(charge.name()) == Some(charge)));
        assert!(SourceKind::ALL.into_iter().all(|kind| SourceKind::from_name(kind.name()) == Some(kind)));
    }
}
