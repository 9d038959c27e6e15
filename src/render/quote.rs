//! Text that several readers understand alike.

use std::fmt::Write;

use frazil_units::Bytes;
use serde_json::Value;

/// JSON in pure ASCII: every other character as an escape, so that neither YAML nor Helm nor
/// Python can take it for something else. Not for YAML as it stands: there, escaped pairs of
/// surrogates are refused.
pub fn ascii_json(value: &Value) -> String {
    ascii(&value.to_string())
}

/// The same, in lines, for people to read.
pub fn ascii_json_lines(value: &Value) -> String {
    ascii(&format!("{value:#}\n"))
}

/// Outside of strings JSON is ASCII already.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                let _infallible = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// An amount of memory as KubeSpawner and Dask Gateway read it: with `M` for MiB or `K` for KiB.
/// A bare number would pass through Helm as a floating one.
pub fn memory(bytes: Bytes) -> String {
    let kib = bytes.get() / 1024;
    if kib.is_multiple_of(1024) { format!("{}M", kib / 1024) } else { format!("{kib}K") }
}

/// An amount of memory as Kubernetes reads it: bytes, as text.
pub fn quantity(bytes: Bytes) -> String {
    bytes.get().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_but_ascii_and_the_same_value() {
        let value = json!({ "ключ": "a\u{7f}\u{85}\u{2028}😀\"\\\n{{x}}${y}", "n": [1, 2.5, null, true] });
        for text in [ascii_json(&value), ascii_json_lines(&value)] {
            assert!(text.chars().all(|c| c.is_ascii_graphic() || c == ' ' || c == '\n'), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn memory_has_a_unit() {
        for (bytes, text) in [(Bytes::gib(8), "8192M"), (Bytes::mib(1), "1M"), (Bytes::new(1536), "1K")] {
            assert_eq!(memory(bytes), text);
        }
    }
}
