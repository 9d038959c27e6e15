//! Things that a call made and Terraform forgot, as it was cut off before it wrote them down. What
//! would be made, and is there already as the hub's, is taken over with an `import` block
//! (<https://developer.hashicorp.com/terraform/language/import>), so that nothing is made twice and
//! bills unseen. What carries no mark of the hub is never taken over.

use serde_json::Value;

use super::follow::{Diagnostic, EXISTS};
use crate::cloud::{Belongs, Kind, Leftover, Way};

/// Something that Terraform is to take over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Adoption {
    /// Its address in Terraform.
    pub address: String,
    /// How the provider's `import` names it.
    pub id: String,
}

/// By what a thing that is there is known to be the one that Terraform would make.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// Its name is that of this argument, or of one within a block: `export/0/name`.
    Argument(&'static str),
    /// Its tag `Name` is the same.
    Tag,
    /// A hub has only one.
    Only,
    /// Its name begins with this argument, and a part that the provider adds follows.
    Prefix(&'static str),
    /// It is an e-mail address that begins with this argument.
    Email(&'static str),
}

/// How the provider's `import` names it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Id {
    /// As the cloud does.
    Own,
    /// By its name.
    Name,
    /// By the end of its ARN.
    End,
    /// `CLUSTER:GROUP`.
    Group,
    /// `PROJECT/LOCATION/CLUSTER/POOL`.
    Pool,
    /// `projects/PROJECT/serviceAccounts/EMAIL`.
    Account,
}

/// A type of Terraform's, the kind of thing it is, and how both are brought together.
pub(super) type Row = (&'static str, Kind, By, Id);

/// What is found among a hub's leftovers. Each provider's documentation of a type has its IDs under
/// "Import" (hashicorp/aws 6, hashicorp/google 7).
pub(super) const FOUND: &[Row] = &[
    ("aws_vpc", Kind::Network, By::Tag, Id::Own),
    ("aws_subnet", Kind::Subnet, By::Tag, Id::Own),
    ("aws_internet_gateway", Kind::Gateway, By::Tag, Id::Own),
    ("aws_eip", Kind::Address, By::Tag, Id::Own),
    ("aws_nat_gateway", Kind::Nat, By::Tag, Id::Own),
    ("aws_route_table", Kind::Route, By::Tag, Id::Own),
    ("aws_vpc_endpoint", Kind::Endpoint, By::Tag, Id::Own),
    ("aws_flow_log", Kind::FlowLog, By::Tag, Id::Own),
    ("aws_security_group", Kind::Firewall, By::Argument("name"), Id::Own),
    ("aws_ebs_volume", Kind::Disk, By::Tag, Id::Own),
    ("aws_efs_file_system", Kind::FileSystem, By::Tag, Id::Own),
    ("aws_launch_template", Kind::Template, By::Argument("name"), Id::Own),
    ("aws_eks_cluster", Kind::Cluster, By::Argument("name"), Id::Name),
    ("aws_eks_node_group", Kind::NodePool, By::Prefix("node_group_name_prefix"), Id::Group),
    ("aws_iam_role", Kind::Account, By::Argument("name"), Id::Own),
    ("aws_cloudwatch_log_group", Kind::LogGroup, By::Argument("name"), Id::Own),
    ("aws_ecr_repository", Kind::Repository, By::Argument("name"), Id::Own),
    ("aws_kms_key", Kind::Key, By::Only, Id::Name),
    ("aws_s3_bucket", Kind::Bucket, By::Argument("bucket"), Id::Own),
    ("aws_backup_vault", Kind::Backup, By::Argument("name"), Id::Name),
    ("aws_backup_plan", Kind::Plan, By::Argument("name"), Id::End),
    ("aws_dlm_lifecycle_policy", Kind::Plan, By::Argument("description"), Id::End),
    ("aws_bcmdataexports_export", Kind::Export, By::Argument("export/0/name"), Id::Own),
    ("aws_budgets_budget", Kind::Budget, By::Argument("name"), Id::Own),
    ("google_compute_network", Kind::Network, By::Argument("name"), Id::Own),
    ("google_compute_subnetwork", Kind::Subnet, By::Argument("name"), Id::Own),
    ("google_compute_firewall", Kind::Firewall, By::Argument("name"), Id::Own),
    ("google_compute_router", Kind::Router, By::Argument("name"), Id::Own),
    ("google_compute_disk", Kind::Disk, By::Argument("name"), Id::Own),
    ("google_compute_address", Kind::Address, By::Argument("name"), Id::Own),
    ("google_compute_resource_policy", Kind::Plan, By::Argument("name"), Id::Own),
    ("google_container_cluster", Kind::Cluster, By::Argument("name"), Id::Own),
    ("google_container_node_pool", Kind::NodePool, By::Argument("name"), Id::Pool),
    ("google_filestore_instance", Kind::FileSystem, By::Argument("name"), Id::Own),
    ("google_storage_bucket", Kind::Bucket, By::Argument("name"), Id::Own),
    ("google_artifact_registry_repository", Kind::Repository, By::Argument("repository_id"), Id::Own),
    ("google_service_account", Kind::Account, By::Email("account_id"), Id::Account),
    ("google_bigquery_dataset", Kind::Dataset, By::Argument("dataset_id"), Id::Own),
    ("google_billing_budget", Kind::Budget, By::Argument("display_name"), Id::Own),
    ("google_monitoring_notification_channel", Kind::Channel, By::Argument("display_name"), Id::Own),
];

/// Parts of something that is the hub's, which are so by their nature, and what only its own account
/// can have under that name: their IDs are made of their arguments. In `{~PREFIX}` goes the word of
/// the cloud's complaint that begins so.
pub(super) const PARTS: &[(&str, &str)] = &[
    ("aws_eks_addon", "{cluster_name}:{addon_name}"),
    ("aws_eks_access_entry", "{cluster_name}:{principal_arn}"),
    ("aws_eks_pod_identity_association", "{cluster_name},{~a-}"),
    ("aws_route", "{route_table_id}_{destination_cidr_block}"),
    ("aws_route_table_association", "{subnet_id}/{route_table_id}"),
    ("google_compute_router_nat", "projects/{project}/regions/{region}/routers/{router}/{name}"),
    ("google_compute_disk_resource_policy_attachment", "projects/{project}/zones/{zone}/disks/{disk}/{name}"),
    ("google_project_iam_custom_role", "projects/{project}/roles/{role_id}"),
];

/// Parts whose IDs only the cloud knows, and the arguments by which it is asked for them.
pub(super) const ASKED: &[(&str, &[&str])] = &[
    ("aws_backup_selection", &["plan_id", "name"]),
    ("aws_efs_access_point", &["file_system_id"]),
    ("aws_efs_mount_target", &["file_system_id", "subnet_id"]),
    ("aws_kms_alias", &["name"]),
    ("aws_route53_record", &["zone_id", "name", "records"]),
    ("aws_vpc_security_group_ingress_rule", &["security_group_id"]),
    ("google_dns_record_set", &["managed_zone", "name", "rrdatas"]),
];

/// A resource that a plan makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned<'a> {
    /// Its address.
    pub address: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// The arguments that are known before it is made.
    pub values: &'a Value,
}

impl Planned<'_> {
    /// Whether the cloud can be asked for it: what it is a part of is there.
    pub(super) fn can_be_asked_for(&self) -> bool {
        let said = |name: &&str| !matches!(&self.values[*name], Value::Null) && self.values[*name] != "";
        ASKED.iter().any(|(kind, names)| *kind == self.kind && names.iter().all(said))
    }

    /// The name of a bucket.
    pub(super) fn bucket(&self) -> Option<&str> {
        match self.kind {
            "aws_s3_bucket" => self.values["bucket"].as_str(),
            "google_storage_bucket" => self.values["name"].as_str(),
            _ => None,
        }
    }
}

/// What a plan makes and may be there already.
pub(super) fn planned(plan: &Value) -> Vec<Planned<'_>> {
    let all = plan["resource_changes"].as_array().into_iter().flatten();
    let made = all
        .filter(|one| one["mode"] == "managed" && one["change"]["actions"] == serde_json::json!(["create"]));
    made.map(|one| Planned {
        address: one["address"].as_str().unwrap_or_default(),
        kind: one["type"].as_str().unwrap_or_default(),
        values: &one["change"]["after"],
    })
    .collect()
}

/// Whether any of it is looked for among leftovers.
pub(super) fn is_looked_for(planned: &[Planned<'_>]) -> bool {
    planned.iter().any(|one| FOUND.iter().any(|(kind, ..)| *kind == one.kind))
}

/// What Terraform's state knows, by the IDs there.
pub(super) fn known(plan: &Value) -> Vec<String> {
    let resources = plan["prior_state"]["values"]["root_module"]["resources"].as_array();
    let ids = resources.into_iter().flatten().filter_map(|one| one["values"]["id"].as_str());
    ids.map(str::to_owned).collect()
}

/// What is to be taken over of a hub's leftovers.
pub(super) fn adoptions(planned: &[Planned<'_>], leftovers: &[Leftover], known: &[String]) -> Vec<Adoption> {
    let mut all: Vec<Adoption> = Vec::new();
    for one in planned {
        let Some(row) = FOUND.iter().find(|(kind, ..)| *kind == one.kind) else { continue };
        let ids =
            leftovers.iter().filter(|leftover| is_same(row, one, leftover)).map(|leftover| id(row, leftover));
        let mut free = ids.filter(|id| !known.contains(id) && !all.iter().any(|other| other.id == *id));
        let found = free.next();
        // Where a hub has one only, two are a riddle that a person has to solve.
        let sure = !matches!(row.2, By::Only) || free.next().is_none();
        drop(free);
        all.extend(
            found
                .filter(|id| sure && is_plain(id))
                .map(|id| Adoption { address: one.address.to_owned(), id }),
        );
    }
    all
}

fn is_same((_, kind, by, _): &Row, one: &Planned<'_>, leftover: &Leftover) -> bool {
    let said = |name: &str| one.values.pointer(&format!("/{name}"))?.as_str();
    let text = |name: &str| said(name).filter(|text| !text.is_empty());
    leftover.kind == *kind
        && is_surely_the_hubs(leftover)
        && match by {
            By::Argument(name) => text(name).is_some_and(|text| text == leftover.name),
            By::Tag => one.values["tags"]["Name"].as_str() == Some(&leftover.name),
            By::Only => true,
            By::Prefix(name) => text(name).is_some_and(|text| is_generated(&leftover.name, text)),
            By::Email(name) => text(name).is_some_and(|text| leftover.name.split('@').next() == Some(text)),
        }
}

/// A name that only looks like the hub's, or a claim without a cluster, may be somebody else's.
fn is_surely_the_hubs(leftover: &Leftover) -> bool {
    match leftover.belongs {
        Belongs::Tag | Belongs::Cluster(_) | Belongs::Network => true,
        Belongs::Name => leftover.way == Way::Remove,
        Belongs::Claim => false,
    }
}

/// Whether a name is a prefix with what the provider adds: a moment and a count, in hexadecimal.
pub(super) fn is_generated(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() >= 20 && rest.chars().all(|letter| letter.is_ascii_hexdigit()))
}

fn id((.., id): &Row, leftover: &Leftover) -> String {
    let (own, name) = (&leftover.id, &leftover.name);
    match id {
        Id::Own => own.clone(),
        Id::Name => name.clone(),
        Id::End => own.rsplit([':', '/']).next().unwrap_or_default().to_owned(),
        Id::Group => own.replacen('/', ":", 1),
        Id::Pool => {
            let parts: Vec<_> = own.split('/').collect();
            [1, 3, 5, 7].map(|index| parts.get(index).copied().unwrap_or_default()).join("/")
        }
        Id::Account => {
            let project = own.split(['@', '.']).nth(1).unwrap_or_default();
            format!("projects/{project}/serviceAccounts/{own}")
        }
    }
}

/// What can stand in a module as it is.
pub(super) fn is_plain(id: &str) -> bool {
    !id.is_empty()
        && id.chars().all(|letter| letter.is_ascii_alphanumeric() || ":/_.,@+=#|-".contains(letter))
}

/// The parts that Terraform could not make because they are there, by what it complained of.
pub(super) fn parts(
    planned: &[Planned<'_>],
    problems: &[Diagnostic],
    place: &[(&str, &str)],
) -> Vec<Adoption> {
    let taken = problems.iter().filter(|problem| is_taken(problem));
    taken
        .filter_map(|problem| {
            let address = problem.address.as_deref()?;
            let one = planned.iter().find(|one| one.address == address)?;
            let (_, form) = PARTS.iter().find(|(kind, _)| *kind == one.kind)?;
            let id = fill(form, one.values, place, &problem.detail)?;
            is_plain(&id).then(|| Adoption { address: address.to_owned(), id })
        })
        .collect()
}

/// Whether the cloud says that something of the name is there.
pub(super) fn is_taken(problem: &Diagnostic) -> bool {
    EXISTS.iter().any(|word| problem.detail.contains(word) || problem.summary.contains(word))
}

fn fill(form: &str, values: &Value, place: &[(&str, &str)], complaint: &str) -> Option<String> {
    let mut rest = form;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let said = || values[name].as_str().filter(|value| !value.is_empty()).map(last_of_link);
        let value = match name.strip_prefix('~') {
            Some(prefix) => word_in(complaint, prefix)?,
            None => {
                said().or_else(|| place.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))?
            }
        };
        text = text + before + value;
        rest = after;
    }
    Some(text + rest)
}

/// Of a link to a resource only its name counts; a range of addresses is none.
fn last_of_link(value: &str) -> &str {
    if value.starts_with("projects/") || value.starts_with("https://") {
        value.rsplit('/').next().unwrap_or(value)
    } else {
        value
    }
}

fn word_in<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words.into_iter().find(|word| word.starts_with(prefix) && word.len() > prefix.len() + 4)
}

/// The blocks that tell Terraform what to take over.
pub(super) fn blocks(adoptions: &[Adoption]) -> String {
    let block = |one: &Adoption| format!("import {{\n  to = {}\n  id = \"{}\"\n}}\n", one.address, one.id);
    adoptions.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "made for the call")]
    fn create(kind: &str, address: &str, after: Value) -> Value {
        json!({ "mode": "managed", "type": kind, "address": address, "change": { "actions": ["create"], "after": after } })
    }

    #[expect(clippy::needless_pass_by_value, reason = "made for the call")]
    fn adopted(change: Value, leftover: Leftover, known: &[&str]) -> Option<String> {
        let plan = json!({ "resource_changes": [change] });
        let known: Vec<_> = known.iter().map(|id| (*id).to_owned()).collect();
        let mut all = adoptions(&planned(&plan), &[leftover], &known);
        assert!(all.len() < 2);
        all.pop().map(|one| one.id)
    }

    fn role(belongs: Belongs) -> Leftover {
        Leftover::new(Kind::Account, "lab-nodes", belongs)
    }

    #[test]
    fn what_has_the_name_and_the_tag_is_taken_over() {
        let change = || create("aws_iam_role", "aws_iam_role.nodes", json!({ "name": "lab-nodes" }));
        assert_eq!(adopted(change(), role(Belongs::Tag), &[]).unwrap(), "lab-nodes");
        assert_eq!(adopted(change(), role(Belongs::Claim), &[]), None);
        let by_name = role(Belongs::Name).goes(Way::ByHand("only its name says so".to_owned()));
        assert_eq!(adopted(change(), by_name, &[]), None);
        let other = create("aws_iam_role", "aws_iam_role.nodes", json!({ "name": "lab-user" }));
        assert_eq!(adopted(other, role(Belongs::Tag), &[]), None);
        assert_eq!(adopted(change(), role(Belongs::Tag), &["lab-nodes"]), None, "the state knows it");
    }

    #[test]
    fn ids_are_written_as_the_provider_wants_them() {
        let tag = |kind, id: &str, name: &str| Leftover::new(kind, id, Belongs::Tag).named(name);
        let subnet =
            create("aws_subnet", "aws_subnet.nodes[\"a\"]", json!({ "tags": { "Name": "lab-nodes-a" } }));
        assert_eq!(adopted(subnet, tag(Kind::Subnet, "subnet-1", "lab-nodes-a"), &[]).unwrap(), "subnet-1");
        let pool = create("google_container_node_pool", "x.pool[\"user\"]", json!({ "name": "user" }));
        let live = tag(Kind::NodePool, "projects/p/locations/r/clusters/lab/nodePools/user", "user");
        assert_eq!(adopted(pool, live, &[]).unwrap(), "p/r/lab/user");
        let account = create("google_service_account", "x.nodes", json!({ "account_id": "lab-nodes" }));
        let email = "lab-nodes@p.iam.gserviceaccount.com";
        assert_eq!(
            adopted(account, tag(Kind::Account, email, email), &[]).unwrap(),
            format!("projects/p/serviceAccounts/{email}")
        );
        let plan = create("aws_backup_plan", "aws_backup_plan.homes[0]", json!({ "name": "lab-homes" }));
        let arn = "arn:aws:backup:r:1:backup-plan:0a1b-2c";
        assert_eq!(adopted(plan, tag(Kind::Plan, arn, "lab-homes"), &[]).unwrap(), "0a1b-2c");
        let copies =
            || create("aws_dlm_lifecycle_policy", "x", json!({ "description": "Homes of the hub lab" }));
        let arn = "arn:aws:dlm:r:1:policy/policy-1";
        assert_eq!(adopted(copies(), tag(Kind::Plan, arn, "Homes of the hub lab"), &[]).unwrap(), "policy-1");
        assert_eq!(adopted(copies(), tag(Kind::Plan, arn, "lab-homes"), &[]), None);
        let export = create("aws_bcmdataexports_export", "x", json!({ "export": [{ "name": "lab-cur2" }] }));
        let arn = "arn:aws:bcm-data-exports:us-east-1:1:export/lab-cur2-1";
        assert_eq!(adopted(export, tag(Kind::Export, arn, "lab-cur2"), &[]).unwrap(), arn);
        let key = create("aws_kms_key", "aws_kms_key.secrets", json!({}));
        assert_eq!(adopted(key, tag(Kind::Key, "arn:aws:kms:r:1:key/k-1", "k-1"), &[]).unwrap(), "k-1");
    }

    #[test]
    fn a_group_is_its_pools_only_with_a_generated_end() {
        let group = || create("aws_eks_node_group", "g", json!({ "node_group_name_prefix": "user-" }));
        let live =
            |name: &str| Leftover::new(Kind::NodePool, format!("lab/{name}"), Belongs::Tag).named(name);
        let id = adopted(group(), live("user-20261121192001123400000001"), &[]).unwrap();
        assert_eq!(id, "lab:user-20261121192001123400000001");
        assert_eq!(adopted(group(), live("user-big-20261121192001123400000001"), &[]), None);
        assert_eq!(adopted(group(), live("user-by-hand"), &[]), None);
        let known = ["lab:user-20261121192001123400000001"];
        assert_eq!(adopted(group(), live("user-20261121192001123400000001"), &known), None);
    }

    #[test]
    fn two_where_a_hub_has_one_are_left_to_a_person() {
        let plan = json!({ "resource_changes": [create("aws_kms_key", "k", json!({}))] });
        let key = |name: &str| Leftover::new(Kind::Key, format!("arn/{name}"), Belongs::Tag).named(name);
        assert_eq!(adoptions(&planned(&plan), &[key("a"), key("b")], &[]), []);
    }

    #[test]
    fn parts_are_named_by_their_arguments_and_the_clouds_complaint() {
        let plan = json!({ "resource_changes": [
            create("aws_eks_addon", "aws_eks_addon.node[\"vpc-cni\"]", json!({ "cluster_name": "lab", "addon_name": "vpc-cni" })),
            create("google_compute_router_nat", "nat", json!({ "router": "projects/p/regions/r/routers/lab", "name": "lab" })),
            create("aws_eks_pod_identity_association", "pods", json!({ "cluster_name": "lab" })),
            create("aws_eks_access_entry", "unknown", json!({ "cluster_name": "lab" })),
            create("aws_eks_access_entry", "entry", json!({ "cluster_name": "lab", "principal_arn": "arn:aws:iam::1:role/ada" })),
        ] });
        let says = |address: &str, detail: &str| Diagnostic::error(address, detail);
        let problems = [
            says("aws_eks_addon.node[\"vpc-cni\"]", "ResourceInUseException: Addon already exists."),
            says("nat", "googleapi: Error 409: alreadyExists"),
            says("pods", "ResourceInUseException: Association already exists: a-0123456789"),
            says("unknown", "ResourceInUseException: it already exists"),
            says("entry", "ResourceInUseException: The specified access entry resource is already in use"),
        ];
        let place = [("project", "p"), ("region", "r")];
        let found: Vec<_> = parts(&planned(&plan), &problems, &place).into_iter().map(|one| one.id).collect();
        let nat = "projects/p/regions/r/routers/lab/lab";
        let expected = ["lab:vpc-cni", nat, "lab,a-0123456789", "lab:arn:aws:iam::1:role/ada"];
        assert_eq!(found, expected);
        let other = [says("nat", "Error 403: quota")];
        assert_eq!(parts(&planned(&plan), &other, &place), []);
    }

    #[test]
    fn a_part_is_asked_for_once_it_is_known_of_what() {
        let can = |values: Value| {
            let plan = json!({ "resource_changes": [create("google_dns_record_set", "x", values)] });
            planned(&plan)[0].can_be_asked_for()
        };
        assert!(can(json!({ "managed_zone": "z", "name": "hub.example.org.", "rrdatas": ["192.0.2.7"] })));
        assert!(
            !can(json!({ "managed_zone": "z", "name": "hub.example.org." })),
            "its address is not known yet"
        );
    }

    #[test]
    fn no_id_ends_its_quotes() {
        assert!(!is_plain("a\"${b}") && !is_plain("") && is_plain("projects/p/roles/lab_x"));
        let one = Adoption { address: "aws_subnet.nodes[\"a\"]".to_owned(), id: "subnet-1".to_owned() };
        assert_eq!(blocks(&[one]), "import {\n  to = aws_subnet.nodes[\"a\"]\n  id = \"subnet-1\"\n}\n");
    }
}
