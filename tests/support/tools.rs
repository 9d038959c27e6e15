//! Real programs that tests start: where `tests/run` puts them, or else on the `PATH`.

use std::path::PathBuf;
use std::process::Command;

use crate::skips::skipped;

/// The folder that `tests/run` fills.
pub(crate) fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("frazil-tests")
}

/// Whether a program starts and likes its arguments.
pub(crate) fn runs(program: &PathBuf, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Helm, if there is one.
pub(crate) fn helm() -> Option<PathBuf> {
    let all = [cache().join("bin/helm"), PathBuf::from("helm")];
    let found = all.into_iter().find(|program| runs(program, &["version"]));
    if found.is_none() {
        skipped("no helm (tests/tools.sh builds one)");
    }
    found
}
