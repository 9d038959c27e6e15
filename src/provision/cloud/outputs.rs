//! What Terraform made, as charts and manifests need it.

use serde_json::{Map, Value};

use super::site::CloudSite;
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::journal::Journal;
use crate::provision::stage::Stage;
use crate::render::outputs::Output;

/// The output that every module has: without it, nothing was made yet.
pub(super) const ALWAYS: &str = "cluster";

/// Terraform's outputs, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs(Map<String, Value>);

impl Outputs {
    /// Outputs as Terraform tells them.
    pub(super) fn of(values: &Value) -> Self {
        Self(values.as_object().cloned().unwrap_or_default())
    }

    /// Them as data.
    pub(super) fn data(&self) -> Map<String, Value> {
        self.0.clone()
    }

    /// Puts outputs in the places of a value that wait for them.
    ///
    /// # Errors
    /// When Terraform has not told one.
    pub fn fill(&self, value: &mut Value) -> Result<()> {
        if let Some(output) = Output::of(value) {
            let name = output.name();
            let known = self.0.get(name).filter(|known| known.is_string());
            *value = known.cloned().ok_or_else(|| {
                Error::failed(format!("Terraform has not told `{name}`, which the hub needs"))
                    .hint("`frazil up` makes what is missing in the cloud first")
            })?;
            return Ok(());
        }
        match value {
            Value::Array(values) => values.iter_mut().try_for_each(|each| self.fill(each)),
            Value::Object(values) => values.values_mut().try_for_each(|each| self.fill(each)),
            _ => Ok(()),
        }
    }
}

/// What was made for a hub: by the journal, or where that is gone by Terraform's state.
///
/// # Errors
/// When the cloud does not answer, or the state cannot be read.
pub async fn known_outputs(context: &Context, document: &HubDocument, journal: &Journal) -> Result<Outputs> {
    if !matches!(document.hub.provider, Provider::Aws(_) | Provider::Gcp(_)) {
        return Ok(Outputs::default());
    }
    let told = journal.outputs(Stage::Cloud)?;
    if told.contains_key(ALWAYS) {
        return Ok(Outputs(told));
    }
    let site = CloudSite::open(context, document).await?;
    let root = site.root(&mut |_| ()).await?;
    Ok(Outputs::of(&site.outputs(&root).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Outputs;

    #[test]
    fn only_what_waits_is_filled_and_nothing_stays_open() {
        let outputs = Outputs::of(&json!({ "homes_volume": "vol-1", "cluster": { "name": "lab" } }));
        let mut object =
            json!({ "spec": { "csi": { "volumeHandle": "output:homes_volume" } }, "list": ["a"] });
        outputs.fill(&mut object).unwrap();
        assert_eq!(object["spec"]["csi"]["volumeHandle"], "vol-1");
        let mut open = json!(["output:homes_zone"]);
        assert!(outputs.fill(&mut open).unwrap_err().to_string().contains("homes_zone"));
    }
}
