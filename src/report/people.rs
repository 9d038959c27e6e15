//! What a page calls people: it may go to who must not see their names.

use std::collections::BTreeMap;

use clap::ValueEnum;

use super::words::plain;

/// How people are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Naming {
    /// By their names.
    #[default]
    Names,
    /// By their initials, numbered where several have the same.
    Initials,
    /// By numbers, the first for who had most.
    Numbers,
}

/// What each person is called on a page.
#[derive(Clone, Debug, Default)]
pub struct Register(BTreeMap<String, String>);

impl Register {
    /// A register of people in the order of their numbers; who comes again keeps the first.
    pub fn new<'a>(naming: Naming, names: impl Iterator<Item = &'a str>) -> Self {
        let mut order: Vec<&str> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        order.extend(names.filter(|name| seen.insert(*name)));
        let called: Vec<String> = match naming {
            Naming::Names => order.iter().map(|name| plain(name)).collect(),
            Naming::Numbers => (1..=order.len()).map(|number| format!("person {number}")).collect(),
            Naming::Initials => numbered(order.iter().map(|name| initials(name)).collect()),
        };
        Self(order.into_iter().map(str::to_owned).zip(called).collect())
    }

    /// What a person is called; nothing for who was not registered, so that no name slips through.
    pub fn called(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// `ada.lovelace@example.org` is `A. L.`
fn initials(name: &str) -> String {
    let own = name.split('@').next().unwrap_or_default();
    let words = plain(own);
    let firsts = words.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.chars().next());
    let letters: Vec<_> = firsts.take(3).map(|first| format!("{}.", first.to_uppercase())).collect();
    if letters.is_empty() { "?".to_owned() } else { letters.join(" ") }
}

/// Adds numbers to those that occur more than once.
fn numbered(names: Vec<String>) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in &names {
        *counts.entry(name.clone()).or_default() += 1;
    }
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let of = |name: String| {
        if counts.get(&name).copied().unwrap_or(0) < 2 {
            return name;
        }
        let number = used.entry(name.clone()).or_default();
        *number += 1;
        format!("{name} {number}")
    };
    names.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(naming: Naming, names: &[&str]) -> Vec<String> {
        let register = Register::new(naming, names.iter().copied());
        names.iter().map(|name| register.called(name).to_owned()).collect()
    }

    #[test]
    fn people_are_called_as_asked() {
        let names = ["ada.lovelace@example.org", "Grace Hopper", "alan-l", "", "grace"];
        assert_eq!(called(Naming::Names, &names[..2]), ["ada.lovelace@example.org", "Grace Hopper"]);
        assert_eq!(called(Naming::Initials, &names), ["A. L. 1", "G. H.", "A. L. 2", "?", "G."]);
        assert_eq!(called(Naming::Numbers, &["b", "a", "b"]), ["person 1", "person 2", "person 1"]);
    }

    #[test]
    fn who_is_not_known_has_no_name() {
        let register = Register::new(Naming::Numbers, ["ada"].into_iter());
        assert_eq!(register.called("grace"), "");
    }
}
