//! Helm releases: what a hub wants of each, what the cluster has, and the way from one to the other.

use std::path::{Path, PathBuf};

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::access::Access;
use super::objects::{HELM_FIELD_MANAGER, Named, Objects};
use super::secrets::Secrets;
use crate::config::Charts;
use crate::error::{Error, Result};
use crate::provision::blocking::blocking;
use crate::provision::compare::{Field, differences};
use crate::render::chart::{Release, merge};
use crate::render::hex;
use crate::tool::{Helm, Upgrade};

/// The label of a release's Secret that says what it was made from.
const DIGEST: &str = "frazil/digest";
/// Requests to the API server at a time.
const AT_ONCE: usize = 16;

/// A release with everything that Helm needs for it.
#[derive(Clone)]
pub struct Wanted {
    /// The release as it is rendered, without secrets.
    pub release: Release,
    /// The values with secrets, as JSON.
    values: Vec<u8>,
    /// A digest of all of this, salted.
    pub digest: String,
    chart: String,
    repository: Option<String>,
}

/// A release as the cluster has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The newest revision.
    pub revision: u32,
    /// Its status, in Helm's words: `deployed`, `failed`, `pending-upgrade`.
    pub status: String,
    /// The digest of what it was made from; none when somebody else made it.
    pub digest: Option<String>,
    /// The newest revision before it that was in service.
    pub earlier: Option<u32>,
}

/// How an object differs from what it should be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is not there.
    Create,
    /// Some fields differ.
    Change(Vec<Field>),
    /// It is there and no longer wanted.
    Delete,
}

/// An object that differs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ObjectChange {
    /// The object.
    pub object: Named,
    /// How it differs.
    pub change: Change,
}

impl Wanted {
    /// A release with its secrets and the place of its chart.
    ///
    /// # Errors
    /// When the folder that the hub file names does not have the chart.
    pub fn new(release: Release, charts: &Charts, hub_folder: &Path, secrets: &Secrets) -> Result<Self> {
        let mut values = release.values.clone();
        merge(&mut values, secrets.values(&release.name));
        let (chart, repository) = place(&release, &charts.from, hub_folder)?;
        let values = values.to_string().into_bytes();
        let mut hash = Sha256::new_with_prefix(secrets.salt());
        for part in [release.chart.name.as_bytes(), release.version.as_bytes(), &values] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        // A label's value has 63 characters at most.
        let digest = hex(&hash.finalize())[..40].to_owned();
        Ok(Self { release, values, digest, chart, repository })
    }

    /// Whether it is the hub or the gateway itself.
    pub fn is_own(&self) -> bool {
        ["jupyterhub", "dask-gateway"].contains(&self.release.chart.name)
    }

    /// A digest of the values without secrets.
    pub fn values_digest(&self) -> String {
        hex(&Sha256::digest(self.release.values.to_string()))
    }

    fn upgrade<'a>(&'a self, labels: &'a [(&'a str, String)], log: &'a Path) -> Upgrade<'a> {
        Upgrade {
            name: &self.release.name,
            namespace: &self.release.namespace,
            chart: &self.chart,
            repository: self.repository.as_deref(),
            version: &self.release.version,
            values: &self.values,
            labels,
            log,
        }
    }

    /// The objects that the release should have, each with the marks that Helm adds.
    ///
    /// # Errors
    /// When Helm cannot render the chart.
    pub async fn objects(&self, helm: &Helm, access: &Access, objects: &Objects) -> Result<Vec<Value>> {
        let call = helm.template(&self.upgrade(&[], Path::new("")), &access.version, &objects.served());
        let text = blocking(move || call.output()).await?;
        let mut found = documents(&text, &self.release.name)?;
        self.mark(&mut found);
        Ok(found)
    }

    /// Adds the marks that Helm adds to what it applies.
    pub(super) fn mark(&self, objects: &mut [Value]) {
        for object in objects {
            merge(
                object,
                json!({ "metadata": {
                    "labels": { "app.kubernetes.io/managed-by": "Helm" },
                    "annotations": {
                        "meta.helm.sh/release-name": self.release.name,
                        "meta.helm.sh/release-namespace": self.release.namespace,
                    },
                }}),
            );
        }
    }

    /// The custom resource definitions beside the release.
    ///
    /// # Errors
    /// When Helm cannot read the chart.
    pub async fn crds(&self, helm: &Helm) -> Result<Vec<Value>> {
        let call = helm.crds(&self.upgrade(&[], Path::new("")));
        documents(&blocking(move || call.output()).await?, &self.release.name)
    }

    /// Installs or upgrades it.
    ///
    /// # Errors
    /// When Helm cannot; its last words are part of the error, without secrets.
    pub async fn install(&self, helm: &Helm, access: &Access, log: PathBuf, secrets: &Secrets) -> Result<()> {
        let labels = [(DIGEST, self.digest.clone())];
        let call = helm.upgrade(&access.target, &self.upgrade(&labels, &log));
        blocking(move || call.run()).await.map_err(|error| error.redacted(&|text| secrets.redact(text)))
    }
}

/// The chart as Helm takes it, and its repository.
fn place(release: &Release, from: &str, hub_folder: &Path) -> Result<(String, Option<String>)> {
    let name = release.chart.name;
    let in_repository = |address: &str| match address.strip_prefix("oci://") {
        Some(_) => (format!("{}/{name}", address.trim_end_matches('/')), None),
        None => (name.to_owned(), Some(address.to_owned())),
    };
    if from == "upstream" {
        return Ok(in_repository(release.chart.repository));
    }
    if from.contains("://") {
        return Ok(in_repository(from));
    }
    let folder = hub_folder.join(from);
    let names = [format!("{name}-{}", release.version), format!("{name}-{}.tgz", release.version)];
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    found.map(|path| (path.display().to_string(), None)).ok_or_else(|| {
        Error::failed(format!("{} has no chart {name} {}", folder.display(), release.version)).hint(format!(
            "put it there: `helm pull {name} --repo {} --version {} --destination {}`",
            release.chart.repository,
            release.version,
            folder.display()
        ))
    })
}

/// The objects of a YAML text with several documents.
pub(super) fn documents(text: &str, what: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let mut document = String::new();
    let mut end = |document: &mut String| {
        let value = serde_yaml::from_str::<Value>(document).map_err(|error| {
            Error::failed(format!("what Helm wrote for {what} is no YAML")).because(error)
        })?;
        document.clear();
        if value.is_object() {
            found.push(value);
        }
        Ok::<_, Error>(())
    };
    for line in text.lines() {
        if line == "---" || line.starts_with("--- ") {
            end(&mut document)?;
        } else {
            document.push_str(line);
            document.push('\n');
        }
    }
    end(&mut document)?;
    Ok(found)
}

/// What the cluster has of a release.
///
/// # Errors
/// When the API refuses or does not answer.
pub async fn live(objects: &Objects, name: &str, namespace: &str) -> Result<Option<Live>> {
    let selector = format!("owner=helm,name={name}");
    let found = objects.list("v1", "Secret", namespace, &selector).await?;
    let label = |secret: &Value, key: &str| {
        secret.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str()).map(str::to_owned)
    };
    let mut revisions: Vec<_> = found
        .iter()
        .filter_map(|secret| Some((label(secret, "version")?.parse::<u32>().ok()?, secret)))
        .collect();
    revisions.sort_by_key(|(revision, _)| *revision);
    let served =
        |secret: &Value| matches!(label(secret, "status").as_deref(), Some("deployed" | "superseded"));
    let Some((revision, newest)) = revisions.pop() else { return Ok(None) };
    Ok(Some(Live {
        revision,
        status: label(newest, "status").unwrap_or_default(),
        digest: label(newest, DIGEST),
        earlier: revisions.iter().rev().find(|(_, secret)| served(secret)).map(|(revision, _)| *revision),
    }))
}

impl Live {
    /// Whether Helm was stopped in the middle of something.
    pub fn is_stuck(&self) -> bool {
        self.status.starts_with("pending-")
    }

    /// Whether Helm was stopped while it removed the release.
    pub fn is_half_removed(&self) -> bool {
        self.status == "uninstalling"
    }

    /// The Secret in which Helm keeps the newest revision.
    pub fn secret(&self, name: &str, namespace: &str) -> Named {
        Named {
            kind: "Secret".to_owned(),
            api: "v1".to_owned(),
            namespace: namespace.to_owned(),
            name: format!("sh.helm.release.v1.{name}.v{}", self.revision),
        }
    }
}

/// How objects differ from what they should be, each asked of the API server by a dry run.
///
/// # Errors
/// When the API refuses or does not answer.
pub async fn changes(
    objects: &Objects,
    wanted: &[Value],
    namespace: &str,
    manager: &str,
) -> Result<Vec<ObjectChange>> {
    let checks = wanted.iter().map(|object| change(objects, object, namespace, manager));
    let found: Vec<_> = stream::iter(checks).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The same for what Helm installs.
///
/// # Errors
/// When the API refuses or does not answer.
pub async fn release_changes(
    objects: &Objects,
    wanted: &[Value],
    namespace: &str,
) -> Result<Vec<ObjectChange>> {
    changes(objects, wanted, namespace, HELM_FIELD_MANAGER).await
}

async fn change(
    objects: &Objects,
    wanted: &Value,
    namespace: &str,
    manager: &str,
) -> Result<Option<ObjectChange>> {
    let object = objects.scoped(Named::of(wanted, namespace));
    let Some(live) = objects.get(&object).await? else {
        return Ok(Some(ObjectChange { object, change: Change::Create }));
    };
    let applied = objects.dry_run(&object, wanted, manager).await?;
    let fields = differences(&live, &applied);
    Ok((!fields.is_empty()).then_some(ObjectChange { object, change: Change::Change(fields) }))
}

#[cfg(test)]
mod tests {
    use super::documents;

    #[test]
    fn documents_are_cut_at_their_marks_only() {
        let text = "---\n# Source: a\na: |\n  ---\n  b\n---\n# nothing\n---\nc: 1\n";
        let found = documents(text, "x").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0]["a"], "---\nb\n");
    }
}
