//! Reports that come in parts: each is written as it comes, so that memory holds one, however many follow.

use serde_json::{Map, Value};

use super::printer::{Format, Printer, document, json_text, yaml_text};
use super::table::Table;
use super::{Features, Report};
use crate::error::{Error, Result};

/// A part of a report: what it tells of the whole is the same in all parts, its rows are its own.
pub trait Part: Report {
    /// The rows for people.
    fn rows(&self, wide: bool) -> Table;
}

/// Writes parts as one report in the form that was asked for. What is written is, byte for byte, what the report as one
/// would be; only columns of tables may be wider from a part on.
pub struct Parts<'a> {
    printer: &'a Printer,
    /// Whether something was written.
    begun: bool,
    /// Whether there were elements: rows, items, features.
    filled: bool,
    /// How wide the columns were so far.
    widths: Vec<usize>,
    /// Whether the reader is still there.
    heard: bool,
}

/// The element of a document that its parts add to, which is its last.
struct Growing {
    document: Map<String, Value>,
    key: &'static str,
    elements: Vec<Value>,
}

impl Growing {
    fn of(document: Value, key: &'static str) -> Self {
        let Value::Object(mut document) = document else {
            return Self { document: Map::new(), key, elements: Vec::new() };
        };
        let elements = match document.shift_remove(key) {
            Some(Value::Array(elements)) => elements,
            _ => Vec::new(),
        };
        Self { document, key, elements }
    }

    /// The document up to its elements, as JSON.
    fn head(&self) -> Result<String> {
        let head = json_text(&Value::Object(self.document.clone()))?;
        Ok(format!("{},\n  \"{}\": [", head.trim_end_matches(['\n', '}']), self.key))
    }
}

impl<'a> Parts<'a> {
    pub(super) fn new(printer: &'a Printer) -> Self {
        Self { printer, begun: false, filled: false, widths: Vec::new(), heard: true }
    }

    /// Writes a part; returns whether it arrived: a reader that went away (a broken pipe) is no error.
    ///
    /// # Errors
    /// When the report has no such form or standard output cannot be written.
    pub fn add(&mut self, part: &dyn Part) -> Result<bool> {
        let text = match self.printer.format {
            Format::Table => self.table(part, false),
            Format::Wide => self.table(part, true),
            Format::Json => self.json(&Growing::of(document(part), "items"))?,
            Format::Yaml => self.yaml(Growing::of(document(part), "items"))?,
            Format::Csv => self.csv(part)?,
            Format::Geojson => self.features(part, Features::Geojson)?,
            Format::Stac => self.features(part, Features::Stac)?,
            Format::Prometheus => {
                return Err(Error::usage("this verb has no metrics for `-o prometheus`"));
            }
        };
        self.begun = true;
        self.heard = self.heard && Printer::written(&text)?;
        Ok(self.heard)
    }

    /// Ends the report, for people with a last line.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn end(self, last: &str) -> Result<bool> {
        Ok(self.heard && Printer::written(self.ending(last))?)
    }

    fn ending<'b>(&self, last: &'b str) -> &'b str {
        match self.printer.format {
            Format::Table | Format::Wide => last,
            Format::Json | Format::Geojson | Format::Stac if self.filled => "\n  ]\n}\n",
            Format::Json | Format::Geojson | Format::Stac => "]\n}\n",
            Format::Yaml if !self.filled => "items: []\n",
            Format::Yaml | Format::Csv | Format::Prometheus => "",
        }
    }

    fn table(&mut self, part: &dyn Part, wide: bool) -> String {
        let table = part.rows(wide);
        if table.is_empty() {
            return String::new();
        }
        let text = if self.filled { table.continued(&self.widths) } else { table.render(self.printer.width) };
        self.filled = true;
        self.widths = table.widths(&self.widths);
        text
    }

    fn csv(&self, part: &dyn Part) -> Result<String> {
        let table = part.table().ok_or_else(|| Error::usage("this verb has no rows for `-o csv`"))?;
        let whole = table.csv();
        Ok(match whole.split_once("\r\n") {
            Some((_, rows)) if self.begun => rows.to_owned(),
            _ => whole,
        })
    }

    fn features(&mut self, part: &dyn Part, form: Features) -> Result<String> {
        let found = part.features(form);
        let none = || Error::usage("this verb has no features for `-o geojson` and `-o stac`");
        self.json(&Growing::of(found.ok_or_else(none)?, "features"))
    }

    fn json(&mut self, part: &Growing) -> Result<String> {
        let mut text = if self.begun { String::new() } else { part.head()? };
        for element in &part.elements {
            let comma = if self.filled { "," } else { "" };
            self.filled = true;
            text += &format!("{comma}\n    {}", json_text(element)?.replace('\n', "\n    "));
        }
        Ok(text)
    }

    fn yaml(&mut self, part: Growing) -> Result<String> {
        let mut text =
            if self.begun { String::new() } else { yaml_text(&Value::Object(part.document.clone()))? };
        if part.elements.is_empty() {
            return Ok(text);
        }
        let mut list = Map::new();
        list.insert(part.key.to_owned(), part.elements.into());
        let list = yaml_text(&Value::Object(list))?;
        text += match list.split_once('\n') {
            Some((_, elements)) if self.filled => elements,
            _ => &list,
        };
        self.filled = true;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::view::{Align, Layout};

    struct Numbers(std::ops::Range<u32>);

    impl Report for Numbers {
        fn schema(&self) -> &'static str {
            "frazil.numbers/v1"
        }

        fn data(&self) -> Value {
            let items: Vec<Value> =
                self.0.clone().map(|number| json!({"number": number, "nested": [{"a\n": "b: c"}]})).collect();
            json!({ "matched": 9, "items": items })
        }

        fn text(&self, _: Layout) -> String {
            String::new()
        }

        fn table(&self) -> Option<Table> {
            Some(self.rows(true))
        }

        fn features(&self, _: Features) -> Option<Value> {
            let features: Vec<Value> = self.0.clone().map(|number| json!({ "id": number })).collect();
            Some(json!({ "type": "FeatureCollection", "features": features }))
        }
    }

    impl Part for Numbers {
        fn rows(&self, _: bool) -> Table {
            let mut table = Table::new([("number", Align::Right), ("word", Align::Left)]);
            for number in self.0.clone() {
                table.row([number.to_string(), "x".repeat(number as usize)]);
            }
            table
        }
    }

    /// What parts come to, and what the report is as one.
    fn both(format: Format, parts: &[Numbers], whole: &Numbers) -> (String, String) {
        let printer = Printer { format, quiet: true, moving: false, width: None };
        let mut writer = Parts::new(&printer);
        let mut text = String::new();
        for part in parts {
            text += &match format {
                Format::Json => writer.json(&Growing::of(document(part), "items")),
                Format::Yaml => writer.yaml(Growing::of(document(part), "items")),
                Format::Csv => writer.csv(part),
                Format::Geojson => writer.features(part, Features::Geojson),
                _ => Ok(writer.table(part, false)),
            }
            .unwrap();
            writer.begun = true;
        }
        text += writer.ending("");
        (text, printer.text(whole).unwrap())
    }

    #[test]
    fn parts_are_as_the_report_as_one() {
        for format in [Format::Json, Format::Yaml, Format::Csv, Format::Geojson] {
            let (parts, whole) =
                both(format, &[Numbers(0..2), Numbers(2..2), Numbers(2..5), Numbers(5..6)], &Numbers(0..6));
            assert_eq!(parts.trim_end(), whole.trim_end(), "{format:?}");
            let (none, whole) = both(format, &[Numbers(0..0)], &Numbers(0..0));
            assert_eq!(none.trim_end(), whole.trim_end(), "{format:?}");
        }
    }

    #[test]
    fn columns_stay_where_they_are_and_grow_where_they_must() {
        let (text, _) = both(Format::Table, &[Numbers(8..9), Numbers(1..3), Numbers(12..13)], &Numbers(0..0));
        let wanted = "NUMBER  WORD\n     8  xxxxxxxx\n     1  x\n     2  xx\n    12  xxxxxxxxxxxx\n";
        assert_eq!(text, wanted);
    }
}
