//! The examples that become files of a cluster.

use std::path::Path;

use frazil::config::{HubFile, Provider, check_file};
use jiff::civil::Date;

/// They, by file name, as of a day.
pub(crate) fn examples(today: Date) -> Vec<(String, HubFile)> {
    let entries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    let mut examples: Vec<_> = paths
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path, today)))
        .filter(|(_, hub)| !matches!(hub.provider, Provider::Local(_)))
        .collect();
    examples.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(examples.len() >= 3);
    examples
}

fn read(path: &Path, today: Date) -> HubFile {
    let checked = check_file(path, today).unwrap();
    checked.document.unwrap_or_else(|| panic!("{:?}", checked.problems)).hub
}
