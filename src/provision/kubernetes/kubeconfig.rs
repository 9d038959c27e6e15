//! A kubeconfig with one context and nothing that leads elsewhere. It holds the person's own
//! credentials: it is returned as text and told to nobody.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, Cluster, Kubeconfig};

use super::access::{Access, read};
use super::reached::Reached;
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::cloud;

/// A kubeconfig of one context.
pub struct Minimal {
    /// The context.
    pub context: String,
    /// The API server.
    pub server: String,
    /// The kubeconfig. A secret.
    pub kubeconfig: Kubeconfig,
}

/// The kubeconfig of a hub's cluster, once it was found to be that cluster.
///
/// # Errors
/// When the cluster is another one or does not answer, or a file that the kubeconfig names is gone.
pub async fn minimal(context: &Context, document: &HubDocument) -> Result<Minimal> {
    let reached = Reached::open(context, document, "kubeconfig").await?;
    if matches!(document.hub.provider, Provider::Aws(_) | Provider::Gcp(_)) {
        let kubeconfig = cloud::kubeconfig(context, document).await?;
        let Access { target, server, .. } = reached.access;
        return Ok(Minimal { context: target.context, server, kubeconfig });
    }
    let name = reached.access.target.context;
    let (whole, _) = read(context)?;
    let kubeconfig = only(whole, &name)?;
    Ok(Minimal { context: name, server: reached.access.server, kubeconfig })
}

impl Minimal {
    /// The kubeconfig as text: YAML as everybody writes it, or JSON, which is YAML as well.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(&self, as_json: bool) -> Result<String> {
        let cannot = || Error::failed("the kubeconfig cannot be written");
        if as_json {
            return serde_json::to_string_pretty(&self.kubeconfig).map_err(|error| cannot().because(error));
        }
        serde_yaml::to_string(&self.kubeconfig).map_err(|error| cannot().because(error))
    }
}

/// One context with its cluster and user; files that they name become part of it.
fn only(mut whole: Kubeconfig, name: &str) -> Result<Kubeconfig> {
    whole.contexts.retain(|context| context.name == name);
    whole.contexts.truncate(1);
    let context = whole.contexts.first().and_then(|named| named.context.clone()).unwrap_or_default();
    let user = context.user.unwrap_or_default();
    whole.clusters.retain(|cluster| cluster.name == context.cluster);
    whole.auth_infos.retain(|info| info.name == user);
    for cluster in whole.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        take_in_authority(cluster)?;
    }
    for info in whole.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        take_in_certificate(info)?;
    }
    Ok(Kubeconfig {
        contexts: whole.contexts,
        clusters: whole.clusters,
        auth_infos: whole.auth_infos,
        current_context: Some(name.to_owned()),
        kind: Some("Config".to_owned()),
        api_version: Some("v1".to_owned()),
        ..Kubeconfig::default()
    })
}

fn take_in_authority(cluster: &mut Cluster) -> Result<()> {
    if let Some(path) = cluster.certificate_authority.take() {
        cluster.certificate_authority_data.get_or_insert(packed(&path)?);
    }
    Ok(())
}

/// A token's file stays a file: what keeps it writes a new token into it.
fn take_in_certificate(info: &mut AuthInfo) -> Result<()> {
    if let Some(path) = info.client_certificate.take() {
        info.client_certificate_data.get_or_insert(packed(&path)?);
    }
    if let Some(path) = info.client_key.take() {
        info.client_key_data.get_or_insert(packed(&path)?.into());
    }
    Ok(())
}

fn packed(path: &str) -> Result<String> {
    let bytes = fs::read(path).map_err(|error| {
        Error::failed(format!("{path} cannot be read, which the kubeconfig names"))
            .because(error)
            .hint("log in to the cluster again, or correct the kubeconfig")
    })?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use kube::config::Kubeconfig;

    use super::{Minimal, only};

    #[test]
    fn other_clusters_and_their_credentials_stay_out_and_files_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        std::fs::write(&key, "key").unwrap();
        let text = format!(
            "contexts:\n- {{ name: a, context: {{ cluster: ca, user: ua, namespace: lab }} }}\n\
             - {{ name: b, context: {{ cluster: cb, user: ub }} }}\n\
             clusters:\n- {{ name: ca, cluster: {{ server: 'https://a' }} }}\n\
             - {{ name: cb, cluster: {{ server: 'https://b' }} }}\n\
             users:\n- {{ name: ua, user: {{ client-key: {} }} }}\n- {{ name: ub, user: {{ token: other }} }}\n\
             current-context: b\n",
            key.display()
        );
        let yaml = serde_yaml::to_string(&only(Kubeconfig::from_yaml(&text).unwrap(), "a").unwrap()).unwrap();
        for wanted in ["current-context: a", "client-key-data: a2V5", "namespace: lab", "https://a"] {
            assert!(yaml.contains(wanted), "no {wanted} in\n{yaml}");
        }
        assert!(
            !yaml.contains("other") && !yaml.contains("https://b") && !yaml.contains("key.pem"),
            "{yaml}"
        );
    }

    #[test]
    fn as_json_it_is_the_same_kubeconfig() {
        let text = "contexts:\n- { name: a, context: { cluster: ca, user: ua } }\n\
                    clusters:\n- { name: ca, cluster: { server: 'https://a' } }\n";
        let kubeconfig = only(Kubeconfig::from_yaml(text).unwrap(), "a").unwrap();
        let minimal = Minimal { context: "a".to_owned(), server: "https://a".to_owned(), kubeconfig };
        let json: serde_json::Value = serde_json::from_str(&minimal.text(true).unwrap()).unwrap();
        assert_eq!(json["current-context"], "a");
        assert!(serde_json::from_str::<serde_json::Value>(&minimal.text(false).unwrap()).is_err());
        assert!(Kubeconfig::from_yaml(&minimal.text(true).unwrap()).is_ok(), "JSON is YAML as well");
    }
}
