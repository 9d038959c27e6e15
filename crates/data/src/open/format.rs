//! Which format something has: by its name where that tells, else by its first bytes.

use std::path::Path;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::handle::Handle;

/// So many bytes are looked at: an HDF5 file may begin behind 512, 1024, 2048 … bytes of somebody else.
const LOOKED_AT: u64 = 64 << 10;
/// How HDF5 begins.
const HDF5: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
/// How references of Kerchunk and DMR++ may begin, before what they are begins.
const BLANK: [u8; 4] = *b" \t\r\n";

/// A format of arrays that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// HDF5, and NetCDF4.
    Hdf5,
    /// NetCDF classic.
    NetCdf,
    /// TIFF, with or without a place on the Earth.
    GeoTiff,
    /// Zarr v2 or v3.
    Zarr,
    /// References of Kerchunk in JSON.
    KerchunkJson,
    /// References of Kerchunk in Parquet: a folder.
    KerchunkParquet,
    /// OPeNDAP's DMR++.
    DmrPp,
}

impl Format {
    /// What an address or path says by its ending: only what must be known before a byte is read, or what no
    /// byte would tell.
    pub(super) fn of_name(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/').to_ascii_lowercase();
        let ends = |ending: &str| path.ends_with(ending);
        if ends(".zarr") {
            Some(Self::Zarr)
        } else if ends(".parq") || ends(".parquet") {
            Some(Self::KerchunkParquet)
        } else if ends(".dmrpp") || ends(".dmrpp.gz") || ends(".dmr.xml") || ends(".dmr.xml.gz") {
            Some(Self::DmrPp)
        } else {
            None
        }
    }

    /// What a folder of this machine holds.
    pub(super) fn of_folder(path: &Path) -> Self {
        let is_parquet = || {
            let text = std::fs::read_to_string(path.join(".zmetadata")).ok()?;
            let said: serde_json::Value = serde_json::from_str(&text).ok()?;
            said.get("record_size").map(drop)
        };
        if is_parquet().is_some() { Self::KerchunkParquet } else { Self::Zarr }
    }

    /// What the first bytes of an object tell.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] for bytes of nothing that can be opened; what keeps them from being read.
    pub(super) async fn of_bytes(handle: &Handle, address: &Address) -> Result<Self> {
        let bytes = handle.read_at(0, LOOKED_AT).await?;
        Self::of_head(&bytes)
            .ok_or_else(|| Error::UnknownFormat { address: address.clone(), beginning: shown(&bytes) })
    }

    fn of_head(bytes: &[u8]) -> Option<Self> {
        if let b"II\x2a\0" | b"MM\0\x2a" | b"II\x2b\0" | b"MM\0\x2b" = bytes.get(..4)? {
            return Some(Self::GeoTiff);
        }
        if let b"CDF\x01" | b"CDF\x02" | b"CDF\x05" = &bytes[..4] {
            return Some(Self::NetCdf);
        }
        let blocks = std::iter::successors(Some(512usize), |at| at.checked_mul(2));
        let mut places = std::iter::once(0).chain(blocks).take_while(|at| *at < bytes.len());
        if places.any(|at| bytes[at..].starts_with(&HDF5)) {
            return Some(Self::Hdf5);
        }
        match bytes.iter().find(|byte| !BLANK.contains(byte))? {
            b'{' | b'[' => Some(Self::KerchunkJson),
            b'<' if !is_page(bytes) => Some(Self::DmrPp),
            _ => None,
        }
    }
}

/// Whether it is a page for people, such as archives show to who is not logged in.
fn is_page(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start().get(..14).unwrap_or_default().to_ascii_lowercase();
    start.starts_with(b"<html") || start == b"<!doctype html"
}

/// The first bytes, for messages.
fn shown(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing: it is empty".to_owned(),
        bytes => format!("`{}`", bytes[..bytes.len().min(16)].escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_format() {
        let mut behind = vec![0; 3000];
        behind[2048..2056].copy_from_slice(&HDF5);
        for (bytes, format) in [
            (HDF5.as_slice(), Some(Format::Hdf5)),
            (&behind, Some(Format::Hdf5)),
            (b"CDF\x05...", Some(Format::NetCdf)),
            (b"CDF\x07...", None),
            (b"MM\0\x2b....", Some(Format::GeoTiff)),
            (b"\n {\"version\": 1}", Some(Format::KerchunkJson)),
            (b"<?xml version=\"1.0\"?>", Some(Format::DmrPp)),
            (b"\n<!DOCTYPE html><title>", None),
            (b"<html><body></body>", None),
            (b"PK\x03\x04....", None),
            (b"", None),
            (b"II", None),
        ] {
            assert_eq!(Format::of_head(bytes), format, "{}", shown(bytes));
        }
    }

    #[test]
    fn names_tell_what_no_first_byte_could() {
        assert_eq!(Format::of_name("s3://b/a.zarr/"), Some(Format::Zarr));
        assert_eq!(Format::of_name("refs.PARQ"), Some(Format::KerchunkParquet));
        assert_eq!(Format::of_name("https://a/x.h5.dmrpp"), Some(Format::DmrPp));
        assert_eq!(Format::of_name("x.h5"), None);
    }
}
