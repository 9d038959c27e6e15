//! Networks: apart from each other, and large enough.

use ipnet::Ipv4Net;

use super::Subject;
use super::neighbours::{Neighbour, is_joined};
use super::table::network::{DOCKER_NETWORK, NETWORK_OVERLAP, NETWORK_PREFIX, NETWORK_TOO_SMALL};
use crate::catalog::{GKE_MAX_PODS, Provider as Cloud};
use crate::config::problem::Problem;
use crate::config::provider::Provider;
use crate::render::nodes::NodePool;

/// AWS: the shortest and longest prefix of a VPC's network (VPC user guide, "VPC CIDR blocks").
const VPC: (u8, u8) = (16, 28);

/// EKS: the same of Services (EKS API, `KubernetesNetworkConfigRequest`).
const EKS_SERVICES: (u8, u8) = (12, 24);

/// Docker's own bridge (Docker, "Bridge network driver": the first of its default pools).
const DOCKER: &str = "172.17.0.0/16";

/// Addresses that AWS keeps of every subnet (VPC user guide, "Subnet CIDR blocks"), and subnets that are made.
const KEPT_BY_AWS: u64 = 5 * 3;

/// Addresses that Google keeps of every subnet (VPC documentation, "Subnets").
const KEPT_BY_GOOGLE: u64 = 4;

/// GKE gives a node of 110 pods a /24 of the pods' network ("Optimize IP address allocation").
const GKE_NODE_PREFIX: u8 = 24;

/// The networks that the cluster uses, with their keys.
fn networks(subject: &Subject<'_>) -> Vec<(&'static str, Ipv4Net)> {
    let network = &subject.hub.network;
    let of_pods = matches!(subject.hub.provider, Provider::Gcp(_)).then_some(("network.pods", &network.pods));
    let all = [("network.cidr", &network.cidr), ("network.services", &network.services)];
    match subject.hub.provider {
        Provider::Kubernetes(_) | Provider::Local(_) => Vec::new(),
        Provider::Aws(_) | Provider::Gcp(_) => {
            let all = all.into_iter().chain(of_pods).filter(|(path, _)| subject.trusts(path));
            all.map(|(path, cidr)| (path, cidr.net())).collect()
        }
    }
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// The networks of this cluster do not overlap, nor those of clusters that are joined to it.
pub(super) fn no_overlap(subject: &Subject<'_>) -> Vec<Problem> {
    let own = networks(subject);
    let mut problems = Vec::new();
    for (index, (path, net)) in own.iter().enumerate() {
        if let Some((first, with)) = own[..index].iter().find(|(_, with)| overlap(*net, *with)) {
            // The one that the file says is the one to mend.
            let here = ((*path, *net), (*first, *with));
            let ((path, net), (other, with)) = if subject.says(path) { here } else { (here.1, here.0) };
            let message = format!("`{path}` and `{other}` overlap: {net} and {with}");
            problems.push(overlapping(subject, path, message, &own));
        }
    }
    problems.extend(with_joined(subject, &own));
    problems
}

fn overlapping(
    subject: &Subject<'_>,
    path: &str,
    message: String,
    taken: &[(&'static str, Ipv4Net)],
) -> Problem {
    let problem = subject.value(&NETWORK_OVERLAP, path, message).label("overlaps");
    let taken: Vec<_> = taken.iter().map(|(_, net)| *net).collect();
    let free = (0..=255).filter_map(|second| format!("10.{second}.0.0/16").parse::<Ipv4Net>().ok());
    let mut free = free.filter(|net| !taken.iter().any(|other| overlap(*net, *other)));
    match free.next() {
        Some(free) => problem.help(format!("{free} is free of both")),
        None => problem.help("10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 are there to divide"),
    }
}

/// A gateway with an internal balancer is reached through joined networks.
fn with_joined(subject: &Subject<'_>, own: &[(&'static str, Ipv4Net)]) -> Vec<Problem> {
    let joined = subject.hub.gateways.iter().enumerate().filter_map(|(index, gateway)| {
        match subject.neighbours.get(gateway.file.as_deref()?)? {
            Neighbour::Hub(hub) if is_joined(subject.hub, hub) => Some((index, hub)),
            _ => None,
        }
    });
    joined
        .filter_map(|(index, hub)| {
            let other = hub.network.cidr.net();
            let (path, net) = own.iter().find(|(_, net)| overlap(*net, other))?;
            let message = format!(
                "the network of `{}`, {other}, overlaps `{path}`, {net}: they cannot be joined",
                hub.name
            );
            let mut taken = own.to_vec();
            taken.push(("", other));
            Some(overlapping(subject, &format!("gateways[{index}].file"), message, &taken))
        })
        .collect()
}

/// No network takes the addresses of Docker's bridge.
pub(super) fn not_dockers(subject: &Subject<'_>) -> Vec<Problem> {
    let docker: Ipv4Net = DOCKER.parse().unwrap_or_default();
    let taken = networks(subject).into_iter().filter(|(_, net)| overlap(*net, docker));
    taken
        .map(|(path, net)| {
            let message = format!("{net} holds {DOCKER}, which Docker uses on every machine");
            let problem = subject.value(&DOCKER_NETWORK, path, message).label("overlaps Docker's bridge");
            problem.help("take a network in 10.0.0.0/8")
        })
        .collect()
}

/// AWS takes networks of some sizes only.
pub(super) fn of_a_size_that_aws_takes(subject: &Subject<'_>) -> Vec<Problem> {
    if !matches!(subject.hub.provider, Provider::Aws(_)) {
        return Vec::new();
    }
    let bounds = |path| if path == "network.cidr" { VPC } else { EKS_SERVICES };
    let networks = networks(subject).into_iter().map(|(path, net)| (path, net, bounds(path)));
    networks
        .filter(|(_, net, (short, long))| !(*short..=*long).contains(&net.prefix_len()))
        .map(|(path, net, (short, long))| {
            let message = format!("AWS takes a network between /{short} and /{long} here, not {net}");
            let problem = subject.value(&NETWORK_PREFIX, path, message).label("of another size");
            let prefix = net.prefix_len().clamp(short, long);
            problem.help(format!("write for example `{}/{prefix}`", net.addr()))
        })
        .collect()
}

/// The network holds the nodes that the pools allow, by the file or by what frazil makes of it.
pub(super) fn large_enough(subject: &Subject<'_>) -> Vec<Problem> {
    let pools = subject.cluster().map(|cluster| cluster.pools).unwrap_or_default();
    let region = subject.region().map(crate::catalog::Region::provider);
    // On GKE each machine type of a pool is a pool of its own, which may grow to the most nodes.
    let types = |pool: &NodePool| match region {
        Some(Cloud::Gcp) => u64::try_from(pool.machines.len()).unwrap_or(u64::MAX).max(1),
        _ => 1,
    };
    let nodes: u64 = pools.iter().map(|pool| u64::from(pool.max).saturating_mul(types(pool))).sum();
    match region {
        Some(Cloud::Aws) => {
            let held = |pool: &NodePool| u64::from(pool.max) * (1 + u64::from(most_pods(pool)));
            let addresses = pools.iter().map(held).sum::<u64>() + KEPT_BY_AWS;
            let what = format!("{nodes} nodes with their pods");
            too_small(subject, "network.cidr", subject.hub.network.cidr.net(), addresses, &what)
        }
        Some(Cloud::Gcp) => {
            let network = &subject.hub.network;
            let blocks = nodes << (32 - GKE_NODE_PREFIX);
            let pods = format!("{nodes} nodes of {GKE_MAX_PODS} pods");
            let own =
                too_small(subject, "network.cidr", network.cidr.net(), nodes + KEPT_BY_GOOGLE, "the nodes");
            own.into_iter()
                .chain(too_small(subject, "network.pods", network.pods.net(), blocks, &pods))
                .collect()
        }
        None => Vec::new(),
    }
}

/// The most pods that a node of a pool may hold.
fn most_pods(pool: &NodePool) -> u32 {
    pool.machines.iter().filter_map(|offer| offer.machine.max_pods).max().unwrap_or_default()
}

fn too_small(subject: &Subject<'_>, path: &str, net: Ipv4Net, needed: u64, what: &str) -> Vec<Problem> {
    let holds = 1_u64 << (32 - net.prefix_len());
    if needed <= holds || !subject.trusts(path) {
        return Vec::new();
    }
    let prefix = 32 - needed.next_power_of_two().trailing_zeros();
    let message = format!("{net} has {holds} addresses; {what} take {needed}");
    let problem = subject.value(&NETWORK_TOO_SMALL, path, message).label("too small");
    let aws = matches!(subject.hub.provider, Provider::Aws(_));
    vec![problem.help(if aws && prefix < u32::from(VPC.0) {
        format!("AWS takes a /{} at most: lower `max` of the pools, or take fewer and larger machines", VPC.0)
    } else {
        format!("write a network of /{prefix} or larger, or lower `max` of the pools")
    })]
}
