//! `frazil gateway`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use frazil_units::Duration;

use crate::error::{Error, Result};
use crate::view::Format;

/// Arguments of `frazil gateway`.
#[derive(Clone, Debug, Args)]
pub struct GatewayArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: GatewayVerb,
}

/// The verbs of `frazil gateway`.
#[derive(Clone, Debug, Subcommand)]
pub enum GatewayVerb {
    /// List your Dask clusters that are pending or run.
    #[command(after_help = "\
Examples:
  frazil gateway list                  yours, at the gateway of this hub
  frazil gateway list --all            those that have ended too
  frazil gateway list --status failed -o json")]
    List(ListArgs),

    /// Tell what may be chosen for a cluster: names, kinds, bounds, and what is taken if nothing is chosen.
    #[command(after_help = "\
Examples:
  frazil gateway options
  frazil gateway options --gateway gcp of a further gateway of the hub")]
    Options(OptionsArgs),

    /// Create a Dask cluster, and print its name.
    #[command(after_help = "\
Examples:
  frazil gateway create --wait         with what the gateway takes by itself, until it runs
  frazil gateway create --option worker_cores=2 --option worker_memory=8
  frazil gateway create --option 'environment={\"OMP_NUM_THREADS\": \"1\"}'")]
    Create(CreateArgs),

    /// Wait until a cluster runs; of one that fails, tell why.
    #[command(after_help = "\
Examples:
  frazil gateway wait NAME
  frazil gateway wait NAME --within '30 min'")]
    Wait(WaitArgs),

    /// Make it so many workers.
    #[command(after_help = "\
Examples:
  frazil gateway scale NAME 20
  frazil gateway scale NAME 0")]
    Scale(ScaleArgs),

    /// Let the number of workers follow the load, between two bounds.
    #[command(after_help = "\
Examples:
  frazil gateway adapt NAME 1 20
  frazil gateway adapt NAME off        as many as there are now, until it is scaled")]
    Adapt(AdaptArgs),

    /// Stop clusters; one that has ended stays as it is.
    #[command(after_help = "\
Examples:
  frazil gateway stop NAME
  frazil gateway stop --all --wait     all of yours, until they have ended")]
    Stop(StopArgs),

    /// Tell why a cluster failed, or does not come: by events, pods and logs, as far as you may see them.
    #[command(after_help = "\
Examples:
  frazil gateway explain NAME          of a hub on this machine, by the gateway's log
  frazil gateway explain NAME --file aws.yaml
                                       by your kubeconfig or account, with events and the scheduler's log")]
    Explain(ExplainClusterArgs),
}

/// Which gateway is asked, and by which login.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// The hub file [default: what the environment says in a hub's terminal, else hub.yaml].
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// A further gateway of the hub, by its name in `gateways:`.
    #[arg(long, value_name = "NAME", conflicts_with = "address")]
    pub gateway: Option<String>,

    /// The gateway's address; with --file, where that hub's own gateway is reached, such as by a forwarded port.
    #[arg(long, value_name = "URL")]
    pub address: Option<String>,

    /// Who you are: with --address, by password instead of a token; at a hub on this machine, as whom you ask.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// The file that the password or token is in, readable by you alone.
    #[arg(long, value_name = "FILE", conflicts_with = "secret_env")]
    pub secret_file: Option<PathBuf>,

    /// The variable that the password or token is in [default of tokens: `JUPYTERHUB_API_TOKEN`].
    #[arg(long, value_name = "VARIABLE")]
    pub secret_env: Option<String>,
}

/// Arguments of `frazil gateway list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Clusters that have ended too, as far as the gateway remembers them.
    #[arg(long, conflicts_with = "status")]
    pub all: bool,

    /// Only clusters of these statuses: pending, running, stopping, stopped, failed.
    #[arg(long, value_delimiter = ',', value_name = "STATUS")]
    pub status: Vec<String>,

    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `frazil gateway options`.
#[derive(Clone, Debug, Args)]
pub struct OptionsArgs {
    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `frazil gateway create`.
#[derive(Clone, Debug, Args)]
pub struct CreateArgs {
    /// What is chosen; `frazil gateway options` tells what there is.
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub options: Vec<String>,

    /// Wait until it runs.
    #[arg(long)]
    pub wait: bool,

    /// How long is waited.
    #[arg(long, value_name = "DURATION", default_value = "10 min")]
    pub within: Duration,

    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `frazil gateway wait`.
#[derive(Clone, Debug, Args)]
pub struct WaitArgs {
    /// The cluster.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// How long is waited.
    #[arg(long, value_name = "DURATION", default_value = "10 min")]
    pub within: Duration,

    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `frazil gateway scale`.
#[derive(Clone, Debug, Args)]
pub struct ScaleArgs {
    /// The cluster.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// How many workers.
    #[arg(value_name = "WORKERS")]
    pub workers: u32,

    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `frazil gateway adapt`.
#[derive(Clone, Debug, Args)]
pub struct AdaptArgs {
    /// The cluster.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// At least so many workers; or `off`.
    #[arg(value_name = "LEAST|off")]
    pub least: Least,

    /// At most so many workers.
    #[arg(value_name = "MOST")]
    pub most: Option<u32>,

    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

/// The least number of workers, or the end of adapting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Least {
    /// At least so many.
    Workers(u32),
    /// The number no longer follows the load.
    Off,
}

impl std::str::FromStr for Least {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::Workers).map_err(|_| "it is a number of workers, or `off`".to_owned())
    }
}

/// Arguments of `frazil gateway stop`.
#[derive(Clone, Debug, Args)]
pub struct StopArgs {
    /// The clusters.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// All of yours that are pending or run.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    /// Wait until they have ended.
    #[arg(long)]
    pub wait: bool,

    /// How long is waited.
    #[arg(long, value_name = "DURATION", default_value = "10 min")]
    pub within: Duration,

    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `frazil gateway explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainClusterArgs {
    /// The cluster.
    #[arg(value_name = "NAME")]
    pub name: String,

    /// Which gateway.
    #[command(flatten)]
    pub which: Which,
}

impl GatewayArgs {
    /// Refuses what makes no sense together.
    ///
    /// # Errors
    /// When bounds are missing or too many, or a verb has no rows for `-o csv`.
    pub fn check(&self, format: Format) -> Result<()> {
        let has_rows =
            matches!(self.verb, GatewayVerb::List(_) | GatewayVerb::Options(_) | GatewayVerb::Stop(_));
        if format == Format::Csv && !has_rows {
            return Err(Error::usage("this verb has no rows for `-o csv`")
                .hint("`frazil gateway list`, `options` and `stop` have; choose table, json or yaml here"));
        }
        match &self.verb {
            GatewayVerb::Stop(StopArgs { names, all: false, .. }) if names.is_empty() => {
                Err(Error::usage("no cluster is named")
                    .hint("frazil gateway stop NAME …, or `--all` for all of yours that are pending or run"))
            }
            GatewayVerb::Adapt(args) => args.check(),
            _ => Ok(()),
        }
    }
}

impl AdaptArgs {
    /// That there are both bounds, or none.
    fn check(&self) -> Result<()> {
        match (&self.least, self.most) {
            (Least::Workers(_), None) => Err(Error::usage("`adapt` needs the most workers too").hint(
                "without it one idle cluster could fill a cloud: frazil gateway adapt NAME LEAST MOST",
            )),
            (Least::Off, Some(_)) => Err(Error::usage("`adapt NAME off` takes no number of workers")),
            _ => Ok(()),
        }
    }
}
