use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use frazil_data::Error;
use frazil_data::http::{Client, Request, Url};
use frazil_data::login::{Earthdata, Entry, Netrc, Place, Prompt, Reference, Session};
use frazil_data::remote::{HttpsObject, Remote, Span};
use serde_json::json;

use crate::world::World;

const LIMIT: usize = 1 << 20;

/// A small file of an archive that wants a login.
fn file() -> Url {
    "https://archive.podaac.earthdata.nasa.gov/sized/1/1000.nc".parse().unwrap()
}

async fn read(session: &Session) -> frazil_data::Result<usize> {
    Ok(session.fetch(Request::get(file()), LIMIT).await?.bytes.len())
}

fn netrc(world: &World, text: &str) {
    let path = world.home.path().join(".netrc");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_login_is_found_in_the_environment_and_in_netrc() {
    let Some(world) = World::start() else { return };
    let usual = Reference::usual(Earthdata::production());
    let (user, password) = (world.told.username.clone(), world.told.password.clone());
    let client = world
        .client_in(&world.surroundings(&[("EARTHDATA_USERNAME", &user), ("EARTHDATA_PASSWORD", &password)]));
    let session = Session::find(client, &usual).unwrap();
    assert_eq!(read(&session).await.unwrap(), 1000);
    let status = session.status().await.unwrap();
    assert_eq!((status.user.as_deref(), status.renewable), (Some(user.as_str()), true));
    netrc(&world, &format!("machine urs.earthdata.nasa.gov login {user} password \"{password}\"\n"));
    let session = Session::find(world.client(), &usual).unwrap();
    assert_eq!(read(&session).await.unwrap(), 1000);
    assert!(session.warnings().is_empty(), "{:?}", session.warnings());
    assert_eq!(world.made("tokens").await, 1, "the second found the first one's token");
}

#[tokio::test]
async fn a_token_goes_to_its_archive_and_not_to_s3() {
    let Some(world) = World::start() else { return };
    read(&world.session()).await.unwrap();
    let seen = world.get("requests").await;
    let with = |host: &str| {
        let all = seen.as_array().unwrap().iter();
        let of_host: Vec<_> = all.filter(|one| one["host"].as_str().unwrap().contains(host)).collect();
        assert!(!of_host.is_empty(), "{host}");
        of_host.iter().any(|one| one["authorization"].is_string())
    };
    assert!(with("podaac.earthdata.nasa.gov"));
    assert!(!with("amazonaws.com"));
}

#[tokio::test]
async fn many_at_once_ask_for_one_token() {
    let Some(world) = World::start() else { return };
    let session = world.session();
    let readers: Vec<_> = (0..20)
        .map(|_| {
            tokio::spawn({
                let session = session.clone();
                async move { session.token().await.map(|_| ()) }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap().unwrap();
    }
    let asked = world.requests().await.iter().filter(|line| line.contains("find_or_create")).count();
    assert_eq!((asked, world.made("tokens").await), (1, 1));
}

#[tokio::test]
async fn a_token_that_ends_today_is_not_used_and_the_two_a_user_may_have_are_kept_to() {
    let Some(world) = World::start() else { return };
    for _ in 0..2 {
        world.post("tokens", &json!({})).await;
        world.advance(60).await;
    }
    let session = world.session();
    world.advance(60 * 86_400 - 43_200).await;
    let before = world.client().surroundings().now();
    let token = session.token().await.unwrap();
    assert!(token.left(before).as_hours() > 24, "{token:?}");
    assert_eq!(world.made("tokens_revoked").await, 1);
    assert_eq!(read(&session).await.unwrap(), 1000);
}

#[tokio::test]
async fn a_token_that_ends_during_the_work_is_renewed_once() {
    let Some(world) = World::start() else { return };
    let session = world.session();
    assert_eq!(read(&session).await.unwrap(), 1000);
    world.advance(59 * 86_400 + 3600).await;
    for _ in 0..5 {
        assert_eq!(read(&session).await.unwrap(), 1000);
    }
    assert_eq!(world.made("tokens").await, 2);
}

#[tokio::test]
async fn a_token_that_was_revoked_elsewhere_is_replaced() {
    let Some(world) = World::start() else { return };
    for told in ["redirect", "json"] {
        let session = world.session();
        session.token().await.unwrap();
        world.post("settings", &json!({"bad_token": told})).await;
        world.revoke_all().await;
        let before = world.made("tokens").await;
        assert_eq!(read(&session).await.unwrap(), 1000, "{told}");
        assert_eq!(world.made("tokens").await, before + 1, "{told}");
    }
}

#[tokio::test]
async fn a_given_token_that_has_ended_is_told() {
    let Some(world) = World::start() else { return };
    let token = world.post("tokens", &json!({"life": 3600})).await;
    let token = token["access_token"].as_str().unwrap().to_owned();
    let session = Session::with_token(world.client(), Earthdata::production(), token.clone().into());
    assert_eq!(read(&session).await.unwrap(), 1000);
    world.advance(4000).await;
    let session = Session::with_token(world.client(), Earthdata::production(), token.clone().into());
    let error = read(&session).await.unwrap_err();
    assert!(matches!(error, Error::TokenEnded { .. }), "{error}");
    world.revoke_all().await;
    let other = world.post("tokens", &json!({})).await["access_token"].as_str().unwrap().to_owned();
    let session = Session::with_token(world.client(), Earthdata::production(), other.clone().into());
    world.revoke_all().await;
    let error = read(&session).await.unwrap_err();
    assert!(matches!(error, Error::TokenEnded { .. }), "{error}");
    for secret in [token, other] {
        assert!(!format!("{error:?} {error} {session:?}").contains(&secret));
    }
}

#[tokio::test]
async fn a_wrong_password_is_offered_once() {
    let Some(world) = World::start() else { return };
    let entry = Entry { login: world.told.username.clone(), password: "tell-no-one".to_owned().into() };
    let session = Session::with_password(world.client(), Earthdata::production(), entry);
    for _ in 0..3 {
        let error = read(&session).await.unwrap_err();
        assert!(
            matches!(&error, Error::WrongLogin { said, .. } if said.contains("Invalid user credentials")),
            "{error}"
        );
        assert!(!format!("{error:?}{}", error.advice()).contains("tell-no-one"));
    }
    assert_eq!(world.requests().await.len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_offered_once_to_the_login_service_too() {
    let Some(world) = World::start() else { return };
    let mut settings = world.told.settings();
    settings.proxies.http = Some(world.told.proxy.clone());
    let client = Client::new(settings, &world.surroundings(&[])).unwrap();
    let entry = Entry { login: world.told.username.clone(), password: "tell-no-one".to_owned().into() };
    let session = Session::with_password(client, Earthdata::production(), entry);
    // Without TLS the address may not see a token, and sends to the login service.
    let url: Url = file().as_str().replace("https:", "http:").parse().unwrap();
    for _ in 0..3 {
        let error = session.fetch(Request::get(url.clone()), LIMIT).await.unwrap_err();
        assert!(matches!(&error, Error::WrongLogin { .. }), "{error}");
    }
    let asked = world.requests().await;
    let offered = asked.iter().filter(|line| line.contains("urs.earthdata.nasa.gov/oauth/authorize")).count();
    assert_eq!(offered, 1, "{asked:#?}");
    let error = read(&session).await.unwrap_err();
    assert!(matches!(&error, Error::WrongLogin { .. }), "{error}");
    assert_eq!(world.made("tokens").await, 0);
    let open: Url = "http://open.example.org/sized/1/1000.nc".parse().unwrap();
    let whole = session.fetch(Request::get(open), LIMIT).await.unwrap();
    assert_eq!(whole.bytes.len(), 1000, "what wants no login comes");
}

async fn asked_for_tokens(world: &World) -> usize {
    world.requests().await.iter().filter(|line| line.contains("find_or_create_token")).count()
}

#[tokio::test]
async fn the_login_service_is_not_asked_for_each_file_that_is_refused() {
    let Some(world) = World::start() else { return };
    let session = world.session();
    session.token().await.unwrap();
    let licence = r#"{"error_description": "EULA Acceptance Failure",
        "resolution_url": "https://urs.earthdata.nasa.gov/approve_app?client_id=x"}"#;
    for (body, asked) in [(licence, 1), (r#"{"error": "no"}"#, 2)] {
        let fault = json!([{"role": "egress", "fault": "status", "status": 401, "body": body, "times": -1}]);
        world.post("faults", &fault).await;
        for _ in 0..5 {
            let error = read(&session).await.unwrap_err();
            let expected = if asked == 1 {
                matches!(error, Error::NotAccepted { .. })
            } else {
                matches!(error, Error::TokenEnded { .. })
            };
            assert!(expected, "{error}");
        }
        assert_eq!(asked_for_tokens(&world).await, asked, "{body}");
        world.clear_faults().await;
    }
}

#[tokio::test]
async fn a_login_service_that_hangs_stops_nobody_whose_token_still_holds() {
    let Some(world) = World::start() else { return };
    let session = world.session();
    session.token().await.unwrap();
    world.advance(59 * 86_400 + 3600).await;
    world.post("faults", &json!([{"role": "edl", "fault": "hang", "times": -1}])).await;
    let renewing = tokio::spawn({
        let session = session.clone();
        async move { session.token().await.map(|_| ()) }
    });
    while asked_for_tokens(&world).await < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!renewing.is_finished());
    let read = tokio::time::timeout(Duration::from_secs(5), read(&session)).await;
    assert_eq!(read.unwrap().unwrap(), 1000, "it waits for the one that renews");
    renewing.abort();
}

#[tokio::test]
async fn a_licence_and_an_application_that_are_not_accepted_are_told_with_their_page() {
    let Some(world) = World::start() else { return };
    let podaac = "archive.podaac.earthdata.nasa.gov";
    let on_prem: Url = "https://n5eil01u.ecs.nsidc.org/sized/1/1000.nc".parse().unwrap();
    world.post("settings", &json!({"onprem_bearer": false})).await;
    for kind in ["without_eula", "unapproved"] {
        let user = json!({"name": world.told.username, kind: [podaac, on_prem.host_str().unwrap()]});
        world.post("users", &user).await;
        let session = world.session();
        for url in [file(), on_prem.clone()] {
            let error = session.fetch(Request::get(url.clone()), LIMIT).await.unwrap_err();
            let Error::NotAccepted { page, .. } = &error else { panic!("{kind} {url}: {error}") };
            assert!(page.starts_with("https://urs.earthdata.nasa.gov/approve_app?client_id="), "{page}");
            assert!(error.advice().contains(page.as_str()));
        }
    }
}

#[tokio::test]
async fn archives_that_take_no_token_give_a_cookie() {
    let Some(world) = World::start() else { return };
    world.post("settings", &json!({"onprem_bearer": false})).await;
    let url = world.found("short_name=ATL03&provider=NSIDC_ECS&page_size=1").await.remove(0).https.unwrap();
    let object = HttpsObject::new(&world.session(), url);
    for _ in 0..3 {
        let answer = Remote::Https(object.clone()).open(Span::from(0..10), None, 1).await.unwrap();
        assert_eq!(answer.whole(10).await.unwrap().bytes.len(), 10);
    }
    let asked = world.requests().await.iter().filter(|line| line.contains("/oauth/authorize")).count();
    assert_eq!(asked, 1, "{:#?}", world.requests().await);
}

#[tokio::test]
async fn user_acceptance_tests_have_their_own_service() {
    let Some(world) = World::start() else { return };
    let session = Session::with_password(world.client(), Earthdata::uat(), world.told.entry());
    session.token().await.unwrap();
    assert!(world.requests().await[0].contains("uat.urs.earthdata.nasa.gov"));
}

struct Typed(Entry);

impl Prompt for Typed {
    fn ask(&self, host: &str) -> Option<Entry> {
        assert_eq!(host, "urs.earthdata.nasa.gov");
        Some(self.0.clone())
    }
}

#[tokio::test]
async fn what_was_typed_is_kept_when_asked_and_found_by_workers() {
    let Some(world) = World::start() else { return };
    let usual = Reference::usual(Earthdata::production());
    let prompt = Arc::new(Typed(world.told.entry()));
    let session = Session::find_or_ask(world.client(), &usual, prompt.clone()).await.unwrap();
    assert_eq!(read(&session).await.unwrap(), 1000);
    assert!(session.reference().is_none(), "no worker finds what was typed here");
    let (name, token) = session.as_variable().await.unwrap();
    let handed_on = world.surroundings(&[(name, frazil_data::ExposeSecret::expose_secret(&token))]);
    let worker = Session::find(world.client_in(&handed_on), &usual).unwrap();
    assert_eq!(read(&worker).await.unwrap(), 1000);
    assert!(!worker.status().await.unwrap().renewable);
    let path = world.home.path().join(".netrc");
    let reference = session.keep(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(reference.places, [Place::Netrc(Some(path.clone()))]);
    let text = serde_json::to_string(&reference).unwrap();
    assert!(!text.contains(&world.told.password));
    let worker = Session::find(world.client(), &serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(read(&worker).await.unwrap(), 1000);
    let again = Session::find_or_ask(world.client(), &usual, prompt).await.unwrap();
    assert_eq!(again.reference(), Some(&usual), "it is in the file now");
    assert!(Netrc::read(&path).unwrap().entry("urs.earthdata.nasa.gov").is_some());
}

#[tokio::test]
async fn an_outage_of_the_login_service_is_waited_out_and_a_valid_token_is_used_meanwhile() {
    let Some(world) = World::start() else { return };
    world.post("faults", &json!([{"role": "edl", "fault": "status", "times": 2}])).await;
    let session = world.session();
    assert_eq!(read(&session).await.unwrap(), 1000);
    world.advance(59 * 86_400 + 3600).await;
    world.post("faults", &json!([{"role": "edl", "fault": "status", "times": -1}])).await;
    assert_eq!(read(&session).await.unwrap(), 1000, "the old one still holds");
    let asked = world.requests().await.len();
    assert_eq!(read(&session).await.unwrap(), 1000);
    assert!(world.requests().await.len() <= asked + 3, "it was not asked for again at once");
    world.advance(86_400).await;
    let error = read(&session).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 503, .. }), "{error}");
}

#[tokio::test]
async fn processes_that_renew_at_the_same_time_do_not_take_each_others_tokens() {
    let Some(world) = World::start() else { return };
    for _ in 0..2 {
        world.post("tokens", &json!({})).await;
    }
    world.advance(60 * 86_400 - 43_200).await;
    world.post("settings", &json!({"latency_ms": 5})).await;
    let sessions: Vec<_> = (0..6).map(|_| world.session()).collect();
    let tokens = futures::future::join_all(sessions.iter().map(Session::token)).await;
    let now = sessions[0].client().surroundings().now();
    for (session, token) in sessions.iter().zip(tokens) {
        assert!(token.unwrap().is_fresh(now));
        assert_eq!(read(session).await.unwrap(), 1000);
    }
    assert!(world.made("tokens").await <= 4, "two were there, and two a user may have");
}
