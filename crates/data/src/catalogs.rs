//! Catalogues in files: Intake's (<https://intake.readthedocs.io/en/latest/catalog.html>) and intake-esm's
//! (<https://github.com/NCAR/esm-collection-spec>).

mod esm;
mod fill;
mod intake;

pub use esm::{EsmCatalog, EsmRows, EsmStream};
pub use intake::{IntakeCatalog, IntakeSource, Kind, Parameter};

use std::sync::Arc;

use url::Url;

use crate::address::Address;
use crate::documents;
use crate::error::{Error, Result};
use crate::http::Client;
use crate::json::text;
use crate::stac::Api;

/// A catalogue that was opened by its address.
pub enum Catalogue {
    /// A STAC API.
    Api(Box<Api>),
    /// A static STAC catalogue, to be walked from here.
    Static(Url),
    /// An intake-esm catalogue.
    Esm(Arc<EsmCatalog>),
    /// An Intake catalogue, to be walked from here.
    Intake(Url),
}

impl Catalogue {
    /// Opens what is at an address, whatever it is.
    ///
    /// # Errors
    /// When there is nothing, or no catalogue.
    pub async fn open(client: &Client, url: &Url) -> Result<Self> {
        let (at, bytes) = documents::read(client, url, documents::LONGEST).await?;
        match form_of(&bytes) {
            Some(Form::Intake) => Ok(Self::Intake(at)),
            Some(Form::Esm) => Ok(Self::Esm(Arc::new(EsmCatalog::open(client, &at).await?))),
            Some(Form::Stac) if has_search(&bytes) => Ok(Self::Api(Box::new(Api::open(client, url).await?))),
            Some(Form::Stac) => Ok(Self::Static(at)),
            None => Err(Error::Answer {
                address: Address::from(&at),
                what: "something that is no catalogue of STAC, Intake or intake-esm".to_owned(),
            }),
        }
    }
}

/// Whether a document of STAC links to a search.
fn has_search(bytes: &[u8]) -> bool {
    let read: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    crate::json::list(&read, &["links"]).any(|link| text(link, &["rel"]) == Some("search"))
}

/// What a catalogue's document is, by what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Intake's YAML.
    Intake,
    /// intake-esm's JSON.
    Esm,
    /// STAC: a landing page, a catalogue, a collection, an item or a feature collection.
    Stac,
}

/// Tells what a document is; `None` for what is no catalogue.
pub fn form_of(bytes: &[u8]) -> Option<Form> {
    let text_of = std::str::from_utf8(bytes).ok()?;
    if !text_of.trim_start().starts_with('{') {
        let read: serde_json::Value = serde_yaml::from_str(text_of).ok()?;
        return read.get("sources").is_some().then_some(Form::Intake);
    }
    let read: serde_json::Value = serde_json::from_str(text_of).ok()?;
    let kind = text(&read, &["type"]).unwrap_or_default();
    let stac = ["Catalog", "Collection", "Feature", "FeatureCollection"];
    if read.get("esmcat_version").is_some() {
        Some(Form::Esm)
    } else if stac.contains(&kind) || read.get("stac_version").is_some() {
        Some(Form::Stac)
    } else {
        read.get("sources").is_some().then_some(Form::Intake)
    }
}

/// Whether an address is in an object store.
fn in_store(href: &str) -> bool {
    ["s3://", "gs://", "gcs://", "abfs://", "az://"].iter().any(|scheme| href.starts_with(scheme))
}

/// The media type of a format as catalogues name it.
fn media_type(format: &str) -> Option<&'static str> {
    match format.to_ascii_lowercase().as_str() {
        "zarr" | "zarr2" | "zarr3" | "intake_xarray.xzarr.zarrsource" => Some("application/vnd.zarr"),
        "netcdf" | "intake_xarray.netcdf.netcdfsource" => Some("application/x-netcdf"),
        "opendap" => Some("application/x-opendap"),
        "reference" => Some("application/json"),
        "csv" => Some("text/csv"),
        "parquet" => Some("application/vnd.apache.parquet"),
        "rasterio" => Some("image/tiff"),
        _ => None,
    }
}
