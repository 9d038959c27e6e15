//! Git: which commit a checkout has.

use std::path::Path;

use super::Call;
use crate::context::Context;

/// The commit of a checkout, with `-dirty` where files differ from it; `None` without git.
pub fn commit_of(context: &Context, checkout: &Path) -> Option<String> {
    let git = context.find_program("git")?;
    let describe = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"];
    Call::new(git).folder(checkout).arguments(describe).output().ok()
}
