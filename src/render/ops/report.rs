//! The page of costs on a cluster: a container beside the recorder, and the service of the hub that it is.

use serde_json::{Value, json};

use super::{HISTORY, bills, confined, labels, named};
use crate::render::chart::merge;
use crate::render::cluster::Cluster;
use crate::render::secrets::HUB_SECRET;
use crate::serve::{NAME, READ_ALL};

/// The key of the service's token in the hub's Secret.
pub(in crate::render) const TOKEN: &str = "report-token";
/// The page's port.
const PORT: u16 = 10_102;
/// The port of metrics, which tell of nobody by name.
const METRICS_PORT: u16 = 10_103;
/// Where the hub file is, in the pod.
const FOLDER: &str = "/report";
const FILE: &str = "hub.json";
/// Where the ledger is: in a folder of its own of the volume on which the history is, which the page only reads.
const LEDGER: &str = "/ledger";

/// Whether there is the page: a hub, and the ops image to make it from.
pub(super) fn is_served(cluster: &Cluster<'_>) -> bool {
    let support = &cluster.hub.support;
    cluster.hub.hub && support.report && support.recorder.is_some()
}

/// What the hub's chart is told: the service, what it may ask of people's tokens, and who gets in.
pub(in crate::render) fn hub_values(cluster: &Cluster<'_>) -> Option<(Value, String)> {
    let service = json!({
        "url": format!("http://{NAME}.{}:{PORT}", cluster.namespace()),
        "display": true,
        "oauth_no_confirm": true,
        "oauth_client_allowed_scopes": [READ_ALL],
    });
    let scopes = json!({ READ_ALL: { "description": "See what everybody cost" } });
    let values = json!({
        "services": { NAME: service },
        "config": { "JupyterHub": { "custom_scopes": scopes } },
    });
    is_served(cluster).then(|| (values, access()))
}

/// The scope that lets in.
fn access() -> String {
    format!("access:services!service={NAME}")
}

/// The objects of the page beside its container.
pub(super) fn manifests(cluster: &Cluster<'_>) -> Vec<Value> {
    if !is_served(cluster) {
        return Vec::new();
    }
    let named = |api: &str, kind: &str, rest: Value| {
        let mut object = named(cluster, api, kind, rest);
        merge(&mut object, json!({ "metadata": { "name": NAME } }));
        object
    };
    // A hub file was read from text, and every value of it can be written.
    let file = serde_json::to_string(&cluster.hub.for_report()).unwrap_or_default();
    let from = |pods: Value, port: u16| {
        json!({
            "from": [{ "podSelector": { "matchLabels": pods } }],
            "ports": [{ "protocol": "TCP", "port": port }],
        })
    };
    vec![
        named("v1", "ConfigMap", json!({ "data": { FILE: file } })),
        named(
            "v1",
            "Service",
            json!({ "spec": {
                "selector": labels(),
                "ports": [{ "name": "http", "protocol": "TCP", "port": PORT, "targetPort": PORT }],
            } }),
        ),
        named(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            json!({ "spec": {
                "podSelector": { "matchLabels": labels() },
                "policyTypes": ["Ingress"],
                "ingress": [
                    from(json!({ "app": "jupyterhub", "component": "proxy" }), PORT),
                    from(json!({ "app": "jupyterhub", "component": "hub" }), PORT),
                    from(json!({ "app.kubernetes.io/name": "prometheus" }), METRICS_PORT),
                ],
            } }),
        ),
    ]
}

/// Adds the page's container to the recorder's pod.
pub(super) fn add(cluster: &Cluster<'_>, image: &str, deployment: &mut Value) {
    let pod = &mut deployment["template"];
    let seen = json!({ "metadata": {
        // The hub's network policy lets pods with this label ask it.
        "labels": { "hub.jupyter.org/network-access-hub": "true" },
        "annotations": {
            "prometheus.io/scrape": "true",
            "prometheus.io/path": "/metrics",
            "prometheus.io/port": METRICS_PORT.to_string(),
        },
    } });
    merge(pod, seen);
    if let Some(containers) = pod["spec"]["containers"].as_array_mut() {
        containers.push(container(cluster, image));
    }
    if let Some(volumes) = pod["spec"]["volumes"].as_array_mut() {
        volumes.push(json!({ "name": NAME, "configMap": { "name": NAME } }));
        // SQLite sorts what is large in a file.
        volumes.push(json!({ "name": "tmp", "emptyDir": { "sizeLimit": "1Gi" } }));
        volumes.extend(bills::mounted(cluster).map(|[_, _, volume]| volume));
    }
}

fn container(cluster: &Cluster<'_>, image: &str) -> Value {
    let prefix = format!("/services/{NAME}/");
    let set = |name: &str, value: &str| json!({ "name": name, "value": value });
    let token = json!({
        "name": "JUPYTERHUB_API_TOKEN",
        "valueFrom": { "secretKeyRef": { "name": HUB_SECRET, "key": TOKEN } },
    });
    let health =
        json!({ "httpGet": { "path": format!("{prefix}health"), "port": PORT }, "periodSeconds": 10 });
    let mut container = json!({
        "name": NAME,
        "image": image,
        "args": arguments(cluster),
        "env": [
            token,
            set("JUPYTERHUB_API_URL", &format!("http://hub.{}:8081/hub/api", cluster.namespace())),
            set("JUPYTERHUB_BASE_URL", "/"),
            set("JUPYTERHUB_SERVICE_PREFIX", &prefix),
            set("JUPYTERHUB_CLIENT_ID", &format!("service-{NAME}")),
            set("JUPYTERHUB_OAUTH_CALLBACK_URL", &format!("{prefix}oauth_callback")),
            set("JUPYTERHUB_OAUTH_ACCESS_SCOPES", &json!([access()]).to_string()),
        ],
        "ports": [
            { "name": "http", "containerPort": PORT },
            { "name": "metrics", "containerPort": METRICS_PORT },
        ],
        "readinessProbe": health,
        "livenessProbe": health,
        "resources": {
            "requests": { "cpu": "10m", "memory": "64Mi" },
            "limits": { "memory": "1Gi" },
        },
        "securityContext": confined(),
        "volumeMounts": [
            { "name": "history", "mountPath": HISTORY, "readOnly": true },
            { "name": "history", "mountPath": LEDGER, "subPath": "ledger" },
            { "name": NAME, "mountPath": FOLDER, "readOnly": true },
            { "name": "tmp", "mountPath": "/tmp" },
        ],
    });
    if let Some([variable, mount, _]) = bills::mounted(cluster) {
        for (list, one) in [("env", variable), ("volumeMounts", mount)] {
            if let Some(list) = container[list].as_array_mut() {
                list.push(one);
            }
        }
    }
    container
}

fn arguments(cluster: &Cluster<'_>) -> Vec<String> {
    let mut all = vec![
        "serve".to_owned(),
        "--rendered".to_owned(),
        format!("{FOLDER}/{FILE}"),
        "--listen".to_owned(),
        format!("0.0.0.0:{PORT}"),
        "--metrics".to_owned(),
        format!("0.0.0.0:{METRICS_PORT}"),
        "--ledger".to_owned(),
        format!("{LEDGER}/ledger.sqlite"),
        "--history".to_owned(),
        HISTORY.to_owned(),
    ];
    all.extend(bills::arguments(cluster));
    all
}

/// What the pod does in the cloud: it reads bills, where its role lets it.
pub(in crate::render) fn identity(cluster: &Cluster<'_>) -> Option<&'static str> {
    bills::by_role(cluster).map(|_| NAME)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{HubFile, check_bytes};

    const LAB: &str = "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nauth: native\n\
                       sizes: [{ name: small, memory: 8 GiB }]\n";

    fn hub(text: &str) -> HubFile {
        let day = jiff::civil::date(2026, 11, 2);
        check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), day).document.unwrap().hub
    }

    #[test]
    fn the_page_reads_every_hub_file_as_it_is_written_and_no_login_is_in_it() {
        for text in [
            include_str!("../../../examples/every-key.yaml"),
            include_str!("../../../examples/hackweek-aws.yaml"),
            include_str!("../../../examples/group-gcp.yaml"),
            include_str!("../../../examples/laptop.yaml"),
            LAB,
        ] {
            let written = serde_json::to_string(&hub(text).for_report()).unwrap();
            let read: HubFile = serde_json::from_str(&written).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), written);
            assert!(!written.contains("client_secret") && !written.contains("\"admins\":[\""), "{written}");
        }
    }

    #[test]
    fn the_page_is_where_the_image_and_a_hub_are_and_reads_bills_where_they_are() {
        let served = |more: &str| {
            let hub = hub(&format!("{LAB}{more}"));
            let cluster = Cluster::without_pools(&hub);
            (is_served(&cluster), identity(&cluster), arguments(&cluster).join(" "))
        };
        let image = "recorder: \"registry.example.org/ops:1\"";
        assert!(!served("").0);
        assert!(!served(&format!("support: {{ {image}, report: false }}\n")).0);
        let (is_served, identity, arguments) = served(&format!("support: {{ {image} }}\n"));
        assert!(is_served && identity.is_none() && !arguments.contains("--bills"), "{arguments}");
        let (_, identity, arguments) =
            served(&format!("support: {{ {image} }}\nbilling: {{ exports: true }}\n"));
        assert_eq!(identity, Some(NAME));
        assert!(arguments.ends_with("--bills s3://lab-123456789012-bills/cur2/"), "{arguments}");
    }

    const GKE: &str =
        "name: lab\nprovider: { gcp: { project: ice-2026, region: us-central1 } }\nauth: native\n";
    const OTHERS: &str = "name: lab\nprovider: { kubernetes: { context: kind } }\nauth: native\n\
                          image: { name: registry.example.org/hub }\n";

    /// The recorder's service account and deployment, what Terraform is told of bills, and the hub's secrets.
    fn rendered(base: &str, billing: &str) -> (Value, Value, Value, Vec<String>) {
        let more = "support: { recorder: \"registry.example.org/ops:1\" }\n";
        let hub = hub(&format!("{base}{more}billing: {{ {billing} }}\n"));
        let cluster = Cluster::without_pools(&hub);
        let objects = super::super::manifests(&cluster);
        let of = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap().clone();
        let keys = crate::render::secrets::secrets(&cluster).into_iter().map(|secret| secret.key).collect();
        (of("ServiceAccount"), of("Deployment"), bills::variables(&cluster), keys)
    }

    fn pod(deployment: &Value) -> &Value {
        &deployment["spec"]["template"]["spec"]
    }

    fn program(deployment: &Value) -> String {
        let arguments = pod(deployment)["containers"][1]["args"].as_array().unwrap();
        arguments.iter().map(|argument| argument.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn on_google_the_page_acts_as_an_account_that_may_read_the_table_or_the_bucket() {
        let (account, deployment, variables, secrets) =
            rendered(GKE, "from: { bigquery: ice-2026.lab_bills.gcp_billing_export_v1_0177BB }");
        let annotation = &account["metadata"]["annotations"]["iam.gke.io/gcp-service-account"];
        assert_eq!(annotation, "lab-report@ice-2026.iam.gserviceaccount.com");
        let told = "--bigquery ice-2026.lab_bills.gcp_billing_export_v1_0177BB --project ice-2026";
        assert!(program(&deployment).ends_with(told), "{}", program(&deployment));
        let table =
            json!({ "project": "ice-2026", "dataset": "lab_bills", "table": "gcp_billing_export_v1_0177BB" });
        assert_eq!(variables, json!({ "exports": false, "bucket": null, "table": table }));
        assert!(!secrets.contains(&bills::CREDENTIALS.to_owned()));
        let (_, deployment, variables, _) = rendered(GKE, "from: { bucket: gs://our-bills/focus/ }");
        assert!(program(&deployment).ends_with("--bills gs://our-bills/focus/"));
        assert_eq!(variables["bucket"], json!({ "name": "our-bills", "folder": "focus" }));
        let (account, deployment, variables, _) = rendered(GKE, "exports: true");
        assert!(
            account["metadata"].get("annotations").is_none() && !program(&deployment).contains("--bigquery")
        );
        assert_eq!(variables, json!({ "exports": true, "bucket": null, "table": null }));
    }

    #[test]
    fn elsewhere_it_reads_with_credentials_from_the_hubs_secret() {
        for (base, from, variable) in [
            (OTHERS, "bigquery: ice-2026.a.b", "GOOGLE_APPLICATION_CREDENTIALS"),
            (OTHERS, "bucket: s3://our-bills/cur2", "AWS_SHARED_CREDENTIALS_FILE"),
            (GKE, "bucket: s3://our-bills/cur2", "AWS_SHARED_CREDENTIALS_FILE"),
            (LAB, "bucket: gs://our-bills", "GOOGLE_APPLICATION_CREDENTIALS"),
        ] {
            let (account, deployment, variables, secrets) =
                rendered(base, &format!("from: {{ {from} }}, credentials: {{ env: BILLS_KEY }}"));
            assert!(account["metadata"].get("annotations").is_none());
            assert_eq!(variables["bucket"], Value::Null);
            assert!(secrets.contains(&bills::CREDENTIALS.to_owned()));
            let path = json!({ "name": variable, "value": "/credentials/bills-credentials" });
            let spec = pod(&deployment);
            assert!(spec["containers"][1]["env"].as_array().unwrap().contains(&path), "{spec}");
            let volume =
                spec["volumes"].as_array().unwrap().iter().find(|one| one["name"] == bills::CREDENTIALS);
            assert_eq!(volume.unwrap()["secret"]["secretName"], HUB_SECRET);
            assert!(!serde_json::to_string(&deployment).unwrap().contains("BILLS_KEY"));
        }
        let (_, deployment, _, secrets) = rendered(OTHERS, "from: { bucket: s3://our-bills/cur2 }");
        assert!(program(&deployment).ends_with("--bills s3://our-bills/cur2"));
        assert!(!secrets.contains(&bills::CREDENTIALS.to_owned()));
    }

    #[test]
    fn on_aws_what_the_file_says_takes_the_place_of_the_exports_bucket() {
        let (_, deployment, variables, _) =
            rendered(LAB, "exports: true, from: { bucket: s3://payers-bills/org/cur2 }");
        assert!(program(&deployment).ends_with("--bills s3://payers-bills/org/cur2"));
        let bucket = json!({ "name": "payers-bills", "folder": "org/cur2" });
        assert_eq!(variables, json!({ "exports": true, "bucket": bucket }));
    }

    #[test]
    fn the_token_of_the_api_server_is_the_recorders_alone() {
        let (_, deployment, _, _) = rendered(LAB, "exports: true");
        let spec = pod(&deployment);
        assert_eq!(spec["automountServiceAccountToken"], false);
        let has = |place: usize| {
            let mounts = spec["containers"][place]["volumeMounts"].as_array().unwrap();
            mounts.iter().any(|mount| mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount")
        };
        assert!(has(0) && !has(1), "{spec}");
    }

    #[test]
    fn the_page_writes_its_ledger_and_not_the_history() {
        let (_, deployment, _, _) = rendered(LAB, "exports: true");
        let spec = pod(&deployment);
        let of = |place: usize| {
            let mounts = spec["containers"][place]["volumeMounts"].as_array().unwrap().iter();
            let history = mounts.filter(|mount| mount["name"] == "history");
            history
                .map(|mount| {
                    let text = |key: &str| mount[key].as_str().unwrap_or_default().to_owned();
                    (text("mountPath"), text("subPath"), mount["readOnly"] == true)
                })
                .collect::<Vec<_>>()
        };
        let mount = |path: &str, folder: &str, read_only| (path.to_owned(), folder.to_owned(), read_only);
        assert_eq!(of(0), [mount("/history", "", false)]);
        assert_eq!(of(1), [mount("/history", "", true), mount("/ledger", "ledger", false)]);
        let program = program(&deployment);
        assert!(program.contains("--ledger /ledger/ledger.sqlite --history /history"), "{program}");
    }
}
