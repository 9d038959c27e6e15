//! `frazil drift`: what differs between the hub file, the Helm releases and the cluster.

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::HubFile;
use crate::config::Provider;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::provision::cloud::{self, CloudPlan};
use crate::provision::kubernetes::plan::{Action, Plan};
use crate::provision::kubernetes::releases::{Change, ObjectChange};
use crate::provision::layers::HubPlan;
use crate::provision::other_provider;
use crate::view::{Align, Layout, Report, Table};

/// Names what differs; 2 when anything does.
///
/// # Errors
/// When the cluster does not answer or a chart cannot be rendered.
pub(super) async fn drift(run: &Run<'_>, args: &HubFile) -> Result<Outcome> {
    let document = load::usable(run, &args.file)?;
    if matches!(document.hub.provider, Provider::Local(_)) {
        return Err(other_provider("drift", document.hub.provider.key()));
    }
    let mut progress = run.printer.progress();
    progress.step("what differs");
    let plan = HubPlan::make(run.context, &document, &mut progress).await?;
    progress.finish();
    let same = plan.is_empty();
    run.printer.report(&Drift { plan })?;
    Ok(if same { Outcome::Done } else { Outcome::Difference })
}

struct Drift {
    plan: HubPlan,
}

/// A difference, as a row.
struct Row {
    object: String,
    namespace: String,
    field: String,
    live: String,
    file: String,
    who: &'static str,
}

/// Who is right: the file in any case, but it may have changed itself.
const BY_HAND: &str = "changed in the cluster";
const BY_HAND_IN_CLOUD: &str = "changed in the cloud";
const BY_FILE: &str = "the hub file, not yet applied";

impl Drift {
    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<_> = self.plan.cloud.iter().flat_map(cloud_rows).collect();
        if let Some(plan) = &self.plan.cluster {
            rows.extend(cluster_rows(plan));
        }
        rows
    }

    fn as_table(&self) -> Table {
        let heads = ["object", "namespace", "field", "in the cluster", "by the file", "who changed it"];
        let mut table = Table::new(heads.map(|head| (head, Align::Left)));
        for row in self.rows() {
            table.row([row.object, row.namespace, row.field, row.live, row.file, row.who.to_owned()]);
        }
        table
    }
}

/// What differs in the cloud. What somebody else changed is also in what Terraform would change.
fn cloud_rows(plan: &CloudPlan) -> Vec<Row> {
    let mut rows = Vec::new();
    for change in &plan.changes {
        let by_hand = plan.by_hand.iter().any(|other| other.address == change.address);
        let who = if by_hand { BY_HAND_IN_CLOUD } else { BY_FILE };
        let row = |field: &str, live: &str, file: &str| Row {
            object: change.address.clone(),
            namespace: String::new(),
            field: field.to_owned(),
            live: live.to_owned(),
            file: file.to_owned(),
            who,
        };
        match change.action {
            cloud::Action::Create => rows.push(row("", "nothing", "there")),
            cloud::Action::Delete => rows.push(row("", "there", "nothing")),
            cloud::Action::Adopt => rows.push(row("", "there, unknown to Terraform", "there")),
            cloud::Action::Change | cloud::Action::Replace => {
                rows.extend(change.fields.iter().map(|field| {
                    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
                    row(&field.path, &text(&field.live), &text(&field.wanted))
                }));
            }
        }
    }
    rows
}

fn cluster_rows(plan: &Plan) -> Vec<Row> {
    let mut rows: Vec<_> = plan
        .access
        .iter()
        .chain(&plan.crds)
        .chain(&plan.manifests)
        .flat_map(|change| rows(change, BY_HAND))
        .collect();
    for release in plan.releases.iter().filter(|release| release.action != Action::Nothing) {
        let who = match release.action {
            Action::Resume => "Helm was stopped or failed",
            _ => BY_FILE,
        };
        if release.action != Action::Repair {
            rows.push(Row {
                object: format!("release {}", release.release),
                namespace: release.namespace.clone(),
                field: String::new(),
                live: String::new(),
                file: format!("{} {}", release.chart, release.version),
                who,
            });
        }
        for change in &release.objects {
            let by_hand = release.by_hand.contains(&change.object);
            rows.extend(self::rows(change, if by_hand { BY_HAND } else { who }));
        }
    }
    rows
}

fn rows(change: &ObjectChange, who: &'static str) -> Vec<Row> {
    let row = |field: &str, live: &str, file: &str| Row {
        object: change.object.to_string(),
        namespace: change.object.namespace.clone(),
        field: field.to_owned(),
        live: live.to_owned(),
        file: file.to_owned(),
        who,
    };
    match &change.change {
        Change::Create => vec![row("", "nothing", "there")],
        Change::Delete => vec![row("", "there", "nothing")],
        Change::Change(fields) => {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
            fields.iter().map(|field| row(&field.path, &text(&field.live), &text(&field.wanted))).collect()
        }
    }
}

impl Report for Drift {
    fn schema(&self) -> &'static str {
        "frazil.drift/v1"
    }

    fn data(&self) -> Value {
        let rows = self.rows().into_iter().map(|row| {
            json!({
                "object": row.object,
                "namespace": row.namespace,
                "field": row.field,
                "live": row.live,
                "file": row.file,
                "who": row.who,
            })
        });
        json!({ "hub": self.plan.hub, "differs": !self.plan.is_empty(), "differences": rows.collect::<Vec<_>>() })
    }

    fn text(&self, layout: Layout) -> String {
        if self.plan.is_empty() {
            return format!("the hub `{}` is as its file says\n", self.plan.hub);
        }
        let table = self.as_table().render(layout.width);
        format!("the hub `{}` is not as its file says\n\n{table}\nfrazil up makes it so\n", self.plan.hub)
    }

    fn table(&self) -> Option<Table> {
        Some(self.as_table())
    }
}
