//! Documents of catalogues: over HTTPS, or files of this machine.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use url::Url;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Client, Request};
use crate::stac;

/// Most bytes of a document. Tables of catalogues have up to some 500 MB unpacked.
pub(crate) const LONGEST: usize = 1 << 30;

/// The address of what a person names: the short name of a STAC API, a URL, or a path of this machine.
///
/// # Errors
/// When it is neither.
pub fn locate(name: &str, folder: &Path) -> Result<Url> {
    let wrong = || Error::Invalid {
        what: format!("`{name}` is neither a path nor an address that can be read"),
        advice: "write it as https://…, as s3:// or gs:// of a public bucket's HTTPS address, or as a path"
            .to_owned(),
    };
    match stac::service(name).unwrap_or(name).parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "https" | "http" | "file") => Ok(url),
        // One letter is a drive, more are a scheme.
        Ok(url) if url.scheme().len() > 1 => Err(wrong()),
        _ => Url::from_file_path(folder.join(name)).map_err(|()| wrong()),
    }
}

/// Reads a document; gives it with the address it came from in the end.
///
/// # Errors
/// When it is not there, or cannot be read.
pub(crate) async fn read(client: &Client, url: &Url, limit: usize) -> Result<(Url, Bytes)> {
    if url.scheme() == "file" {
        let path = url.to_file_path().map_err(|()| Error::Invalid {
            what: format!("{} is no file of this machine", Address::from(url)),
            advice: "write it as file:///PATH".to_owned(),
        })?;
        return Ok((url.clone(), local(path, limit).await?));
    }
    let whole = client.fetch(&Request::get(url.clone()), limit).await?;
    Ok((whole.url, whole.bytes))
}

async fn local(path: PathBuf, limit: usize) -> Result<Bytes> {
    let length = tokio::fs::metadata(&path).await.map_err(Error::file(&path, "read"))?.len();
    if usize::try_from(length).map_or(true, |length| length > limit) {
        let source = std::io::Error::other(format!("it has more than {limit} bytes"));
        return Err(Error::File { path, doing: "read", source });
    }
    let bytes = tokio::fs::read(&path).await.map_err(Error::file(&path, "read"))?;
    Ok(bytes.into())
}
