//! What can be asked of the ledger.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

use crate::ledger::Day;

/// What a pod counts by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Rule {
    /// What it requested.
    #[default]
    Request,
    /// What it used.
    Usage,
    /// The larger of both.
    Max,
}

/// Where idle nodes and disks go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum IdleRule {
    /// To a part of their own.
    #[default]
    Apart,
    /// To those who are on them, in proportion.
    Shared,
}

/// Where what a hub shares goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SharedRule {
    /// To everybody who was there, in equal parts.
    Even,
    /// To everybody who had a pod, by use.
    ByUse,
    /// To a part of its own.
    #[default]
    None,
}

/// Which money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Money {
    /// What the invoice says.
    #[default]
    Billed,
    /// What it cost when plans bought before are spread over what they cover.
    Effective,
    /// What it would cost at list prices, where the bill tells them.
    List,
}

/// What to sum by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum By {
    /// The hub.
    Hub,
    /// The person.
    User,
    /// The person's groups.
    Group,
    /// What the money was for.
    Component,
    /// The size of server.
    Size,
    /// The server of a person, from start to stop.
    Server,
    /// The Dask cluster.
    DaskCluster,
    /// The cloud's service.
    Service,
    /// The cloud's region.
    Region,
    /// The day, in UTC.
    Day,
}

impl By {
    /// The name on the command line and in data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::User => "user",
            Self::Group => "group",
            Self::Component => "component",
            Self::Size => "size",
            Self::Server => "server",
            Self::DaskCluster => "dask-cluster",
            Self::Service => "service",
            Self::Region => "region",
            Self::Day => "day",
        }
    }

    /// Whether it tells people and what is theirs apart, so that what is nobody's has no value of it.
    pub const fn is_of_people(self) -> bool {
        matches!(self, Self::User | Self::Group | Self::Size | Self::Server | Self::DaskCluster)
    }
}

/// How much a core-second and a GiB-second count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// A core-second.
    pub cpu: u32,
    /// A GiB-second.
    pub memory: u32,
}

impl Default for Ratio {
    /// The ratio by which AWS splits (AWS, "Understanding split cost allocation data").
    fn default() -> Self {
        Self { cpu: 9, memory: 1 }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.cpu, self.memory)
    }
}

impl FromStr for Ratio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |part: &str| part.trim().parse::<u32>().ok();
        let parts = text.split_once(':').and_then(|(cpu, memory)| Some((read(cpu)?, read(memory)?)));
        match parts {
            Some((0, 0)) | None => {
                Err("write two whole numbers, of CPU and memory, such as 9:1; one may be 0".to_owned())
            }
            Some((cpu, memory)) => Ok(Self { cpu, memory }),
        }
    }
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// What to sum by, in order.
    pub by: Vec<By>,
    /// What a pod counts by.
    pub rule: Rule,
    /// Where idle goes.
    pub idle: IdleRule,
    /// Where shared goes.
    pub shared: SharedRule,
    /// Which money.
    pub money: Money,
    /// How CPU and memory count.
    pub ratio: Ratio,
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub to: Option<Day>,
    /// Only this hub.
    pub hub: Option<String>,
    /// The line of which every part is to be told.
    pub explain: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Ratio;

    #[test]
    fn ratios_are_two_whole_numbers() {
        assert_eq!("9:1".parse(), Ok(Ratio::default()));
        assert_eq!("0:1".parse(), Ok(Ratio { cpu: 0, memory: 1 }));
        for wrong in ["", "9", "0:0", "9:-1", "1.5:1", "9:1:1", "99999999999:1"] {
            assert!(wrong.parse::<Ratio>().is_err(), "{wrong}");
        }
    }
}
