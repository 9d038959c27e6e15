//! What nobody knows before an event: named assumptions with a cheap end, what is likely, and a dear end.

use std::fmt;

use frazil_units::UnitError;

use super::Quantity;
use crate::config::HubFile;
use crate::nearest::nearest;

/// A case of an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Every assumption at its cheap end.
    Low,
    /// What to expect.
    Likely,
    /// Every assumption at its dear end.
    High,
}

impl Case {
    /// The cases, cheap to dear.
    pub const ALL: [Self; 3] = [Self::Low, Self::Likely, Self::High];
}

/// An assumption about people and machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Hours a day that a person's server runs.
    Hours,
    /// The part of the people who come, on a day.
    Present,
    /// The part of the seats that are taken on the nodes that run.
    Fill,
    /// The part of the day's nodes that runs on at night.
    Night,
    /// Days that the hub is up before and after the event together.
    Around,
    /// Days that nodes are kept warm beside the event's.
    WarmDays,
    /// Hours of Dask workers that a person takes a day.
    Dask,
    /// What a person keeps at home, in GiB.
    Homes,
    /// What a person reads a day, in gigabytes.
    Read,
    /// The part of reading from elsewhere that the hub pays; the rest is paid by whoever keeps the data.
    PaidReads,
    /// What a person takes home over the internet a day, in gigabytes.
    Download,
    /// The control plane's logs a day, in gigabytes.
    Logs,
    /// The price of spot where the catalog has none: a part of the on-demand price.
    Spot,
}

/// What is to be said about an assumption.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The name on the command line.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Where the values come from.
    pub why: &'static str,
    /// Cheap, likely and dear.
    pub values: [&'static str; 3],
    /// The least and the most that make sense.
    limits: (u64, u64),
}

const fn facts(
    name: &'static str,
    unit: &'static str,
    what: &'static str,
    values: [&'static str; 3],
    limits: (u64, u64),
    why: &'static str,
) -> Facts {
    Facts { name, unit, what, why, values, limits }
}

impl Key {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 13] = [
        Self::Hours,
        Self::Present,
        Self::Fill,
        Self::Night,
        Self::Around,
        Self::WarmDays,
        Self::Dask,
        Self::Homes,
        Self::Read,
        Self::PaidReads,
        Self::Download,
        Self::Logs,
        Self::Spot,
    ];

    /// What is to be said about it.
    pub const fn facts(self) -> Facts {
        match self {
            Self::Hours => facts(
                "hours",
                "h",
                "hours a day that a person's server runs",
                ["4", "7", "10"],
                (0, 24),
                "sessions of a hackweek fill 6 to 8 hours; an idle server stops after one",
            ),
            Self::Present => {
                facts("present", "%", "people who come on a day", ["70", "90", "100"], (0, 100), "our guess")
            }
            Self::Fill => facts(
                "fill",
                "%",
                "seats taken on the nodes that run",
                ["100", "75", "50"],
                (1, 100),
                "ICESat-2 2020 had 4 people on nodes that hold 4; people who leave thin nodes out",
            ),
            Self::Night => facts(
                "night",
                "%",
                "nodes of the day that run on for the night's 12 hours",
                ["0", "25", "50"],
                (0, 100),
                "ICESat-2 2020 found 5 to 10 of about 20 nodes running overnight",
            ),
            Self::Around => facts(
                "around",
                "days",
                "days that the hub is up before and after",
                ["2", "14", "55"],
                (0, 3660),
                "ICESat-2 2020 had its hub for two months",
            ),
            Self::WarmDays => facts(
                "warm-days",
                "days",
                "days that nodes are kept warm beside the event's",
                ["0", "1", "2"],
                (0, 3660),
                "our guess; they stay as long as `login_burst` is installed",
            ),
            Self::Dask => facts(
                "dask-hours",
                "h",
                "hours of Dask workers that a person takes a day",
                ["0", "4", "20"],
                (0, 100_000),
                "our guess: 20 are ten workers for two hours",
            ),
            Self::Homes => facts(
                "home-gib",
                "GiB",
                "what a person keeps at home",
                ["1", "5", "20"],
                (0, 1_000_000),
                "2i2c gives 10 GiB each; most use less",
            ),
            Self::Read => facts(
                "read-gb",
                "GB",
                "data that a person reads a day",
                ["1", "5", "20"],
                (0, 1_000_000),
                "our guess: a granule of ICESat-2 is some 350 MB",
            ),
            Self::PaidReads => facts(
                "paid-reads",
                "%",
                "reading from elsewhere that you pay, not who keeps the data",
                ["0", "100", "100"],
                (0, 100),
                "a bucket's owner pays unless it is yours or the requester pays",
            ),
            Self::Download => facts(
                "download-gb",
                "GB",
                "what a person takes home over the internet a day",
                ["0.05", "0.2", "1"],
                (0, 1_000_000),
                "our guess: notebooks, figures, a file",
            ),
            Self::Logs => facts(
                "log-gb",
                "GB",
                "logs of the control plane a day",
                ["0.1", "0.3", "1"],
                (0, 1_000_000),
                "our guess",
            ),
            Self::Spot => facts(
                "spot",
                "%",
                "price of spot, of on-demand, where no list has it",
                ["21", "50", "100"],
                (0, 100),
                "opencost's default 21; AWS's own example about 50; nobody pays above on-demand",
            ),
        }
    }

    /// Whether more of it costs less.
    const fn falls(self) -> bool {
        matches!(self, Self::Fill)
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// The values of an assumption: cheap, likely, dear.
pub type Spread = [Quantity; 3];

/// The least, likely and most part of people in each size that is not the default one, in percent.
const SHARES: [u64; 3] = [0, 5, 10];
/// All other sizes together never take more than this by default, in percent.
const SHARES_TOGETHER: u64 = 50;

/// The assumptions of an estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumptions {
    spreads: [Spread; 13],
    /// Of each size: its name, the percentages of people in it, and whether a person said them.
    shares: Vec<Share>,
}

/// The part of people who take a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The size.
    pub size: String,
    /// The percentages of people.
    pub spread: Spread,
    /// Whether a person said so.
    pub said: bool,
}

/// An assumption that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssumeError {
    /// It is not written as `NAME=VALUE` or `NAME=LOW/LIKELY/HIGH`.
    #[error("`{0}` is no assumption: write NAME=VALUE, or NAME=CHEAP/LIKELY/DEAR, such as hours=4/7/10")]
    Form(String),
    /// There is no such assumption.
    #[error("there is no assumption `{name}`; {}", match nearest { Some(near) => format!("did you mean `{near}`?"), None => "`-o wide` shows them all".to_owned() })]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name most alike.
        nearest: Option<String>,
    },
    /// A value is no number in its limits.
    #[error("`{name}` is `{text}`; it is {least} to {most} {unit}")]
    Value {
        /// The assumption.
        name: String,
        /// What was said.
        text: String,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
        /// The unit.
        unit: &'static str,
    },
    /// The three values do not go from cheap to dear.
    #[error("`{name}` goes from cheap to dear, and `{text}` does not: {}", if *falls { "less of it costs more" } else { "more of it costs more" })]
    Order {
        /// The assumption.
        name: String,
        /// What was said.
        text: String,
        /// Whether more of it costs less.
        falls: bool,
    },
    /// The sizes hold more people than there are.
    #[error("the shares of sizes are more than 100 % together")]
    Shares,
}

impl Assumptions {
    /// The defaults for a hub.
    pub fn of(hub: &HubFile) -> Self {
        let default = hub.default_size().map(|size| size.name.to_string());
        let others: Vec<_> = hub
            .sizes
            .iter()
            .map(|size| size.name.to_string())
            .filter(|name| Some(name) != default.as_ref())
            .collect();
        let most = SHARES_TOGETHER.checked_div(u64::try_from(others.len()).unwrap_or(u64::MAX)).unwrap_or(0);
        let spread = SHARES.map(|percent| Quantity::whole(percent.min(most)));
        let shares = others.into_iter().map(|size| Share { size, spread, said: false }).collect();
        Self { spreads: Key::ALL.map(default_spread), shares }
    }

    /// Changes one, written `hours=6` or `hours=4/6/10`, or `share.large=20`.
    ///
    /// # Errors
    /// When there is no such assumption, or the values make no sense.
    pub fn set(&mut self, text: &str) -> Result<(), AssumeError> {
        let (name, values) = text.split_once('=').ok_or_else(|| AssumeError::Form(text.to_owned()))?;
        if let Some(size) = name.strip_prefix("share.") {
            let spread = spread(name, values, "%", (0, 100), false)?;
            let share = self.shares.iter_mut().find(|share| share.size == size);
            let share = share.ok_or_else(|| AssumeError::Unknown { name: name.to_owned(), nearest: None })?;
            (share.spread, share.said) = (spread, true);
            return self.check_shares();
        }
        let key = Key::ALL.into_iter().find(|key| key.facts().name == name).ok_or_else(|| unknown(name))?;
        let facts = key.facts();
        self.spreads[key.index()] = spread(name, values, facts.unit, facts.limits, key.falls())?;
        Ok(())
    }

    fn check_shares(&self) -> Result<(), AssumeError> {
        let over = |case: usize| {
            self.shares.iter().map(|share| share.spread[case]).sum::<Quantity>() > Quantity::whole(100)
        };
        if (0..3).any(over) { Err(AssumeError::Shares) } else { Ok(()) }
    }

    /// The values of one.
    pub const fn spread(&self, key: Key) -> Spread {
        self.spreads[key.index()]
    }

    /// The value of one in a case.
    pub const fn value(&self, key: Key, case: Case) -> Quantity {
        self.spread(key)[case as usize]
    }

    /// The shares of the sizes that are not the default one.
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }

    /// The same with one of them at its end of another case in the likely one.
    #[must_use]
    pub fn with(&self, key: Key, end: Case) -> Self {
        let mut other = self.clone();
        let spread = &mut other.spreads[key.index()];
        spread[Case::Likely as usize] = spread[end as usize];
        other
    }

    /// The same with the sizes' shares at their end of another case in the likely one.
    #[must_use]
    pub fn with_shares(&self, end: Case) -> Self {
        let mut other = self.clone();
        for share in &mut other.shares {
            share.spread[Case::Likely as usize] = share.spread[end as usize];
        }
        other
    }

    /// The same with the same share of a size in all cases.
    pub(super) fn hold_share(&mut self, size: &str) {
        for share in self.shares.iter_mut().filter(|share| share.size == size && !share.said) {
            share.spread = [share.spread[1]; 3];
        }
    }
}

fn default_spread(key: Key) -> Spread {
    key.facts().values.map(|text| Quantity::from_decimal(text).unwrap_or_default())
}

fn unknown(name: &str) -> AssumeError {
    let names = Key::ALL.map(|key| key.facts().name);
    AssumeError::Unknown { name: name.to_owned(), nearest: nearest(name, &names).map(str::to_owned) }
}

fn spread(
    name: &str,
    text: &str,
    unit: &'static str,
    (least, most): (u64, u64),
    falls: bool,
) -> Result<Spread, AssumeError> {
    let refuse = || AssumeError::Value { name: name.to_owned(), text: text.to_owned(), least, most, unit };
    let read =
        |part: &str| -> Result<Quantity, UnitError> { Quantity::from_decimal(part.trim_end_matches('%')) };
    let parts: Vec<_> = text.split('/').map(read).collect::<Result<_, _>>().map_err(|_| refuse())?;
    if parts.iter().any(|part| !(Quantity::whole(least)..=Quantity::whole(most)).contains(part)) {
        return Err(refuse());
    }
    let spread = match parts[..] {
        [one] => [one; 3],
        [low, likely, high] => [low, likely, high],
        _ => return Err(refuse()),
    };
    let rises = spread.is_sorted();
    let sorted = if falls { spread.iter().rev().is_sorted() } else { rises };
    if sorted {
        Ok(spread)
    } else {
        Err(AssumeError::Order { name: name.to_owned(), text: text.to_owned(), falls })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assumptions() -> Assumptions {
        let hub = "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\n\
                   sizes: [{ name: small, memory: 8 GiB }, { name: large, memory: 32 GiB }]\n";
        Assumptions::of(&serde_yaml::from_str(hub).unwrap())
    }

    #[test]
    fn the_defaults_go_from_cheap_to_dear_and_stay_in_their_limits() {
        for key in Key::ALL {
            let Facts { name, values, unit, limits, .. } = key.facts();
            assert!(spread(name, &values.join("/"), unit, limits, key.falls()).is_ok(), "{name}");
            assert_eq!(Key::ALL[key.index()], key);
        }
    }

    #[test]
    fn one_value_holds_in_all_cases_and_three_go_from_cheap_to_dear() {
        let mut all = assumptions();
        all.set("hours=6.5").unwrap();
        assert_eq!(all.spread(Key::Hours), [Quantity::of(13, 2); 3]);
        all.set("fill=100/80/40").unwrap();
        assert_eq!(all.value(Key::Fill, Case::High), Quantity::whole(40));
        all.set("share.large=20%").unwrap();
        assert_eq!(all.shares()[0].spread, [Quantity::whole(20); 3]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_would() {
        for (text, words) in [
            ("hours", "NAME=VALUE"),
            ("hour=6", "did you mean `hours`"),
            ("hours=25", "0 to 24 h"),
            ("hours=-1", "0 to 24 h"),
            ("hours=4/7", "0 to 24 h"),
            ("hours=10/7/4", "more of it costs more"),
            ("fill=50/75/100", "less of it costs more"),
            ("fill=0", "1 to 100 %"),
            ("share.huge=5", "no assumption `share.huge`"),
            ("share.large=101", "0 to 100 %"),
        ] {
            let error = assumptions().set(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
