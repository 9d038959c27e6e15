//! Requests to Google's APIs.

use std::sync::Arc;

use google_cloud_container_v1::client::ClusterManager;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Url};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::login::Login;
use crate::cloud::Identity;
use crate::cloud::http::{self, Answer, Asked, Fault, Refusal};
use crate::cloud::read::{each, form, text};
use crate::context::Context;
use crate::error::{Error, Result};

/// Pages of a list before something must be wrong.
const MOST_PAGES: usize = 1_000;

/// Google Cloud in one project and region, with somebody's credentials.
#[derive(Clone)]
pub struct Gcp(Arc<Session>);

struct Session {
    project: String,
    region: String,
    /// One address for all APIs, in tests.
    address: Option<String>,
    http: reqwest::Client,
    login: Login,
    clusters: OnceCell<ClusterManager>,
    caller: OnceCell<Identity>,
}

/// One request. It may hold a token, so it shows nowhere.
#[derive(Clone, Default)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// The API, such as `compute`.
    pub(super) api: &'a str,
    /// With the version, encoded.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// Whether the project answers for it: APIs of billing accounts belong to no project, and want to
    /// know which one asks when a person does ("Set the quota project").
    pub(super) for_project: bool,
    /// The method, as permissions are written: `compute.disks.list`.
    pub(super) asked: &'a str,
}

impl Gcp {
    /// Google Cloud in a project and region, with application default credentials. Nothing is asked yet.
    ///
    /// # Errors
    /// When the credentials cannot be read.
    pub fn open(context: &Context, project: &str, region: &str) -> Result<Self> {
        let http = http::client()?;
        let session = Session {
            project: project.to_owned(),
            region: region.to_owned(),
            address: context.google_endpoint()?,
            login: Login::find(context, http.clone())?,
            http,
            clusters: OnceCell::new(),
            caller: OnceCell::new(),
        };
        Ok(Self(Arc::new(session)))
    }

    pub(super) fn region_name(&self) -> &str {
        &self.0.region
    }

    pub(super) fn project(&self) -> &str {
        &self.0.project
    }

    pub(super) fn login(&self) -> &Login {
        &self.0.login
    }

    /// The library's client for clusters.
    pub(super) async fn manager(&self) -> Result<&ClusterManager> {
        let make = || async {
            let mut builder = ClusterManager::builder().with_credentials(self.login().clone());
            builder = builder.with_attempt_timeout(http::PATIENCE);
            if let Some(address) = &self.0.address {
                builder = builder.with_endpoint(address.clone());
            }
            builder.build().await.map_err(|error| Error::failed("no client for GKE").because(error))
        };
        self.0.clusters.get_or_try_init(make).await
    }

    /// Whose credentials these are, asked once.
    pub(super) async fn caller(&self) -> Asked<Identity> {
        self.0.caller.get_or_try_init(|| self.ask_caller()).await.cloned()
    }

    /// `projects/PROJECT` below a version of an API.
    pub(super) fn below(&self, version: &str, rest: &str) -> String {
        format!("/{version}/projects/{}/{rest}", self.0.project)
    }

    /// An object, or what a request answers.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Asked<Value> {
        let token = self.login().token().await?;
        let make = || self.made(&ask, token.secret());
        let answer = Box::pin(http::send(&self.0.http, ask.asked, &make, &|_| false)).await?;
        if !answer.is_fine() {
            return Err(Fault::Refused(refusal(ask.asked, &answer)));
        }
        if answer.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        let unreadable = || {
            Error::failed(format!("the answer to {} cannot be read", ask.asked))
                .hint("check whether a proxy changes answers")
        };
        serde_json::from_str(&answer.body).map_err(|error| unreadable().because(error).into())
    }

    /// An object.
    pub(super) async fn get(&self, api: &str, path: String, asked: &str) -> Asked<Value> {
        self.ask(Ask { method: Method::GET, api, path, asked, ..Ask::default() }).await
    }

    /// The members of a list, page by page to the last.
    pub(super) async fn list(
        &self,
        api: &str,
        path: String,
        query: &[(&str, &str)],
        pointer: &str,
        asked: &str,
    ) -> Asked<Vec<Value>> {
        let pages = self.pages(api, path, query, asked).await?;
        Ok(pages.iter().flat_map(|page| each(page, pointer)).cloned().collect())
    }

    async fn pages(&self, api: &str, path: String, query: &[(&str, &str)], asked: &str) -> Asked<Vec<Value>> {
        let query: Vec<_> =
            query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut pages = Vec::new();
        let mut token = String::new();
        for _ in 0..MOST_PAGES {
            let mut query = query.clone();
            if !token.is_empty() {
                query.push(("pageToken".to_owned(), token));
            }
            let ask = Ask { method: Method::GET, api, path: path.clone(), query, asked, ..Ask::default() };
            let page = self.ask(ask).await?;
            whole(&page, asked)?;
            token = text(&page, "/nextPageToken");
            pages.push(page);
            if token.is_empty() {
                break;
            }
        }
        Ok(pages)
    }

    /// Members of a kind of Compute Engine in this region, its zones and outside of regions, each
    /// with its scope: `global`, a region or a zone. Compute Engine API, `aggregatedList`.
    pub(super) async fn aggregated(&self, kind: &str) -> Asked<Vec<(String, Value)>> {
        let path = self.below("compute/v1", &format!("aggregated/{kind}"));
        let pages =
            self.pages("compute", path, &[("maxResults", "500")], &format!("compute.{kind}.list")).await;
        let pages = nothing_if_off(pages)?;
        let mut found = Vec::new();
        for page in &pages {
            for (scope, members) in page["items"].as_object().into_iter().flatten() {
                let Some(place) = self.place_of(scope) else { continue };
                found.extend(
                    each(members, &format!("/{kind}")).into_iter().map(|one| (place.clone(), one.clone())),
                );
            }
        }
        Ok(found)
    }

    /// The name of a scope of this region.
    fn place_of(&self, scope: &str) -> Option<String> {
        let region = &self.0.region;
        match scope.split_once('/') {
            None => Some(scope.to_owned()),
            Some(("regions", name)) => (name == region).then(|| name.to_owned()),
            Some((_, zone)) => zone.strip_prefix(region.as_str())?.starts_with('-').then(|| zone.to_owned()),
        }
    }

    fn made(&self, ask: &Ask<'_>, token: &str) -> Result<Request> {
        let base = match &self.0.address {
            Some(address) => address.clone(),
            None => format!("https://{}.googleapis.com", ask.api),
        };
        let question = if ask.query.is_empty() { String::new() } else { format!("?{}", form(&ask.query)) };
        let cannot = || Error::failed(format!("{} cannot be asked at {base}", ask.asked));
        let url =
            Url::parse(&format!("{base}{}{question}", ask.path)).map_err(|error| cannot().because(error))?;
        let mut request = Request::new(ask.method.clone(), url);
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|error| cannot().because(error))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        if ask.for_project {
            let project = HeaderValue::try_from(&self.0.project).map_err(|error| cannot().because(error))?;
            request.headers_mut().insert("x-goog-user-project", project);
        }
        if let Some(body) = &ask.body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        Ok(request)
    }

    /// What was asked, with a refusal as it is told to a person.
    pub(super) fn or_explain<T>(&self, asked: Asked<T>) -> Result<T> {
        asked.map_err(|fault| match fault {
            Fault::Failed(error) => error,
            Fault::Refused(refusal) => explained(&refusal, &self.0.project),
        })
    }
}

/// A list that leaves a zone out would make what is there look gone.
fn whole(page: &Value, asked: &str) -> Result<()> {
    let away: Vec<_> = ["/unreachable", "/unreachables"].into_iter().flat_map(|at| each(page, at)).collect();
    let away: Vec<_> = away.into_iter().map(|one| text(one, "")).collect();
    if away.is_empty() {
        return Ok(());
    }
    Err(Error::failed(format!("{asked}: Google Cloud does not reach {}", away.join(", ")))
        .hint("the same call again goes on from there"))
}

/// An API that is off has nothing of the project.
pub(super) fn nothing_if_off<T: Default>(asked: Asked<T>) -> Asked<T> {
    match asked {
        Err(fault) if is_off(fault.code()) => Ok(T::default()),
        asked => asked,
    }
}

fn is_off(code: &str) -> bool {
    ["SERVICE_DISABLED", "accessNotConfigured"].contains(&code)
}

/// Whether a fault says that there is no such thing.
pub(super) fn is_missing(fault: &Fault) -> bool {
    fault.status() == 404
}

fn refusal(asked: &str, answer: &Answer) -> Refusal {
    let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    Refusal {
        asked: asked.to_owned(),
        status: answer.status,
        code: code_of(&value),
        message: text(&value, "/error/message"),
    }
}

/// "Errors", API design guide: the reason in the details says most, then that of the older form.
pub(super) fn code_of(value: &Value) -> String {
    let details = each(value, "/error/details").into_iter().map(|one| text(one, "/reason"));
    let older = each(value, "/error/errors").into_iter().map(|one| text(one, "/reason"));
    let mut all = details.chain(older).chain([text(value, "/error/status")]);
    all.find(|code| !code.is_empty()).unwrap_or_default()
}

/// What a refusal means, and what to do about it.
fn explained(refusal: &Refusal, project: &str) -> Error {
    let Refusal { asked, status, code, message } = refusal;
    let first = message.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    let said = if first.is_empty() { format!("HTTP status {status}") } else { first.to_owned() };
    let failed = Error::failed(format!("{asked} in the project {project}: {said}"));
    match (status, code.as_str()) {
        (_, code) if is_off(code) => {
            let api = service(message).unwrap_or("NAME.googleapis.com");
            failed.hint(format!("switch it on: `gcloud services enable {api} --project {project}`"))
        }
        (_, "quotaExceeded" | "QUOTA_EXCEEDED" | "RESOURCE_EXHAUSTED") => {
            failed.hint("`frazil doctor` lists the quotas that are too small")
        }
        (401, _) => failed.hint("log in again: `gcloud auth application-default login`"),
        (403, _) => failed.hint(format!(
            "these credentials lack the permission {}; `frazil doctor --policy` prints all that are needed",
            permission(message).unwrap_or(asked)
        )),
        (404, _) => failed.hint("check the project's ID and the region in the hub file"),
        (429, _) => {
            failed.hint("Google Cloud is asked too often now; the same call again goes on from there")
        }
        _ => failed,
    }
}

/// The API that a message names: `https://…/apis/api/compute.googleapis.com/overview`, or alone.
fn service(message: &str) -> Option<&str> {
    let mut words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-');
    words.find(|word| word.ends_with(".googleapis.com") && word.matches('.').count() == 2)
}

/// The permission that a message names: `Required 'compute.disks.list' permission for …`,
/// `Permission 'x.y.z' denied on …`, `Permission "x.y.z" …`, `does not have x.y.z access`.
pub(super) fn permission(message: &str) -> Option<&str> {
    let word = |text: &str| text.split(['\'', '"', ' ']).next().map(str::len);
    ["Required '", "Required \"", "ermission '", "ermission \"", "does not have "].iter().find_map(|before| {
        let start = message.find(before)? + before.len();
        let rest = message.get(start..)?;
        let told = rest.get(..word(rest)?)?;
        (told.matches('.').count() >= 2).then_some(told)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_are_read_in_both_forms() {
        let new = json!({ "error": { "status": "PERMISSION_DENIED", "details": [{ "reason": "SERVICE_DISABLED" }] } });
        let old = json!({ "error": { "errors": [{ "reason": "notFound" }] } });
        assert_eq!(code_of(&new), "SERVICE_DISABLED");
        assert_eq!(code_of(&old), "notFound");
        assert_eq!(code_of(&json!({ "error": { "status": "NOT_FOUND" } })), "NOT_FOUND");
        assert_eq!(code_of(&Value::Null), "");
    }

    #[test]
    fn a_missing_permission_is_named() {
        assert_eq!(
            permission("Required 'compute.disks.list' permission for 'projects/p'"),
            Some("compute.disks.list")
        );
        assert_eq!(permission("Permission 'file.instances.list' denied on 'x'"), Some("file.instances.list"));
        assert_eq!(
            permission("a@b does not have storage.buckets.get access to the bucket"),
            Some("storage.buckets.get")
        );
        assert_eq!(permission("The caller does not have permission"), None);
        let refusal = Refusal {
            asked: "compute.disks.list".to_owned(),
            status: 403,
            code: "forbidden".to_owned(),
            message: "no".to_owned(),
        };
        assert!(explained(&refusal, "p").hints()[0].contains("the permission compute.disks.list"));
    }

    #[test]
    fn an_api_that_is_off_is_named() {
        let message = "It has not been used in project 1 before. Enable it by visiting \
                       https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=1";
        assert_eq!(service(message), Some("compute.googleapis.com"));
        assert_eq!(service("no API"), None);
    }

    #[test]
    fn a_list_that_leaves_something_out_is_no_list() {
        assert!(whole(&json!({ "items": [] }), "x").is_ok());
        assert!(whole(&json!({ "unreachable": ["zones/us-central1-a"] }), "x").is_err());
    }
}
