//! Names: unique, leading somewhere, and fit for what they become.

use std::collections::BTreeMap;

use super::Subject;
use super::table::login::{NO_OPEN_SIZE, UNKNOWN_GROUP};
use super::table::naming::{BUCKET_NAME, DOMAIN_IS_A_NAME, NAME_RESERVED, NAME_TOO_LONG};
use super::table::reading::{REPEATED_NAME, SEVERAL_DEFAULTS};
use crate::config::auth::Auth;
use crate::config::lower::clip;
use crate::config::names::GroupName;
use crate::config::problem::Problem;
use crate::config::provider::State;
use crate::nearest::nearest;
use crate::render::names::{Kind, Name};

/// Two sizes of one name could not be told apart.
pub(super) fn sizes_are_unique(subject: &Subject<'_>) -> Vec<Problem> {
    let names = subject.hub.sizes.iter().map(|size| size.name.as_str());
    repeated(subject, "sizes", names)
}

pub(super) fn repeated<'a>(
    subject: &Subject<'_>,
    list: &str,
    names: impl Iterator<Item = &'a str>,
) -> Vec<Problem> {
    let mut seen = BTreeMap::new();
    let mut problems = Vec::new();
    for (index, name) in names.enumerate() {
        let path = format!("{list}[{index}].name");
        match seen.get(name) {
            None => drop(seen.insert(name, path)),
            Some(first) => {
                let mut problem =
                    subject.value(&REPEATED_NAME, &path, format!("`{name}` names two entries of `{list}`"));
                if let Some(span) = subject.span(first) {
                    problem = problem.also(span, "first here");
                }
                problems.push(problem.label("a second time").help("give each its own name"));
            }
        }
    }
    problems
}

/// At most one size is preselected.
pub(super) fn one_default_size(subject: &Subject<'_>) -> Vec<Problem> {
    let marked: Vec<_> = subject.hub.sizes.iter().enumerate().filter(|(_, size)| size.default).collect();
    let (Some((first, _)), true) = (marked.first(), marked.len() > 1) else {
        return Vec::new();
    };
    let first = subject.span(&format!("sizes[{first}].default"));
    marked[1..]
        .iter()
        .map(|(index, size)| {
            let path = format!("sizes[{index}].default");
            let problem =
                subject.value(&SEVERAL_DEFAULTS, &path, format!("`{}` is a second default size", size.name));
            let problem =
                first.clone().into_iter().fold(problem, |problem, span| problem.also(span, "the first one"));
            problem.label("a second default").help("mark one size only")
        })
        .collect()
}

/// A group of a size has members, or the login brings it.
pub(super) fn groups_exist(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    if hub.auth.as_ref().is_some_and(Auth::brings_groups) {
        return Vec::new();
    }
    let known: Vec<_> = hub.groups.keys().map(GroupName::as_str).collect();
    let named = hub.sizes.iter().enumerate().flat_map(|(index, size)| {
        let groups = size.groups.iter().enumerate();
        groups.map(move |(at, group)| (format!("sizes[{index}].groups[{at}]"), group))
    });
    named
        .filter(|(_, group)| !known.contains(&group.as_str()))
        .map(|(path, group)| unknown_group(subject, &path, group, &known))
        .collect()
}

fn unknown_group(subject: &Subject<'_>, path: &str, group: &GroupName, known: &[&str]) -> Problem {
    let help = nearest(group.as_str(), known).map_or_else(
        || format!("say who is in it: `groups: {{ {group}: [ada] }}`"),
        |name| format!("did you mean `{name}`?"),
    );
    let message = format!("nobody is in the group `{group}`");
    subject.value(&UNKNOWN_GROUP, path, message).label("unknown group").help(help)
}

/// Without a size for everyone, people outside all groups can start nothing.
pub(super) fn some_size_is_open(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    if !hub.hub || hub.sizes.is_empty() || hub.sizes.iter().any(|size| size.groups.is_empty()) {
        return Vec::new();
    }
    let problem = subject.key(&NO_OPEN_SIZE, "sizes", "all sizes are kept for groups");
    vec![problem.label("nobody else can start anything").help("leave `groups` out of one size")]
}

/// Everything that is named after the hub can have that name.
pub(super) fn derived_names_fit(subject: &Subject<'_>) -> Vec<Problem> {
    if !subject.trusts("name") || !subject.trusts("provider") {
        return Vec::new();
    }
    let names = subject.names();
    let mut worst: Vec<_> = names.iter().filter_map(|name| length(subject, name)).collect();
    worst.sort_by_key(|(by, _)| std::cmp::Reverse(*by));
    let length = worst.into_iter().next().map(|(_, problem)| problem);
    let reserved = names.iter().find_map(|name| reserved(subject, name));
    length.into_iter().chain(reserved).collect()
}

/// By how many characters a name is too long or too short, and how to say so.
fn length(subject: &Subject<'_>, name: &Name) -> Option<(usize, Problem)> {
    let (count, limit) = (name.text.chars().count(), name.limit);
    let (by, bound, word, verb) = if count > limit.most {
        (count - limit.most, limit.most, "at most", "shorten")
    } else if count < limit.least {
        (limit.least - count, limit.least, "at least", "lengthen")
    } else {
        return None;
    };
    let message = format!(
        "the hub's name becomes {} `{}`, which may have {word} {bound} characters; this has {count}",
        name.kind.words(),
        name.text
    );
    let help = format!("{verb} the name by {by} characters or more ({})", limit.source);
    Some((by, subject.value(&NAME_TOO_LONG, "name", message).help(help)))
}

fn reserved(subject: &Subject<'_>, name: &Name) -> Option<Problem> {
    let why = reserved_part(name.kind, &name.text)?;
    let message = format!("the hub's name becomes the bucket `{}`, which {why}", name.text);
    let help = "choose another name for the hub: the cloud keeps such bucket names for itself";
    Some(subject.value(&NAME_RESERVED, "name", message).label("not for buckets").help(help))
}

/// Why a cloud keeps a bucket's name for itself.
fn reserved_part(kind: Kind, text: &str) -> Option<String> {
    let (starts, contains, ends): (&[&str], &[&str], &[&str]) = match kind {
        Kind::S3Bucket => (
            &["xn--", "sthree-", "amzn-s3-demo-"],
            &[],
            &["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"],
        ),
        Kind::GcsBucket => (&["goog"], &["google", "g00gle"], &[]),
        _ => return None,
    };
    let found = |way: &str, part: Option<&&str>| part.map(|part| format!("{way} `{part}`"));
    found("begins with", starts.iter().find(|part| text.starts_with(**part)))
        .or_else(|| found("contains", contains.iter().find(|part| text.contains(**part))))
        .or_else(|| found("ends with", ends.iter().find(|part| text.ends_with(**part))))
}

/// Buckets that the file names can exist.
pub(super) fn buckets_are_named(subject: &Subject<'_>) -> Vec<Problem> {
    let own = match (&subject.hub.state, subject.hub.provider.key()) {
        (State::Bucket(bucket), cloud) if bucket != "auto" => {
            Some(("state.bucket".to_owned(), bucket.as_str(), cloud == "gcp"))
        }
        _ => None,
    };
    let further = subject.hub.gateways.iter().enumerate().flat_map(|(index, gateway)| {
        let on_aws = gateway.region.as_ref().is_some_and(|region| region.starts_with("aws/"));
        let buckets = gateway.buckets.iter().enumerate();
        buckets
            .map(move |(at, bucket)| (format!("gateways[{index}].buckets[{at}]"), bucket.as_str(), !on_aws))
    });
    own.into_iter()
        .chain(further)
        .filter_map(|(path, bucket, underscores)| {
            let why = no_bucket(bucket, underscores)?;
            let bare = bucket.trim_start_matches("s3://").trim_start_matches("gs://");
            let bare = bare.split('/').next().unwrap_or_default().to_ascii_lowercase();
            let help = match no_bucket(&bare, underscores) {
                None => format!("write the bucket's bare name, such as `{bare}`"),
                Some(_) => "write the bucket's bare name, without `s3://` or a path".to_owned(),
            };
            let message = format!("no bucket can be called `{}`: {why}", clip(bucket));
            Some(subject.value(&BUCKET_NAME, &path, message).label("no bucket's name").help(help))
        })
        .collect()
}

/// Why a text cannot name a bucket; only Cloud Storage takes underscores, and longer names with dots.
fn no_bucket(text: &str, google: bool) -> Option<&'static str> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let legal = |c: char| letter(c) || c == '-' || c == '.' || (google && c == '_');
    let long = |part: &str| part.chars().count() > 63;
    let too_long = if google { text.len() > 222 || text.split('.').any(long) } else { long(text) };
    if text.chars().count() < 3 || too_long {
        return Some("a bucket's name has 3 to 63 characters");
    }
    if !text.chars().all(legal) {
        return Some("it holds other signs than lower-case letters, digits, dots and hyphens");
    }
    if !text.starts_with(letter) || !text.ends_with(letter) {
        return Some("it has to begin and end with a letter or digit");
    }
    if text.contains("..") {
        return Some("it holds two dots in a row");
    }
    text.parse::<std::net::Ipv4Addr>().is_ok().then_some("it looks like an IP address")
}

/// A certificate is for a name.
pub(super) fn the_domain_is_a_name(subject: &Subject<'_>) -> Vec<Problem> {
    let domain = subject.hub.domain.iter();
    let numbers =
        |text: &str| text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    domain
        .filter(|domain| numbers(domain.as_str()))
        .map(|domain| {
            subject
                .value(&DOMAIN_IS_A_NAME, "domain", format!("`{domain}` is an address, not a name"))
                .label("no name")
                .help("write a name whose DNS record you can set, such as `hub.example.org`")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_by_the_clouds_own_rules() {
        for good in ["pangeo-era5", "abc", "a.b-c", "0ab"] {
            assert_eq!(no_bucket(good, false), None, "{good}");
        }
        for bad in ["ab", "Data", "s3://x-y", "-ab", "ab-", "a..b", "10.0.0.1", "a_b"] {
            assert!(no_bucket(bad, false).is_some(), "{bad}");
        }
        assert_eq!(no_bucket("a_b", true), None);
        let dotted = format!("{}.example.org", "x".repeat(60));
        assert!(no_bucket(&dotted, false).is_some() && no_bucket(&dotted, true).is_none());
    }

    #[test]
    fn clouds_keep_some_names() {
        assert!(reserved_part(Kind::S3Bucket, "xn--lab-1-scratch").is_some());
        assert!(reserved_part(Kind::GcsBucket, "my-google-1-state").is_some());
        assert!(reserved_part(Kind::GcsBucket, "xn--lab-1-state").is_none());
        assert!(reserved_part(Kind::Role, "google").is_none());
    }
}
