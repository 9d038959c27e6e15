//! What a test says that cannot run here.

use std::fmt::Display;
use std::io::Write;

/// Says why a test is skipped. It goes past libtest, which shows what a test prints only when it fails: what
/// was not tested is read in every run.
pub(crate) fn skipped(why: impl Display) {
    let current = std::thread::current();
    let line = format!("\nskipped: {why} ({})\n", current.name().unwrap_or("a test"));
    std::io::stderr().write_all(line.as_bytes()).ok();
}
