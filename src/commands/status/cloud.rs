//! What `frazil status` tells of a hub in a cloud: the cloud's own words, then the cluster's.

use serde_json::{Value, json};

use super::super::Run;
use super::cluster::ClusterStatus;
use crate::config::HubDocument;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::provision::cloud::{Facts, PoolFacts};
use crate::provision::kubernetes::status::Status;
use crate::view::{Align, Layout, Report, Table};

/// Shows a hub in a cloud.
///
/// # Errors
/// When cloud or cluster do not answer, or are others than the hub file's.
pub(super) async fn status(run: &Run<'_>, document: &HubDocument) -> Result<Outcome> {
    let facts = Facts::look(run.context, document).await?;
    let cluster = if facts.has_cluster() {
        let status = Status::look(run.context, document).await?;
        Some(ClusterStatus { status, now: run.context.now() })
    } else {
        None
    };
    let inside = cluster.as_ref().is_none_or(|cluster| cluster.status.missing().is_empty());
    let well = facts.missing().is_empty() && inside;
    run.printer.report(&CloudStatus { hub: document.hub.name.to_string(), facts, cluster })?;
    Ok(if well { Outcome::Done } else { Outcome::CheckFailed })
}

struct CloudStatus {
    hub: String,
    facts: Facts,
    cluster: Option<ClusterStatus>,
}

impl Report for CloudStatus {
    fn schema(&self) -> &'static str {
        "frazil.status.cloud/v1"
    }

    fn data(&self) -> Value {
        let inside = self.cluster.as_ref().map(Report::data);
        json!({ "hub": self.hub, "cloud": self.facts, "missing": self.facts.missing(), "inside": inside })
    }

    fn text(&self, layout: Layout) -> String {
        let Facts { account, region, cluster: there, .. } = &self.facts;
        let Some(there) = there else {
            return format!(
                "the hub `{}` has no cluster in {region} of {account}; `frazil up` makes it\n",
                self.hub
            );
        };
        let mut text = self.cluster.as_ref().map(|cluster| cluster.text(layout)).unwrap_or_default();
        let support = if there.extended_support { ", in extended support" } else { "" };
        text += &format!("\ncloud    {region} of {account}, Kubernetes {}{support}\n", there.version);
        for missing in self.facts.missing() {
            text += &format!("         {missing}\n");
        }
        text + "\n" + &self.pools().render(layout.width)
    }

    fn table(&self) -> Option<Table> {
        Some(self.pools())
    }
}

impl CloudStatus {
    fn pools(&self) -> Table {
        let mut table = Table::new([
            ("pool", Align::Left),
            ("nodes", Align::Right),
            ("from", Align::Right),
            ("to", Align::Right),
            ("machines", Align::Left),
            ("bought", Align::Left),
            ("version", Align::Left),
            ("trouble", Align::Left),
        ]);
        for pool in &self.facts.pools {
            let PoolFacts { name, machines, spot, min, size, max, version, trouble } = pool;
            table.row([
                name.clone(),
                size.map_or_else(|| "unknown".to_owned(), |size| size.to_string()),
                min.to_string(),
                max.to_string(),
                machines.join(", "),
                if *spot { "spot" } else { "on-demand" }.to_owned(),
                version.clone(),
                trouble.clone(),
            ]);
        }
        table
    }
}
