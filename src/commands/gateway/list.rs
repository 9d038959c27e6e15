//! `frazil gateway list`.

use frazil_gateway::{Address, Cluster, Status};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::at::at;
use super::{SHORT, told};
use crate::cli::gateway::ListArgs;
use crate::commands::Run;
use crate::commands::status::age;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table};

/// Lists the person's clusters.
///
/// # Errors
/// When the gateway does not answer or takes no such login.
pub(super) async fn list(run: &Run<'_>, args: &ListArgs) -> Result<Outcome> {
    let named = args.status.iter().map(|status| status.parse().map_err(told));
    let statuses: Vec<Status> = if args.all { Status::ALL.to_vec() } else { named.collect::<Result<_>>()? };
    let (address, clusters) = at(run, &args.which, SHORT, async |at| {
        Ok((at.gateway.address().clone(), at.gateway.list(&statuses).await.map_err(told)?))
    })
    .await?;
    run.printer.report(&Listed { now: run.context.now(), address, clusters })?;
    Ok(Outcome::Done)
}

struct Listed {
    now: Timestamp,
    address: Address,
    clusters: Vec<Cluster>,
}

/// A cluster as data.
pub(super) fn cluster_data(address: &Address, cluster: &Cluster) -> Value {
    json!({
        "name": cluster.name,
        "status": cluster.status,
        "started": time(cluster.start_time).map(|time| time.to_string()),
        "ended": time(cluster.stop_time).map(|time| time.to_string()),
        "dashboard": cluster.dashboard_route.as_deref().map(|route| address.dashboard(route)),
        "options": cluster.options,
    })
}

fn time(milliseconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds?).ok()
}

/// Options in one line.
fn options_text(options: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    options.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(" ")
}

impl Report for Listed {
    fn schema(&self) -> &'static str {
        "frazil.gateway.list/v1"
    }

    fn data(&self) -> Value {
        let clusters: Vec<_> =
            self.clusters.iter().map(|cluster| cluster_data(&self.address, cluster)).collect();
        json!({ "address": self.address.to_string(), "clusters": clusters })
    }

    fn text(&self, layout: Layout) -> String {
        if self.clusters.is_empty() {
            return format!("no clusters at {}\n", self.address);
        }
        let mut text = self.for_people(layout.wide).render(layout.width);
        if self.clusters.iter().any(|cluster| cluster.status == Status::Failed) {
            text += "\n`frazil gateway explain NAME` tells why one failed\n";
        }
        text
    }

    fn table(&self) -> Option<Table> {
        let columns = ["name", "status", "started", "ended", "dashboard", "options"];
        let mut table = Table::with_columns(columns.map(|column| (column, Align::Left)));
        for cluster in &self.clusters {
            let data = cluster_data(&self.address, cluster);
            let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
            let texts = ["name", "status", "started", "ended", "dashboard"].map(text);
            table.row(texts.into_iter().chain([data["options"].to_string()]));
        }
        Some(table)
    }
}

impl Listed {
    /// Dashboards are long, and whoever has their address sees them: they are shown where more is asked for.
    fn for_people(&self, wide: bool) -> Table {
        let mut columns = vec![("name", Align::Left), ("status", Align::Left), ("age", Align::Right)];
        columns.extend(wide.then_some(("dashboard", Align::Left)));
        columns.push(("options", Align::Left));
        let mut table = Table::with_columns(columns);
        for cluster in &self.clusters {
            let since = time(cluster.start_time).map(|since| age(self.now, since)).unwrap_or_default();
            let route = cluster.dashboard_route.as_deref();
            let page = wide.then(|| route.map(|route| self.address.dashboard(route)).unwrap_or_default());
            let first = [cluster.name.to_string(), cluster.status.to_string(), since];
            table.row(first.into_iter().chain(page).chain([options_text(&cluster.options)]));
        }
        table
    }
}
