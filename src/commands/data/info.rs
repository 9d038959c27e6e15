//! `frazil data info`: everything of one granule, dataset or item.

use frazil_data::cmr::{Cmr, Collection, Collections, Granules, Query};
use frazil_data::download::{Downloader, Options, Silent};
use frazil_data::found::{Asset, Item, Source};
use frazil_data::http::Client;
use frazil_data::region::Whereabouts;
use serde_json::{Value, json};

use super::datasets::Datasets;
use super::finds::{collection, hosted, second};
use super::source::{is_cmr, one};
use super::{Run, ask, client, cmr, contents, size_text, told};
use crate::cli::data::{DescribeArgs, InfoArgs};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Align, Features, Layout, Report, Table, wrapped};

/// What an id stands for.
pub(super) enum Thing {
    /// A granule or an item.
    Item(Box<Item>),
    /// Datasets: all versions of a short name, all that have a DOI.
    Datasets(Vec<Collection>),
}

/// Tells everything of what is asked for.
///
/// # Errors
/// When there is no such thing.
pub(super) async fn info(run: &Run<'_>, args: &DescribeArgs) -> Result<Outcome> {
    let client = client(run)?;
    let is_named = is_cmr(&args.info.service.from) && contents::is_address(&args.info.id);
    if is_named && let Some(done) = contents::contents(run, &client, args).await? {
        return Ok(done);
    }
    match find(run, &client, &args.info).await? {
        Thing::Item(item) if item.source == Source::Address => {
            let asked = with_facts(&client, *item, &args.info).await?;
            run.printer.report(&One(asked))?
        }
        Thing::Item(item) => run.printer.report(&One(*item))?,
        Thing::Datasets(mut collections) => match (collections.len(), collections.pop()) {
            (1, Some(only)) => run.printer.report(&Dataset(only))?,
            (count, last) => {
                collections.extend(last);
                run.printer.report(&Datasets { collections, matched: u64::try_from(count).ok() })?
            }
        },
    };
    Ok(Outcome::Done)
}

/// A file at an address with what its host tells of it.
async fn with_facts(client: &Client, item: Item, args: &InfoArgs) -> Result<Item> {
    let options = Options { payer: args.payer.clone(), ..Options::default() };
    let downloader = Downloader::open_to_all(client, &Whereabouts::new(client.clone()), options);
    let mut item = item;
    for asset in &mut item.assets {
        let file = asset.download(None).map_err(told)?;
        let facts = downloader.facts(&file, &Silent).await.map_err(told)?;
        asset.take(&facts);
        item.size = asset.size;
    }
    Ok(item)
}

/// Finds what an id stands for.
pub(super) async fn find(run: &Run<'_>, client: &Client, args: &InfoArgs) -> Result<Thing> {
    if is_cmr(&args.service.from) && Item::is_address(&args.id) {
        return Ok(Thing::Item(Box::new(Item::at(&args.id).map_err(told)?)));
    }
    if !is_cmr(&args.service.from) {
        let found = one(run, client, &args.service, &args.id).await?;
        return found.map(|item| Thing::Item(Box::new(item))).ok_or_else(|| nothing(args));
    }
    let cmr = cmr(run, client, &args.service)?;
    if ask::is_concept(&args.id, 'G') {
        let query = Query::<Granules>::new().concept_id(&args.id);
        let mut found = cmr.granules(query).await.map_err(told)?.limit(1).items();
        let item = found.next().await.map_err(told)?.ok_or_else(|| nothing(args))?;
        return Ok(Thing::Item(Box::new(item)));
    }
    let collections = datasets(&cmr, &args.id).await?;
    if collections.is_empty() { Err(nothing(args)) } else { Ok(Thing::Datasets(collections)) }
}

async fn datasets(cmr: &Cmr, name: &str) -> Result<Vec<Collection>> {
    let query = Query::<Collections>::new().include_granule_counts(true);
    let query = match ask::doi(name) {
        Some(doi) => query.doi(doi),
        None if ask::is_concept(name, 'C') => query.concept_id(name),
        None => query.short_name(name),
    };
    let mut search = cmr.collections(query).map_err(told)?;
    let mut found = Vec::new();
    while let Some(collection) = search.next().await.map_err(told)? {
        found.push(collection);
    }
    Ok(found)
}

fn nothing(args: &InfoArgs) -> Error {
    Error::failed(format!("{} knows no `{}`", args.service.from, args.id))
        .hint("`frazil data search --datasets --keyword WORDS` finds datasets; what is not for everyone needs --login")
}

/// One granule or item.
struct One(Item);

impl One {
    fn facts(&self) -> Vec<(&'static str, String)> {
        let item = &self.0;
        let mut facts = vec![("name", item.name.clone())];
        if item.id != item.name {
            facts.push(("id", item.id.clone()));
        }
        facts.extend(item.dataset.label().map(|label| ("dataset", label)));
        facts.extend(item.provider.clone().map(|provider| ("provider", provider)));
        facts.push(("time", format!("{} to {}", second(item.time.start), second(item.time.end))));
        let bbox = item.bbox.map(|bbox| bbox.edges().map(|edge| edge.to_string()).join(", "));
        facts.extend(bbox.map(|bbox| ("west, south, east, north", bbox)));
        facts.extend(item.size.map(|size| ("size", size_text(size))));
        facts.push(("where", hosted(item.cloud_hosted).to_owned()));
        for (key, value) in &item.properties {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if text.len() <= 80 {
                facts.push(("", format!("{key}: {text}")));
            }
        }
        facts
    }

    fn files(&self) -> Table {
        let columns = ["file", "role"].map(|name| (name, Align::Left));
        let columns = columns.into_iter().chain([
            ("size", Align::Right),
            ("checksum", Align::Left),
            ("href", Align::Left),
        ]);
        let mut table = Table::with_columns(columns);
        for asset in &self.0.assets {
            let checksum = asset.checksum.as_ref().map(|sum| format!("{} {}", sum.algorithm, sum.value));
            let hrefs = [Some(asset.href.as_str()), asset.s3.as_deref()];
            table.row([
                asset.key.clone(),
                asset.role.name().to_owned(),
                asset.size.map_or_else(|| "-".to_owned(), size_text),
                checksum.unwrap_or_else(|| "-".to_owned()),
                hrefs.into_iter().flatten().collect::<Vec<_>>().join(" "),
            ]);
        }
        table
    }
}

/// Names and values, one pair a line.
pub(super) fn lines(facts: &[(&str, String)], width: Option<usize>) -> String {
    let longest = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    facts.iter().fold(String::new(), |text, (name, value)| {
        let room = width.and_then(|width| width.checked_sub(longest + 2)).filter(|room| *room > 20);
        let value = wrapped(value, room).replace('\n', &format!("\n{:longest$}  ", ""));
        text + format!("{name:longest$}  {value}").trim_end() + "\n"
    })
}

impl Report for One {
    fn schema(&self) -> &'static str {
        "frazil.data.item/v1"
    }

    fn data(&self) -> Value {
        json!({ "item": self.0.to_json(), "raw": self.0.raw })
    }

    fn text(&self, layout: Layout) -> String {
        format!("{}\n{}", lines(&self.facts(), layout.width), self.files().render(None))
    }

    fn table(&self) -> Option<Table> {
        let names = ["key", "role", "href", "s3", "size_bytes", "algorithm", "checksum"];
        let mut table = Table::with_columns(names.map(|name| (name, Align::Left)));
        for asset in &self.0.assets {
            table.row(cells(asset));
        }
        Some(table)
    }

    fn features(&self, form: Features) -> Option<Value> {
        match form {
            Features::Geojson => Some(self.0.to_feature()),
            Features::Stac => self.0.to_stac().or_else(|| Some(collection(&[], form))),
        }
    }
}

fn cells(asset: &Asset) -> [String; 7] {
    let checksum = asset.checksum.as_ref();
    [
        asset.key.clone(),
        asset.role.name().to_owned(),
        asset.href.clone(),
        asset.s3.clone().unwrap_or_default(),
        asset.size.filter(|size| size.is_exact()).map(|size| size.bytes().to_string()).unwrap_or_default(),
        checksum.map(|checksum| checksum.algorithm.clone()).unwrap_or_default(),
        checksum.map(|checksum| checksum.value.clone()).unwrap_or_default(),
    ]
}

/// One dataset.
struct Dataset(Collection);

impl Report for Dataset {
    fn schema(&self) -> &'static str {
        "frazil.data.dataset/v1"
    }

    fn data(&self) -> Value {
        json!({ "dataset": self.0.to_json(), "raw": self.0.raw() })
    }

    fn text(&self, layout: Layout) -> String {
        let told = self.0.to_json();
        let mut facts = Vec::new();
        let names = [
            "title",
            "short_name",
            "version",
            "id",
            "doi",
            "provider",
            "start",
            "end",
            "bbox",
            "granules",
            "formats",
            "cloud_hosted",
            "region",
            "buckets",
            "s3_credentials",
            "services",
        ];
        for name in names {
            let text = match &told[name] {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
                Value::Array(values) if values.is_empty() => continue,
                Value::Array(values) => {
                    let texts = values
                        .iter()
                        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                    texts.collect::<Vec<_>>().join(", ")
                }
                other => other.to_string(),
            };
            facts.push((name, text));
        }
        let summary = self.0.summary().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        let summary = summary.map(|text| format!("\n{}\n", wrapped(&text, layout.width))).unwrap_or_default();
        lines(&facts, layout.width) + &summary
    }
}
