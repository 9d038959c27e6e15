//! Who asks, and what is switched on.

use super::Fake;
use crate::cloud::{Identity, Service};
use crate::error::Result;

impl Fake {
    pub(super) fn whoami_now(&self) -> Result<Identity> {
        Ok(self.called("whoami", "")?.identity.clone())
    }

    pub(super) fn services_now(&self) -> Result<Vec<Service>> {
        Ok(self.called("services", "")?.services.clone())
    }
}
