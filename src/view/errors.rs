//! How an error looks: what happened, where, why, and what to do next.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

use super::diagnostics;
use crate::error::{Detail, Error};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Green.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// Renders an error with colour codes; the stream strips them where they do not belong.
pub(super) fn render(error: &Error) -> String {
    let mut text = String::new();
    if let Some(Detail::HubFile(checked)) = error.detail() {
        text += &diagnostics::draw_problems(checked, wants_color());
        text += "\n\n";
    }
    text += &format!("{ERROR}error{ERROR:#}: {error}\n");
    for cause in error.causes() {
        text += &format!("  because: {cause}\n");
    }
    if let Some(Detail::Output(lines)) = error.detail() {
        for line in lines {
            text += &format!("  {FAINT}| {line}{FAINT:#}\n");
        }
    }
    for hint in error.hints() {
        text += &format!("{HINT}  try{HINT:#}: {hint}\n");
    }
    text
}

/// Whether standard error takes colour.
pub(super) fn wants_color() -> bool {
    match anstream::ColorChoice::global() {
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => true,
        anstream::ColorChoice::Never => false,
        anstream::ColorChoice::Auto => {
            let stderr = std::io::stderr();
            stderr.is_terminal() && anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never
        }
    }
}
