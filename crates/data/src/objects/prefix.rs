//! Objects in a bucket below a prefix, or behind a host below an address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Objects, Place};
use crate::address::Address;
use crate::counting::Meter;
use crate::error::Result;
use crate::handle::{Handle, Options};
use crate::remote::Remote;
use crate::surroundings::Surroundings;

/// So many handles are kept, with what they keep in memory: indexes of shards are read from them again.
const KEPT: usize = 256;
/// Most names in one folder of a bucket.
const NAMES: u64 = 1 << 20;

/// Objects below a prefix.
#[derive(Debug)]
pub struct Prefix {
    remote: Remote,
    options: Options,
    meter: Option<Arc<Meter>>,
    surroundings: Surroundings,
    handles: Mutex<HashMap<String, Arc<Handle>>>,
}

impl Prefix {
    /// What lies below the key of `remote`, or below its address. Each object is read as `options` say, and
    /// counted by the meter.
    pub fn new(
        remote: Remote,
        options: Options,
        meter: Option<Arc<Meter>>,
        surroundings: &Surroundings,
    ) -> Self {
        Self { remote, options, meter, surroundings: surroundings.clone(), handles: Mutex::default() }
    }

    fn handle(&self, key: &str) -> Option<Arc<Handle>> {
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handles.get(key) {
            return Some(Arc::clone(handle));
        }
        let remote = self.remote.below(key)?;
        let (options, meter) = (self.options.clone(), self.meter.clone());
        let handle = Arc::new(Handle::counted(remote, options, None, meter, &self.surroundings));
        if handles.len() >= KEPT {
            handles.clear();
        }
        handles.insert(key.to_owned(), Arc::clone(&handle));
        Some(handle)
    }
}

#[async_trait]
impl Objects for Prefix {
    fn address(&self) -> Address {
        self.remote.address()
    }

    async fn find(&self, key: &str) -> Result<Option<Place>> {
        Ok(self.handle(key).map(|handle| Place::Object(handle, None)))
    }

    async fn list(&self, prefix: &str) -> Result<Option<Vec<String>>> {
        let below = match prefix.trim_end_matches('/') {
            "" => Some(self.remote.clone()),
            prefix => self.remote.below(prefix),
        };
        match below {
            Some(below) => below.names(NAMES).await,
            None => Ok(Some(Vec::new())),
        }
    }
}
