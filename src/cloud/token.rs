//! Tokens for a cluster's API server, and who renews them.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{Cloud, Cluster};
use crate::context::Context;
use crate::error::Result;

/// A token is renewed when it is valid for less than this: a request may take a while.
const SLACK: SignedDuration = SignedDuration::from_secs(60);

/// A token. Its text shows nowhere but in [`Token::secret`].
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    secret: String,
    expires: Timestamp,
}

impl Token {
    /// A token that is valid until then at least.
    pub fn new(secret: impl Into<String>, expires: Timestamp) -> Self {
        Self { secret: secret.into(), expires }
    }

    /// The text that the API server takes.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Until when it is valid at least.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether it can still be used at that moment, and for a while after it.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires.duration_since(now) > SLACK
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Whoever has a token that is valid now.
pub trait TokenSource: Send + Sync + 'static {
    /// A valid token.
    ///
    /// # Errors
    /// When a new one cannot be had.
    fn token(&self) -> BoxFuture<'_, Result<Token>>;
}

/// The tokens of one cluster, each kept until shortly before it expires.
#[derive(Clone)]
pub struct Renewing<C> {
    cloud: C,
    cluster: Cluster,
    context: Context,
    kept: Arc<Mutex<Option<Token>>>,
}

impl<C: Cloud> Renewing<C> {
    /// Tokens for this cluster.
    pub fn new(cloud: C, cluster: Cluster, context: Context) -> Self {
        Self { cloud, cluster, context, kept: Arc::default() }
    }
}

impl<C: Cloud> TokenSource for Renewing<C> {
    fn token(&self) -> BoxFuture<'_, Result<Token>> {
        // Requests at the same time wait here, so that one of them renews for all.
        Box::pin(async {
            let mut kept = self.kept.lock().await;
            if let Some(token) = kept.as_ref().filter(|token| token.holds(self.context.now())) {
                return Ok(token.clone());
            }
            let token = self.cloud.token(&self.cluster).await?;
            *kept = Some(token.clone());
            Ok(token)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::fake::Fake;

    #[test]
    fn a_token_shows_nowhere() {
        let token = Token::new("sesame", Timestamp::UNIX_EPOCH);
        assert!(!format!("{token:?}").contains("sesame"));
        assert_eq!(token.secret(), "sesame");
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        let token = Token::new("sesame", Timestamp::from_second(1_000).unwrap());
        assert!(token.holds(Timestamp::from_second(900).unwrap()));
        assert!(!token.holds(Timestamp::from_second(940).unwrap()));
    }

    #[tokio::test]
    async fn one_token_serves_until_it_expires() {
        let fake = Fake::with_cluster("lab");
        let cluster = fake.cluster("lab").await.unwrap().unwrap();
        let source = Renewing::new(fake.clone(), cluster, Context::from_process());
        let first = source.token().await.unwrap();
        assert_eq!(source.token().await.unwrap(), first);
        fake.change(|world| world.token_lasts = SignedDuration::from_secs(30));
        let kept = source.token().await.unwrap();
        assert_eq!(kept, first, "it is still valid");
        *source.kept.lock().await = None;
        let short = source.token().await.unwrap();
        assert_ne!(short, first);
        assert_ne!(source.token().await.unwrap(), short, "it holds for less than a minute");
    }
}
