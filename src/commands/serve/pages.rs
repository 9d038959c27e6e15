//! Pages from the ledger, made anew when it has changed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::civil::Date;

use super::figures::figures;
use super::reading::{Read, Reading};
use crate::cli::ServeArgs;
use crate::commands::Run;
use crate::commands::ledger::{path, refuse};
use crate::commands::nodes::local::machine;
use crate::commands::report::{Asked as Hub, Making, When, zone};
use crate::config::{HubFile, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::ledger::{Ledger, Month};
use crate::report::{Clock, Live, MonthLink, Naming, Notice, Page, data, live, notice};
use crate::serve::{Asked, Show, Shown, View};

/// How long a page is shown without a look at the ledger.
const FRESH: Duration = Duration::from_secs(2);
/// Most bytes of pages that are kept: 32 MB, beside two pages in the making.
const MOST: usize = 32_000_000;
/// Most months that a page leads to.
const MOST_MONTHS: usize = 24;

/// By what the ledger is known to be as it was: what SQLite does to its file shows there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    hubs: Option<SystemTime>,
    changed: Option<SystemTime>,
    bytes: u64,
    today: Date,
    read: Read,
}

/// Something that was made, and from what.
#[derive(Debug)]
struct Kept<T> {
    what: T,
    stamp: Stamp,
    looked: Instant,
}

/// Pages that are kept, those that were looked at last.
#[derive(Debug, Default)]
struct Shelf(HashMap<Asked, Kept<Arc<Shown>>>);

fn size(shown: &Shown) -> usize {
    shown.html.len() + shown.data.len()
}

impl Shelf {
    /// Keeps a page, and as many others as there is room for.
    fn put(&mut self, asked: Asked, page: Kept<Arc<Shown>>, most: usize) {
        self.0.insert(asked, page);
        let mut left: usize = self.0.values().map(|kept| size(&kept.what)).sum();
        while left > most {
            let oldest = self.0.iter().min_by_key(|(_, kept)| kept.looked);
            let Some(oldest) = oldest.map(|(asked, _)| asked.clone()) else { return };
            left -= self.0.remove(&oldest).map_or(0, |kept| size(&kept.what));
        }
    }
}

/// The hubs of whom the pages tell.
#[derive(Debug)]
pub(super) enum Hubs {
    /// As they were read once.
    Fixed(Vec<Hub>),
    /// In a file that `up` writes anew when the hub file changes.
    Rendered(PathBuf),
}

impl Hubs {
    fn changed(&self) -> Option<SystemTime> {
        match self {
            Self::Fixed(_) => None,
            Self::Rendered(path) => std::fs::metadata(path).and_then(|file| file.modified()).ok(),
        }
    }

    /// The hubs now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn now(&self) -> Result<Cow<'_, [Hub]>> {
        match self {
            Self::Fixed(hubs) => Ok(Cow::Borrowed(hubs)),
            Self::Rendered(path) => Ok(Cow::Owned(vec![rendered(path)?])),
        }
    }
}

/// The hub file as `up` wrote it: checked then, and complete in itself.
fn rendered(path: &Path) -> Result<Hub> {
    let cannot = || Error::failed(format!("{} cannot be read", path.display()));
    let text = std::fs::read(path).map_err(|error| cannot().because(error))?;
    let hub: HubFile = serde_json::from_slice(&text)
        .map_err(|error| cannot().because(error).hint("`frazil up` writes it anew"))?;
    Ok(Hub::File(Box::new(hub)))
}

/// The pages of a ledger.
#[derive(Debug)]
pub(super) struct Pages {
    context: Context,
    ledger: PathBuf,
    hubs: Hubs,
    zone: String,
    clock: Clock,
    logout: String,
    path: String,
    reading: Arc<Reading>,
    kept: Mutex<Shelf>,
    metrics: Mutex<Option<Kept<String>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pages {
    /// Pages of the hubs in a ledger.
    ///
    /// # Errors
    /// When there is no folder for the ledger, or no such time zone.
    pub(super) fn new(
        run: &Run<'_>,
        args: &ServeArgs,
        hubs: Hubs,
        (prefix, reading): (&str, Arc<Reading>),
    ) -> Result<Self> {
        Ok(Self {
            context: run.context.clone(),
            ledger: path(run, args.ledger.as_deref())?,
            hubs,
            zone: args.zone.clone(),
            clock: Clock(zone(&args.zone)?),
            logout: format!("{prefix}logout"),
            path: prefix.to_owned(),
            reading,
            kept: Mutex::default(),
            metrics: Mutex::default(),
        })
    }

    fn stamp(&self) -> Result<Stamp> {
        let file = std::fs::metadata(&self.ledger).ok();
        Ok(Stamp {
            hubs: self.hubs.changed(),
            changed: file.as_ref().and_then(|file| file.modified().ok()),
            bytes: file.map_or(0, |file| file.len()),
            today: self.context.today()?,
            read: self.reading.now(),
        })
    }

    /// The ledger and the months that it has, the last first; none where there is nothing yet.
    fn open(&self) -> Result<Option<(Ledger, Vec<Month>)>> {
        if !Path::new(&self.ledger).exists() {
            return Ok(None);
        }
        let ledger = Ledger::open(&self.ledger).map_err(refuse)?;
        let mut months: Vec<_> = ledger.bills().map_err(refuse)?.into_iter().map(|bill| bill.month).collect();
        months.sort_unstable();
        months.dedup();
        months.reverse();
        Ok((!months.is_empty()).then_some((ledger, months)))
    }

    /// Whether the hub is on this machine, so that what it has is what the hub has.
    fn is_local(&self) -> Result<bool> {
        let of = |hub: &Hub| hub.file().is_some_and(|file| matches!(file.provider, Provider::Local(_)));
        Ok(self.hubs.now()?.iter().any(of))
    }

    /// Metrics of what the ledger has.
    fn of_ledger(&self) -> Result<String> {
        let stamp = self.stamp()?;
        if let Some(kept) = lock(&self.metrics).as_ref().filter(|kept| kept.stamp == stamp) {
            return Ok(kept.what.clone());
        }
        let page = match self.open()? {
            Some((ledger, _)) => Some(self.page(&ledger, None, None)?),
            None => None,
        };
        let text = figures(page.as_ref(), self.reading.now()).text();
        *lock(&self.metrics) = Some(Kept { what: text.clone(), stamp, looked: Instant::now() });
        Ok(text)
    }

    fn page(&self, ledger: &Ledger, month: Option<Month>, of: Option<&str>) -> Result<Page> {
        let hubs = self.hubs.now()?;
        let making = Making {
            ledger,
            hubs: &hubs,
            when: When { month, from: None, to: None },
            naming: Naming::Names,
            zone: (&self.zone, &self.clock),
            today: self.context.today()?,
            of,
        };
        making.page()
    }

    fn make(&self, asked: &Asked) -> Result<Shown> {
        let today = self.context.today()?;
        let empty =
            Page { made: today, zone: self.zone.clone(), naming: Naming::Names, chapters: Vec::new() };
        let Some((ledger, months)) = self.open()? else {
            return Self::shown(&empty, &self.nothing_yet(asked), None);
        };
        // A month that is not there is asked of nobody: it would be an error of the ledger.
        if asked.month.is_some_and(|month| !months.contains(&month)) {
            return Self::shown(&empty, &self.nothing_then(asked, &months)?, None);
        }
        let of = (asked.view == View::Own).then_some(asked.who.as_str());
        let page = self.page(&ledger, asked.month, of)?;
        if page.chapters.is_empty() {
            return Self::shown(&page, &self.nothing_then(asked, &months)?, None);
        }
        let live = Live {
            who: asked.who.clone(),
            own: of.is_some(),
            logout: self.logout.clone(),
            months: self.links(asked, &months)?,
            read: self.read(),
        };
        Self::shown(&page, &Notice::default(), Some(&live))
    }

    fn shown(page: &Page, otherwise: &Notice, with: Option<&Live>) -> Result<Shown> {
        let html = match with {
            Some(with) => live(page, with),
            None => notice(otherwise),
        };
        let html = html.map_err(|error| Error::bug("the page cannot be written").because(error))?;
        let mut data = data(page);
        if let Some(object) = data.as_object_mut() {
            object.insert("schema".to_owned(), "frazil.report/v1".into());
        }
        Ok(Shown { html, data: format!("{data}\n") })
    }

    fn links(&self, asked: &Asked, months: &[Month]) -> Result<Vec<MonthLink>> {
        let first = MonthLink {
            text: if self.hubs.now()?.iter().any(|hub| hub.file().is_some_and(|file| file.event.is_some())) {
                "The whole event".to_owned()
            } else {
                "The last month".to_owned()
            },
            to: self.path.clone(),
            current: asked.month.is_none(),
        };
        let link = |month: &Month| MonthLink {
            text: month.to_string(),
            to: format!("{}?month={month}", self.path),
            current: asked.month == Some(*month),
        };
        Ok(std::iter::once(first).chain(months.iter().take(MOST_MONTHS).map(link)).collect())
    }

    fn read(&self) -> String {
        let read = self.reading.now();
        let when = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        match (read.at, read.failed) {
            (None, false) => String::new(),
            (Some(at), false) => format!("Bills were last read at {}.", when(at)),
            (Some(at), true) => format!("Bills could not be read since {}; the log says why.", when(at)),
            (None, true) => "Bills could not be read; the log says why.".to_owned(),
        }
    }

    fn nothing_yet(&self, asked: &Asked) -> Notice {
        let how = match asked.view {
            View::All => {
                "The page reads bills itself where the hub file says where they are, by ‘billing.from’, and on AWS by \
                 ‘billing: { exports: true }’; the first comes a day after the export was made. On one machine, \
                 ‘frazil cost read BILL…’ takes them into the ledger, too."
            }
            View::Own => "Once the first bill was read, this page tells what is yours.",
        };
        Notice {
            title: "There are no bills yet".to_owned(),
            paragraphs: [how.to_owned(), self.read()].into_iter().filter(|text| !text.is_empty()).collect(),
            ways: Vec::new(),
            logout: self.logout.clone(),
        }
    }

    fn nothing_then(&self, asked: &Asked, months: &[Month]) -> Result<Notice> {
        let what = match asked.view {
            View::All => "The bills have nothing of this hub then. Rows are its by the tag frazil:hub.",
            View::Own => {
                "The bills have nothing of yours then: neither your servers nor your Dask clusters ran."
            }
        };
        Ok(Notice {
            title: "Nothing to see".to_owned(),
            paragraphs: vec![what.to_owned()],
            ways: self.links(asked, months)?,
            logout: self.logout.clone(),
        })
    }
}

impl Show for Pages {
    fn show(&self, asked: &Asked) -> Result<Arc<Shown>> {
        if let Some(kept) = lock(&self.kept).0.get(asked).filter(|kept| kept.looked.elapsed() < FRESH) {
            return Ok(Arc::clone(&kept.what));
        }
        let (stamp, looked) = (self.stamp()?, Instant::now());
        if let Some(kept) = lock(&self.kept).0.get_mut(asked).filter(|kept| kept.stamp == stamp) {
            kept.looked = looked;
            return Ok(Arc::clone(&kept.what));
        }
        let what = Arc::new(self.make(asked)?);
        let page = Kept { what: Arc::clone(&what), stamp, looked };
        lock(&self.kept).put(asked.clone(), page, MOST);
        Ok(what)
    }

    fn metrics(&self) -> Result<String> {
        let machine = if self.is_local()? { machine(&self.context) } else { None };
        let machine = machine.map(|machine| machine.text()).unwrap_or_default();
        Ok(self.of_ledger()? + &machine)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn pages_are_kept_up_to_so_many_bytes_and_the_last_looked_at() {
        let begun = Instant::now();
        let asked = |who: &str| Asked { who: who.to_owned(), view: View::Own, month: None };
        let page = |second: u64, bytes: usize| Kept {
            what: Arc::new(Shown { html: "x".repeat(bytes - 1), data: "x".to_owned() }),
            stamp: Stamp {
                hubs: None,
                changed: None,
                bytes: 0,
                today: date(2026, 11, 22),
                read: Read::default(),
            },
            looked: begun + Duration::from_secs(second),
        };
        let mut shelf = Shelf::default();
        let kept = |shelf: &Shelf| {
            let mut kept: Vec<_> = shelf.0.keys().map(|asked| asked.who.clone()).collect();
            kept.sort();
            kept.concat()
        };
        for (second, who) in (0..).zip(["a", "b", "c"]) {
            shelf.put(asked(who), page(second, 40), 120);
        }
        assert_eq!(kept(&shelf), "abc");
        shelf.put(asked("a"), page(3, 40), 120);
        shelf.put(asked("d"), page(4, 40), 120);
        assert_eq!(kept(&shelf), "acd", "of one that is made anew the older is gone");
        shelf.put(asked("e"), page(5, 119), 120);
        assert_eq!(kept(&shelf), "e");
        shelf.put(asked("f"), page(6, 121), 120);
        assert_eq!(kept(&shelf), "", "too large alone");
    }
}
