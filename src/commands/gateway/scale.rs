//! `frazil gateway scale` and `frazil gateway adapt`.

use frazil_gateway::{Adapt, ClusterName, Scaled};
use serde_json::{Value, json};

use super::at::at;
use super::{SHORT, name, told};
use crate::cli::gateway::{AdaptArgs, Least, ScaleArgs};
use crate::commands::Run;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::view::{Layout, Report};

/// Makes it so many workers.
///
/// # Errors
/// When the cluster does not run, or a limit refuses it.
pub(super) async fn scale(run: &Run<'_>, args: &ScaleArgs) -> Result<Outcome> {
    let name = name(&args.name)?;
    let scaled =
        at(run, &args.which, SHORT, async |at| at.gateway.scale(&name, args.workers).await.map_err(told))
            .await?;
    let asked = Asked::Workers(args.workers);
    run.printer.report(&Done { name, asked, scaled })?;
    Ok(Outcome::Done)
}

/// Lets the number of workers follow the load, or ends that.
///
/// # Errors
/// When the bounds are none, the cluster does not run, or a limit refuses it.
pub(super) async fn adapt(run: &Run<'_>, args: &AdaptArgs) -> Result<Outcome> {
    let name = name(&args.name)?;
    let (adapt, asked) = match (args.least, args.most) {
        (Least::Workers(least), Some(most)) => {
            (Adapt::between(least, most).map_err(told)?, Asked::Between(least, most))
        }
        _ => (Adapt::off(), Asked::Off),
    };
    let scaled =
        at(run, &args.which, SHORT, async |at| at.gateway.adapt(&name, adapt).await.map_err(told)).await?;
    run.printer.report(&Done { name, asked, scaled })?;
    Ok(Outcome::Done)
}

/// What was asked for.
enum Asked {
    Workers(u32),
    Between(u32, u32),
    Off,
}

struct Done {
    name: ClusterName,
    asked: Asked,
    scaled: Scaled,
}

impl Done {
    /// What the gateway said where it did less.
    fn limit(&self) -> Option<&str> {
        match &self.scaled {
            Scaled::AsAsked => None,
            Scaled::Limited(said) => Some(said),
        }
    }
}

impl Report for Done {
    fn schema(&self) -> &'static str {
        "frazil.gateway.scale/v1"
    }

    fn data(&self) -> Value {
        let asked = match self.asked {
            Asked::Workers(workers) => json!({ "workers": workers }),
            Asked::Between(least, most) => json!({ "least": least, "most": most }),
            Asked::Off => json!({ "adapt": "off" }),
        };
        json!({ "name": self.name, "asked": asked, "limited": self.limit() })
    }

    fn text(&self, _layout: Layout) -> String {
        let asked = match self.asked {
            Asked::Workers(1) => "1 worker".to_owned(),
            Asked::Workers(workers) => format!("{workers} workers"),
            Asked::Between(least, most) => format!("between {least} and {most} workers, by its load"),
            Asked::Off => "as many workers as it has".to_owned(),
        };
        match self.limit() {
            None => format!("{} gets {asked}\n", self.name),
            Some(said) => format!("{} gets less than {asked}; the gateway says: {said}\n", self.name),
        }
    }
}
