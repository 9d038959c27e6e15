//! The rules: of each its name, how much it matters, why it is there and what
//! to do. No problem of a rule can be made without an entry of this table.

/// Declares the rules of one theme, and the list of them.
macro_rules! rules {
    ($($rule:ident: $name:literal, $severity:ident, silenceable: $silenceable:literal,
        summary: $summary:literal, why: $why:literal, action: $action:literal;)*) => {
        use super::{Listed, Rule};
        use crate::config::problem::Severity;

        $(
            #[doc = $summary]
            pub(in crate::config::rules) static $rule: Rule = Rule {
                name: $name,
                severity: Severity::$severity,
                silenceable: $silenceable,
                summary: $summary,
                why: $why,
                action: $action,
                bad: example!($name, "/bad.yaml"),
                good: example!($name, "/good.yaml"),
                _listed: Listed,
            };
        )*

        /// The rules of this theme, in the order of the documentation.
        pub(super) static RULES: &[&Rule] = &[$(&$rule),*];
    };
}

/// A file of a rule's folder below `examples/rules`.
macro_rules! example {
    ($name:literal, $file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/rules/", $name, $file))
    };
}

pub(super) mod gateways;
pub(super) mod login;
pub(super) mod machines;
pub(super) mod money;
pub(super) mod naming;
pub(super) mod network;
pub(super) mod overrides;
pub(super) mod reading;

use serde::Serialize;

use crate::config::problem::Severity;

/// A rule: what must hold in a hub file, beyond each value's type.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rule {
    /// Its name, as problems and `silence` give it.
    pub name: &'static str,
    /// How much a problem of it matters.
    pub severity: Severity,
    /// Whether `silence` takes it: it rests on a judgement, or on facts that may have changed.
    pub silenceable: bool,
    /// What must hold, in one line.
    pub summary: &'static str,
    /// What happens otherwise, and where that is known from.
    pub why: &'static str,
    /// What to write or do.
    pub action: &'static str,
    /// A hub file that breaks this rule and no other.
    pub bad: &'static str,
    /// The same, mended.
    pub good: &'static str,
    /// Keeps other modules from making rules that the table does not list.
    #[serde(skip)]
    _listed: Listed,
}

/// Made by this module alone.
#[derive(Clone, Copy, Debug)]
struct Listed;

/// The themes, in the order of the documentation.
static THEMES: [(&str, &[&Rule]); 8] = [
    ("What the file says", reading::RULES),
    ("Login and groups", login::RULES),
    ("Names", naming::RULES),
    ("Machines and pools", machines::RULES),
    ("Zones and networks", network::RULES),
    ("Money, days and versions", money::RULES),
    ("Gateways", gateways::RULES),
    ("Overrides", overrides::RULES),
];

/// The rules by theme, each theme with its heading.
pub fn themes() -> impl Iterator<Item = (&'static str, &'static [&'static Rule])> {
    THEMES.iter().copied()
}

/// All rules, in the order of the documentation.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    themes().flat_map(|(_, rules)| rules.iter().copied())
}

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.name == name)
}
