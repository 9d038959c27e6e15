//! The command line: inert data, one file a verb.

pub mod catalog;
pub mod cost;
pub mod data;
mod doctor;
mod down;
pub mod egress;
mod explain;
mod files;
pub mod gateway;
pub mod image;
mod init;
mod kubeconfig;
mod nodes;
mod open;
pub mod period;
mod plan;
mod record;
mod render;
mod report;
mod serve;
mod up;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use doctor::DoctorArgs;
pub use down::{DownArgs, Kept};
pub use explain::ExplainArgs;
pub use files::{HubFile, HubFiles};
pub use init::{InitArgs, ProviderKind};
pub use kubeconfig::KubeconfigArgs;
pub use nodes::NodesArgs;
pub use open::OpenArgs;
pub use plan::PlanArgs;
pub use record::RecordArgs;
pub use render::RenderArgs;
pub use report::ReportArgs;
pub use serve::ServeArgs;
pub use up::UpArgs;

use crate::error::Error;
use crate::view::{Color, Format};

/// JupyterHub and Dask Gateway for Earth science, from one typed file.
#[derive(Debug, Parser)]
#[command(
    name = "frazil",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Examples:
  frazil init                      write a hub file, by a few questions
  frazil validate                  check hub.yaml: no network, no credentials
  frazil up                        bring the hub up; a second time changes only what differs
  frazil open                      log in to it in your browser
  frazil status                    what runs, since when, with how much CPU and memory
  frazil nodes                     who is on which node, what is free, what an hour costs
  frazil down                      stop it, keep people's files"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,

    /// Form of the result: table, wide (more columns), json, yaml, csv, prometheus, geojson
    /// or stac.
    #[arg(
        short = 'o',
        long = "output",
        value_enum,
        default_value_t,
        global = true,
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    pub format: Format,

    /// When to use colour: auto, always or never; `NO_COLOR` turns it off too.
    #[arg(
        long,
        value_enum,
        default_value_t,
        global = true,
        value_name = "WHEN",
        hide_possible_values = true
    )]
    pub color: Color,

    /// Print only results and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// Where examples stand in a verb's help: first.
const HELP: &str = "{about}\n\n{usage-heading} {usage}{after-help}\n\n{all-args}";

impl Cli {
    /// The whole command line, each verb with its examples before its options.
    pub fn whole() -> Command {
        fn examples_first(command: Command) -> Command {
            command.help_template(HELP).mut_subcommands(examples_first)
        }
        examples_first(Self::command())
    }

    /// What to do after Ctrl-C.
    pub fn after_interrupt(&self) -> &'static str {
        match &self.verb {
            Verb::Gateway(gateway::GatewayArgs { verb: gateway::GatewayVerb::Create(_) }) => {
                "a cluster may be on its way: see `frazil gateway list`, and stop what you do not want"
            }
            _ => "the same call again goes on from there",
        }
    }

    /// Refuses what makes no sense together, before anything is done.
    ///
    /// # Errors
    /// When a verb is asked for a form that it has not.
    pub fn check(&self) -> crate::error::Result<()> {
        let has_rows = matches!(
            self.verb,
            Verb::Validate(_)
                | Verb::Plan(_)
                | Verb::Explain(_)
                | Verb::Catalog(_)
                | Verb::Cost(cost::CostArgs {
                    verb: None | Some(cost::CostVerb::Estimate(_) | cost::CostVerb::Check(_)),
                    ..
                })
                | Verb::Status(_)
                | Verb::Nodes(_)
                | Verb::Egress(_)
                | Verb::Data(_)
                | Verb::Gateway(_)
                | Verb::Doctor(_)
                | Verb::Image(image::ImageArgs { verb: image::ImageVerb::Check(_) })
        );
        if self.format == Format::Csv && !has_rows {
            return Err(Error::usage("this verb has no rows for `-o csv`").hint("choose table, json or yaml"));
        }
        if self.format == Format::Prometheus && !matches!(self.verb, Verb::Nodes(_)) {
            return Err(Error::usage("this verb has no metrics for `-o prometheus`")
                .hint("`frazil nodes` has; choose table, json or yaml here"));
        }
        if matches!(self.format, Format::Geojson | Format::Stac) && !matches!(self.verb, Verb::Data(_)) {
            return Err(Error::usage("this verb has no features for `-o geojson` and `-o stac`")
                .hint("`frazil data search` has; choose table, json or yaml here"));
        }
        match &self.verb {
            Verb::Data(args) => args.check(self.format)?,
            Verb::Gateway(args) => args.check(self.format)?,
            Verb::Image(args) => args.check()?,
            Verb::Nodes(args) => args.check(self.format)?,
            Verb::Report(args) => args.check(self.format)?,
            Verb::Serve(args) => args.check()?,
            _ => {}
        }
        Ok(())
    }

    /// Reads the arguments of this process.
    ///
    /// # Errors
    /// What is wrong with them, or the help that was asked for.
    pub fn read() -> Result<Self, clap::Error> {
        let matches = Self::whole().try_get_matches()?;
        Self::from_arg_matches(&matches)
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a new hub file, by a few questions or by flags.
    #[command(after_help = "\
Examples:
  frazil init                                  ask
  frazil init --name lab --provider local      a hub on this machine, without questions
  frazil init --name icesat2 --provider aws --account 123456789012 --region us-west-2 \\
      --domain hub.example.org --admin octocat --github-allow ICESAT-2HackWeek:2026")]
    Init(InitArgs),

    /// Check hub files: every problem at once, without network or credentials.
    #[command(after_help = "\
Examples:
  frazil validate                      hub.yaml in this folder
  frazil validate aws.yaml gcp.yaml    several files
  frazil validate -o json              for editors and CI")]
    Validate(HubFiles),

    /// Explain a key of the hub file, or a rule that `validate` checks.
    #[command(after_help = "\
Examples:
  frazil explain                       all keys
  frazil explain sizes.memory          one key
  frazil explain gateway hub.yaml      with its value in a file, and where that comes from
  frazil explain pools hub.yaml        which machines were chosen, and why
  frazil explain rules                 all rules
  frazil explain no-auth               one rule: why, and what to do")]
    Explain(ExplainArgs),

    /// Print the hub file's JSON Schema, by which editors complete and check.
    #[command(after_help = "\
Example:
  frazil schema > hub.schema.json
  and as the first line of hub.yaml:
  # yaml-language-server: $schema=./hub.schema.json")]
    Schema,

    /// Look at machine types and prices.
    Catalog(catalog::CatalogArgs),

    /// Tell where the money went: bills divided among hubs, people and Dask clusters, to the last decimal.
    #[command(after_help = "\
Examples:
  frazil cost read bills/*.parquet     take bills into the ledger
  frazil cost                          the last month, by what it was for
  frazil cost --by user                by person; idle, shared and foreign parts last
  frazil cost --by user --idle shared --shared by-use
                                       the same with idle and shared parts given to people
  frazil cost --by user --explain ada  how ada's sum came about
  frazil cost estimate                 what hub.yaml will cost, from the file alone
  frazil cost --by hub,day -o csv      exact amounts for a spreadsheet")]
    Cost(cost::CostArgs),

    /// Tell which ways bytes went and what that cost: the bill, the cluster's logs and the clients side by side.
    #[command(after_help = "\
Examples:
  frazil egress                        the bills of the last month: bytes and money by way
  frazil egress --by hub,day           the same by hub and day
  frazil egress --flow-logs s3://logs/AWSLogs --hub lab
                                       beside what the network's flow logs saw
  frazil egress --bytes ~/.local/share/frazil/bytes --by user,dataset
                                       beside what people's programs read, from where
  frazil egress -o csv                 exact bytes and amounts")]
    Egress(egress::EgressArgs),

    /// Find Earth-science data: granules and datasets of NASA, STAC items, Intake catalogues; tell where it is.
    #[command(after_help = "\
Examples:
  frazil data search ATL08 --bbox -74.2,40.5,-73.7,41.0 --time 2023-05
  frazil data info ATL08
  frazil data where ATL08")]
    Data(data::DataArgs),

    /// List, create, scale and stop Dask clusters at a hub's gateway, without Python; tell why one failed.
    #[command(after_help = "\
Examples:
  frazil gateway create --wait         at the gateway of hub.yaml, or of the hub whose terminal this is
  frazil gateway list
  frazil gateway adapt NAME 1 20
  frazil gateway stop --all
  frazil gateway list --address https://gateway.example.org --user ada --secret-file password.txt")]
    Gateway(gateway::GatewayArgs),

    /// Build the hub image, push it, and check it by running it: by docker, podman or buildah.
    #[command(after_help = "\
Examples:
  frazil image build                   in a checkout of frazil
  frazil image check                   packages as locked, a notebook, a Dask cluster, equal versions
  frazil image push lab.yaml           where the hub file says that it is")]
    Image(image::ImageArgs),

    /// Write a page for who organizes and who pays: what it cost, of whom, on which days, what ran at night.
    #[command(after_help = "\
Examples:
  frazil report                        report.html, of hub.yaml
  frazil report --people numbers --out for-sponsor.html
                                       without anybody's name
  frazil report a.yaml b.yaml          several hubs on one page
  frazil report --month 2026-10 --zone America/Vancouver
  frazil report -o json                also print what the page tells, as data

The page is one file: no script, nothing fetched, light and dark, good to print.")]
    Report(ReportArgs),

    /// Write what a hub file becomes: Terraform, Helm values, manifests; no network or credentials.
    #[command(after_help = "\
Examples:
  frazil render                        into rendered/NAME
  frazil render --out infra aws.yaml   into a folder of your choice
  frazil render --check                name what differs from the files on disk, change nothing")]
    Render(RenderArgs),

    /// Tell what `up` would change on a cluster: one plan over all layers, asked of the API server.
    #[command(after_help = "\
Examples:
  frazil plan                          hub.yaml in this folder
  frazil plan --out plan.json          save it, for `frazil up --plan plan.json`
  frazil plan --detailed-exitcode      exit with 2 when something would change")]
    Plan(PlanArgs),

    /// Bring a hub up, or change it to what its file says.
    #[command(
        alias = "apply",
        after_help = "\
Examples:
  frazil up                            hub.yaml in this folder
  frazil up examples/laptop.yaml       a hub on this machine
  frazil up --auto-approve             without a question before a cluster is changed
  frazil up --plan plan.json           exactly what was approved, or nothing"
    )]
    Up(UpArgs),

    /// Name what differs between hub file, Helm releases and the cluster, and who changed it.
    #[command(after_help = "\
Examples:
  frazil drift                         exit with 2 when anything differs
  frazil drift -o json                 for CI")]
    Drift(HubFile),

    /// Take a hub down.
    #[command(
        alias = "destroy",
        after_help = "\
Examples:
  frazil down                          stop it, keep people's files
  frazil down --data                   remove everything, after typing the hub's name
  frazil down --data --confirm laptop  the same without a question
  frazil down --keep homes             on a cluster: everything but people's homes
  frazil down --audit                  on a cluster: what is there of it; 3 when anything is"
    )]
    Down(DownArgs),

    /// Show what runs: since when, where, with how much CPU and memory.
    #[command(after_help = "\
Examples:
  frazil status
  frazil status -o json")]
    Status(HubFile),

    /// Show the nodes: what is requested and used of them, who is on board, what an hour costs.
    #[command(after_help = "\
Examples:
  frazil nodes                         the nodes of hub.yaml's cluster
  frazil nodes aws.yaml gcp.yaml       of several hubs, two clouds, in one table
  frazil nodes --watch                 a live view; q ends it
  frazil nodes -o wide                 nominal, capacity, allocatable, zone, sample, every column
  frazil nodes -o csv > nodes.csv      one row a node, units in the headers
  frazil nodes -o prometheus           metrics, for a file that node_exporter reads
  frazil nodes --local                 this machine: lscpu and free in one; also in a hub's terminal

Only reads. On the cluster it takes: list and watch nodes and pods; for what is used, list nodes of
metrics.k8s.io, or where nothing serves it, get nodes/proxy.")]
    Nodes(NodesArgs),

    /// Open the hub in a browser, logged in; without a terminal, print the address.
    #[command(after_help = "\
Examples:
  frazil open                          as the first admin
  frazil open --print                  only print the address, which works once
  frazil open --user ada               as someone else
  On a cluster: at its address, with its own login.")]
    Open(OpenArgs),

    /// Print a kubeconfig with nothing but the way to a hub's cluster; your own credentials are in it.
    #[command(after_help = "\
Examples:
  frazil kubeconfig                              print it
  export KUBECONFIG=$(frazil kubeconfig --out lab.kubeconfig)
                                                 readable by you alone, and used from here on

Whoever has the file may do on the cluster what you may: keep it as you keep a password. frazil
writes its content nowhere else.")]
    Kubeconfig(KubeconfigArgs),

    /// Check that everything a hub needs is there; say how to get what is not.
    #[command(after_help = "\
Examples:
  frazil doctor                        what a hub on this machine needs
  frazil doctor hub.yaml               what this hub needs")]
    Doctor(DoctorArgs),

    /// Record the history of a hub's pods and the nodes; runs in the ops image.
    #[command(
        hide = true,
        after_help = "\
Example:
  frazil record --namespace lab --out /history"
    )]
    Record(RecordArgs),

    /// Serve the page of `frazil report`, live, as a service of JupyterHub; `frazil up` starts it.
    #[command(after_help = "\
Examples:
  frazil serve hub.yaml                the page of this hub
  frazil serve hub.yaml --bills s3://bills/cur2 --history /history --every \"1 h\"
                                       which reads bills and history itself
  frazil serve hub.yaml --metrics 127.0.0.1:9102
                                       and metrics for a Prometheus nearby

A hub says by the variables JUPYTERHUB_… whose service this is (docs/serve.md). Administrators see
everything, a person what is their own, nobody else anything.")]
    Serve(ServeArgs),

    /// Print the completion script of a shell.
    #[command(after_help = "\
Examples:
  frazil completions bash > ~/.local/share/bash-completion/completions/frazil
  frazil completions zsh > ~/.zfunc/_frazil
  frazil completions fish > ~/.config/fish/completions/frazil.fish")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },

    /// Write the manual pages into a folder.
    Man {
        /// The folder; it is made if it is not there.
        #[arg(long, value_name = "DIR", default_value = "man")]
        out: std::path::PathBuf,
    },
}
