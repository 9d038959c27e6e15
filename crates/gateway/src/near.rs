//! Names that are near to one that is not there.

/// The name most like a text, if it is like any: a third of the letters may differ, and at least one.
pub(crate) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = |name: &str| (text.chars().count().max(name.chars().count()) / 3).max(1);
    let close = names.into_iter().map(|name| (strsim::damerau_levenshtein(text, name), name));
    let close = close.filter(|(distance, name)| *distance <= allowed(name));
    close.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}
