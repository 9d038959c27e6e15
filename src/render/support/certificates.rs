//! The TLS certificate of a gateway without a hub: its chart has none, while
//! JupyterHub's gets one itself.

use serde_json::{Value, json};

use super::{CERT_MANAGER, CERTIFICATES, account_annotations, shared};
use crate::config::{Balancer, Certificates, Domain, Provider};
use crate::render::chart::{Chart, Release, merge};
use crate::render::cluster::Cluster;

const CHART: Chart = Chart {
    name: "cert-manager",
    version: "v1.21.1",
    repository: "oci://quay.io/jetstack/charts",
    source: "https://github.com/cert-manager/cert-manager",
    why: "Gets the gateway's certificate from Let's Encrypt and renews it; the Dask Gateway chart does not.",
};

/// Let's Encrypt, as ACME knows it.
const LETSENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// The issuer's name.
const ISSUER: &str = "letsencrypt";
/// The Secret with certificate and key.
const SECRET: &str = "gateway-tls";

/// cert-manager, where a gateway needs a certificate of its own.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    domain(cluster)?;
    let values = json!({
        "global": { "nodeSelector": cluster.core_selector() },
        "serviceAccount": { "annotations": account_annotations(cluster, CERTIFICATES) },
    });
    let release = shared(CHART, values);
    Some(Release { namespace: CERT_MANAGER.to_owned(), ..release })
}

/// Issuer, certificate, and what makes the gateway's proxy use it.
pub(super) fn manifests(cluster: &Cluster<'_>) -> Vec<Value> {
    let Some((domain, solver)) = domain(cluster).zip(solver(cluster)) else {
        return Vec::new();
    };
    vec![issuer(cluster, &solver), certificate(cluster, domain), tls_store(cluster)]
}

/// What the chart of Dask Gateway needs below `traefik` to speak HTTPS on port 443 with that
/// certificate; nothing where it has none.
///
/// With TLS on the entry point `web` every HTTP route of it ends TLS there. Dask's own connections go
/// through the same port still encrypted: their routes name a host (`HostSNI`), which comes before
/// routes that name only a path (`pkg/server/router/tcp/router.go` at Traefik 3.3.5).
pub fn gateway_tls(cluster: &Cluster<'_>) -> Value {
    if domain(cluster).is_none() {
        return json!({});
    }
    json!({
        "additionalArguments": ["--entrypoints.web.http.tls=true"],
        "service": { "ports": { "web": { "port": 443 } } },
    })
}

/// The domain to certify: of a gateway on AWS or GCP that everyone on the internet may reach.
fn domain<'a>(cluster: &Cluster<'a>) -> Option<&'a Domain> {
    let hub = cluster.hub;
    let domain = hub.domain.as_ref()?;
    let public = hub.gateway.balancer.unwrap_or(Balancer::Public) == Balancer::Public;
    let asked = hub.support.certificates == Certificates::Letsencrypt;
    (!hub.hub && hub.gateway.enabled && cluster.is_ours() && public && asked).then_some(domain)
}

/// Where to prove that the domain is ours: by a DNS record, as the proxy has no port 80. The pod's
/// identity says who asks; the provider finds the zone by the domain, but for Cloud DNS where it is named.
fn solver(cluster: &Cluster<'_>) -> Option<Value> {
    match &cluster.hub.provider {
        Provider::Aws(aws) => Some(json!({ "route53": { "region": aws.region.as_str() } })),
        Provider::Gcp(gcp) => {
            let mut cloud_dns = json!({ "project": gcp.project.as_str() });
            if let Some(zone) = cluster.dns_zone() {
                merge(&mut cloud_dns, json!({ "hostedZoneName": zone }));
            }
            Some(json!({ "cloudDNS": cloud_dns }))
        }
        Provider::Kubernetes(_) | Provider::Local(_) => None,
    }
}

/// Fields: `pkg/apis/acme/v1/types_issuer.go` at v1.21.1.
fn issuer(cluster: &Cluster<'_>, solver: &Value) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": { "name": ISSUER, "namespace": cluster.namespace() },
        "spec": { "acme": {
            "server": LETSENCRYPT,
            "email": cluster.hub.contact(),
            "privateKeySecretRef": { "name": "letsencrypt-account" },
            "solvers": [{ "dns01": solver }],
        } },
    })
}

fn certificate(cluster: &Cluster<'_>, domain: &Domain) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": { "name": SECRET, "namespace": cluster.namespace() },
        "spec": {
            "secretName": SECRET,
            "dnsNames": [domain.as_str()],
            "privateKey": { "algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always" },
            "issuerRef": { "name": ISSUER, "kind": "Issuer" },
        },
    })
}

/// The proxy's default certificate. Dask Gateway's proxy sees only objects with its label
/// (`--providers.kubernetescrd.labelselector`, `templates/traefik/deployment.yaml` at 2026.3.0).
fn tls_store(cluster: &Cluster<'_>) -> Value {
    json!({
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "TLSStore",
        "metadata": {
            "name": "default",
            "namespace": cluster.namespace(),
            "labels": { "gateway.dask.org/instance": cluster.release("dask-gateway") },
        },
        "spec": { "defaultCertificate": { "secretName": SECRET } },
    })
}
