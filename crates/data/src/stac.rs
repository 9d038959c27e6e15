//! STAC: APIs (<https://github.com/radiantearth/stac-api-spec>) and static catalogues
//! (<https://github.com/radiantearth/stac-spec>), each in all versions since 0.6. What is used has a name
//! here; the rest of an item stays as it came.

mod api;
mod filter;
mod item;
mod link;
mod query;
mod search;
mod sign;
mod walk;

pub use api::Api;
pub use filter::Filter;
pub use item::to_item;
pub(crate) use link::join;
pub use query::{SortBy, StacQuery};
pub use search::StacSearch;
pub use sign::Signer;
pub use walk::{Omissions, Walk, Wanted};

/// Most bytes of one document or page.
const LONGEST: usize = 256 << 20;

/// STAC APIs that are known by short names.
const SERVICES: [(&str, &str); 2] = [
    ("earth-search", "https://earth-search.aws.element84.com/v1"),
    ("planetary-computer", "https://planetarycomputer.microsoft.com/api/stac/v1"),
];

/// The address of a STAC API by its short name: `earth-search` or `planetary-computer`.
pub(crate) fn service(name: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(known, _)| *known == name).map(|(_, address)| *address)
}
