//! `frazil report`: a page for who organizes and who pays.

mod budget;
mod estimate;
mod gather;
mod own;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use self::gather::Found;
pub(super) use self::gather::When;
use super::ledger::existing;
use super::{Run, load};
use crate::cli::ReportArgs;
use crate::config::HubFile;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::outcome::Outcome;
use crate::render::write_changed;
use crate::report::{Clock, Naming, Page, Register, data, html, nights, nodes};
use crate::view::{Layout, Printer, Report};

/// The hub file that is meant where none is named.
const USUAL: &str = "hub.yaml";
/// Where systems keep time zones (tzfile(5)).
const ZONES: &str = "/usr/share/zoneinfo";

/// Writes a page.
///
/// # Errors
/// When the ledger or a file cannot be used, or the page's parts are not its total, which would be a bug.
pub(super) fn report(run: &Run<'_>, args: &ReportArgs) -> Result<Outcome> {
    let ledger = existing(run, args.period.ledger.as_deref())?;
    let hubs = hubs(run, &args.files, args.hub.as_deref())?;
    let making = Making {
        ledger: &ledger,
        hubs: &hubs,
        when: When { month: args.period.month, from: args.period.from, to: args.period.to },
        naming: args.people,
        zone: (&args.zone, &Clock(zone(&args.zone)?)),
        today: run.context.today()?,
        of: None,
    };
    let page = making.page()?;
    if let Some(missing) =
        hubs.iter().find(|hub| !page.chapters.iter().any(|chapter| chapter.hub.as_deref() == hub.name()))
    {
        return Err(gather::nothing(missing));
    }
    let text = html(&page).map_err(|error| Error::bug("the page cannot be written").because(error))?;
    if args.prints() {
        Printer::result(&text)?;
        return Ok(Outcome::Done);
    }
    let path = std::path::absolute(&args.out).unwrap_or_else(|_| args.out.clone());
    write_changed(&path, text.as_bytes(), false)?;
    run.printer.report(&Written { path: args.out.clone(), page })?;
    Ok(Outcome::Done)
}

/// What a page is made from.
pub(super) struct Making<'a> {
    /// The ledger.
    pub(super) ledger: &'a Ledger,
    /// The hubs.
    pub(super) hubs: &'a [Asked],
    /// The days.
    pub(super) when: When,
    /// What people are called.
    pub(super) naming: Naming,
    /// The time zone, by its name and as a clock.
    pub(super) zone: (&'a str, &'a Clock),
    /// The day on which it is made.
    pub(super) today: Date,
    /// The one person of whom it tells; `None` for everything.
    pub(super) of: Option<&'a str>,
}

impl Making<'_> {
    /// The page; a hub of which the ledger has nothing on these days has no chapter.
    ///
    /// # Errors
    /// When the ledger cannot be read, or parts are not the total, which would be a bug.
    pub(super) fn page(&self) -> Result<Page> {
        let mut found = Vec::new();
        for hub in self.hubs {
            found.extend(match self.of {
                None => gather::hub(self.ledger, hub, self.when, self.today)?,
                Some(person) => own::hub(self.ledger, hub, self.when, person)?,
            });
        }
        let page = Page {
            made: self.today,
            zone: self.zone.0.to_owned(),
            naming: self.naming,
            chapters: Vec::new(),
        };
        let page = filled(page, found, self.zone.1);
        for chapter in &page.chapters {
            chapter.check().map_err(|error| {
                Error::bug(error.to_string()).hint("no number of this page can be trusted: please tell us")
            })?;
        }
        Ok(page)
    }
}

/// A time zone by its name, from the system's files.
pub(super) fn zone(name: &str) -> Result<TimeZone> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
    };
    let file = name.split('/').all(plain).then(|| Path::new(ZONES).join(name));
    let found = file.and_then(|file| TimeZone::tzif(name, &std::fs::read(file).ok()?).ok());
    found.ok_or_else(|| {
        Error::usage(format!("this machine knows no time zone `{name}`")).hint(format!(
            "name one as America/Vancouver or UTC; {ZONES} is where they are, from the package tzdata"
        ))
    })
}

/// A hub that is asked for: its file, its name alone, or nothing for all that the ledger has.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// A hub by its file.
    File(Box<HubFile>),
    /// A hub by its name.
    Name(String),
    /// All that there is.
    All,
}

impl Asked {
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::File(hub) => Some(hub.name.as_str()),
            Self::Name(name) => Some(name),
            Self::All => None,
        }
    }

    pub(super) fn file(&self) -> Option<&HubFile> {
        match self {
            Self::File(hub) => Some(hub),
            Self::Name(_) | Self::All => None,
        }
    }
}

/// The hubs that are asked for by their files or a name.
///
/// # Errors
/// When a file cannot be used, or two are of one hub.
pub(super) fn hubs(run: &Run<'_>, given: &[PathBuf], name: Option<&str>) -> Result<Vec<Asked>> {
    if let Some(name) = name {
        return Ok(vec![Asked::Name(name.to_owned())]);
    }
    let usual = Path::new(USUAL);
    let files = if given.is_empty() && usual.exists() { vec![usual.to_owned()] } else { given.to_vec() };
    if files.is_empty() {
        return Ok(vec![Asked::All]);
    }
    let mut hubs: Vec<Asked> = Vec::new();
    for file in &files {
        let hub = load::usable(run, file)?.hub;
        if hubs.iter().any(|other| other.name() == Some(hub.name.as_str())) {
            return Err(Error::usage(format!(
                "{} is of the hub `{}`, as another file is",
                file.display(),
                hub.name
            ))
            .hint("name each hub once"));
        }
        hubs.push(Asked::File(Box::new(hub)));
    }
    Ok(hubs)
}

/// The page with its chapters, in which people are called as asked.
fn filled(mut page: Page, found: Vec<Found>, clock: &Clock) -> Page {
    let register = register(&page, &found);
    for Found { mut chapter, history } in found {
        for person in &mut chapter.people {
            person.name = register.called(&person.name).to_owned();
        }
        if let Some(history) = &history {
            // Of one person alone, nodes tell of others.
            chapter.nodes = chapter.of.is_none().then(|| nodes(history, chapter.days, clock)).flatten();
            chapter.nights = nights(history, chapter.days, clock, &register);
        }
        page.chapters.push(chapter);
    }
    page
}

/// Everybody on the page: who had most in the first currency comes first, then who is known by pods alone.
fn register(page: &Page, found: &[Found]) -> Register {
    let paid = found.iter().flat_map(|found| found.chapter.people.iter().map(|person| person.name.as_str()));
    let mut present: Vec<_> = found.iter().flat_map(|found| found.history.iter()).collect::<Vec<_>>();
    present.dedup();
    let mut seen: Vec<&str> =
        present.iter().flat_map(|history| history.pods.iter().map(|pod| pod.who.as_str())).collect();
    seen.retain(|name| !name.is_empty());
    seen.sort_unstable();
    Register::new(page.naming, paid.chain(seen))
}

/// A page that was written.
struct Written {
    path: PathBuf,
    page: Page,
}

impl Report for Written {
    fn schema(&self) -> &'static str {
        "frazil.report/v1"
    }

    fn data(&self) -> Value {
        let mut data = data(&self.page);
        if let Some(object) = data.as_object_mut() {
            object.insert("path".to_owned(), self.path.display().to_string().into());
        }
        data
    }

    fn text(&self, _: Layout) -> String {
        let mut text = format!("{}\n", self.path.display());
        for chapter in &self.page.chapters {
            let (from, to) = chapter.days;
            text += &format!(
                "  {}: {} {}, {from} to {to}\n",
                chapter.name(),
                chapter.total.rounded(2),
                chapter.currency
            );
        }
        text
    }
}
