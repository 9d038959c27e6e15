//! How clients of object stores wait and try again.

use std::time::Duration;

use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use super::http::{CONNECT, PATIENCE};

/// How long one answer may take to its end; the rest of it is asked for again after that.
const WHOLE: Duration = Duration::from_mins(10);

/// How long a store may take; over `http` only where an endpoint says so.
pub(super) fn options(address: Option<&str>) -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT)
        .with_timeout(WHOLE)
        .with_allow_http(address.is_some_and(|address| address.starts_with("http://")))
}

/// Requests are sent again for about a minute.
pub(super) fn retries() -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: 6, retry_timeout: PATIENCE * 2 }
}
