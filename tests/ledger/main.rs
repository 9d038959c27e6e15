//! Bills read from files: real ones whose sums are known, made ones in every format, and broken ones.

mod bills;
mod broken;
mod deliveries;
mod formats;
mod made;
mod plain;
