//! Filters in the Common Query Language (CQL2, OGC 21-065r2). The service understands them; here only their
//! form is checked, so that a mistake is told before anything is asked.

use serde_json::Value;

/// How deep expressions may be.
const MOST_DEPTH: usize = 64;

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// In CQL2 Text: `eo:cloud_cover < 10 AND platform = 'landsat-8'`.
    Text(String),
    /// In CQL2 JSON: `{"op": "<", "args": [{"property": "eo:cloud_cover"}, 10]}`.
    Json(Value),
}

impl Filter {
    /// Reads either: what begins with `{` is JSON.
    ///
    /// # Errors
    /// When what begins with `{` is no JSON.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('{') {
            let value =
                serde_json::from_str(text).map_err(|error| format!("the filter is no JSON: {error}"))?;
            return Ok(Self::Json(value));
        }
        Ok(Self::Text(text.to_owned()))
    }

    /// The name of its language.
    pub(crate) const fn language(&self) -> &'static str {
        match self {
            Self::Text(_) => "cql2-text",
            Self::Json(_) => "cql2-json",
        }
    }

    /// What is wrong with it; empty when nothing is.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match self {
            Self::Text(text) => check_text(text, &mut problems),
            Self::Json(value) if value.is_object() => check_json(value, 0, &mut problems),
            Self::Json(_) => problems.push("the filter is no object with `op` and `args`".to_owned()),
        }
        problems
    }
}

fn check_text(text: &str, problems: &mut Vec<String>) {
    if text.trim().is_empty() {
        problems.push("the filter is empty".to_owned());
    }
    let (mut open, mut quote) = (0_i64, None);
    for letter in text.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(begun), letter) if begun == letter => quote = None,
            (None, '(') => open += 1,
            (None, ')') => open -= 1,
            _ => {}
        }
        if open < 0 {
            problems.push("the filter closes a bracket that it does not open".to_owned());
            return;
        }
    }
    if let Some(quote) = quote {
        problems.push(format!("the filter does not close a {quote}"));
    }
    if open > 0 {
        problems.push("the filter does not close a bracket".to_owned());
    }
}

fn check_json(value: &Value, depth: usize, problems: &mut Vec<String>) {
    if depth > MOST_DEPTH {
        problems.push(format!("the filter is more than {MOST_DEPTH} levels deep"));
        return;
    }
    match value {
        Value::Array(values) => {
            for value in values {
                check_json(value, depth + 1, problems);
            }
        }
        Value::Object(object) if object.contains_key("op") || object.contains_key("args") => {
            match object.get("op").and_then(Value::as_str) {
                None | Some("") => problems.push("an expression of the filter has no `op`".to_owned()),
                Some(op) => match object.get("args") {
                    Some(Value::Array(args)) if !args.is_empty() => {
                        for arg in args {
                            check_json(arg, depth + 1, problems);
                        }
                    }
                    _ => problems.push(format!("`{op}` of the filter has no list of `args`")),
                },
            }
        }
        Value::Object(object) if depth == 0 => {
            let keys: Vec<&str> = object.keys().map(String::as_str).collect();
            problems.push(format!("the filter has neither `op` nor `args`, but {}", keys.join(", ")));
        }
        _ => {}
    }
}
