//! The command line as queries.

use frazil_data::cmr::{Collections, Concept, Granules, Query, Services};
use frazil_data::geo::{Bbox, Geometry};
use frazil_data::stac::{self, Filter, SortBy, StacQuery};
use frazil_data::times::Interval;

use crate::cli::data::{SearchArgs, Wanted};
use crate::error::{Error, Result};

/// Whether a name is a DOI: `10.5067/…`, also as an address.
pub(super) fn doi(name: &str) -> Option<&str> {
    let bare = name.strip_prefix("https://doi.org/").or_else(|| name.strip_prefix("doi:")).unwrap_or(name);
    (bare.starts_with("10.") && bare.contains('/')).then_some(bare)
}

/// Whether a name is a concept id of CMR of a kind: a letter, digits, a dash, a provider.
pub(super) fn is_concept(name: &str, kind: char) -> bool {
    let digits = name.strip_prefix(kind).and_then(|rest| rest.split_once('-'));
    digits.is_some_and(|(digits, provider)| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && !provider.is_empty()
    })
}

/// What all searches of CMR for data have in common.
fn common<C: Concept>(mut query: Query<C>, args: &Wanted) -> Result<Query<C>> {
    if args.filter.is_some() {
        return Err(Error::usage("--filter is for STAC").hint("CMR has parameters: -p cloud_cover=0,10"));
    }
    let places = [("bounding_box", &args.bbox), ("point", &args.point), ("polygon", &args.polygon)];
    for (name, value) in places {
        if let Some(value) = value {
            query = query.set(name, value);
        }
    }
    if let Some(time) = &args.time {
        query = query.set("temporal", time);
    }
    for (name, value) in args.pairs()? {
        query = query.set(name, value);
    }
    Ok(args.sort.iter().fold(query, |query, key| query.sort_by(key)))
}

/// The search for granules.
pub(super) fn granules(args: &Wanted) -> Result<Query<Granules>> {
    let mut query = Query::<Granules>::new();
    for name in &args.datasets {
        query = match doi(name) {
            Some(doi) => query.doi(doi),
            None if is_concept(name, 'C') => query.collection_concept_id(name),
            None if is_concept(name, 'G') => query.concept_id(name),
            None => query.short_name(name),
        };
    }
    for name in &args.granule {
        query = query.set("readable_granule_name", name);
    }
    if args.granule.iter().any(|name| name.contains(['*', '?'])) {
        query = query.option("readable_granule_name", "pattern", true);
    }
    if args.cloud || args.on_prem {
        query = query.cloud_hosted(args.cloud);
    }
    common(query, args)
}

/// The search for collections. Counts of granules are asked for along.
pub(super) fn collections(search: &SearchArgs) -> Result<Query<Collections>> {
    let args = &search.wanted;
    let mut query = Query::<Collections>::new().include_granule_counts(true);
    for name in &args.datasets {
        query = match doi(name) {
            Some(doi) => query.doi(doi),
            None if is_concept(name, 'C') => query.concept_id(name),
            None => query.short_name(name),
        };
    }
    if let Some(words) = &search.keyword {
        query = query.keyword(words);
    }
    if args.cloud || args.on_prem {
        query = query.cloud_hosted(args.cloud);
    }
    common(query, args)
}

/// The search for services.
pub(super) fn services(search: &SearchArgs) -> Result<Query<Services>> {
    let args = &search.wanted;
    refuse(
        "services are not searched by",
        &[
            ("--bbox", args.bbox.is_some()),
            ("--point", args.point.is_some()),
            ("--polygon", args.polygon.is_some()),
            ("--time", args.time.is_some()),
            ("--cloud", args.cloud),
            ("--on-prem", args.on_prem),
            ("--filter", args.filter.is_some()),
        ],
        "search them by name, --keyword and -p",
    )?;
    let mut query = args.datasets.iter().fold(Query::<Services>::new(), |query, name| query.name(name));
    if let Some(words) = &search.keyword {
        query = query.keyword(words);
    }
    for (name, value) in args.pairs()? {
        query = query.set(name, value);
    }
    Ok(args.sort.iter().fold(query, |query, key| query.sort_by(key)))
}

/// Refuses arguments that a search would not heed.
fn refuse(what: &str, arguments: &[(&str, bool)], hint: &str) -> Result<()> {
    let given: Vec<&str> = arguments.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if given.is_empty() {
        return Ok(());
    }
    Err(Error::usage(format!("{what} {}", given.join(" and "))).hint(hint))
}

/// The numbers of an argument.
fn numbers(argument: &str, text: &str) -> Result<Vec<f64>> {
    let wrong = |part: &str| Error::usage(format!("{argument}: `{part}` is no number of degrees"));
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    text.split(',').map(|part| number(part).ok_or_else(|| wrong(part))).collect()
}

fn bbox(args: &Wanted) -> Result<Option<Bbox>> {
    let Some(text) = &args.bbox else { return Ok(None) };
    match *numbers("--bbox", text)?.as_slice() {
        [west, south, east, north] => Ok(Some(Bbox::new(west, south, east, north))),
        ref others => Err(Error::usage(format!("--bbox has {} numbers", others.len()))
            .hint("write it as WEST,SOUTH,EAST,NORTH")),
    }
}

fn interval(args: &Wanted) -> Result<Option<Interval>> {
    let span = args.time.as_deref().map(Interval::parse).transpose();
    span.map_err(|problem| Error::usage(format!("--time: {problem}")))
}

fn shape(args: &Wanted) -> Result<Option<Geometry>> {
    let of = |name: &str, text: &str| -> Result<Vec<[f64; 2]>> {
        let numbers = numbers(name, text)?;
        if !numbers.len().is_multiple_of(2) {
            return Err(Error::usage(format!("{name} has {} numbers", numbers.len()))
                .hint("write a longitude and a latitude for each position"));
        }
        Ok(numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
    };
    if let Some(text) = &args.point {
        let positions = of("--point", text)?;
        return match *positions.as_slice() {
            [position] => Ok(Some(Geometry::Point(position))),
            _ => Err(Error::usage("--point is one longitude and one latitude")),
        };
    }
    let Some(text) = &args.polygon else { return Ok(None) };
    let parts = frazil_data::geo::cut_polygon(&[of("--polygon", text)?]);
    let polygon = Geometry::of_polygons(parts);
    polygon.map(Some).ok_or_else(|| Error::usage("--polygon needs three positions that are not on one line"))
}

/// The search of a STAC API.
pub(super) fn api(args: &Wanted) -> Result<StacQuery> {
    if !args.parameters.is_empty() {
        return Err(Error::usage("-p is for CMR and Intake; STAC has filters")
            .hint("--filter \"eo:cloud_cover < 10 AND platform = 'landsat-8'\""));
    }
    let filter = args.filter.as_deref().map(Filter::parse).transpose();
    Ok(StacQuery {
        collections: args.datasets.clone(),
        ids: args.granule.clone(),
        bbox: bbox(args)?,
        intersects: shape(args)?,
        datetime: interval(args)?,
        page_size: Some(args.most().map_or(500, |most| most.clamp(1, 500))),
        sort_by: args.sort.iter().map(|key| SortBy::parse(key)).collect(),
        filter: filter.map_err(|problem| Error::usage(format!("--filter: {problem}")))?,
        ..StacQuery::new()
    })
}

/// What of a static STAC catalogue is wanted.
pub(super) fn wanted(args: &Wanted) -> Result<stac::Wanted> {
    refuse(
        "a static catalogue is not searched by",
        &[
            ("--point", args.point.is_some()),
            ("--polygon", args.polygon.is_some()),
            ("--filter", args.filter.is_some()),
            ("--sort", !args.sort.is_empty()),
            ("-p", !args.parameters.is_empty()),
        ],
        "it is by collection, --granule, --bbox and --time",
    )?;
    Ok(stac::Wanted {
        collections: args.datasets.clone(),
        ids: args.granule.clone(),
        bbox: bbox(args)?,
        datetime: interval(args)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(doi("https://doi.org/10.5067/ATLAS/ATL08.006"), Some("10.5067/ATLAS/ATL08.006"));
        assert_eq!(doi("ATL08"), None);
        assert!(is_concept("C2565090645-NSIDC_ECS", 'C'));
        assert!(!is_concept("CMIP6-x", 'C') && !is_concept("C12", 'C') && !is_concept("G1-A", 'C'));
    }
}
