//! Limits of the account.

use super::Fake;
use crate::cloud::{Need, Quota};
use crate::error::Result;

impl Fake {
    /// The limits that were put there: what is needed stands in them already.
    pub(super) fn quotas_now(&self, _: &Need) -> Result<Vec<Quota>> {
        Ok(self.called("quotas", "")?.quotas.clone())
    }
}
