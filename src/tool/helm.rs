//! Helm: found, asked for its version, called with a kubeconfig of one context.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Call, ToolError};
use crate::context::Context;

/// The oldest Helm that applies server-side, so that a hand's change is put right by the next upgrade.
pub const MIN_HELM: u32 = 4;

/// Helm with the cluster that it is to change.
#[derive(Clone, Debug)]
pub struct Helm {
    /// The path of the program.
    pub path: PathBuf,
    /// The version, such as `4.3.1`.
    pub version: String,
}

/// Where Helm is to act: a kubeconfig file and one of its contexts.
#[derive(Clone)]
pub struct Target {
    /// The kubeconfig file, or several as `KUBECONFIG` joins them.
    pub kubeconfig: PathBuf,
    /// The context.
    pub context: String,
    /// What keeps the kubeconfig valid, and removes it when nobody needs it any more.
    keeper: Option<Arc<dyn Send + Sync>>,
}

impl Target {
    /// A context of a kubeconfig that somebody else keeps.
    pub fn new(kubeconfig: PathBuf, context: &str) -> Self {
        Self { kubeconfig, context: context.to_owned(), keeper: None }
    }

    /// The same with what keeps it valid while this value or a copy of it is there.
    #[must_use]
    pub fn kept_by(mut self, keeper: impl Send + Sync + 'static) -> Self {
        self.keeper = Some(Arc::new(keeper));
        self
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("kubeconfig", &self.kubeconfig)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// A release to install or upgrade.
#[derive(Clone, Debug)]
pub struct Upgrade<'a> {
    /// The release's name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// The chart: a folder, an archive, or a name in `repository`.
    pub chart: &'a str,
    /// The repository's address, where the chart is a name in one.
    pub repository: Option<&'a str>,
    /// The version.
    pub version: &'a str,
    /// The values, secrets among them, as JSON: they reach Helm through its standard input.
    pub values: &'a [u8],
    /// Labels of the release's Secret, by which it is found again.
    pub labels: &'a [(&'a str, String)],
    /// Where Helm's own words go.
    pub log: &'a Path,
}

/// Looks for Helm; `FRAZIL_HELM` names another one.
pub fn find_helm(context: &Context) -> Option<Helm> {
    let path = context.variable("FRAZIL_HELM").map(PathBuf::from).or_else(|| context.find_program("helm"))?;
    let answer = Call::new(&path).arguments(["version", "--template", "{{.Version}}"]).output().ok()?;
    Some(Helm { path, version: answer.trim_start_matches('v').to_owned() })
}

impl Helm {
    /// Whether it is new enough.
    pub fn new_enough(&self) -> bool {
        let major = self.version.split('.').next().and_then(|part| part.parse::<u32>().ok());
        major.is_some_and(|major| major >= MIN_HELM)
    }

    fn call(&self, target: &Target, verb: &[&str]) -> Call {
        Call::new(&self.path)
            .variable("KUBECONFIG", &target.kubeconfig)
            .arguments(verb)
            .arguments(["--kube-context", &target.context])
    }

    /// A call that installs or upgrades a release, taking back fields that somebody else has set.
    /// It does not wait for pods: what they wait for is told by who watches them.
    pub fn upgrade(&self, target: &Target, upgrade: &Upgrade<'_>) -> Call {
        let labels: Vec<_> = upgrade.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.call(target, &["upgrade", "--install", upgrade.name])
            .arguments(chart(upgrade.chart, upgrade.repository, upgrade.version))
            .arguments(["--namespace", upgrade.namespace, "--reset-values", "--skip-crds"])
            .arguments(["--server-side=true", "--force-conflicts", "--history-max", "5"])
            .arguments(["--labels", &labels.join(",")])
            .arguments(["--values", "-"])
            .input(upgrade.values)
            .log(upgrade.log)
    }

    /// The objects that a release would have, as YAML, without the definitions of `crds`.
    /// Nothing is asked of the cluster: its version and what it serves are given.
    pub fn template(&self, upgrade: &Upgrade<'_>, kubernetes: &str, served: &[String]) -> Call {
        Call::new(&self.path)
            .arguments(["template", upgrade.name])
            .arguments(chart(upgrade.chart, upgrade.repository, upgrade.version))
            .arguments(["--namespace", upgrade.namespace, "--no-hooks", "--skip-tests"])
            .arguments(["--kube-version", kubernetes])
            .arguments(served.iter().flat_map(|api| ["--api-versions", api.as_str()]))
            .arguments(["--values", "-"])
            .input(upgrade.values)
    }

    /// The custom resource definitions that a chart brings in `crds`, as YAML: Helm installs them
    /// and never upgrades them.
    pub fn crds(&self, upgrade: &Upgrade<'_>) -> Call {
        Call::new(&self.path).arguments(["show", "crds"]).arguments(chart(
            upgrade.chart,
            upgrade.repository,
            upgrade.version,
        ))
    }

    /// The objects of a release as it was installed, as YAML.
    ///
    /// # Errors
    /// When Helm cannot read it.
    pub fn manifest(&self, target: &Target, name: &str, namespace: &str) -> Result<String, ToolError> {
        self.call(target, &["get", "manifest", name]).arguments(["--namespace", namespace]).output()
    }

    /// Removes a release and all of its objects; hooks that would wait are run too.
    ///
    /// # Errors
    /// When Helm cannot.
    pub fn uninstall(&self, target: &Target, name: &str, namespace: &str) -> Result<(), ToolError> {
        self.call(target, &["uninstall", name])
            .arguments(["--namespace", namespace, "--ignore-not-found", "--cascade", "foreground"])
            .output()
            .map(drop)
    }

    /// Goes back to an earlier revision of a release.
    ///
    /// # Errors
    /// When Helm cannot.
    pub fn rollback(
        &self,
        target: &Target,
        name: &str,
        namespace: &str,
        revision: u32,
    ) -> Result<(), ToolError> {
        self.call(target, &["rollback", name, &revision.to_string()])
            .arguments(["--namespace", namespace, "--force-conflicts", "--server-side=true"])
            .output()
            .map(drop)
    }
}

fn chart(chart: &str, repository: Option<&str>, version: &str) -> Vec<String> {
    let mut arguments = vec![chart.to_owned(), "--version".to_owned(), version.to_owned()];
    if let Some(repository) = repository {
        arguments.extend(["--repo".to_owned(), repository.to_owned()]);
    }
    arguments
}
