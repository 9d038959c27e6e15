//! A page in words: headings, sentences, tables and charts, in the order in which they are read.

mod money;
mod people;
mod time;

use frazil_units::Amount;
use serde::Serialize;

use super::charts::{Chart, ChartError};
use super::page::{Chapter, Page};
use super::words::{amount, counted, days_between, decimals, long, percent, plain, range};

/// A whole page as its template reads it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct View {
    pub(super) title: String,
    /// Above the chapters, where there are several.
    pub(super) heading: String,
    pub(super) chapters: Vec<ChapterView>,
    pub(super) made: String,
}

/// A chapter.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ChapterView {
    pub(super) id: String,
    /// Whether the chapter is one of several.
    pub(super) deep: bool,
    pub(super) heading: String,
    pub(super) kicker: String,
    pub(super) amount: String,
    pub(super) currency: String,
    pub(super) lead: String,
    pub(super) facts: Vec<Fact>,
    pub(super) contents: Vec<Link>,
    pub(super) sections: Vec<Section>,
}

/// A number that says much, and what it is.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fact {
    pub(super) what: String,
    pub(super) value: String,
}

/// A way to a section.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Link {
    pub(super) to: String,
    pub(super) text: String,
}

/// A section.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Section {
    pub(super) id: String,
    pub(super) deep: bool,
    pub(super) heading: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) figures: Vec<Figure>,
    pub(super) tables: Vec<TableView>,
    pub(super) notes: Vec<String>,
}

/// A chart with its legend and the words below it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) chart: Chart,
    pub(super) legend: Vec<Entry>,
    pub(super) caption: String,
}

/// An entry of a legend.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    /// A class of the page's style.
    pub(super) mark: &'static str,
    pub(super) text: String,
}

/// A table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TableView {
    pub(super) caption: String,
    /// Whether it has many narrow columns.
    pub(super) dense: bool,
    pub(super) columns: Vec<Cell>,
    pub(super) rows: Vec<RowView>,
}

/// A cell.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cell {
    pub(super) text: String,
    /// Whether it is a number, which stands at the right.
    pub(super) number: bool,
}

/// A row.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RowView {
    pub(super) head: String,
    pub(super) cells: Vec<Cell>,
    /// Whether it is the sum of the others.
    pub(super) total: bool,
    /// Whether it is nobody's.
    pub(super) apart: bool,
}

/// Marks of legends, by the colours of charts.
const MARKS: [&str; 4] = ["s1", "s2", "s3", "s4"];
/// Rows of a table that shows the largest.
const TOP: usize = 10;

impl TableView {
    /// A table whose first column is of words and whose others are of numbers.
    fn new(caption: impl Into<String>, first: &str, numbers: &[&str]) -> Self {
        let column = |text: &str, number| Cell { text: text.to_owned(), number };
        let columns = std::iter::once(column(first, false))
            .chain(numbers.iter().map(|text| column(text, true)))
            .collect();
        Self { caption: caption.into(), dense: false, columns, rows: Vec::new() }
    }

    /// Adds a row.
    fn row(&mut self, head: impl Into<String>, cells: impl IntoIterator<Item = String>) -> &mut RowView {
        let cells = cells.into_iter().map(|text| Cell { text, number: true }).collect();
        self.rows.push(RowView { head: head.into(), cells, total: false, apart: false });
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }
}

/// A chapter while it is put into words.
struct Writer<'a> {
    chapter: &'a Chapter,
    zone: &'a str,
    id: String,
    deep: bool,
    decimals: u32,
}

/// A page in words.
///
/// # Errors
/// When a chart cannot be drawn.
pub(super) fn view(page: &Page) -> Result<View, ChartError> {
    let deep = page.chapters.len() > 1;
    let mut chapters = Vec::new();
    for (number, chapter) in (1..).zip(&page.chapters) {
        let writer = Writer {
            chapter,
            zone: &page.zone,
            id: format!("c{number}"),
            deep,
            decimals: decimals(chapter.total),
        };
        chapters.push(writer.chapter()?);
    }
    let title = match page.chapters.as_slice() {
        [only] => format!("What {} cost, {}", plain(only.name()), range(only.days.0, only.days.1)),
        several => {
            let names: Vec<_> = several.iter().map(|chapter| plain(chapter.name())).collect();
            format!("What {} cost", names.join(", "))
        }
    };
    let heading = if deep { title.clone() } else { String::new() };
    Ok(View { title, heading, chapters, made: long(page.made) })
}

impl Writer<'_> {
    fn chapter(&self) -> Result<ChapterView, ChartError> {
        let chapter = self.chapter;
        let sections = [
            self.budget()?,
            self.by_day()?,
            self.components()?,
            self.estimate()?,
            self.people()?,
            self.egress(),
            self.nodes()?,
            self.nights()?,
            Some(self.about()),
        ];
        let sections: Vec<_> = sections.into_iter().flatten().collect();
        let link = |section: &Section| Link { to: section.id.clone(), text: section.heading.clone() };
        let place =
            chapter.place.as_deref().map_or_else(String::new, |place| format!(" on {}", plain(place)));
        let (from, to) = chapter.days;
        let days = counted(days_between(from, to), "day", "days");
        Ok(ChapterView {
            id: self.id.clone(),
            deep: self.deep,
            heading: plain(chapter.name()),
            kicker: match (&chapter.of, &chapter.event) {
                (Some(person), _) => format!("What {} had", plain(person)),
                (None, Some(event)) => format!("Event of {}", range(event.from, event.to)),
                (None, None) => "What it cost".to_owned(),
            },
            amount: self.money(chapter.total),
            currency: chapter.currency.clone(),
            lead: format!("billed for {days}, {}{place}", range(from, to)),
            facts: self.facts(),
            contents: sections.iter().map(link).collect(),
            sections,
        })
    }

    fn money(&self, value: Amount) -> String {
        amount(value, self.decimals)
    }

    /// An amount with its currency.
    fn full(&self, value: Amount) -> String {
        format!("{} {}", self.money(value), self.chapter.currency)
    }

    fn share(&self, value: Amount) -> String {
        percent(value, self.chapter.total)
    }

    fn id(&self, name: &str) -> String {
        format!("{}-{name}", self.id)
    }

    fn section(&self, name: &str, heading: &str) -> Section {
        Section { id: self.id(name), deep: self.deep, heading: heading.to_owned(), ..Section::default() }
    }

    fn facts(&self) -> Vec<Fact> {
        let chapter = self.chapter;
        let over = |count: usize| {
            let count = i128::try_from(count).ok()?;
            chapter.total.ratio(1, count).map(|amount| self.full(amount))
        };
        let mut facts = Vec::new();
        let mut add = |what: String, value: Option<String>| {
            facts.extend(value.map(|value| Fact { what, value }));
        };
        let people = chapter.people.len();
        if people > 0 && chapter.of.is_none() {
            add(format!("a person, of {}", counted(people, "person", "people")), over(people));
        }
        let (from, to) = chapter.days;
        add("a day".to_owned(), over(days_between(from, to)));
        if let Some(budget) = &chapter.budget {
            add("of the budget is spent".to_owned(), Some(percent(budget.spent, budget.total)));
        }
        let idle: Amount = chapter.components.iter().map(|sum| sum.idle).sum();
        if idle > Amount::ZERO {
            add("was idle".to_owned(), Some(self.share(idle)));
        }
        facts
    }

    fn about(&self) -> Section {
        let mut section = self.section("about", "About these numbers");
        section.paragraphs.push(
            "Amounts are what the cloud billed, divided by what people’s pods requested. They are exact to the last \
             decimal and rounded only where they are shown; days, purposes and people each add up to the total. Days \
             of bills are in UTC."
                .to_owned(),
        );
        if !self.chapter.bills.is_empty() {
            section.paragraphs.push(format!("Bills: {}.", self.chapter.bills.join("; ")));
        }
        section.notes = self.chapter.notes.iter().map(|note| plain(note)).collect();
        section
    }
}
