//! A login in use: shared by many tasks, renewed once for all of them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

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
use crate::http::{Answer, Client, Grant, Request, Whole};
use crate::secret::{basic, bearer};

/// After a renewal that failed while the token still held, the next is tried after this time.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// A login in use. A clone is the same login: what one renews, all have.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    earthdata: Earthdata,
    found: Found,
    reference: Option<Reference>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Not before this moment is a renewal tried again.
    not_before: Option<Timestamp>,
    /// What the service said to a password that it does not know: it is not asked again, for accounts are
    /// locked after some wrong ones.
    wrong: Option<String>,
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
        let state = tokio::sync::Mutex::new(State { token, ..State::default() });
        Self { inner: Arc::new(Inner { client, earthdata, found, reference, state }) }
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
        &self.inner.client
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
    /// service is asked once.
    ///
    /// # Errors
    /// [`Error::WrongLogin`] when the service does not know the login, [`Error::TokenEnded`] when the
    /// token has ended and there is no password, and what [`Client::fetch`] gives.
    pub async fn token(&self) -> Result<Token> {
        let mut state = self.inner.state.lock().await;
        let now = self.inner.client.surroundings().now();
        let waits = state.not_before.is_some_and(|moment| now < moment);
        if let Some(token) = &state.token
            && (token.is_fresh(now) || waits && token.left(now).is_positive())
        {
            return Ok(token.clone());
        }
        match self.renewed(&mut state, now).await {
            Ok(token) => {
                *state = State { token: Some(token.clone()), ..State::default() };
                Ok(token)
            }
            Err(error) => match &state.token {
                Some(token) if token.left(now).is_positive() => {
                    let token = token.clone();
                    state.not_before = now.checked_add(PATIENCE).ok();
                    Ok(token)
                }
                _ => Err(error),
            },
        }
    }

    /// A token other than one that was refused, or none if the service still gives the same.
    async fn another(&self, refused: &Token) -> Result<Option<Token>> {
        let mut state = self.inner.state.lock().await;
        if let Some(token) = state.token.as_ref().filter(|token| !token.is_same(refused)) {
            return Ok(Some(token.clone()));
        }
        if self.inner.found.password.is_none() {
            return Ok(None);
        }
        let now = self.inner.client.surroundings().now();
        let token = self.renewed(&mut state, now).await?;
        if token.is_same(refused) {
            return Ok(None);
        }
        state.token = Some(token.clone());
        Ok(Some(token))
    }

    async fn renewed(&self, state: &mut State, now: Timestamp) -> Result<Token> {
        let Inner { client, earthdata, found, .. } = &*self.inner;
        let address = Address::from(&earthdata.url("/")?);
        let Some((entry, from)) = &found.password else {
            return Err(Error::TokenEnded { address });
        };
        if let Some(said) = state.wrong.clone() {
            return Err(Error::WrongLogin { address, source_of_login: from.clone(), said });
        }
        let renewed = Service { client, earthdata, entry, from }.token(now).await;
        if let Err(Error::WrongLogin { said, .. }) = &renewed {
            state.wrong = Some(said.clone());
        }
        renewed
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
        let answer = self.with_bearer(&request, &token).await?;
        if !self.is_refusal(&answer) {
            return answer.checked().await;
        }
        if let Some(other) = self.another(&token).await? {
            let answer = self.with_bearer(&request, &other).await?;
            if !self.is_refusal(&answer) {
                return answer.checked().await;
            }
        }
        let address = Address::from(request.url());
        if answer.status() == 401 {
            let refusal = answer.checked().await;
            return refusal.map_err(|error| match error {
                Error::Refused { .. } => Error::TokenEnded { address },
                other => other,
            });
        }
        // It may be a host that takes no token: the login service gives a cookie for it, which the client keeps.
        self.by_login_service(request).await.map_err(|error| match error {
            Error::Refused { status: 401, .. } if self.inner.found.password.is_none() => {
                Error::TokenEnded { address }
            }
            other => other,
        })
    }

    /// The whole body of the answer to a request, logged in where that is wanted; of a `GET`, it is asked for
    /// again where it was cut.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn fetch(&self, request: Request, limit: usize) -> Result<Whole> {
        let settings = self.inner.client.settings();
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

    async fn with_bearer(&self, request: &Request, token: &Token) -> Result<Answer> {
        let grant = Grant::new(request.url(), bearer(token.value())?);
        let request = request.clone().grant(grant).stopping_at(self.inner.earthdata.host());
        self.inner.client.open(&request).await
    }

    /// Whether an answer says that the token is not good: 401, or sent to the login service. A licence that is
    /// not accepted is told with 401 too, and not by a redirect.
    fn is_refusal(&self, answer: &Answer) -> bool {
        let sent = answer.header(&LOCATION).and_then(|location| answer.url().join(location).ok());
        answer.status() == 401 || sent.is_some_and(|url| self.inner.earthdata.is_login(&url))
    }

    /// Lets the login service send the caller back with a code, for which the application gives a cookie.
    async fn by_login_service(&self, request: Request) -> Result<Answer> {
        let login = self.inner.earthdata.url("/")?;
        let authorization = match &self.inner.found.password {
            Some((entry, _)) => Some(basic(&entry.login, &entry.password)?),
            None => self.token().await.ok().map(|token| bearer(token.value())).transpose()?,
        };
        let request = match authorization {
            Some(authorization) => request.grant(Grant::new(&login, authorization)),
            None => request,
        };
        self.inner.client.open(&request).await?.checked().await
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
