//! How one number came about.

use super::question::Question;
use crate::ledger::line::Day;

/// A part of a line, and how it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Of which bill, in the order in which they were divided.
    pub bill: usize,
    /// The row: an index into its lines.
    pub row: usize,
    /// The day.
    pub day: Day,
    /// The currency.
    pub currency: String,
    /// The service and the usage type.
    pub what: String,
    /// The resource.
    pub resource: String,
    /// How many lines of the bill are behind the row, and where the first stands: file and row.
    pub lines: (u64, u32, u64),
    /// The row's amount, in 10⁻¹².
    pub whole: i128,
    /// The part's.
    pub amount: i128,
    /// The division, in words.
    pub why: String,
}

/// Why a part is what it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why<'a> {
    /// The whole row.
    Whole(&'static str),
    /// By weights of pods.
    Pods {
        /// The part's name.
        name: &'a str,
        /// CPU and memory of the part, in 10⁻¹² core- and byte-seconds; GPUs in place of both.
        own: (u128, u128, u128),
        /// Weight and sum of weights.
        weight: (u128, u128),
        /// What the node had: CPU, memory, GPUs.
        room: Option<(i128, i128, i128)>,
        /// Whether by GPUs.
        gpus: bool,
    },
    /// What is left of a node or disk.
    Idle {
        /// In words.
        reason: &'static str,
        /// Weight and sum of weights.
        weight: (u128, u128),
    },
    /// By sizes of homes.
    Homes {
        /// Weight and sum of weights.
        weight: (u128, u128),
        /// The home's bytes.
        bytes: u64,
    },
}

/// The steps after the first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    /// Of a shared part, by weight of sum.
    pub(super) shared: Option<(u128, u128)>,
}

const PICO: f64 = 1e12;

pub(super) fn words(why: Why<'_>, steps: Steps, question: &Question) -> String {
    let mut text = match why {
        Why::Whole(reason) => reason.to_owned(),
        Why::Idle { reason, weight } => format!("{}: {reason}", share(weight)),
        Why::Pods { name, own, weight, room, gpus } => pods(name, own, weight, room, (gpus, question)),
        Why::Homes { weight, bytes } => {
            format!(
                "{} of homes and disk: {:.3} GiB",
                share(weight),
                float(u128::from(bytes)) / 1_073_741_824.0
            )
        }
    };
    if let Some(weight) = steps.shared {
        text += &format!("; {} of what is shared", share(weight));
    }
    text
}

fn pods(
    name: &str,
    (cpu, memory, own_gpus): (u128, u128, u128),
    weight: (u128, u128),
    room: Option<(i128, i128, i128)>,
    (gpus, question): (bool, &Question),
) -> String {
    let amounts = |cpu: f64, memory: f64, gpu: f64| {
        if gpus {
            return format!("{:.2} GPU-hours", gpu / PICO / 3_600.0);
        }
        let gib = memory / PICO / 3_600.0 / 1_073_741_824.0;
        format!("{:.2} core-hours, {gib:.2} GiB-hours", cpu / PICO / 3_600.0)
    };
    let own = amounts(float(cpu), float(memory), float(own_gpus));
    let node = room.map(|(cpu, memory, gpus)| {
        let of = |amount: i128| float(amount.max(0).unsigned_abs());
        format!(", node {}", amounts(of(cpu), of(memory), of(gpus)))
    });
    let ratio = if gpus { String::new() } else { format!(" (weights {})", question.ratio) };
    format!("{} by {name}: {own}{}{ratio}", share(weight), node.unwrap_or_default())
}

fn share((weight, total): (u128, u128)) -> String {
    if total == 0 {
        return "all".to_owned();
    }
    format!("{:.4} %", float(weight) / float(total) * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn float(number: u128) -> f64 {
    number as f64
}
