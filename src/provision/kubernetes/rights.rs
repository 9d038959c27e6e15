//! What a person may do on a cluster, asked of the API server itself: one table of what `up` and
//! `down` do there, and a question for each verb of it.

use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;
use serde::Serialize;

use self::Needed::{Always, InClouds, OnEks, WithCertificates, WithGateway, WithHub, WithMetrics};
use self::Place::{Cluster, Hub, Releases};
use super::access::Access;
use crate::config::{HubFile, Provider};
use crate::error::Result;
use crate::render::chart::SYSTEM_NAMESPACE;
use crate::render::support::CERT_MANAGER;

/// Questions to the API server at a time.
const AT_ONCE: usize = 32;

/// Everything that Helm and a server-side apply do to an object, and what `down` does.
const MANAGE: &[&str] = &["get", "list", "create", "patch", "update", "delete"];
/// What a look needs.
const LOOK: &[&str] = &["get", "list"];
/// What making and removing an object takes beyond a look.
const CHANGE: &[&str] = &["create", "patch", "update", "delete"];
/// What a sweep does to what others have made: find it, take its finalizers off, delete it.
const SWEEP: &[&str] = &["list", "patch", "delete"];

/// Where a right is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In each namespace that has a release.
    Releases,
    /// In the hub's namespace.
    Hub,
    /// In the whole cluster.
    Cluster,
}

/// Which hubs need a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needed {
    Always,
    WithHub,
    WithGateway,
    /// A gateway without a hub gets its certificate from cert-manager.
    WithCertificates,
    /// Homes are in a volume that frazil makes.
    InClouds,
    /// EKS's own class of disks encrypts nothing, so there is another one.
    OnEks,
    /// The metrics API has to be installed.
    WithMetrics,
}

/// A row of the table.
struct Row {
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
    place: Place,
    needed: Needed,
    reason: &'static str,
}

const fn row(
    place: Place,
    needed: Needed,
    (group, resource): (&'static str, &'static str),
    verbs: &'static [&'static str],
    reason: &'static str,
) -> Row {
    Row { group, resource, verbs, place, needed, reason }
}

const ADMISSION: &str = "admissionregistration.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// What `up` and `down` do, and what for.
const TABLE: [Row; 42] = [
    row(
        Cluster,
        Always,
        ("", "namespaces"),
        MANAGE,
        "the hub's namespace; `kube-system` tells clusters apart",
    ),
    row(Releases, Always, ("", "secrets"), MANAGE, "the hub's secrets, and Helm's record of releases"),
    row(Hub, Always, ("", "configmaps"), MANAGE, "what JupyterHub and Dask Gateway are configured with"),
    row(Releases, Always, ("", "services"), MANAGE, "the addresses of the parts"),
    row(Releases, Always, ("", "serviceaccounts"), MANAGE, "who the parts and people's servers are"),
    row(Releases, Always, ("apps", "deployments"), MANAGE, "hub, proxy and gateway"),
    row(Hub, Always, ("apps", "replicasets"), LOOK, "what Deployments wait for"),
    row(Hub, WithHub, ("apps", "statefulsets"), MANAGE, "placeholders that keep nodes warm"),
    row(Hub, WithHub, ("apps", "daemonsets"), MANAGE, "pulling images ahead"),
    row(Hub, WithHub, ("batch", "jobs"), MANAGE, "the chart's hook that waits for pulled images"),
    row(
        Hub,
        WithHub,
        ("policy", "poddisruptionbudgets"),
        MANAGE,
        "that draining a node leaves the hub alone",
    ),
    row(Hub, Always, ("networking.k8s.io", "networkpolicies"), MANAGE, "who reaches which part"),
    row(Hub, Always, ("networking.k8s.io", "ingresses"), SWEEP, "what `down` looks for"),
    row(Hub, Always, ("coordination.k8s.io", "leases"), SWEEP, "what `down` looks for"),
    row(Hub, Always, ("", "persistentvolumeclaims"), MANAGE, "the hub's database, and people's homes"),
    row(Cluster, Always, ("", "persistentvolumes"), SWEEP, "disks that `down` removes or keeps"),
    row(Cluster, InClouds, ("", "persistentvolumes"), &["get", "create", "update"], "the volume of homes"),
    row(Hub, Always, ("", "pods"), &["get", "list", "delete"], "what parts wait for, and people's servers"),
    row(Hub, Always, ("", "pods/log"), &["get"], "why a part fails"),
    row(Hub, Always, ("", "events"), LOOK, "why a part waits"),
    row(Cluster, Always, ("", "nodes"), LOOK, "which sizes the nodes hold"),
    row(Cluster, Always, ("storage.k8s.io", "storageclasses"), LOOK, "where homes are kept"),
    row(Cluster, OnEks, ("storage.k8s.io", "storageclasses"), CHANGE, "the class of encrypted disks"),
    row(Hub, Always, (RBAC, "roles"), MANAGE, "what the parts may do"),
    row(Releases, Always, (RBAC, "rolebindings"), MANAGE, "what the parts may do"),
    row(Cluster, Always, (RBAC, "clusterroles"), MANAGE, "what scheduler and gateway may do"),
    row(Cluster, Always, (RBAC, "clusterrolebindings"), MANAGE, "what scheduler and gateway may do"),
    row(
        Cluster,
        WithHub,
        ("scheduling.k8s.io", "priorityclasses"),
        MANAGE,
        "that placeholders give way to people",
    ),
    row(
        Cluster,
        Always,
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        MANAGE,
        "kinds that charts define",
    ),
    row(Cluster, Always, ("networking.k8s.io", "ingressclasses"), &["list"], "what `down` looks for"),
    row(Cluster, Always, (ADMISSION, "validatingwebhookconfigurations"), &["list"], "what `down` looks for"),
    row(Cluster, Always, (ADMISSION, "mutatingwebhookconfigurations"), &["list"], "what `down` looks for"),
    row(Hub, WithGateway, ("gateway.dask.org", "daskclusters"), MANAGE, "people's Dask clusters"),
    row(Hub, WithGateway, ("traefik.io", "ingressroutes"), MANAGE, "the gateway's routes"),
    row(Hub, WithGateway, ("traefik.io", "ingressroutetcps"), SWEEP, "routes to Dask schedulers"),
    row(Hub, WithGateway, ("traefik.io", "middlewares"), MANAGE, "the gateway's routes"),
    row(Hub, WithCertificates, ("traefik.io", "tlsstores"), MANAGE, "the gateway's certificate"),
    row(Hub, WithCertificates, ("cert-manager.io", "issuers"), MANAGE, "who certifies the gateway's domain"),
    row(Hub, WithCertificates, ("cert-manager.io", "certificates"), MANAGE, "the gateway's certificate"),
    row(
        Cluster,
        WithCertificates,
        (ADMISSION, "validatingwebhookconfigurations"),
        &["get", "create", "patch", "update", "delete"],
        "what cert-manager checks",
    ),
    row(
        Cluster,
        WithCertificates,
        (ADMISSION, "mutatingwebhookconfigurations"),
        &["get", "create", "patch", "update", "delete"],
        "what cert-manager fills in",
    ),
    row(Cluster, WithMetrics, ("apiregistration.k8s.io", "apiservices"), MANAGE, "the metrics API"),
];

/// A right that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The verbs.
    pub verbs: Vec<String>,
    /// The resource with its group, as kubectl takes it.
    pub resource: String,
    /// The namespaces; none for the whole cluster.
    pub namespaces: Vec<String>,
    /// What it is for.
    pub reason: String,
}

/// What a person may do, of all that a hub needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// How many rights were asked for: a verb on a resource in a namespace is one.
    pub asked: usize,
    /// How many of them are given.
    pub given: usize,
    /// Those that are missing, by resource.
    pub lacks: Vec<Lack>,
    /// Whether roles can be made whatever is in them: who makes one has to have its rights.
    pub any_role: bool,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    group: String,
    resource: String,
    subresource: Option<String>,
    verb: String,
    namespace: Option<String>,
    reason: &'static str,
}

impl Rights {
    /// Asks for all rights that a hub needs, side by side.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn ask(access: &Access, hub: &HubFile, namespaces: &[String]) -> Result<Self> {
        let questions = questions(hub, namespaces);
        let asked = questions.len();
        let answers = stream::iter(questions.into_iter().map(|question| ask(access, question)));
        let answers: Vec<_> = answers.buffered(AT_ONCE).try_collect().await?;
        let given = answers.iter().filter(|(_, allowed)| *allowed).count();
        let refused = answers.into_iter().filter(|(_, allowed)| !allowed).map(|(question, _)| question);
        let lacks = gathered(refused);
        Ok(Self { asked, given, lacks, any_role: any_role(access).await? })
    }
}

/// The table's rows as questions. The first namespace is the hub's.
fn questions(hub: &HubFile, namespaces: &[String]) -> Vec<Question> {
    let needed = |row: &&Row| match row.needed {
        Always => true,
        WithHub => hub.hub,
        WithGateway => hub.gateway.enabled,
        WithCertificates => namespaces.iter().any(|namespace| namespace == CERT_MANAGER),
        InClouds => hub.hub && matches!(hub.provider, Provider::Aws(_) | Provider::Gcp(_)),
        OnEks => matches!(hub.provider, Provider::Aws(_)),
        WithMetrics => namespaces.iter().any(|namespace| namespace == SYSTEM_NAMESPACE),
    };
    TABLE.iter().filter(needed).flat_map(|row| row_questions(row, namespaces)).collect()
}

fn row_questions(row: &'static Row, namespaces: &[String]) -> Vec<Question> {
    let places: Vec<_> = match row.place {
        Cluster => vec![None],
        Hub => namespaces.iter().take(1).cloned().map(Some).collect(),
        Releases => namespaces.iter().cloned().map(Some).collect(),
    };
    let (resource, subresource) = match row.resource.split_once('/') {
        Some((resource, part)) => (resource, Some(part.to_owned())),
        None => (row.resource, None),
    };
    let question = |namespace: &Option<String>, verb: &&str| Question {
        group: row.group.to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.clone(),
        verb: (*verb).to_owned(),
        namespace: namespace.clone(),
        reason: row.reason,
    };
    places.iter().flat_map(|place| row.verbs.iter().map(|verb| question(place, verb))).collect()
}

async fn ask(access: &Access, question: Question) -> Result<(Question, bool)> {
    let Question { group, resource, subresource, verb, namespace, .. } = question.clone();
    let attributes = ResourceAttributes {
        group: Some(group),
        resource: Some(resource),
        subresource,
        verb: Some(verb),
        namespace,
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(attributes),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(access.client.clone());
    let answer = reviews.create(&PostParams::default(), &review).await;
    let answer = answer.map_err(|error| access.failed("asking for rights", error))?;
    Ok((question, answer.status.is_some_and(|status| status.allowed)))
}

async fn any_role(access: &Access) -> Result<bool> {
    let escalate = |group: &str, resource: &str, verb: &str| Question {
        group: group.to_owned(),
        resource: resource.to_owned(),
        subresource: None,
        verb: verb.to_owned(),
        namespace: None,
        reason: "",
    };
    let all = ask(access, escalate("*", "*", "*")).await?.1;
    Ok(all || ask(access, escalate(RBAC, "clusterroles", "escalate")).await?.1)
}

/// Questions about one resource as one right.
fn gathered(questions: impl Iterator<Item = Question>) -> Vec<Lack> {
    let mut lacks: Vec<Lack> = Vec::new();
    for question in questions {
        let Question { group, resource, subresource, verb, namespace, reason } = question;
        let dotted = if group.is_empty() { resource } else { format!("{resource}.{group}") };
        let resource = subresource.map_or_else(|| dotted.clone(), |part| format!("{dotted}/{part}"));
        match lacks.iter_mut().find(|lack| lack.resource == resource) {
            Some(lack) => {
                add(&mut lack.verbs, verb);
                if let Some(namespace) = namespace {
                    add(&mut lack.namespaces, namespace);
                }
            }
            None => lacks.push(Lack {
                verbs: vec![verb],
                resource,
                namespaces: namespace.into_iter().collect(),
                reason: reason.to_owned(),
            }),
        }
    }
    lacks
}

fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::config::check_bytes;
    use crate::render::cluster::Cluster as Rendered;
    use crate::render::support;

    fn asked(more: &str, namespaces: &[&str]) -> Vec<Question> {
        let text = format!("name: lab\nprovider: {{ kubernetes: {{ context: x }} }}\nauth: native\n{more}");
        let today = jiff::civil::date(2026, 11, 2);
        let checked = check_bytes(text.into_bytes(), Path::new("hub.yaml"), today);
        let namespaces: Vec<_> = namespaces.iter().map(|name| (*name).to_owned()).collect();
        questions(&checked.document.unwrap().hub, &namespaces)
    }

    #[test]
    fn no_right_stands_twice_and_each_has_a_reason() {
        let verbs = |row: &'static Row| row.verbs.iter().map(|verb| (row.group, row.resource, *verb));
        let mut rights: Vec<_> = TABLE.iter().flat_map(verbs).collect();
        let all = rights.len();
        rights.sort_unstable();
        rights.dedup();
        assert_eq!(rights.len(), all);
        assert!(TABLE.iter().all(|row| !row.reason.is_empty() && !row.verbs.is_empty()));
    }

    /// Plural of a kind, as the API has it.
    fn plural(kind: &str) -> String {
        let kind = kind.to_lowercase();
        if kind.ends_with('s') { format!("{kind}es") } else { format!("{kind}s") }
    }

    #[test]
    fn every_object_that_is_applied_has_its_rights() {
        let aws = "provider: { aws: { account: \"123456789012\", region: us-west-2 } }\n";
        let gcp = "provider: { gcp: { project: a-project, region: us-central1 } }\n";
        let alone =
            "domain: dask.example.org\nhub: false\nauth: { password: { user_password: { env: X } } }\n";
        let mut seen = BTreeSet::new();
        for provider in [aws, gcp] {
            for more in ["auth: native\n", "auth: native\nstorage: { homes: { quota: 10 GiB } }\n", alone] {
                let text = format!("name: lab\n{provider}{more}");
                let checked =
                    check_bytes(text.into_bytes(), Path::new("hub.yaml"), jiff::civil::date(2026, 11, 2));
                let hub = checked.document.unwrap_or_else(|| panic!("{:?}", checked.problems)).hub;
                let cluster = Rendered::new(&hub).unwrap();
                let mut namespaces = vec!["lab".to_owned()];
                namespaces.extend(support::releases(&cluster).into_iter().map(|release| release.namespace));
                let asked = questions(&hub, &namespaces);
                for object in support::manifests(&cluster) {
                    let version = object["apiVersion"].as_str().unwrap();
                    let group = version.split_once('/').map_or("", |(group, _)| group);
                    let resource = plural(object["kind"].as_str().unwrap());
                    for verb in ["get", "create", "patch", "delete"] {
                        let has = |each: &Question| {
                            each.group == group && each.resource == resource && each.verb == verb
                        };
                        assert!(asked.iter().any(has), "{verb} {resource}.{group}: {more}");
                    }
                    seen.insert(resource);
                }
            }
        }
        assert!(seen.contains("storageclasses") && seen.contains("tlsstores"), "{seen:?}");
    }

    #[test]
    fn a_class_of_disks_is_made_on_eks_alone() {
        let makes = |each: &Question| each.resource == "storageclasses" && each.verb == "create";
        assert!(!asked("", &["lab"]).iter().any(makes));
        let certifies = |each: &Question| each.resource == "tlsstores";
        assert!(!asked("", &["lab"]).iter().any(certifies));
    }

    #[test]
    fn a_hub_without_a_gateway_asks_for_no_rights_of_one() {
        let of_dask = |question: &Question| question.group == "gateway.dask.org";
        assert!(asked("", &["lab"]).iter().any(of_dask));
        assert!(!asked("gateway: { enabled: false }\n", &["lab"]).iter().any(of_dask));
    }

    #[test]
    fn namespaces_of_further_releases_are_asked_for_and_pods_only_in_the_hubs() {
        let all = asked("", &["lab", "kube-system"]);
        let places = |resource: &str, verb: &str| {
            let of = all.iter().filter(|each| each.resource == resource && each.verb == verb);
            of.filter(|each| each.subresource.is_none())
                .filter_map(|each| each.namespace.as_deref())
                .collect()
        };
        let secrets: Vec<_> = places("secrets", "create");
        let pods: Vec<_> = places("pods", "list");
        assert_eq!((secrets, pods), (vec!["lab", "kube-system"], vec!["lab"]));
    }

    #[test]
    fn verbs_of_one_resource_are_one_line() {
        let log = asked("", &["lab"]).into_iter().filter(|each| each.subresource.is_some());
        assert_eq!(gathered(log)[0].resource, "pods/log");
        let roles =
            asked("", &["lab", "kube-system"]).into_iter().filter(|each| each.resource == "rolebindings");
        let lacks = gathered(roles);
        assert_eq!((lacks.len(), lacks[0].verbs.len()), (1, MANAGE.len()));
        assert_eq!(lacks[0].resource, "rolebindings.rbac.authorization.k8s.io");
        assert_eq!(lacks[0].namespaces, ["lab", "kube-system"]);
    }
}
