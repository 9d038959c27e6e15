//! What `up` does not do unless it is named, and where it does nothing at all.

use super::clouds::Kind;
use super::hands::SERVICES;
use super::hub::Hub;
use super::scratch::stdout;

/// A changed machine, and for homes a changed zone: refused, then done for what is named.
fn another_machine(kind: Kind, machines: [&str; 2], pool: &str) {
    let Some(hub) = Hub::new(kind) else { return };
    let user = |machine: &str| format!("pools: {{ user: {{ machine: {machine} }} }}");
    hub.says(kind, &user(machines[0]));
    hub.well(&["up", "--auto-approve"]);
    hub.says(kind, &user(machines[1]));
    let refused = hub.refused(&["up", "--auto-approve"]);
    assert!(refused.contains("pool/user would be removed and made anew"), "{refused}");
    assert!(refused.contains(pool) && refused.contains("`frazil up --replace pool/user`"), "{refused}");
    let other = hub.refused(&["up", "--auto-approve", "--replace", "pool/dask"]);
    assert!(other.contains("nothing was changed"), "{other}");
    let done = hub.well(&["up", "--auto-approve", "--replace", "pool/user"]);
    assert!(done.contains(pool), "{done}");
    assert!(hub.well(&["drift"]).contains("as its file says"));
}

#[test]
fn on_aws_a_pool_is_replaced_only_when_it_is_named() {
    another_machine(Kind::Aws, ["r7i.2xlarge", "r7i.4xlarge"], "aws_eks_node_group.pool[\"user\"]");
}

/// GKE changes a machine where it is, so it is the market that makes a pool anew.
#[test]
fn on_google_a_pool_is_replaced_only_when_it_is_named() {
    let Some(hub) = Hub::new(Kind::Google) else { return };
    let dask = |spot: bool| format!("pools: {{ dask: {{ machine: n2-standard-16, spot: {spot} }} }}");
    hub.says(Kind::Google, &dask(true));
    hub.well(&["up", "--auto-approve"]);
    hub.says(Kind::Google, &dask(false));
    let refused = hub.refused(&["up", "--auto-approve"]);
    assert!(refused.contains("pool/dask would be removed and made anew because of"), "{refused}");
    hub.well(&["up", "--auto-approve", "--replace", "pool/dask"]);
    assert!(hub.well(&["drift"]).contains("as its file says"));
}

/// EKS gives a cluster its addresses of Services once. No two clusters have one name, so the old one goes
/// first, with its pools; homes stay.
#[test]
fn on_aws_a_cluster_is_made_anew_only_when_it_is_named() {
    let Some(hub) = Hub::seldom_on_aws(Kind::Aws) else { return };
    let made = |hub: &Hub| {
        hub.boto(
            "
print(client('eks').describe_cluster(name='lab')['cluster']['createdAt'].isoformat(),
      client('efs').describe_file_systems()['FileSystems'][0]['FileSystemId'])
",
            &[],
        )
    };
    hub.well(&["up", "--auto-approve"]);
    let before = made(&hub);
    hub.says(Kind::Aws, "network: { services: 10.97.0.0/16 }");
    let refused = hub.refused(&["up", "--auto-approve"]);
    assert!(refused.contains("cluster would be removed and made anew because of"), "{refused}");
    assert_eq!(made(&hub), before);
    let plan = hub.run(&["plan"]);
    assert!(stdout(&plan).contains("with the cluster goes everything in it"), "{}", stdout(&plan));
    let up = hub.well(&["up", "--auto-approve", "--replace", "cluster"]);
    assert!(up.contains("aws_eks_cluster.hub") && up.contains("release lab-jupyterhub"), "{up}");
    let after = made(&hub);
    assert_ne!(after.split_whitespace().next(), before.split_whitespace().next(), "another cluster");
    assert_eq!(after.split_whitespace().last(), before.split_whitespace().last(), "the same homes");
    assert!(hub.well(&["drift"]).contains("as its file says"));
    hub.well(&["down", "--confirm", "lab"]);
    assert!(hub.well(&["down", "--audit"]).contains("nothing of the hub `lab` is left"));
}

/// A disk is in one zone: a hub that moves to another would leave people's files behind.
fn another_zone(kind: Kind, zones: [&str; 2], disk: &str) {
    let Some(hub) = Hub::seldom_on_aws(kind) else { return };
    let [first, second] = zones;
    let homes = format!("{SERVICES}\nstorage: {{ homes: {{ quota: 20 GiB }} }}");
    hub.says(kind, &format!("{homes}\nzones: [{first}, {second}]"));
    hub.well(&["up", "--auto-approve"]);
    hub.says(kind, &format!("{homes}\nzones: [{second}, {first}]"));
    let refused = hub.refused(&["up", "--auto-approve"]);
    assert!(refused.contains("homes would be removed and made anew because of"), "{refused}");
    assert!(refused.contains(disk), "{refused}");
    // Naming the pools that would move does not name the homes.
    let pools =
        ["up", "--auto-approve", "--replace", "pool/core", "--replace", "pool/user", "--replace", "cluster"];
    assert!(hub.refused(&pools).contains("--replace homes"));
    let plan = hub.report(2, &["drift"]);
    assert!(
        plan["differences"]
            .as_array()
            .is_some_and(|rows| rows.iter().all(|row| row["who"] != "changed in the cloud"))
    );
}

#[test]
fn on_aws_homes_do_not_move_to_another_zone_by_themselves() {
    another_zone(Kind::Aws, ["us-west-2a", "us-west-2b"], "aws_ebs_volume.homes[0]");
}

#[test]
fn on_google_homes_do_not_move_to_another_zone_by_themselves() {
    another_zone(Kind::Google, ["us-central1-a", "us-central1-b"], "google_compute_disk.homes[0]");
}

/// Only who we are is asked in the account of somebody else.
fn another_account(kind: Kind, (own, other): (&str, &str), words: &[&str], asked: &[&str]) {
    let Some(hub) = Hub::new(kind) else { return };
    let text = std::fs::read_to_string(hub.machine.path().join("hub.yaml")).unwrap();
    hub.machine.write("hub.yaml", text.replace(own, other));
    hub.world.ask("DELETE", "/_world/requests", "");
    let calls: [&[&str]; 6] = [
        &["plan"],
        &["up", "--auto-approve"],
        &["drift"],
        &["status"],
        &["down", "--confirm", "lab"],
        &["down", "--audit"],
    ];
    for arguments in calls {
        let refused = hub.refused(arguments);
        assert!(words.iter().all(|word| refused.contains(word)), "{arguments:?}: {refused}");
    }
    let requests: serde_json::Value =
        serde_json::from_str(&hub.world.ask("GET", "/_world/requests", "")).unwrap();
    for request in requests.as_array().unwrap() {
        let text = request.to_string();
        assert!(asked.iter().any(|words| text.contains(words)), "{text}");
    }
}

#[test]
fn in_another_account_of_aws_nothing_is_done() {
    let accounts = ("123456789012", "999999999999");
    let words = [accounts.0, accounts.1, "nothing was changed"];
    another_account(Kind::Aws, accounts, &words, &["GetCallerIdentity"]);
}

/// Credentials of Google are of no one project: those that do not reach the file's are refused.
#[test]
fn in_another_project_of_google_nothing_is_done() {
    let projects = ("frazil-test", "other-project");
    let words = ["resourcemanager.projects.get in the project other-project"];
    another_account(Kind::Google, projects, &words, &["/token", "/v3/projects/other-project"]);
}
