//! The rights of a hub, as its cloud writes them.

use serde_json::{Value, json};

use super::policy::Purpose;
use crate::config::{HubFile, Provider};
use crate::error::{Error, Result};

/// The rights of a hub for a purpose, as its cloud writes them: IAM policies, or a custom role with
/// what has to be granted on the billing account. None was tried against a real account.
///
/// # Errors
/// When the hub is in no cloud, or this build has no support of it.
pub fn rights(hub: &HubFile, purpose: Purpose) -> Result<Value> {
    match &hub.provider {
        #[cfg(feature = "aws")]
        Provider::Aws(aws) => {
            let (account, region) = (aws.account.as_str(), aws.region.as_str());
            Ok(Value::Array(super::aws::policy::policies(purpose, hub.name.as_str(), account, region)))
        }
        #[cfg(feature = "gcp")]
        Provider::Gcp(_) => Ok(json!({
            "role": super::gcp::policy::role(purpose, hub.name.as_str()),
            "on_the_billing_account": super::gcp::policy::billing(purpose),
        })),
        other => Err(Error::failed(format!("there are no policies for `provider: {}`", other.key()))
            .hint("on a cluster of somebody else, `frazil doctor` asks for each right")),
    }
}
