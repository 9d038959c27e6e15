//! Granules in the shape of all that can be found.

use std::collections::BTreeMap;

use super::{Cmr, Granules, OrbitParameters, Search};
use crate::error::Result;
use crate::found::Item;

/// A search for granules under way that gives items. Granules that only name their orbit are placed by what
/// their collections tell of orbits; each collection is asked for once.
pub struct Items {
    cmr: Cmr,
    search: Search<Granules>,
    orbits: BTreeMap<String, Option<OrbitParameters>>,
}

impl Search<Granules> {
    /// The search, giving items.
    pub fn items(self) -> Items {
        Items { cmr: self.cmr().clone(), search: self, orbits: BTreeMap::new() }
    }
}

impl Items {
    /// The next item, or none at the end.
    ///
    /// # Errors
    /// As [`Search::next`].
    pub async fn next(&mut self) -> Result<Option<Item>> {
        let Some(granule) = self.search.next().await? else { return Ok(None) };
        let Some(id) = granule.orbit().and_then(|_| granule.dataset().id) else {
            return Ok(Some(granule.item(None)));
        };
        if !self.orbits.contains_key(&id) {
            // Without its orbits a granule is found all the same.
            let collection = self.cmr.collection(&id).await.ok().flatten();
            self.orbits.insert(id.clone(), collection.and_then(|collection| collection.orbits()));
        }
        Ok(Some(granule.item(self.orbits.get(&id).and_then(Option::as_ref))))
    }

    /// How many there are in all, once the first page has come.
    pub fn hits(&self) -> Option<u64> {
        self.search.hits()
    }
}
