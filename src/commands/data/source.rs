//! Where finds come from, one after the other.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use frazil_data::catalogs::{Catalogue, EsmCatalog, EsmStream, IntakeCatalog};
use frazil_data::cmr::Items;
use frazil_data::found::Item;
use frazil_data::http::Client;
use frazil_data::locate;
use frazil_data::stac::{StacSearch, Walk};

use super::{Run, ask, cmr, told};
use crate::cli::data::{Service, Wanted};
use crate::error::{Error, Result};

/// A search under way.
pub(super) enum Finds {
    /// Of CMR.
    Cmr(Box<Items>),
    /// Of a STAC API.
    Stac(Box<StacSearch>),
    /// Of a static STAC catalogue.
    Walk(Box<Walk>),
    /// Rows of a table, and how many there are in all.
    Rows(EsmStream, u64),
    /// What was read as a whole, and how many there were.
    Read(VecDeque<Item>, u64),
}

impl Finds {
    /// The next find, or none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Item>> {
        match self {
            Self::Cmr(items) => items.next().await,
            Self::Stac(search) => search.next().await,
            Self::Walk(walk) => walk.next().await,
            Self::Rows(rows, _) => rows.next().await,
            Self::Read(items, _) => Ok(items.pop_front()),
        }
        .map_err(told)
    }

    /// How many there are in all, if that is known by now.
    pub(super) fn matched(&self) -> Option<u64> {
        match self {
            Self::Cmr(items) => items.hits(),
            Self::Stac(search) => search.matched(),
            Self::Walk(_) => None,
            Self::Rows(_, all) | Self::Read(_, all) => Some(*all),
        }
    }
}

/// Whether the arguments name CMR.
pub(super) fn is_cmr(from: &str) -> bool {
    from.eq_ignore_ascii_case("cmr")
}

/// Begins the search that the arguments ask for.
pub(super) async fn open(
    run: &Run<'_>,
    client: &Client,
    args: &Wanted,
    most: Option<usize>,
) -> Result<Finds> {
    if is_cmr(&args.service.from) {
        let cmr = cmr(run, client, &args.service)?;
        let search = cmr.granules(ask::granules(args)?).await.map_err(told)?;
        let search = if let Some(most) = most { search.limit(most) } else { search };
        return Ok(Finds::Cmr(Box::new(search.items())));
    }
    if args.cloud || args.on_prem {
        return Err(Error::usage("--cloud and --on-prem are for CMR"));
    }
    let catalogue = catalogue(client, &args.service).await?;
    begin(run, client, args, most, catalogue).await
}

/// The one item that an id or a name stands for, of others than CMR.
pub(super) async fn one(run: &Run<'_>, client: &Client, service: &Service, id: &str) -> Result<Option<Item>> {
    let wanted = Wanted::of(service.clone());
    match catalogue(client, service).await? {
        Catalogue::Esm(catalog) => {
            let mut rows = catalog.stream(&BTreeMap::new()).map_err(told)?;
            while let Some(item) = rows.next().await.map_err(told)? {
                if item.id == id || item.name == id {
                    return Ok(Some(item));
                }
            }
            Ok(None)
        }
        Catalogue::Intake(root) => {
            let wanted = Wanted { datasets: vec![id.to_owned()], ..wanted };
            intake(run, client, &wanted, &root).await?.next().await
        }
        catalogue @ (Catalogue::Api(_) | Catalogue::Static(_)) => {
            let wanted = Wanted { granule: vec![id.to_owned()], ..wanted };
            begin(run, client, &wanted, Some(1), catalogue).await?.next().await
        }
    }
}

/// The catalogue that is named, whatever it is.
async fn catalogue(client: &Client, service: &Service) -> Result<Catalogue> {
    if service.login {
        return Err(Error::usage("--login is for CMR").hint("downloads log in where data asks for it"));
    }
    let here = std::path::absolute(Path::new("."))
        .map_err(|error| Error::failed("this folder is not there any more").because(error))?;
    let url = locate(&service.from, &here).map_err(told)?;
    Catalogue::open(client, &url).await.map_err(told)
}

async fn begin(
    run: &Run<'_>,
    client: &Client,
    args: &Wanted,
    most: Option<usize>,
    catalogue: Catalogue,
) -> Result<Finds> {
    match catalogue {
        Catalogue::Api(api) => {
            let search = api.search(&ask::api(args)?).map_err(told)?;
            let search = if let Some(most) = most { search.limit(most) } else { search };
            Ok(Finds::Stac(Box::new(search)))
        }
        Catalogue::Static(root) => {
            let printer = *run.printer;
            let omission = move |error: &frazil_data::Error| {
                printer.note(&format!("a document is left out: {error}"));
            };
            let walk = Walk::new(client.clone(), root, ask::wanted(args)?).told_to(Arc::new(omission));
            Ok(Finds::Walk(Box::new(if let Some(most) = most { walk.limit(most) } else { walk })))
        }
        Catalogue::Esm(catalog) => rows(&catalog, &columns(args)?),
        Catalogue::Intake(root) => intake(run, client, args, &root).await,
    }
}

/// The rows of a table, which are counted first: a number of rows fits where they do not.
fn rows(catalog: &Arc<EsmCatalog>, wanted: &BTreeMap<String, Vec<String>>) -> Result<Finds> {
    let all = catalog.search(wanted).and_then(frazil_data::catalogs::EsmRows::count_rows).map_err(told)?;
    Ok(Finds::Rows(catalog.stream(wanted).map_err(told)?, all))
}

/// The values asked for by column.
fn columns(args: &Wanted) -> Result<BTreeMap<String, Vec<String>>> {
    only_parameters(args, "intake-esm")?;
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in args.pairs()? {
        columns.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    Ok(columns)
}

fn only_parameters(args: &Wanted, form: &str) -> Result<()> {
    let placed = args.bbox.is_some() || args.point.is_some() || args.polygon.is_some() || args.time.is_some();
    if placed || args.filter.is_some() || !args.sort.is_empty() || !args.granule.is_empty() {
        return Err(Error::usage(format!("a catalogue of {form} knows neither places nor times"))
            .hint("search it by -p NAME=VALUE"));
    }
    Ok(())
}

/// The sources of an Intake catalogue and of those within it whose names or paths are asked for.
async fn intake(run: &Run<'_>, client: &Client, args: &Wanted, root: &url::Url) -> Result<Finds> {
    only_parameters(args, "Intake")?;
    let chosen = args.pairs()?.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (sources, failures) = IntakeCatalog::walk(client, root, &chosen).await.map_err(told)?;
    for (name, error) in failures {
        run.printer.note(&format!("{name} is left out: {error}"));
    }
    let wanted = |path: &str| {
        args.datasets.is_empty()
            || args.datasets.iter().any(|name| path == name || path.ends_with(&format!(".{name}")))
    };
    let sources = sources.iter().filter(|source| wanted(&source.path));
    let items: VecDeque<Item> = sources.map(frazil_data::catalogs::IntakeSource::item).collect();
    let all = items.len() as u64;
    Ok(Finds::Read(items, all))
}
