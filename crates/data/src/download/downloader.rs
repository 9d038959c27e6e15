//! Many files at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};

use super::checksum::Checksum;
use super::item::{Item, check};
use super::limits::{Bandwidth, Paces};
use super::part::{PartFile, tidy};
use super::progress::{Event, Progress};
use super::record::Record;
use super::report::{FileReport, Outcome, Report};
use super::route::Routes;
use super::stored;
use super::there::{There, look, note};
use super::transfer::{Transfer, blocking};
use crate::counting::Books;
use crate::error::{Error, Result};
use crate::http::Client;
use crate::login::Session;
use crate::region::{Access, Whereabouts};
use crate::remote::{GoogleStorage, Part, Span};

/// How often it is looked whether another process has ended with a file.
const LOOK: Duration = Duration::from_millis(200);
/// After so many looks it is told that the file is waited for.
const TOLD: u32 = 10;
/// Most transfers at once that may be asked for.
const MOST_CONNECTIONS: usize = 256;
/// Over this time the rate of a transfer is taken, unless the caller says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the length of a file is asked for.
const TRIES: u32 = 6;

/// How files are downloaded.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most transfers at once, each over a connection of its own: 1 to 256.
    pub connections: usize,
    /// Most bytes a second, of all transfers together; not 0.
    pub bandwidth: Option<u64>,
    /// Which way.
    pub access: Access,
    /// Download also what is there.
    pub again: bool,
    /// The project that pays for reading from Google Cloud Storage, of buckets whose owners do not.
    pub payer: Option<String>,
    /// Who counts what comes, if somebody does.
    pub books: Option<Books>,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8, bandwidth: None, access: Access::Auto, again: false, payer: None, books: None }
    }
}

impl Options {
    fn check(&self) -> Result<()> {
        let wrong = |what: String, advice: &str| Err(Error::Invalid { what, advice: advice.to_owned() });
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            let what = format!("{} transfers at once cannot be", self.connections);
            return wrong(what, "allow 1 to 256; more than 8 are seldom faster");
        }
        if self.bandwidth == Some(0) {
            return wrong(
                "with 0 bytes a second nothing comes".to_owned(),
                "leave the limit out, or allow some",
            );
        }
        Ok(())
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
        let google = GoogleStorage::new(session.client(), whereabouts, options.payer.clone());
        Self::of(session.client().clone(), Some(session.clone()), whereabouts, options, google)
    }

    /// For data that is open to all.
    pub fn open_to_all(client: &Client, whereabouts: &Whereabouts, options: Options) -> Self {
        let google = GoogleStorage::new(client, whereabouts, options.payer.clone());
        Self::open_with(client, whereabouts, options, google)
    }

    /// The same, with an account of Google Cloud of the caller's own choice.
    pub fn open_with(
        client: &Client,
        whereabouts: &Whereabouts,
        options: Options,
        google: GoogleStorage,
    ) -> Self {
        Self::of(client.clone(), None, whereabouts, options, google)
    }

    fn of(
        client: Client,
        session: Option<Session>,
        whereabouts: &Whereabouts,
        options: Options,
        google: GoogleStorage,
    ) -> Self {
        let shared = Shared {
            routes: Routes::new(client, session, whereabouts.clone(), options.access, google)
                .counted(options.books.clone()),
            bandwidth: Bandwidth::new(options.bandwidth),
            paces: Paces::default(),
            slots: tokio::sync::Semaphore::new(options.connections.clamp(1, MOST_CONNECTIONS)),
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
    /// [`crate::Error::Invalid`] when paths lead out of the folder or two items want the same, and for options
    /// out of their bounds; then nothing was done. What goes wrong with a file is in the report.
    pub async fn download(&self, items: &[Item], folder: &Path, progress: &dyn Progress) -> Result<Report> {
        self.shared.options.check()?;
        check(items)?;
        let mut seen = std::collections::HashSet::new();
        let items: Vec<_> = items.iter().filter(|item| seen.insert(&item.to)).collect();
        let bytes = items.iter().filter_map(|item| item.size).fold(0, u64::saturating_add);
        progress.heard(&Event::Begun { files: items.len() as u64, bytes });
        let path = folder.to_owned();
        let record = &Arc::new(blocking(move || Ok(Record::tidied(&path))).await?);
        let work = items.into_iter().enumerate();
        let work =
            work.map(|(place, item)| async move { (place, self.file(item, folder, record, progress).await) });
        let mut files: Vec<_> =
            stream::iter(work).buffer_unordered(self.shared.options.connections).collect().await;
        files.sort_by_key(|(place, _)| *place);
        Ok(Report { files: files.into_iter().map(|(_, file)| file).collect() })
    }

    /// What the host of a file tells of it.
    ///
    /// # Errors
    /// When it refuses, has no such file, or does not answer.
    pub async fn facts(&self, item: &Item, progress: &dyn Progress) -> Result<Facts> {
        check(std::slice::from_ref(item))?;
        self.shared.facts(item, progress).await
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
                let why = error.to_string();
                progress.heard(&Event::Failed { path: path.clone(), why, size: item.size });
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
        if let Some(there) = self.there(item, folder, record, progress).await? {
            return Ok(there);
        }
        let part = if let Some(part) = part(&target, item).await? {
            part
        } else {
            let part = waited(&target, item, progress).await?;
            // What another process has just brought need not come again.
            if let Some(there) = self.there(item, folder, record, progress).await? {
                blocking(move || {
                    part.leave();
                    Ok(())
                })
                .await?;
                return Ok(there);
            }
            part
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

    async fn there(
        &self,
        item: &Item,
        folder: &Path,
        record: &Arc<Record>,
        progress: &dyn Progress,
    ) -> Result<Option<Outcome>> {
        if self.shared.options.again {
            return Ok(None);
        }
        let there = self.is_there(item, folder, record, progress).await?;
        Ok(there.map(|bytes| {
            let learnt = Some(bytes).filter(|_| item.size.is_none());
            progress.heard(&Event::There { path: item.to.clone(), bytes, learnt });
            Outcome::There { bytes }
        }))
    }

    async fn is_there(
        &self,
        item: &Item,
        folder: &Path,
        record: &Arc<Record>,
        progress: &dyn Progress,
    ) -> Result<Option<u64>> {
        let (place, wanted, record) = (PathBuf::from(folder), item.clone(), Arc::clone(record));
        let looking = move || {
            let there = look(&place, &wanted, &record)?;
            if matches!(there, There::Yes(_)) {
                tidy(&place.join(&wanted.to));
            }
            Ok(there)
        };
        match blocking(looking).await? {
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
                let total = self.shared.facts(item, progress).await?.size;
                Ok((total == Some(bytes)).then_some(bytes))
            }
        }
    }
}

/// The part of a file; none while another process has it.
async fn part(target: &Path, item: &Item) -> Result<Option<PartFile>> {
    let (path, wanted) = (target.to_owned(), item.clone());
    blocking(move || PartFile::open(&path, &wanted)).await
}

/// The part of a file, when the process that has it has ended with it.
async fn waited(target: &Path, item: &Item, progress: &dyn Progress) -> Result<PartFile> {
    let mut looks = 0;
    loop {
        tokio::time::sleep(LOOK).await;
        if let Some(part) = part(target, item).await? {
            return Ok(part);
        }
        looks += 1;
        if looks == TOLD {
            progress.heard(&Event::Waiting { path: item.to.clone() });
        }
    }
}

/// What the host of a file tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its checksum, of a host that tells one: Google Cloud Storage.
    pub checksum: Option<Checksum>,
}

impl Shared {
    /// What the host tells, asked by the first byte.
    async fn facts(&self, item: &Item, progress: &dyn Progress) -> Result<Facts> {
        let remote = self.routes.to(item, progress).await?;
        let span = Span::from(0..1);
        let answer = match remote.open(span, None, TRIES).await {
            Err(error) if self.routes.falls_back(item, &remote, &error, progress).await? => {
                self.routes.to(item, progress).await?.open(span, None, TRIES).await?
            }
            opened => opened?,
        };
        let size = Part::of(&answer, span, None, item.is_page())?.total;
        let checksum = stored::checksum(answer.headers(), size).filter(|_| remote.is_google());
        Ok(Facts { size, checksum })
    }
}
