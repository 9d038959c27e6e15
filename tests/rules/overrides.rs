//! Overrides with secrets in clear or with what the hub file's own keys say, and versions of charts.

use frazil::config::check_bytes;

use super::cases::{AWS, CLUSTER, GCP, hold};
use crate::{TODAY, found};

/// Overrides of the JupyterHub chart, of Dask Gateway's, of Terraform.
fn overrides(of: &str, values: &str) -> String {
    format!("overrides: {{ {of}: {values} }}")
}

/// Places of a secret, the path that is told, and words of the help.
const SECRETS: &[(&str, &str, &str, &str)] = &[
    (
        "jupyterhub",
        "{ hub: { config: { GitHubOAuthenticator: { client_secret: hunter2 } } } }",
        "hub.config.GitHubOAuthenticator.client_secret",
        "`client_secret: { env: NAME }` below `auth`",
    ),
    ("jupyterhub", "{ proxy: { secretToken: hunter2 } }", "proxy.secretToken", "leave it out"),
    ("jupyterhub", "{ hub: { cookieSecret: hunter2 } }", "hub.cookieSecret", "leave it out"),
    ("jupyterhub", "{ hub: { services: { x: { apiToken: hunter2 } } } }", "hub.services.x.apiToken", "leave"),
    ("jupyterhub", "{ hub: { services: { x: { api_token: hunter2 } } } }", "hub.services.x.api_token", ""),
    (
        "jupyterhub",
        "{ hub: { config: { CryptKeeper: { keys: [hunter2] } } } }",
        "hub.config.CryptKeeper.keys",
        "made at random",
    ),
    ("jupyterhub", "{ imagePullSecret: { password: hunter2 } }", "imagePullSecret.password", ""),
    ("jupyterhub", "{ proxy: { https: { manual: { key: hunter2 } } } }", "proxy.https.manual.key", ""),
    ("jupyterhub", "{ hub: { db: { url: 'postgres://hub:hunter2@db/hub' } } }", "hub.db.url", ""),
    (
        "jupyterhub",
        "{ singleuser: { extraEnv: { AWS_SECRET_ACCESS_KEY: hunter2 } } }",
        "singleuser.extraEnv.AWS_SECRET_ACCESS_KEY",
        "secretKeyRef",
    ),
    (
        "jupyterhub",
        "{ hub: { extraEnv: { LAB_TOKEN: { name: LAB_TOKEN, value: hunter2 } } } }",
        "hub.extraEnv.LAB_TOKEN.value",
        "secretKeyRef",
    ),
    (
        "dask-gateway",
        "{ gateway: { env: [{ name: A, value: b }, { name: LAB_PASSWORD, value: hunter2 }] } }",
        "gateway.env[1].value",
        "secretKeyRef",
    ),
    (
        "dask-gateway",
        "{ gateway: { auth: { simple: { password: hunter2 } } } }",
        "gateway.auth.simple.password",
        "below `auth`",
    ),
    (
        "dask-gateway",
        "{ gateway: { auth: { jupyterhub: { apiToken: hunter2 } } } }",
        "gateway.auth.jupyterhub.apiToken",
        "leave it out",
    ),
    (
        "dask-gateway",
        "{ gateway: { auth: { simple: { password: '12345' } } } }",
        "gateway.auth.simple.password",
        "",
    ),
];

#[test]
fn secrets_are_told_and_never_shown() {
    for (of, values, key, help) in SECRETS {
        let lines = overrides(of, values);
        let path = format!("overrides.{of}.{key}");
        hold(&[(CLUSTER, &lines, "secret-in-clear", &path, &[help])]);
        let text = format!("{CLUSTER}domain: hub.example.org\nadmins: [ada]\nauth: native\n{lines}\n");
        let checked = check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY);
        let problem = &checked.problems[0];
        let told = format!("{} {:?} {:?}", problem.message, problem.label, problem.help);
        assert!(!told.contains("hunter2") && !told.contains("12345"), "{told}");
        let at = checked.text.find("hunter2").or(checked.text.find("12345")).unwrap();
        let masked = checked.secrets.iter().any(|secret| secret.contains(&at));
        assert!(masked, "{lines}: {:?}", checked.secrets);
    }
    let terraform = overrides("terraform", "{ database_password: hunter2 }");
    let text = format!("{AWS}domain: hub.example.org\nadmins: [ada]\nauth: native\n{terraform}\n");
    let checked = check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY);
    let rules: Vec<_> = checked.problems.iter().map(|problem| problem.rule).collect();
    assert!(rules.contains(&"secret-in-clear"), "{:?}", found(&checked));
}

#[test]
fn what_only_names_a_secret_passes() {
    for (of, values) in [
        ("jupyterhub", "{ hub: { existingSecret: lab } }"),
        ("jupyterhub", "{ hub: { cookieSecret: ~ } }"),
        ("jupyterhub", "{ imagePullSecret: { create: true, registry: r.example.org } }"),
        ("jupyterhub", "{ imagePullSecrets: [lab] }"),
        ("jupyterhub", "{ singleuser: { image: { pullSecrets: [lab] } } }"),
        ("jupyterhub", "{ proxy: { https: { secret: { name: tls, key: tls.key, crt: tls.crt } } } }"),
        (
            "jupyterhub",
            "{ singleuser: { extraEnv: { LAB_TOKEN: { valueFrom: { secretKeyRef: { name: a, key: b } } } } } }",
        ),
        (
            "jupyterhub",
            "{ singleuser: { storage: { extraVolumes: [{ name: x, secret: { secretName: y } }] } } }",
        ),
        (
            "jupyterhub",
            "{ hub: { config: { GenericOAuthenticator: { token_url: 'https://a.example.org/token' } } } }",
        ),
        ("jupyterhub", "{ hub: { config: { NativeAuthenticator: { minimum_password_length: 12 } } } }"),
        (
            "dask-gateway",
            "{ gateway: { auth: { jupyterhub: { apiTokenFromSecretName: a, apiTokenFromSecretKey: b } } } }",
        ),
        (
            "dask-gateway",
            "{ gateway: { env: [{ name: P_TOKEN, valueFrom: { secretKeyRef: { name: a, key: b } } }] } }",
        ),
        ("dask-gateway", "{ traefik: { automountServiceAccountToken: true } }"),
    ] {
        let lines = overrides(of, values);
        let text = format!("{CLUSTER}domain: hub.example.org\nadmins: [ada]\nauth: native\n{lines}\n");
        let checked = check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY);
        assert!(
            !checked.problems.iter().any(|p| p.rule == "secret-in-clear"),
            "{lines}: {:?}",
            found(&checked)
        );
    }
}

#[test]
fn what_the_hub_file_says_itself() {
    let worker = |values: &str| {
        overrides("dask-gateway", &format!("{{ gateway: {{ backend: {{ worker: {values} }} }} }}"))
    };
    let image = overrides("dask-gateway", "{ gateway: { backend: { image: { name: quay.io/c/d } } } }");
    let tag = overrides("jupyterhub", "{ singleuser: { image: { tag: '1' } } }");
    let pull = overrides("jupyterhub", "{ singleuser: { image: { pullPolicy: Always } } }");
    let cpu = overrides("jupyterhub", "{ singleuser: { cpu: { limit: 2 } } }");
    let backend = "overrides.dask-gateway.gateway.backend";
    hold(&[
        (
            CLUSTER,
            &worker("{ cores: { request: 2 } }"),
            "replaced-value",
            &format!("{backend}.worker.cores"),
            &["`gateway.workers.cores`"],
        ),
        (
            AWS,
            &worker("{ memory: { limit: 2G } }"),
            "replaced-value",
            &format!("{backend}.worker.memory"),
            &["`gateway.workers.memory`"],
        ),
        (CLUSTER, &image, "replaced-value", &format!("{backend}.image.name"), &["`image.name`"]),
        (GCP, &tag, "replaced-value", "overrides.jupyterhub.singleuser.image.tag", &["`image.tag`"]),
        (GCP, &cpu, "replaced-value", "overrides.jupyterhub.singleuser.cpu", &["`sizes`"]),
        (GCP, &pull, "", "", &[]),
    ]);
}

#[test]
fn versions_of_charts() {
    let charts = |versions: &str| format!("charts: {{ {versions} }}");
    hold(&[
        (AWS, &charts("dask-gateway: 2025.4.0"), "chart-version", "charts.dask-gateway", &["2026.3.0"]),
        (CLUSTER, &charts("jupyterhub: 3.3.8"), "chart-version", "charts.jupyterhub", &["4.4.0"]),
        (GCP, &charts("jupyterhub: 4.4.0-0.dev.git.1"), "chart-version", "charts.jupyterhub", &[]),
        (GCP, &charts("jupyterhub: 4.10.0"), "chart-newer", "charts.jupyterhub", &["not checked"]),
        (GCP, &charts("jupyterhub: 4.4.0+local, dask-gateway: 2026.3.0"), "", "", &[]),
        (GCP, "gateway: { enabled: false }\ncharts: { dask-gateway: 2025.4.0 }", "", "", &[]),
    ]);
}
