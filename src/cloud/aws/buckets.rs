//! S3: the buckets that frazil makes itself, and those that a hub leaves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::HUB_TAG;
use super::endpoints::S3;
use super::session::{Ask, Aws};
use crate::cloud::Bucket;
use crate::cloud::http::{Asked, Fault, found};
use crate::cloud::read::{each, encode, tags, text};
use crate::error::Error;

/// Where a bucket is that no answer names a region for (`GetBucketLocation`).
const UNNAMED_REGION: &str = "us-east-1";

/// One version of an object, or the mark that stands for a deleted one.
struct Version {
    key: String,
    id: String,
}

impl Aws {
    /// S3 API Reference, `HeadBucket`, `GetBucketVersioning`, `GetBucketTagging`.
    pub(super) async fn describe_bucket(&self, name: &str) -> Asked<Option<Bucket>> {
        let Some(region) = self.bucket_region(name).await? else { return Ok(None) };
        let versioning = self.of_bucket(name, &region, "versioning", "GetBucketVersioning").await?;
        let asked = self.of_bucket(name, &region, "tagging", "GetBucketTagging").await;
        let tagging = found(asked, |fault| fault.code() == "NoSuchTagSet")?.unwrap_or_default();
        Ok(Some(Bucket {
            name: name.to_owned(),
            region,
            versioned: text(&versioning, "/Status") == "Enabled",
            hub: tags(&tagging, "/TagSet/Tag").remove(HUB_TAG),
        }))
    }

    /// The region of a bucket of this account; `None` when nobody has one of the name.
    async fn bucket_region(&self, name: &str) -> Asked<Option<String>> {
        let ask = Ask {
            method: Method::HEAD,
            headers: vec![("x-amz-expected-bucket-owner", self.caller().await?.account)],
            ..ask(name, "", "HeadBucket", self.region_name())
        };
        match self.send(S3, ask).await {
            Ok(answer) => {
                let region = answer.header("x-amz-bucket-region");
                Ok(Some(if region.is_empty() { self.region_name() } else { region }.to_owned()))
            }
            Err(fault) => match fault.status() {
                404 => Ok(None),
                // Another region: the owner is asked for there. HEAD tells no code, hence the status.
                301 | 307 | 400 => self.located(name).await.map(Some),
                403 => Err(Error::failed(format!(
                    "the bucket {name} belongs to another account, or may not be seen"
                ))
                .hint("names of buckets are unique in the world: choose another name in the hub file")
                .hint("these credentials need the right s3:ListBucket on it, if it is yours")
                .into()),
                _ => Err(fault),
            },
        }
    }

    /// S3 API Reference, `GetBucketLocation`.
    async fn located(&self, name: &str) -> Asked<String> {
        let mut ask = ask(name, "location", "GetBucketLocation", UNNAMED_REGION);
        ask.headers.push(("x-amz-expected-bucket-owner", self.caller().await?.account));
        let answer = self.xml(S3, ask).await?;
        let region = [text(&answer, ""), text(&answer, "/LocationConstraint")].concat();
        Ok(match region.as_str() {
            "" => UNNAMED_REGION.to_owned(),
            "EU" => "eu-west-1".to_owned(),
            _ => region,
        })
    }

    async fn of_bucket(&self, name: &str, region: &str, what: &str, operation: &str) -> Asked<Value> {
        self.xml(S3, ask(name, what, operation, region)).await
    }

    /// S3 API Reference, `ListObjectVersions`, `DeleteObjects`, `ListMultipartUploads`, `AbortMultipartUpload`.
    pub(super) async fn delete_objects(
        &self,
        bucket: &Bucket,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Asked<u64> {
        let mut gone = 0;
        // The first page is listed again each time: what was on it is gone then.
        loop {
            let versions = self.first_versions(bucket).await?;
            if versions.is_empty() {
                break;
            }
            self.delete_versions(bucket, &versions).await?;
            gone += versions.len() as u64;
            told(gone);
        }
        self.abort_uploads(bucket).await?;
        Ok(gone)
    }

    async fn first_versions(&self, bucket: &Bucket) -> Asked<Vec<Version>> {
        let mut ask = ask(&bucket.name, "versions", "ListObjectVersions", &bucket.region);
        // Keys may have characters that XML cannot carry.
        ask.query.push(("encoding-type".to_owned(), "url".to_owned()));
        ask.query.push(("max-keys".to_owned(), "1000".to_owned()));
        let page =
            found(self.xml(S3, ask).await, |fault| fault.code() == "NoSuchBucket")?.unwrap_or_default();
        let all = each(&page, "/Version").into_iter().chain(each(&page, "/DeleteMarker"));
        Ok(all.map(|one| Version { key: decode(&text(one, "/Key")), id: text(one, "/VersionId") }).collect())
    }

    async fn delete_versions(&self, bucket: &Bucket, versions: &[Version]) -> Asked<()> {
        let (plain, odd): (Vec<_>, Vec<_>) = versions.iter().partition(|one| fits_xml(&one.key));
        for one in odd {
            let path = format!("/{}/{}", bucket.name, encode(&one.key, false));
            let query = vec![("versionId".to_owned(), one.id.clone())];
            self.send(
                S3,
                Ask {
                    method: Method::DELETE,
                    path,
                    query,
                    ..ask(&bucket.name, "", "DeleteObjectVersion", &bucket.region)
                },
            )
            .await?;
        }
        if plain.is_empty() {
            return Ok(());
        }
        let body = delete_body(&plain);
        let digest = STANDARD.encode(Sha256::digest(body.as_bytes()));
        let ask = Ask {
            method: Method::POST,
            headers: vec![("content-type", "application/xml".to_owned()), ("x-amz-checksum-sha256", digest)],
            body,
            ..ask(&bucket.name, "delete", "DeleteObjects", &bucket.region)
        };
        let answer = self.xml(S3, ask).await?;
        // Else the same page would be listed for ever.
        match each(&answer, "/Error").first() {
            None => Ok(()),
            Some(error) => {
                Err(cannot_delete(&bucket.name, &text(error, "/Code"), &text(error, "/Message")).into())
            }
        }
    }

    async fn abort_uploads(&self, bucket: &Bucket) -> Asked<()> {
        loop {
            let mut ask_page = ask(&bucket.name, "uploads", "ListMultipartUploads", &bucket.region);
            ask_page.query.push(("encoding-type".to_owned(), "url".to_owned()));
            let page = found(self.xml(S3, ask_page).await, |fault| fault.code() == "NoSuchBucket")?;
            let page = page.unwrap_or_default();
            let uploads = each(&page, "/Upload");
            for upload in &uploads {
                let path = format!("/{}/{}", bucket.name, encode(&decode(&text(upload, "/Key")), false));
                let query = vec![("uploadId".to_owned(), text(upload, "/UploadId"))];
                let ask = Ask {
                    method: Method::DELETE,
                    path,
                    query,
                    ..ask(&bucket.name, "", "AbortMultipartUpload", &bucket.region)
                };
                found(self.send(S3, ask).await, |fault| fault.code() == "NoSuchUpload")?;
            }
            if uploads.is_empty() {
                return Ok(());
            }
        }
    }

    /// S3 API Reference, `DeleteBucket`.
    pub(super) async fn delete_bucket(&self, bucket: &Bucket) -> Asked<()> {
        let ask = Ask { method: Method::DELETE, ..ask(&bucket.name, "", "DeleteBucket", &bucket.region) };
        found(self.send(S3, ask).await, |fault: &Fault| fault.code() == "NoSuchBucket")?;
        Ok(())
    }
}

/// A question about a bucket; paths have its name, since a name with dots has no certificate.
fn ask<'a>(bucket: &str, what: &str, operation: &'a str, region: &'a str) -> Ask<'a> {
    let query = if what.is_empty() { Vec::new() } else { vec![(what.to_owned(), String::new())] };
    Ask { path: format!("/{bucket}"), query, operation, region: Some(region), ..Ask::default() }
}

fn cannot_delete(bucket: &str, code: &str, message: &str) -> Error {
    let failed = Error::failed(format!("objects of the bucket {bucket} cannot be deleted: {message}"));
    match code {
        "AccessDenied" => failed.hint(
            "these credentials need s3:DeleteObjectVersion on it; a retention lock forbids it to everybody",
        ),
        _ => failed,
    }
}

/// Whether XML 1.0 can carry a text.
fn fits_xml(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..))
}

fn delete_body(versions: &[&Version]) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let objects = versions.iter().map(|one| {
        let id = if one.id.is_empty() {
            String::new()
        } else {
            format!("<VersionId>{}</VersionId>", escape(&one.id))
        };
        format!("<Object><Key>{}</Key>{id}</Object>", escape(&one.key))
    });
    let objects: String = objects.collect();
    format!("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>{objects}</Delete>")
}

/// A key as S3 lists it: percent signs, and `+` for a space.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        rest = match (first, hex()) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                &after[2..]
            }
            (b'+', _) => {
                bytes.push(b' ');
                after
            }
            _ => {
                bytes.push(first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_the_way_through_a_list() {
        assert_eq!(decode("a+b%2Bc%2Fd%C3%BC"), "a b+c/dü");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz"), "%zz");
    }

    #[test]
    fn keys_are_escaped_in_a_body() {
        let versions = [
            Version { key: "a<&>".to_owned(), id: "1".to_owned() },
            Version { key: "b".to_owned(), id: String::new() },
        ];
        let all: Vec<_> = versions.iter().collect();
        let body = delete_body(&all);
        assert!(body.contains(
            "<Object><Key>a&lt;&amp;&gt;</Key><VersionId>1</VersionId></Object><Object><Key>b</Key></Object>"
        ));
        assert!(fits_xml("ü b"));
        assert!(!fits_xml("a\u{1}b") && !fits_xml("a\nb"));
    }
}
