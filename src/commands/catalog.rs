//! `frazil catalog`: machine types and prices, with their dates and sources.

mod machines;
mod prices;

use std::sync::Arc;

use super::Run;
use crate::catalog::{CatalogError, Provider, Region, places};
use crate::cli::catalog::{CatalogArgs, Look, Place};
use crate::error::{Error, Result};
use crate::outcome::Outcome;

/// The region that is shown when none is named: AWS's is where most NASA data lies.
const fn default_region(provider: Provider) -> &'static str {
    match provider {
        Provider::Aws => "us-west-2",
        Provider::Gcp => "us-central1",
    }
}

/// Shows machines or prices of a region.
///
/// # Errors
/// When there is no such region or item.
pub fn catalog(run: &Run<'_>, args: &CatalogArgs) -> Result<Outcome> {
    match &args.look {
        Look::Machines(args) => run.printer.report(&machines::Machines::find(args)?)?,
        Look::Prices(args) => run.printer.report(&prices::Prices::find(args)?)?,
    };
    Ok(Outcome::Done)
}

/// Decodes the region that a command line names.
fn open(place: &Place) -> Result<Arc<Region>> {
    let provider = place.provider.map_or_else(|| provider_of(place.region.as_deref()), Provider::from);
    let name = place.region.as_deref().unwrap_or(default_region(provider));
    Region::open(provider, name).map_err(|error| refuse(&error))
}

/// The provider that has a region, or one of nearly that name; AWS otherwise.
fn provider_of(region: Option<&str>) -> Provider {
    let Some(region) = region else {
        return Provider::Aws;
    };
    let names: Vec<_> = Provider::ALL.into_iter().flat_map(places).map(|place| place.name).collect();
    let meant = crate::nearest::nearest(region, &names).unwrap_or(region);
    let has = |provider: &Provider| places(*provider).any(|place| place.name == meant);
    Provider::ALL.into_iter().find(has).unwrap_or(Provider::Aws)
}

fn refuse(error: &CatalogError) -> Error {
    let message = error.to_string();
    match error {
        CatalogError::UnknownRegion { provider, .. } => {
            let names: Vec<_> = places(*provider).map(|place| place.name).collect();
            Error::failed(message).hint(format!("one of {}", names.join(", ")))
        }
        _ => Error::failed(message),
    }
}

/// Whether a name matches a pattern in which `*` stands for any text and `?` for one character.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = rest.as_str().trim_start_matches('*');
            let starts = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            starts.into_iter().any(|at| matches(rest, &name[at..]))
        }
        Some(first) => {
            let mut text = name.chars();
            text.next().is_some_and(|own| first == '?' || first == own)
                && matches(rest.as_str(), text.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("r7i.*", "r7i.xlarge", true),
            ("r7i.*", "r7iz.xlarge", false),
            ("*.xlarge", "r7i.xlarge", true),
            ("r?i.*large", "r7i.2xlarge", true),
            ("r7i", "r7i.xlarge", false),
            ("*", "", true),
            ("", "", true),
            ("?", "", false),
            ("**x**", "axb", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_provider_follows_from_the_region() {
        assert_eq!(provider_of(Some("europe-west4")), Provider::Gcp);
        assert_eq!(provider_of(Some("eu-west-1")), Provider::Aws);
        assert_eq!(provider_of(Some("us-centrall1")), Provider::Gcp);
        assert_eq!(provider_of(None), Provider::Aws);
    }

    #[test]
    fn a_wrong_region_is_answered_with_the_nearest() {
        let error = open(&Place { region: Some("us-wset-2".to_owned()), provider: None }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no region `us-wset-2` of aws in the catalog; did you mean `us-west-2`?"
        );
        assert!(error.hints()[0].contains("eu-central-1"));
    }
}
