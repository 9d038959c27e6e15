//! S3 as an object store.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use object_store::aws::{AmazonS3Builder, AwsCredential, resolve_bucket_region};
use object_store::{CredentialProvider, ObjectStore};

use super::endpoints::S3;
use super::session::Aws;
use crate::cloud::store_client::{options, retries};
use crate::context::Context;
use crate::error::{Error, Result};

/// The region that is signed for where nobody says which.
const USUAL_REGION: &str = "us-east-1";

/// A bucket, read with the credentials of this machine.
///
/// # Errors
/// When there are no credentials, or no such bucket.
pub(in crate::cloud) async fn store(context: &Context, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
    let aws = Aws::open(context, USUAL_REGION).await?;
    let credentials = Known { first: aws.credentials().await?, aws };
    let address = credentials.aws.own_address(S3);
    let failed = |error: object_store::Error| {
        Error::failed(format!("the bucket {bucket} cannot be reached"))
            .hint("check the bucket's name, and the network")
            .because(error)
    };
    let region = match &address {
        Some(_) => USUAL_REGION.to_owned(),
        None => resolve_bucket_region(bucket, &options(None)).await.map_err(failed)?,
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_credentials(Arc::new(credentials))
        .with_retry(retries())
        .with_client_options(options(address.as_deref()));
    if let Some(address) = address {
        builder = builder.with_endpoint(address);
    }
    Ok(Arc::new(builder.build().map_err(failed)?))
}

/// Credentials of the session, asked for again before they expire.
struct Known {
    aws: Aws,
    first: Credentials,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}

#[async_trait]
impl CredentialProvider for Known {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let credentials = if self.first.expiry().is_none() {
            self.first.clone()
        } else {
            let failed =
                |error: Error| object_store::Error::Generic { store: "S3", source: error.to_string().into() };
            self.aws.credentials().await.map_err(failed)?
        };
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        }))
    }
}
