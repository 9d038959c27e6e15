//! A login in use: shared by many tasks, renewed once for all of them.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::LOCATION;
use secrecy::SecretString;

use super::earthdata::Earthdata;
use super::find::{Found, Place, Prompt, Reference};
use super::netrc::{Entry, Netrc};
use super::renew::Service;
use super::token::Token;
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::{Answer, Client, Grant, Request, Watch, Whole};
use crate::secret::{basic, bearer};

/// After a renewal that failed while the token still held, the next is tried after this time.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);
/// So long a token that the service gave again is taken for good, whatever a host says of it.
const CONFIRMED: SignedDuration = SignedDuration::from_mins(1);
/// Longest wait for a new token while the old one holds.
const WHILE_HELD: Duration = Duration::from_secs(30);
/// Longest wait for a token where there is none.
const LONGEST: Duration = Duration::from_mins(2);

/// A login in use. A clone is the same login: what one renews, all have.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
    /// Makes the requests of who uses the login; those for tokens are made by the login's own.
    client: Client,
}

struct Inner {
    client: Client,
    earthdata: Earthdata,
    found: Found,
    reference: Option<Reference>,
    state: Mutex<State>,
    /// Held by the one who renews.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Not before this moment is a renewal tried again.
    not_before: Option<Timestamp>,
    /// When the service last gave the token that is held, though a host had refused it.
    confirmed: Option<Timestamp>,
    /// What the service said to a password that it does not know: it is not asked again, for accounts are
    /// locked after some wrong ones.
    wrong: Option<String>,
}

/// The token at hand.
enum Held {
    /// It need not be renewed, or not yet again.
    Good(Token),
    /// It still holds, and it is time for another.
    Ending(Token),
    /// There is none, or it has ended.
    None,
}

/// What became of a request that showed the token.
enum Offered {
    /// It was answered.
    Taken(Box<Answer>),
    /// The token is not good.
    Refused,
    /// The caller is sent to the login service.
    Sent,
}

/// What a session knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whose login it is, if it says so.
    pub user: Option<String>,
    /// Where it was found.
    pub from: String,
    /// When the token ends, if it says so.
    pub expires: Option<Timestamp>,
    /// Whether new tokens can be had when it ends.
    pub renewable: bool,
}

impl Session {
    /// A login from the places of a reference. The service is asked when a token is first needed.
    ///
    /// # Errors
    /// [`Error::NoLogin`] when there is none, [`Error::File`] when a `.netrc` cannot be read.
    pub fn find(client: Client, reference: &Reference) -> Result<Self> {
        let found = Found::look(reference, client.surroundings(), None)?;
        Ok(Self::of(client, reference.earthdata.clone(), found, Some(reference.clone())))
    }

    /// As [`Session::find`], and where there is none, asks the person at the keyboard.
    ///
    /// # Errors
    /// As [`Session::find`].
    pub async fn find_or_ask(client: Client, reference: &Reference, prompt: Arc<dyn Prompt>) -> Result<Self> {
        let mut asking = reference.clone();
        asking.places.push(Place::Prompt);
        let surroundings = client.surroundings().clone();
        let looking = asking.clone();
        let look = move || Found::look(&looking, &surroundings, Some(&*prompt));
        let found = tokio::task::spawn_blocking(look).await.map_err(|_| Error::NoLogin {
            host: asking.earthdata.host().to_owned(),
            looked: vec![Place::Prompt.to_string()],
        })??;
        let typed = found.password.as_ref().is_some_and(|(_, from)| *from == Place::Prompt.to_string());
        let reference = (!typed).then(|| reference.clone());
        Ok(Self::of(client, asking.earthdata, found, reference))
    }

    /// A token that the caller has. When it ends, so does the session.
    pub fn with_token(client: Client, earthdata: Earthdata, token: SecretString) -> Self {
        let token = Some((Token::new(token), "the token that was given".to_owned()));
        Self::of(client, earthdata, Found { token, ..Found::default() }, None)
    }

    /// Name and password that the caller has.
    pub fn with_password(client: Client, earthdata: Earthdata, entry: Entry) -> Self {
        let password = Some((entry, "the password that was given".to_owned()));
        Self::of(client, earthdata, Found { password, ..Found::default() }, None)
    }

    fn of(client: Client, earthdata: Earthdata, found: Found, reference: Option<Reference>) -> Self {
        let token = found.token.as_ref().map(|(token, _)| token.clone());
        let state = Mutex::new(State { token, ..State::default() });
        let renewing = tokio::sync::Mutex::default();
        let inner = Inner { client: client.clone(), earthdata, found, reference, state, renewing };
        Self { inner: Arc::new(inner), client }
    }

    /// Where a worker finds the same login: none if it was given or typed and not kept.
    pub fn reference(&self) -> Option<&Reference> {
        self.inner.reference.as_ref()
    }

    /// Which Earthdata.
    pub fn earthdata(&self) -> &Earthdata {
        &self.inner.earthdata
    }

    /// The client below.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The same login, of which the exchanges that ask for data are told to one more.
    #[must_use]
    pub fn watched(&self, by: Arc<dyn Watch>) -> Self {
        Self { inner: Arc::clone(&self.inner), client: self.client.watched(by) }
    }

    /// What the caller should tell the user: files that others can read, passwords that were left.
    pub fn warnings(&self) -> &[String] {
        &self.inner.found.warnings
    }

    /// Writes the password into a `.netrc`, and gives the reference by which workers find it there.
    ///
    /// # Errors
    /// When there is only a token, or the file cannot be written.
    pub fn keep(&self, path: &Path) -> Result<Reference> {
        let Some((entry, _)) = &self.inner.found.password else {
            return Err(Error::Invalid {
                what: "a .netrc keeps user and password, and this login has only a token".to_owned(),
                advice: "log in with user and password, or set EARTHDATA_TOKEN".to_owned(),
            });
        };
        Netrc::read(path)?.with(self.inner.earthdata.host(), entry)?.write(path)?;
        let places = vec![Place::Netrc(Some(path.to_owned()))];
        Ok(Reference { earthdata: self.inner.earthdata.clone(), places })
    }

    /// What it knows of itself; asks the service for a token if there is none yet.
    ///
    /// # Errors
    /// As [`Session::token`].
    pub async fn status(&self) -> Result<Status> {
        let token = self.token().await?;
        let found = &self.inner.found;
        let from =
            found.token.as_ref().map(|(_, from)| from).or(found.password.as_ref().map(|(_, from)| from));
        let user = token.user().or(found.password.as_ref().map(|(entry, _)| entry.login.as_str()));
        Ok(Status {
            user: user.map(str::to_owned),
            from: from.cloned().unwrap_or_default(),
            expires: token.expires(),
            renewable: found.password.is_some(),
        })
    }

    /// The token as a variable of the environment, for workers of somebody whose login is in no file:
    /// who calls this hands it on. Workers cannot renew it.
    ///
    /// # Errors
    /// As [`Session::token`].
    pub async fn as_variable(&self) -> Result<(&'static str, SecretString)> {
        Ok(("EARTHDATA_TOKEN", self.token().await?.value().clone()))
    }

    /// A token that is valid now, and where that can be had, for a day more. Asked by many at once, the
    /// service is asked once; while the old one holds, one waits for the new one and the others do not.
    ///
    /// # Errors
    /// [`Error::WrongLogin`] when the service does not know the login, [`Error::TokenEnded`] when the
    /// token has ended and there is no password, and what [`Client::fetch`] gives.
    pub async fn token(&self) -> Result<Token> {
        let _turn = match self.held() {
            Held::Good(token) => return Ok(token),
            Held::Ending(token) => match self.inner.renewing.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(token),
            },
            Held::None => self.inner.renewing.lock().await,
        };
        match self.held() {
            Held::Good(token) => Ok(token),
            Held::Ending(token) => Ok(self.renewed(WHILE_HELD).await.unwrap_or_else(|_| {
                self.state().not_before = self.now().checked_add(PATIENCE).ok();
                token
            })),
            Held::None => self.renewed(LONGEST).await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.inner.client.surroundings().now()
    }

    fn held(&self) -> Held {
        let (state, now) = (self.state(), self.now());
        let waits = state.not_before.is_some_and(|moment| now < moment);
        match &state.token {
            Some(token) if token.is_fresh(now) || waits && token.left(now).is_positive() => {
                Held::Good(token.clone())
            }
            Some(token) if token.left(now).is_positive() => Held::Ending(token.clone()),
            _ => Held::None,
        }
    }

    /// A token other than one that was refused, or none if the service still gives the same.
    async fn another(&self, refused: &Token) -> Result<Option<Token>> {
        let other = || self.state().token.clone().filter(|token| !token.is_same(refused));
        if let Some(token) = other() {
            return Ok(Some(token));
        }
        if self.inner.found.password.is_none() {
            return Ok(None);
        }
        let _turn = self.inner.renewing.lock().await;
        if let Some(token) = other() {
            return Ok(Some(token));
        }
        let now = self.now();
        if self.state().confirmed.is_some_and(|then| now.duration_since(then) < CONFIRMED) {
            return Ok(None);
        }
        let token = self.renewed(LONGEST).await?;
        if token.is_same(refused) {
            self.state().confirmed = Some(now);
            return Ok(None);
        }
        Ok(Some(token))
    }

    /// A token from the service, which is then the one that is held. For who has the turn.
    async fn renewed(&self, longest: Duration) -> Result<Token> {
        let Inner { client, earthdata, found, .. } = &*self.inner;
        let address = Address::from(&earthdata.url("/")?);
        let Some((entry, from)) = &found.password else {
            return Err(Error::TokenEnded { address });
        };
        if let Some(error) = self.wrong()? {
            return Err(error);
        }
        let service = Service { client, earthdata, entry, from };
        let renewed = tokio::time::timeout(longest, Box::pin(service.token(self.now()))).await;
        let renewed = renewed.unwrap_or_else(|_| {
            let why = format!("no token in {} s", longest.as_secs());
            Err(Error::Connection { address, tries: 1, why })
        });
        let mut state = self.state();
        match &renewed {
            Ok(token) => *state = State { token: Some(token.clone()), ..State::default() },
            Err(Error::WrongLogin { said, .. }) => state.wrong = Some(said.clone()),
            Err(_) => {}
        }
        renewed
    }

    /// The error of a password that the service does not know, once it has said so.
    fn wrong(&self) -> Result<Option<Error>> {
        let Some(said) = self.state().wrong.clone() else { return Ok(None) };
        let address = Address::from(&self.inner.earthdata.url("/")?);
        let from = self.inner.found.password.as_ref().map(|(_, from)| from.clone());
        Ok(Some(Error::WrongLogin { address, source_of_login: from.unwrap_or_default(), said }))
    }

    /// The answer to a request, logged in where that is wanted: with the token where the address may see
    /// it, else by the login service and a cookie. A token that is refused is renewed once.
    ///
    /// # Errors
    /// As [`Client::open`], for statuses that are no success too, and as [`Session::token`].
    pub async fn open(&self, request: Request) -> Result<Answer> {
        if !Earthdata::may_see_token(request.url()) {
            return self.by_login_service(request).await;
        }
        let token = self.token().await?;
        let mut offered = self.offered(&request, &token).await?;
        if !matches!(offered, Offered::Taken(_))
            && let Some(other) = self.another(&token).await?
        {
            offered = self.offered(&request, &other).await?;
        }
        let address = Address::from(request.url());
        match offered {
            Offered::Taken(answer) => Ok(*answer),
            Offered::Refused => Err(Error::TokenEnded { address }),
            // It may be a host that takes no token: the login service gives a cookie for it, which the client keeps.
            Offered::Sent => self.by_login_service(request).await.map_err(|error| match error {
                Error::Refused { status: 401, .. } if self.inner.found.password.is_none() => {
                    Error::TokenEnded { address }
                }
                other => other,
            }),
        }
    }

    /// The whole body of the answer to a request, logged in where that is wanted; of a `GET`, it is asked for
    /// again where it was cut.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn fetch(&self, request: Request, limit: usize) -> Result<Whole> {
        let settings = self.client.settings();
        let mut tries = 1;
        loop {
            match self.open(request.clone()).await?.whole(limit).await {
                Err(Error::Connection { .. }) if request.is_repeatable() && tries < settings.tries => {
                    tries += 1;
                }
                fetched => return fetched,
            }
            tokio::time::sleep(settings.pause).await;
        }
    }

    /// Asks with a token. A licence that is not accepted is told with 401 too: no other token helps there.
    async fn offered(&self, request: &Request, token: &Token) -> Result<Offered> {
        let grant = Grant::new(request.url(), bearer(token.value())?);
        let request = request.clone().grant(grant).stopping_at(self.inner.earthdata.host());
        let answer = self.client.open(&request).await?;
        if self.is_sent_to_login(&answer) {
            return Ok(Offered::Sent);
        }
        let refusing = answer.status() == 401;
        match answer.checked().await {
            Err(Error::Refused { .. }) if refusing => Ok(Offered::Refused),
            checked => checked.map(|answer| Offered::Taken(Box::new(answer))),
        }
    }

    fn is_sent_to_login(&self, answer: &Answer) -> bool {
        let sent = answer.header(&LOCATION).and_then(|location| answer.url().join(location).ok());
        sent.is_some_and(|url| self.inner.earthdata.is_login(&url))
    }

    /// Lets the login service send the caller back with a code, for which the application gives a cookie. A
    /// password that the service does not know is not offered again; what wants no login still comes.
    async fn by_login_service(&self, request: Request) -> Result<Answer> {
        let (client, Inner { earthdata, found, .. }) = (&self.client, &*self.inner);
        if let Some(error) = self.wrong()? {
            let answer = client.open(&request.stopping_at(earthdata.host())).await?;
            return if self.is_sent_to_login(&answer) { Err(error) } else { answer.checked().await };
        }
        let authorization = match &found.password {
            Some((entry, _)) => Some(basic(&entry.login, &entry.password)?),
            None => self.token().await.ok().map(|token| bearer(token.value())).transpose()?,
        };
        let request = match authorization {
            Some(authorization) => request.grant(Grant::new(&earthdata.url("/")?, authorization)),
            None => request,
        };
        let answer = client.open(&request).await?;
        let by_login = found.password.is_some() && earthdata.is_login(answer.url());
        match answer.checked().await {
            Err(Error::Refused { status: 401, said, .. }) if by_login => {
                self.state().wrong = Some(said.clone());
                Err(self.wrong()?.unwrap_or(Error::TokenEnded { address: Address::from(request.url()) }))
            }
            checked => checked,
        }
    }
}

/// Shows where the login is from, and nothing of it.
impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session")
            .field("earthdata", &self.inner.earthdata)
            .field("reference", &self.inner.reference)
            .finish_non_exhaustive()
    }
}
