//! Opening by address: whatever format it has, wherever it lies, counted.
//!
//! An [`Opener`] knows who asks, where this runs and who counts. It gives handles to objects
//! ([`Opener::handle`]) and datasets of any format ([`Opener::open`]); what references name is opened by
//! the same one. Each handle is counted under a [`Label`] of its own.

mod costs;
mod format;
mod target;

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

pub use format::Format;

use crate::address::{Address, location};
use crate::cog::Cog;
use crate::counting::{Books, Label, Meter, route};
use crate::dataset::Dataset;
use crate::download::{Item, Routes, Silent};
use crate::error::{Error, Result};
use crate::handle::{self, Description, Handle, Logins, ReaderOf};
use crate::hdf5::Hdf5;
use crate::limits::Limits;
use crate::netcdf::NetCdf;
use crate::objects::{Folder, Objects, Opens, Prefix, blocking};
use crate::ranges::Ranges;
use crate::references::{Base, open_dmrpp, open_json, open_parquet};
use crate::region::{Access, Region, Whereabouts};
use crate::remote::{GoogleStorage, Remote};
use crate::stac::Signer;
use crate::zarr::Zarr;
use target::Target;

/// How something is opened. The default is for what is open to all.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The dataset that it is of, such as `ATL03.006`, for who counts.
    pub dataset: String,
    /// The format, where neither name nor first bytes are to decide.
    pub format: Option<Format>,
    /// Who reads objects of S3; where nobody is named, the account at Amazon if there is one, else anybody.
    pub reader: Option<ReaderOf>,
    /// The region of buckets, where it is known: nobody need be asked.
    pub region: Option<String>,
    /// Where S3 or Google Cloud Storage answers, instead of at Amazon or Google.
    pub endpoint: Option<Url>,
    /// Whether the reader pays for objects of S3.
    pub requester_pays: bool,
    /// The project of Google Cloud that pays.
    pub payer: Option<String>,
    /// How objects are read and kept.
    pub handle: handle::Options,
    /// How much memory files may take.
    pub limits: Limits,
}

/// Opens what lies at addresses. A clone is the same.
#[derive(Clone)]
pub struct Opener {
    logins: Logins,
    whereabouts: Whereabouts,
    routes: Arc<Routes>,
    google: GoogleStorage,
    signer: Signer,
    books: Books,
}

/// A dataset that is open, and what was counted for it.
#[derive(Clone, Debug)]
pub struct Opened {
    dataset: Arc<dyn Dataset>,
    handle: Option<Handle>,
    meter: Option<Arc<Meter>>,
    by: Arc<ByReference>,
}

impl Opened {
    /// The dataset.
    pub fn dataset(&self) -> &Arc<dyn Dataset> {
        &self.dataset
    }

    /// The object that it lies in, where it is one.
    pub fn handle(&self) -> Option<&Handle> {
        self.handle.as_ref()
    }

    /// What counts for it; nothing for files of this machine. Objects that references name are counted
    /// by others: see [`Books`].
    pub fn meter(&self) -> Option<&Arc<Meter>> {
        self.meter.as_ref()
    }
}

impl Opener {
    /// Opens as these logins allow; objects of archives by S3 or HTTPS as `access` says.
    pub fn new(logins: Logins, whereabouts: &Whereabouts, access: Access, books: Books) -> Self {
        let (client, session) = (logins.client.clone(), logins.session.clone());
        let google = GoogleStorage::new(&client, whereabouts, None);
        let google = logins.google.clone().into_iter().fold(google, GoogleStorage::with_account);
        let signer = Signer::new(client.clone());
        let routes = Routes::new(client, session, whereabouts.clone(), access, google.clone());
        let routes = routes.with_keys(logins.keys.clone());
        Self { logins, whereabouts: whereabouts.clone(), routes: Arc::new(routes), google, signer, books }
    }

    /// All that is counted.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// A handle of the object at an address (`https`, `s3`, `gs`, `file`), or of the file at a path.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that is none, [`Error::NoLogin`] where a login is needed that is
    /// not there, [`Error::File`] for a file that cannot be read; what keeps a bucket's region from being known.
    pub async fn handle(&self, address: &str, opening: &Opening) -> Result<Handle> {
        match Target::of(address)? {
            Target::File(path) => Handle::local(&path),
            Target::Remote(url) => self.handle_of(&url, opening, true).await,
        }
    }

    /// A handle of a file of a granule or an item, by the way that is best from here; where S3 is not
    /// open to us, by HTTPS.
    ///
    /// # Errors
    /// As [`Opener::handle`]; what keeps the object from being read, where it lies in S3.
    pub async fn handle_of_item(&self, item: &Item, opening: &Opening) -> Result<Handle> {
        let remote = self.way(item, opening).await?;
        let handle = self.counted_as(item, remote.clone(), opening).await;
        // Bytes are asked for now, while another way is left.
        match handle.length().await {
            Err(error) if self.routes.falls_back(item, &remote, &error, &Silent).await? => {
                let remote = self.way(item, opening).await?;
                Ok(self.counted_as(item, remote, opening).await)
            }
            Err(error) if matches!(remote, Remote::S3(_)) => Err(error),
            _ => Ok(handle),
        }
    }

    async fn way(&self, item: &Item, opening: &Opening) -> Result<Remote> {
        if let (None, None, Some(google)) = (&item.s3, &item.https, &item.google) {
            let storage = self.google.seen_by(opening.payer.as_deref(), opening.endpoint.as_ref());
            return Ok(Remote::Google(storage.object(&google.bucket, &google.key).await?));
        }
        self.routes.to(item, &Silent).await
    }

    /// A handle whose bucket is the one that the catalogue tells.
    async fn counted_as(&self, item: &Item, remote: Remote, opening: &Opening) -> Handle {
        let s3 = item.s3.as_ref();
        let bucket = s3.map_or_else(|| remote.place(), |s3| s3.bucket.clone());
        let region = match s3.and_then(|s3| s3.region.as_deref()) {
            Some(region) => Some(Region::aws(region)),
            None => self.region(&remote, opening.region.as_deref()).await,
        };
        self.counted(remote, opening, bucket, region).await
    }

    /// A handle that was described in another process, counted here.
    ///
    /// # Errors
    /// As [`Description::open`].
    pub async fn handle_again(&self, description: &Description, dataset: &str) -> Result<Handle> {
        if let handle::Place::File(path) = &description.place {
            return Handle::local(path);
        }
        let remote = self.signed(description.remote(&self.logins)?);
        let (bucket, told) = match &description.counted {
            Some(counted) => (counted.bucket.clone(), Region::parse(&counted.region)),
            None => (remote.place(), None),
        };
        let region = if told.is_some() { told } else { self.region(&remote, None).await };
        let meter = self.meter(&remote, dataset, bucket, region).await;
        let (options, pin) = (description.options.clone(), description.pin.clone());
        Ok(Handle::counted(remote, options, pin, Some(meter), self.logins.client.surroundings()))
    }

    /// Opens the file or store at an address or path, in the format that it has.
    ///
    /// # Errors
    /// As [`Opener::handle`]; [`Error::UnknownFormat`] for another one; [`Error::Damaged`] for
    /// what cannot be read.
    pub async fn open(&self, address: &str, opening: &Opening) -> Result<Opened> {
        let named = opening.format.or_else(|| Format::of_name(address));
        match Target::of(address)? {
            Target::File(path) => self.open_file(path, named, opening).await,
            Target::Remote(url) => self.open_remote(&url, named, opening).await,
        }
    }

    /// Opens a handle in the format that its object has: what is one object.
    ///
    /// # Errors
    /// As [`Opener::open`].
    pub async fn open_handle(&self, handle: Handle, opening: &Opening) -> Result<Opened> {
        let address = handle.address();
        let named = opening.format.or_else(|| Format::of_name(address.as_str()));
        let base = handle.file().map_or_else(
            || location(address.as_str()).map(Base::Remote).map_err(|_| no_address(address.as_str())),
            |path| Ok(Base::File(path.to_owned())),
        )?;
        self.opened(handle, named, base, opening).await
    }

    async fn open_file(
        &self,
        path: std::path::PathBuf,
        named: Option<Format>,
        opening: &Opening,
    ) -> Result<Opened> {
        if !path.is_dir() {
            return self.opened(Handle::local(&path)?, named, Base::File(path), opening).await;
        }
        let looked_at = path.clone();
        let of_folder = blocking(move || Ok(Format::of_folder(&looked_at))).await?;
        let folder: Arc<dyn Objects> = Arc::new(Folder::new(path.clone()));
        let dataset =
            self.store(folder, opening.format.unwrap_or(of_folder), Base::File(path), opening).await?;
        Ok(Opened { dataset, handle: None, meter: None, by: self.by(opening) })
    }

    async fn open_remote(&self, url: &Url, named: Option<Format>, opening: &Opening) -> Result<Opened> {
        if let Some(format @ (Format::Zarr | Format::KerchunkParquet)) = named {
            return self.open_store(url, format, opening).await;
        }
        let handle = self.handle_of(url, opening, true).await?;
        match self.opened(handle, named, Base::Remote(url.clone()), opening).await {
            // What is no object may be a folder of them.
            Err(absent @ Error::NotFound { .. }) if named.is_none() => {
                self.open_store(url, Format::Zarr, opening).await.map_err(|error| match error {
                    Error::Invalid { .. } => absent,
                    error => error,
                })
            }
            opened => opened,
        }
    }

    async fn open_store(&self, url: &Url, format: Format, opening: &Opening) -> Result<Opened> {
        match self.store_at(url, format, opening).await {
            Err(error) if self.falls_back(url, opening, &error).await? => {
                self.store_at(url, format, opening).await
            }
            opened => opened,
        }
    }

    async fn store_at(&self, url: &Url, format: Format, opening: &Opening) -> Result<Opened> {
        let remote = self.remote(url, opening).await?;
        let (bucket, region) = (remote.place(), self.region(&remote, opening.region.as_deref()).await);
        let meter = self.meter(&remote, &opening.dataset, bucket, region).await;
        let surroundings = self.logins.client.surroundings();
        let prefix = Prefix::new(remote, opening.handle.clone(), Some(Arc::clone(&meter)), surroundings);
        let dataset = self.store(Arc::new(prefix), format, Base::Remote(url.clone()), opening).await?;
        Ok(Opened { dataset, handle: None, meter: Some(meter), by: self.by(opening) })
    }

    async fn store(
        &self,
        objects: Arc<dyn Objects>,
        format: Format,
        base: Base,
        opening: &Opening,
    ) -> Result<Arc<dyn Dataset>> {
        if format != Format::KerchunkParquet {
            let zarr = Zarr::open(Arc::clone(&objects), opening.limits).await?;
            // References look like a store whose chunks were never written.
            if !zarr.is_of_references() {
                return Ok(Arc::new(zarr));
            }
        }
        Ok(Arc::new(open_parquet(objects, base, self.opens(opening), opening.limits).await?))
    }

    async fn opened(
        &self,
        handle: Handle,
        named: Option<Format>,
        base: Base,
        opening: &Opening,
    ) -> Result<Opened> {
        let limits = opening.limits;
        let format = match named {
            Some(format) => format,
            None => Format::of_bytes(&handle, &handle.address()).await?,
        };
        let ranges: Arc<dyn Ranges> = Arc::new(handle.clone());
        let dataset: Arc<dyn Dataset> = match format {
            Format::Hdf5 => Arc::new(Hdf5::open(ranges, limits).await?),
            Format::NetCdf => Arc::new(NetCdf::open(ranges, limits).await?),
            Format::GeoTiff => Arc::new(Cog::open(ranges, limits).await?),
            Format::KerchunkJson => {
                let document = ranges.whole(limits.metadata).await?;
                Arc::new(open_json(&document, base, self.opens(opening), limits).await?)
            }
            Format::DmrPp => {
                let document = ranges.whole(limits.metadata).await?;
                Arc::new(open_dmrpp(&document, base, self.opens(opening), limits).await?)
            }
            Format::Zarr | Format::KerchunkParquet => return Err(no_folder(&handle.address())),
        };
        let meter = handle.meter().cloned();
        Ok(Opened { dataset, handle: Some(handle), meter, by: self.by(opening) })
    }

    fn opens(&self, opening: &Opening) -> Arc<dyn Opens> {
        self.by(opening)
    }

    fn by(&self, opening: &Opening) -> Arc<ByReference> {
        // Of what references name, neither format nor place is told by who opens the references.
        let opening = Opening { format: None, ..opening.clone() };
        Arc::new(ByReference { opener: self.clone(), opening })
    }

    async fn handle_of(&self, url: &Url, opening: &Opening, will_be_read: bool) -> Result<Handle> {
        let handle = self.handle_at(url, opening).await?;
        if url.scheme() != "gs" {
            return Ok(handle);
        }
        // Google tells who may read when bytes are asked for: now, while another reader is left.
        let told = if will_be_read { handle.length().await } else { handle.length_alone().await };
        match told {
            Err(error) if self.falls_back(url, opening, &error).await? => self.handle_at(url, opening).await,
            _ => Ok(handle),
        }
    }

    async fn handle_at(&self, url: &Url, opening: &Opening) -> Result<Handle> {
        let remote = self.remote(url, opening).await?;
        let (bucket, region) = (remote.place(), self.region(&remote, opening.region.as_deref()).await);
        Ok(self.counted(remote, opening, bucket, region).await)
    }

    async fn counted(
        &self,
        remote: Remote,
        opening: &Opening,
        bucket: String,
        region: Option<Region>,
    ) -> Handle {
        let meter = self.meter(&remote, &opening.dataset, bucket, region).await;
        let surroundings = self.logins.client.surroundings();
        Handle::counted(remote, opening.handle.clone(), None, Some(meter), surroundings)
    }

    async fn meter(
        &self,
        remote: &Remote,
        dataset: &str,
        bucket: String,
        region: Option<Region>,
    ) -> Arc<Meter> {
        self.books.meter(self.label(remote, dataset, bucket, region).await)
    }

    async fn label(&self, remote: &Remote, dataset: &str, bucket: String, region: Option<Region>) -> Label {
        let here = self.whereabouts.here().await;
        Label {
            dataset: dataset.to_owned(),
            bucket,
            route: route(here.region.as_ref(), region.as_ref()),
            region: region.map(|region| region.to_string()).unwrap_or_default(),
            requester_pays: remote.requester_pays(),
        }
    }
}

/// Opens what references name.
struct ByReference {
    opener: Opener,
    opening: Opening,
}

#[async_trait]
impl Opens for ByReference {
    async fn open(&self, url: &Url) -> Result<Arc<dyn Ranges>> {
        Ok(Arc::new(self.opener.handle_of(url, &self.opening, false).await?))
    }
}

impl std::fmt::Debug for ByReference {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ByReference").finish_non_exhaustive()
    }
}

fn no_folder(address: &Address) -> Error {
    Error::Invalid {
        what: format!("{address} is one object, and a store of arrays is a folder of them"),
        advice: "give the folder that holds zarr.json, .zgroup or .zmetadata".to_owned(),
    }
}

fn no_address(address: &str) -> Error {
    Error::Invalid {
        what: format!("`{address}` is no address"),
        advice: "write https://…, s3://BUCKET/KEY, gs://BUCKET/KEY or a path".to_owned(),
    }
}
