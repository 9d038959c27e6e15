//! What `down` keeps when it is asked to: told with its price, and found again by the next `up`.

use serde_json::Value;

use super::clouds::Kind;
use super::hub::Hub;

/// One way to keep something.
struct Case {
    kind: Kind,
    further: &'static str,
    keep: &'static str,
    /// What is kept: its kind in the statement, and whether the catalog has its price.
    kept: &'static str,
    priced: bool,
}

/// `up`, something in it, `down --keep`, `up`: the same thing is there.
fn kept(case: &Case, mark: impl Fn(&Hub) -> String) {
    let Some(hub) = Hub::seldom_on_aws(case.kind) else { return };
    hub.says(case.kind, case.further);
    hub.well(&["up", "--auto-approve"]);
    let before = mark(&hub);
    assert!(!before.is_empty());
    let down = hub.report(0, &["down", "--confirm", "lab", "--keep", case.keep]);
    let told = down["kept"].as_array().unwrap();
    let of_kind: Vec<&Value> = told.iter().filter(|each| each["kind"] == case.kept).collect();
    assert!(!of_kind.is_empty(), "{down:#}");
    if case.priced {
        assert!(of_kind.iter().any(|each| each["monthly"].as_str().unwrap().contains("USD")), "{down:#}");
    }
    assert_eq!(mark(&hub), before, "after down");
    let audit = hub.report(0, &["down", "--audit", "--keep", case.keep]);
    assert_eq!(audit["left"], serde_json::json!([]), "{audit:#}");
    hub.well(&["up", "--auto-approve"]);
    assert_eq!(mark(&hub), before, "after the next up");
    assert!(hub.well(&["drift"]).contains("as its file says"));
    let end = hub.report(0, &["down", "--confirm", "lab"]);
    assert_eq!(
        (end["kept"].as_array().unwrap().len(), end["left"].as_array().unwrap().len()),
        (0, 0),
        "{end:#}"
    );
    assert!(hub.well(&["down", "--audit"]).contains("nothing of the hub `lab` is left"));
}

const DISK: &str = "network: { services: 10.96.0.0/16 }\nstorage: { homes: { quota: 20 GiB } }";

/// The volume's ID: another one has another.
fn volume(hub: &Hub) -> String {
    hub.boto(
        "print([v['VolumeId'] for v in client('ec2').describe_volumes(Filters=[{'Name': 'tag:Name', 'Values': ['lab-homes']}])['Volumes']])",
        &[],
    )
}

/// Copies outlive their plan and the disk, and are billed.
#[test]
fn on_aws_copies_of_homes_are_told_with_what_they_cost_at_most() {
    let Some(hub) = Hub::seldom_on_aws(Kind::Aws) else { return };
    hub.says(Kind::Aws, DISK);
    hub.well(&["up", "--auto-approve"]);
    // The manager of copies puts the disk's tags on them.
    let snapshot = hub.boto(
        "
volume = client('ec2').describe_volumes(Filters=[{'Name': 'tag:Name', 'Values': ['lab-homes']}])['Volumes'][0]
tags = [{'ResourceType': 'snapshot', 'Tags': volume['Tags']}]
print(client('ec2').create_snapshot(VolumeId=volume['VolumeId'], TagSpecifications=tags)['SnapshotId'])
",
        &[],
    );
    let down = hub.report(0, &["down", "--confirm", "lab", "--keep", "homes"]);
    let told = down["kept"].as_array().unwrap().iter().find(|each| each["kind"] == "snapshot").unwrap();
    assert_eq!(
        (told["id"].as_str(), told["monthly"].as_str()),
        (Some(snapshot.trim()), Some("10.00 USD")),
        "{told}"
    );
    assert!(told["why"].as_str().unwrap().contains("at most"), "{told}");
    let end = hub.report(0, &["down", "--confirm", "lab"]);
    assert_eq!((&end["kept"], &end["left"]), (&serde_json::json!([]), &serde_json::json!([])), "{end:#}");
    assert!(end["removed"].to_string().contains("snapshot lab-homes"), "{end:#}");
}

/// When a file system was made, and its ID.
fn file_system(hub: &Hub) -> String {
    hub.boto("print([f['FileSystemId'] for f in client('efs').describe_file_systems()['FileSystems']])", &[])
}

#[test]
fn on_aws_the_disk_of_homes() {
    kept(&Case { kind: Kind::Aws, further: DISK, keep: "homes", kept: "disk", priced: true }, volume);
}

#[test]
fn on_aws_the_file_system_of_homes() {
    let case = Case { kind: Kind::Aws, further: "", keep: "homes", kept: "file system", priced: false };
    kept(&case, file_system);
}

#[test]
fn on_aws_scratch() {
    let case = Case { kind: Kind::Aws, further: "", keep: "scratch", kept: "bucket", priced: false };
    kept(&case, |hub| {
        hub.boto(
            "
s3 = client('s3')
if not s3.list_objects_v2(Bucket='lab-123456789012-scratch').get('Contents'):
    s3.put_object(Bucket='lab-123456789012-scratch', Key='ada/result', Body=b'42')
print([(o['Key'], o['LastModified']) for o in s3.list_objects_v2(Bucket='lab-123456789012-scratch')['Contents']])
",
            &[],
        )
    });
}

/// What Google gave an object when it was made.
fn made(hub: &Hub, path: &str) -> String {
    let objects = hub.objects(path);
    let one = objects.get(path).cloned().unwrap_or_default();
    let facts = ["id", "creationTimestamp", "createTime", "timeCreated"].map(|key| one[key].to_string());
    if one.is_null() { String::new() } else { facts.join(" ") }
}

#[test]
fn on_google_the_disk_of_homes() {
    let case = Case { kind: Kind::Google, further: DISK, keep: "homes", kept: "disk", priced: true };
    kept(&case, |hub| made(hub, "/compute/v1/projects/frazil-test/zones/us-central1-a/disks/lab-homes"));
}

#[test]
fn on_google_the_file_system_of_homes() {
    let case = Case { kind: Kind::Google, further: "", keep: "homes", kept: "file system", priced: false };
    kept(&case, |hub| made(hub, "/v1/projects/frazil-test/locations/us-central1-a/instances/lab-homes"));
}

#[test]
fn on_google_scratch() {
    let case = Case { kind: Kind::Google, further: "", keep: "scratch", kept: "bucket", priced: false };
    kept(&case, |hub| made(hub, "/storage/v1/b/lab-frazil-test-scratch"));
}
