//! `frazil init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `frazil init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The file to write.
    #[arg(long, value_name = "PATH", default_value = "hub.yaml")]
    pub out: PathBuf,

    /// The hub's name.
    #[arg(long)]
    pub name: Option<String>,

    /// Where the hub runs.
    #[arg(long, value_enum)]
    pub provider: Option<ProviderKind>,

    /// The AWS account, of twelve digits.
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,

    /// The Google Cloud project's ID.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,

    /// The cloud's region.
    #[arg(long)]
    pub region: Option<String>,

    /// The kubeconfig's context.
    #[arg(long)]
    pub context: Option<String>,

    /// The address people type.
    #[arg(long)]
    pub domain: Option<String>,

    /// A person who may administer the hub; can be given several times.
    #[arg(long = "admin", value_name = "NAME")]
    pub admins: Vec<String>,

    /// A GitHub organization or `ORG:TEAM` whose members may log in; can be given several times.
    #[arg(long = "github-allow", value_name = "ORG[:TEAM]")]
    pub github_allow: Vec<String>,

    /// The GitHub OAuth app's client ID.
    #[arg(long, value_name = "ID")]
    pub github_client_id: Option<String>,

    /// The sum the hub may cost, such as "1000 USD".
    #[arg(long, value_name = "SUM")]
    pub budget: Option<String>,

    /// Overwrite a file that is there.
    #[arg(long)]
    pub overwrite: bool,
}

/// The providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderKind {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
    /// A Kubernetes cluster that already exists.
    Kubernetes,
    /// This machine.
    Local,
}
