//! Who is who: names and their escaped forms, groups, homes.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use crate::ledger::line::Day;
use crate::ledger::symbols::{Symbol, Symbols};
use crate::ledger::told::{HomeSize, Membership};

/// Names by their escaped forms, as labels and folders of homes have them.
#[derive(Debug, Default)]
pub(super) struct Names {
    escaped: FxHashMap<String, String>,
    hashed: FxHashMap<String, String>,
    plain: FxHashSet<String>,
}

impl Names {
    /// Names as people have them.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut new = Self::default();
        for name in names {
            if new.plain.insert(name.to_owned()) {
                new.escaped.insert(escape(name), name.to_owned());
                new.hashed.insert(hash(name), name.to_owned());
            }
        }
        new
    }

    /// The person of a name or its escaped form; the text itself where nobody is known by it.
    pub(super) fn person<'a>(&'a self, text: &'a str) -> &'a str {
        if self.plain.contains(text) {
            return text;
        }
        let hashed = text.rsplit_once("---").and_then(|(_, end)| self.hashed.get(end));
        hashed.or_else(|| self.escaped.get(text)).map_or(text, String::as_str)
    }
}

/// As `KubeSpawner` before 7 escapes: `ada@example.org` is `ada-40example-2eorg` (package escapism).
fn escape(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("-{byte:02x}"),
    };
    name.to_lowercase().bytes().map(byte).collect()
}

/// What `KubeSpawner` from 7 on puts behind `---` (`kubespawner.slugs.strip_and_hash`).
fn hash(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Groups of people by hub, as they were last told.
#[derive(Debug, Default)]
pub(super) struct Groups(FxHashMap<Symbol, BTreeMap<Day, FxHashMap<Symbol, Vec<Symbol>>>>);

impl Groups {
    pub(super) fn new(memberships: &[Membership], names: &Names, symbols: &mut Symbols) -> Self {
        let mut groups = Self::default();
        for each in memberships {
            let hub = symbols.add(&each.hub);
            let user = symbols.add(names.person(&each.user));
            let group = symbols.add(&each.group);
            let of = groups.0.entry(hub).or_default().entry(each.day).or_default().entry(user).or_default();
            if !of.contains(&group) {
                of.push(group);
            }
        }
        let all = groups.0.values_mut().flat_map(BTreeMap::values_mut).flat_map(FxHashMap::values_mut);
        all.for_each(|groups| groups.sort_by(|a, b| symbols.text(*a).cmp(symbols.text(*b))));
        groups
    }

    /// The groups of a person on a day, sorted: as the hub last told them by then, or first told them after it.
    pub(super) fn of(&self, hub: Symbol, day: Day, person: Symbol) -> &[Symbol] {
        let told = self.0.get(&hub);
        let then = told.and_then(|days| days.range(..=day).next_back().or_else(|| days.iter().next()));
        then.and_then(|(_, people)| people.get(&person)).map_or(&[], Vec::as_slice)
    }
}

/// Sizes of homes by hub and person.
#[derive(Debug, Default)]
pub(super) struct Homes(FxHashMap<Symbol, OfHub>);

/// Bytes by day of the people of a hub, by name.
type OfHub = BTreeMap<String, (Symbol, BTreeMap<Day, u64>)>;

impl Homes {
    pub(super) fn new(homes: &[HomeSize], names: &Names, symbols: &mut Symbols) -> Self {
        let mut all = Self::default();
        for each in homes {
            let name = names.person(&each.user);
            let person = symbols.add(name);
            let of = all.0.entry(symbols.add(&each.hub)).or_default();
            let (_, days) = of.entry(name.to_owned()).or_insert_with(|| (person, BTreeMap::new()));
            // Two folders of one person on a day: both are the person's.
            *days.entry(each.day).or_default() += each.bytes;
        }
        all
    }

    /// Everybody's home on a day, the latest that is known at its end, in the order of names.
    pub(super) fn on(&self, hub: Symbol, day: Day) -> Vec<(Symbol, u64)> {
        let people = self.0.get(&hub).into_iter().flat_map(BTreeMap::values);
        people.filter_map(|(person, days)| Some((*person, *days.range(..=day).next_back()?.1))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_lead_back_to_people() {
        let names = Names::new(["ada@example.org", "bob", "anna-be"].into_iter());
        assert_eq!(names.person("ada-40example-2eorg"), "ada@example.org");
        // printf ada@example.org | sha256sum
        assert_eq!(
            names.person(&format!("ada-example-org---{}", hash("ada@example.org"))),
            "ada@example.org"
        );
        assert_eq!(names.person("anna-be"), "anna-be");
        assert_eq!(names.person("anna-2dbe"), "anna-be");
        assert_eq!(names.person("carl-40x"), "carl-40x");
        assert_eq!(hash(""), "e3b0c442");
    }

    #[test]
    fn groups_and_homes_are_as_last_told() {
        let mut symbols = Symbols::default();
        let names = Names::default();
        let membership = |day, user: &str, group: &str| Membership {
            hub: "lab".into(),
            day,
            user: user.into(),
            group: group.into(),
        };
        let told = [membership(5, "ada", "ice"), membership(5, "ada", "a"), membership(8, "bob", "ice")];
        let groups = Groups::new(&told, &names, &mut symbols);
        let [lab, ada, a, ice] = ["lab", "ada", "a", "ice"].map(|text| symbols.add(text));
        for day in [1, 5, 7] {
            assert_eq!(groups.of(lab, day, ada), [a, ice]);
        }
        assert_eq!(groups.of(lab, 8, ada), []);

        let home = |day, user: &str, bytes| HomeSize { hub: "lab".into(), day, user: user.into(), bytes };
        let homes =
            Homes::new(&[home(5, "bob", 7), home(3, "ada", 2), home(6, "ada", 1)], &names, &mut symbols);
        let bob = symbols.add("bob");
        assert_eq!(homes.on(lab, 2), []);
        assert_eq!(homes.on(lab, 5), [(ada, 2), (bob, 7)]);
        assert_eq!(homes.on(lab, 9), [(ada, 1), (bob, 7)]);
    }
}
