//! Earth-science data where it lies: log in to Earthdata, find what there is, bring it.
//!
//! A library without a process of its own: it prints nothing, and reads the environment, the files of
//! the home and the clock through [`Surroundings`] only, which tests make. Everything
//! that waits is async and runs on the caller's tokio runtime.
//!
//! * [`http`]: every request of the crate: retries, redirects by hand, counting.
//! * [`login`]: who asks: found, kept valid, shown only where it belongs.
//! * [`cmr`], [`stac`], [`catalogs`]: finding data in NASA's catalogue, in STAC, in Intake catalogues.
//! * [`found`]: what they find, in one shape; with [`geo`] and [`times`].
//! * [`credentials`]: keys for S3, renewed inside running work.
//! * [`region`]: where this runs and where the data is, and so S3 or HTTPS.
//! * [`download`]: files brought to a folder, resumed, checked.
//! * [`remote`]: one object, read from any byte on.
//! * [`handle`]: an object open for reading, with a [`cache`] that adapts to how it is read.
//! * [`ranges`]: an object's bytes by ranges; [`dataset`]: what a file or store of arrays holds.
//! * [`hdf5`]: HDF5 and NetCDF4; [`netcdf`]: NetCDF classic.
//! * [`objects`]: objects by keys; [`zarr`]: arrays that lie in them.
//! * [`references`]: the same where chunks lie in other files.
//! * [`cog`]: images that know where on the Earth they lie.
//! * [`cube`]: images of many STAC items on one grid.
//! * [`open`](mod@open): any of these by its address; [`select`]: parts of it by what its coordinates say.
//! * [`limits`]: how much memory a file may make a reader take.
//! * [`cf`]: what stored numbers mean; [`counting`]: what reading took.
//! * [`Error`]: what went wrong, by meaning, with the address (without secrets) and what to do.
//!
//! ```no_run
//! use frazil_data::Surroundings;
//! use frazil_data::download::{Downloader, Item, Options, Silent};
//! use frazil_data::http::{Client, Settings};
//! use frazil_data::login::{Earthdata, Reference, Session};
//! use frazil_data::region::Whereabouts;
//!
//! # async fn bring(url: url::Url) -> frazil_data::Result<()> {
//! let surroundings = Surroundings::of_process();
//! let client = Client::new(Settings::of(&surroundings)?, &surroundings)?;
//! let session = Session::find(client.clone(), &Reference::usual(Earthdata::production()))?;
//! let downloader = Downloader::new(&session, &Whereabouts::new(client), Options::default());
//! let report = downloader.download(&[Item::https(url)?], "granules".as_ref(), &Silent).await?;
//! assert!(report.is_complete());
//! # Ok(())
//! # }
//! ```

mod address;
pub mod cache;
pub mod catalogs;
pub mod cf;
pub mod cmr;
pub mod cog;
mod cores;
pub mod counting;
pub mod credentials;
pub mod cube;
pub mod dataset;
mod documents;
pub mod download;
mod error;
pub mod found;
pub mod geo;
pub mod handle;
pub mod hdf5;
pub mod http;
mod inflate;
mod json;
pub mod limits;
pub mod login;
mod mosaic;
mod near;
pub mod netcdf;
pub mod objects;
pub mod open;
mod overlap;
mod passes;
mod pieces;
pub mod ranges;
pub mod references;
pub mod region;
pub mod remote;
mod secret;
pub mod select;
pub mod stac;
mod surroundings;
pub mod times;
pub mod zarr;

pub use address::Address;
pub use documents::locate;
pub use error::{Error, Result};
pub use secret::{ExposeSecret, SecretString};
pub use surroundings::{Clock, Surroundings};
