//! What a template may say: checked when frazil is built, against a context with everything filled in.
//!
//! Handlebars' strict mode lets a misspelt name pass in `{{#if}}` and the like
//! (sunng87/handlebars-rust#579), and a bare `{{name}}` would write what a person
//! typed without quotes. Here both are errors.

use handlebars::Template;
use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use serde_json::Value;

/// Helpers that write a value, each quoted for one language.
pub(crate) const QUOTES: [&str; 6] = ["hcl", "html", "line", "markup", "python", "word"];
/// Block helpers that choose structure.
const BLOCKS: [&str; 3] = ["if", "unless", "each"];

/// Everything that is wrong with a template.
pub(crate) fn lint(template: &Template, context: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    walk(template, &[context], &mut problems);
    problems
}

/// Visits a template; the innermost context is the last.
fn walk(template: &Template, contexts: &[&Value], problems: &mut Vec<String>) {
    for element in &template.elements {
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
            TemplateElement::Expression(helper) => expression(helper, contexts, problems),
            TemplateElement::HelperBlock(block) => block_of(block, contexts, problems),
            other => problems.push(format!("not allowed here: {other:?}")),
        }
    }
}

fn expression(helper: &HelperTemplate, contexts: &[&Value], problems: &mut Vec<String>) {
    let name = helper.name.as_name().unwrap_or_default();
    if !QUOTES.contains(&name) || helper.params.len() != 1 {
        problems.push(format!("`{name}` is written without one of: {}", QUOTES.join(", ")));
    }
    for param in &helper.params {
        find(param, contexts, problems);
    }
}

fn block_of(block: &HelperTemplate, contexts: &[&Value], problems: &mut Vec<String>) {
    let name = block.name.as_name().unwrap_or_default();
    let (true, [param], true) = (BLOCKS.contains(&name), &block.params[..], block.block_param.is_none())
    else {
        problems.push(format!("the block `{name}` is none of: {}", BLOCKS.join(", ")));
        return;
    };
    let Some(value) = find(param, contexts, problems) else { return };
    let mut inner = contexts.to_vec();
    if name == "each" {
        match value.as_array().and_then(|items| items.first()) {
            Some(first) => inner.push(first),
            None => return problems.push(format!("`each` goes over `{value}`: no list with an entry")),
        }
    }
    block.template.iter().for_each(|template| walk(template, &inner, problems));
    block.inverse.iter().for_each(|template| walk(template, contexts, problems));
}

/// The value of a path in the innermost context.
fn find<'a>(param: &Parameter, contexts: &[&'a Value], problems: &mut Vec<String>) -> Option<&'a Value> {
    let Some(path) = param.as_name() else {
        problems.push(format!("no path: {param:?}"));
        return None;
    };
    let context = contexts.last()?;
    if path == "this" {
        return Some(context);
    }
    let found = path.split('.').try_fold(*context, |value, key| value.get(key));
    if found.is_none() {
        problems.push(format!("`{path}` is not in the context"));
    }
    found
}
