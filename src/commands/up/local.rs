//! What `frazil up` tells of a hub on one machine.

use std::time::Duration;

use serde_json::{Value, json};

use super::steps_data;
use crate::observe::LimitsKind;
use crate::provision::local::Up;
use crate::view::{Layout, Report, Table};

pub(super) struct UpReport {
    pub name: String,
    pub file: String,
    pub up: Up,
    pub elapsed: Duration,
    pub steps: Vec<(String, Duration)>,
}

impl Report for UpReport {
    fn schema(&self) -> &'static str {
        "frazil.up/v1"
    }

    fn data(&self) -> Value {
        json!({
            "hub": self.name,
            "address": self.up.address,
            "admins": self.up.admins,
            "started": self.up.started,
            "kept": self.up.kept,
            "limits": self.up.limits,
            "admin_password": self.up.login.admin_password,
            "user_password": self.up.login.user_password,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
            "steps": steps_data(&self.steps),
        })
    }

    fn text(&self, _layout: Layout) -> String {
        let up = &self.up;
        let mut text = if up.started.is_empty() {
            format!("nothing to do: the hub `{}` runs as its file says\n", self.name)
        } else {
            let parts: Vec<_> = up.started.iter().map(|part| part.name()).collect();
            format!(
                "the hub `{}` is up ({} started, {:.1} s)\n",
                self.name,
                parts.join(", "),
                self.elapsed.as_secs_f64()
            )
        };
        text += &format!("\n  address   {}\n  admin     {}\n", up.address, up.admins.join(", "));
        if let Some(password) = &up.login.admin_password {
            text += &format!("  password  {password}   (of the admin; shown only now)\n");
        }
        if let Some(password) = &up.login.user_password {
            text += &format!("  password  {password}   (of everyone else; shown only now)\n");
        }
        match up.limits.kind {
            LimitsKind::None => {
                text += &format!("  sizes     memory and CPU limits do not hold: {}\n", up.limits.reason);
            }
            LimitsKind::V1 | LimitsKind::V2 => text += "  sizes     memory and CPU limits hold\n",
        }
        let file = if self.file == "hub.yaml" { String::new() } else { format!(" {}", self.file) };
        text + &format!(
            "\nfrazil open{file} logs you in; frazil status{file} tells what runs; frazil down{file} stops it\n"
        )
    }

    fn table(&self) -> Option<Table> {
        None
    }
}
