//! Values of the JupyterHub chart.

use serde_json::{Map, Value, json};

use super::chart::{Chart, Release, merge};
use super::cluster::{Cluster, Homes};
use super::dask_gateway::CHART as GATEWAY_CHART;
use super::nodes::{GPU_TAINT, NodePool, POOL_LABEL, Purpose, Taint};
use super::outputs::{Output, output};
use super::quote::{memory, quantity};
use super::seats::seats;
use super::{gateways, guard, neighbours, ops, placeholders, programs, support};
use crate::config::{Auth, Certificates, Github, Size};

/// The chart of JupyterHub.
pub(super) const CHART: Chart = Chart {
    name: "jupyterhub",
    version: "4.4.0",
    repository: "https://hub.jupyter.org/helm-chart/",
    source: "https://github.com/jupyterhub/zero-to-jupyterhub-k8s",
    why: "the hub, its proxy, and people's servers",
};

/// The service account of people's servers and Dask workers: the cloud's identity hangs on it.
pub(super) const USER_ACCOUNT: &str = "user";
/// Cores of a server on a cluster whose machines are not known: one for 8 GiB, as machines for memory have them.
const GIB_PER_CORE: f64 = 8.0;
/// The least CPU that a server is guaranteed, in cores.
const LEAST_CPU: f64 = 0.05;
/// Where values may say what runs in a server's pod before the person's program, instead of what the chart
/// makes: KubeSpawner takes these as they are, in both spellings of the key.
const INSTEAD: [&[&str]; 5] = [
    &["singleuser", "extraPodConfig", "initContainers"],
    &["singleuser", "extraPodConfig", "init_containers"],
    &["hub", "config", "KubeSpawner", "init_containers"],
    &["hub", "config", "KubeSpawner", "extra_pod_config", "initContainers"],
    &["hub", "config", "KubeSpawner", "extra_pod_config", "init_containers"],
];

/// The release of JupyterHub; none for a cluster with a gateway only.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    let hub = cluster.hub;
    hub.hub.then(|| Release {
        chart: CHART,
        version: hub.charts.jupyterhub.clone(),
        name: cluster.release(CHART.name),
        namespace: cluster.namespace().to_owned(),
        values: values(cluster),
        unless_served: None,
        shared: false,
    })
}

fn values(cluster: &Cluster<'_>) -> Value {
    let mut values = CHART.values(hub(cluster));
    for part in [proxy(cluster), singleuser(cluster), scheduling(cluster)] {
        merge(&mut values, part);
    }
    let overrides: Map<_, _> = cluster.hub.overrides.jupyterhub.clone().into_iter().collect();
    merge(&mut values, Value::Object(overrides));
    guarded(cluster, &mut values);
    values
}

/// The guard of people's homes comes first, wherever an override says what runs before a server.
fn guarded(cluster: &Cluster<'_>, values: &mut Value) {
    let with_home =
        |guard: Option<Value>| guard.into_iter().chain(guard::own_home(cluster)).collect::<Vec<_>>();
    let first = with_home(guard::of_servers(cluster));
    guard::put_in_front(values, &["singleuser", "initContainers"], &first);
    let alone = with_home(guard::complete(cluster));
    for place in INSTEAD.into_iter().filter(|place| guard::says(values, place)).collect::<Vec<_>>() {
        guard::put_in_front(values, place, &alone);
    }
}

fn hub(cluster: &Cluster<'_>) -> Value {
    let mut config = json!({ "Authenticator": { "admin_users": cluster.hub.admins } });
    if let Some(auth) = &cluster.hub.auth {
        merge(&mut config, login(cluster, auth));
    }
    let mut hub = json!({
        "config": config,
        "nodeSelector": cluster.core_selector(),
        "extraFiles": programs::hub_files(cluster),
        "extraConfig": { "10-frazil": programs::HUB_CONFIG },
        "templatePaths": [programs::PAGES_FOLDER],
        // Prometheus has no token; the policy of the network lets only the cluster's own pods ask.
        "authenticatePrometheus": !cluster.hub.support.monitoring,
    });
    merge(&mut hub, services(cluster));
    json!({ "hub": hub })
}

/// Services of the hub. Gateways are open to every person and server of it: its own, and further ones that take
/// the hub's tokens. The page of costs is open to every person.
fn services(cluster: &Cluster<'_>) -> Value {
    let mut services = Map::new();
    if cluster.has_gateway() {
        let url = format!("http://{}.{}", cluster.traefik(), cluster.namespace());
        services.insert(GATEWAY_CHART.name.to_owned(), json!({ "display": false, "url": url }));
    }
    let further = gateways::with_our_tokens(cluster.hub).map(|gateway| gateways::service_name(&gateway.name));
    services.extend(further.map(|name| (name, json!({ "display": false }))));
    let report = ops::hub_values(cluster);
    if services.is_empty() && report.is_none() {
        return json!({});
    }
    let access: Vec<_> = services.keys().map(|name| format!("access:services!service={name}")).collect();
    let with_access = |own: &[&str]| {
        let own = own.iter().map(ToString::to_string);
        own.chain(access.iter().cloned()).collect::<Vec<_>>()
    };
    let server = ["users:activity!user", "access:servers!server", "read:users:groups!user"];
    let mut user = with_access(&["self"]);
    let (page, scope) = report.unzip();
    user.extend(scope);
    let mut values = json!({
        "loadRoles": {
            "user": { "scopes": user },
            "server": { "scopes": with_access(&server) },
        },
        "services": services,
    });
    merge(&mut values, page.unwrap_or_else(|| json!({})));
    values
}

fn callback(cluster: &Cluster<'_>) -> Option<String> {
    cluster.hub.domain.as_ref().map(|domain| format!("https://{domain}/hub/oauth_callback"))
}

/// The authenticator's own settings. The client's secret is not among them.
fn login(cluster: &Cluster<'_>, auth: &Auth) -> Value {
    match auth {
        Auth::Github(github) => github_login(cluster, github),
        Auth::Cilogon(cilogon) => {
            let idps: Map<_, _> = cilogon.idps.iter().map(|idp| (idp.clone(), allowed_idp(idp))).collect();
            json!({
                "JupyterHub": { "authenticator_class": "cilogon" },
                "CILogonOAuthenticator": {
                    "client_id": cilogon.client_id,
                    "oauth_callback_url": callback(cluster),
                    "idps": idps,
                },
            })
        }
        Auth::Oidc(oidc) => json!({
            "JupyterHub": { "authenticator_class": "generic-oauth" },
            "GenericOAuthenticator": {
                "client_id": oidc.client_id,
                "oauth_callback_url": callback(cluster),
                "scope": ["openid", "profile", "email"],
                "username_claim": oidc.username_claim,
                "allowed_users": oidc.allow,
                "allow_all": oidc.allow.is_empty(),
            },
        }),
        Auth::Native(native) => json!({
            "JupyterHub": { "authenticator_class": "native" },
            "NativeAuthenticator": {
                "open_signup": native.open,
                "minimum_password_length": 10,
                "check_common_password": true,
                "allowed_failed_logins": 5,
                "seconds_before_next_try": 600,
            },
            "Authenticator": { "allow_all": true },
        }),
        Auth::Password(_) | Auth::Pam(_) | Auth::Hub(_) => json!({}),
    }
}

fn github_login(cluster: &Cluster<'_>, github: &Github) -> Value {
    json!({
        "JupyterHub": { "authenticator_class": "github" },
        "GitHubOAuthenticator": {
            "client_id": github.client_id,
            "oauth_callback_url": callback(cluster),
            "allowed_organizations": github.allow,
            // Memberships that a person keeps private are seen with this scope only.
            "scope": ["read:user", "read:org"],
        },
    })
}

/// Who comes from an identity provider, and by which name. GitHub's people have names there,
/// everyone else is known by address.
fn allowed_idp(idp: &str) -> Value {
    let claim = if idp.contains("github.com") { "preferred_username" } else { "email" };
    json!({ "username_derivation": { "username_claim": claim }, "allow_all": true })
}

fn proxy(cluster: &Cluster<'_>) -> Value {
    let hub = cluster.hub;
    let https = match (&hub.domain, hub.support.certificates) {
        (Some(domain), Certificates::Letsencrypt) => json!({
            "enabled": true,
            "type": "letsencrypt",
            "hosts": [domain],
            "letsencrypt": { "contactEmail": hub.contact() },
        }),
        (Some(_), Certificates::Offload) => json!({ "enabled": true, "type": "offload" }),
        (None, _) => json!({ "enabled": false }),
    };
    let mut service = json!({ "annotations": balancer_annotations(cluster) });
    merge(&mut service, balancer_address(cluster));
    json!({
        "proxy": {
            "https": https,
            "service": service,
            "chp": { "nodeSelector": cluster.core_selector() },
            "traefik": { "nodeSelector": cluster.core_selector() },
        },
    })
}

/// What the cloud's balancer in front of a Service is told.
pub(super) fn balancer_annotations(cluster: &Cluster<'_>) -> Value {
    if !cluster.is_eks() {
        return json!({});
    }
    let mut annotations = json!({
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags": format!("frazil:hub={}", cluster.hub.name),
    });
    // As many addresses as subnets, or none is made (`ensureLoadBalancerv2` of cloud-provider-aws). One is
    // enough: the proxy is on the core nodes, and they are in one zone.
    if cluster.dns_zone().is_some() {
        let fixed = json!({
            "service.beta.kubernetes.io/aws-load-balancer-eip-allocations": output(Output::BalancerAddress),
            "service.beta.kubernetes.io/aws-load-balancer-subnets": output(Output::BalancerSubnet),
        });
        merge(&mut annotations, fixed);
    }
    annotations
}

/// The address that a Service gets on GKE, where the domain's record names it.
pub(super) fn balancer_address(cluster: &Cluster<'_>) -> Value {
    if cluster.is_gke() && cluster.dns_zone().is_some() {
        json!({ "loadBalancerIP": output(Output::BalancerAddress) })
    } else {
        json!({})
    }
}

fn singleuser(cluster: &Cluster<'_>) -> Value {
    let (image, tag) = cluster.image();
    let mut singleuser = json!({
        "image": { "name": image, "tag": tag },
        "serviceAccountName": USER_ACCOUNT,
        "storage": homes(cluster),
        "extraEnv": environment(cluster),
        "cloudMetadata": { "blockWithIptables": !cluster.is_gke() },
        "networkPolicy": network_policy(cluster),
        "initContainers": [],
    });
    // What starts without a choice: placeholders and the hub's own default are of its size.
    if let Some(size) = cluster.hub.default_size() {
        let cpu = guarantee(cluster, size);
        merge(
            &mut singleuser,
            json!({
                "memory": { "limit": memory(size.memory), "guarantee": memory(size.memory) },
                "cpu": { "limit": size.cpu, "guarantee": cpu },
            }),
        );
    }
    json!({ "singleuser": singleuser })
}

/// Where people's homes are.
fn homes(cluster: &Cluster<'_>) -> Value {
    match cluster.homes() {
        Homes::Disks => {
            let quota = cluster.hub.storage.homes.quota;
            let capacity = quota.map_or_else(|| "10Gi".to_owned(), quantity);
            json!({ "type": "dynamic", "capacity": capacity })
        }
        Homes::Server | Homes::Shared => {
            json!({ "type": "static", "static": { "pvcName": support::HOMES_CLAIM, "subPath": "{username}" } })
        }
    }
}

/// Variables of every server: where it is, and its ways to Dask. `KubeSpawner` fills in single
/// braces; double ones leave it to Dask's client, which knows the image when it runs.
fn environment(cluster: &Cluster<'_>) -> Value {
    let mut env = json!({
        "FRAZIL_HUB": cluster.hub.name,
        "FRAZIL_REGION": cluster.region(),
        "DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE": "{{JUPYTER_IMAGE_SPEC}}",
    });
    if let Some(scratch) = cluster.scratch() {
        let scheme = if cluster.is_eks() { "s3" } else { "gs" };
        merge(&mut env, json!({ "SCRATCH_BUCKET": format!("{scheme}://{scratch}/{{username}}") }));
    }
    if cluster.has_gateway() {
        let address = format!("{}.{}", cluster.traefik(), cluster.namespace());
        merge(
            &mut env,
            json!({
                "DASK_GATEWAY__ADDRESS": format!("http://{address}/services/dask-gateway"),
                "DASK_GATEWAY__PROXY_ADDRESS": format!("gateway://{address}:80"),
                "DASK_GATEWAY__PUBLIC_ADDRESS": "/services/dask-gateway/",
                "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
            }),
        );
    }
    merge(&mut env, gateways::environment(cluster));
    env
}

/// Beyond the chart's own rules: people reach the gateway's proxy, further gateways nearby, and on GKE the
/// metadata server that gives them their identity. Other private addresses stay closed.
fn network_policy(cluster: &Cluster<'_>) -> Value {
    let own = json!({ "to": [{ "podSelector": { "matchLabels": neighbours::proxy_labels() } }] });
    let mut egress = neighbours::egress(cluster);
    if cluster.has_gateway() {
        egress.insert(0, own);
    }
    json!({ "egressAllowRules": { "cloudMetadataServer": cluster.is_gke() }, "egress": egress })
}

fn scheduling(cluster: &Cluster<'_>) -> Value {
    let matching = if cluster.is_ours() { "require" } else { "prefer" };
    json!({
        "scheduling": {
            "corePods": { "nodeAffinity": { "matchNodePurpose": matching } },
            "userPods": { "nodeAffinity": { "matchNodePurpose": matching } },
            "userScheduler": { "nodeSelector": cluster.core_selector() },
            "userPlaceholder": placeholders::values(cluster),
        },
        "prePuller": {
            "hook": { "nodeSelector": cluster.core_selector() },
            "extraTolerations": gpu_tolerations(cluster),
        },
    })
}

/// Images are pulled ahead on nodes with GPUs too, whose servers take longest to start.
fn gpu_tolerations(cluster: &Cluster<'_>) -> Value {
    let toleration = json!({ "key": GPU_TAINT.0, "operator": "Exists", "effect": "NoSchedule" });
    if cluster.has_gpus() { json!([toleration]) } else { json!([]) }
}

/// The CPU that a size is guaranteed, in cores.
pub fn guarantee(cluster: &Cluster<'_>, size: &Size) -> f64 {
    let purpose = if size.gpu > 0 { Purpose::Gpu } else { Purpose::User };
    let machine = cluster.pool(purpose).and_then(|pool| pool.machines.first());
    if let Some(seats) = machine.and_then(|machine| seats(size, machine)) {
        return seats.cpu;
    }
    let share = (size.memory.as_gib() / GIB_PER_CORE * 20.0).floor() / 20.0;
    size.cpu.map_or(share, |cpu| cpu.min(share)).max(LEAST_CPU)
}

/// The sizes as the hub's program reads them: what each gets, and which nodes it goes to.
pub(super) fn sizes(cluster: &Cluster<'_>) -> Value {
    let default = cluster.hub.default_size().map(|size| &size.name);
    let sizes = cluster.hub.sizes.iter().map(|size| {
        json!({
            "name": size.name,
            "description": size.description.clone().unwrap_or_default(),
            "memory_bytes": size.memory.get(),
            "cpu": size.cpu,
            "cpu_guarantee": guarantee(cluster, size),
            "gpu": size.gpu,
            "groups": size.groups,
            "default": Some(&size.name) == default,
            "placement": placement(cluster, size),
        })
    });
    sizes.collect()
}

/// KubeSpawner's traits that send a server to the nodes of its size. They replace the chart's.
fn placement(cluster: &Cluster<'_>, size: &Size) -> Value {
    let purpose = if size.gpu > 0 { Purpose::Gpu } else { Purpose::User };
    let tolerations = tolerations(&purpose.taints());
    match cluster.pool(purpose) {
        Some(NodePool { name, .. }) => {
            json!({ "node_selector": { POOL_LABEL: name }, "tolerations": tolerations })
        }
        None if size.gpu > 0 => json!({ "tolerations": tolerations }),
        None => json!({}),
    }
}

/// Tolerations of some taints, as a pod writes them.
pub(super) fn tolerations(taints: &[Taint]) -> Value {
    let tolerations = taints.iter().map(|taint| {
        json!({ "key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect })
    });
    tolerations.collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::check_bytes;

    #[test]
    fn placeholders_speak_the_units_of_kubernetes() {
        let text = "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\n\
                    auth: native\nsizes: [{ name: small, memory: 8 GB }]\n";
        let checked =
            check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), jiff::civil::date(2026, 11, 21));
        let hub = checked.document.unwrap().hub;
        let values = values(&Cluster::new(&hub).unwrap());
        assert_eq!(values["singleuser"]["memory"]["limit"], "7812500K");
        let placeholder = &values["scheduling"]["userPlaceholder"];
        assert_eq!(placeholder["resources"]["requests"]["memory"], "8000000000");
        assert_eq!(placeholder["resources"]["limits"], placeholder["resources"]["requests"]);
        assert_eq!(placeholder["replicas"], 0);
    }
    #[test]
    fn a_hub_with_a_zone_gets_the_address_that_its_record_names() {
        let service = |provider: &str, dns: &str| {
            let text =
                format!("name: lab\nprovider: {{ {provider} }}\nauth: native\ndomain: a.example.org\n{dns}");
            let checked =
                check_bytes(text.into_bytes(), Path::new("hub.yaml"), jiff::civil::date(2026, 11, 21));
            let hub = checked.document.unwrap().hub;
            values(&Cluster::new(&hub).unwrap())["proxy"]["service"].clone()
        };
        let aws = "aws: { account: \"123456789012\", region: us-west-2 }";
        let gcp = "gcp: { project: a-project, region: us-central1 }";
        let named = service(aws, "dns: { zone: example.org }");
        let of = |what: &str| {
            &named["annotations"][format!("service.beta.kubernetes.io/aws-load-balancer-{what}")]
        };
        assert_eq!(of("eip-allocations"), "output:balancer_address");
        assert_eq!(of("subnets"), "output:balancer_subnet");
        assert_eq!(of("type"), "nlb");
        assert_eq!(service(gcp, "dns: { zone: example-org }")["loadBalancerIP"], "output:balancer_address");
        for unnamed in [service(aws, ""), service(gcp, "")] {
            assert!(!unnamed.to_string().contains("output:"), "{unnamed}");
        }
    }
}
