//! What `frazil status` tells of a hub on a cluster.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Run;
use super::{age, memory};
use crate::config::HubDocument;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::provision::kubernetes::status::{Part, ReleaseState, Status};
use crate::view::{Align, Layout, Report, Table};

/// Shows a hub on a cluster.
///
/// # Errors
/// When the cluster does not answer, forbids to look, or is another one.
pub(super) async fn status(run: &Run<'_>, document: &HubDocument) -> Result<Outcome> {
    let status = Status::look(run.context, document).await?;
    let well = status.missing().is_empty();
    run.printer.report(&ClusterStatus { status, now: run.context.now() })?;
    Ok(if well { Outcome::Done } else { Outcome::CheckFailed })
}

pub(super) struct ClusterStatus {
    pub status: Status,
    pub now: Timestamp,
}

impl Report for ClusterStatus {
    fn schema(&self) -> &'static str {
        "frazil.status.cluster/v1"
    }

    fn data(&self) -> Value {
        let mut data = serde_json::to_value(&self.status).unwrap_or_default();
        if let Some(data) = data.as_object_mut() {
            data.insert("wanted".to_owned(), json!(self.status.wanted()));
            data.insert("missing".to_owned(), json!(self.status.missing()));
        }
        data
    }

    fn text(&self, layout: Layout) -> String {
        let mut text = format!("{}\n{}", self.headline(), self.surroundings());
        let tables = [self.releases(), self.parts(layout.wide), self.servers(), self.dask_clusters()];
        for table in tables.iter().filter(|table| !table.is_empty()) {
            text += "\n";
            text += &table.render(layout.width);
        }
        text
    }

    fn table(&self) -> Option<Table> {
        let mut table = Table::new([
            ("kind", Align::Left),
            ("name", Align::Left),
            ("user", Align::Left),
            ("status", Align::Left),
            ("ready", Align::Right),
            ("wanted", Align::Right),
            ("since", Align::Left),
            ("node", Align::Left),
            ("cpu_request_cores", Align::Right),
            ("memory_request_bytes", Align::Right),
            ("waits_for", Align::Left),
        ]);
        self.rows().into_iter().for_each(|row| table.row(row));
        Some(table)
    }
}

impl ClusterStatus {
    fn headline(&self) -> String {
        let Status { hub, .. } = &self.status;
        let missing = self.status.missing();
        if !self.status.wanted() && self.status.installed {
            return format!("the hub `{hub}` was taken down and is still there; `frazil down` goes on\n");
        }
        if !self.status.wanted() {
            return format!("the hub `{hub}` is not on this cluster; `frazil up` brings it up\n");
        }
        if missing.is_empty() && !self.status.forbidden.is_empty() {
            return format!("nothing that can be seen of the hub `{hub}` is amiss\n");
        }
        if missing.is_empty() {
            let at = self.status.address.url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
            return format!("the hub `{hub}` runs{at}\n");
        }
        format!("the hub `{hub}` is not well: {}; `frazil up` mends it\n", missing.join("; "))
    }

    fn surroundings(&self) -> String {
        let Status { server, version, last_run, forbidden, .. } = &self.status;
        let mut text = format!("address  {}\n", self.address());
        text += &format!("cluster  {server} (Kubernetes {version})\n");
        if let Some(run) = last_run {
            let ago = run.until.map(|until| format!(", {} ago", self.age(Some(until)))).unwrap_or_default();
            text += &format!("last     {}{ago}\n", run.words());
        }
        if !forbidden.is_empty() {
            let what = forbidden.join(", ");
            text += &format!("hidden   {what}: looking is forbidden; `frazil doctor` lists the rights\n");
        }
        text
    }

    fn address(&self) -> String {
        let address = &self.status.address;
        let here = format!("from this machine: `{}`", address.port_forward(&self.status.hub));
        match (&address.url, &address.balancer) {
            (Some(url), Some(balancer)) if url.contains(balancer.as_str()) => url.clone(),
            (Some(url), Some(balancer)) => format!("{url} (load balancer {balancer})"),
            (Some(url), None) if address.kind == "LoadBalancer" => {
                format!("{url} (the load balancer has no address yet; {here})")
            }
            (Some(url), None) => url.clone(),
            (None, _) if address.service.is_empty() => "not known".to_owned(),
            (None, _) if address.kind.is_empty() => format!("none: there is no Service {}", address.service),
            (None, _) => format!("none: the Service {} is a {}; {here}", address.service, address.kind),
        }
    }

    fn age(&self, since: Option<Timestamp>) -> String {
        since.map(|since| age(self.now, since)).unwrap_or_default()
    }

    fn releases(&self) -> Table {
        let mut table = Table::new([
            ("release", Align::Left),
            ("chart", Align::Left),
            ("version", Align::Left),
            ("revision", Align::Right),
            ("age", Align::Right),
            ("status", Align::Left),
        ]);
        for release in &self.status.releases {
            let ReleaseState { name, chart, version, revision, status, since, .. } = release;
            let revision = revision.to_string();
            table.row([name, chart, version, &revision, &self.age(*since), status]);
        }
        table
    }

    /// Registries make images long: they are shown only where lines may be.
    fn parts(&self, wide: bool) -> Table {
        let mut table = Table::new([
            ("part", Align::Left),
            ("ready", Align::Right),
            ("age", Align::Right),
            ("image", Align::Left),
            ("waits for", Align::Left),
        ]);
        for part in &self.status.parts {
            let images = if wide { part.images.join(", ") } else { short_images(part) };
            let ready = format!("{}/{}", part.ready, part.wanted);
            let waits = part.waits_for.clone().unwrap_or_default();
            table.row([part.name.clone(), ready, self.age(part.since), images, waits]);
        }
        table
    }

    fn servers(&self) -> Table {
        let mut table = Table::new([
            ("person", Align::Left),
            ("server", Align::Left),
            ("size", Align::Left),
            ("node", Align::Left),
            ("age", Align::Right),
            ("cpu", Align::Right),
            ("memory", Align::Right),
            ("waits for", Align::Left),
        ]);
        for server in &self.status.servers {
            table.row([
                server.user.clone(),
                server.name.clone(),
                server.size.clone(),
                server.node.clone(),
                self.age(server.since),
                format!("{:.2}", server.cpu_request_cores),
                memory(server.memory_request_bytes),
                server.waits_for.clone().unwrap_or_default(),
            ]);
        }
        table
    }

    fn dask_clusters(&self) -> Table {
        let mut table = Table::new([
            ("dask cluster", Align::Left),
            ("person", Align::Left),
            ("workers", Align::Right),
            ("age", Align::Right),
            ("phase", Align::Left),
        ]);
        for cluster in &self.status.dask_clusters {
            let workers = format!("{}/{}", cluster.workers, cluster.workers_wanted);
            let age = self.age(cluster.since);
            table.row([&cluster.name, &cluster.user, &workers, &age, &cluster.phase]);
        }
        table
    }

    /// Everything as rows of one shape.
    fn rows(&self) -> Vec<[String; 11]> {
        let status = &self.status;
        let time = |since: Option<Timestamp>| since.map(|since| since.to_string()).unwrap_or_default();
        let empty = String::new;
        let releases = status.releases.iter().map(|each| {
            let state = each.status.clone();
            let name = each.name.clone();
            let kind = "release".to_owned();
            [
                kind,
                name,
                empty(),
                state,
                empty(),
                empty(),
                time(each.since),
                empty(),
                empty(),
                empty(),
                empty(),
            ]
        });
        let parts = status.parts.iter().map(|each| {
            let state = if each.is_ready { "ready" } else { "waiting" }.to_owned();
            let (ready, wanted) = (each.ready.to_string(), each.wanted.to_string());
            let waits = each.waits_for.clone().unwrap_or_default();
            let (kind, name) = (each.kind.clone(), each.name.clone());
            [kind, name, empty(), state, ready, wanted, time(each.since), empty(), empty(), empty(), waits]
        });
        let servers = status.servers.iter().map(|each| {
            let state = if each.waits_for.is_none() { "ready" } else { "waiting" }.to_owned();
            let (cpu, memory) = (each.cpu_request_cores.to_string(), each.memory_request_bytes.to_string());
            let waits = each.waits_for.clone().unwrap_or_default();
            let (name, user, node) = (each.name.clone(), each.user.clone(), each.node.clone());
            let kind = "server".to_owned();
            [kind, name, user, state, empty(), empty(), time(each.since), node, cpu, memory, waits]
        });
        let clusters = status.dask_clusters.iter().map(|each| {
            let (ready, wanted) = (each.workers.to_string(), each.workers_wanted.to_string());
            let (name, user, state) = (each.name.clone(), each.user.clone(), each.phase.clone());
            let kind = "dask-cluster".to_owned();
            [kind, name, user, state, ready, wanted, time(each.since), empty(), empty(), empty(), empty()]
        });
        releases.chain(parts).chain(servers).chain(clusters).collect()
    }
}

/// The images of a part without their registries.
fn short_images(part: &Part) -> String {
    let short = part.images.iter().map(|image| image.rsplit('/').next().unwrap_or(image));
    short.collect::<Vec<_>>().join(", ")
}
