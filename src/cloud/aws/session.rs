//! Credentials, and signed requests.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::endpoints::{Api, Speech};
use crate::cloud::Identity;
use crate::cloud::http::{self, Answer, Asked, Fault, Refusal};
use crate::cloud::read::{form, text, xml};
use crate::context::Context;
use crate::error::{Error, Result};

/// Codes that ask to come again later ("Error retries and exponential backoff", AWS SDKs guide).
const BUSY: [&str; 9] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "PriorRequestNotComplete",
    "SlowDown",
];

/// AWS in one region, with somebody's credentials.
#[derive(Clone)]
pub struct Aws(Arc<Session>);

struct Session {
    region: String,
    context: Context,
    config: SdkConfig,
    credentials: SharedCredentialsProvider,
    eks: aws_sdk_eks::Client,
    http: reqwest::Client,
    caller: OnceCell<Identity>,
}

/// One request, before it is signed.
#[derive(Clone, Debug, Default)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// Below the service's address, encoded.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// The operation, as a right is written.
    pub(super) operation: &'a str,
    /// Another region than the session's.
    pub(super) region: Option<&'a str>,
}

impl Aws {
    /// AWS in a region, with the credentials that the AWS command line would use too
    /// ("Standardized credential providers", AWS SDKs and Tools Reference Guide). Nothing is asked yet.
    ///
    /// # Errors
    /// When there are no credentials at all.
    pub async fn open(context: &Context, region: &str) -> Result<Self> {
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(http::PATIENCE).connect_timeout(http::CONNECT);
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.to_owned()));
        if let Some(own) = own_credentials(context) {
            loader = loader.credentials_provider(own);
        }
        if let Some(address) = context.variable("AWS_ENDPOINT_URL").filter(|address| !address.is_empty()) {
            loader = loader.endpoint_url(address);
        }
        let config = loader.timeout_config(timeouts.build()).load().await;
        let credentials = config.credentials_provider().ok_or_else(no_credentials)?;
        Ok(Self(Arc::new(Session {
            region: region.to_owned(),
            context: context.clone(),
            credentials,
            eks: aws_sdk_eks::Client::new(&config),
            config,
            http: http::client()?,
            caller: OnceCell::new(),
        })))
    }

    pub(super) fn region_name(&self) -> &str {
        &self.0.region
    }

    pub(super) fn sdk_config(&self) -> &SdkConfig {
        &self.0.config
    }

    pub(super) fn eks(&self) -> &aws_sdk_eks::Client {
        &self.0.eks
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        self.0.context.now()
    }

    /// Whose credentials these are, asked once.
    pub(super) async fn caller(&self) -> Asked<Identity> {
        self.0.caller.get_or_try_init(|| self.ask_caller()).await.cloned()
    }

    /// An operation of a service that takes a form and answers in XML.
    pub(super) async fn form(&self, api: Api, operation: &str, pairs: &[(&str, String)]) -> Asked<Value> {
        let Speech::Form(version) = api.speech else { return Err(misused(api, operation)) };
        let mut all =
            vec![("Action".to_owned(), operation.to_owned()), ("Version".to_owned(), version.to_owned())];
        all.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let ask = Ask {
            method: Method::POST,
            headers: vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
            body: form(&all),
            operation,
            ..Ask::default()
        };
        let value = self.xml(api, ask).await?;
        // The query protocol wraps its result; EC2's variant of it does not.
        Ok(match value.get(format!("{operation}Result")) {
            Some(result) => result.clone(),
            None => value,
        })
    }

    /// An operation of a service that takes and answers JSON.
    pub(super) async fn json(&self, api: Api, operation: &str, body: &Value) -> Asked<Value> {
        let Speech::Json(target) = api.speech else { return Err(misused(api, operation)) };
        let ask = Ask {
            method: Method::POST,
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", format!("{target}{operation}")),
            ],
            body: body.to_string(),
            operation,
            ..Ask::default()
        };
        self.rest_json(api, ask).await
    }

    /// A request that is answered in JSON, or with nothing.
    pub(super) async fn rest_json(&self, api: Api, ask: Ask<'_>) -> Asked<Value> {
        let operation = ask.operation.to_owned();
        let answer = self.send(api, ask).await?;
        if answer.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&answer.body).map_err(|error| unreadable(api, &operation).because(error).into())
    }

    /// A request that is answered in XML, or with nothing.
    pub(super) async fn xml(&self, api: Api, ask: Ask<'_>) -> Asked<Value> {
        let operation = ask.operation.to_owned();
        let answer = self.send(api, ask).await?;
        if answer.body.trim().is_empty() {
            return Ok(Value::Null);
        }
        xml(&answer.body).map_err(|error| unreadable(api, &operation).because(error).into())
    }

    /// Signs and sends a request.
    pub(super) async fn send(&self, api: Api, ask: Ask<'_>) -> Asked<Answer> {
        let asked = format!("{}:{}", api.name, ask.operation);
        let credentials = self.credentials().await?;
        let make = || self.signed(api, &ask, &credentials);
        let busy = |answer: &Answer| !answer.is_fine() && BUSY.contains(&told(answer).0.as_str());
        let answer = Box::pin(http::send(&self.0.http, &asked, &make, &busy)).await?;
        if answer.is_fine() {
            return Ok(answer);
        }
        let (code, message) = told(&answer);
        Err(Fault::Refused(Refusal { asked, status: answer.status, code, message }))
    }

    /// Credentials that hold now.
    ///
    /// # Errors
    /// When there are none, or they have expired.
    pub(super) async fn credentials(&self) -> Result<Credentials> {
        self.0.credentials.provide_credentials().await.map_err(|error| no_credentials().because(error))
    }

    fn address(&self, api: Api, region: &str) -> (String, String) {
        let (usual, signed_for) = api.address(region);
        (self.own_address(api).unwrap_or(usual), signed_for)
    }

    /// Where a service answers instead of at AWS, if the environment says so.
    pub(super) fn own_address(&self, api: Api) -> Option<String> {
        let own = self.0.context.variable(&api.variable()).filter(|address| !address.is_empty());
        let other = own.or(self.0.config.endpoint_url());
        other.map(|address| address.trim_end_matches('/').to_owned())
    }

    fn signed(&self, api: Api, ask: &Ask<'_>, credentials: &Credentials) -> Result<Request> {
        let (address, region) = self.address(api, ask.region.unwrap_or(&self.0.region));
        let question = if ask.query.is_empty() { String::new() } else { format!("?{}", form(&ask.query)) };
        let path = if ask.path.is_empty() { "/" } else { &ask.path };
        let url = format!("{address}{path}{question}");
        let cannot = || Error::failed(format!("{}:{} cannot be asked at {address}", api.name, ask.operation));
        let mut request =
            Request::new(ask.method.clone(), Url::parse(&url).map_err(|error| cannot().because(error))?);
        for (name, value) in &ask.headers {
            let value = HeaderValue::from_str(value).map_err(|error| cannot().because(error))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        let mut settings = SigningSettings::default();
        if api.name == "s3" {
            // "Signature Version 4 for S3": paths are signed as they are, with the body's digest.
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let body = SignableBody::Bytes(ask.body.as_bytes());
        let headers = ask.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let signable = SignableRequest::new(ask.method.as_str(), &url, headers, body)
            .map_err(|error| cannot().because(error))?;
        for (name, value) in self.signature(signable, api.name, &region, settings, credentials)?.0 {
            let value = HeaderValue::from_str(&value).map_err(|error| cannot().because(error))?;
            let name = HeaderName::try_from(name).map_err(|error| cannot().because(error))?;
            request.headers_mut().insert(name, value);
        }
        *request.body_mut() = Some(ask.body.clone().into());
        Ok(request)
    }

    /// An address that is signed itself, to be asked by somebody else within a time.
    pub(super) async fn presigned(
        &self,
        api: Api,
        query: &[(String, String)],
        header: (&str, &str),
        valid: Duration,
    ) -> Result<String> {
        let credentials = self.credentials().await?;
        let (address, region) = self.address(api, &self.0.region);
        let url = format!("{address}/?{}", form(query));
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(valid);
        let signable = SignableRequest::new("GET", &url, std::iter::once(header), SignableBody::Bytes(&[]))
            .map_err(|error| Error::failed(format!("{address} cannot be asked")).because(error))?;
        let (_, pairs) = self.signature(signable, api.name, &region, settings, &credentials)?;
        Ok(format!("{url}&{}", form(&pairs)))
    }

    /// The headers and the query that a signature adds.
    fn signature(
        &self,
        signable: SignableRequest<'_>,
        name: &str,
        region: &str,
        settings: SigningSettings,
        credentials: &Credentials,
    ) -> Result<(Pairs, Pairs)> {
        let cannot = || Error::failed(format!("a request to {name} cannot be signed"));
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(name)
            .time(SystemTime::from(self.now()))
            .settings(settings)
            .build()
            .map_err(|error| cannot().because(error))?
            .into();
        let (signed, _) = sign(signable, &params).map_err(|error| cannot().because(error))?.into_parts();
        let (headers, query) = signed.into_parts();
        let headers = headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned()));
        let query = query.into_iter().map(|(key, value)| (key.to_owned(), value.into_owned()));
        Ok((headers.collect(), query.collect()))
    }
}

type Pairs = Vec<(String, String)>;

/// The keys of the environment, which come first in the standard order as well.
fn own_credentials(context: &Context) -> Option<Credentials> {
    let read = |name: &str| context.variable(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let (key, secret) = (read("AWS_ACCESS_KEY_ID")?, read("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(key, secret, read("AWS_SESSION_TOKEN"), None, "environment"))
}

fn no_credentials() -> Error {
    Error::failed("no credentials for AWS")
        .hint("log in (`aws sso login`), or name a profile: `export AWS_PROFILE=NAME`")
}

fn misused(api: Api, operation: &str) -> Fault {
    Error::failed(format!("{}:{operation} is asked in another way", api.name)).into()
}

fn unreadable(api: Api, operation: &str) -> Error {
    Error::failed(format!("the answer to {}:{operation} cannot be read", api.name))
        .hint("check whether a proxy changes answers")
}

/// The code and the message of a refusal, in whichever form the service tells it.
fn told(answer: &Answer) -> (String, String) {
    let first = |all: &[String]| all.iter().find(|text| !text.is_empty()).cloned().unwrap_or_default();
    let value = serde_json::from_str(&answer.body).or_else(|_| xml(&answer.body)).unwrap_or_default();
    let code = first(&[
        text(&value, "/Errors/Error/Code"),
        text(&value, "/Error/Code"),
        text(&value, "/Code"),
        text(&value, "/__type"),
        text(&value, "/code"),
        answer.header("x-amzn-errortype").to_owned(),
    ]);
    let message = first(&[
        text(&value, "/Errors/Error/Message"),
        text(&value, "/Error/Message"),
        text(&value, "/Message"),
        text(&value, "/message"),
    ]);
    // `com.amazonaws.ecr#Code`, `Code:http://…`
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    (code.to_owned(), message)
}

impl Aws {
    /// What was asked, with a refusal as it is told to a person.
    pub(super) fn or_explain<T>(&self, asked: Asked<T>) -> Result<T> {
        asked.map_err(|fault| match fault {
            Fault::Failed(error) => error,
            Fault::Refused(refusal) => explained(refusal, &self.0.region),
        })
    }
}

/// What a refusal means, and what to do about it.
fn explained(refusal: Refusal, region: &str) -> Error {
    let Refusal { asked, status, code, message } = refusal;
    // EC2 adds a long encoded text that says nothing to a person.
    let message = message.split(" Encoded authorization failure message:").next().unwrap_or_default().trim();
    let said = match (code.is_empty(), message.is_empty()) {
        (true, true) => format!("HTTP status {status}"),
        (false, true) => code.clone(),
        (_, false) => message.trim_end_matches('.').to_owned(),
    };
    let failed = Error::failed(format!("{asked} in {region}: {said}"));
    match code.as_str() {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError"
        | "UnauthorizedException" => failed.hint(format!(
            "these credentials lack the right {asked}; `frazil doctor --policy` prints all that are needed"
        )),
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            failed.hint("the credentials have expired: log in again (`aws sso login`)")
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" | "AuthFailure" | "InvalidAccessKeyId" => failed
            .hint(format!(
                "AWS does not know these credentials in {region}: check the profile, and whether the region is enabled in the account"
            )),
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestTimeTooSkewed" => {
            failed.hint("check the clock of this machine, and that the secret key is whole")
        }
        "OptInRequired" | "SubscriptionRequiredException" => {
            failed.hint("the service is not switched on for this account: sign in to the console once")
        }
        _ if BUSY.contains(&code.as_str()) => {
            failed.hint("AWS is asked too often now; the same call again goes on from there")
        }
        _ => failed,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(body: &str) -> Answer {
        Answer { status: 400, headers: HeaderMap::new(), body: body.to_owned() }
    }

    #[test]
    fn refusals_are_read_in_every_form() {
        let both = |body: &str| {
            let (code, message) = told(&answer(body));
            format!("{code}/{message}")
        };
        let ec2 = "<Response><Errors><Error><Code>A</Code><Message>m</Message></Error></Errors></Response>";
        assert_eq!(both(ec2), "A/m");
        assert_eq!(
            both("<ErrorResponse><Error><Code>B</Code><Message>m</Message></Error></ErrorResponse>"),
            "B/m"
        );
        assert_eq!(both("<Error><Code>C</Code><Message>m</Message></Error>"), "C/m");
        assert_eq!(both("{\"__type\":\"com.amazonaws.x#D\",\"message\":\"m\"}"), "D/m");
        assert_eq!(both("<html>gateway</html>"), "/");
        let mut header = answer("{\"Message\":\"m\"}");
        header.headers.insert("x-amzn-errortype", "E:http://x/".parse().unwrap());
        assert_eq!(told(&header), ("E".to_owned(), "m".to_owned()));
    }

    #[test]
    fn a_missing_right_is_named() {
        let refusal = Refusal {
            asked: "ec2:DescribeVolumes".to_owned(),
            status: 403,
            code: "UnauthorizedOperation".to_owned(),
            message: "You are not authorized. Encoded authorization failure message: AbC".to_owned(),
        };
        let error = explained(refusal, "us-west-2");
        assert_eq!(error.to_string(), "ec2:DescribeVolumes in us-west-2: You are not authorized");
        assert!(error.hints()[0].contains("the right ec2:DescribeVolumes"));
    }

    #[test]
    fn expired_credentials_are_told_as_such() {
        let refusal = Refusal {
            asked: "sts:GetCallerIdentity".to_owned(),
            status: 403,
            code: "ExpiredToken".to_owned(),
            message: String::new(),
        };
        let error = explained(refusal, "us-west-2");
        assert!(error.hints()[0].contains("log in again"), "{error}");
    }
}
