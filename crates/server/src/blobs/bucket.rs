//! A bucket of an S3 store, and how to reach it.
//!
//! Key, region and endpoint are said by the usual `AWS_*` variables: <https://docs.rs/object_store> lists them. The path
//! names the bucket, so that a store needs no name for each. **Invariant:** plain HTTP is spoken only to an endpoint
//! that was given as `http://`.

use std::{fmt, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    path::Path,
    prefix::PrefixStore,
};
use url::Url;

use super::{BlobError, openssl::OpenSsl};

/// An answer, or the next bytes of one, have to come within this time.
const PATIENCE: Duration = Duration::from_secs(60);
/// A request is not begun again after this time; who waits for it is a person or an app that asks again.
const RETRY_FOR: Duration = Duration::from_secs(20);

/// Where a bucket is, and what opens it.
#[derive(Clone)]
pub struct Bucket {
    url: String,
    /// Names in lower case, as object_store knows them, and values. May hold a key and is never logged.
    options: Vec<(String, String)>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Bucket {
    /// A bucket, and how this process's environment says it is reached.
    pub fn from_environment(url: impl Into<String>) -> Self {
        Self::with_options(
            url,
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// A bucket, and what the environment would say of how to reach it.
    pub fn with_options(
        url: impl Into<String>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let options = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with("AWS_"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value));
        Self { url: url.into(), options: options.collect() }
    }

    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>, BlobError> {
        let unlike = || BlobError::Place(format!("{} is not like s3://bucket/folder", self.url));
        let url = Url::parse(&self.url).map_err(|_| unlike())?;
        let bucket = url.host_str().filter(|_| url.scheme() == "s3").ok_or_else(unlike)?;
        let prefix = Path::from_url_path(url.path()).map_err(|_| unlike())?;
        let mut builder = AmazonS3Builder::new();
        for (name, value) in &self.options {
            // There are more such variables than concern a store.
            if let Ok(key) = name.parse() {
                builder = builder.with_config(key, value);
            }
        }
        let endpoint = builder
            .get_config_value(&AmazonS3ConfigKey::S3Endpoint)
            .or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
        let plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
        // A clip may be on its way for long: what counts is that it does not stand still.
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(PATIENCE)
            .with_connect_timeout(Duration::from_secs(5))
            .with_allow_http(plain);
        let retry =
            RetryConfig { backoff: BackoffConfig::default(), max_retries: 6, retry_timeout: RETRY_FOR };
        let store = builder
            .with_bucket_name(bucket)
            .with_client_options(client)
            .with_retry(retry)
            .with_crypto_provider(Arc::new(OpenSsl))
            .build()?;
        Ok(Arc::new(PrefixStore::new(store, prefix)))
    }
}
