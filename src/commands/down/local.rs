//! What `frazil down` tells of a hub on one machine.

use std::time::Duration;

use serde_json::{Value, json};

use crate::provision::local::Down;
use crate::view::{Layout, Report};

/// A hub that was taken down.
pub(super) struct DownReport {
    pub name: String,
    pub down: Down,
    pub elapsed: Duration,
}

impl Report for DownReport {
    fn schema(&self) -> &'static str {
        "frazil.down/v1"
    }

    fn data(&self) -> Value {
        let down = &self.down;
        let stopped: serde_json::Map<_, _> =
            down.stopped.iter().map(|(part, count)| (part.name().to_owned(), json!(count))).collect();
        let kept: Vec<_> = down
            .kept
            .iter()
            .map(|(folder, what, size)| json!({ "folder": folder, "what": what, "size_bytes": size.get() }))
            .collect();
        json!({
            "hub": self.name,
            "stopped_processes": stopped,
            "removed": down.removed,
            "kept": kept,
            "left": down.left,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
        })
    }

    fn text(&self, _layout: Layout) -> String {
        let down = &self.down;
        let count: usize = down.stopped.iter().map(|(_, count)| count).sum();
        let mut text = if count == 0 {
            format!("the hub `{}` was not running\n", self.name)
        } else {
            let parts: Vec<_> =
                down.stopped.iter().map(|(part, count)| format!("{} {count}", part.name())).collect();
            format!(
                "the hub `{}` is down: {count} processes stopped ({}; {:.1} s)\n",
                self.name,
                parts.join(", "),
                self.elapsed.as_secs_f64()
            )
        };
        for folder in &down.removed {
            text += &format!("  removed  {}\n", folder.display());
        }
        for (folder, what, size) in &down.kept {
            text += &format!("  kept     {}   {what}, {size}\n", folder.display());
        }
        for folder in &down.left {
            text += &format!("  left     {}   a control group that is still in use\n", folder.display());
        }
        if !down.kept.is_empty() {
            text += "\nfrazil up brings it back with all of that; frazil down --data removes it\n";
        }
        text
    }
}
