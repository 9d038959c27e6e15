//! Many files at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};

use super::item::{Item, check};
use super::limits::{Bandwidth, Paces};
use super::part::PartFile;
use super::progress::{Event, Progress};
use super::record::Record;
use super::report::{FileReport, Outcome, Report};
use super::route::Routes;
use super::there::{There, look, note};
use super::transfer::{Transfer, blocking};
use crate::error::{Error, Result};
use crate::http::Client;
use crate::login::Session;
use crate::region::{Access, Whereabouts};
use crate::remote::{Part, Span};

/// How often a file that another process downloads is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Over this time the rate of a transfer is taken, unless the caller says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the length of a file is asked for.
const TRIES: u32 = 6;

/// How files are downloaded.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most transfers at once, each over a connection of its own.
    pub connections: usize,
    /// Most bytes a second, of all transfers together.
    pub bandwidth: Option<u64>,
    /// Which way.
    pub access: Access,
    /// Download also what is there.
    pub again: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8, bandwidth: None, access: Access::Auto, again: false }
    }
}

/// Downloads files. A clone shares the limits of the first.
#[derive(Clone)]
pub struct Downloader {
    shared: Arc<Shared>,
    patience: Duration,
}

/// What all transfers have in common.
pub(super) struct Shared {
    pub(super) routes: Routes,
    pub(super) bandwidth: Bandwidth,
    pub(super) paces: Paces,
    slots: tokio::sync::Semaphore,
    options: Options,
}

impl Downloader {
    /// For somebody who is logged in.
    pub fn new(session: &Session, whereabouts: &Whereabouts, options: Options) -> Self {
        Self::of(session.client().clone(), Some(session.clone()), whereabouts, options)
    }

    /// For data that is open to all.
    pub fn open_to_all(client: &Client, whereabouts: &Whereabouts, options: Options) -> Self {
        Self::of(client.clone(), None, whereabouts, options)
    }

    fn of(client: Client, session: Option<Session>, whereabouts: &Whereabouts, options: Options) -> Self {
        let shared = Shared {
            routes: Routes::new(client, session, whereabouts.clone(), options.access),
            bandwidth: Bandwidth::new(options.bandwidth),
            paces: Paces::default(),
            slots: tokio::sync::Semaphore::new(
                options.connections.clamp(1, tokio::sync::Semaphore::MAX_PERMITS),
            ),
            options,
        };
        Self { shared: Arc::new(shared), patience: PATIENCE }
    }

    /// Over this time (usually ten seconds) the rate of a transfer is taken; one that is left far behind by
    /// the others from its host is then begun again where it is, over another connection.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Downloads items to their paths below a folder, and says what became of each. A file that fails
    /// stops no other. Dropped before it is ready, it leaves what came for the next call.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when paths lead out of the folder or two items want the same; then nothing was
    /// done. What goes wrong with a file is in the report.
    pub async fn download(&self, items: &[Item], folder: &Path, progress: &dyn Progress) -> Result<Report> {
        check(items)?;
        let mut seen = std::collections::HashSet::new();
        let items: Vec<_> = items.iter().filter(|item| seen.insert(&item.to)).collect();
        let bytes = items.iter().filter_map(|item| item.size).fold(0, u64::saturating_add);
        progress.heard(&Event::Begun { files: items.len() as u64, bytes });
        let path = folder.to_owned();
        let record = &Arc::new(blocking(move || Ok(Record::read(&path))).await?);
        let work = items.into_iter().enumerate();
        let work =
            work.map(|(place, item)| async move { (place, self.file(item, folder, record, progress).await) });
        let mut files: Vec<_> =
            stream::iter(work).buffer_unordered(self.shared.options.connections.max(1)).collect().await;
        files.sort_by_key(|(place, _)| *place);
        Ok(Report { files: files.into_iter().map(|(_, file)| file).collect() })
    }

    async fn file(
        &self,
        item: &Item,
        folder: &Path,
        record: &Arc<Record>,
        progress: &dyn Progress,
    ) -> FileReport {
        let path = item.to.clone();
        let outcome = match self.brought(item, folder, record, progress).await {
            Ok(outcome) => outcome,
            Err(error) => {
                progress.heard(&Event::Failed { path: path.clone(), why: error.to_string() });
                Outcome::Failed(error)
            }
        };
        FileReport { path, outcome }
    }

    async fn brought(
        &self,
        item: &Item,
        folder: &Path,
        record: &Arc<Record>,
        progress: &dyn Progress,
    ) -> Result<Outcome> {
        let target = folder.join(&item.to);
        let _slot = self.shared.slots.acquire().await.ok();
        let part = loop {
            if !self.shared.options.again
                && let Some(bytes) = self.is_there(item, folder, record, progress).await?
            {
                progress.heard(&Event::There { path: item.to.clone(), bytes });
                return Ok(Outcome::There { bytes });
            }
            let (path, wanted) = (target.clone(), item.clone());
            match blocking(move || PartFile::open(&path, &wanted)).await? {
                Some(part) => break part,
                None => tokio::time::sleep(LOOK).await,
            }
        };
        let done =
            Box::pin(Transfer::new(&self.shared, self.patience, item, progress, part).run(&target)).await?;
        let (place, wanted, checksum) = (folder.to_owned(), item.clone(), done.checksum.clone());
        blocking(move || {
            note(&place, &wanted, checksum);
            Ok(())
        })
        .await?;
        progress.heard(&Event::Done { path: item.to.clone() });
        Ok(Outcome::Done(done))
    }

    async fn is_there(
        &self,
        item: &Item,
        folder: &Path,
        record: &Arc<Record>,
        progress: &dyn Progress,
    ) -> Result<Option<u64>> {
        let (place, wanted, record) = (PathBuf::from(folder), item.clone(), Arc::clone(record));
        match blocking(move || look(&place, &wanted, &record)).await? {
            There::Yes(bytes) => Ok(Some(bytes)),
            There::No => Ok(None),
            There::Other(from) => Err(Error::Invalid {
                what: format!(
                    "{} is there from {from}, and {} is not put over it",
                    folder.join(&item.to).display(),
                    item.identity()
                ),
                advice: "choose another folder, or say that what is there is downloaded again".to_owned(),
            }),
            There::Perhaps(bytes) => {
                let total = self.shared.length(item, progress).await?;
                Ok((total == Some(bytes)).then_some(bytes))
            }
        }
    }
}

impl Shared {
    /// How many bytes there are in an object, asked by its first.
    async fn length(&self, item: &Item, progress: &dyn Progress) -> Result<Option<u64>> {
        let remote = self.routes.to(item, progress).await?;
        let span = Span::from(0..1);
        let answer = remote.open(span, None, TRIES).await?;
        Ok(Part::of(&answer, span, None, item.is_page())?.total)
    }
}
