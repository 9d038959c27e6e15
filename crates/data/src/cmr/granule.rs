//! A granule as CMR describes it: UMM-G (<https://cdn.earthdata.nasa.gov/umm/granule/v1.6.6>). Only what is
//! used has a name here; the whole stays as it came.

use serde_json::{Map, Value, json};
use url::Url;

use super::{links, size, space};
use crate::found::{Dataset, Item, Source};
use crate::geo::Geometry;
use crate::json::{at, list, number, owned, text};
use crate::times::{Interval, first};

/// Where CMR is, unless said otherwise.
const PRODUCTION: &str = "https://cmr.earthdata.nasa.gov/";

/// A granule as it came: `{"meta": …, "umm": …}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Granule {
    raw: Value,
    base: Option<Url>,
}

impl Granule {
    /// A granule from an element of `items`.
    pub fn new(raw: Value) -> Self {
        Self { raw, base: None }
    }

    /// The same, found in the CMR at an address.
    pub(crate) fn of_cmr(mut self, base: &Url) -> Self {
        self.base = Some(base.clone());
        self
    }

    /// As it came.
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    fn umm(&self) -> &Value {
        at(&self.raw, &["umm"])
    }

    /// Its id in CMR, such as `G2160242605-NSIDC_ECS`; empty where CMR gave none.
    pub fn concept_id(&self) -> &str {
        text(&self.raw, &["meta", "concept-id"]).unwrap_or_default()
    }

    /// Which revision of its description this is.
    pub fn revision(&self) -> Option<u64> {
        at(&self.raw, &["meta", "revision-id"]).as_u64()
    }

    /// Who provides it.
    pub fn provider(&self) -> Option<&str> {
        text(&self.raw, &["meta", "provider-id"])
    }

    /// Its name by its provider.
    pub fn name(&self) -> &str {
        text(self.umm(), &["GranuleUR"]).unwrap_or_else(|| self.concept_id())
    }

    /// What it is of.
    pub fn dataset(&self) -> Dataset {
        let reference = at(self.umm(), &["CollectionReference"]);
        let id = owned(&self.raw, &["meta", "collection-concept-id"]);
        let base = self.base.as_ref().map_or(PRODUCTION, Url::as_str);
        Dataset {
            href: id.as_ref().map(|id| format!("{base}search/concepts/{id}.umm_json")),
            id,
            short_name: owned(reference, &["ShortName"]),
            version: owned(reference, &["Version"]),
            title: owned(reference, &["EntryTitle"]),
        }
    }

    /// When it was observed.
    pub fn time(&self) -> Interval {
        let extent = at(self.umm(), &["TemporalExtent"]);
        let moment = |path: &[&str]| text(extent, path).and_then(first);
        if let Some(single) = moment(&["SingleDateTime"]) {
            return Interval::at(single);
        }
        Interval {
            start: moment(&["RangeDateTime", "BeginningDateTime"]),
            end: moment(&["RangeDateTime", "EndingDateTime"]),
        }
    }

    /// Its orbit, where that is all that is known of where it was observed.
    pub fn orbit(&self) -> Option<space::Orbit> {
        space::Orbit::read(at(self.umm(), &["SpatialExtent", "HorizontalSpatialDomain", "Orbit"]))
    }

    /// The granule in the shape of all that can be found. With the orbit's parameters, which the collection
    /// tells, also those granules have a place that only name their orbit.
    pub fn item(&self, orbits: Option<&space::OrbitParameters>) -> Item {
        let domain = at(self.umm(), &["SpatialExtent", "HorizontalSpatialDomain"]);
        let geometry = space::geometry(at(domain, &["Geometry"]))
            .or_else(|| self.orbit().and_then(|orbit| orbit.track(orbits?)));
        let archived = at(self.umm(), &["DataGranule", "ArchiveAndDistributionInformation"]);
        let mut assets = links::assets(at(self.umm(), &["RelatedUrls"]));
        size::assign(&mut assets, archived);
        Item {
            source: Source::Cmr,
            id: self.concept_id().to_owned(),
            name: self.name().to_owned(),
            dataset: self.dataset(),
            provider: self.provider().map(str::to_owned),
            revision: self.revision(),
            time: self.time(),
            bbox: geometry.as_ref().and_then(Geometry::bbox),
            geometry,
            size: size::total(archived),
            cloud_hosted: Some(links::in_cloud(&assets)),
            assets,
            properties: self.properties(),
            raw: self.raw.clone(),
        }
    }

    fn properties(&self) -> Map<String, Value> {
        let umm = self.umm();
        let mut properties = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                properties.insert(key.to_owned(), value);
            }
        };
        put("eo:cloud_cover", number(umm, &["CloudCover"]).map(Value::from));
        put("frazil:day_night", owned(umm, &["DataGranule", "DayNightFlag"]).map(Value::from));
        put("created", moment(umm, &["DataGranule", "ProductionDateTime"]));
        put("updated", moment(&self.raw, &["meta", "revision-date"]));
        let platforms: Vec<&str> =
            list(umm, &["Platforms"]).filter_map(|platform| text(platform, &["ShortName"])).collect();
        put("platform", platforms.first().map(|name| json!(name)));
        let instruments: Vec<&str> = list(umm, &["Platforms"])
            .flat_map(|platform| list(platform, &["Instruments"]))
            .filter_map(|instrument| text(instrument, &["ShortName"]))
            .collect();
        put("instruments", (!instruments.is_empty()).then(|| json!(instruments)));
        let orbit = list(umm, &["OrbitCalculatedSpatialDomains"]).next();
        put("frazil:orbit", orbit.and_then(|orbit| at(orbit, &["OrbitNumber"]).as_u64()).map(Value::from));
        put("frazil:producer_id", producer_id(umm).map(Value::from));
        properties
    }
}

fn moment(value: &Value, path: &[&str]) -> Option<Value> {
    text(value, path).and_then(first).map(|moment| Value::from(moment.to_string()))
}

/// The name of the granule's file by its producer.
fn producer_id(umm: &Value) -> Option<String> {
    let ids = list(umm, &["DataGranule", "Identifiers"]);
    let mut producers = ids.filter(|id| text(id, &["IdentifierType"]) == Some("ProducerGranuleId"));
    owned(producers.next()?, &["Identifier"])
}
