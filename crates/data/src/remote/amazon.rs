//! The account at Amazon that the environment names.

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredentialProvider};

use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// What keys are made of: given ones, those of a pod's role (IRSA), those of a container.
const VARIABLES: [&str; 10] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
/// Without one of these the environment names no account.
const DECIDING: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// The account at Amazon that the environment names; none where it names none. Its keys are renewed as
/// they end. Profiles of `~/.aws` are not read: `aws configure export-credentials --format env` writes them as
/// variables.
///
/// # Errors
/// When what the environment says does not make an account.
pub fn amazon_account(surroundings: &Surroundings) -> Result<Option<AwsCredentialProvider>> {
    if surroundings.first_variable(&DECIDING).is_none() {
        return Ok(None);
    }
    let wrong = |error: object_store::Error| Error::Invalid {
        what: format!("the account at Amazon that the environment names cannot be used: {error}"),
        advice: "correct the variables that begin with AWS_, or unset them".to_owned(),
    };
    // Bucket and region have to be given, and nothing is asked of them.
    let region = surroundings.first_variable(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name("bucket")
        .with_region(region.unwrap_or("us-east-1".to_owned()));
    for name in VARIABLES {
        if let Some(value) = surroundings.variable(name) {
            let key: AmazonS3ConfigKey = name.to_ascii_lowercase().parse().map_err(wrong)?;
            builder = builder.with_config(key, value);
        }
    }
    let store = builder.build().map_err(wrong)?;
    Ok(Some(store.credentials().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn given_keys_are_an_account() {
        let named = [
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "tell-no-one"),
            ("AWS_SESSION_TOKEN", "t"),
        ];
        let account = amazon_account(&Surroundings::made(named)).unwrap().unwrap();
        let keys = account.get_credential().await.unwrap();
        assert_eq!((keys.key_id.as_str(), keys.token.as_deref()), ("a", Some("t")));
        assert!(amazon_account(&Surroundings::made([("AWS_REGION", "us-west-2")])).unwrap().is_none());
    }

    #[test]
    fn half_an_account_is_told() {
        let error = amazon_account(&Surroundings::made([("AWS_ACCESS_KEY_ID", "a")])).unwrap_err();
        assert!(error.advice().contains("AWS_"), "{error}");
    }

    #[test]
    fn every_variable_is_known_to_the_store() {
        for name in VARIABLES {
            assert!(name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().is_ok(), "{name}");
        }
    }
}
