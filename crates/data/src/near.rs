//! Names that are near to one that is not there.

use crate::error::Error;

/// So many names are told.
const MOST: usize = 3;

/// That a path leads to nothing, with the names beside it that are near to its last.
pub(crate) fn no_such(what: &str, path: &str, name: &str, names: &[String]) -> Error {
    let mut near: Vec<(usize, &String)> =
        names.iter().map(|other| (strsim::damerau_levenshtein(other, name), other)).collect();
    near.sort();
    let near: Vec<&str> = near.iter().take(MOST).map(|(_, name)| name.as_str()).collect();
    let advice = match near.as_slice() {
        [] => "look at the groups above".to_owned(),
        near => format!("there is {}", near.join(", ")),
    };
    Error::Invalid { what: format!("there is no {what} {path}"), advice }
}
