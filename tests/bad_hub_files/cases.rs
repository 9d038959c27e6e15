//! The bad files, by theme.

mod amounts;
mod kinds;
mod references;
mod unknown_keys;
mod unreadable;

/// A file, the place and rule of a problem, and words its message or help must have.
pub(crate) struct Case {
    pub name: &'static str,
    pub content: Content,
    pub at: Option<(u64, u64)>,
    pub rule: &'static str,
    pub words: &'static str,
}

pub(crate) enum Content {
    Text(&'static str),
    /// A good file with one more line; the problem is in line 3.
    Line(&'static str),
    Made(fn() -> Vec<u8>),
}

pub(crate) const GOOD: &str = "name: lab\nprovider: local\n";

/// All cases.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [unreadable::CASES, unknown_keys::CASES, amounts::CASES, kinds::CASES, references::CASES]
        .into_iter()
        .flatten()
}

impl Case {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self.content {
            Content::Text(text) => text.into(),
            Content::Line(line) => with(line).into(),
            Content::Made(make) => make(),
        }
    }
}

/// A good file with one more line.
pub(crate) fn with(line: &str) -> String {
    format!("{GOOD}{line}\n")
}

type Words = &'static str;

const fn case(name: Words, text: Words, at: (u64, u64), rule: Words, words: Words) -> Case {
    Case { name, content: Content::Text(text), at: Some(at), rule, words }
}

const fn line(name: Words, line: Words, at: (u64, u64), rule: Words, words: Words) -> Case {
    Case { name, content: Content::Line(line), at: Some(at), rule, words }
}

const fn made(name: Words, make: fn() -> Vec<u8>, at: (u64, u64), rule: Words, words: Words) -> Case {
    Case { name, content: Content::Made(make), at: Some(at), rule, words }
}

const fn whole(name: Words, text: Words, rule: Words, words: Words) -> Case {
    Case { name, content: Content::Text(text), at: None, rule, words }
}

const fn made_whole(name: Words, make: fn() -> Vec<u8>, rule: Words, words: Words) -> Case {
    Case { name, content: Content::Made(make), at: None, rule, words }
}

fn bomb() -> Vec<u8> {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let aliases = vec![below; 10].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    text.into_bytes()
}
