//! Least rights: which ones a purpose takes, from a table for each cloud.

/// What rights are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `up`: making and changing a hub.
    Deploy,
    /// `plan`, `status`, `drift`, `doctor`: looking at it, with the lock of Terraform's state.
    Operate,
    /// `down`: removing it with all that it left.
    Destroy,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 3] = [Self::Deploy, Self::Operate, Self::Destroy];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Operate => "operate",
            Self::Destroy => "destroy",
        }
    }

    /// The letter in the tables.
    const fn letter(self) -> char {
        match self {
            Self::Deploy => 'd',
            Self::Operate => 'o',
            Self::Destroy => 'x',
        }
    }
}

/// A right in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// An action of AWS or a permission of Google Cloud.
    pub right: &'a str,
    when: &'a str,
    /// What it may be used on.
    pub scope: &'a str,
    /// The type of Terraform's resource, or `frazil` or `state`.
    pub what: &'a str,
}

impl Row<'_> {
    /// Whether a purpose takes it.
    pub fn is_for(&self, purpose: Purpose) -> bool {
        self.when.contains(purpose.letter())
    }
}

#[cfg(any(feature = "aws", feature = "gcp"))]
/// The rows of a table; lines that begin with `#` are its head.
pub(super) fn rows(table: &str) -> Vec<Row<'_>> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let row = |line| {
        let mut parts = str::split(line, ',');
        Some(Row { right: parts.next()?, when: parts.next()?, scope: parts.next()?, what: parts.next()? })
    };
    lines.filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn tables() -> Vec<(&'static str, Vec<Row<'static>>)> {
        vec![
            #[cfg(feature = "aws")]
            ("aws", crate::cloud::aws::policy::table()),
            #[cfg(feature = "gcp")]
            ("gcp", crate::cloud::gcp::policy::table()),
        ]
    }

    #[test]
    fn every_row_says_when_and_for_what_and_stands_once() {
        for (name, table) in tables() {
            let mut seen = BTreeSet::new();
            for row in &table {
                let whole = !row.right.is_empty() && !row.scope.is_empty() && !row.what.is_empty();
                assert!(whole && !row.when.is_empty(), "{name}: {row:?}");
                assert!(row.when.chars().all(|letter| "dox".contains(letter)), "{name}: {row:?}");
                assert!(seen.insert((row.right, row.what)), "{name}: {row:?} stands twice");
            }
            assert!(table.len() > 50, "{name}: {}", table.len());
        }
    }

    /// Types of resources that a folder of Terraform's makes.
    fn types(folder: &Path) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                found.extend(types(&path));
            } else if path.extension().is_some_and(|end| end == "tf") {
                let text = std::fs::read_to_string(&path).unwrap();
                let named =
                    text.lines().filter_map(|line| line.strip_prefix("resource \"")?.split('"').next());
                found.extend(named.map(str::to_owned));
            }
        }
        found
    }

    #[test]
    fn every_type_of_the_modules_has_its_rights() {
        let modules = types(&Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform"));
        let known: BTreeSet<_> = tables().iter().flat_map(|(_, table)| table).map(|row| row.what).collect();
        // What is in Terraform itself asks no cloud.
        let of_clouds = modules.iter().filter(|name| !name.starts_with("terraform_"));
        let missing: Vec<_> = of_clouds.filter(|name| !known.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
