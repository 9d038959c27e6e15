//! Which parts of a hub file may be a secret that was typed in clear by
//! mistake: they are never drawn, so they reach no terminal and no log.

use std::ops::Range;
use std::sync::LazyLock;

use regex_lite::Regex;

use super::source::{Node, Value};
use crate::nearest::nearest;

/// Values of keys that sound like a secret, wherever they stand.
pub(super) fn by_key(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(entries) => {
            let name = entries.iter().find_map(|(key, value)| match &value.value {
                Value::Text(text, _) if key.text == "name" => Some(text.as_str()),
                _ => None,
            });
            for (key, value) in entries {
                let plain = matches!(value.value, Value::Text(..) | Value::List(_));
                // A variable of an environment: `{ name: API_TOKEN, value: … }`.
                let of_secret = key.text == "value" && name.is_some_and(sounds_secret);
                if key.text == "CryptKeeper" || plain && (of_secret || sounds_secret(&key.text)) {
                    found.push(value.span.clone());
                } else {
                    by_key(value, found);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| by_key(item, found)),
        Value::Null | Value::Text(..) => {}
    }
}

/// Whether a key is called as secrets are.
pub(super) fn sounds_secret(key: &str) -> bool {
    const KEYS: [&str; 4] = ["client_secret", "password", "admin_password", "user_password"];
    let key = key.to_lowercase();
    key.len() <= 64
        && (["secret", "passw", "token"].iter().any(|word| key.contains(word))
            || KEYS
                .iter()
                .any(|known| known.len().abs_diff(key.len()) <= 2 && nearest(&key, &[known]).is_some()))
}

/// The same for a text of which there is no whole tree: up to the line's end, as its quotes may be what is wrong.
pub(super) fn by_text(text: &str) -> Vec<Range<usize>> {
    static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)(?:secret|pass?w|token)[a-z_-]*["']?[ \t]*:[ \t]*([^\s{][^\n]*)"#).ok()
    });
    let found = KEY.iter().flat_map(|key| key.captures_iter(text));
    found.filter_map(|captures| captures.get(1)).map(|value| value.range()).collect()
}
