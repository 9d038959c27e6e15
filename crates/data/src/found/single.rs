//! A file by its address, of which no catalogue tells.

use super::{Asset, Checksum, Item, Role, Size, Source};
use crate::download::Facts;
use crate::error::Result;

impl Item {
    /// Whether a text is the address of a file in Google Cloud Storage, and so no name in a catalogue.
    pub fn is_address(text: &str) -> bool {
        ["gs://", "gcs://"].iter().any(|scheme| text.starts_with(scheme))
    }

    /// A file by its address.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when it is the address of no file.
    pub fn at(address: &str) -> Result<Self> {
        let asset = Asset::new("data", address, Role::Data);
        asset.download(None)?;
        Ok(Self {
            name: asset.file_name().to_owned(),
            cloud_hosted: asset.bucket().map(|_| true),
            assets: vec![asset],
            ..Self::new(Source::Address, address)
        })
    }
}

impl Asset {
    /// Takes up what the file's host tells of it.
    pub fn take(&mut self, facts: &Facts) {
        self.size = facts.size.map(Size::Exact);
        let told = facts.checksum.as_ref();
        self.checksum = told.map(|told| Checksum::new(told.algorithm().name(), told.value()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_items() {
        let item = Item::at("gs://bucket/a/x.nc").unwrap();
        assert_eq!((item.name.as_str(), item.cloud_hosted), ("x.nc", Some(true)));
        assert!(Item::is_address(&item.id) && !Item::is_address("ATL08"));
        for wrong in ["gs://bucket", "gs://bucket/", "gs:///x", "gs://bucket/store.zarr/"] {
            assert!(Item::at(wrong).is_err(), "{wrong}");
        }
    }
}
