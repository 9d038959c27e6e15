//! Items as JSON, GeoJSON features and STAC items.

use serde_json::{Map, Value, json};

use super::{Asset, Item, Role, Size, Source};
use crate::geo::Geometry;

/// The version of STAC that is written.
const STAC_VERSION: &str = "1.1.0";
const FILE_EXTENSION: &str = "https://stac-extensions.github.io/file/v2.1.0/schema.json";
const ALTERNATE_EXTENSION: &str = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json";

fn insert(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

impl Item {
    /// The item as JSON: numbers raw, bytes and degrees in the keys' names or as STAC has them, times in RFC
    /// 3339; what is not known is left out.
    pub fn to_json(&self) -> Value {
        let mut object = self.head();
        insert(&mut object, "bbox", self.bbox.map(|bbox| bbox.edges().to_vec()));
        insert(&mut object, "geometry", self.geometry.as_ref().map(Geometry::to_geojson));
        let assets: Vec<Value> = self.assets.iter().map(Asset::to_json).collect();
        object.insert("assets".to_owned(), assets.into());
        if !self.properties.is_empty() {
            object.insert("properties".to_owned(), Value::Object(self.properties.clone()));
        }
        Value::Object(object)
    }

    /// What the item says but for where it is, its assets and what only its catalogue tells.
    fn head(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("source".to_owned(), self.source.name().into());
        object.insert("id".to_owned(), self.id.clone().into());
        object.insert("name".to_owned(), self.name.clone().into());
        let mut dataset = Map::new();
        insert(&mut dataset, "id", self.dataset.id.clone());
        insert(&mut dataset, "short_name", self.dataset.short_name.clone());
        insert(&mut dataset, "version", self.dataset.version.clone());
        insert(&mut dataset, "title", self.dataset.title.clone());
        object.insert("dataset".to_owned(), Value::Object(dataset));
        insert(&mut object, "provider", self.provider.clone());
        insert(&mut object, "revision", self.revision);
        insert(&mut object, "start", self.time.start.map(|start| start.to_string()));
        insert(&mut object, "end", self.time.end.map(|end| end.to_string()));
        insert(&mut object, "size_bytes", self.size.map(Size::bytes));
        insert(&mut object, "size_is_exact", self.size.map(Size::is_exact));
        insert(&mut object, "cloud_hosted", self.cloud_hosted);
        object
    }

    /// The item as a GeoJSON feature (RFC 7946).
    pub fn to_feature(&self) -> Value {
        let mut feature = Map::new();
        feature.insert("type".to_owned(), "Feature".into());
        feature.insert("id".to_owned(), self.id.clone().into());
        insert(&mut feature, "bbox", self.bbox.map(|bbox| bbox.edges().to_vec()));
        let geometry = self.geometry.as_ref().map_or(Value::Null, Geometry::to_geojson);
        feature.insert("geometry".to_owned(), geometry);
        let mut properties = self.head();
        properties.remove("id");
        let hrefs: Vec<&str> = self.data().map(|asset| asset.href.as_str()).collect();
        properties.insert("data".to_owned(), json!(hrefs));
        insert(&mut properties, "browse", self.browse().map(|asset| asset.href.clone()));
        for (key, value) in &self.properties {
            properties.entry(key.clone()).or_insert_with(|| value.clone());
        }
        feature.insert("properties".to_owned(), Value::Object(properties));
        Value::Object(feature)
    }

    /// The item as a STAC item 1.1. Items of STAC catalogues of version 1 stay as they are. `None` where no
    /// time is known, which STAC asks for.
    pub fn to_stac(&self) -> Option<Value> {
        let version = self.raw.get("stac_version").and_then(Value::as_str).unwrap_or_default();
        if self.source == Source::Stac && version.starts_with("1.") && self.has_stac_time() {
            return Some(self.raw.clone());
        }
        let mut properties = self.stac_times()?;
        for (key, value) in &self.properties {
            properties.entry(key.clone()).or_insert_with(|| value.clone());
        }
        insert(&mut properties, "frazil:provider", self.provider.clone());
        if self.source == Source::Cmr {
            insert(&mut properties, "frazil:concept_id", Some(self.id.clone()));
            insert(&mut properties, "frazil:short_name", self.dataset.short_name.clone());
        }
        insert(&mut properties, "version", self.dataset.version.clone());
        let assets: Map<String, Value> =
            self.assets.iter().map(|asset| (asset.key.clone(), asset.to_stac())).collect();
        let mut links = Vec::new();
        let mut item = Map::new();
        item.insert("type".to_owned(), "Feature".into());
        item.insert("stac_version".to_owned(), STAC_VERSION.into());
        item.insert("stac_extensions".to_owned(), self.extensions().into());
        item.insert("id".to_owned(), self.name.clone().into());
        let geometry = self.geometry.as_ref().map_or(Value::Null, Geometry::to_geojson);
        if let (false, Some(bbox)) = (geometry.is_null(), self.bbox) {
            item.insert("bbox".to_owned(), bbox.edges().to_vec().into());
        }
        item.insert("geometry".to_owned(), geometry);
        if let (Some(collection), Some(href)) = (&self.dataset.id, self.collection_href()) {
            links.push(json!({ "rel": "collection", "href": href, "type": "application/json" }));
            item.insert("collection".to_owned(), collection.clone().into());
        }
        item.insert("links".to_owned(), links.into());
        item.insert("properties".to_owned(), Value::Object(properties));
        item.insert("assets".to_owned(), Value::Object(assets));
        Some(Value::Object(item))
    }

    fn has_stac_time(&self) -> bool {
        let properties = self.raw.get("properties");
        let has = |key: &str| properties.and_then(|all| all.get(key)).is_some_and(Value::is_string);
        has("datetime") || has("start_datetime") && has("end_datetime")
    }

    /// Where the description of the dataset is.
    fn collection_href(&self) -> Option<String> {
        if self.dataset.href.is_some() {
            return self.dataset.href.clone();
        }
        let links = self.raw.get("links")?.as_array()?;
        let link = links.iter().find(|link| link.get("rel").is_some_and(|rel| rel == "collection"))?;
        link.get("href")?.as_str().map(str::to_owned)
    }

    /// `datetime`, or a span with the middle left open, as STAC's common metadata has them.
    fn stac_times(&self) -> Option<Map<String, Value>> {
        let mut times = Map::new();
        let text = |moment: jiff::Timestamp| Value::from(moment.to_string());
        match (self.time.start, self.time.end) {
            (Some(start), Some(end)) if start == end => {
                times.insert("datetime".to_owned(), text(start));
            }
            (Some(start), Some(end)) => {
                times.insert("datetime".to_owned(), Value::Null);
                times.insert("start_datetime".to_owned(), text(start));
                times.insert("end_datetime".to_owned(), text(end));
            }
            (Some(one), None) | (None, Some(one)) => {
                times.insert("datetime".to_owned(), text(one));
            }
            (None, None) => return None,
        }
        Some(times)
    }

    fn extensions(&self) -> Vec<&'static str> {
        let mut extensions = Vec::new();
        if self.assets.iter().any(|asset| asset.exact_size().is_some() || asset.multihash().is_some()) {
            extensions.push(FILE_EXTENSION);
        }
        if self.assets.iter().any(|asset| asset.s3.is_some()) {
            extensions.push(ALTERNATE_EXTENSION);
        }
        extensions
    }
}

impl Asset {
    fn exact_size(&self) -> Option<u64> {
        self.size.filter(|size| size.is_exact()).map(Size::bytes)
    }

    fn multihash(&self) -> Option<String> {
        self.checksum.as_ref()?.to_multihash()
    }

    /// The asset as JSON; what is not known is left out.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("key".to_owned(), self.key.clone().into());
        object.insert("role".to_owned(), self.role.name().into());
        object.insert("href".to_owned(), self.href.clone().into());
        insert(&mut object, "s3", self.s3.clone());
        insert(&mut object, "type", self.media_type.clone());
        insert(&mut object, "title", self.title.clone());
        insert(&mut object, "size_bytes", self.size.map(Size::bytes));
        insert(&mut object, "size_is_exact", self.size.map(Size::is_exact));
        let checksum = self.checksum.as_ref();
        insert(
            &mut object,
            "checksum",
            checksum.map(|checksum| json!({ "algorithm": checksum.algorithm, "value": checksum.value })),
        );
        insert(&mut object, "bucket", self.bucket().map(str::to_owned));
        insert(&mut object, "region", self.region.clone());
        Value::Object(object)
    }

    fn to_stac(&self) -> Value {
        let mut object = Map::new();
        object.insert("href".to_owned(), self.href.clone().into());
        insert(&mut object, "type", self.media_type.clone().filter(|media| !media.is_empty()));
        insert(&mut object, "title", self.title.clone());
        if self.role != Role::Other {
            object.insert("roles".to_owned(), json!([self.role.name()]));
        }
        insert(&mut object, "file:size", self.exact_size());
        insert(&mut object, "file:checksum", self.multihash());
        if let Some(s3) = &self.s3 {
            object.insert("alternate".to_owned(), json!({ "s3": { "href": s3 } }));
        }
        Value::Object(object)
    }
}
