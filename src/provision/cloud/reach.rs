//! The cluster that Terraform made for a hub, reached with tokens of its cloud: this process renews
//! them for its own requests, and for Helm in a file that goes with it.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kube::Client;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode, Kubeconfig};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::site::refuse_other_account;
use crate::cloud::{self, Cloud, Cluster, Health, Live, Renewing, TokenSource, client};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::journal::folder;
use crate::provision::local::random_hex;
use crate::render::write_changed;
use crate::tool::Target;

/// How often Helm's token is written anew. Those of EKS last a quarter of an hour
/// (aws-iam-authenticator, "API Authorization from Outside a Cluster"), and clients read the file
/// anew every minute.
const RENEWED_EVERY: Duration = Duration::from_mins(5);
/// After what time nothing in a file of a call that was killed is valid any more.
const STALE_AFTER: Duration = Duration::from_hours(2);

/// The API of programs that give kubectl a token.
const EXEC_API: &str = "client.authentication.k8s.io/v1";

/// The way to a cluster.
pub struct Way {
    /// A client whose requests carry valid tokens.
    pub client: Client,
    /// The same for Helm.
    pub target: Target,
    /// The address of the API server.
    pub server: String,
}

/// Finds the way to the cluster of a hub. The cluster itself is not asked.
///
/// # Errors
/// When the account is another one, or there is no cluster.
pub async fn reach(context: &Context, document: &HubDocument) -> Result<Way> {
    let (cloud, cluster) = find(context, document).await?;
    let source = Arc::new(Renewing::new(cloud, cluster.clone(), context.clone()));
    let client = client(&cluster, Arc::<Renewing<Live>>::clone(&source)).await?;
    let target = target(&folder(context, document)?, &cluster, source).await?;
    Ok(Way { client, target, server: cluster.endpoint })
}

async fn find(context: &Context, document: &HubDocument) -> Result<(Live, Cluster)> {
    let provider = &document.hub.provider;
    let cloud = Live::open(context, provider).await?;
    let identity = cloud.whoami().await?;
    refuse_other_account(provider, &identity)?;
    let name = document.hub.name.as_str();
    let found = cloud.cluster(name).await?;
    let cluster = found.ok_or_else(|| {
        Error::failed(format!("there is no cluster `{name}` in {} of {}", cloud.region(), identity.account))
            .hint("`frazil up` makes it")
    })?;
    Ok((cloud, cluster))
}

/// Whether a hub has a cluster in which something can be removed: one that is broken or only half made
/// has nobody in it.
///
/// # Errors
/// When the account is another one or the cloud does not answer.
pub async fn has_cluster(context: &Context, document: &HubDocument) -> Result<bool> {
    let cloud = Live::open(context, &document.hub.provider).await?;
    refuse_other_account(&document.hub.provider, &cloud.whoami().await?)?;
    let cluster = cloud.cluster(document.hub.name.as_str()).await?;
    Ok(cluster.is_some_and(|cluster| matches!(cluster.health, Health::Ready | Health::Updating)))
}

/// A kubeconfig for kubectl and other programs, which asks this program for a token each time.
///
/// # Errors
/// When the account is another one, or there is no cluster.
pub async fn kubeconfig(context: &Context, document: &HubDocument) -> Result<Kubeconfig> {
    let (_, cluster) = find(context, document).await?;
    let path = std::path::absolute(&document.path).unwrap_or_else(|_| document.path.clone());
    let exec = ExecConfig {
        api_version: Some(EXEC_API.to_owned()),
        command: Some("frazil".to_owned()),
        args: Some(vec!["kubeconfig".to_owned(), "--credential".to_owned(), path.display().to_string()]),
        interactive_mode: Some(ExecInteractiveMode::Never),
        ..ExecConfig::default()
    };
    Ok(cloud::kubeconfig(&cluster, AuthInfo { exec: Some(exec), ..AuthInfo::default() }))
}

/// A token, as kubectl takes it from a program
/// (<https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>). A secret.
///
/// # Errors
/// When the account is another one, there is no cluster, or no token can be had.
pub async fn credential(context: &Context, document: &HubDocument) -> Result<Value> {
    let (cloud, cluster) = find(context, document).await?;
    let token = cloud.token(&cluster).await?;
    let status = json!({ "token": token.secret(), "expirationTimestamp": token.expires().to_string() });
    Ok(json!({ "apiVersion": EXEC_API, "kind": "ExecCredential", "status": status }))
}

/// Files that Helm reads, as long as this value is there.
struct Lent {
    kubeconfig: PathBuf,
    token: PathBuf,
    renewal: AbortHandle,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.renewal.abort();
        for path in [&self.kubeconfig, &self.token] {
            // What is left is swept by a later call, and not valid for long.
            drop(fs::remove_file(path));
        }
    }
}

async fn target(folder: &Path, cluster: &Cluster, source: Arc<dyn TokenSource>) -> Result<Target> {
    let folder = folder.join("access");
    let cannot = |error| Error::failed(format!("{} cannot be made", folder.display())).because(error);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(cannot)?;
    sweep(&folder);
    let call = random_hex(4)?;
    let [kubeconfig, token] = ["kubeconfig", "token"].map(|what| folder.join(format!("{call}.{what}")));
    write_changed(&token, source.token().await?.secret().as_bytes(), true)?;
    let text = serde_yaml::to_string(&by_token_file(cluster, &token))
        .map_err(|error| Error::failed("the kubeconfig cannot be written").because(error))?;
    write_changed(&kubeconfig, text.as_bytes(), true)?;
    let renewal = tokio::spawn(renew(token.clone(), source)).abort_handle();
    let lent = Lent { kubeconfig: kubeconfig.clone(), token, renewal };
    Ok(Target::new(kubeconfig, &cluster.name).kept_by(lent))
}

async fn renew(path: PathBuf, source: Arc<dyn TokenSource>) {
    loop {
        tokio::time::sleep(RENEWED_EVERY).await;
        // Whoever uses a token that could not be renewed is told so by the API server.
        if let Ok(token) = source.token().await {
            drop(write_changed(&path, token.secret().as_bytes(), true));
        }
    }
}

/// Removes files of calls that were killed.
fn sweep(folder: &Path) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let old = |path: &Path| {
        let changed = path.metadata().map_or(0, |meta| u64::try_from(meta.mtime()).unwrap_or(0));
        now.saturating_sub(changed) > STALE_AFTER.as_secs()
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if old(&entry.path()) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

fn by_token_file(cluster: &Cluster, token: &Path) -> Kubeconfig {
    cloud::kubeconfig(
        cluster,
        AuthInfo { token_file: Some(token.display().to_string()), ..AuthInfo::default() },
    )
}
