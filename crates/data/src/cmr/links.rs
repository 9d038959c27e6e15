//! `RelatedUrls` of UMM as assets: by type and subtype, the same file over HTTPS and in S3 as one.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::found::{Asset, Role};
use crate::json::{list, owned, text};

/// Types of links that hold the data.
const DATA: [&str; 2] = ["GET DATA", "GET DATA VIA DIRECT ACCESS"];

/// The assets of `RelatedUrls`. Addresses of schemes that cannot be fetched are left out.
pub(super) fn assets(urls: &Value) -> Vec<Asset> {
    let mut assets: Vec<Asset> = Vec::new();
    // By role and file, where the same was seen over HTTPS.
    let mut seen: HashMap<(Role, String), usize> = HashMap::new();
    let mut in_s3 = Vec::new();
    for link in list(urls, &[]) {
        let Some(asset) = asset(link) else { continue };
        if asset.href.starts_with("s3://") {
            in_s3.push(asset);
        } else {
            seen.entry((asset.role, asset.file_name().to_owned())).or_insert(assets.len());
            assets.push(asset);
        }
    }
    for asset in in_s3 {
        let same = seen.get(&(asset.role, asset.file_name().to_owned())).copied();
        match same.and_then(|index| assets.get_mut(index)) {
            Some(same) if same.s3.is_none() => same.s3 = Some(asset.href),
            _ => assets.push(asset),
        }
    }
    name(&mut assets);
    assets
}

fn asset(link: &Value) -> Option<Asset> {
    let href = text(link, &["URL"])?;
    let fetched = ["https://", "http://", "s3://", "gs://", "ftp://"];
    fetched.iter().any(|scheme| href.starts_with(scheme)).then_some(())?;
    let mut asset = Asset::new(String::new(), href, role(link, href));
    asset.media_type = owned(link, &["MimeType"]).filter(|media| media.contains('/'));
    asset.title = owned(link, &["Description"]);
    Some(asset)
}

fn role(link: &Value, href: &str) -> Role {
    let kind = text(link, &["Type"]).unwrap_or_default();
    let subtype = text(link, &["Subtype"]).unwrap_or_default();
    let path = href.split(['?', '#']).next().unwrap_or(href).to_ascii_lowercase();
    if path.ends_with("/s3credentials") {
        return Role::Credentials;
    }
    let sidecar = [".dmrpp", ".md5", ".sha256", ".cmr.xml", ".cmr.json", ".iso.xml", ".met"];
    match kind {
        kind if DATA.contains(&kind) => {
            if sidecar.iter().any(|end| path.ends_with(end)) {
                Role::Metadata
            } else {
                Role::Data
            }
        }
        "EXTENDED METADATA" => Role::Metadata,
        "GET RELATED VISUALIZATION" => Role::Browse,
        "USE SERVICE API" | "GET CAPABILITIES" => Role::Service,
        "VIEW RELATED INFORMATION" if sidecar.iter().any(|end| path.ends_with(end)) => Role::Metadata,
        "VIEW RELATED INFORMATION" if subtype == "S3 CREDENTIALS API" => Role::Credentials,
        "VIEW RELATED INFORMATION" | "DATA SET LANDING PAGE" => Role::Documentation,
        _ => Role::Other,
    }
}

/// Gives each asset a name of its own: its file's name, or the role where an address has none.
fn name(assets: &mut [Asset]) {
    let mut taken = HashSet::new();
    for asset in assets {
        let file = asset.file_name();
        let base = match asset.role {
            Role::Credentials | Role::Service => asset.role.name(),
            role if file.is_empty() => role.name(),
            _ => file,
        }
        .to_owned();
        let mut key = base.clone();
        let mut count = 1;
        while !taken.insert(key.clone()) {
            count += 1;
            key = format!("{base}-{count}");
        }
        asset.key = key;
    }
}

/// Whether the data is in a bucket.
pub(super) fn in_cloud(assets: &[Asset]) -> bool {
    let data = || assets.iter().filter(|asset| asset.role == Role::Data);
    data().any(|asset| asset.bucket().is_some()) || assets.iter().any(|asset| asset.role == Role::Credentials)
}
