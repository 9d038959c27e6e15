//! What lies directly below a prefix of a bucket, page by page, as S3 (`ListObjectsV2`) and Google Cloud
//! Storage (`Objects: list` of the JSON API) tell it.

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

use super::{GoogleObject, Remote, S3Object};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::Answer;

/// Most bytes of a page: both stores give at most a thousand names of 1024 bytes, and what belongs to them.
const PAGE: usize = 8 << 20;

/// A page of names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    /// Whole keys of objects, and prefixes, which end in `/`.
    keys: Vec<String>,
    /// By what the next page is asked for; none for the last one.
    next: Option<String>,
}

impl Remote {
    /// The names directly below this object's own key, if that is taken for a folder; none where a host has
    /// no list. No more than `most`.
    ///
    /// # Errors
    /// What keeps the list from being had; [`Error::Damaged`] for one with more than `most` names.
    pub(crate) async fn names(&self, most: u64) -> Result<Option<Vec<String>>> {
        let prefix = match self {
            Self::Https(_) => return Ok(None),
            Self::S3(object) => folder(object.key()),
            Self::Google(object) => folder(object.key()),
        };
        let mut names = BTreeSet::new();
        let mut token = None;
        loop {
            let page = match self {
                Self::Https(_) => Page::default(),
                Self::S3(object) => of_s3(object, &prefix, token.as_deref()).await?,
                Self::Google(object) => of_google(object, &prefix, token.as_deref()).await?,
            };
            let below = page.keys.iter().filter_map(|key| key.strip_prefix(&prefix));
            names.extend(
                below.map(|name| name.trim_end_matches('/').to_owned()).filter(|name| !name.is_empty()),
            );
            if names.len() as u64 > most {
                let what = format!("more than {most} objects lie in it");
                return Err(Error::Damaged { address: self.address(), what });
            }
            // A store that gives the same page again would be asked forever.
            match page.next.filter(|next| Some(next) != token.as_ref()) {
                Some(next) => token = Some(next),
                None => return Ok(Some(names.into_iter().collect())),
            }
        }
    }
}

/// A key as a folder: with `/` at its end, unless it is the bucket itself.
fn folder(key: &str) -> String {
    match key.trim_end_matches('/') {
        "" => String::new(),
        key => format!("{key}/"),
    }
}

/// Adds what is asked for to the address of a list, as Signature Version 4 wants it written: a space is
/// `%20`, and nothing but what RFC 3986 calls unreserved stands for itself.
pub(super) fn asking(mut url: Url, prefix: &str, pairs: &[(&str, Option<&str>)]) -> Url {
    let all = [("delimiter", Some("/")), ("prefix", Some(prefix))];
    let given = all.iter().chain(pairs).filter_map(|(name, value)| Some((*name, (*value)?)));
    let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    url.set_query(Some(&query.join("&")));
    url
}

/// Adds a key to the address of its bucket, written as signatures and Google want it: in its parts, too, nothing
/// but what is unreserved stands for itself. Parts that lead elsewhere (`.`, `..`) are left out.
pub(super) fn with_key(mut bucket: Url, key: &str) -> Url {
    let parts = key.split('/').filter(|part| !matches!(*part, "." | ".."));
    let key: Vec<String> = parts.map(encoded).collect();
    let path = format!("{}/{}", bucket.path().trim_end_matches('/'), key.join("/"));
    bucket.set_path(&path);
    bucket
}

fn encoded(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().fold(String::with_capacity(text.len()), |text, byte| match byte {
        byte if is_plain(&byte) => text + char::from(byte).encode_utf8(&mut [0; 4]),
        byte => text + &format!("%{byte:02X}"),
    })
}

async fn text(answer: Answer, address: &Address) -> Result<String> {
    let bytes = answer.whole(PAGE).await?.bytes;
    let what = || Error::Answer { address: address.clone(), what: "a list that is no text".to_owned() };
    String::from_utf8(bytes.to_vec()).map_err(|_| what())
}

async fn of_s3(object: &S3Object, prefix: &str, token: Option<&str>) -> Result<Page> {
    let address = object.address();
    let page = text(object.list(prefix, token).await?, &address).await?;
    s3_page(&page).map_err(|what| Error::Answer { address, what })
}

/// A page as S3 writes it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).
fn s3_page(xml: &str) -> std::result::Result<Page, String> {
    let document =
        roxmltree::Document::parse(xml).map_err(|error| format!("a list that is no XML: {error}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "ListBucketResult" {
        return Err(format!("`{}` where a list of a bucket is due", root.tag_name().name()));
    }
    let inside = |node: roxmltree::Node<'_, '_>, name: &str| {
        let child = node.children().find(|child| child.tag_name().name() == name);
        child.and_then(|child| child.text()).map(str::to_owned)
    };
    let keys = root.children().filter_map(|node| match node.tag_name().name() {
        "Contents" => inside(node, "Key"),
        "CommonPrefixes" => inside(node, "Prefix"),
        _ => None,
    });
    let is_cut = inside(root, "IsTruncated").is_some_and(|told| told == "true");
    let next = inside(root, "NextContinuationToken").filter(|_| is_cut);
    Ok(Page { keys: keys.collect(), next })
}

async fn of_google(object: &GoogleObject, prefix: &str, token: Option<&str>) -> Result<Page> {
    let address = object.address();
    let page = text(object.list(prefix, token).await?, &address).await?;
    google_page(&page).map_err(|what| Error::Answer { address, what })
}

/// A page as Google Cloud Storage writes it
/// (<https://cloud.google.com/storage/docs/json_api/v1/objects/list>).
fn google_page(json: &str) -> std::result::Result<Page, String> {
    #[derive(Deserialize)]
    struct Objects {
        #[serde(default)]
        items: Vec<Object>,
        #[serde(default)]
        prefixes: Vec<String>,
        #[serde(rename = "nextPageToken")]
        next: Option<String>,
    }
    #[derive(Deserialize)]
    struct Object {
        name: String,
    }
    let page: Objects =
        serde_json::from_str(json).map_err(|error| format!("a list that cannot be read: {error}"))?;
    let keys = page.items.into_iter().map(|object| object.name).chain(page.prefixes);
    Ok(Page { keys: keys.collect(), next: page.next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_s3_tell_keys_and_what_follows() {
        let xml = r#"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Prefix>a/</Prefix><IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>
            <Contents><Key>a/zarr.json</Key><Size>5</Size></Contents>
            <CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListBucketResult>"#;
        let page = s3_page(xml).unwrap();
        assert_eq!(page, Page { keys: vec!["a/zarr.json".into(), "a/b/".into()], next: Some("t&1".into()) });
        assert!(s3_page(&xml.replace("true", "false")).unwrap().next.is_none());
        assert!(s3_page("<Error/>").unwrap_err().contains("Error"));
        assert!(s3_page("").is_err());
    }

    #[test]
    fn pages_of_google_tell_keys_and_what_follows() {
        let json = r#"{"kind": "x", "items": [{"name": "a/zarr.json", "size": "5"}], "prefixes": ["a/b/"],
            "nextPageToken": "t"}"#;
        let page = google_page(json).unwrap();
        assert_eq!(page, Page { keys: vec!["a/zarr.json".into(), "a/b/".into()], next: Some("t".into()) });
        assert_eq!(google_page("{}").unwrap(), Page::default());
        assert!(google_page("[]").is_err());
    }

    #[test]
    fn lists_are_asked_for_as_signatures_want() {
        let url = asking("https://b.org/".parse().unwrap(), "a b+é/", &[("x", None), ("t", Some("~*"))]);
        assert_eq!(url.as_str(), "https://b.org/?delimiter=%2F&prefix=a%20b%2B%C3%A9%2F&t=~%2A");
    }

    #[test]
    fn keys_are_written_as_signatures_want() {
        let written = |key: &str| {
            with_key("https://b.org/c/".parse().unwrap(), key).as_str()["https://b.org/c/".len()..].to_owned()
        };
        assert_eq!(written("year=2020/a+b:c@d,e.nc"), "year%3D2020/a%2Bb%3Ac%40d%2Ce.nc");
        assert_eq!(written("a;b&c$d!e'f(g)h*i~j-k_l.m"), "a%3Bb%26c%24d%21e%27f%28g%29h%2Ai~j-k_l.m");
        assert_eq!(written("ü%20\n?#[]\\|"), "%C3%BC%2520%0A%3F%23%5B%5D%5C%7C");
        assert_eq!(written("../a/./%2e%2e//b/"), "a/%252e%252e//b/");
    }

    #[test]
    fn keys_are_folders_with_one_slash() {
        assert_eq!(
            (folder("a/b"), folder("a/b/"), folder("")),
            ("a/b/".into(), "a/b/".into(), String::new())
        );
    }
}
