//! The embedded tables: one deflated block a region, packed by `build.rs`.

use super::{CatalogError, Provider};

/// The blocks, one after the other.
static BLOCKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.bin"));

/// Of each block: provider, region (empty: machine facts), kind, start, end and size when decoded.
type Entry = (&'static str, &'static str, &'static str, usize, usize, usize);

#[expect(clippy::unreadable_literal, reason = "written by build.rs")]
static INDEX: &[Entry] = include!(concat!(env!("OUT_DIR"), "/catalog_index.rs"));

/// The kind of the block with the facts of a provider's machines.
const MACHINES: &str = "machines";

/// A name under which prices are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The name, such as `us-west-2`.
    pub name: &'static str,
    /// `region`, or one of `local-zone`, `multi-region` (of buckets) and `global`.
    pub kind: &'static str,
}

/// Everywhere a provider's prices are listed, sorted by name.
pub fn places(provider: Provider) -> impl Iterator<Item = Place> {
    let own = INDEX.iter().filter(move |entry| entry.0 == provider.name() && entry.2 != MACHINES);
    own.map(|entry| Place { name: entry.1, kind: entry.2 })
}

/// A provider's regions, sorted by name; not all of them have machine prices.
pub fn regions(provider: Provider) -> impl Iterator<Item = &'static str> {
    places(provider).filter(|place| place.kind == "region").map(|place| place.name)
}

/// The facts of a provider's machines, as text in sections.
pub(crate) fn machines(provider: Provider) -> Result<String, CatalogError> {
    let entry = INDEX.iter().find(|entry| entry.0 == provider.name() && entry.2 == MACHINES);
    entry.map_or_else(|| Err(damaged(MACHINES)), decode)
}

/// The prices of a place, as text in sections; `None` for an unknown name.
pub(crate) fn prices(provider: Provider, place: &str) -> Result<Option<String>, CatalogError> {
    let entry =
        INDEX.iter().find(|entry| entry.0 == provider.name() && entry.1 == place && entry.2 != MACHINES);
    entry.map(decode).transpose()
}

fn decode(entry: &Entry) -> Result<String, CatalogError> {
    let (_, region, kind, start, end, size) = *entry;
    let block = BLOCKS.get(start..end).ok_or_else(|| damaged(region))?;
    let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(block, size).map_err(|_| damaged(kind))?;
    String::from_utf8(bytes).map_err(|_| damaged(region))
}

fn damaged(row: &str) -> CatalogError {
    CatalogError::Damaged { row: row.to_owned() }
}
