//! What `frazil up` tells of a hub on a cluster.

use std::time::Duration;

use serde_json::{Value, json};

use super::steps_data;
use crate::provision::kubernetes::Up;
use crate::view::{Layout, Report, Table};

/// A hub that was brought up on a cluster.
pub(super) struct ClusterUp {
    pub name: String,
    pub up: Up,
    pub elapsed: Duration,
    pub steps: Vec<(String, Duration)>,
    /// What is left to do by hand.
    pub by_hand: Vec<String>,
}

impl Report for ClusterUp {
    fn schema(&self) -> &'static str {
        "frazil.up/v1"
    }

    fn data(&self) -> Value {
        json!({
            "hub": self.name,
            "server": self.up.server,
            "changed": self.up.changed,
            "earlier_servers": self.up.earlier_servers,
            "by_hand": self.by_hand,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
            "steps": steps_data(&self.steps),
        })
    }

    fn text(&self, _layout: Layout) -> String {
        let seconds = self.elapsed.as_secs_f64();
        if self.up.changed.is_empty() {
            return format!("nothing to do: the hub `{}` is as its file says ({seconds:.1} s)\n", self.name);
        }
        let mut text = format!("the hub `{}` is up on {} ({seconds:.1} s)\n\n", self.name, self.up.server);
        for changed in &self.up.changed {
            text += &format!("  changed  {changed}\n");
        }
        text += &self.earlier_servers();
        for what in &self.by_hand {
            text += &format!("\n{what}\n");
        }
        text
    }

    fn table(&self) -> Option<Table> {
        None
    }
}

impl ClusterUp {
    fn earlier_servers(&self) -> String {
        let run = match self.up.earlier_servers {
            0 => return String::new(),
            1 => "1 server of people runs".to_owned(),
            many => format!("{many} servers of people run"),
        };
        format!(
            "\n{run} on with the earlier settings: new images, sizes and gateways reach a server when it is \
             stopped and started again\n"
        )
    }
}
