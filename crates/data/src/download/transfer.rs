//! One file: from its first byte, or where an earlier call stopped, to its name.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::checksum::Checksum;
use super::downloader::Shared;
use super::item::Item;
use super::part::PartFile;
use super::progress::{Event, Progress};
use super::report::{Done, Verified};
use super::stored;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::http::Answer;
use crate::region::Route;
use crate::remote::{Part, Pin, Remote, Span};

/// So often in a row it may go wrong without progress.
const MOST_IN_VAIN: u32 = 8;
/// So often in a row the answer may be none to what was asked.
const MOST_WRONG: u32 = 3;
/// So often a file may be begun again from its first byte.
const MOST_RESTARTS: u32 = 3;
/// So often a transfer that others leave behind is begun again where it is.
const MOST_BEHIND: u32 = 3;
/// A transfer below this rate in bytes a second crawls.
const CRAWL: f64 = 1000.0;
/// One that crawls for so many times the patience is begun again where it is.
const CRAWLING: u32 = 18;
/// So often that is done for a file before it is given up.
const MOST_CRAWLS: u32 = 3;
/// By so many first bytes a page for people is known.
const START: usize = 512;
/// So many bytes are progress; a host that breaks off after fewer brings nothing.
const PROGRESS: u64 = 16 << 10;
/// So often the HTTP client tries by itself before it is our turn.
const TRIES: u32 = 2;
/// Pause after a failure; doubled with each in a row, up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A file being downloaded.
pub(super) struct Transfer<'a> {
    shared: &'a Shared,
    patience: Duration,
    item: &'a Item,
    progress: &'a dyn Progress,
    writer: Writer,
    came: u64,
    in_vain: u32,
    restarts: u32,
    behind: u32,
    crawls: u32,
    /// How often the whole came where a part was asked for.
    wholes: u32,
    /// Whether the size is known to those who watch.
    sized: bool,
    /// Whether a piece was given to its end by a host that does not say how many there are.
    in_pieces: bool,
    /// Whether nothing of the host tells that all of it came.
    untold: bool,
    route: Route,
}

/// How far a stretch came without anything going wrong.
enum Reached {
    /// The object's end.
    End,
    /// The end of a piece, behind which there may be others.
    Piece,
}

/// Why a stretch of a transfer ended before the object did.
enum Broken {
    /// It may go on where it is.
    Here(Error),
    /// What is there is of no use.
    Anew(Error),
    /// There is no hope.
    Hopeless(Error),
}

impl<'a> Transfer<'a> {
    pub(super) fn new(
        shared: &'a Shared,
        patience: Duration,
        item: &'a Item,
        progress: &'a dyn Progress,
        part: PartFile,
    ) -> Self {
        let sized = item.size.is_some();
        let writer = Writer::new(part);
        Self {
            shared,
            patience,
            item,
            progress,
            writer,
            came: 0,
            in_vain: 0,
            restarts: 0,
            behind: 0,
            crawls: 0,
            wholes: 0,
            sized,
            in_pieces: false,
            untold: false,
            route: Route::Https,
        }
    }

    /// Downloads, checks, and gives the file its name.
    pub(super) async fn run(mut self, target: &Path) -> Result<Done> {
        let worked = self.bring().await;
        let part = self.writer.into_part().await;
        match worked {
            Ok(verified) => {
                let part = part?;
                let (bytes, checksum, target) = (part.length(), part.checksum(), target.to_owned());
                blocking(move || part.finish(&target)).await?;
                Ok(Done { bytes, came: self.came, checksum, verified, route: self.route })
            }
            Err(error) => {
                if let Ok(part) = part {
                    blocking(move || {
                        part.leave();
                        Ok(())
                    })
                    .await?;
                }
                Err(error)
            }
        }
    }

    async fn bring(&mut self) -> Result<Verified> {
        let mut remote = self.shared.routes.to(self.item, self.progress).await?;
        let part = self.writer.settled().await?;
        let (kept, total) = (part.length(), part.total());
        let learnt = total.filter(|_| !self.sized);
        self.sized |= learnt.is_some();
        self.progress.heard(&Event::Started { path: self.item.to.clone(), kept, learnt });
        loop {
            self.route = match remote {
                Remote::S3(_) => Route::S3,
                Remote::Google(_) => Route::Google,
                Remote::Https(_) => Route::Https,
            };
            let before = self.writer.settled().await?.length();
            let broken = match self.stretch(&remote).await {
                Ok(Reached::Piece) => continue,
                Ok(Reached::End) => match self.check().await {
                    Ok(verified) => return Ok(verified),
                    Err(error) => Broken::Anew(error),
                },
                Err(broken) => broken,
            };
            let after = self.writer.settled().await?.length();
            let broken = match broken {
                // Nobody can tell whether what comes next is of the same version.
                Broken::Here(error)
                    if after > 0 && self.item.checksum.is_none() && self.is_unpinned().await? =>
                {
                    Broken::Anew(error)
                }
                broken => broken,
            };
            match broken {
                Broken::Hopeless(error) => {
                    if !self.shared.routes.falls_back(self.item, &remote, &error, self.progress).await? {
                        return Err(error);
                    }
                    remote = self.shared.routes.to(self.item, self.progress).await?;
                }
                Broken::Anew(error) => {
                    self.restarts += 1;
                    let lost = self.writer.with(PartFile::restart).await?;
                    if self.restarts > MOST_RESTARTS {
                        return Err(error);
                    }
                    self.again(&error, lost);
                    self.pause(self.restarts).await;
                }
                Broken::Here(error) => {
                    self.in_vain = if after >= before + PROGRESS { 0 } else { self.in_vain + 1 };
                    let most = if matches!(error, Error::Answer { .. }) { MOST_WRONG } else { MOST_IN_VAIN };
                    if self.in_vain > most {
                        return Err(error);
                    }
                    self.again(&error, 0);
                    self.pause(self.in_vain).await;
                }
            }
        }
    }

    /// Whether the host told nothing by which versions of the object are told apart.
    async fn is_unpinned(&mut self) -> Result<bool> {
        Ok(self.writer.settled().await?.pin().is_none_or(Pin::is_empty))
    }

    fn again(&self, error: &Error, lost: u64) {
        self.progress.heard(&Event::Again { path: self.item.to.clone(), why: error.to_string(), lost });
    }

    async fn pause(&self, failures: u32) {
        let doubled = PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
        if failures > 0 {
            tokio::time::sleep(doubled.mul_f64(1.0 - fastrand::f64() / 2.0)).await;
        }
    }

    /// Reads on from where the part is, to the end of what the host gives or until something goes wrong.
    async fn stretch(&mut self, remote: &Remote) -> std::result::Result<Reached, Broken> {
        let part = self.writer.settled().await.map_err(Broken::Hopeless)?;
        if part.total() == Some(part.length()) {
            return Ok(Reached::End);
        }
        let (span, pin) = (Span::onward(part.length()), part.pin().cloned());
        let mut answer = match remote.open(span, pin.as_ref(), TRIES).await {
            // An empty object has no first byte to ask for.
            Err(Error::Refused { status: 416, .. }) if span.from == 0 && self.item.size.unwrap_or(0) == 0 => {
                return Ok(Reached::End);
            }
            // Behind the last piece there is none.
            Err(Error::Refused { status: 416, .. }) if self.in_pieces => {
                self.untold = pin.is_none_or(|pin| pin.is_empty());
                return Ok(Reached::End);
            }
            Err(error) => return Err(sorted(error)),
            Ok(answer) => answer,
        };
        self.in_pieces = false;
        let told = Part::of(&answer, span, pin.as_ref(), self.item.is_page()).map_err(sorted)?;
        let stored = Some(&answer).filter(|_| remote.is_google() && self.item.checksum.is_none());
        let stored = stored.and_then(|answer| stored::checksum(answer.headers(), told.total));
        self.begin(&answer, span, &told, stored).await?;
        self.untold = told.total.is_none() && !answer.is_framed();
        let due = told.total.or(self.item.size);
        self.pour(&mut answer, due, &remote.place()).await?;
        let length = self.writer.settled().await.map_err(Broken::Hopeless)?.length();
        let ended = |of: String| {
            let why = format!("the body ended after {length}{of} bytes");
            Broken::Here(Error::Connection { address: remote.address(), tries: 1, why })
        };
        match told.total {
            Some(total) if length < total => Err(ended(format!(" of {total}"))),
            None if told.goes_on && length == span.from => Err(ended(String::new())),
            None if told.goes_on && due.is_none_or(|due| length < due) => {
                self.in_pieces = true;
                Ok(Reached::Piece)
            }
            _ => Ok(Reached::End),
        }
    }

    /// Makes the part ready for what the answer holds.
    async fn begin(
        &mut self,
        answer: &Answer,
        span: Span,
        told: &Part,
        stored: Option<Checksum>,
    ) -> std::result::Result<(), Broken> {
        let address = crate::address::Address::from(answer.url());
        if let (Some(due), Some(total)) = (self.item.size, told.total)
            && due != total
        {
            let what = format!("{total} bytes long, and its metadata says {due}");
            return Err(Broken::Here(Error::Answer { address, what }));
        }
        if told.from < span.from {
            self.wholes += 1;
            let what = "the whole, where the rest was asked for".to_owned();
            let error = Error::Answer { address, what };
            // A host that knows no parts gives the whole again: what is there is thrown away for it.
            return Err(if self.wholes == 1 { Broken::Here(error) } else { Broken::Anew(error) });
        }
        let noted = self.writer.settled().await.map_err(Broken::Hopeless)?;
        if noted.length() > 0 && noted.total().zip(told.total).is_some_and(|(noted, told)| noted != told) {
            return Err(Broken::Anew(Error::Changed { address }));
        }
        let (total, pin) = (told.total, told.pin.clone());
        self.writer.with(move |part| part.begin(total, &pin, stored)).await.map_err(Broken::Hopeless)?;
        if let Some(total) = total.filter(|_| !self.sized) {
            self.sized = true;
            let learnt = Some(total);
            self.progress.heard(&Event::Started { path: self.item.to.clone(), kept: 0, learnt });
        }
        Ok(())
    }

    /// Writes the body's pieces as they come.
    async fn pour(
        &mut self,
        answer: &mut Answer,
        total: Option<u64>,
        host: &str,
    ) -> std::result::Result<(), Broken> {
        let (mut since, mut seen) = (Instant::now(), 0_u64);
        let mut fast_enough = since;
        let mut length = self.writer.settled().await.map_err(Broken::Hopeless)?.length();
        let may_be_page = length == 0 && self.item.checksum.is_none() && !self.item.is_page();
        let mut start = may_be_page.then(Vec::new);
        while let Some(bytes) = answer.chunk().await.map_err(sorted)? {
            let count = bytes.len() as u64;
            let address = || crate::address::Address::from(answer.url());
            self.came += count;
            if let Some(start) = start.as_mut().filter(|start| start.len() < START) {
                start.extend(bytes.iter().take(START));
                if is_page(start) {
                    let what = "a page for people (HTML) where data is due".to_owned();
                    let error = Error::Answer { address: address(), what };
                    return Err(if length == 0 { Broken::Here(error) } else { Broken::Anew(error) });
                }
            }
            if total.is_some_and(|total| length + count > total) {
                let what = format!("more than the {} bytes that were announced", total.unwrap_or_default());
                return Err(Broken::Anew(Error::Answer { address: address(), what }));
            }
            self.writer.push(&bytes).await.map_err(Broken::Hopeless)?;
            self.progress.heard(&Event::Came { path: self.item.to.clone(), bytes: count });
            length += count;
            seen += count;
            self.shared.bandwidth.take(bytes.len()).await;
            if since.elapsed() >= self.patience {
                #[expect(clippy::cast_precision_loss, reason = "a rate is exact enough")]
                let rate = seen as f64 / since.elapsed().as_secs_f64();
                (since, seen) = (Instant::now(), 0);
                if rate >= CRAWL || self.shared.bandwidth.is_limited() {
                    fast_enough = since;
                } else if fast_enough.elapsed() >= self.patience * CRAWLING {
                    self.crawls += 1;
                    let why = format!("{rate:.0} bytes a second, for {} s", fast_enough.elapsed().as_secs());
                    let error = Error::Connection { address: address(), tries: self.crawls, why };
                    let last = self.crawls > MOST_CRAWLS;
                    return Err(if last { Broken::Hopeless(error) } else { Broken::Here(error) });
                }
                if self.shared.paces.is_behind(host, rate) && self.behind < MOST_BEHIND {
                    self.behind += 1;
                    let why = format!("{rate:.0} bytes a second, far less than other transfers from there");
                    return Err(Broken::Here(Error::Connection { address: address(), tries: 1, why }));
                }
            }
        }
        Ok(())
    }

    /// Checks what is there against what metadata tells.
    async fn check(&mut self) -> Result<Verified> {
        let item = self.item;
        let part = self.writer.settled().await?;
        let address = crate::address::Address::named(item.identity());
        if let Some(size) = item.size.filter(|size| *size != part.length()) {
            let what = format!("it has {} bytes, and its metadata says {size}", part.length());
            return Err(Error::Damaged { address, what });
        }
        let says = if item.checksum.is_some() { "metadata" } else { "store" };
        let Some(due) = item.checksum.as_ref().or(part.stored()) else {
            return Ok(match item.size {
                Some(_) => Verified::Size,
                None if self.untold => Verified::Nothing,
                None => Verified::Length,
            });
        };
        let found = part.checksum();
        if found == *due {
            return Ok(Verified::Checksum);
        }
        Err(Error::Damaged { address, what: format!("its checksum is {found}, and its {says} says {due}") })
    }
}

/// What an error means for the bytes that are there.
fn sorted(error: Error) -> Broken {
    match error {
        Error::Changed { .. } | Error::Refused { status: 416, .. } => Broken::Anew(error),
        error if error.is_passing() => Broken::Here(error),
        Error::Answer { .. } => Broken::Here(error),
        error => Broken::Hopeless(error),
    }
}

/// Whether bytes begin as a page of HTML does, also one that is XML.
fn is_page(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(START)]).to_ascii_lowercase();
    let start = text.trim_start();
    let start = match start.strip_prefix("<?xml").and_then(|declared| declared.split_once("?>")) {
        Some((_, after)) => after.trim_start(),
        None => start,
    };
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Invalid {
        what: "the download was stopped while it worked on a file".to_owned(),
        advice: "call again: what came is kept".to_owned(),
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_known_by_their_beginning() {
        for text in [
            "<!DOCTYPE html>\n<html>",
            "\n <HTML lang=en>",
            "<!doctype HTML PUBLIC",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC",
        ] {
            assert!(is_page(text.as_bytes()), "{text}");
        }
        for bytes in [
            &b"\x89HDF\r\n\x1a\n"[..],
            b"CDF\x01",
            b"II*\0",
            b"",
            b"<?xml version",
            b"<?xml version=\"1.0\"?><gpx>",
        ] {
            assert!(!is_page(bytes));
        }
    }
}
