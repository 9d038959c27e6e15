//! Checks of single values: text by its schema's format, pattern and length,
//! numbers by their range.

use std::str::FromStr;
use std::sync::LazyLock;

use frazil_units::{Bytes, Duration, Money, Rate, UnitError};
use regex_lite::Regex;
use serde_json::{Value, json};

use super::flow::{flow, flow_text};
use super::names::{
    Account, Administrator, BigQueryTable, BucketAddress, Cidr, Day, DnsZone, Domain, GroupName, HubName,
    ImageName, KubernetesVersion, MachineName, PersonName, Project, Region, SizeName, Zone,
};
use super::schema;

/// Why a single value is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The rule's name.
    pub rule: &'static str,
    /// What was expected, as a phrase.
    pub expected: String,
    /// A value that would be accepted, as YAML writes it.
    pub suggestion: String,
}

type Check = fn(&str) -> Result<(), UnitError>;

fn parses<T: FromStr<Err = UnitError>>(text: &str) -> Result<(), UnitError> {
    text.parse::<T>().map(|_| ())
}

/// The rule and check behind each `format` of the schema.
const FORMATS: [(&str, &str, Check); 22] = [
    ("bytes", "unit", parses::<Bytes>),
    ("duration", "unit", parses::<Duration>),
    ("money", "unit", parses::<Money>),
    ("rate", "unit", parses::<Rate>),
    (HubName::FORMAT, "name", parses::<HubName>),
    (SizeName::FORMAT, "name", parses::<SizeName>),
    (PersonName::FORMAT, "name", parses::<PersonName>),
    (GroupName::FORMAT, "name", parses::<GroupName>),
    (Domain::FORMAT, "name", parses::<Domain>),
    (DnsZone::FORMAT, "name", parses::<DnsZone>),
    (Administrator::FORMAT, "name", parses::<Administrator>),
    (Region::FORMAT, "name", parses::<Region>),
    (Zone::FORMAT, "name", parses::<Zone>),
    (Account::FORMAT, "name", parses::<Account>),
    (Project::FORMAT, "name", parses::<Project>),
    (BucketAddress::FORMAT, "name", parses::<BucketAddress>),
    (BigQueryTable::FORMAT, "name", parses::<BigQueryTable>),
    (MachineName::FORMAT, "name", parses::<MachineName>),
    (ImageName::FORMAT, "name", parses::<ImageName>),
    (KubernetesVersion::FORMAT, "name", parses::<KubernetesVersion>),
    (Cidr::FORMAT, "name", parses::<Cidr>),
    (Day::FORMAT, "name", parses::<Day>),
];

/// Checks a text by its schema.
///
/// # Errors
/// What was expected and a spelling that would do.
pub(super) fn check(schema: &Value, text: &str) -> Result<(), Refusal> {
    let format = schema.get("format").and_then(Value::as_str);
    if let Some((_, rule, check)) = FORMATS.iter().find(|(name, _, _)| Some(*name) == format) {
        return check(text).map_err(|error| Refusal {
            rule,
            expected: format!("not {}", error.expected()),
            suggestion: flow_text(error.suggestion()),
        });
    }
    let refuse = |rule, expected: &str| {
        let suggestion = flow(&schema::example(schema));
        Err(Refusal { rule, expected: expected.to_owned(), suggestion })
    };
    if format == Some("uri") && !is_address(text) {
        return refuse("name", "not an address that begins with `https://` or `http://`");
    }
    let shortest = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
    if (text.chars().count() as u64) < shortest {
        return refuse("name", "nothing is written here");
    }
    match schema.get("pattern").and_then(Value::as_str) {
        Some(pattern) if !matches(pattern, text) => refuse("name", &format!("does not match `{pattern}`")),
        _ => Ok(()),
    }
}

fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    })
}

/// Compiled patterns of the schema; all of them are constants of the types.
fn matches(pattern: &str, text: &str) -> bool {
    static CACHE: LazyLock<std::sync::Mutex<std::collections::HashMap<String, Option<Regex>>>> =
        LazyLock::new(Default::default);
    let Ok(mut cache) = CACHE.lock() else {
        return true;
    };
    let compiled = cache.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
    compiled.as_ref().is_none_or(|regex| regex.is_match(text))
}

/// Reads a number by its schema.
///
/// # Errors
/// What was expected and a number that would do.
pub(super) fn number(schema: &Value, kind: &str, text: &str, quoted: bool) -> Result<Value, Refusal> {
    let suggestion = || flow(&schema::example(schema));
    let refuse = |rule, expected: String| Err(Refusal { rule, expected, suggestion: suggestion() });
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let what = if kind == "integer" { "a whole number" } else { "a number" };
    let range = match (bound("minimum"), bound("maximum")) {
        (Some(low), Some(high)) => format!("{what} between {low} and {high}"),
        (Some(low), None) => format!("{what}, at least {low}"),
        _ => what.to_owned(),
    };
    let plain = !quoted && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    let Some(number) = text.parse::<f64>().ok().filter(|_| plain) else {
        return refuse("wrong-type", format!("not {range}"));
    };
    if bound("minimum").is_some_and(|low| number < low) || bound("maximum").is_some_and(|high| number > high)
    {
        return refuse("out-of-range", format!("not {range}"));
    }
    if kind == "integer" {
        return text
            .parse::<u64>()
            .map(|whole| json!(whole))
            .or_else(|_| refuse("wrong-type", format!("not {range}")));
    }
    Ok(json!(number))
}
