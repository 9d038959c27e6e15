//! The person's browser.

use super::{Call, ToolError};
use crate::context::Context;

/// Opens an address in the person's browser; `false` when there is none to start.
///
/// # Errors
/// When the program that opens addresses is there and fails.
pub fn open_address(context: &Context, address: &str) -> Result<bool, ToolError> {
    let desktop = cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| context.variable(name).is_some());
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    match context.find_program(opener).filter(|_| desktop) {
        Some(program) => Call::new(program).arguments([address]).start().map(|_| true),
        None => Ok(false),
    }
}
