//! Bytes, lengths of time, money and rates as people write them in a hub file:
//! a number and a unit, exact, refused with the spelling to use.

mod bytes;
mod duration;
mod money;
mod rate;
mod schema;
mod text;

pub use bytes::Bytes;
pub use duration::Duration;
pub use money::{Amount, Currency, Money};
pub use rate::Rate;
pub use text::UnitError;
