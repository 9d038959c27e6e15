//! Room: on core nodes, for the people of an event, and in the network for all nodes.

use super::cases::{AWS, CLUSTER, GCP, hold};

const EVENT: &str = "event: { from: 2027-03-22, to: 2027-03-26, attendees: 80 }\n";

fn event(lines: &str) -> String {
    format!("{EVENT}{lines}")
}

#[test]
fn core_nodes_hold_their_pods() {
    let core = |pool: &str| format!("support: {{ monitoring: true }}\npools: {{ core: {{ {pool} }} }}");
    let small = "core-too-small";
    let machine = "pools.core.machine";
    hold(&[
        (AWS, &core("machine: t3.micro, count: 1"), small, machine, &["t3.micro", "pods"]),
        (AWS, &core("machine: t3.medium, count: 1"), small, machine, &["daemon sets leave 7"]),
        (AWS, &core("machine: t3.medium, count: 3"), "", "", &[]),
        (AWS, &core("machine: c5.large, count: 1"), small, machine, &["MiB"]),
        (AWS, &core("machine: m7i.large, count: 1"), "", "", &[]),
        (AWS, &core("machines: [c5.large, t3.medium]"), small, "pools.core.machines[0]", &["c5.large"]),
        (GCP, &core("machine: e2-small"), small, machine, &["MiB"]),
        (GCP, &core("machine: e2-standard-2"), "", "", &[]),
    ]);
}

#[test]
fn everyone_of_the_event_has_a_seat() {
    let few = "pool-too-small-for-event";
    let gpu = "sizes: [{ name: g, memory: 8 GiB, gpu: 1 }, { name: a, memory: 4 GiB }]\n";
    hold(&[
        (
            AWS,
            &event("pools: { user: { machine: r7i.2xlarge, max: 4 } }"),
            few,
            "pools.user.max",
            &["max: 6"],
        ),
        (AWS, &event("pools: { user: { machine: r7i.2xlarge, max: 6 } }"), "", "", &[]),
        (
            AWS,
            &event("pools: { user: { machine: r7i.2xlarge, count: 2 } }"),
            few,
            "pools.user.count",
            &["count: 6"],
        ),
        (AWS, &event(""), "", "", &[]),
        (
            AWS,
            &event(&format!("{gpu}pools: {{ gpu: {{ machine: g4dn.xlarge }} }}")),
            few,
            "event.attendees",
            &["pools: { gpu: { max: 80 } }", "4 nodes"],
        ),
        (AWS, &event(&format!("{gpu}pools: {{ gpu: {{ machine: g4dn.xlarge, max: 80 }} }}")), "", "", &[]),
        (CLUSTER, EVENT, "no-effect", "event", &[]),
    ]);
}

#[test]
fn networks_hold_the_nodes_that_are_rendered() {
    hold(&[
        // 100 workers of the largest Dask cluster make nodes, though no pool says `max`.
        (
            GCP,
            "network: { pods: 10.64.0.0/20 }\ngateway: { workers: { max: 1000 } }",
            "network-too-small",
            "network.pods",
            &["nodes of 110 pods"],
        ),
        (
            AWS,
            "network: { cidr: 10.40.0.0/24 }",
            "network-too-small",
            "network.cidr",
            &["nodes with their pods"],
        ),
    ]);
}
