//! What is asked of CMR: parameters by their names with typed values. Everything that is wrong is kept and
//! told at once, before anything is asked.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;
use url::Url;

use super::collection::{Collection, Service};
use super::granule::Granule;
use super::parameters::{
    COLLECTIONS, EXCLUDABLE, GRANULES, NAMING, OPTIONS, OTHER_NAMES, OURS, PARAMETERS, SERVICES, UNLISTED,
    parameter, sort_keys,
};
use super::value::{Shape, Temporal, written};

/// The longest address that is asked with GET; longer ones go as a form with POST.
const LONGEST_ADDRESS: usize = 6_000;

/// What can be searched.
pub trait Concept: Clone + fmt::Debug + Send + Sync + 'static {
    /// The path below `/search`, such as `granules`.
    const PATH: &'static str;
    /// One of them, for messages.
    const ONE: &'static str;
    /// What a search for it gives.
    type Found: Send;
    /// Which parameters it has.
    #[doc(hidden)]
    const OF: u8;
    /// What an element of an answer is, of the CMR at an address.
    #[doc(hidden)]
    fn found(value: Value, base: &Url) -> Self::Found;
}

/// Collections: the datasets.
#[derive(Clone, Copy, Debug)]
pub struct Collections;
/// Granules: the files of a dataset, or what belongs together of them.
#[derive(Clone, Copy, Debug)]
pub struct Granules;
/// Services that subset, reformat or show data.
#[derive(Clone, Copy, Debug)]
pub struct Services;

impl Concept for Collections {
    const PATH: &'static str = "collections";
    const ONE: &'static str = "collection";
    const OF: u8 = COLLECTIONS;
    type Found = Collection;
    fn found(value: Value, _: &Url) -> Collection {
        Collection::new(value)
    }
}
impl Concept for Granules {
    const PATH: &'static str = "granules";
    const ONE: &'static str = "granule";
    const OF: u8 = GRANULES;
    type Found = Granule;
    fn found(value: Value, base: &Url) -> Granule {
        Granule::new(value).of_cmr(base)
    }
}
impl Concept for Services {
    const PATH: &'static str = "services";
    const ONE: &'static str = "service";
    const OF: u8 = SERVICES;
    type Found = Service;
    fn found(value: Value, _: &Url) -> Service {
        Service::new(value)
    }
}

/// Something wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The parameter, as it was named.
    pub parameter: String,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.parameter, self.message)
    }
}

/// Everything that is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search cannot be asked: {}", listed(.0))]
pub struct InvalidQuery(pub Vec<Problem>);

fn listed(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
    texts.join("; ")
}

/// A search for collections, granules or services.
#[derive(Clone, Debug)]
pub struct Query<C: Concept> {
    values: Vec<(String, String)>,
    problems: Vec<Problem>,
    /// Datasets by their DOIs, which CMR knows of collections only.
    pub(crate) dois: Vec<String>,
    /// Whether the dataset has to be in the cloud, or must not be; CMR knows that of collections only.
    pub(crate) hosted: Option<bool>,
    concept: PhantomData<C>,
}

impl<C: Concept> Default for Query<C> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            problems: Vec::new(),
            dois: Vec::new(),
            hosted: None,
            concept: PhantomData,
        }
    }
}

impl<C: Concept> Query<C> {
    /// A query for everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of its parameters; `options`, `exclude`, `sort_key` and, of granules, `passes`, `doi` and
    /// `cloud_hosted` are not among them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PARAMETERS.iter().filter(|parameter| parameter.of & C::OF != 0).map(|parameter| parameter.name)
    }

    /// Sets a parameter by CMR's name from a text, as on a command line: `short_name`, `polygon[]`,
    /// `options[short_name][pattern]`, `exclude[concept_id][]`, `passes[0][pass]`, `sort_key[]`.
    #[must_use]
    pub fn set(mut self, name: &str, text: &str) -> Self {
        self.add(name, text);
        self
    }

    fn add(&mut self, name: &str, text: &str) {
        let bare = name.strip_suffix("[]").unwrap_or(name);
        if let Some(rest) = bare.strip_prefix("options[") {
            self.add_option(name, rest, text);
        } else if let Some(rest) = bare.strip_prefix("exclude[") {
            let of = rest.trim_end_matches(']');
            if EXCLUDABLE.contains(&of) {
                self.push(&format!("exclude[{of}][]"), text);
            } else {
                self.problem(name, format!("only {} can be left out", EXCLUDABLE.join(", ")));
            }
        } else if bare == "sort_key" {
            self.add_sort_key(text);
        } else if bare.starts_with("passes") && C::OF == GRANULES {
            self.add_pass(name, bare, text);
        } else if OURS.contains(&bare) {
            self.problem(name, "frazil sets it itself".to_owned());
        } else if bare == "doi" && C::OF == GRANULES {
            self.dois.push(text.to_owned());
        } else if bare == "cloud_hosted" && C::OF == GRANULES {
            match text {
                "true" | "false" => self.hosted = Some(text == "true"),
                _ => self.problem(name, format!("`{text}` is neither true nor false")),
            }
        } else {
            self.add_known(name, bare, text);
        }
    }

    fn add_known(&mut self, name: &str, bare: &str, text: &str) {
        let Some(parameter) = parameter(bare, C::OF) else {
            let message = unknown::<C>(bare);
            self.problem(name, message);
            return;
        };
        match written(parameter.holds, text) {
            Ok(text) => self.push(parameter.name, &text),
            Err(problems) => {
                for problem in problems {
                    self.problem(name, problem);
                }
            }
        }
        if !parameter.many && self.values.iter().filter(|(known, _)| known == parameter.name).count() > 1 {
            self.problem(name, "it can be given once only".to_owned());
        }
    }

    fn add_option(&mut self, name: &str, rest: &str, text: &str) {
        let rest = rest.trim_end_matches(']');
        let (of, option) = rest.split_once("][").unwrap_or((rest, ""));
        if parameter(of, C::OF).is_none() && !(of == "passes" && C::OF == GRANULES) {
            let message = unknown::<C>(of);
            self.problem(name, message);
        } else if !OPTIONS.contains(&option.to_ascii_lowercase().as_str()) {
            self.problem(name, format!("`{option}` is none of the options {}", OPTIONS.join(", ")));
        } else if !matches!(text, "true" | "false") {
            self.problem(name, format!("`{text}` is neither true nor false"));
        } else {
            self.push(&format!("options[{of}][{option}]"), text);
        }
    }

    /// A pass of a cycle, or its tiles: `passes[0][pass]`, `passes[0][tiles]`.
    fn add_pass(&mut self, name: &str, bare: &str, text: &str) {
        let parts = bare.strip_prefix("passes[").and_then(|rest| rest.strip_suffix(']'));
        let parts = parts.and_then(|rest| rest.split_once("][")).filter(|(index, _)| {
            !index.is_empty() && index.len() < 4 && index.bytes().all(|digit| digit.is_ascii_digit())
        });
        let wrong = match parts {
            Some((_, "pass")) if text.parse::<u32>().is_ok_and(|pass| pass > 0) => None,
            Some((_, "pass")) => Some(format!("`{text}` is no number of a pass: they begin with 1")),
            Some((_, "tiles")) if text.split(',').all(is_tile) => None,
            Some((_, "tiles")) => Some(format!("`{text}` is no list of tiles: write it as 1L,2R,3F")),
            _ => Some("a pass is written as passes[0][pass] and passes[0][tiles]".to_owned()),
        };
        match wrong {
            Some(problem) => self.problem(name, problem),
            None => self.push(bare, text),
        }
    }

    fn add_sort_key(&mut self, text: &str) {
        let key = text.strip_prefix(['-', '+']).unwrap_or(text);
        if sort_keys(C::OF).contains(&key) {
            self.push("sort_key[]", text);
        } else {
            let keys = sort_keys(C::OF).join(", ");
            self.problem("sort_key", format!("`{key}` is none of {keys}"));
        }
    }

    pub(crate) fn push(&mut self, name: &str, text: &str) {
        self.values.push((name.to_owned(), text.to_owned()));
    }

    fn problem(&mut self, name: &str, message: String) {
        self.problems.push(Problem { parameter: name.to_owned(), message });
    }

    /// Native ids, as the provider calls it.
    #[must_use]
    pub fn native_id(self, id: &str) -> Self {
        self.set("native_id", id)
    }

    /// Ids of the concept in CMR, such as `G2160242605-NSIDC_ECS`.
    #[must_use]
    pub fn concept_id(self, id: &str) -> Self {
        self.set("concept_id", id)
    }

    /// Who provides it, such as `NSIDC_CPRD`.
    #[must_use]
    pub fn provider(self, provider: &str) -> Self {
        self.set("provider", provider)
    }

    /// An option of a parameter: `pattern` for `*` and `?` in texts, `ignore_case`, `and`, `or`,
    /// `exclude_boundary`.
    #[must_use]
    pub fn option(self, parameter: &str, option: &str, on: bool) -> Self {
        let text = if on { "true" } else { "false" };
        self.set(&format!("options[{parameter}][{option}]"), text)
    }

    /// Sorts by a key; the greatest first with a `-` before it.
    #[must_use]
    pub fn sort_by(self, key: &str) -> Self {
        self.set("sort_key", key)
    }

    /// Leaves concepts out.
    #[must_use]
    pub fn exclude(self, parameter: &str, value: &str) -> Self {
        self.set(&format!("exclude[{parameter}][]"), value)
    }

    /// Everything that is wrong with the query.
    ///
    /// # Errors
    /// All problems at once.
    pub fn check(&self) -> Result<(), InvalidQuery> {
        let mut problems = self.problems.clone();
        if C::OF == GRANULES && self.dois.is_empty() && !self.names_something() {
            problems.push(Problem {
                parameter: "granules".to_owned(),
                message: format!("CMR does not look through all granules: name one of {}", NAMING.join(", ")),
            });
        }
        let passes = self.values.iter().any(|(name, _)| name.starts_with("passes["));
        if passes && self.values_of("cycle").count() != 1 {
            problems.push(Problem {
                parameter: "passes".to_owned(),
                message: "CMR looks for passes of one cycle: give `cycle` once".to_owned(),
            });
        }
        if problems.is_empty() { Ok(()) } else { Err(InvalidQuery(problems)) }
    }

    fn names_something(&self) -> bool {
        self.problems.iter().any(|problem| NAMING.contains(&problem.parameter.as_str()))
            || self.values.iter().any(|(name, _)| NAMING.contains(&name.as_str()))
    }

    /// The values of a parameter.
    pub(crate) fn values_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same query without a parameter.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.values.retain(|(known, _)| !names.contains(&known.as_str()));
        self
    }

    /// Names and values as they go out: a name with `[]` where it has several values, sorted by nothing, so
    /// that the order of what a person said stays.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let count = |name: &str| self.values.iter().filter(|(known, _)| known == name).count();
        let named = |name: &str| {
            if name.ends_with(']') || count(name) < 2 { name.to_owned() } else { format!("{name}[]") }
        };
        self.values.iter().map(|(name, value)| (named(name), value.clone())).collect()
    }

    /// The query as it goes out.
    pub(crate) fn form(&self, page_size: usize) -> Form {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.append_pair("page_size", &page_size.to_string()).extend_pairs(self.pairs());
        Form(text.finish())
    }
}

/// A query as text, `name=value&name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form(pub(crate) String);

impl Form {
    /// Whether it is too long for an address, which proxies and servers cut.
    pub(crate) fn is_long(&self) -> bool {
        self.0.len() > LONGEST_ADDRESS
    }
}

/// Says that there is no such parameter, with the nearest.
fn unknown<C: Concept>(name: &str) -> String {
    if PARAMETERS.iter().any(|parameter| parameter.name == name) {
        return format!("a search for {} has no such parameter", C::PATH);
    }
    let meant = OTHER_NAMES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    if let Some((_, meant)) = meant.filter(|(_, meant)| parameter(meant, C::OF).is_some()) {
        return format!("CMR has no such parameter; did you mean `{meant}`?");
    }
    let known = PARAMETERS.iter().filter(|parameter| parameter.of & C::OF != 0);
    let known = known.map(|parameter| parameter.name).chain(UNLISTED);
    let near = known.clone().map(|known| (strsim::damerau_levenshtein(known, name), known)).min();
    if let Some((_, near)) = near.filter(|(distance, _)| *distance <= 3) {
        return format!("CMR has no such parameter; did you mean `{near}`?");
    }
    let like = |one: &&str, other: &&str| {
        strsim::jaro_winkler(one, name).total_cmp(&strsim::jaro_winkler(other, name))
    };
    let near = known.max_by(like).unwrap_or_default();
    format!("CMR has no such parameter; the nearest is `{near}`")
}

/// A tile of a pass: a number and the side of the swath, left, right or full.
fn is_tile(text: &str) -> bool {
    let number = text.strip_suffix(['L', 'R', 'F']).unwrap_or_default();
    number.parse::<u32>().is_ok_and(|number| number > 0)
}

impl<C: Concept> Query<C> {
    pub(crate) fn place(mut self, shape: &Shape) -> Self {
        match shape.written() {
            Ok(text) => self.push(shape.parameter(), &text),
            Err(problems) => {
                for problem in problems {
                    self.problem(shape.parameter(), problem);
                }
            }
        }
        self
    }

    pub(crate) fn time(mut self, temporal: &Temporal) -> Self {
        let problems = temporal.problems();
        if problems.is_empty() {
            self.push("temporal", &temporal.written());
        }
        for problem in problems {
            self.problem("temporal", problem);
        }
        self
    }
}
