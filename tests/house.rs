//! Rules of the house that a program can check.

#![expect(clippy::disallowed_methods, reason = "a test stops at the first surprise and says what it skips")]

#[path = "support/skips.rs"]
mod skips;

use std::path::{Path, PathBuf};
use std::process::Command;

use skips::skipped;

/// Most packages that may be in Cargo.lock.
const MOST_PACKAGES: usize = 650;
/// Most lines of a source file.
const MOST_LINES: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files that git tracks, or, outside a checkout, none.
fn tracked() -> Vec<PathBuf> {
    let output = Command::new("git").arg("ls-files").current_dir(root()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let files: Vec<_> = text.lines().map(|line| root().join(line)).filter(|path| path.exists()).collect();
    if files.is_empty() {
        skipped("not in a git checkout");
    }
    files
}

#[test]
fn the_lock_holds_few_packages() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let count = lock.matches("[[package]]").count();
    println!("{count} packages in Cargo.lock");
    assert!(count <= MOST_PACKAGES, "{count} packages");
}

#[test]
fn source_files_are_short() {
    for path in tracked() {
        let source = path.extension().is_some_and(|end| end == "rs" || end == "py");
        if source {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= MOST_LINES, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn unsafe_code_stands_where_it_may() {
    let marks = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe_code"];
    for path in tracked() {
        let may = ["crates/compute", "crates/python", "tests/house.rs"]
            .iter()
            .any(|room| path.starts_with(root().join(room)));
        if path.extension().is_some_and(|end| end == "rs") && !may {
            let source = std::fs::read_to_string(&path).unwrap();
            assert!(!marks.iter().any(|mark| source.contains(mark)), "{} has unsafe code", path.display());
        }
    }
}

#[test]
fn locks_name_no_registry_and_pin_every_package() {
    let lock = std::fs::read_to_string(root().join("images/hub/package-lock.json")).unwrap();
    assert!(!lock.contains("\"resolved\""));
    assert!(lock.matches("\"integrity\"").count() > 10);
    for name in [
        "images/hub/requirements.txt",
        "images/hub/build-requirements.txt",
        "tests/requirements.txt",
        "tests/clouds/aws/requirements.txt",
        "benches/ledger/requirements.txt",
        "benches/data/requirements.txt",
    ] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        assert!(!text.contains("://"), "{name}");
        let pinned = text.lines().filter(|line| line.contains("==")).count();
        assert!(pinned > 1 && text.matches("--hash=sha256:").count() >= pinned, "{name}");
    }
}
