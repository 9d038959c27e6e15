//! Public zones of names.

use super::Fake;
use crate::cloud::Zone;
use crate::error::Result;

impl Fake {
    /// A zone that was put there.
    pub(super) fn zone_now(&self, name: &str) -> Result<Option<Zone>> {
        Ok(self.called("zone", name)?.zones.get(name).cloned())
    }
}
