//! What a hub leaves in a cloud: of what kind, why it is the hub's, what it costs, how it goes.

use std::fmt;

use frazil_units::Money;
use jiff::Timestamp;

use crate::config::HubFile;

/// The hub whose leftovers are looked for. Its cluster has the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// The name.
    pub name: String,
    /// The record that leads to it: nothing on a record says whose it is.
    pub record: Option<Record>,
    /// Whether its file asks for a budget. Then who looks has to have the right to look for one.
    pub budget: bool,
    /// Whether its file asks for exports of bills: the same.
    pub exports: bool,
}

impl Hub {
    /// A hub by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), record: None, budget: false, exports: false }
    }

    /// A hub as its file describes it.
    pub fn of(file: &HubFile) -> Self {
        let record = file.dns.as_ref().zip(file.domain.as_ref()).map(|(dns, domain)| Record {
            zone: dns.zone.as_str().to_owned(),
            name: domain.as_str().to_owned(),
        });
        Self {
            record,
            budget: file.budget.is_some(),
            exports: file.billing.exports,
            ..Self::new(file.name.as_str())
        }
    }
}

/// A record of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its zone, as the cloud calls it.
    pub zone: String,
    /// The domain, without a dot at its end.
    pub name: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $words:literal,)*) => {
        /// Kinds of leftovers, of both clouds, in the order in which they can be removed: what
        /// uses something stands before it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All kinds, first removed first.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// What it is called in messages.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$kind => $words,)* }
            }
        }
    };
}

kinds! {
    /// Nodes of a cluster that are made and removed together.
    NodePool = "node pool",
    /// The cluster: its controllers would make again what is removed before it.
    Cluster = "cluster",
    /// Google Cloud: where a balancer's address leads.
    ForwardingRule = "forwarding rule",
    /// Google Cloud: the proxy behind a forwarding rule.
    TargetProxy = "target proxy",
    /// Google Cloud: the paths of a proxy.
    UrlMap = "URL map",
    /// A load balancer.
    LoadBalancer = "load balancer",
    /// AWS: where a balancer sends to.
    TargetGroup = "target group",
    /// Google Cloud: where a network balancer sends to.
    TargetPool = "target pool",
    /// Google Cloud: where a balancer sends to.
    BackendService = "backend service",
    /// Google Cloud: what asks a backend whether it is well.
    HealthCheck = "health check",
    /// Machines that are made alike.
    InstanceGroup = "instance group",
    /// A machine.
    Instance = "machine",
    /// What machines are made from.
    Template = "template of machines",
    /// Google Cloud: addresses behind a balancer.
    EndpointGroup = "network endpoint group",
    /// A NAT gateway.
    Nat = "NAT gateway",
    /// A way to a service of the cloud that stays inside it.
    Endpoint = "endpoint",
    /// A shared file system.
    FileSystem = "file system",
    /// AWS: what writes down the traffic of a network.
    FlowLog = "flow log",
    /// A network interface.
    Interface = "network interface",
    /// A record of a domain: it goes before the address that it leads to, which may then be anybody's.
    Record = "DNS record",
    /// A public address that is kept.
    Address = "address",
    /// A security group (AWS) or firewall rule (Google Cloud).
    Firewall = "firewall rule",
    /// Google Cloud: a router, with the NAT on it.
    Router = "router",
    /// A part of a network.
    Subnet = "subnet",
    /// A route: AWS frees a table when its subnets are gone.
    Route = "route table",
    /// A network's way to the internet.
    Gateway = "internet gateway",
    /// A network.
    Network = "network",
    /// A disk.
    Disk = "disk",
    /// What makes copies of disks and file systems at its times.
    Plan = "plan of copies",
    /// A copy of a disk.
    Snapshot = "snapshot",
    /// Copies that a backup service keeps.
    Backup = "backup",
    /// AWS: what writes bills into a bucket.
    Export = "export of bills",
    /// A bucket.
    Bucket = "bucket",
    /// Google Cloud: tables of `BigQuery`.
    Dataset = "dataset",
    /// A registry's repository of images.
    Repository = "image repository",
    /// Logs.
    LogGroup = "log group",
    /// AWS: an issuer of tokens that the account trusts.
    Issuer = "identity provider",
    /// AWS: what gives a role to machines.
    Profile = "instance profile",
    /// What may be done: a policy.
    Policy = "policy",
    /// A role (AWS) or service account (Google Cloud).
    Account = "identity",
    /// What tells when too much is spent.
    Budget = "budget",
    /// Google Cloud: where a budget tells it.
    Channel = "notification channel",
    /// A key that encrypts.
    Key = "key",
    /// Something else that carries the hub's tag.
    Other = "resource",
}

impl Kind {
    /// Whether people's data is in it.
    pub const fn holds_data(self) -> bool {
        matches!(
            self,
            Self::Disk | Self::Snapshot | Self::FileSystem | Self::Backup | Self::Bucket | Self::Dataset
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Why something is a hub's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Belongs {
    /// It carries the hub's own tag or label.
    Tag,
    /// It carries a tag, label or description of the hub's cluster: the one named here.
    Cluster(String),
    /// It is in the hub's own network.
    Network,
    /// Its name is one that only the hub's cluster gives.
    Name,
    /// It was claimed in the hub's namespace, and no cluster is named on it.
    Claim,
}

impl fmt::Display for Belongs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag => f.write_str("tagged as the hub's"),
            Self::Cluster(mark) => write!(f, "marked as the cluster's by {mark}"),
            Self::Network => f.write_str("in the hub's network"),
            Self::Name => f.write_str("named after the cluster"),
            Self::Claim => f.write_str("claimed in a namespace of the hub's name"),
        }
    }
}

/// How something can go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// [`remove`](super::Cloud::remove) removes it.
    Remove,
    /// It goes with something else, named here.
    With(String),
    /// Only a person removes it, as said here.
    ByHand(String),
}

/// Something of a hub that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// What it is.
    pub kind: Kind,
    /// How the cloud names it: an ID, an ARN, or a link.
    pub id: String,
    /// A name that a person knows; the ID where there is none.
    pub name: String,
    /// The zone, the region, or `global`.
    pub place: String,
    /// Why it is the hub's.
    pub belongs: Belongs,
    /// When it was made, where the cloud says.
    pub created: Option<Timestamp>,
    /// How it goes.
    pub way: Way,
    /// What it costs a month at the catalog's prices; `None` where no table says, or by its use.
    pub monthly: Option<Money>,
    /// Its size and state in words: `20 GiB gp3, available`.
    pub note: String,
}

impl Leftover {
    /// Something that [`remove`](super::Cloud::remove) removes, with nothing more known of it.
    pub fn new(kind: Kind, id: impl Into<String>, belongs: Belongs) -> Self {
        let id = id.into();
        Self {
            kind,
            name: id.clone(),
            id,
            place: String::new(),
            belongs,
            created: None,
            way: Way::Remove,
            monthly: None,
            note: String::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        if !name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self
    }

    /// Where it is.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        place.clone_into(&mut self.place);
        self
    }

    /// When it was made, as the cloud writes it.
    #[must_use]
    pub fn since(mut self, text: &str) -> Self {
        self.created = text.parse().ok();
        self
    }

    /// How it goes.
    #[must_use]
    pub fn goes(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// What it costs a month.
    #[must_use]
    pub fn costs(mut self, monthly: Option<Money>) -> Self {
        self.monthly = monthly;
        self
    }

    /// Its size and state in words.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// Whether any of the addresses of a record is one of a hub's, which their notes are.
pub(super) fn leads_to_hub(addresses: &[String], known: &[Leftover]) -> bool {
    let mut own = known.iter().filter(|each| each.kind == Kind::Address && !each.note.is_empty());
    own.any(|each| addresses.contains(&each.note))
}

/// In the order of removal, each thing once.
pub(super) fn in_order(mut found: Vec<Leftover>) -> Vec<Leftover> {
    // What is known for more than one reason is kept for the first: the tag, if it has that.
    found.sort_by(|a, b| {
        (a.kind, &a.place, &a.name, &a.id, &a.belongs).cmp(&(b.kind, &b.place, &b.name, &b.id, &b.belongs))
    });
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|each| seen.insert(each.id.clone()));
    found
}

/// What came of removing something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, or was before.
    Gone,
    /// It is going; the cloud takes its time.
    Going,
    /// Something still uses it, in the cloud's words.
    Held(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_uses_something_goes_before_it() {
        let before = |first: Kind, second: Kind| assert!(first < second, "{first} before {second}");
        before(Kind::NodePool, Kind::Cluster);
        before(Kind::Cluster, Kind::LoadBalancer);
        before(Kind::ForwardingRule, Kind::BackendService);
        before(Kind::ForwardingRule, Kind::TargetPool);
        before(Kind::BackendService, Kind::HealthCheck);
        before(Kind::LoadBalancer, Kind::TargetGroup);
        before(Kind::LoadBalancer, Kind::Firewall);
        before(Kind::Nat, Kind::Address);
        before(Kind::Interface, Kind::Firewall);
        before(Kind::FileSystem, Kind::Interface);
        before(Kind::Firewall, Kind::Network);
        before(Kind::Subnet, Kind::Network);
        before(Kind::Router, Kind::Network);
        before(Kind::Instance, Kind::Disk);
        before(Kind::Profile, Kind::Account);
        before(Kind::Record, Kind::Address);
        before(Kind::FlowLog, Kind::Network);
        before(Kind::Plan, Kind::Backup);
        before(Kind::Export, Kind::Bucket);
        before(Kind::Budget, Kind::Channel);
    }

    #[test]
    fn a_thing_is_told_once_and_for_its_best_reason() {
        let by_cluster = Leftover::new(Kind::Disk, "vol-1", Belongs::Cluster("a tag".to_owned()));
        let by_tag = Leftover::new(Kind::Disk, "vol-1", Belongs::Tag);
        let balancer = Leftover::new(Kind::LoadBalancer, "lb", Belongs::Network);
        let told = in_order(vec![by_cluster, by_tag.clone(), balancer.clone()]);
        assert_eq!(told, [balancer, by_tag]);
    }
}
