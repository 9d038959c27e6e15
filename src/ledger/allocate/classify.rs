//! What a row is for: its hub and component, by its service, usage type and tags.

use super::tags::Tags;

/// What money was for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// The Kubernetes control plane.
    ControlPlane,
    /// Nodes and disks of the pool core, and the hub's own disks.
    Core,
    /// Nodes of people's servers.
    Servers,
    /// Nodes of Dask workers.
    Dask,
    /// People's homes.
    Homes,
    /// Object stores.
    Objects,
    /// Balancers, addresses, NAT, DNS, transfer.
    Network,
    /// Snapshots and backups.
    Backup,
    /// Logs and metrics.
    Logs,
    /// Everything else.
    #[default]
    Other,
}

impl Component {
    const ALL: [Self; 10] = [
        Self::ControlPlane,
        Self::Core,
        Self::Servers,
        Self::Dask,
        Self::Homes,
        Self::Objects,
        Self::Network,
        Self::Backup,
        Self::Logs,
        Self::Other,
    ];

    /// What has a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Core => "core",
            Self::Servers => "servers",
            Self::Dask => "dask",
            Self::Homes => "homes",
            Self::Objects => "objects",
            Self::Network => "network",
            Self::Backup => "backup",
            Self::Logs => "logs",
            Self::Other => "other",
        }
    }
}

/// A rule: what service or usage type contains, in lower case, makes the component.
struct Rule {
    services: &'static [&'static str],
    usages: &'static [&'static str],
    component: Component,
}

/// The first that fits counts. Services are named as in CUR, Cost Explorer and FOCUS, or as Google does;
/// usage types as in CUR ("Egress usage types", conventions 4.5), or as Google's SKUs are described.
const RULES: [Rule; 8] = [
    Rule { services: &["backup"], usages: &["snapshot", "backup"], component: Component::Backup },
    Rule {
        services: &["amazonefs", "elastic file system", "filestore"],
        usages: &[],
        component: Component::Homes,
    },
    Rule {
        services: &[],
        usages: &[
            "datatransfer",
            "data transfer",
            "dataxfer",
            "-aws-out-bytes",
            "-aws-in-bytes",
            "bytes-internet",
            "natgateway",
            "vpcendpoint",
            "transitgateway",
            "loadbalancer",
            "load balanc",
            "lcuusage",
            "publicipv4",
            "elasticip",
            "external ip",
            "static ip",
            "egress",
            "cloud nat",
            "nat gateway",
            "forwarding rule",
        ],
        component: Component::Network,
    },
    Rule {
        services: &[
            "awselb",
            "load balancing",
            "amazonvpc",
            "virtual private cloud",
            "awsdatatransfer",
            "networking",
            "route53",
            "route 53",
            "cloud dns",
            "cloudfront",
            "globalaccelerator",
        ],
        usages: &[],
        component: Component::Network,
    },
    Rule {
        services: &["amazoneks", "service for kubernetes", "elastic kubernetes", "kubernetes engine"],
        usages: &[],
        component: Component::ControlPlane,
    },
    Rule {
        services: &["amazons3", "simple storage service", "cloud storage"],
        usages: &[],
        component: Component::Objects,
    },
    Rule {
        services: &["cloudwatch", "cloud logging", "cloud monitoring", "stackdriver"],
        usages: &[],
        component: Component::Logs,
    },
    Rule {
        services: &["compute cloud - compute"],
        usages: &["boxusage", "spotusage", "instance core", "instance ram"],
        component: Component::Servers,
    },
];
/// How many of the rules count before the pool does.
const BEFORE_POOL: usize = 7;

/// A pool of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pool {
    /// The hub's own pods.
    Core,
    /// People's servers.
    User,
    /// Servers with GPUs.
    Gpu,
    /// Dask workers.
    Dask,
}

impl Pool {
    /// The pool of a name; GKE numbers the pools of further machine types: `dask-2`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let base = match name.rsplit_once('-') {
            Some((base, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => base,
            _ => name,
        };
        match base {
            "core" => Some(Self::Core),
            "user" => Some(Self::User),
            "gpu" => Some(Self::Gpu),
            "dask" => Some(Self::Dask),
            _ => None,
        }
    }

    /// What its nodes are for.
    const fn component(self) -> Component {
        match self {
            Self::Core => Component::Core,
            Self::User | Self::Gpu => Component::Servers,
            Self::Dask => Component::Dask,
        }
    }
}

/// Google's own division of a GKE row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gke {
    /// Of a pod or what made it.
    Workload {
        /// The namespace.
        namespace: String,
        /// The pod, or what made it.
        name: String,
        /// The person, where the label is there.
        person: Option<String>,
        /// The Dask cluster, where the label is there.
        dask: Option<String>,
    },
    /// What nobody asked for.
    Idle,
    /// What the nodes need for themselves.
    System,
}

/// What tags say of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// The hub; empty without.
    pub(super) hub: String,
    /// The pool.
    pub(super) pool: Option<Pool>,
    /// Whether it is the disk of the homes.
    homes: bool,
    /// The claim that a disk was made for.
    claim: Option<String>,
    /// Google's own division.
    pub(super) gke: Option<Gke>,
    /// The machine type, where labels of the system tell it.
    pub(super) machine: Option<String>,
}

impl Marks {
    /// The marks of a row's tags.
    pub(super) fn read(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        let tags = Tags::read(text);
        let owned = |key: &str| tags.get(key).map(str::to_owned);
        let pool = ["frazil:pool", "goog-k8s-node-pool-name"];
        Self {
            hub: owned("frazil:hub").unwrap_or_default(),
            pool: pool.iter().find_map(|key| Pool::from_name(tags.get(key)?)),
            homes: tags.get("frazil:homes").is_some(),
            claim: owned("kubernetes.io/created-for/pvc/name"),
            gke: gke(&tags),
            machine: owned("compute.googleapis.com/machine_spec"),
        }
    }
}

impl Marks {
    /// The same with a pool that is known otherwise.
    pub(super) fn in_pool(self, pool: Option<Pool>) -> Self {
        Self { pool, ..self }
    }
}

/// GKE cost allocation (Google, "Key Google Kubernetes Engine labels").
fn gke(tags: &Tags) -> Option<Gke> {
    let namespace = tags.get("k8s-namespace")?;
    let owned = |key: &str| tags.get(key).map(str::to_owned);
    match namespace {
        "kube:unallocated" => Some(Gke::Idle),
        "kube:system-overhead" => Some(Gke::System),
        "goog-k8s-unknown" | "goog-k8s-unsupported-sku" => None,
        _ => Some(Gke::Workload {
            namespace: namespace.to_owned(),
            name: owned("k8s-workload-name").unwrap_or_default(),
            person: owned("hub.jupyter.org/username"),
            dask: owned("gateway.dask.org/cluster"),
        }),
    }
}

/// The component of a row.
pub(super) fn component(service: &str, usage: &str, resource: &str, marks: &Marks) -> Component {
    let (service, usage) = (service.to_ascii_lowercase(), usage.to_ascii_lowercase());
    let fits = |rule: &&Rule| {
        rule.services.iter().any(|part| service.contains(part))
            || rule.usages.iter().any(|part| usage.contains(part))
    };
    let (first, last) = RULES.split_at(BEFORE_POOL);
    let known = first.iter().find(fits).map(|rule| rule.component);
    if let Some(found @ (Component::Backup | Component::Network)) = known {
        return found;
    }
    // Google has no tags on claims: the disk of the homes has the name that the hub gave it.
    let named_homes = !marks.hub.is_empty() && last_segment(resource) == format!("{}-homes", marks.hub);
    if marks.homes || named_homes {
        return Component::Homes;
    }
    if let Some(claim) = &marks.claim {
        return if claim.starts_with("claim-") { Component::Homes } else { Component::Core };
    }
    let known = known.or_else(|| marks.pool.map(Pool::component));
    known
        .or_else(|| last.iter().find(|rule| !marks.hub.is_empty() && fits(rule)).map(|rule| rule.component))
        .unwrap_or_default()
}

/// What names a resource on its own: the end of an ARN or of Google's long name, such as `i-0abc`.
pub(super) fn last_segment(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

/// The machine type that a usage type names: `USW2-BoxUsage:r7i.2xlarge`, `SpotUsage:m6i.4xlarge`.
pub(super) fn machine_of_usage(usage: &str) -> Option<&str> {
    let (kind, machine) = usage.split_once(':')?;
    let known = ["BoxUsage", "SpotUsage", "UnusedBox", "DedicatedUsage", "HeavyUsage"];
    known.iter().any(|end| kind.ends_with(end)).then_some(machine)
}

#[cfg(test)]
mod tests {
    use super::{Gke, Marks, Pool, component, machine_of_usage};

    fn of(service: &str, usage: &str, resource: &str, tags: &str) -> &'static str {
        component(service, usage, resource, &Marks::read(tags)).name()
    }

    #[test]
    fn rows_of_a_hub_are_known() {
        let user = r#"{"frazil:hub":"lab","frazil:pool":"user"}"#;
        let core = r#"{"frazil:hub":"lab","frazil:pool":"core"}"#;
        let lab = r#"{"frazil:hub":"lab"}"#;
        let homes = r#"{"frazil:hub":"lab","frazil:homes":"lab"}"#;
        let claim =
            |name: &str| format!(r#"{{"frazil:hub":"lab","kubernetes.io/created-for/pvc/name":"{name}"}}"#);
        let gke = |pool: &str| format!(r#"{{"frazil-hub":"lab","goog-k8s-node-pool-name":"{pool}"}}"#);
        let table = [
            ("AmazonEC2", "USW2-BoxUsage:r7i.2xlarge", "i-1", user, "servers"),
            ("AmazonEC2", "USW2-SpotUsage:m6i.4xlarge", "i-1", r#"{"frazil:pool":"dask"}"#, "dask"),
            ("AmazonEC2", "USW2-BoxUsage:m5.large", "i-1", "", "other"),
            ("AmazonEC2", "USW2-BoxUsage:m5.large", "i-1", lab, "servers"),
            ("AmazonEC2", "USW2-BoxUsage:g4dn.xlarge", "i-1", r#"{"frazil:pool":"gpu"}"#, "servers"),
            ("AmazonEC2", "USW2-BoxUsage:r7i.large", "i-1", core, "core"),
            ("AmazonEC2", "USW2-EBS:VolumeUsage.gp3", "vol-1", core, "core"),
            ("AmazonEC2", "USW2-EBS:VolumeUsage.gp3", "vol-1", user, "servers"),
            ("AmazonEC2", "USW2-EBS:VolumeUsage.gp3", "vol-1", homes, "homes"),
            ("AmazonEC2", "USW2-EBS:SnapshotUsage", "snapshot/snap-1", homes, "backup"),
            ("AmazonEC2", "USW2-EBS:VolumeUsage.gp3", "vol-1", &claim("hub-db-dir"), "core"),
            ("AmazonEC2", "USW2-EBS:VolumeUsage.gp3", "vol-1", &claim("claim-ada"), "homes"),
            ("AmazonEC2", "USW2-DataTransfer-Out-Bytes", "i-1", user, "network"),
            ("AmazonEC2", "USW2-USE1-AWS-Out-Bytes", "i-1", user, "network"),
            ("AmazonEC2", "USW2-NatGateway-Hours", "nat-1", lab, "network"),
            ("AmazonVPC", "USW2-PublicIPv4:InUseAddress", "eni-1", lab, "network"),
            ("AWSELB", "USW2-LCUUsage", "", lab, "network"),
            ("Amazon Elastic Load Balancing", "", "", lab, "network"),
            ("AmazonEKS", "USW2-AmazonEKS-Hours:perCluster", "", lab, "control-plane"),
            ("Amazon Elastic Container Service for Kubernetes", "", "", lab, "control-plane"),
            ("Amazon Elastic Compute Cloud - Compute", "", "", lab, "servers"),
            ("EC2 - Other", "", "", lab, "other"),
            ("AmazonEFS", "USW2-TimedStorage-ByteHrs", "fs-1", lab, "homes"),
            ("AWSBackup", "USW2-WarmStorage-ByteHrs-EFS", "", lab, "backup"),
            ("AmazonS3", "USW2-TimedStorage-ByteHrs", "lab-scratch", lab, "objects"),
            ("AmazonS3", "USW2-DataTransfer-Out-Bytes", "lab-scratch", lab, "network"),
            ("AmazonCloudWatch", "USW2-DataProcessing-Bytes", "", lab, "logs"),
            ("AmazonCloudWatch", "USW2-VendedLog-Bytes", "", lab, "logs"),
            ("AmazonECR", "USW2-TimedStorage-ByteHrs", "", lab, "other"),
            ("awskms", "us-west-2-KMS-Requests", "", lab, "other"),
            ("Compute Engine", "N2 Instance Core running in Americas", "n", &gke("user"), "servers"),
            (
                "Compute Engine",
                "Spot Preemptible N2 Instance Ram running in Americas",
                "n",
                &gke("dask-2"),
                "dask",
            ),
            ("Compute Engine", "Balanced PD Capacity", "lab-homes", r#"{"frazil-hub":"lab"}"#, "homes"),
            ("Compute Engine", "Storage PD Snapshot", "", r#"{"frazil-hub":"lab"}"#, "backup"),
            ("Compute Engine", "Network Internet Egress from Americas to APAC", "", &gke("user"), "network"),
            ("Compute Engine", "External IP Charge on a Standard VM", "", &gke("user"), "network"),
            (
                "Kubernetes Engine",
                "Regional Kubernetes Clusters",
                "",
                r#"{"frazil-hub":"lab"}"#,
                "control-plane",
            ),
            ("Cloud Filestore", "Filestore Capacity Basic HDD", "", r#"{"frazil-hub":"lab"}"#, "homes"),
            ("Cloud Storage", "Standard Storage US Regional", "", r#"{"frazil-hub":"lab"}"#, "objects"),
            ("Cloud Logging", "Log Storage cost", "", r#"{"frazil-hub":"lab"}"#, "logs"),
            ("Networking", "Cloud NAT Gateway Uptime", "", r#"{"frazil-hub":"lab"}"#, "network"),
        ];
        for (service, usage, resource, tags, expected) in table {
            assert_eq!(of(service, usage, resource, tags), expected, "{service} {usage} {tags}");
        }
    }

    #[test]
    fn pools_of_gke_are_numbered() {
        assert_eq!(Pool::from_name("dask-2"), Some(Pool::Dask));
        assert_eq!(Pool::from_name("user"), Some(Pool::User));
        assert_eq!(Pool::from_name("user-pool"), None);
    }

    #[test]
    fn what_google_divided_is_known() {
        let gke = |tags: &str| Marks::read(tags).gke;
        assert_eq!(gke(r#"{"k8s-namespace":"kube:unallocated"}"#), Some(Gke::Idle));
        assert_eq!(gke(r#"{"k8s-namespace":"goog-k8s-unknown"}"#), None);
        let found = gke(
            r#"{"k8s-namespace":"lab","k8s-workload-name":"jupyter-ada","k8s-label/hub.jupyter.org/username":"ada"}"#,
        );
        assert!(matches!(found, Some(Gke::Workload { person: Some(person), .. }) if person == "ada"));
    }

    #[test]
    fn usage_types_name_machines() {
        assert_eq!(machine_of_usage("USW2-BoxUsage:r7i.2xlarge"), Some("r7i.2xlarge"));
        assert_eq!(machine_of_usage("SpotUsage:m6i.4xlarge"), Some("m6i.4xlarge"));
        assert_eq!(machine_of_usage("USW2-EBS:VolumeUsage.gp3"), None);
    }
}
