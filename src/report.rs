//! A page for who organizes and who pays: what a hub cost, of whom, on which days, beside what was estimated, and
//! what ran at night. Pure: a [`Page`] in, HTML or data out. The page is one file that asks nobody for anything.

mod charts;
mod data;
mod history;
mod html;
mod page;
mod people;
mod sections;
mod spans;
mod words;

pub use data::data;
pub use history::history;
pub use html::{Live, MonthLink, Notice, TemplateError, html, live, notice, policy};
pub use page::{
    Budget, Chapter, DaySum, EgressRow, Estimate, EstimateRow, Event, Night, NightLife, Nights, NodeDay,
    Nodes, Page, PageError, PersonSum, PoolSum, Sum,
};
pub use people::{Naming, Register};
pub use spans::{Clock, History, NIGHT, NodeSpan, PodKind, PodSpan, Span, nights, nodes};
pub use words::days_between;
