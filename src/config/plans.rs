//! What a hub may cost, and the event it is for.

use frazil_units::{Money, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{BigQueryTable, BucketAddress, Day};
use super::secret::SecretRef;

/// What the hub may cost.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// The sum for the whole event, or for a month without one.
    #[schemars(example = &"1000 USD")]
    pub total: Money,
    /// Percentages of the sum at which the admins are told.
    #[serde(default = "default_alerts")]
    #[schemars(inner(range(min = 1, max = 1000)))]
    pub alert_at: Vec<u32>,
    /// What happens when all of it is spent.
    #[serde(default)]
    pub at_100: AtLimit,
}

/// The cloud's own bills, line by line.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Billing {
    /// Whether there is a place for them: on AWS a bucket to which CUR 2.0 and FOCUS are exported every day,
    /// on GCP a `BigQuery` dataset, to which the billing account's administrator directs the export by hand.
    pub exports: bool,
    /// Where the page of costs reads bills again and again. Default: on AWS the bucket of `exports`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<BillsFrom>,
    /// How the page's pod may read them where it has no right of its own: in another cloud, and on a cluster that
    /// exists already. For Google Cloud a file of credentials as JSON, for AWS one as `~/.aws/credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<SecretRef>,
}

/// Where bills are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BillsFrom {
    /// Files in a bucket: CUR 2.0, FOCUS, Google's exports, as `frazil cost read` takes them.
    Bucket(BucketAddress),
    /// A table of Google's billing export. Asking costs by what it reads; it is asked when it has changed.
    Bigquery(BigQueryTable),
    /// Files in a folder of this machine; relative to the hub file.
    Folder(#[schemars(length(min = 1), example = &"bills")] String),
}

impl BillsFrom {
    /// The cloud that has them, as the hub file calls it; none on this machine.
    pub fn cloud(&self) -> Option<&'static str> {
        match self {
            Self::Bucket(address) if address.parts().0 == "s3" => Some("aws"),
            Self::Bucket(_) | Self::Bigquery(_) => Some("gcp"),
            Self::Folder(_) => None,
        }
    }
}

/// What happens when the whole budget is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AtLimit {
    /// The admins are told, no more.
    #[default]
    Tell,
    /// Nobody can start a new server or Dask cluster; what runs goes on.
    StopNewServers,
    /// Servers and Dask clusters are stopped and the pools go to zero.
    StopAll,
}

/// A hackweek or class.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// How many people come.
    #[schemars(range(min = 1, max = 10_000), example = &80)]
    pub attendees: u32,
    /// How many log in at once, as `80 in 15 min`: nodes are warm for them.
    #[serde(default)]
    pub login_burst: Option<Rate>,
}

fn default_alerts() -> Vec<u32> {
    vec![50, 80, 100]
}
