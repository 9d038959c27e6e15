//! A dataset as CMR describes it: UMM-C. Only what is used has a name here; the whole stays as it came.

use serde_json::{Value, json};

use super::space::{self, OrbitParameters};
use crate::geo::Geometry;
use crate::json::{at, list, owned, text};
use crate::times::{Interval, first};

/// The tag that CMR gives to datasets in Earthdata Cloud.
const CLOUD_TAG: &str = "gov.nasa.earthdatacloud.s3";

/// A collection as it came: `{"meta": …, "umm": …}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection(Value);

/// Where a dataset is in a cloud, as its collection tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectAccess {
    /// The region of its buckets.
    pub region: Option<String>,
    /// Buckets, each with the beginning of its keys.
    pub buckets: Vec<String>,
    /// Where keys for S3 are given.
    pub credentials: Option<String>,
}

impl Collection {
    /// A collection from an element of `items`.
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// As it came.
    pub fn raw(&self) -> &Value {
        &self.0
    }

    fn umm(&self) -> &Value {
        at(&self.0, &["umm"])
    }

    /// Its id in CMR, such as `C2565090645-NSIDC_ECS`; empty where CMR gave none.
    pub fn concept_id(&self) -> &str {
        text(&self.0, &["meta", "concept-id"]).unwrap_or_default()
    }

    /// Who provides it.
    pub fn provider(&self) -> Option<&str> {
        text(&self.0, &["meta", "provider-id"])
    }

    /// Its short name.
    pub fn short_name(&self) -> Option<&str> {
        text(self.umm(), &["ShortName"])
    }

    /// Its version.
    pub fn version(&self) -> Option<&str> {
        text(self.umm(), &["Version"])
    }

    /// Its title.
    pub fn title(&self) -> Option<&str> {
        text(self.umm(), &["EntryTitle"])
    }

    /// Its abstract.
    pub fn summary(&self) -> Option<&str> {
        text(self.umm(), &["Abstract"])
    }

    /// Its DOI.
    pub fn doi(&self) -> Option<&str> {
        text(self.umm(), &["DOI", "DOI"])
    }

    /// How many granules it has, where that was asked for.
    pub fn granule_count(&self) -> Option<u64> {
        at(&self.0, &["meta", "granule-count"]).as_u64()
    }

    /// From when to when it has data; open at the end while it goes on.
    pub fn time(&self) -> Interval {
        let ranges =
            list(self.umm(), &["TemporalExtents"]).flat_map(|extent| list(extent, &["RangeDateTimes"]));
        let mut whole: Option<Interval> = None;
        for range in ranges {
            let moment = |key: &str| text(range, &[key]).and_then(first);
            let (start, end) = (moment("BeginningDateTime"), moment("EndingDateTime"));
            whole = Some(match whole {
                None => Interval { start, end },
                Some(so_far) => Interval {
                    start: so_far.start.zip(start).map(|(one, other)| one.min(other)),
                    end: so_far.end.zip(end).map(|(one, other)| one.max(other)),
                },
            });
        }
        whole.unwrap_or_default()
    }

    /// Where it has data.
    pub fn geometry(&self) -> Option<Geometry> {
        space::geometry(at(self.umm(), &["SpatialExtent", "HorizontalSpatialDomain", "Geometry"]))
    }

    /// What it tells of its orbits, by which the place of its granules is computed.
    pub fn orbits(&self) -> Option<OrbitParameters> {
        OrbitParameters::read(at(self.umm(), &["SpatialExtent", "OrbitParameters"]))
    }

    /// Where it is in a cloud; `None` where it is not, or CMR does not tell.
    pub fn direct_access(&self) -> Option<DirectAccess> {
        let told = at(self.umm(), &["DirectDistributionInformation"]);
        told.as_object()?;
        let buckets = list(told, &["S3BucketAndObjectPrefixNames"]).filter_map(Value::as_str);
        Some(DirectAccess {
            region: owned(told, &["Region"]),
            buckets: buckets.map(str::to_owned).collect(),
            credentials: owned(told, &["S3CredentialsAPIEndpoint"]),
        })
    }

    /// Whether its data is in Earthdata Cloud.
    pub fn cloud_hosted(&self) -> bool {
        let tagged = at(&self.0, &["meta", "tags"]).get(CLOUD_TAG).is_some()
            || at(&self.0, &["tags"]).get(CLOUD_TAG).is_some();
        self.direct_access().is_some() || tagged || list(&self.0, &["meta", "s3-links"]).next().is_some()
    }

    /// Services and tools that CMR names for it, by their concept ids.
    pub fn services(&self) -> Vec<&str> {
        list(&self.0, &["meta", "associations", "services"]).filter_map(Value::as_str).collect()
    }

    /// The collection as JSON: what frazil reads of it, and who keeps it.
    pub fn to_json(&self) -> Value {
        let time = self.time();
        let written = |moment: Option<jiff::Timestamp>| moment.map(|moment| moment.to_string());
        let direct = self.direct_access();
        let bbox = self.geometry().and_then(|geometry| geometry.bbox()).map(|bbox| bbox.edges().to_vec());
        let formats = list(self.umm(), &["ArchiveAndDistributionInformation", "FileDistributionInformation"]);
        let formats: Vec<&str> = formats.filter_map(|file| text(file, &["Format"])).collect();
        json!({
            "id": self.concept_id(),
            "short_name": self.short_name(),
            "version": self.version(),
            "title": self.title(),
            "doi": self.doi(),
            "provider": self.provider(),
            "start": written(time.start),
            "end": written(time.end),
            "bbox": bbox,
            "granules": self.granule_count(),
            "formats": formats,
            "cloud_hosted": self.cloud_hosted(),
            "region": direct.as_ref().and_then(|direct| direct.region.clone()),
            "buckets": direct.as_ref().map(|direct| direct.buckets.clone()),
            "s3_credentials": direct.and_then(|direct| direct.credentials),
            "services": self.services(),
        })
    }
}

/// A service as it came: `{"meta": …, "umm": …}`, UMM-S.
#[derive(Clone, Debug, PartialEq)]
pub struct Service(Value);

impl Service {
    /// A service from an element of `items`.
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// As it came.
    pub fn raw(&self) -> &Value {
        &self.0
    }

    /// Its id in CMR.
    pub fn concept_id(&self) -> &str {
        text(&self.0, &["meta", "concept-id"]).unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        text(&self.0, &["umm", "Name"])
    }

    /// What kind of service it is, such as `OPeNDAP` or `Harmony`.
    pub fn kind(&self) -> Option<&str> {
        text(&self.0, &["umm", "Type"])
    }

    /// What it does.
    pub fn description(&self) -> Option<&str> {
        text(&self.0, &["umm", "Description"])
    }

    /// Where it is.
    pub fn href(&self) -> Option<&str> {
        text(&self.0, &["umm", "URL", "URLValue"])
    }

    /// The service as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.concept_id(),
            "name": self.name(),
            "type": self.kind(),
            "description": self.description(),
            "href": self.href(),
            "provider": text(&self.0, &["meta", "provider-id"]),
        })
    }
}
