//! Which releases and objects a hub gets, and what must agree between them.

use std::path::Path;

use serde_json::{Value, json};

use super::{HOMES_CLAIM, manifests, releases};
use crate::config::{HubFile, check_bytes};
use crate::render::base_values;
use crate::render::cluster::Cluster;
use crate::render::nodes::{DASK_PURPOSE, HUB_PURPOSE, POOL_LABEL};

const LOGIN: &str = "auth: { github: { allow: [an-org], client_id: x, client_secret: { env: X } } }\n";

fn hub(rest: &str) -> HubFile {
    let text = format!("name: a-hub\n{rest}");
    let checked = check_bytes(text.into_bytes(), Path::new("hub.yaml"), jiff::civil::date(2026, 11, 21));
    checked.document.unwrap_or_else(|| panic!("{:?}", checked.problems)).hub
}

fn aws(rest: &str) -> HubFile {
    hub(&format!(
        "provider: {{ aws: {{ account: \"123456789012\", region: us-west-2 }} }}\ndomain: a.example.org\n{LOGIN}{rest}"
    ))
}

fn gcp(rest: &str) -> HubFile {
    hub(&format!(
        "provider: {{ gcp: {{ project: a-project, region: us-central1 }} }}\ndomain: a.example.org\n{LOGIN}{rest}"
    ))
}

fn names(hub: &HubFile) -> Vec<String> {
    releases(&Cluster::new(hub).unwrap()).into_iter().map(|release| release.name).collect()
}

/// The object of a kind.
fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap_or(&Value::Null)
}

#[test]
fn a_hub_gets_what_its_provider_lacks() {
    assert_eq!(names(&aws("")), ["cluster-autoscaler", "aws-efs-csi-driver", "metrics-server"]);
    let gpu = "sizes: [{ name: gpu, memory: 14 GiB, gpu: 1 }]\nstorage: { homes: { quota: 10 GiB } }\n";
    let with_gpu = ["cluster-autoscaler", "nvidia-device-plugin", "metrics-server", "a-hub-home-nfs"];
    assert_eq!(names(&aws(gpu)), with_gpu);
    assert_eq!(names(&gcp("")), [""; 0]);
    let monitored = gcp("storage: { homes: { quota: 10 GiB } }\nsupport: { monitoring: true }\n");
    assert_eq!(names(&monitored), ["a-hub-home-nfs", "a-hub-prometheus"]);
    let existing = hub(&format!("provider: {{ kubernetes: {{ context: kind }} }}\n{LOGIN}"));
    assert_eq!(names(&existing), ["metrics-server"]);
    let metrics = &releases(&Cluster::new(&existing).unwrap())[0];
    assert_eq!(metrics.unless_served, Some("metrics.k8s.io/v1beta1"));
    assert!(metrics.shared);
}

#[test]
fn only_a_public_gateway_without_a_hub_needs_cert_manager() {
    let alone = |rest: &str| {
        let password = "auth: { password: { user_password: { env: X } } }\nhub: false\n";
        let provider = "provider: { aws: { account: \"123456789012\", region: us-west-2 } }\n";
        hub(&format!("{provider}{password}{rest}"))
    };
    let has = |hub: &HubFile| names(hub).iter().any(|name| name == "cert-manager");
    let public = alone("domain: dask.example.org\n");
    assert!(has(&public));
    assert!(!has(&aws("")));
    for without in [
        "",
        "domain: d.example.org\ngateway: { balancer: internal }\n",
        "domain: d.example.org\nsupport: { certificates: offload }\n",
    ] {
        let hub = alone(without);
        assert!(!has(&hub), "{without}");
        let kinds: Vec<_> =
            manifests(&Cluster::new(&hub).unwrap()).iter().map(|object| object["kind"].clone()).collect();
        assert_eq!(kinds, ["StorageClass"], "{without}");
    }
    let objects = manifests(&Cluster::new(&public).unwrap());
    let (certificate, store) = (of_kind(&objects, "Certificate"), of_kind(&objects, "TLSStore"));
    let secret = &certificate["spec"]["secretName"];
    assert_eq!(&store["spec"]["defaultCertificate"]["secretName"], secret);
    assert_eq!(store["metadata"]["name"], "default");
    assert_eq!(store["metadata"]["labels"]["gateway.dask.org/instance"], "a-hub-dask-gateway");
    assert_eq!(certificate["spec"]["dnsNames"], json!(["dask.example.org"]));
    let issuer = of_kind(&objects, "Issuer");
    assert_eq!(certificate["spec"]["issuerRef"]["name"], issuer["metadata"]["name"]);
    assert_eq!(issuer["spec"]["acme"]["email"], "hostmaster@dask.example.org");
    assert_eq!(issuer["spec"]["acme"]["solvers"][0]["dns01"]["route53"]["region"], "us-west-2");
}

#[test]
fn homes_are_one_volume_that_only_the_hub_may_claim() {
    let quota = "storage: { homes: { quota: 10 GiB } }\n";
    for hub in [aws(""), aws(quota), gcp(""), gcp(quota)] {
        let objects = manifests(&Cluster::new(&hub).unwrap());
        let (volume, claim) =
            (of_kind(&objects, "PersistentVolume"), of_kind(&objects, "PersistentVolumeClaim"));
        assert_eq!(claim["metadata"]["name"], HOMES_CLAIM);
        assert_eq!(claim["spec"]["volumeName"], volume["metadata"]["name"]);
        assert_eq!(volume["spec"]["claimRef"], json!({ "namespace": "a-hub", "name": HOMES_CLAIM }));
        assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Retain");
        for object in [volume, claim] {
            assert_eq!(object["spec"]["storageClassName"], "");
            assert_eq!(object["spec"]["accessModes"], json!(["ReadWriteMany"]));
        }
    }
}

#[test]
fn the_home_server_keeps_its_address() {
    for (services, address) in [("172.20.0.0/16", "172.20.0.11"), ("10.90.1.0/24", "10.90.1.11")] {
        let rest =
            format!("storage: {{ homes: {{ quota: 10 GiB }} }}\nnetwork: {{ services: {services} }}\n");
        let objects = manifests(&Cluster::new(&aws(&rest)).unwrap());
        assert_eq!(of_kind(&objects, "Service")["spec"]["clusterIP"], address);
        assert_eq!(of_kind(&objects, "PersistentVolume")["spec"]["nfs"]["server"], address);
    }
}

#[test]
fn the_cloud_says_where_homes_are() {
    let source = |hub: &HubFile, path: &str| {
        let objects = manifests(&Cluster::new(hub).unwrap());
        of_kind(&objects, "PersistentVolume").pointer(path).cloned().unwrap()
    };
    assert_eq!(source(&aws(""), "/spec/csi/volumeHandle"), "output:homes_volume");
    assert_eq!(source(&gcp(""), "/spec/nfs"), json!({ "server": "output:homes_address", "path": "/homes" }));
}

#[test]
fn quotas_may_be_fractions() {
    let hub = aws("storage: { homes: { quota: 1536 MiB } }\n");
    let all = releases(&Cluster::new(&hub).unwrap());
    let server = all.iter().find(|release| release.name == "a-hub-home-nfs").unwrap();
    assert_eq!(server.values["quotaEnforcer"]["config"]["QuotaManager"]["hard_quota"], 1.5);
    assert_eq!(server.values["eks"]["volumeId"], "output:homes_volume");
    assert_eq!(server.values["nodeSelector"]["topology.kubernetes.io/zone"], "output:homes_zone");
}

#[test]
fn reports_get_the_labels_that_nodes_have() {
    let allowed = base_values("prometheus")["kube-state-metrics"]["metricLabelsAllowlist"].to_string();
    for label in [POOL_LABEL, HUB_PURPOSE, DASK_PURPOSE] {
        assert!(allowed.contains(label), "{label}");
    }
}

#[test]
fn claims_on_eks_get_encrypted_disks() {
    let objects = manifests(&Cluster::new(&aws("")).unwrap());
    let class = of_kind(&objects, "StorageClass");
    assert_eq!(class["parameters"], json!({ "type": "gp3", "encrypted": "true" }));
    assert_eq!(class["volumeBindingMode"], "WaitForFirstConsumer");
    assert_eq!(class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"], "true");
    let objects = manifests(&Cluster::new(&gcp("")).unwrap());
    assert_eq!(of_kind(&objects, "StorageClass"), &Value::Null);
}

#[test]
fn a_gateway_on_gke_proves_its_domain_as_its_own_account() {
    let password = "auth: { password: { user_password: { env: X } } }\nhub: false\n";
    let provider = "provider: { gcp: { project: a-project, region: us-central1 } }\n";
    let rest = "domain: dask.example.org\ndns: { zone: example-org }\n";
    let hub = hub(&format!("{provider}{password}{rest}"));
    let cluster = Cluster::new(&hub).unwrap();
    let releases = releases(&cluster);
    let manager = releases.iter().find(|release| release.name == "cert-manager").unwrap();
    assert_eq!(
        manager.values["serviceAccount"]["annotations"]["iam.gke.io/gcp-service-account"],
        "a-hub-certs@a-project.iam.gserviceaccount.com"
    );
    let objects = manifests(&cluster);
    let solver = &of_kind(&objects, "Issuer")["spec"]["acme"]["solvers"][0]["dns01"]["cloudDNS"];
    assert_eq!(solver, &json!({ "project": "a-project", "hostedZoneName": "example-org" }));
}
