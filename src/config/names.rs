//! Names that become part of something else: a label, a DNS name, a bucket, a
//! path. Checked when the file is read, so nothing further on has to.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use frazil_units::UnitError;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $format:literal, $pattern:literal, $check:expr, $expected:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// The JSON Schema `format` of this name; the schema's `pattern` is for editors and no stricter than the check.
            pub const FORMAT: &'static str = $format;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = UnitError;

            fn from_str(text: &str) -> Result<Self, UnitError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(Cow::Owned(text.to_owned())))
                } else {
                    Err(UnitError::new(text, $expected, $example))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "pattern": $pattern, "examples": [$example] })
            }
        }
    };
}

name!(
    /// A hub's name: it becomes part of bucket and role names, whose limits leave 32 characters.
    HubName, "hub-name",
    r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", |text| dns_label(text, 32),
    "a name of at most 32 lower-case letters, digits and hyphens that starts with a letter and does not end with a hyphen",
    "icesat2-2026"
);
name!(
    /// A short name that people choose by: of a size or a gateway.
    SizeName, "short-name",
    r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", |text| dns_label(text, 32),
    "a name of at most 32 lower-case letters, digits and hyphens that starts with a letter and does not end with a hyphen",
    "small"
);
name!(
    /// A person's name at the login, as JupyterHub keeps it: lower case.
    PersonName, "person-name",
    r"^[a-z0-9][a-z0-9._@+-]{0,63}$", person,
    "a user name of at most 64 lower-case letters, digits, `.`, `_`, `-`, `@` or `+` that starts with a letter or digit (hubs keep names in lower case)",
    "octocat"
);
name!(
    /// A group's name: a team, or a name of the file's own `groups`.
    GroupName, "group-name",
    r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$", group,
    "a group name of at most 128 letters, digits, `.`, `_`, `-` or `:` that starts with a letter or digit",
    "instructors"
);
name!(
    /// A public DNS name.
    Domain, "domain",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", domain,
    "a DNS name of at least two parts in lower case, without `https://` and without a path",
    "hub.example.org"
);
name!(
    /// A DNS zone: its domain (AWS) or its name (Google Cloud).
    DnsZone, "dns-zone",
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", |text| domain(text) || dns_label(text, 63),
    "a DNS zone in lower case: its domain on AWS, its name on Google Cloud",
    "example.org"
);
name!(
    /// Who administers a cluster, as its cloud names people and what acts for them.
    Administrator, "administrator",
    r"^(arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_/-]+|(user|group|serviceAccount):[^\s@:]+@[^\s@:]+)$",
    administrator,
    "the ARN of a role or user of IAM (`arn:aws:iam::123456789012:role/admin`), or on Google Cloud `user:`, `group:` or `serviceAccount:` with an e-mail address",
    "arn:aws:iam::123456789012:role/hub-admins"
);
name!(
    /// A cloud's region.
    Region, "region",
    r"^[a-z][a-z0-9-]*-[a-z0-9-]*[a-z0-9]$", region,
    "a region's name",
    "us-west-2"
);
name!(
    /// A zone or region.
    Zone, "zone",
    r"^[a-z][a-z0-9-]*-[a-z0-9-]*[a-z0-9]$", region,
    "a zone's or region's name",
    "us-west-2a"
);
name!(
    /// An AWS account: twelve digits, kept as text because the first may be zero.
    Account, "aws-account",
    r"^[0-9]{12}$", |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()),
    "an AWS account number of twelve digits",
    "123456789012"
);
name!(
    /// A Google Cloud project's ID (not its number or display name).
    Project, "gcp-project",
    r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", |text| (6..=30).contains(&text.len()) && dns_label(text, 30),
    "a Google Cloud project ID of 6 to 30 lower-case letters, digits and hyphens",
    "icesat2-2026"
);
name!(
    /// A folder of files in an object store: the scheme says whose, and the rest is safe in a policy of rights.
    BucketAddress, "bucket-address",
    r"^(s3|gs)://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/[A-Za-z0-9!_.=+/-]*)?$", bucket_address,
    "an address in S3 or Cloud Storage, `s3://BUCKET/FOLDER` or `gs://BUCKET/FOLDER`, of letters, digits, `!`, `_`, `.`, `=`, `+`, `-` and `/`",
    "s3://our-bills/cur2"
);
name!(
    /// A table of `BigQuery`.
    BigQueryTable, "bigquery-table",
    r"^[a-z][a-z0-9-]{4,28}[a-z0-9]\.[A-Za-z0-9_]{1,1024}\.[A-Za-z0-9_-]{1,1024}$", bigquery_table,
    "a table of BigQuery as `PROJECT.DATASET.TABLE`, of letters, digits, `_` and `-`",
    "icesat2-2026.billing.gcp_billing_export_resource_v1_0177BB_554433_AABBCC"
);
name!(
    /// A machine type, such as `r7i.2xlarge` or `n2-highmem-4`.
    MachineName, "machine",
    r"^[a-z][a-z0-9.-]{2,59}$", machine,
    "a machine type",
    "r7i.2xlarge"
);
name!(
    /// An image's name without its tag.
    ImageName, "image-name",
    r"^([a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?/)?[a-z0-9][a-z0-9._/-]*$", image,
    "an image's name without its tag, which is written as `image.tag` (a `:` stands before a registry's port only)",
    "quay.io/pangeo/pangeo-notebook"
);
name!(
    /// A Kubernetes minor version.
    KubernetesVersion, "kubernetes-version",
    r"^1\.[0-9]{2}$", minor_version,
    "a Kubernetes minor version",
    "1.35"
);
name!(
    /// Addresses of a network in CIDR notation; its host bits are zero.
    Cidr, "cidr",
    r"^(10|172|192)(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}/([89]|1[0-9]|2[0-4])$", cidr,
    "a private IPv4 network between /8 and /24 whose host part is zero",
    "10.40.0.0/16"
);
name!(
    /// A day, as ISO 8601 writes it.
    Day, "date",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", |text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
    "a day as YEAR-MONTH-DAY",
    "2026-03-21"
);

impl KubernetesVersion {
    /// The version that hubs get by default.
    pub const DEFAULT: Self = Self(Cow::Borrowed("1.35"));
}

impl Cidr {
    /// Where nodes live by default.
    pub const NODES: Self = Self(Cow::Borrowed("10.40.0.0/16"));
    /// Where pods live by default, on GCP.
    pub const PODS: Self = Self(Cow::Borrowed("10.64.0.0/12"));
    /// Where Services live by default: EKS's own choice for a network in 10.0.0.0/8.
    pub const SERVICES: Self = Self(Cow::Borrowed("172.20.0.0/16"));

    /// The network as numbers; the check on reading leaves none that is not one.
    pub fn net(&self) -> ipnet::Ipv4Net {
        self.0.parse().unwrap_or_default()
    }
}

impl Day {
    /// The day as a calendar date.
    pub fn date(&self) -> jiff::civil::Date {
        self.0.parse().unwrap_or(jiff::civil::Date::ZERO)
    }
}

fn dns_label(text: &str, longest: usize) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.len() <= longest
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(legal)
}

fn person(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-@+".contains(&b);
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(legal)
}

fn group(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-:".contains(&b);
    (1..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(legal)
}

fn domain(text: &str) -> bool {
    let label = |label: &str| {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(legal)
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

fn administrator(text: &str) -> bool {
    let of_aws = |text: &str| {
        let (partition, rest) = text.strip_prefix("arn:")?.split_once(":iam::")?;
        let (account, who) = rest.split_once(':')?;
        let name = who.strip_prefix("role/").or_else(|| who.strip_prefix("user/"))?;
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&b);
        let partition = partition.strip_prefix("aws")?;
        let known = partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let twelve = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        Some(known && twelve && !name.is_empty() && name.bytes().all(legal))
    };
    let of_google = |text: &str| {
        let (kind, address) = text.split_once(':')?;
        let (who, host) = address.split_once('@')?;
        let plain = |text: &str| {
            !text.is_empty() && !text.contains([':', '@']) && !text.contains(char::is_whitespace)
        };
        Some(["user", "group", "serviceAccount"].contains(&kind) && plain(who) && plain(host))
    };
    of_aws(text).or_else(|| of_google(text)).unwrap_or(false)
}

fn region(text: &str) -> bool {
    text.len() >= 4 && dns_label(text, 40) && text.contains('-')
}

fn bucket_address(text: &str) -> bool {
    let Some(("s3" | "gs", rest)) = text.split_once("://") else { return false };
    let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| plain(byte) || b"._-".contains(&byte))
        && bucket.starts_with(|first: char| first.is_ascii_alphanumeric())
        && bucket.ends_with(|last: char| last.is_ascii_alphanumeric())
        && folder.len() <= 512
        && folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!_.=+/-".contains(&byte))
}

fn bigquery_table(text: &str) -> bool {
    let word = |part: &str, more: &[u8]| {
        (1..=1024).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let parts: Vec<_> = text.split('.').collect();
    matches!(parts.as_slice(), [project, dataset, table]
        if project.parse::<Project>().is_ok() && word(dataset, b"_") && word(table, b"_-"))
}

impl BucketAddress {
    /// `s3` or `gs`, the bucket, and the folder in it without slashes around it.
    pub fn parts(&self) -> (&str, &str, &str) {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let (bucket, folder) = rest.split_once('/').unwrap_or((rest, ""));
        (scheme, bucket, folder.trim_matches('/'))
    }
}

impl BigQueryTable {
    /// The project, the dataset and the table.
    pub fn parts(&self) -> (&str, &str, &str) {
        let (project, rest) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let (dataset, table) = rest.split_once('.').unwrap_or((rest, ""));
        (project, dataset, table)
    }
}

fn machine(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    (3..=60).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(legal)
}

fn image(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._/-".contains(&b);
    let starts = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let host = |text: &str| starts(text) && text.bytes().all(|b| legal(b) && b != b'_' && b != b'/');
    let port = |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.split_once(':') {
        Some((registry, rest)) => rest.split_once('/').is_some_and(|(number, path)| {
            host(registry) && port(number) && starts(path) && path.bytes().all(legal)
        }),
        None => text.len() <= 255 && starts(text) && text.bytes().all(legal),
    }
}

fn minor_version(text: &str) -> bool {
    text.strip_prefix("1.").is_some_and(|minor| minor.len() == 2 && minor.bytes().all(|b| b.is_ascii_digit()))
}

fn cidr(text: &str) -> bool {
    text.parse::<ipnet::Ipv4Net>().is_ok_and(|net| {
        (8..=24).contains(&net.prefix_len()) && net.network() == net.addr() && net.addr().is_private()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_names_fit_what_they_become() {
        for good in ["a", "icesat2-2026", "x".repeat(32).as_str()] {
            assert!(good.parse::<HubName>().is_ok(), "{good}");
        }
        for bad in ["", "Hub", "2hub", "hub-", "-hub", "my_hub", "hub.org", "ünï", "x".repeat(33).as_str()]
        {
            assert!(bad.parse::<HubName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn administrators_are_principals_of_a_cloud() {
        for good in [
            "arn:aws:iam::123456789012:role/hub-admins",
            "arn:aws-us-gov:iam::123456789012:user/a/ada",
            "user:ada@example.org",
            "group:admins@example.org",
            "serviceAccount:ci@icesat2-2026.iam.gserviceaccount.com",
        ] {
            assert!(good.parse::<Administrator>().is_ok(), "{good}");
        }
        for bad in [
            "ada",
            "ada@example.org",
            "arn:aws:iam::1:role/a",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:sts::123456789012:assumed-role/a/b",
            "user:ada",
            "domain:example.org",
            "user:a b@example.org",
        ] {
            assert!(bad.parse::<Administrator>().is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_are_private_and_whole() {
        assert!("10.40.0.0/16".parse::<Cidr>().is_ok());
        for bad in ["10.40.0.1/16", "8.8.0.0/16", "10.0.0.0/7", "10.0.0.0/28", "10.40.0.0", "fd00::/8"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn images_have_no_tag_in_their_name() {
        for good in ["frazil-hub", "quay.io/a/b_c", "localhost:5000/a", "r.example.edu:443/hub/x"] {
            assert!(good.parse::<ImageName>().is_ok(), "{good}");
        }
        for bad in ["a:2026.01", "quay.io/x/y:2026.01", "r:5000/x:1", "r:port/x", ":5000/x", "r:5000/", "A/b"]
        {
            assert!(bad.parse::<ImageName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn places_of_bills_are_addresses_and_tables() {
        let address: BucketAddress = "s3://our-bills/cur2/data/".parse().unwrap();
        assert_eq!(address.parts(), ("s3", "our-bills", "cur2/data"));
        assert_eq!("gs://our_bills".parse::<BucketAddress>().unwrap().parts(), ("gs", "our_bills", ""));
        for bad in [
            "",
            "s3://",
            "s3://ab",
            "our-bills",
            "http://our-bills",
            "s3://Bills/x",
            "s3://our-bills/a*",
            "s3://our-bills/${x}",
        ] {
            assert!(bad.parse::<BucketAddress>().is_err(), "{bad}");
        }
        let table: BigQueryTable = "ice-2026.lab_bills.gcp_billing_export_v1_0177BB".parse().unwrap();
        assert_eq!(table.parts(), ("ice-2026", "lab_bills", "gcp_billing_export_v1_0177BB"));
        for bad in [
            "",
            "lab_bills.table",
            "ice-2026..t",
            "ice-2026.a-b.t",
            "ice.a.t",
            "ice-2026.a.t`",
            "ice-2026.a.t.u",
        ] {
            assert!(bad.parse::<BigQueryTable>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days_exist() {
        assert!("2026-02-28".parse::<Day>().is_ok());
        for bad in ["2026-02-30", "21.3.2026", "2026-3-1", "2026-03-21T00:00"] {
            assert!(bad.parse::<Day>().is_err(), "{bad}");
        }
    }

    #[test]
    fn accounts_keep_their_leading_zero() {
        assert_eq!("012345678901".parse::<Account>().unwrap().as_str(), "012345678901");
        assert!("12345678901".parse::<Account>().is_err());
    }
}
