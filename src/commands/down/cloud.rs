//! What `frazil down` tells of a hub in a cloud: the statement of what is gone, kept and left.

use std::time::Duration;

use serde_json::{Value, json};

use crate::provision::cloud::{CloudStatement, Thing};
use crate::view::{Align, Layout, Report, Table};

/// A hub that was taken down in a cloud, or looked for.
pub(super) struct CloudDown {
    pub name: String,
    pub audit: bool,
    pub statement: CloudStatement,
    pub elapsed: Duration,
}

impl CloudDown {
    fn headline(&self) -> String {
        let (name, seconds) = (&self.name, self.elapsed.as_secs_f64());
        let removed = self.statement.removed.len();
        let left = self.statement.left.len();
        match (self.audit, left) {
            (true, 0) => format!("nothing of the hub `{name}` is left in the cloud\n"),
            (true, _) => format!("{left} things of the hub `{name}` are in the cloud\n"),
            (false, 0) if removed == 0 => format!("nothing of the hub `{name}` was there\n"),
            (false, 0) => format!("the hub `{name}` is down: {removed} removed ({seconds:.1} s)\n"),
            (false, _) => {
                format!("the hub `{name}` is not wholly down: {left} things are left ({seconds:.1} s)\n")
            }
        }
    }

    fn rows(&self) -> Table {
        let mut table = Table::new([
            ("what", Align::Left),
            ("kind", Align::Left),
            ("name", Align::Left),
            ("place", Align::Left),
            ("a month", Align::Right),
            ("why", Align::Left),
        ]);
        let mut add = |what: &str, all: &[Thing]| {
            for each in all {
                let cells = [what, &each.kind, &each.name, &each.place, &each.monthly, &each.why];
                table.row(cells.map(str::to_owned));
            }
        };
        add("kept", &self.statement.kept);
        add("left", &self.statement.left);
        table
    }

    /// What goes on being billed, in a sentence.
    fn billed(&self) -> String {
        let all = || self.statement.kept.iter().chain(&self.statement.left);
        match (all().count(), all().filter(|each| each.monthly.is_empty()).count()) {
            (0, _) => "nothing of it is billed any more\n".to_owned(),
            (_, 0) => "the prices are those of the catalog, before discounts\n".to_owned(),
            (_, unknown) => format!("{unknown} of these have no price in the catalog\n"),
        }
    }
}

impl Report for CloudDown {
    fn schema(&self) -> &'static str {
        "frazil.down.cloud/v1"
    }

    fn data(&self) -> Value {
        json!({
            "hub": self.name,
            "audit": self.audit,
            "removed": self.statement.removed,
            "kept": self.statement.kept,
            "left": self.statement.left,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
        })
    }

    fn text(&self, layout: Layout) -> String {
        let mut text = self.headline();
        for removed in &self.statement.removed {
            text += &format!("  removed  {removed}\n");
        }
        if !self.statement.kept.is_empty() || !self.statement.left.is_empty() {
            text += &format!("\n{}", self.rows().render(layout.width));
        }
        text + "\n" + &self.billed()
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows())
    }
}
