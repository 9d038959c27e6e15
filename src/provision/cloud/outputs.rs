//! What Terraform made, as charts and manifests need it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::site::CloudSite;
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::provision::journal::Journal;
use crate::provision::stage::Stage;
use crate::render::gateways::proxy_address;
use crate::render::outputs::{Output, gateway_of, gateway_proxy_of};

/// The output that every module has: without it, nothing was made yet.
pub(super) const ALWAYS: &str = "cluster";

/// Terraform's outputs by name, and the addresses of further gateways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    made: Map<String, Value>,
    gateways: BTreeMap<String, String>,
}

impl Outputs {
    /// Outputs as Terraform tells them.
    pub(super) fn of(values: &Value) -> Self {
        Self { made: values.as_object().cloned().unwrap_or_default(), gateways: BTreeMap::new() }
    }

    /// What Terraform made, as data.
    pub(super) fn data(&self) -> Map<String, Value> {
        self.made.clone()
    }

    /// The same with the addresses of further gateways, by their names.
    #[must_use]
    pub fn with_gateways(mut self, gateways: BTreeMap<String, String>) -> Self {
        self.gateways = gateways;
        self
    }

    /// Puts outputs in the places of a value that wait for them.
    ///
    /// # Errors
    /// When one is not known.
    pub fn fill(&self, value: &mut Value) -> Result<()> {
        if let Some(known) = self.known(value)? {
            *value = known;
            return Ok(());
        }
        match value {
            Value::Array(values) => values.iter_mut().try_for_each(|each| self.fill(each)),
            Value::Object(values) => values.values_mut().try_for_each(|each| self.fill(each)),
            _ => Ok(()),
        }
    }

    /// What stands for a value, if it is one that waits.
    fn known(&self, value: &Value) -> Result<Option<Value>> {
        if let Some(output) = Output::of(value) {
            let name = output.name();
            let known = self.made.get(name).filter(|known| known.is_string());
            return known.cloned().map(Some).ok_or_else(|| {
                Error::failed(format!("Terraform has not told `{name}`, which the hub needs"))
                    .hint("`frazil up` makes what is missing in the cloud first")
            });
        }
        if let Some(gateway) = gateway_of(value) {
            return self.gateway(gateway).map(|address| Some(address.into()));
        }
        if let Some(gateway) = gateway_proxy_of(value) {
            return self.gateway(gateway).map(|address| Some(proxy_address(address).into()));
        }
        Ok(None)
    }

    fn gateway(&self, name: &str) -> Result<&str> {
        self.gateways.get(name).map(String::as_str).ok_or_else(|| {
            Error::failed(format!("the gateway `{name}` has no address yet"))
                .hint("bring it up first: `frazil up` with the file that `gateways` names")
        })
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
        return Ok(Outputs { made: told, gateways: BTreeMap::new() });
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
        let told = [("far".to_owned(), "http://192.0.2.7".to_owned())].into();
        let mut env = json!({ "A": "output:gateway_address:far", "P": "output:gateway_proxy_address:far" });
        assert!(outputs.fill(&mut env.clone()).unwrap_err().hints()[0].contains("frazil up"));
        outputs.with_gateways(told).fill(&mut env).unwrap();
        assert_eq!(env, json!({ "A": "http://192.0.2.7", "P": "gateway://192.0.2.7:80" }));
    }
}
