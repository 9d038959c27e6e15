//! What a hub file says of a cloud, read from its text and the documented defaults alone.

use serde_json::Value;

/// A hub file.
pub(super) struct Said<'a>(pub(super) &'a Value);

/// A pool that a hub has.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) name: &'static str,
    pub(super) min: u64,
    /// None where it depends on the machines that the catalog chooses.
    pub(super) max: Option<u64>,
    pub(super) spot: bool,
    /// None where the catalog chooses them.
    pub(super) machines: Option<Vec<String>>,
    /// None where the file names none.
    pub(super) zones: Option<Vec<String>>,
}

/// Where homes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Homes {
    None,
    /// On one disk of so many GiB.
    Disk(u64),
    Shared,
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let all = value.as_array()?;
    Some(all.iter().map(|each| each.as_str().unwrap().to_owned()).collect())
}

impl Said<'_> {
    pub(super) fn is_aws(&self) -> bool {
        self.0["provider"]["aws"].is_object()
    }

    pub(super) fn people(&self) -> bool {
        self.0["hub"] != false
    }

    pub(super) fn gateway(&self) -> bool {
        self.0["gateway"]["enabled"] != false
    }

    /// Whether some size has GPUs, and whether some has none.
    fn sizes(&self) -> (bool, bool) {
        let Some(sizes) = self.0["sizes"].as_array() else { return (false, true) };
        let has = |gpu: bool| sizes.iter().any(|size| (size["gpu"].as_u64().unwrap_or(0) > 0) == gpu);
        (has(true), has(false))
    }

    pub(super) fn pools(&self) -> Vec<Pool> {
        let (gpu, plain) = self.sizes();
        let has = [
            ("core", true),
            ("dask", self.gateway()),
            ("gpu", self.people() && gpu),
            ("user", self.people() && plain),
        ];
        has.into_iter().filter(|(_, has)| *has).map(|(name, _)| self.pool(name)).collect()
    }

    fn pool(&self, name: &'static str) -> Pool {
        let said = &self.0["pools"][name];
        let (min, max) = match (said["count"].as_u64(), name) {
            (Some(count), _) => (count, Some(count)),
            (None, "core") => (1, Some(if self.people() { 1 } else { 10 })),
            (None, "gpu") => (0, Some(4)),
            (None, "user") => (0, Some(10).filter(|_| self.0["event"].is_null())),
            (None, _) => (0, None),
        };
        let workers = &self.0["gateway"]["workers"];
        Pool {
            name,
            min: said["min"].as_u64().unwrap_or(min),
            max: said["max"].as_u64().or(max),
            spot: said["spot"].as_bool().unwrap_or(name == "dask" && workers["spot"] != false),
            machines: strings(&said["machines"])
                .or_else(|| said["machine"].as_str().map(|one| vec![one.to_owned()])),
            zones: strings(&said["zones"]),
        }
    }

    pub(super) fn zones(&self) -> Vec<String> {
        // Without any in the file: three of a region of AWS, one of Google Cloud.
        let default = if self.is_aws() {
            vec!["us-west-2a", "us-west-2b", "us-west-2c"]
        } else {
            vec!["us-central1-a"]
        };
        strings(&self.0["zones"]).unwrap_or_else(|| default.into_iter().map(str::to_owned).collect())
    }

    pub(super) fn homes(&self) -> Homes {
        let homes = &self.0["storage"]["homes"];
        if !self.people() {
            return Homes::None;
        }
        if homes["quota"].is_null() {
            return Homes::Shared;
        }
        assert_eq!(homes["quota"], "20 GiB", "the only quota of the generator");
        // A quarter of everyone's quota, of the event's people or of 40, and no less than 50 GiB.
        let people = self.0["event"]["attendees"].as_u64().unwrap_or(40);
        Homes::Disk((20 * people / 4).max(50))
    }

    /// `none`, `daily` or `weekly`.
    pub(super) fn backup(&self) -> &str {
        self.0["storage"]["homes"]["backup"].as_str().unwrap_or("none")
    }

    /// Days after which scratch is emptied; none without scratch.
    pub(super) fn scratch_days(&self) -> Option<u64> {
        let scratch = &self.0["storage"]["scratch"];
        let days = match scratch["expire"].as_str() {
            None => 7,
            Some("36 h") => 2,
            Some(other) => panic!("{other}: not of the generator"),
        };
        Some(days).filter(|_| scratch["enabled"] != false)
    }

    /// NAT gateways of AWS; on Google Cloud one serves a region.
    pub(super) fn nats(&self) -> usize {
        match self.0["network"]["nat"].as_str() {
            None => 0,
            Some("per-zone") if self.is_aws() => self.zones().len(),
            Some(_) => 1,
        }
    }

    pub(super) fn flow_logs(&self) -> bool {
        self.0["network"]["flow_logs"] == true
    }

    pub(super) fn own_image(&self) -> bool {
        self.0["image"]["name"].is_null()
    }

    /// The budget's whole units and hundredths, and its alerts.
    pub(super) fn budget(&self) -> Option<(u64, u64, Vec<u64>)> {
        let budget = Some(&self.0["budget"]).filter(|budget| budget.is_object())?;
        let total = budget["total"].as_str().unwrap().trim_end_matches(" USD");
        let (whole, part) = total.split_once('.').unwrap_or((total, "00"));
        let alerts = budget["alert_at"].as_array();
        let alerts = alerts.map(|all| all.iter().map(|each| each.as_u64().unwrap()).collect());
        Some((whole.parse().unwrap(), part.parse().unwrap(), alerts.unwrap_or_else(|| vec![50, 80, 100])))
    }

    /// What pods may act as in the cloud.
    pub(super) fn identities(&self) -> Vec<&'static str> {
        let public = self.0["gateway"]["balancer"] != "internal";
        let certified = !self.people() && public && self.0["support"]["certificates"] != "offload";
        let all = [
            ("autoscaler", self.is_aws()),
            ("certificates", certified),
            ("homes", self.is_aws() && self.homes() == Homes::Shared),
            ("user", true),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(what, _)| what).collect()
    }
}
