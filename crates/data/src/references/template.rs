//! Templates of Kerchunk: the part of Jinja2 that references use. `{{u}}` is a template or a number,
//! `{{f(c='text')}}` a template with its own names, `{{(i + 1) * 1000}}` is reckoned.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::{Map, Value};

/// Bytes of a text that templates make, and how deep templates may use each other.
const LONGEST: usize = 64 << 10;
const DEEPEST: u32 = 16;

/// Templates that one text uses, by way of others too: each of few that use each other twice doubles them.
const MOST_USED: u32 = 1000;

/// Numbers by their names.
pub(super) type Scope = HashMap<String, i64>;

/// Templates by their names.
#[derive(Debug)]
pub(super) struct Templates(HashMap<String, String>);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
enum Term {
    Number(i64),
    Text(String),
}

impl Templates {
    pub(super) fn new(templates: &Map<String, Value>) -> Result<Self, String> {
        let texts = templates.iter().map(|(name, text)| {
            let text = text.as_str().ok_or_else(|| format!("the template `{name}` is no text"))?;
            Ok((name.clone(), text.to_owned()))
        });
        texts.collect::<Result<_, String>>().map(Self)
    }

    /// Whether a text that stands for itself may use templates: only where there are some.
    pub(super) fn are_used_in(&self, text: &str) -> bool {
        !self.0.is_empty() && text.contains("{{")
    }

    /// A text with all that stands in double braces replaced.
    pub(super) fn filled(&self, text: &str, scope: &Scope) -> Result<String, String> {
        let names = scope.iter().map(|(name, number)| (name.clone(), Term::Number(*number))).collect();
        self.fill(text, &names, 0, &Cell::new(0))
    }

    fn fill(
        &self,
        text: &str,
        names: &HashMap<String, Term>,
        depth: u32,
        used: &Cell<u32>,
    ) -> Result<String, String> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        if depth > DEEPEST {
            return Err("templates use each other too deeply".to_owned());
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let (inside, behind) =
                behind.split_once("}}").ok_or_else(|| format!("`{text}` has braces that stay open"))?;
            out.push_str(before);
            let term = Parser { templates: self, names, rest: inside, depth, used }.whole();
            match term.map_err(|what| format!("`{inside}`: {what}"))? {
                Term::Number(number) => out.push_str(&number.to_string()),
                Term::Text(text) => out.push_str(&text),
            }
            if out.len() > LONGEST {
                return Err("a template becomes too long".to_owned());
            }
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// What is still to be read of an expression.
struct Parser<'a> {
    templates: &'a Templates,
    names: &'a HashMap<String, Term>,
    rest: &'a str,
    depth: u32,
    used: &'a Cell<u32>,
}

impl Parser<'_> {
    fn whole(mut self) -> Result<Term, String> {
        let term = self.sum(0)?;
        self.space();
        if self.rest.is_empty() { Ok(term) } else { Err(format!("`{}` is not understood", self.rest)) }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest.strip_prefix(token);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn sum(&mut self, level: u32) -> Result<Term, String> {
        if level > DEEPEST {
            return Err("braces lie too deep in each other".to_owned());
        }
        let mut left = self.product(level)?;
        loop {
            let calculate: fn(i64, i64) -> Option<i64> = if self.takes("+") {
                i64::checked_add
            } else if self.takes("-") {
                i64::checked_sub
            } else {
                return Ok(left);
            };
            let right = self.product(level)?;
            left = calculated(&left, &right, calculate)?;
        }
    }

    fn product(&mut self, level: u32) -> Result<Term, String> {
        let mut left = self.factor(level)?;
        loop {
            let calculate: fn(i64, i64) -> Option<i64> = if self.takes("*") {
                i64::checked_mul
            } else if self.takes("//") {
                i64::checked_div_euclid
            } else if self.takes("%") {
                i64::checked_rem_euclid
            } else {
                return Ok(left);
            };
            let right = self.factor(level)?;
            left = calculated(&left, &right, calculate)?;
        }
    }

    fn factor(&mut self, level: u32) -> Result<Term, String> {
        if self.takes("(") {
            let inside = self.sum(level + 1)?;
            return if self.takes(")") { Ok(inside) } else { Err("a brace stays open".to_owned()) };
        }
        self.space();
        for quote in ['\'', '"'] {
            if let Some(text) = self.rest.strip_prefix(quote) {
                let (inside, behind) = text.split_once(quote).ok_or("a quote stays open")?;
                self.rest = behind;
                return Ok(Term::Text(inside.to_owned()));
            }
        }
        let end = self
            .rest
            .find(|character: char| !character.is_alphanumeric() && character != '_')
            .unwrap_or(self.rest.len());
        let (word, behind) = self.rest.split_at(end);
        self.rest = behind;
        if word.starts_with(|character: char| character.is_ascii_digit()) {
            return word.parse().map(Term::Number).map_err(|_| format!("`{word}` is no number"));
        }
        if let Some(term) = self.names.get(word) {
            return Ok(term.clone());
        }
        let template = self.templates.0.get(word).ok_or_else(|| format!("there is no template `{word}`"))?;
        let given = if self.takes("(") { self.given(level)? } else { HashMap::new() };
        self.used.set(self.used.get() + 1);
        if self.used.get() > MOST_USED {
            return Err(format!("more than {MOST_USED} templates are used"));
        }
        self.templates.fill(template, &given, self.depth + 1, self.used).map(Term::Text)
    }

    /// `name=value, …)`
    fn given(&mut self, level: u32) -> Result<HashMap<String, Term>, String> {
        let mut given = HashMap::new();
        while !self.takes(")") {
            let (name, behind) = self.rest.split_once('=').ok_or("a name without a value")?;
            self.rest = behind;
            given.insert(name.trim().to_owned(), self.sum(level + 1)?);
            if !self.takes(",") && !self.rest.trim_start().starts_with(')') {
                return Err("a brace stays open".to_owned());
            }
        }
        Ok(given)
    }
}

fn calculated(left: &Term, right: &Term, calculate: fn(i64, i64) -> Option<i64>) -> Result<Term, String> {
    match (left, right) {
        (Term::Number(left), Term::Number(right)) => {
            calculate(*left, *right).map(Term::Number).ok_or_else(|| "a number becomes too large".to_owned())
        }
        _ => Err("texts cannot be reckoned with".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_reckoned() {
        let templates =
            Templates::new(json!({"u": "a{{b}}", "b": "c", "f": "<{{x}}>"}).as_object().unwrap()).unwrap();
        let scope = Scope::from([("i".to_owned(), 7)]);
        let filled = |text: &str| templates.filled(text, &scope);
        assert_eq!(filled("{{u}}/{{i}}").unwrap(), "ac/7");
        assert_eq!(filled("{{ (i + 1) * 1000 - 2*i }}").unwrap(), "7986");
        assert_eq!(filled("{{i // 2}} {{ i % 4 }}").unwrap(), "3 3");
        assert_eq!(filled("{{f(x=i)}}{{ f( x = 'y' ) }}").unwrap(), "<7><y>");
        for wrong in [
            "{{",
            "{{i",
            "{{x}}",
            "{{i +}}",
            "{{i / 0}}",
            "{{i // 0}}",
            "{{((((((((((((((((((1))))))))))))))))))}}",
            "{{'a' + 1}}",
            "{{f(x=1}}",
            "{{9999999999 * 9999999999}}",
        ] {
            assert!(filled(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn templates_cannot_grow_without_end() {
        let templates =
            Templates::new(json!({"a": "{{a}}{{a}}", "b": "{{c}}", "c": "{{b}}"}).as_object().unwrap())
                .unwrap();
        assert!(templates.filled("{{b}}", &Scope::default()).is_err());
        assert!(templates.filled("{{a}}", &Scope::default()).is_err());
    }

    #[test]
    fn templates_that_become_nothing_end_too() {
        let mut templates = Map::from_iter([("t15".to_owned(), json!(""))]);
        templates.extend(
            (0..15).map(|depth| (format!("t{depth}"), json!(format!("{{{{t{}}}}}", depth + 1).repeat(50)))),
        );
        let wrong = Templates::new(&templates).unwrap().filled("{{t0}}", &Scope::default()).unwrap_err();
        assert!(wrong.contains("more than 1000 templates"), "{wrong}");
    }
}
