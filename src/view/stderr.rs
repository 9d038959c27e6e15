//! Standard error, a line at a time.

use std::io::{self, Write};

/// Prints a line on standard error; nothing can be done when that fails.
pub(super) fn stderr_line(text: &str) {
    let mut out = anstream::AutoStream::auto(io::stderr().lock());
    drop(writeln!(out, "{text}"));
}
