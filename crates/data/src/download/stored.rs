//! The checksum that Google Cloud Storage tells of an object
//! (<https://cloud.google.com/storage/docs/xml-api/reference-headers>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;

use super::checksum::Checksum;

/// The checksum of the stored bytes, of answers whose bytes these are: MD5, which composed objects have not,
/// else CRC-32C. None where what is stored compressed comes without it, so that other bytes come.
pub(super) fn checksum(headers: &HeaderMap, total: Option<u64>) -> Option<Checksum> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let plain = text("x-goog-stored-content-encoding").is_none_or(|coding| coding == "identity");
    let stored = text("x-goog-stored-content-length").and_then(|length| length.parse::<u64>().ok());
    if !plain || stored.is_some_and(|stored| Some(stored) != total) {
        return None;
    }
    let told = headers.get_all("x-goog-hash").iter().filter_map(|value| value.to_str().ok());
    let told: Vec<(&str, &str)> =
        told.flat_map(|value| value.split(',')).filter_map(|pair| pair.trim().split_once('=')).collect();
    let of = |name: &str, algorithm: &str| {
        let (_, value) = told.iter().find(|(known, _)| *known == name)?;
        let bytes = STANDARD.decode(value).ok()?;
        Checksum::new(algorithm, &bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    of("md5", "MD5").or_else(|| of("crc32c", "CRC-32C"))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn told(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        checksum(&map, Some(3)).map(|checksum| checksum.to_string())
    }

    #[test]
    fn the_best_checksum_of_the_bytes_that_come_is_taken() {
        let (crc, md5) =
            (("x-goog-hash", "crc32c=Nks/tw=="), ("x-goog-hash", "md5=kAFQmDzST7DWlj99KOF/cg=="));
        let as_md5 = Some("MD5 900150983cd24fb0d6963f7d28e17f72".to_owned());
        assert_eq!(told(&[crc, md5]), as_md5);
        assert_eq!(told(&[("x-goog-hash", "crc32c=Nks/tw==,md5=kAFQmDzST7DWlj99KOF/cg==")]), as_md5);
        assert_eq!(told(&[crc, ("x-goog-stored-content-length", "3")]).as_deref(), Some("CRC-32C 364b3fb7"));
        assert_eq!(told(&[md5, ("x-goog-stored-content-length", "2")]), None);
        assert_eq!(told(&[md5, ("x-goog-stored-content-encoding", "gzip")]), None);
        for wrong in ["", "md5", "md5=%", "md5=Nks/tw==", "crc32c="] {
            assert_eq!(told(&[("x-goog-hash", wrong)]), None, "{wrong}");
        }
    }
}
