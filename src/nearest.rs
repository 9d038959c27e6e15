//! "Did you mean …?"

/// The name most like a text, if it is like any.
pub(crate) fn nearest<'a>(text: &str, names: &[&'a str]) -> Option<&'a str> {
    let text = text.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&text, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= allowed(&text, name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A third of the letters may differ, and at least one.
fn allowed(text: &str, name: &str) -> usize {
    (text.chars().count().max(name.chars().count()) / 3).max(1)
}

/// Words as an alternative: "`a`, `b` or `c`".
pub(crate) fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => format!("`{one}`"),
        [most @ .., last] => {
            let most: Vec<_> = most.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", most.join(", "))
        }
    }
}
