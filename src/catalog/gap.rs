//! What the tables do not say.

use std::fmt;

use super::{Basis, Price, Provider};

/// A price that is missing, and what could stand in for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is missing, such as `on-demand price of r7i.xlarge`.
    pub what: String,
    /// The provider that was asked.
    pub provider: Provider,
    /// The place that was asked.
    pub place: String,
    /// What is known about why.
    pub why: Option<&'static str>,
    /// A price to show, marked, in its place. That a price can be estimated
    /// does not say that the thing is sold there.
    pub stand_in: Option<Price>,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no {} in {}/{}", self.what, self.provider, self.place)?;
        if let Some(why) = self.why {
            write!(f, " ({why})")?;
        }
        match &self.stand_in {
            Some(Price { basis: Basis::Estimated(rule), .. }) => {
                write!(f, "; {} would be {rule}", self.amount())
            }
            Some(_) => write!(f, "; {} could stand in", self.amount()),
            None => Ok(()),
        }
    }
}

impl Gap {
    fn amount(&self) -> String {
        self.stand_in.as_ref().map(Price::to_string).unwrap_or_default()
    }
}

impl std::error::Error for Gap {}
