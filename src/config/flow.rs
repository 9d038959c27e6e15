//! Values as YAML's flow style writes them, and plain scalars as its core
//! schema reads them.

use serde_json::{Value, json};

/// A value in YAML's flow style, as short as it can be written.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => flow_text(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let pairs: Vec<_> =
                entries.iter().map(|(key, value)| format!("{}: {}", flow_text(key), flow(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Number(number) => match number.as_f64() {
            // `2.0` is how a program writes two.
            Some(whole) if whole.fract() == 0.0 && whole.abs() < 1e15 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A text as a plain scalar where every reader takes it for text, or else quoted.
pub(super) fn flow_text(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./ %:@+~".contains(c);
    let simple = !text.is_empty()
        && text.chars().all(plain)
        && !text.contains(": ")
        && !text.starts_with(['-', '%', '@', ' ', ':', '~'])
        && !text.ends_with([':', ' ']);
    if simple && !ambiguous(text) { text.to_owned() } else { quote(text) }
}

/// JSON text that YAML 1.1, YAML 1.2 and JSON readers all read alike: JSON leaves
/// some characters bare that YAML counts as line breaks or as unprintable.
fn quote(text: &str) -> String {
    let escape = |c: char| match c {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => format!("\\u{:04x}", u32::from(c)),
        _ => c.to_string(),
    };
    json!(text).to_string().chars().map(escape).collect()
}

/// Whether some YAML reader takes a plain text for a number, a boolean or nothing.
fn ambiguous(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let number = |c: char| c.is_ascii_digit() || "._:+-".contains(c);
    WORDS.contains(&text.to_ascii_lowercase().as_str())
        || (text.chars().all(number)
            && text.matches('.').count() < 2
            && text.parse::<jiff::civil::Date>().is_err())
        || text.parse::<f64>().is_ok()
}

/// A plain scalar by YAML's core schema, for values without a type of ours.
pub(super) fn core_scalar(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => return json!(true),
        "false" | "False" | "FALSE" => return json!(false),
        _ => {}
    }
    let digits = text.trim_start_matches(['-', '+']);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || leading_zero {
        return json!(text);
    }
    if let Ok(whole) = text.parse::<i64>() {
        return json!(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => json!(number),
        _ => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::{self, Value as Source};
    use proptest::prelude::*;

    /// What the hub file's reader makes of a value written by [`flow`].
    fn read_back(text: &str) -> String {
        let written = format!("key: {}\n", flow(&json!(text)));
        let (root, problems) = source::parse(&written).unwrap();
        assert!(problems.is_empty());
        match root.value {
            Source::Map(entries) => match &entries[0].1.value {
                Source::Text(text, _) => text.clone(),
                other => panic!("{written}: {other:?}"),
            },
            other => panic!("{written}: {other:?}"),
        }
    }

    #[test]
    fn hostile_texts_come_back_unchanged() {
        let hostile = [
            "",
            " ",
            "NO",
            "y",
            "012",
            "1_000",
            "1.10",
            "2026-03-21",
            "1:30",
            "~",
            "null",
            "a: b",
            "a #b",
            "- a",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            "'",
            "\"",
            "\\",
            "\n",
            "\t",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{7f}",
            "\0",
            "🧊",
            "${x}",
            "%{x}",
            "{{x}}",
            "a:",
            ": a",
            "=",
            "<<",
            "?",
            "...",
            "---",
        ];
        for text in hostile {
            assert_eq!(read_back(text), text, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_unchanged(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), text);
        }
    }
}
