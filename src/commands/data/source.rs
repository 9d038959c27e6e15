//! Where finds come from, one after the other.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use frazil_data::catalogs::{Catalogue, IntakeCatalog};
use frazil_data::cmr::{Granules, OrbitParameters, Search};
use frazil_data::found::Item;
use frazil_data::http::Client;
use frazil_data::locate;
use frazil_data::stac::{StacSearch, Walk};

use super::{Run, ask, cmr, told};
use crate::cli::data::Wanted;
use crate::error::{Error, Result};

/// STAC APIs by short names.
const KNOWN: [(&str, &str); 2] = [
    ("earth-search", "https://earth-search.aws.element84.com/v1"),
    ("planetary-computer", "https://planetarycomputer.microsoft.com/api/stac/v1"),
];

/// A search under way.
pub(super) enum Finds {
    /// Of CMR, with what datasets tell of their orbits.
    Cmr(Box<CmrFinds>),
    /// Of a STAC API.
    Stac(Box<StacSearch>),
    /// Of a static STAC catalogue.
    Walk(Box<Walk>),
    /// Of a file.
    Read(VecDeque<Item>),
}

/// Granules, placed by their datasets' orbits where they have no place of their own.
pub(super) struct CmrFinds {
    cmr: frazil_data::cmr::Cmr,
    search: Search<Granules>,
    orbits: BTreeMap<String, Option<OrbitParameters>>,
}

impl CmrFinds {
    async fn next(&mut self) -> frazil_data::Result<Option<Item>> {
        let Some(granule) = self.search.next().await? else { return Ok(None) };
        if granule.orbit().is_none() {
            return Ok(Some(granule.item(None)));
        }
        let Some(id) = granule.dataset().id else { return Ok(Some(granule.item(None))) };
        let orbits = if let Some(known) = self.orbits.get(&id) {
            *known
        } else {
            let orbits = self.cmr.collection(&id).await?.and_then(|collection| collection.orbits());
            self.orbits.insert(id, orbits);
            orbits
        };
        Ok(Some(granule.item(orbits.as_ref())))
    }
}

impl Finds {
    /// The next find, or none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Item>> {
        match self {
            Self::Cmr(finds) => finds.next().await,
            Self::Stac(search) => search.next().await,
            Self::Walk(walk) => walk.next().await,
            Self::Read(items) => Ok(items.pop_front()),
        }
        .map_err(told)
    }

    /// How many there are in all, if that is known by now.
    pub(super) fn matched(&self) -> Option<u64> {
        match self {
            Self::Cmr(finds) => finds.search.hits(),
            Self::Stac(search) => search.matched(),
            Self::Walk(_) => None,
            Self::Read(items) => u64::try_from(items.len()).ok(),
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
    let from = args.service.from.as_str();
    if is_cmr(from) {
        let cmr = cmr(run, client, &args.service)?;
        let search = cmr.granules(ask::granules(args)?).await.map_err(told)?;
        let search = if let Some(most) = most { search.limit(most) } else { search };
        return Ok(Finds::Cmr(Box::new(CmrFinds { cmr, search, orbits: BTreeMap::new() })));
    }
    if args.cloud || args.on_prem {
        return Err(Error::usage("--cloud and --on-prem are for CMR"));
    }
    let known = KNOWN.iter().find(|(name, _)| *name == from).map(|(_, address)| *address);
    let here = std::path::absolute(Path::new("."))
        .map_err(|error| Error::failed("this folder is not there any more").because(error))?;
    let url = locate(known.unwrap_or(from), &here).map_err(told)?;
    match Catalogue::open(client, &url).await.map_err(told)? {
        Catalogue::Api(api) => {
            let search = api.search(&ask::api(args)?).map_err(told)?;
            let search = if let Some(most) = most { search.limit(most) } else { search };
            Ok(Finds::Stac(Box::new(search)))
        }
        Catalogue::Static(root) => {
            let walk = Walk::new(client.clone(), root, ask::wanted(args)?);
            Ok(Finds::Walk(Box::new(if let Some(most) = most { walk.limit(most) } else { walk })))
        }
        Catalogue::Esm(catalog) => {
            let rows = catalog.search(&columns(args)?).map_err(told)?;
            let items: frazil_data::Result<VecDeque<Item>> = rows.collect();
            Ok(Finds::Read(items.map_err(told)?))
        }
        Catalogue::Intake(root) => intake(run, client, args, &root).await,
    }
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
    Ok(Finds::Read(
        sources
            .iter()
            .filter(|source| wanted(&source.path))
            .map(frazil_data::catalogs::IntakeSource::item)
            .collect(),
    ))
}
