//! Digests of questions and their answers, by which they are told apart and found again.

use sha2::{Digest as _, Sha256};

/// Of texts, in hexadecimal digits. Where one ends and the next begins counts too.
pub(super) fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of a query and its answer.
pub(super) fn of_rows(query: &str, names: &[String], rows: &[Vec<Option<String>>]) -> String {
    let names = names.iter().map(String::as_str);
    let values = rows.iter().flatten().map(|value| value.as_deref().unwrap_or("\0"));
    of_texts(std::iter::once(query).chain(names).chain(values))
}
