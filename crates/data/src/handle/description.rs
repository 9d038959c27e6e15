//! A handle as it travels to other processes: what it is of, without secrets.

use std::path::PathBuf;

use object_store::aws::AwsCredentialProvider;
use object_store::gcp::GcpCredentialProvider;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Handle, Of, Options};
use crate::address::Address;
use crate::credentials::ArchiveKeys;
use crate::error::{Error, Result};
use crate::http::Client;
use crate::login::Session;
use crate::remote::{
    Bucket, GoogleBucket, GoogleObject, GoogleReader, HttpsObject, Pin, Reader, Remote, S3Object,
    google_account,
};

/// What a handle is of, how it reads, and which version. It holds no secret: who opens it logs in anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    /// Where the object is.
    pub place: Place,
    /// How it is read.
    #[serde(default)]
    pub options: Options,
    /// Which version, if something was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// For which bucket its bytes are counted, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

/// For which bucket bytes are counted, whichever way they come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The bucket, or the host where there is none.
    pub bucket: String,
    /// Where the bucket is, such as `aws/us-west-2`; empty where nobody knows.
    #[serde(default)]
    pub region: String,
}

/// Where an object is, and who may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Behind a host that speaks HTTPS.
    Https {
        /// Its address.
        url: Url,
        /// Whether one has to be logged in.
        login: bool,
    },
    /// In S3.
    S3 {
        /// Its bucket.
        bucket: Bucket,
        /// Its name in the bucket.
        key: String,
        /// Who may read it.
        reader: ReaderOf,
    },
    /// In Google Cloud Storage.
    Google {
        /// Its bucket.
        bucket: GoogleBucket,
        /// Its name in the bucket.
        key: String,
        /// Whether it is read with an account.
        account: bool,
    },
    /// On this machine.
    File(PathBuf),
}

/// Who may read an object of S3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReaderOf {
    /// Anybody.
    Anybody,
    /// Who has keys of an archive, from this address.
    Archive(Url),
    /// Who has an account at Amazon.
    Account,
}

/// Who opens a handle that was described.
#[derive(Clone)]
pub struct Logins {
    /// Makes the requests.
    pub client: Client,
    /// A login to Earthdata.
    pub session: Option<Session>,
    /// An account at Amazon.
    pub amazon: Option<AwsCredentialProvider>,
    /// An account at Google, instead of the one that is found.
    pub google: Option<GcpCredentialProvider>,
    /// Keys of archives for that login to Earthdata.
    pub keys: ArchiveKeys,
}

impl Logins {
    /// The account at Google: the given one, or the one that is found here.
    fn at_google(&self) -> Result<GcpCredentialProvider> {
        self.google.clone().map_or_else(|| google_account(self.client.surroundings()), Ok)
    }
}

impl Handle {
    /// What it is of.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the address itself lets its reader in, as signed ones do.
    pub fn describe(&self, options: &Options) -> Result<Description> {
        let place = match &self.of {
            Of::Far(far) => Place::of(far.remote())?,
            Of::File(file, _) => Place::File(file.path().to_owned()),
        };
        let counted = self.meter().map(|meter| Counted {
            bucket: meter.label().bucket.clone(),
            region: meter.label().region.clone(),
        });
        Ok(Description { place, options: options.clone(), pin: self.pin().cloned(), counted })
    }
}

impl Description {
    /// Opens the same object, as somebody of this process.
    ///
    /// # Errors
    /// [`Error::NoLogin`] when a login is needed that is not given; for files as [`Handle::local`].
    pub fn open(&self, logins: &Logins) -> Result<Handle> {
        if let Place::File(path) = &self.place {
            return Handle::local(path);
        }
        let (remote, surroundings) = (self.remote(logins)?, logins.client.surroundings());
        Ok(Handle::counted(remote, self.options.clone(), self.pin.clone(), None, surroundings))
    }

    /// The object, and who asks for it here.
    ///
    /// # Errors
    /// As [`Description::open`]; [`Error::Invalid`] for a file of this machine, which is not asked for.
    pub(crate) fn remote(&self, logins: &Logins) -> Result<Remote> {
        Ok(match &self.place {
            Place::File(path) => {
                return Err(Error::Invalid {
                    what: format!("{} is a file of this machine", path.display()),
                    advice: "open it as one".to_owned(),
                });
            }
            Place::Https { url, login: false } => {
                Remote::Https(HttpsObject::open_to_all(&logins.client, url.clone()))
            }
            Place::Https { url, login: true } => {
                let host = url.host_str().unwrap_or_default();
                Remote::Https(HttpsObject::new(given(logins.session.as_ref(), host)?, url.clone()))
            }
            Place::S3 { bucket, key, reader } => {
                Remote::S3(S3Object::new(&logins.client, reader.with(logins)?, bucket.clone(), key))
            }
            Place::Google { bucket, key, account } => {
                let reader = match account {
                    true => GoogleReader::Account(logins.at_google()?),
                    false => GoogleReader::Anybody,
                };
                Remote::Google(GoogleObject::new(&logins.client, reader, bucket.clone(), key))
            }
        })
    }
}

impl Place {
    fn of(remote: &Remote) -> Result<Self> {
        Ok(match remote {
            Remote::Https(object) => {
                let (url, address) = (object.url(), Address::from(object.url()));
                if url.as_str() != address.as_str() {
                    return Err(Error::Invalid {
                        what: format!("{address} holds a secret, and so cannot be passed on"),
                        advice: "open the object by the address that the catalogue tells".to_owned(),
                    });
                }
                Self::Https { url: url.clone(), login: object.has_login() }
            }
            Remote::S3(object) => Self::S3 {
                bucket: object.bucket().clone(),
                key: object.key().to_owned(),
                reader: match object.reader() {
                    Reader::Anybody => ReaderOf::Anybody,
                    Reader::Archive(keys) => ReaderOf::Archive(keys.endpoint().clone()),
                    Reader::Account(_) => ReaderOf::Account,
                },
            },
            Remote::Google(object) => Self::Google {
                bucket: object.bucket().clone(),
                key: object.key().to_owned(),
                account: object.has_account(),
            },
        })
    }
}

impl ReaderOf {
    /// Who that is in this process.
    pub(crate) fn with(&self, logins: &Logins) -> Result<Reader> {
        Ok(match self {
            Self::Anybody => Reader::Anybody,
            Self::Archive(endpoint) => {
                let host = endpoint.host_str().unwrap_or_default();
                let session = given(logins.session.as_ref(), host)?;
                Reader::Archive(logins.keys.of(session, endpoint)?)
            }
            Self::Account => Reader::Account(given(logins.amazon.as_ref(), "Amazon S3")?.clone()),
        })
    }
}

/// A login, or that there is none.
fn given<'a, T>(login: Option<&'a T>, host: &str) -> Result<&'a T> {
    login.ok_or_else(|| Error::NoLogin {
        host: host.to_owned(),
        looked: vec!["what the process that opens it was given".to_owned()],
    })
}
