//! What reading a part of a dataset will cost, before it is read.

use std::collections::BTreeMap;

use url::Url;

use super::{ByReference, Opened};
use crate::address::{Address, location};
use crate::counting::{Costs, Label, Planned};
use crate::dataset::{Selection, Stored};
use crate::error::Result;

/// Formats whose chunks may lie elsewhere than the document.
const REFERENCES: [&str; 2] = ["Kerchunk", "DMR++"];

impl Opened {
    /// What to say before a part of a variable is read: for each bucket or host from which it costs, what the
    /// chunks that it touches come to if none of them is kept yet. Indexes of chunks are looked at only where
    /// reading may cost anything. Where they cannot be read there is nothing to say: the read itself tells why.
    pub async fn warnings(&self, costs: &Costs, path: &str, selection: &Selection) -> Vec<String> {
        let own = self.meter.as_ref().map(|meter| meter.label());
        let may_cost =
            REFERENCES.contains(&self.dataset.format()) || own.is_some_and(|own| costs.may_cost(own));
        if !may_cost {
            return Vec::new();
        }
        let planned = self.planned_by_label(path, selection).await.unwrap_or_default();
        planned.into_iter().filter_map(|(label, planned)| costs.warning(&label?, planned)).collect()
    }

    /// What reading a part of a variable will fetch, if nothing of it is kept yet, by what it is counted under: of what
    /// is on this machine under nothing.
    ///
    /// # Errors
    /// As [`crate::dataset::Dataset::ranges`], and what keeps a bucket's region from being known.
    pub async fn planned_by_label(
        &self,
        path: &str,
        selection: &Selection,
    ) -> Result<BTreeMap<Option<Label>, Planned>> {
        let mut places: BTreeMap<(String, String), (Url, Vec<Stored>)> = BTreeMap::new();
        let mut here = Vec::new();
        for chunk in self.dataset.ranges(path, selection).await? {
            match place(&chunk.address) {
                Some((place, url)) => places.entry(place).or_insert_with(|| (url, Vec::new())).1.push(chunk),
                None => here.push(chunk),
            }
        }
        let own = place(&self.dataset.address()).map(|(place, _)| place);
        let mut planned: BTreeMap<Option<Label>, Planned> = BTreeMap::new();
        if !here.is_empty() {
            planned.insert(None, Planned::of(&here));
        }
        for (place, (url, chunks)) in places {
            let label = match &self.meter {
                Some(meter) if own.as_ref() == Some(&place) => meter.label().clone(),
                _ => self.by.label(&url).await?,
            };
            *planned.entry(Some(label)).or_default() += Planned::of(&chunks);
        }
        Ok(planned)
    }
}

impl ByReference {
    /// What the bytes of an object are counted under.
    async fn label(&self, url: &Url) -> Result<Label> {
        let (opener, opening) = (&self.opener, &self.opening);
        let remote = opener.remote(url, opening).await?;
        let region = opener.region(&remote, opening.region.as_deref()).await;
        Ok(opener.label(&remote, &opening.dataset, remote.place(), region).await)
    }
}

/// The bucket or host of an address; none for files of this machine.
fn place(address: &Address) -> Option<((String, String), Url)> {
    let url = location(address.as_str()).ok()?;
    let host = url.host_str().filter(|_| url.scheme() != "file")?.to_owned();
    Some(((url.scheme().to_owned(), host), url))
}
