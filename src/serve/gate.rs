//! Who is let in: sessions in memory, and what the hub last said of each token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::hub::{HubClient, HubError};
use super::login::random;
use super::person::{Person, Sees};
use super::service::Token;
use crate::error;

/// How long a session lasts; whoever is still logged in at the hub gets the next one unasked.
pub(super) const SESSION: Duration = Duration::from_hours(12);
/// Most sessions, and most tokens that are remembered.
const MOST: usize = 10_000;

/// Why somebody is not let in.
#[derive(Debug)]
pub enum Refusal {
    /// No token, or one that the hub does not know.
    Unknown,
    /// The hub does not answer.
    Away(HubError),
}

/// Somebody whom the hub knows.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who.
    pub person: Arc<Person>,
    /// What they may see.
    pub sees: Sees,
}

type Key = [u8; 32];

#[derive(Debug)]
struct Session {
    token: Token,
    ends: Instant,
}

#[derive(Debug)]
struct Told {
    person: Arc<Person>,
    at: Instant,
}

/// The gate of a service.
#[derive(Debug)]
pub struct Gate {
    hub: HubClient,
    /// How long what the hub said of a token is believed.
    believed: Duration,
    sessions: Mutex<HashMap<Key, Session>>,
    told: Mutex<HashMap<Key, Told>>,
}

fn key(text: &str) -> Key {
    Sha256::digest(text).into()
}

/// What is behind a lock; a thread that ended while it held it has left whole entries only.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// A gate without sessions, which believes for so long what the hub said of a token.
    pub fn new(hub: HubClient, believed: Duration) -> Self {
        Self { hub, believed, sessions: Mutex::default(), told: Mutex::default() }
    }

    /// The hub that it asks.
    pub fn hub(&self) -> &HubClient {
        &self.hub
    }

    /// Begins a session with the token of a login, and gives its ID.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn begin(&self, token: Token) -> error::Result<String> {
        let id = random()?;
        let mut sessions = lock(&self.sessions);
        let now = Instant::now();
        if sessions.len() >= MOST {
            sessions.retain(|_, session| session.ends > now);
        }
        if sessions.len() >= MOST {
            let first = sessions.iter().min_by_key(|(_, session)| session.ends).map(|(key, _)| *key);
            first.and_then(|key| sessions.remove(&key));
        }
        sessions.insert(key(&id), Session { token, ends: now + SESSION });
        Ok(id)
    }

    /// Ends a session.
    pub fn end(&self, id: &str) {
        let ended = lock(&self.sessions).remove(&key(id));
        if let Some(session) = ended {
            lock(&self.told).remove(&key(session.token.expose()));
        }
    }

    /// Whose a session is, if it is one.
    ///
    /// # Errors
    /// When it is over, its token is no longer good, or the hub does not answer.
    pub async fn of_session(&self, id: &str) -> Result<Known, Refusal> {
        let token = {
            let mut sessions = lock(&self.sessions);
            let session = sessions.get(&key(id)).ok_or(Refusal::Unknown)?;
            if session.ends <= Instant::now() {
                sessions.remove(&key(id));
                return Err(Refusal::Unknown);
            }
            session.token.clone()
        };
        let found = self.person(&token).await;
        if matches!(found, Err(Refusal::Unknown)) {
            self.end(id);
        }
        found.map(|person| self.known(person, true))
    }

    /// Whose a token is that a program brings.
    ///
    /// # Errors
    /// When the hub does not know it, or does not answer.
    pub async fn of_token(&self, token: &Token) -> Result<Known, Refusal> {
        Ok(self.known(self.person(token).await?, false))
    }

    fn known(&self, person: Arc<Person>, by_login: bool) -> Known {
        Known { sees: person.sees(&self.hub.service().access, by_login), person }
    }

    async fn person(&self, token: &Token) -> Result<Arc<Person>, Refusal> {
        let key = key(token.expose());
        let fresh = |told: &&Told| told.at.elapsed() < self.believed;
        if let Some(told) = lock(&self.told).get(&key).filter(fresh) {
            return Ok(Arc::clone(&told.person));
        }
        match self.hub.whose(token).await {
            Ok(person) => {
                let person = Arc::new(person);
                let mut told = lock(&self.told);
                if told.len() >= MOST {
                    told.retain(|_, told| told.at.elapsed() < self.believed);
                }
                if told.len() < MOST {
                    told.insert(key, Told { person: Arc::clone(&person), at: Instant::now() });
                }
                Ok(person)
            }
            Err(HubError::Refused) => {
                lock(&self.told).remove(&key);
                Err(Refusal::Unknown)
            }
            Err(error) => Err(Refusal::Away(error)),
        }
    }
}
