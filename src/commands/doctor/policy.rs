//! The rights that a hub takes in a cloud, as policies or roles to hand to whoever grants them.

use serde_json::{Value, json};

use super::super::Run;
use crate::cloud::{Purpose, rights};
use crate::config::HubDocument;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::view::{Layout, Report, Table};

/// Prints them.
///
/// # Errors
/// When the hub is in no cloud.
pub(super) fn policy(run: &Run<'_>, document: &HubDocument, purpose: Purpose) -> Result<Outcome> {
    let rights = rights(&document.hub, purpose)?;
    run.printer.report(&Policy { purpose, rights })?;
    Ok(Outcome::Done)
}

struct Policy {
    purpose: Purpose,
    rights: Value,
}

impl Report for Policy {
    fn schema(&self) -> &'static str {
        "frazil.policy/v1"
    }

    fn data(&self) -> Value {
        json!({ "purpose": self.purpose.name(), "tried_against_a_real_account": false, "rights": self.rights })
    }

    fn text(&self, _layout: Layout) -> String {
        format!("{:#}\n", self.rights)
    }

    fn table(&self) -> Option<Table> {
        None
    }
}
