//! What Google Cloud Storage means when it refuses
//! (<https://cloud.google.com/storage/docs/xml-api/reference-status>).

use super::GoogleObject;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::Answer;

/// Most bytes of an answer that says why.
const LIMIT: usize = 64 << 10;

/// The answer, or an error that says what to do.
pub(super) async fn checked(answer: Answer, object: &GoogleObject) -> Result<Answer> {
    if answer.status() == 404 {
        let body = answer.whole(LIMIT).await?.bytes;
        let no_bucket = String::from_utf8_lossy(&body).contains("<Code>NoSuchBucket</Code>");
        let bucket = || Address::named(format!("gs://{}", object.bucket.name));
        let address = if no_bucket { bucket() } else { object.address() };
        return Err(Error::NotFound { address, status: 404 });
    }
    answer.checked().await.map_err(|error| match error {
        Error::Refused { status, said, address } => {
            match advice(status, &said, object.has_account(), object.bucket.payer.is_some()) {
                Some(advice) => {
                    Error::Denied { address: object.address(), status, said, advice: advice.to_owned() }
                }
                None => Error::Refused { address, status, said },
            }
        }
        other => other,
    })
}

/// What to do about a refusal, where that is known.
fn advice(status: u16, said: &str, account: bool, payer: bool) -> Option<&'static str> {
    if said.contains("UserProjectMissing") {
        return Some(
            "its owner lets the reader pay: name a project of yours that pays, with `--payer PROJECT`, or \
             `payer=` in Python",
        );
    }
    match (status, account, payer) {
        (401 | 403, false, _) => Some(
            "the bucket is not open to all: run `gcloud auth application-default login`, or set \
             GOOGLE_APPLICATION_CREDENTIALS to the file of an account that may read it",
        ),
        (401 | 403, true, true) => Some(
            "ask the bucket's owner for the role Storage Object Viewer for your account, and the owner of the \
             project that pays for the role Service Usage Consumer",
        ),
        (401 | 403, true, false) => {
            Some("ask the bucket's owner for the role Storage Object Viewer for your account")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_way_out() {
        let told = |status, said, account, payer| advice(status, said, account, payer).unwrap_or_default();
        assert!(
            told(400, "UserProjectMissing: Bucket is a requester pays bucket", true, false)
                .contains("--payer")
        );
        assert!(told(403, "AccessDenied", false, false).contains("gcloud auth application-default login"));
        assert!(told(403, "AccessDenied", true, false).contains("Storage Object Viewer"));
        assert!(told(403, "UserProjectAccessDenied", true, true).contains("Service Usage Consumer"));
        assert_eq!(advice(416, "InvalidRange", false, false), None);
    }
}
