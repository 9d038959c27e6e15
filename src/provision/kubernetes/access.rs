//! The way to a cluster: which kubeconfig and context, which cluster that is, what it serves.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::discovery::Discovery;
use kube::{Api, Client, Config};

use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::provision::cloud::{self, Way};
use crate::provision::other_provider;
use crate::tool::Target;

/// How long one request may take before the API counts as away.
const PATIENCE: Duration = Duration::from_secs(30);
/// The namespace whose UID stands for the cluster: every cluster has it, and it is never made anew.
const IDENTITY_NAMESPACE: &str = "kube-system";

/// A cluster that answered.
#[derive(Clone)]
pub struct Access {
    /// The client.
    pub client: Client,
    /// The kubeconfig and context, for Helm.
    pub target: Target,
    /// The address of the API server.
    pub server: String,
    /// The UID of `kube-system`, which no two clusters share; empty while it was not asked for.
    pub cluster: String,
    /// The server's version, such as `1.35.2`.
    pub version: String,
}

impl Access {
    /// The cluster of a hub, by a kubeconfig or by the API of its cloud, whichever cluster that is.
    ///
    /// # Errors
    /// When there is none, the API does not answer, or the credentials are refused.
    pub async fn to(context: &Context, document: &HubDocument, verb: &str) -> Result<Self> {
        match &document.hub.provider {
            Provider::Kubernetes(provider) => Self::connect(context, &provider.context).await,
            Provider::Aws(_) | Provider::Gcp(_) => {
                let Way { client, target, server } = cloud::reach(context, document).await?;
                Self::answered(client, target, server).await
            }
            other @ Provider::Local(_) => Err(other_provider(verb, other.key())),
        }
    }

    /// Reads the kubeconfig, connects, and asks which cluster it is.
    ///
    /// # Errors
    /// When there is no such context, the API does not answer, or the credentials are refused.
    pub async fn open(context: &Context, wanted: &str) -> Result<Self> {
        let mut access = Self::connect(context, wanted).await?;
        access.cluster = access.identity().await?;
        Ok(access)
    }

    /// Reads the kubeconfig and connects, for whoever may not ask which cluster it is.
    ///
    /// # Errors
    /// When there is no such context, the API does not answer, or the credentials are refused.
    pub async fn connect(context: &Context, wanted: &str) -> Result<Self> {
        let (kubeconfig, joined) = read(context)?;
        refuse_unknown(&kubeconfig, wanted, &joined)?;
        let options = KubeConfigOptions { context: Some(wanted.to_owned()), ..KubeConfigOptions::default() };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| {
            Error::failed(format!("the context `{wanted}` cannot be used")).because(error)
        })?;
        config.connect_timeout = Some(PATIENCE);
        config.read_timeout = Some(PATIENCE);
        let server = config.cluster_url.to_string();
        let client = Client::try_from(config).map_err(|error| no_client(&server, wanted).because(error))?;
        Self::answered(client, Target::new(joined, wanted), server).await
    }

    /// A cluster behind a client, once it answered.
    ///
    /// # Errors
    /// When the API does not answer, or the credentials are refused.
    pub async fn answered(client: Client, target: Target, server: String) -> Result<Self> {
        let answer = client.apiserver_version().await;
        let version = answer.map_err(|error| refused(&server, &target.context, error))?;
        let version = version.git_version.trim_start_matches('v').to_owned();
        Ok(Self { client, target, server, cluster: String::new(), version })
    }

    /// Asks which cluster it is.
    ///
    /// # Errors
    /// When the API does not answer or forbids to look.
    pub async fn identity(&self) -> Result<String> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let found = namespaces.get(IDENTITY_NAMESPACE).await;
        let found = found.map_err(|error| self.failed("which cluster it is", error))?;
        Ok(found.metadata.uid.unwrap_or_default())
    }

    /// What the cluster serves now.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn discover(&self) -> Result<Discovery> {
        Discovery::new(self.client.clone())
            .run_aggregated()
            .await
            .map_err(|error| self.failed("what it serves", error))
    }

    /// An error of a request to this cluster.
    pub fn failed(&self, what: &str, error: kube::Error) -> Error {
        refused(&self.server, &self.target.context, error).about(what)
    }
}

/// The kubeconfig of the environment, and its path as Helm takes it.
pub(super) fn read(context: &Context) -> Result<(Kubeconfig, PathBuf)> {
    let joined = match context.variable("KUBECONFIG").filter(|paths| !paths.is_empty()) {
        Some(paths) => PathBuf::from(paths),
        None => PathBuf::from(context.variable("HOME").unwrap_or("/")).join(".kube/config"),
    };
    let mut merged = Kubeconfig::default();
    let mut found = false;
    for path in std::env::split_paths(&joined).filter(|path| path.exists()) {
        merged = merge(merged, &path)?;
        found = true;
    }
    if found {
        return Ok((merged, joined));
    }
    Err(Error::failed(format!("no kubeconfig: {} is not there", joined.display()))
        .hint("name yours: `export KUBECONFIG=PATH`"))
}

fn merge(earlier: Kubeconfig, path: &Path) -> Result<Kubeconfig> {
    let cannot = || format!("the kubeconfig {} cannot be read", path.display());
    let own = Kubeconfig::read_from(path).map_err(|error| Error::failed(cannot()).because(error))?;
    earlier.merge(own).map_err(|error| Error::failed(cannot()).because(error))
}

fn refuse_unknown(kubeconfig: &Kubeconfig, wanted: &str, path: &Path) -> Result<()> {
    let names: Vec<_> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
    if names.contains(&wanted) {
        return Ok(());
    }
    let hint = match nearest(wanted, &names) {
        Some(name) => format!("did you mean `{name}`? It has: {}", names.join(", ")),
        None => format!("it has: {}", names.join(", ")),
    };
    Err(Error::failed(format!("{} has no context `{wanted}`", path.display())).hint(hint))
}

fn no_client(server: &str, context: &str) -> Error {
    Error::failed(format!("no client for {server}"))
        .hint(format!("correct certificate, key or authority of the context `{context}` in your kubeconfig"))
}

/// Whether the API forbade what an error is about.
pub fn is_forbidden(error: &Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<kube::Error>());
    matches!(cause, Some(kube::Error::Api(status)) if status.code == 403)
}

/// What a refusal of the API means.
fn refused(server: &str, context: &str, error: kube::Error) -> Error {
    let status = match &error {
        kube::Error::Api(status) => status.code,
        _ => 0,
    };
    let failed = match status {
        401 => Error::failed(format!("{server} does not know the credentials of the context `{context}`"))
            .hint("log in again: they may have expired"),
        403 => Error::failed(format!("{server} forbids this to the context `{context}`"))
            .hint("`frazil doctor` lists the rights that are missing"),
        0 => Error::failed(format!("{server} does not answer"))
            .hint("check the network, VPN and the cluster; the same call again goes on from there"),
        _ => Error::failed(format!("{server} refused a request")),
    };
    failed.because(error)
}
