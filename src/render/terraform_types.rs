//! The variables that Terraform takes, with their types, from the declarations themselves.

use std::collections::BTreeMap;

use serde_json::Value;

/// A type of Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `string`, `number` or `bool`: Terraform turns one into another where it can.
    Scalar,
    /// `list(…)`.
    List(Box<Self>),
    /// `map(…)`: any keys.
    Map(Box<Self>),
    /// `object({…})`: these keys. Terraform drops others without a word.
    Object(BTreeMap<String, Self>),
}

impl Type {
    /// Whether a value is of this type, as far as its outside goes; `null` is of any.
    pub fn takes(&self, value: &Value) -> bool {
        match self {
            _ if value.is_null() => true,
            Self::Scalar => !value.is_array() && !value.is_object(),
            Self::List(_) => value.is_array(),
            Self::Map(_) | Self::Object(_) => value.is_object(),
        }
    }

    /// What it is, in words.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Scalar => "a text, a number or true or false",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "a mapping",
        }
    }
}

/// The variables that a file declares; what it cannot read it leaves out, and a test sees that nothing is.
pub fn declared(text: &str) -> BTreeMap<String, Type> {
    let mut tokens = Tokens { rest: text };
    let mut variables = BTreeMap::new();
    let mut name = None;
    while let Some(token) = tokens.next() {
        match token {
            "variable" => name = tokens.next().map(|quoted| quoted.trim_matches('"').to_owned()),
            "type" => {
                tokens.next();
                if let Some(kind) = tokens.kind() {
                    variables.extend(name.take().map(|name| (name, kind)));
                }
            }
            _ => {}
        }
    }
    variables
}

/// Words, quoted texts and single signs.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        while self.rest.starts_with('#') {
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let first = self.rest.chars().next()?;
        let length = match first {
            '"' => self.rest[1..].find('"').map_or(self.rest.len(), |end| end + 2),
            _ if word(first) => self.rest.find(|c| !word(c)).unwrap_or(self.rest.len()),
            _ => first.len_utf8(),
        };
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(token)
    }
}

impl Tokens<'_> {
    /// A type, up to its end.
    fn kind(&mut self) -> Option<Type> {
        Some(match self.next()? {
            "string" | "number" | "bool" => Type::Scalar,
            "list" => Type::List(Box::new(self.inner()?)),
            "map" => Type::Map(Box::new(self.inner()?)),
            "object" => {
                self.next()?;
                let fields = self.fields()?;
                self.next()?;
                Type::Object(fields)
            }
            _ => return None,
        })
    }

    /// What stands in round brackets.
    fn inner(&mut self) -> Option<Type> {
        self.next()?;
        let kind = self.kind()?;
        self.next()?;
        Some(kind)
    }

    fn fields(&mut self) -> Option<BTreeMap<String, Type>> {
        let mut fields = BTreeMap::new();
        self.next()?;
        loop {
            match self.next()? {
                "}" => return Some(fields),
                "," => {}
                name => {
                    let name = name.to_owned();
                    self.next()?;
                    fields.insert(name, self.kind()?);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::check_bytes;
    use crate::render::cluster::Cluster;
    use crate::render::{terraform_variables, variables};

    fn fits(kind: &Type, value: &Value, path: &str, wrong: &mut Vec<String>) {
        if !kind.takes(value) {
            wrong.push(format!("{path} is {value}"));
        }
        match (kind, value) {
            (Type::List(inner), Value::Array(items)) => {
                for item in items {
                    fits(inner, item, path, wrong);
                }
            }
            (Type::Map(inner), Value::Object(entries)) => {
                for (key, value) in entries {
                    fits(inner, value, &format!("{path}.{key}"), wrong);
                }
            }
            (Type::Object(fields), Value::Object(entries)) => {
                if fields.len() != entries.len() || entries.keys().any(|key| !fields.contains_key(key)) {
                    wrong.push(format!("{path} has {:?}", entries.keys().collect::<Vec<_>>()));
                }
                for (key, value) in entries {
                    if let Some(kind) = fields.get(key) {
                        fits(kind, value, &format!("{path}.{key}"), wrong);
                    }
                }
            }
            _ => {}
        }
    }

    #[test]
    fn what_is_rendered_is_what_is_declared() {
        for text in [
            include_str!("../../examples/every-key.yaml"),
            include_str!("../../examples/hackweek-aws.yaml"),
            include_str!("../../examples/gateway-gcp.yaml"),
        ] {
            let day = jiff::civil::date(2026, 11, 2);
            let checked = check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), day);
            let hub = checked.document.unwrap().hub;
            let declared = terraform_variables(&hub.provider).unwrap();
            let mut wrong = Vec::new();
            let variables = variables(&Cluster::new(&hub).unwrap()).unwrap();
            fits(&Type::Object(declared), &variables, &hub.name.to_string(), &mut wrong);
            assert_eq!(wrong, Vec::<String>::new());
        }
    }

    #[test]
    fn types_nest() {
        let text = "variable \"a\" {\n  type = map(object({\n    b = list(string), # c\n    d = object({ e = bool })\n  }))\n}\n";
        let declared = declared(text);
        let Type::Map(object) = &declared["a"] else { panic!("{declared:?}") };
        let Type::Object(fields) = object.as_ref() else { panic!("{object:?}") };
        assert_eq!(fields["b"], Type::List(Box::new(Type::Scalar)));
        assert!(matches!(&fields["d"], Type::Object(inner) if inner.contains_key("e")));
    }
}
