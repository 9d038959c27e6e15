//! By which way each file comes.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use url::Url;

use super::item::{InS3, Item};
use super::progress::{Event, Progress};
use crate::counting::{Books, Label, route};
use crate::credentials::{ArchiveKeys, S3Keys};
use crate::error::{Error, Result};
use crate::http::Client;
use crate::login::Session;
use crate::region::{Access, Region, Route, Whereabouts};
use crate::remote::{Bucket, GoogleStorage, HttpsObject, Reader, Remote, S3Object};
use crate::stac::Signer;

/// Chooses the way, and keeps what ways need: keys by where they come from.
pub(crate) struct Routes {
    client: Client,
    session: Option<Session>,
    whereabouts: Whereabouts,
    access: Access,
    google: GoogleStorage,
    signer: Signer,
    books: Option<Books>,
    keys: ArchiveKeys,
    /// Buckets that S3 would not open to us.
    closed: Mutex<HashSet<String>>,
    told: Mutex<HashSet<String>>,
}

impl Routes {
    pub(crate) fn new(
        client: Client,
        session: Option<Session>,
        whereabouts: Whereabouts,
        access: Access,
        google: GoogleStorage,
    ) -> Self {
        Self {
            signer: Signer::new(client.clone()),
            client,
            session,
            whereabouts,
            access,
            google,
            books: None,
            keys: ArchiveKeys::default(),
            closed: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The same, with keys that others use too.
    pub(crate) fn with_keys(self, keys: ArchiveKeys) -> Self {
        Self { keys, ..self }
    }

    /// The same, whose exchanges are counted.
    pub(crate) fn counted(self, books: Option<Books>) -> Self {
        Self { books, ..self }
    }

    /// The way to an item.
    pub(crate) async fn to(&self, item: &Item, progress: &dyn Progress) -> Result<Remote> {
        let remote = self.way(item, progress).await?;
        let Some(books) = &self.books else { return Ok(remote) };
        let label = self.label(item, &remote).await;
        Ok(remote.watched(books.meter(label)))
    }

    /// What the bytes of an item are counted under.
    async fn label(&self, item: &Item, remote: &Remote) -> Label {
        let here = self.whereabouts.here().await;
        let s3 = item.s3.as_ref();
        let region = match (s3.and_then(|s3| s3.region.as_deref()), remote) {
            (Some(region), _) => Some(Region::aws(region)),
            (None, Remote::Google(object)) => self.google.region_of(&object.bucket().name).await,
            (None, remote) => remote.region(),
        };
        Label {
            dataset: item.dataset.clone(),
            bucket: s3.map_or_else(|| remote.place(), |s3| s3.bucket.clone()),
            route: route(here.region.as_ref(), region.as_ref()),
            region: region.map(|region| region.to_string()).unwrap_or_default(),
            requester_pays: remote.requester_pays(),
        }
    }

    async fn way(&self, item: &Item, progress: &dyn Progress) -> Result<Remote> {
        if let (None, None, Some(google)) = (&item.s3, &item.https, &item.google) {
            return Ok(Remote::Google(self.google.object(&google.bucket, &google.key).await?));
        }
        match (&item.s3, &item.https) {
            (Some(s3), None) => self.by_s3(s3).await,
            (Some(s3), Some(url)) if !self.is_closed(&s3.bucket) => {
                let choice = self.whereabouts.choose(&s3.bucket, s3.region.as_deref(), self.access).await;
                let way = if choice.route == Route::S3 { "S3" } else { "HTTPS" };
                self.tell(&s3.bucket, format!("{way}: {}", choice.because), progress);
                match choice.route {
                    Route::S3 => self.by_s3(s3).await.or_else(|error| {
                        if self.access != Access::Auto {
                            return Err(error);
                        }
                        self.close(&s3.bucket, &format!("there is no way into S3 ({error})"), progress);
                        Ok(self.by_https(url))
                    }),
                    Route::Https | Route::Google => Ok(self.by_https(url)),
                }
            }
            (_, Some(url)) => Ok(self.by_https(url)),
            (None, None) => Err(Error::Invalid {
                what: format!("`{}` has no address", item.to.display()),
                advice: "give it one".to_owned(),
            }),
        }
    }

    /// Whether another way is left after a store refused: then all of the bucket goes by it.
    pub(crate) async fn falls_back(
        &self,
        item: &Item,
        remote: &Remote,
        error: &Error,
        progress: &dyn Progress,
    ) -> Result<bool> {
        if let Remote::Google(object) = remote {
            let falls_back = self.google.falls_back(object, error).await?;
            if falls_back {
                let because = "it is not open to all, so it is read with your account".to_owned();
                self.tell(&object.bucket().name, because, progress);
            }
            return Ok(falls_back);
        }
        let (Remote::S3(object), Some(_), Access::Auto) = (remote, &item.https, self.access) else {
            return Ok(false);
        };
        let Error::Refused { status: 403, said, .. } = error else { return Ok(false) };
        self.close(&object.bucket().name, &format!("S3 refused ({said})"), progress);
        Ok(true)
    }

    fn close(&self, bucket: &str, why: &str, progress: &dyn Progress) {
        if self.closed.lock().unwrap_or_else(PoisonError::into_inner).insert(bucket.to_owned()) {
            let because = format!("{why}, so it is HTTPS");
            progress.heard(&Event::Chosen { bucket: bucket.to_owned(), because });
        }
    }

    fn is_closed(&self, bucket: &str) -> bool {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).contains(bucket)
    }

    /// Tells of a bucket once.
    fn tell(&self, bucket: &str, because: String, progress: &dyn Progress) {
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(bucket.to_owned()) {
            progress.heard(&Event::Chosen { bucket: bucket.to_owned(), because });
        }
    }

    fn by_https(&self, url: &Url) -> Remote {
        let object = match &self.session {
            Some(session) => HttpsObject::new(session, url.clone()),
            None => HttpsObject::open_to_all(&self.client, url.clone()),
        };
        Remote::Https(object.signed_by(&self.signer))
    }

    async fn by_s3(&self, s3: &InS3) -> Result<Remote> {
        let region = match &s3.region {
            Some(region) => region.clone(),
            None => self.whereabouts.bucket(&s3.bucket).await?.name,
        };
        let reader = match &s3.credentials {
            Some(endpoint) => {
                let keys = self.keys_of(endpoint)?;
                // Without keys the way is none, and another may be left.
                keys.keys().await?;
                Reader::Archive(keys)
            }
            None => Reader::Anybody,
        };
        let bucket = Bucket { name: s3.bucket.clone(), region, requester_pays: false, endpoint: None };
        Ok(Remote::S3(S3Object::new(&self.client, reader, bucket, &s3.key)))
    }

    fn keys_of(&self, endpoint: &Url) -> Result<S3Keys> {
        let Some(session) = &self.session else {
            return Err(Error::NoLogin {
                host: endpoint.host_str().unwrap_or_default().to_owned(),
                looked: vec!["nothing: this download is without a login".to_owned()],
            });
        };
        self.keys.of(session, endpoint)
    }
}
