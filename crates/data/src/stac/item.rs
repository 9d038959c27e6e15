//! A STAC item in the shape of all that can be found.

use serde_json::{Map, Value};
use url::Url;

use super::link;
use crate::found::{Asset, Checksum, Dataset, Item, Role, Size, Source};
use crate::geo::{Bbox, Geometry};
use crate::json::{at, list, owned, text};
use crate::times::{Interval, first};

/// Properties that the common shape has its own place for.
const KNOWN: [&str; 4] = ["datetime", "start_datetime", "end_datetime", "collection"];

/// Reads an item of any version. References are made whole by the address that the item came from. What
/// cannot be read is left out, for items come from everywhere.
pub fn to_item(mut raw: Value, base: &Url) -> Item {
    let base = link::href(&raw, "self", base).unwrap_or_else(|| base.clone());
    make_whole(&mut raw, &base);
    let geometry = Geometry::from_geojson(at(&raw, &["geometry"])).ok();
    let told = Bbox::from_geojson(at(&raw, &["bbox"])).filter(|bbox| bbox.problems().is_empty());
    let bbox = told.or_else(|| geometry.as_ref().and_then(Geometry::bbox));
    let properties = at(&raw, &["properties"]);
    let named: Map<String, Value> = at(&raw, &["assets"]).as_object().cloned().unwrap_or_default();
    let assets: Vec<Asset> = named.iter().filter_map(|(key, value)| asset(key, value, properties)).collect();
    let id = owned(&raw, &["id"]).or_else(|| owned(properties, &["id"])).unwrap_or_default();
    let sizes: Vec<Option<Size>> =
        assets.iter().filter(|asset| asset.role == Role::Data).map(|asset| asset.size).collect();
    let collection = owned(&raw, &["collection"]).or_else(|| owned(properties, &["collection"]));
    let provider = list(properties, &["providers"]).find_map(|provider| owned(provider, &["name"]));
    let rest = properties.as_object().into_iter().flatten();
    Item {
        source: Source::Stac,
        name: id.clone(),
        id,
        dataset: Dataset { id: collection, version: owned(properties, &["version"]), ..Dataset::default() },
        provider,
        revision: None,
        time: time(properties),
        geometry,
        bbox,
        size: if sizes.iter().all(Option::is_some) {
            sizes.into_iter().flatten().reduce(Size::and)
        } else {
            None
        },
        cloud_hosted: in_cloud(&assets),
        assets,
        properties: rest
            .filter(|(key, value)| !KNOWN.contains(&key.as_str()) && !value.is_null())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        raw,
    }
}

/// Makes the references of links and assets whole, so that the item can stand elsewhere.
fn make_whole(raw: &mut Value, base: &Url) {
    let assets = raw.get_mut("assets").and_then(Value::as_object_mut);
    for asset in assets.into_iter().flat_map(|assets| assets.values_mut()) {
        whole(asset, base);
    }
    let links = raw.get_mut("links").and_then(Value::as_array_mut);
    for link in links.into_iter().flatten() {
        whole(link, base);
    }
}

fn whole(holder: &mut Value, base: &Url) {
    let Some(Value::String(href)) = holder.get_mut("href") else { return };
    // Names of files on someone else's machine are no references.
    let foreign = href.starts_with('/') && base.scheme() != "file";
    if !href.contains("://")
        && !href.trim().is_empty()
        && !foreign
        && let Ok(url) = base.join(href)
    {
        *href = url.into();
    }
}

fn time(properties: &Value) -> Interval {
    let moment = |key: &str| text(properties, &[key]).and_then(first);
    match (moment("start_datetime"), moment("end_datetime"), moment("datetime")) {
        (None, None, Some(moment)) => Interval::at(moment),
        (start, end, _) => Interval { start, end },
    }
}

fn asset(key: &str, value: &Value, properties: &Value) -> Option<Asset> {
    let href = text(value, &["href"])?;
    let mut asset = Asset::new(key, href, role(key, value));
    asset.media_type = owned(value, &["type"]);
    asset.title = owned(value, &["title"]);
    asset.size = at(value, &["file:size"]).as_u64().map(Size::Exact);
    asset.checksum = text(value, &["file:checksum"])
        .or_else(|| text(value, &["checksum:multihash"]))
        .and_then(Checksum::from_multihash);
    let alternates = at(value, &["alternate"]).as_object().into_iter().flatten();
    let mut hrefs = alternates.filter_map(|(_, alternate)| text(alternate, &["href"]));
    asset.s3 = hrefs.find(|href| href.starts_with("s3://")).map(str::to_owned);
    asset.region = owned(value, &["storage:region"])
        .or_else(|| owned(properties, &["storage:region"]))
        .or_else(|| region_of(&asset.href));
    Some(asset)
}

fn role(key: &str, value: &Value) -> Role {
    let roles: Vec<&str> = list(value, &["roles"]).filter_map(Value::as_str).collect();
    let has = |names: &[&str]| roles.iter().any(|role| names.contains(role));
    if has(&["data", "reflectance", "visual", "zarr"]) {
        return Role::Data;
    }
    if has(&["thumbnail", "overview", "browse"]) {
        return Role::Browse;
    }
    if has(&["metadata", "index", "iso-19115"]) {
        return Role::Metadata;
    }
    let key = key.to_ascii_lowercase();
    let media = text(value, &["type"]).unwrap_or_default();
    let about = ["metadata", "mtl", "index", "info", "tilejson", "manifest", "provenance"];
    match key.as_str() {
        key if key.contains("thumbnail") || key.contains("preview") || key == "browse" => Role::Browse,
        key if about.iter().any(|part| key.contains(part)) => Role::Metadata,
        _ if media.starts_with("text/html") => Role::Documentation,
        _ if roles.is_empty() || media.starts_with("image/tiff") || media.contains("netcdf") => Role::Data,
        _ => Role::Other,
    }
}

/// The region that an address in S3 names: `BUCKET.s3.REGION.amazonaws.com`, `s3-REGION.amazonaws.com`.
fn region_of(href: &str) -> Option<String> {
    let url: Url = href.parse().ok()?;
    let host = url.host_str()?.strip_suffix(".amazonaws.com")?;
    let region = host.rsplit(['.']).next()?;
    let region = region.strip_prefix("s3-").unwrap_or(region);
    let looks = region.split('-').count() >= 3 && region.ends_with(|last: char| last.is_ascii_digit());
    looks.then(|| region.to_owned())
}

/// Whether the data is in a cloud's object store by its addresses; `None` where there is no data.
fn in_cloud(assets: &[Asset]) -> Option<bool> {
    const SCHEMES: [&str; 5] = ["s3://", "gs://", "gcs://", "abfs://", "az://"];
    const HOSTS: [&str; 4] =
        [".amazonaws.com", "storage.googleapis.com", ".blob.core.windows.net", ".earthdatacloud.nasa.gov"];
    let stored = |asset: &Asset| {
        let host = asset.href.parse::<Url>().ok().and_then(|url| url.host_str().map(str::to_owned));
        asset.s3.is_some()
            || SCHEMES.iter().any(|scheme| asset.href.starts_with(scheme))
            || host.is_some_and(|host| HOSTS.iter().any(|end| host.ends_with(end)))
    };
    let mut data = assets.iter().filter(|asset| asset.role == Role::Data).peekable();
    data.peek()?;
    Some(data.any(stored))
}
