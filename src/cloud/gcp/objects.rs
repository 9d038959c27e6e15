//! Cloud Storage as an object store.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::{CredentialProvider, ObjectStore};

use super::login::Login;
use crate::cloud::http;
use crate::cloud::store_client::{options, retries};
use crate::context::Context;
use crate::error::{Error, Result};

/// A bucket, read with the credentials of this machine.
///
/// # Errors
/// When the credentials cannot be used.
pub(in crate::cloud) fn store(context: &Context, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
    let login = Login::find(context, http::client()?)?;
    let address = context.google_endpoint()?;
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_credentials(Arc::new(Tokens(login)))
        .with_retry(retries())
        .with_client_options(options(address.as_deref()));
    if let Some(address) = &address {
        builder = builder.with_base_url(address);
    }
    let failed = |error| Error::failed(format!("the bucket {bucket} cannot be reached")).because(error);
    Ok(Arc::new(builder.build().map_err(failed)?))
}

/// Access tokens of the login.
#[derive(Debug)]
struct Tokens(Login);

#[async_trait]
impl CredentialProvider for Tokens {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<GcpCredential>> {
        let failed =
            |error: Error| object_store::Error::Generic { store: "GCS", source: error.to_string().into() };
        let token = self.0.token().await.map_err(failed)?;
        Ok(Arc::new(GcpCredential { bearer: token.secret().to_owned() }))
    }
}
