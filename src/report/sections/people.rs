//! Sections of people, and of bytes that left.

use frazil_units::Amount;

use super::{Figure, Section, TOP, TableView, Writer};
use crate::report::charts::{Bar, ChartError, Told, bars};
use crate::report::page::{EgressRow, PersonSum};
use crate::report::words::{apart, bytes, counted, plain};

impl Writer<'_> {
    /// What each person had, the ten with most as bars.
    pub(super) fn people(&self) -> Result<Option<Section>, ChartError> {
        let chapter = self.chapter;
        if chapter.of.is_some() || (chapter.people.is_empty() && chapter.apart.is_empty()) {
            return Ok(None);
        }
        let mut section = self.section("people", "Per person");
        let sum: Amount = chapter.people.iter().map(|person| person.amount).sum();
        let count = chapter.people.len();
        if count == 0 {
            section.paragraphs.push(
                "Nothing is known of people: neither the bills nor the ledger tell whose pods and homes there were."
                    .to_owned(),
            );
        } else {
            section.paragraphs.push(self.people_lead(sum, count));
            let top: Vec<_> = chapter.people.iter().take(TOP).collect();
            let bar = |person: &&PersonSum| Bar {
                name: plain(&person.name),
                value: person.amount.as_f64(),
                text: self.money(person.amount),
            };
            let title = if count > TOP {
                format!("{} of the ten people with most", chapter.currency)
            } else {
                format!("{} by person", chapter.currency)
            };
            let told = Told {
                id: &self.id("people-chart"),
                title: &title,
                description: "A bar for each person, the longest first. The table below has the same numbers.",
            };
            let chart = bars(told, &top.iter().map(bar).collect::<Vec<_>>())?;
            section.figures.push(Figure { chart, legend: Vec::new(), caption: title });
        }
        section.tables.push(self.everyone());
        Ok(Some(section))
    }

    fn people_lead(&self, sum: Amount, count: usize) -> String {
        let chapter = self.chapter;
        let mean = i128::try_from(count).ok().and_then(|count| sum.ratio(1, count));
        let mean = mean.map_or_else(String::new, |mean| format!(" or {} each,", self.full(mean)));
        let mut lead = format!(
            "{} had {} of their own,{mean} {} of the total.",
            counted(count, "person", "people"),
            self.full(sum),
            self.share(sum)
        );
        if count > TOP {
            let top: Amount = chapter.people.iter().take(TOP).map(|person| person.amount).sum();
            lead += &format!(" The ten with most had {}.", self.share(top));
        }
        lead
    }

    fn everyone(&self) -> TableView {
        let chapter = self.chapter;
        let caption = format!("{} of everybody, and what is nobody’s", chapter.currency);
        let mut table = TableView::new(caption, "Person", &["days", &chapter.currency, "share"]);
        for person in &chapter.people {
            let cells = [person.days.to_string(), self.money(person.amount), self.share(person.amount)];
            table.row(plain(&person.name), cells);
        }
        for sum in &chapter.apart {
            let cells = [String::new(), self.money(sum.amount), self.share(sum.amount)];
            table.row(apart(&sum.name), cells).apart = true;
        }
        let total = [String::new(), self.money(chapter.total), self.share(chapter.total)];
        table.row("Total", total).total = true;
        table
    }

    /// Bytes that moved, by way and meter.
    pub(super) fn egress(&self) -> Option<Section> {
        let rows = &self.chapter.egress;
        if rows.is_empty() {
            return None;
        }
        let mut section = self.section("egress", "Bytes that moved");
        section.paragraphs.push(
            "Three meters count what moved: the bill, the cluster’s network, and the program that read the data. Of the \
             way “all” counters of people’s servers and Dask workers tell, which know no ways. A dash says that a meter \
             cannot know, or was not asked. What the bill asks is part of the total."
                .to_owned(),
        );
        let heads = ["by the bill", "by the cluster", "by the client", &self.chapter.currency];
        let mut table = TableView::new("Bytes that moved, by way", "Way", &heads);
        let dash = || "–".to_owned();
        for row in rows {
            let counts = [row.bill_bytes, row.cluster_bytes, row.client_bytes];
            let cells = counts.map(|count| count.map_or_else(dash, bytes)).into_iter();
            let cost = row.bill_cost.map_or_else(dash, |cost| self.money(cost));
            table.row(plain(&row.way), cells.chain([cost]));
        }
        let costs: Amount = rows.iter().filter_map(|row| row.bill_cost).sum();
        let blank = [String::new(), String::new(), String::new(), self.money(costs)];
        table.row("Total", blank).total = true;
        section.tables.push(table);
        let note =
            |row: &EgressRow| row.note.as_ref().map(|note| format!("{}: {}", plain(&row.way), plain(note)));
        section.notes = rows.iter().filter_map(note).collect();
        Some(section)
    }
}
