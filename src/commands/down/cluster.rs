//! What `frazil down` tells of a hub on a cluster: the statement.

use std::time::Duration;

use serde_json::{Value, json};

use crate::provision::kubernetes::Statement;
use crate::provision::kubernetes::leftovers::Leftover;
use crate::view::{Align, Layout, Report, Table};

/// A hub that was taken down, or looked for.
pub(super) struct ClusterDown {
    pub name: String,
    pub audit: bool,
    pub statement: Statement,
    pub elapsed: Duration,
}

impl ClusterDown {
    fn headline(&self) -> String {
        let (name, seconds) = (&self.name, self.elapsed.as_secs_f64());
        let left = self.statement.left.len();
        match (self.audit, left) {
            (true, 0) => format!("nothing of the hub `{name}` is left\n"),
            (true, _) => format!("{left} objects of the hub `{name}` are there\n"),
            (false, 0) if self.statement.removed.is_empty() => {
                format!("nothing of the hub `{name}` was there\n")
            }
            (false, 0) => {
                format!(
                    "the hub `{name}` is down: {} removed ({seconds:.1} s)\n",
                    self.statement.removed.len()
                )
            }
            (false, _) => {
                format!("the hub `{name}` is not wholly down: {left} objects are left ({seconds:.1} s)\n")
            }
        }
    }

    fn rows(&self) -> Table {
        let mut table = Table::new([
            ("what", Align::Left),
            ("object", Align::Left),
            ("namespace", Align::Left),
            ("why", Align::Left),
        ]);
        let mut add = |what: &str, all: &[Leftover]| {
            for each in all {
                let cells = [what, &each.object.to_string(), &each.object.namespace, &each.why];
                table.row(cells.map(str::to_owned));
            }
        };
        add("kept", &self.statement.kept);
        add("left", &self.statement.left);
        table
    }
}

impl Report for ClusterDown {
    fn schema(&self) -> &'static str {
        "frazil.down/v1"
    }

    fn data(&self) -> Value {
        json!({
            "hub": self.name,
            "audit": self.audit,
            "removed": self.statement.removed,
            "kept": self.statement.kept,
            "left": self.statement.left,
            "other_hubs": self.statement.other_hubs,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
        })
    }

    fn text(&self, layout: Layout) -> String {
        let statement = &self.statement;
        let mut text = self.headline();
        for removed in &statement.removed {
            text += &format!("  removed  {removed}\n");
        }
        if !statement.kept.is_empty() || !statement.left.is_empty() {
            text += &format!("\n{}", self.rows().render(layout.width));
        }
        if !statement.other_hubs.is_empty() {
            let others = statement.other_hubs.join(", ");
            text += &format!("\nshared charts and definitions stay for other hubs: {others}\n");
        }
        text
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows())
    }
}
