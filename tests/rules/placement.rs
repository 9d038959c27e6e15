//! Overrides that send pods to nodes, and that Terraform takes.

use super::cases::{AWS, CLUSTER, GCP, hold};

const BURST: &str = "event: { from: 2027-03-22, to: 2027-03-26, attendees: 80, login_burst: 80 in 15 min }\n";
const OF_WORKERS: &str = "overrides.dask-gateway.gateway.backend.worker.extraPodConfig";

/// Overrides of a chart.
fn chart(name: &str, values: &str) -> String {
    format!("overrides: {{ {name}: {{ {values} }} }}")
}

fn hub(values: &str) -> String {
    chart("jupyterhub", values)
}

fn workers(pod: &str) -> String {
    chart("dask-gateway", &format!("gateway: {{ backend: {{ worker: {{ extraPodConfig: {{ {pod} }} }} }} }}"))
}

#[test]
fn selectors_name_labels_of_pools() {
    let core = hub("hub: { nodeSelector: { hub.jupyter.org/node-purpose: user } }");
    let glacier = hub("singleuser: { nodeSelector: { team: glacier } }");
    let spawner = hub("hub: { config: { KubeSpawner: { node_selector: { team: glacier } } } }");
    let worker = workers("nodeSelector: { k8s.dask.org/node-purpose: wroker }");
    let gateway = chart("dask-gateway", "gateway: { nodeSelector: { frazil/pool: cor } }");
    let people = "overrides.jupyterhub.singleuser.nodeSelector.team";
    hold(&[
        (AWS, &glacier, "selector-pool", people, &["`team: glacier`", "people's servers", "labels"]),
        (GCP, &glacier, "selector-pool", people, &[]),
        (CLUSTER, &glacier, "", "", &[]),
        (
            AWS,
            &spawner,
            "selector-pool",
            "overrides.jupyterhub.hub.config.KubeSpawner.node_selector.team",
            &["glacier"],
        ),
        (
            AWS,
            &core,
            "selector-pool",
            "overrides.jupyterhub.hub.nodeSelector.hub.jupyter.org/node-purpose",
            &["for the hub", "`core` or `user`"],
        ),
        (
            AWS,
            &worker,
            "selector-pool",
            &format!("{OF_WORKERS}.nodeSelector.k8s.dask.org/node-purpose"),
            &["Dask workers", "`worker`"],
        ),
        (
            AWS,
            &gateway,
            "selector-pool",
            "overrides.dask-gateway.gateway.nodeSelector.frazil/pool",
            &["`core`", "`dask`"],
        ),
    ]);
}

#[test]
fn selectors_that_fit_are_left_alone() {
    for lines in [
        hub("singleuser: { nodeSelector: { topology.kubernetes.io/zone: us-west-2a } }"),
        hub("singleuser: { nodeSelector: { frazil/pool: core } }"),
        hub("hub: { nodeSelector: { frazil/pool: core }, tolerations: [] }"),
        hub("singleuser: { extraTolerations: [] }"),
        hub("scheduling: { userPods: { tolerations: [] } }"),
        hub("scheduling: { userScheduler: { enabled: false, nodeSelector: { team: glacier } } }"),
        workers("nodeSelector: { frazil/pool: dask }"),
        workers("nodeSelector: ~"),
        "overrides:\n  jupyterhub: { singleuser: { nodeSelector: { team: a } } }\n  terraform: { pools: { user: { labels: { team: a } } } }".to_owned(),
    ] {
        hold(&[(AWS, &lines, "", "", &[])]);
    }
}

#[test]
fn tolerations_are_those_of_the_pool() {
    let none = workers("tolerations: []");
    let placeholders = format!("{BURST}{}", hub("scheduling: { userPods: { tolerations: [] } }"));
    let elsewhere =
        chart("dask-gateway", "controller: { nodeSelector: { k8s.dask.org/node-purpose: worker } }");
    let terraform = "overrides: { terraform: { pools: { core: { taints: [{ key: a, value: b, effect: NoSchedule }] } } } }";
    hold(&[
        (
            AWS,
            &none,
            "taint-pool",
            &format!("{OF_WORKERS}.tolerations"),
            &["Dask workers", "`k8s.dask.org/dedicated=worker:NoSchedule`", "the pool `dask`"],
        ),
        (CLUSTER, &none, "", "", &[]),
        (
            AWS,
            &placeholders,
            "taint-pool",
            "overrides.jupyterhub.scheduling.userPods.tolerations",
            &["placeholders", "hub.jupyter.org/dedicated"],
        ),
        (
            AWS,
            &elsewhere,
            "taint-pool",
            "overrides.dask-gateway.controller.nodeSelector.k8s.dask.org/node-purpose",
            &["the gateway's controller"],
        ),
        (AWS, terraform, "taint-pool", "overrides.terraform.pools.core.taints", &["a=b:NoSchedule"]),
    ]);
}

#[test]
fn terraform_has_the_variables() {
    let of = |values: &str| chart("terraform", values);
    let unknown = "terraform-variable";
    let fixed = "terraform-fixed";
    let on = "overrides.terraform";
    hold(&[
        (AWS, &of("netwrk: {}"), unknown, &format!("{on}.netwrk"), &["`network`"]),
        (
            AWS,
            &of("pools: { user: { maximum: 3 } }"),
            unknown,
            &format!("{on}.pools.user.maximum"),
            &["known"],
        ),
        (AWS, &of("zones: us-west-2a"), unknown, &format!("{on}.zones"), &["a list"]),
        (AWS, &of("project: x"), unknown, &format!("{on}.project"), &["known"]),
        (AWS, &of("pools: { user: { max: 3 } }, tags: { owner: ada }"), "", "", &[]),
        (AWS, &of("budget: ~"), "", "", &[]),
        (GCP, &of("labels: { owner: ada }, homes: { backup: daily }"), "", "", &[]),
        (GCP, &of("name: other"), fixed, &format!("{on}.name"), &["`name`"]),
        (AWS, &of("scratch: ~"), fixed, &format!("{on}.scratch"), &["`storage.scratch`"]),
        (AWS, &of("tags: { frazil:hub: x }"), fixed, &format!("{on}.tags.frazil:hub"), &["`name`"]),
        (CLUSTER, &of("netwrk: {}"), "no-effect", on, &[]),
    ]);
}

#[test]
fn an_image_is_found_on_a_cluster_of_somebody_else() {
    const BARE: &str = "name: lab\nprovider: { kubernetes: { context: kind } }\n";
    hold(&[
        (BARE, "", "image-registry", "provider", &["`frazil-hub:2026.11`", "push"]),
        (BARE, "image: { tag: \"2026.03\" }", "image-registry", "image", &["frazil-hub:2026.03"]),
        (BARE, "image: { name: frazil/hub }", "", "", &[]),
        (AWS, "", "", "", &[]),
    ]);
}
