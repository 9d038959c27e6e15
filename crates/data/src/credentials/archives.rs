//! Keys of archives for one login, each asked for once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::S3Keys;
use crate::error::Result;
use crate::login::Session;

/// Keys for one login by the addresses that they come from. A clone is the same: all that a process reads from one
/// archive is read with the same keys.
#[derive(Clone, Default)]
pub struct ArchiveKeys {
    all: Arc<Mutex<HashMap<Url, S3Keys>>>,
}

impl ArchiveKeys {
    /// Those of an address, for whom the login is.
    ///
    /// # Errors
    /// As [`S3Keys::new`].
    pub(crate) fn of(&self, session: &Session, endpoint: &Url) -> Result<S3Keys> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = all.get(endpoint) {
            return Ok(keys.clone());
        }
        let keys = S3Keys::new(session.clone(), endpoint.clone())?;
        all.insert(endpoint.clone(), keys.clone());
        Ok(keys)
    }
}
