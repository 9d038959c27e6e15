//! The hub file: every key, its type and its default.
//!
//! The doc comment of a key is its help: it becomes the JSON Schema's
//! description and what `frazil explain KEY` prints.

use std::collections::BTreeMap;

use frazil_units::{Bytes, Duration};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::auth::Auth;
use super::names::{
    Administrator, Cidr, DnsZone, Domain, GroupName, HubName, ImageName, KubernetesVersion, PersonName,
    Region, SizeName, Zone,
};
use super::plans::{Billing, Budget, Event};
use super::pools::Pools;
use super::provider::{Charts, Provider, State};
use super::secret::SecretRef;

/// A hub: who may log in, what they may start, where it runs and what it may cost.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HubFile {
    /// The hub's name: part of the names of everything made for it.
    pub name: HubName,
    /// Where the hub runs: `aws`, `gcp`, `kubernetes` or `local`.
    pub provider: Provider,
    /// The address people type, without `https://`. Needs a DNS record that points at the hub; `dns` makes it.
    #[serde(default)]
    pub domain: Option<Domain>,
    /// The DNS zone in which the record of `domain` is made.
    #[serde(default)]
    pub dns: Option<Dns>,
    /// Where the certificate authority and the budget's alerts write to. Default: `hostmaster@` the domain.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[^\s@<>]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"), example = &"hub@example.org")]
    pub contact: Option<String>,
    /// People who may administer the hub. On one machine the default is the person who starts it.
    #[serde(default)]
    pub admins: Vec<PersonName>,
    /// How people log in: `github`, `cilogon`, `oidc`, `native`, `password` or `pam`. On one machine the default is `password`.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// Groups of people by name, where the login gives none. Sizes can be kept for groups.
    #[serde(default)]
    #[schemars(schema_with = "by_name::<GroupName, Vec<PersonName>>", example = example_groups())]
    pub groups: BTreeMap<GroupName, Vec<PersonName>>,
    /// A few words for the login page. Plain text; line breaks are kept and addresses become links.
    #[serde(default)]
    #[schemars(example = &"Welcome to the ICESat-2 Hackweek 2026.")]
    pub welcome: Option<String>,
    /// Terms of use, shown on the login page; a person has to accept them to log in. Plain text.
    #[serde(default)]
    #[schemars(example = &"Results may be lost at any time. Keep a copy.")]
    pub terms: Option<String>,
    /// What a person may start. The one marked `default`, or else the first, is preselected.
    #[serde(default = "default_sizes")]
    #[schemars(length(min = 1))]
    pub sizes: Vec<Size>,
    /// Whether there is a hub at all; `false` gives a cluster with Dask Gateway only.
    #[serde(default = "yes")]
    pub hub: bool,
    /// Dask Gateway: the workers it starts and what one person may use.
    #[serde(default)]
    pub gateway: Gateway,
    /// Further gateways that this hub's people reach, in other regions or clouds.
    #[serde(default)]
    pub gateways: Vec<FurtherGateway>,
    /// Home directories and the scratch bucket.
    #[serde(default)]
    pub storage: Storage,
    /// Where the people's data lies.
    #[serde(default)]
    pub data: Data,
    /// What the hub may cost, and what happens on the way there.
    #[serde(default)]
    pub budget: Option<Budget>,
    /// The cloud's own bills, line by line.
    #[serde(default)]
    pub billing: Billing,
    /// A hackweek or class: its days and its people.
    #[serde(default)]
    pub event: Option<Event>,
    /// The image that people's servers and Dask workers run.
    #[serde(default)]
    pub image: Image,
    /// The cluster's Kubernetes version and how it is upgraded.
    #[serde(default)]
    pub kubernetes: Kubernetes,
    /// Zones to use, all in the provider's region. Default: the first ones of the region.
    #[serde(default)]
    pub zones: Vec<Zone>,
    /// The cluster's own network.
    #[serde(default)]
    pub network: Network,
    /// Node pools. Default: the cheapest machines that hold the sizes; `frazil explain pools` says which and why.
    #[serde(default)]
    #[schemars(example = example_pools())]
    pub pools: Pools,
    /// Where Terraform keeps its state: `auto` for a bucket made for it, `local`, or a bucket's name.
    #[serde(default)]
    pub state: State,
    /// Chart versions and where they come from.
    #[serde(default)]
    pub charts: Charts,
    /// What is installed beside hub and gateway.
    #[serde(default)]
    pub support: Support,
    /// The way out: values merged last into a chart's values or the Terraform variables.
    #[serde(default)]
    #[schemars(example = example_overrides())]
    pub overrides: Overrides,
    /// Rules that `validate` shall not report, each with a reason.
    #[serde(default)]
    pub silence: Vec<Silence>,
}

/// Where the record of `domain` is made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// A public zone of the same account or project, as the cloud calls it: on AWS by its domain, as
    /// `example.org`, on GCP by its name, as `example-org`. The hub gets an address that stays the same.
    pub zone: DnsZone,
}

/// A size of server that a person may start.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// The size's name, as it is chosen and shown.
    pub name: SizeName,
    /// Memory the server may use.
    #[schemars(example = &"8 GiB")]
    pub memory: Bytes,
    /// CPU cores the server may use. Default: its share of the machine by memory, at least one.
    #[serde(default)]
    #[schemars(range(min = 0.05, max = 1024.0), example = &2.0)]
    pub cpu: Option<f64>,
    /// GPUs of the server.
    #[serde(default)]
    #[schemars(range(min = 0, max = 16))]
    pub gpu: u32,
    /// A line that tells people what the size is for.
    #[serde(default)]
    #[schemars(example = &"for the tutorials")]
    pub description: Option<String>,
    /// Only members of one of these groups may start it. Default: everyone.
    #[serde(default)]
    pub groups: Vec<GroupName>,
    /// Whether the size is preselected.
    #[serde(default)]
    pub default: bool,
}

/// Dask Gateway.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// Whether there is a Dask Gateway.
    pub enabled: bool,
    /// The workers of the Dask clusters.
    pub workers: Workers,
    /// What all Dask clusters of one person may use together. Default: no limit.
    pub per_user: Option<PerUser>,
    /// A Dask cluster that does nothing for so long is stopped.
    pub idle_timeout: Duration,
    /// Who reaches the gateway of a cluster without a hub. Default: `public` with a `domain`, else `internal`.
    pub balancer: Option<Balancer>,
}

/// Who reaches the gateway of a cluster without a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Balancer {
    /// Everyone on the internet, with TLS.
    Public,
    /// Only machines in the cluster's network and those joined to it.
    Internal,
}

/// Workers of the Dask clusters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Workers {
    /// Whether workers run on spot (preemptible) machines.
    pub spot: bool,
    /// The most workers of one Dask cluster.
    #[schemars(range(min = 1, max = 100_000))]
    pub max: u32,
    /// CPU cores of a worker, unless its owner asks for another number.
    #[schemars(range(min = 0.1, max = 1024.0))]
    pub cores: f64,
    /// Memory of a worker, unless its owner asks for another amount.
    pub memory: Bytes,
}

/// What all Dask clusters of one person may use together, schedulers included.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerUser {
    /// CPU cores.
    #[schemars(range(min = 0.1, max = 1_000_000.0), example = &40.0)]
    pub cores: f64,
    /// Memory.
    #[schemars(example = &"320 GiB")]
    pub memory: Bytes,
}

/// A gateway elsewhere that this hub's people reach: by another hub file, or by its address.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FurtherGateway {
    /// The name by which people choose it. With `auth: jupyterhub` the name of its own hub file, by which
    /// the two know each other.
    pub name: SizeName,
    /// The hub file that describes it, relative to this one.
    #[serde(default)]
    #[schemars(example = &"gcp.yaml")]
    pub file: Option<String>,
    /// Its address.
    #[serde(default)]
    #[schemars(url, regex(pattern = r"^https?://[^\s/?#@]+([/?#]\S*)?$"), example = &"https://gateway.example.org")]
    pub address: Option<String>,
    /// How people log in there.
    #[serde(default)]
    pub auth: GatewayAuth,
    /// The shared password, for `auth: password`.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Where it runs, as `CLOUD/REGION`.
    #[serde(default)]
    #[schemars(regex(pattern = r"^(aws|gcp)/[a-z0-9-]+$"), example = &"gcp/us-central1")]
    pub region: Option<String>,
    /// Buckets that are read best from there.
    #[serde(default)]
    pub buckets: Vec<String>,
}

/// How people log in to a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GatewayAuth {
    /// With their token of this hub.
    #[default]
    Jupyterhub,
    /// With a shared password.
    Password,
}

/// Home directories and the scratch bucket.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Home directories.
    pub homes: Homes,
    /// A bucket for results on the way, emptied by age.
    pub scratch: Scratch,
}

/// Home directories.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Homes {
    /// The most a person may keep in their home directory. Default: no limit.
    #[schemars(example = &"20 GiB")]
    pub quota: Option<Bytes>,
    /// Size of the disk that holds the homes under a quota; it can grow while people work. Default: a quarter
    /// of everyone's quota (of the event's people, or of 40), at least 50 GiB. A cluster that exists already
    /// has a disk for each person, as large as the quota, and no such disk.
    #[schemars(example = &"400 GiB")]
    pub size: Option<Bytes>,
    /// How often homes are backed up.
    pub backup: Backup,
}

/// How often homes are backed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Backup {
    /// Never.
    #[default]
    None,
    /// Every night.
    Daily,
    /// Once a week.
    Weekly,
}

/// The scratch bucket.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scratch {
    /// Whether there is one, where the provider has buckets.
    pub enabled: bool,
    /// Objects older than this are deleted.
    pub expire: Duration,
}

/// Where the people's data lies.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// Regions of the data, such as `us-west-2`: reading from another region is slow and costs.
    #[schemars(example = ["us-west-2"])]
    pub regions: Vec<Region>,
}

/// The image that people's servers and Dask workers run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Image {
    /// The image's name in its registry. Default: the hub image of frazil.
    pub name: Option<ImageName>,
    /// The image's tag.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"))]
    pub tag: String,
}

/// The cluster's Kubernetes version and how it is upgraded.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kubernetes {
    /// The minor version. In quotes: editors take `1.35` for a number, and `1.30` for `1.3`.
    pub version: KubernetesVersion,
    /// Who upgrades it.
    pub upgrades: Upgrades,
    /// Who administers the cluster, beside whoever makes it: on AWS ARNs of roles or users, on GCP
    /// `user:`, `group:` or `serviceAccount:` with an e-mail address.
    pub administrators: Vec<Administrator>,
}

/// Who upgrades the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Upgrades {
    /// An administrator, with `frazil upgrade`.
    #[default]
    Manual,
    /// The cloud, by its release channel.
    Automatic,
}

/// The cluster's own network.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The nodes' addresses; on AWS the pods' too.
    pub cidr: Cidr,
    /// The pods' addresses on GCP.
    pub pods: Cidr,
    /// The addresses of Services.
    pub services: Cidr,
    /// NAT gateways: they cost by the hour and by the byte, and most hubs need none.
    pub nat: Nat,
    /// Whether flow logs are kept, for `frazil egress`.
    pub flow_logs: bool,
}

/// NAT gateways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// None: nodes have public addresses and closed ports.
    #[default]
    None,
    /// One for all zones.
    Single,
    /// One in each zone.
    PerZone,
}

/// What is installed beside hub and gateway.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Support {
    /// Whether Prometheus keeps the nodes' and people's usage.
    pub monitoring: bool,
    /// Who issues the TLS certificate.
    pub certificates: Certificates,
    /// The ops image with its tag (`images/ops`); with it, the recorder keeps the history of the hub's
    /// pods and the nodes, by which costs are told by person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9._:/-]*[:@][A-Za-z0-9_][A-Za-z0-9_.:-]*$"), example = &"registry.example.org/ops:1")]
    pub recorder: Option<String>,
    /// Whether the hub serves the page of `frazil report`: administrators see everything, a person what is
    /// their own. On a cluster it takes the ops image that `recorder` names.
    pub report: bool,
}

/// Who issues the TLS certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certificates {
    /// Let's Encrypt, for the hub's domain.
    #[default]
    Letsencrypt,
    /// Nobody: a balancer in front of the hub ends TLS.
    Offload,
}

/// Values merged last, as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Overrides {
    /// Into the values of the JupyterHub chart.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub jupyterhub: BTreeMap<String, Value>,
    /// Into the values of the Dask Gateway chart.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dask_gateway: BTreeMap<String, Value>,
    /// Into the Terraform variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub terraform: BTreeMap<String, Value>,
}

/// A rule that `validate` shall not report.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// The rule's name, as `validate` prints it.
    #[schemars(example = &"near-end-of-support")]
    pub rule: String,
    /// Why it does not matter here.
    #[schemars(length(min = 1), example = &"moved next month")]
    pub because: String,
}

impl HubFile {
    /// The size that is preselected: the one marked, or else the first.
    pub fn default_size(&self) -> Option<&Size> {
        self.sizes.iter().find(|size| size.default).or(self.sizes.first())
    }

    /// The file without what only the hub itself needs: who logs in and how, overrides, other clusters. The page
    /// of costs is made from it.
    #[must_use]
    pub fn for_report(&self) -> Self {
        Self {
            auth: None,
            admins: Vec::new(),
            groups: BTreeMap::new(),
            gateways: Vec::new(),
            overrides: Overrides::default(),
            welcome: None,
            terms: None,
            billing: Billing { credentials: None, ..self.billing.clone() },
            ..self.clone()
        }
    }

    /// Where the certificate authority and the budget's alerts write to, where the hub has an address.
    pub fn contact(&self) -> Option<String> {
        self.contact.clone().or_else(|| self.domain.as_ref().map(|domain| format!("hostmaster@{domain}")))
    }
}

impl Gateway {
    /// CPU cores that a Dask scheduler counts against its owner's limit.
    pub const SCHEDULER_CORES: f64 = 1.0;
    /// Memory that it counts.
    pub const SCHEDULER_MEMORY: Bytes = Bytes::gib(1);
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            enabled: true,
            workers: Workers::default(),
            per_user: None,
            idle_timeout: Duration::from_secs(30 * 60),
            balancer: None,
        }
    }
}

impl Default for Workers {
    fn default() -> Self {
        Self { spot: true, max: 100, cores: 1.0, memory: Bytes::gib(4) }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self { enabled: true, expire: Duration::from_secs(7 * 86_400) }
    }
}

impl Default for Image {
    fn default() -> Self {
        Self { name: None, tag: "2026.11".to_owned() }
    }
}

impl Default for Support {
    fn default() -> Self {
        Self { monitoring: false, certificates: Certificates::default(), recorder: None, report: true }
    }
}

impl Default for Kubernetes {
    fn default() -> Self {
        Self { version: KubernetesVersion::DEFAULT, upgrades: Upgrades::Manual, administrators: Vec::new() }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            cidr: Cidr::NODES,
            pods: Cidr::PODS,
            services: Cidr::SERVICES,
            nat: Nat::None,
            flow_logs: false,
        }
    }
}

fn yes() -> bool {
    true
}

fn default_sizes() -> Vec<Size> {
    let Ok(name) = "standard".parse() else {
        return Vec::new();
    };
    let memory = Bytes::gib(4);
    vec![Size { name, memory, cpu: None, gpu: 0, description: None, groups: Vec::new(), default: true }]
}

/// A mapping whose keys are checked like values: schemars alone keeps a key's pattern, but not its format.
fn by_name<K: JsonSchema, V: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let (names, values) = (generator.subschema_for::<K>(), generator.subschema_for::<V>());
    json_schema!({ "type": "object", "propertyNames": names, "additionalProperties": values })
}

fn example_groups() -> Value {
    serde_json::json!({ "instructors": ["ada"] })
}

fn example_pools() -> Value {
    serde_json::json!({ "user": { "machine": "r7i.2xlarge", "max": 40 } })
}

fn example_overrides() -> Value {
    serde_json::json!({ "jupyterhub": { "singleuser": { "startTimeout": 600 } } })
}
