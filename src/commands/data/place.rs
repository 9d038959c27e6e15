//! `frazil data where`: where data is, where this runs, and so which way is the shorter.

use std::collections::BTreeSet;

use frazil_data::cmr::Collection;
use frazil_data::found::Item;
use frazil_data::region::{Access, Here, Region, Route, Whereabouts};
use frazil_data::remote::GoogleStorage;
use serde_json::{Value, json};

use super::info::{Thing, find, lines};
use super::{Run, client};
use crate::cli::data::InfoArgs;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table};

/// Tells where data is and where this runs.
///
/// # Errors
/// When there is no such data.
pub(super) async fn place(run: &Run<'_>, args: &InfoArgs) -> Result<Outcome> {
    let client = client(run)?;
    let places = match find(run, &client, args).await? {
        Thing::Item(item) => vec![of_item(&item)],
        Thing::Datasets(collections) => collections.iter().map(of_dataset).collect(),
    };
    let whereabouts = Whereabouts::new(client.clone());
    let google = GoogleStorage::new(&client, &whereabouts, args.payer.clone());
    let mut ways = Vec::new();
    for mut place in places {
        let way = match (&place.in_s3, &place.in_google) {
            (Some(bucket), _) => {
                let region = place.region.as_ref().map(|region| region.name.as_str());
                let way = whereabouts.choose(bucket, region, Access::Auto).await;
                Some((way.route, way.because))
            }
            (None, Some(bucket)) => {
                let there = google.place(bucket).await;
                place.region = there.region.or(place.region);
                Some((Route::Google, there.because))
            }
            (None, None) => None,
        };
        ways.push((place, way));
    }
    run.printer.report(&Places { here: whereabouts.here().await.clone(), ways })?;
    Ok(Outcome::Done)
}

/// Where one dataset or granule is.
struct Place {
    name: String,
    cloud: Option<bool>,
    region: Option<Region>,
    buckets: Vec<String>,
    /// The first of them in S3, which can be asked about it.
    in_s3: Option<String>,
    /// The first in Google Cloud Storage, of what can be read nowhere else.
    in_google: Option<String>,
    credentials: Option<String>,
    hosts: Vec<String>,
}

fn of_item(item: &Item) -> Place {
    let buckets: BTreeSet<&str> = item.data().filter_map(|asset| asset.bucket()).collect();
    let host = |href: &str| {
        let url: url::Url = href.parse().ok()?;
        (url.scheme() == "https").then(|| url.host_str().map(str::to_owned)).flatten()
    };
    let hosts: BTreeSet<String> = item.data().filter_map(|asset| host(&asset.href)).collect();
    let credentials = item.assets.iter().find(|asset| asset.role == frazil_data::found::Role::Credentials);
    Place {
        name: item.name.clone(),
        cloud: item.cloud_hosted,
        region: item.data().find_map(|asset| asset.region.as_deref()).map(Region::aws),
        buckets: buckets.into_iter().map(str::to_owned).collect(),
        in_s3: item.data().find_map(|asset| asset.s3_bucket()).map(str::to_owned),
        in_google: item.google_bucket().map(str::to_owned),
        credentials: credentials.map(|asset| asset.href.clone()),
        hosts: hosts.into_iter().collect(),
    }
}

fn of_dataset(collection: &Collection) -> Place {
    let direct = collection.direct_access();
    let bucket = |prefix: &String| {
        let rest = prefix.strip_prefix("s3://").unwrap_or(prefix);
        rest.split('/').next().unwrap_or(rest).to_owned()
    };
    let buckets: BTreeSet<String> =
        direct.iter().flat_map(|direct| direct.buckets.iter().map(bucket)).collect();
    let buckets: Vec<String> = buckets.into_iter().filter(|bucket| !bucket.is_empty()).collect();
    let part = |text: Option<&str>| text.unwrap_or("?").to_owned();
    Place {
        name: format!(
            "{} {} ({})",
            part(collection.short_name()),
            part(collection.version()),
            collection.concept_id()
        ),
        cloud: Some(collection.cloud_hosted()),
        region: direct.as_ref().and_then(|direct| direct.region.as_deref()).map(Region::aws),
        in_s3: buckets.first().cloned(),
        in_google: None,
        buckets,
        credentials: direct.and_then(|direct| direct.credentials),
        hosts: Vec::new(),
    }
}

struct Places {
    here: Here,
    ways: Vec<(Place, Option<(Route, String)>)>,
}

impl Report for Places {
    fn schema(&self) -> &'static str {
        "frazil.data.where/v1"
    }

    fn data(&self) -> Value {
        let items: Vec<Value> = self
            .ways
            .iter()
            .map(|(place, way)| {
                json!({
                    "name": place.name,
                    "cloud_hosted": place.cloud,
                    "region": place.region.as_ref().map(|region| &region.name),
                    "buckets": place.buckets,
                    "s3_credentials": place.credentials,
                    "hosts": place.hosts,
                    "way": way.as_ref().map_or("https", |(route, _)| route.name()),
                    "because": way.as_ref().map(|(_, because)| because),
                })
            })
            .collect();
        let here = self.here.region.as_ref().map(ToString::to_string);
        json!({ "here": { "region": here, "because": self.here.because }, "items": items })
    }

    fn text(&self, layout: Layout) -> String {
        let here = self.here.region.as_ref().map_or_else(|| "not known".to_owned(), ToString::to_string);
        let mut text = lines(&[("this runs in", format!("{here}: {}", self.here.because))], layout.width);
        for (place, way) in &self.ways {
            let mut facts = vec![("name", place.name.clone())];
            let words = match place.cloud {
                Some(true) => "in the cloud".to_owned(),
                Some(false) => "on the archive's own machines".to_owned(),
                None => "not known".to_owned(),
            };
            let region = place.region.as_ref().map(|region| format!(", {region}")).unwrap_or_default();
            facts.push(("where", words + &region));
            for (name, all) in [("buckets", &place.buckets), ("hosts", &place.hosts)] {
                if !all.is_empty() {
                    facts.push((name, all.join(", ")));
                }
            }
            facts.extend(place.credentials.clone().map(|href| ("keys for S3", href)));
            facts.push(match way {
                Some((route, because)) => ("way", format!("{}: {because}", route.name())),
                None => ("way", "https: it is in no bucket of S3 that is known".to_owned()),
            });
            text += "\n";
            text += &lines(&facts, layout.width);
        }
        text
    }

    fn table(&self) -> Option<Table> {
        let names = ["name", "cloud_hosted", "region", "buckets", "way"];
        let mut table = Table::with_columns(names.map(|name| (name, Align::Left)));
        for (place, way) in &self.ways {
            table.row([
                place.name.clone(),
                place.cloud.map(|cloud| cloud.to_string()).unwrap_or_default(),
                place.region.as_ref().map(|region| region.name.clone()).unwrap_or_default(),
                place.buckets.join(" "),
                way.as_ref().map_or("https", |(route, _)| route.name()).to_owned(),
            ]);
        }
        Some(table)
    }
}
