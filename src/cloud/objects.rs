//! Bills in object stores: `s3://BUCKET/PREFIX` and `gs://BUCKET/PREFIX`, read with the credentials that the
//! cloud's own tools use.

use std::sync::Arc;

use object_store::ObjectStore;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::ledger::read::{Bucket, Input};

/// Whether a name on the command line is an address of an object store.
fn is_address(name: &str) -> bool {
    name.starts_with("s3://") || name.starts_with("gs://")
}

/// What names on the command line stand for: files and folders of this machine, and what is in buckets.
///
/// # Errors
/// When an address cannot be opened.
pub async fn inputs(context: &Context, names: &[String]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for name in names {
        inputs.push(if is_address(name) { open(context, name).await? } else { Input::Local(name.into()) });
    }
    Ok(inputs)
}

/// Opens the bucket of an address. Nothing is asked of a bucket yet but, of S3, where it is.
///
/// # Errors
/// When it is no address, or there are no credentials.
async fn open(context: &Context, address: &str) -> Result<Input> {
    let wrong = || {
        Error::usage(format!("{address} is no address of an object store"))
            .hint("write it as s3://BUCKET/PREFIX or gs://BUCKET/PREFIX")
    };
    let (scheme, rest) = address.split_once("://").ok_or_else(wrong)?;
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if name.is_empty() {
        return Err(wrong());
    }
    let store: Arc<dyn ObjectStore> = match scheme {
        #[cfg(feature = "aws")]
        "s3" => super::aws::objects::store(context, name).await?,
        #[cfg(feature = "gcp")]
        "gs" => super::gcp::objects::store(context, name)?,
        #[cfg(not(all(feature = "aws", feature = "gcp")))]
        "s3" | "gs" => return Err(Error::failed(format!("this frazil was built without {scheme}://"))),
        _ => return Err(wrong()),
    };
    let bucket = Bucket::new(&format!("{scheme}://{name}"), store)
        .map_err(|error| Error::failed("no thread for requests can be started").because(error))?;
    Ok(Input::Remote(bucket, prefix.to_owned()))
}
