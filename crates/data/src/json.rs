//! Reading JSON that others wrote: what is not as expected is not there.

use serde_json::Value;

/// The value at a path of keys.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, key| value.get(key).unwrap_or(&Value::Null))
}

/// The text at a path, if it is there and not empty.
pub(crate) fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path).as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The same, owned.
pub(crate) fn owned(value: &Value, path: &[&str]) -> Option<String> {
    text(value, path).map(str::to_owned)
}

/// The number at a path, also where it is written as text.
pub(crate) fn number(value: &Value, path: &[&str]) -> Option<f64> {
    let found = at(value, path);
    let number = found.as_f64().or_else(|| found.as_str()?.trim().parse().ok())?;
    number.is_finite().then_some(number)
}

/// The elements of the list at a path; none where there is no list.
pub(crate) fn list<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    at(value, path).as_array().into_iter().flatten()
}
