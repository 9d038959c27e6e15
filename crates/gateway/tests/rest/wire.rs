//! What real gateways do seldom: redirects, failures, silence, strangers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use frazil_gateway::{Adapt, Error, Gateway, Health, Login, Scaled, Secret, SecretString, Settings};
use serde_json::{Map, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::canned::{Canned, Given};
use crate::{basic, basic_header, gateway, secret, settings};

fn alice(server: &Canned) -> Gateway {
    gateway(server.base.as_str(), basic("alice", "password"))
}

fn error(status: u16, text: &str) -> Given {
    Given { status, ..Given::json(json!({ "error": text })) }.header("content-type", "application/json")
}

fn record(status: &str) -> Given {
    Given::json(
        json!({ "name": "a1", "dashboard_route": null, "status": status, "start_time": 1, "stop_time": null,
        "options": {}, "tls_cert": null, "tls_key": null }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_is_sent_at_once_and_the_cookie_kept() {
    let server = Canned::start(|_| {
        Given::json(json!({})).header("set-cookie", "dask-gateway-0=1; Max-Age=600; Path=/")
    })
    .await;
    let gateway = alice(&server);
    gateway.list(&[]).await.unwrap();
    gateway.list(&[]).await.unwrap();
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.headers["authorization"] == basic_header("alice", "password")));
    assert_eq!(
        (asked[0].headers.get("cookie"), asked[1].headers["cookie"].as_str()),
        (None, "dask-gateway-0=1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_followed_within_the_origin_only_and_no_login_leaves_it() {
    let stranger = Canned::start(|_| Given::json(json!({ "cluster_options": [] }))).await;
    let away = stranger.base.join("api/v1/options").unwrap().to_string();
    for status in [301, 302, 303, 307, 308] {
        let to = away.clone();
        let server = Canned::start(move |asked| match asked.target.as_str() {
            "/api/v1/options" => Given::status(status).header("location", "/there"),
            "/there" => Given::json(json!({ "cluster_options": [] })),
            _ => Given::status(status).header("location", to.as_str()),
        })
        .await;
        let gateway = alice(&server);
        assert!(gateway.options().await.unwrap().0.is_empty());
        let told = gateway.list(&[]).await.unwrap_err();
        assert!(matches!(told, Error::Elsewhere { .. }), "{told}");
        let host = stranger.base.as_str().trim_end_matches('/');
        assert!(told.to_string().contains(host) && told.advice().contains(host), "{told}");
        let told = gateway.scale(&"a1".parse().unwrap(), 1).await.unwrap_err();
        assert!(matches!(told, Error::Elsewhere { .. }), "{told}");
    }
    assert!(stranger.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_does_not_turn_a_post_into_a_get_and_ends() {
    let server = Canned::start(|asked| match asked.method.as_str() {
        "POST" => Given::status(302).header("location", "/elsewhere"),
        _ => Given::status(302).header("location", asked.target.as_str()),
    })
    .await;
    let gateway = alice(&server);
    let told = gateway.scale(&"a1".parse().unwrap(), 1).await.unwrap_err();
    assert!(matches!(told, Error::NoGateway { .. }) && told.to_string().contains("302"), "{told}");
    assert_eq!(server.asked().len(), 1);
    let told = gateway.version().await.unwrap_err();
    assert!(matches!(told, Error::NoGateway { .. }) && told.to_string().contains("redirects"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_safe_is_tried_again_and_a_cluster_is_asked_for_once() {
    for status in [429, 502, 503, 504] {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let server = Canned::start(move |asked| {
            let good = asked.method != "POST" && counted.fetch_add(1, Ordering::Relaxed) % 3 == 2;
            let passing = Given { body: b"busy".to_vec(), ..Given::status(status) };
            if good {
                Given::json(json!({ "cluster_options": [] }))
            } else {
                passing.header("retry-after", "0")
            }
        })
        .await;
        let client = alice(&server);
        client.options().await.unwrap();
        assert_eq!(server.asked().len(), 3);
        client.stop(&"a1".parse().unwrap()).await.unwrap();
        assert_eq!(server.asked().len(), 6);
        let told = client.create(&Map::new()).await.unwrap_err();
        assert!(matches!(told, Error::Unsure { .. }), "{told}");
        assert_eq!(server.asked().len(), 7);
        let told = client.scale(&"a1".parse().unwrap(), 1).await.unwrap_err();
        assert!(matches!(told, Error::Unavailable { tries: 5, .. }) && told.is_passing(), "{told}");
        assert_eq!(server.asked().len(), 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_gateway_is_told_in_its_words() {
    let words = "alice may use 40 cores; 38 are in use and 4 were asked for";
    let server = Canned::start(move |_| error(422, words)).await;
    let told = alice(&server).create(&Map::new()).await.unwrap_err();
    assert!(matches!(&told, Error::Refused { status: 422, said, .. } if said == words), "{told}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_listens_or_the_answer_breaks_off_it_is_said_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let told = gateway(&base, basic("a", "b")).create(&Map::new()).await.unwrap_err();
    assert!(matches!(told, Error::Connection { tries: 5, .. }) && told.to_string().contains(&base), "{told}");
    let server =
        Canned::start(|_| Given { announced: Some(500), ..Given::json(json!({ "name": "a1" })) }).await;
    let told = alice(&server).create(&Map::new()).await.unwrap_err();
    assert!(matches!(told, Error::Unsure { .. }), "{told}");
    assert_eq!(server.asked().len(), 1);
    let told = alice(&server).list(&[]).await.unwrap_err();
    assert!(matches!(told, Error::Connection { tries: 5, .. }), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_gateway_is_told_without_what_it_said() {
    let page = b"<html>tell-no-one</html>".to_vec();
    for status in [200, 404] {
        let body = page.clone();
        let answer = Given { body, ..Given::status(status) }.header("content-type", "text/html");
        let server = Canned::start(move |_| answer.clone()).await;
        let told = alice(&server).options().await.unwrap_err();
        assert!(matches!(told, Error::NoGateway { .. }), "{told}");
        assert!(!format!("{told:?}").contains("tell-no-one") && told.advice().contains("prefix"), "{told:?}");
    }
    let other =
        Given::json(json!({ "a1": { "name": "a1", "status": "tell-no-one", "tls_key": "tell-no-one" } }));
    let server = Canned::start(move |_| other.clone()).await;
    let told = alice(&server).list(&[]).await.unwrap_err();
    assert!(
        matches!(told, Error::NoGateway { .. }) && !format!("{told:?}").contains("tell-no-one"),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_not_well_says_so_without_login() {
    let server = Canned::start(|_| Given { status: 503, ..Given::json(json!({ "status": "fail" })) }).await;
    assert_eq!(alice(&server).health().await.unwrap(), Health::Fail);
    let asked = server.asked();
    assert!(asked.len() == 1 && !asked[0].headers.contains_key("authorization"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kind_of_login_is_named() {
    let server =
        Canned::start(|_| error(401, "Authentication required").header("www-authenticate", "Negotiate"))
            .await;
    for login in [basic("a", "b"), Login::jupyterhub(secret("c"))] {
        let told = gateway(server.base.as_str(), login).options().await.unwrap_err();
        assert!(matches!(told, Error::WrongLogin { .. }) && told.to_string().contains("Negotiate"), "{told}");
    }
    let bare = Canned::start(|_| error(500, "Failure verifying user's JupyterHub API token")).await;
    let told = gateway(bare.base.as_str(), Login::jupyterhub(secret("c"))).options().await.unwrap_err();
    assert!(matches!(told, Error::WrongToken { .. }), "{told}");
    let told = alice(&bare).options().await.unwrap_err();
    assert!(matches!(told, Error::Unavailable { status: 500, tries: 1, .. }), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_renewed_is_sent_from_then_on() {
    let server = Canned::start(|_| Given::json(json!({}))).await;
    let count = AtomicU32::new(0);
    let read = move || Ok(SecretString::from(format!("token{}", count.fetch_add(1, Ordering::Relaxed))));
    let gateway = gateway(server.base.as_str(), Login::jupyterhub(Secret::by("the test", read)));
    gateway.list(&[]).await.unwrap();
    gateway.list(&[]).await.unwrap();
    let sent: Vec<_> = server.asked().iter().map(|asked| asked.headers["authorization"].clone()).collect();
    assert_eq!(sent, ["jupyterhub token0", "jupyterhub token1"]);
    assert!(!format!("{gateway:?}").contains("token0"));
    let none = Login::jupyterhub(Secret::by("the variable X", || Err("it is not set".to_owned())));
    let told = crate::gateway(server.base.as_str(), none).list(&[]).await.unwrap_err();
    assert_eq!(told.to_string(), "no login in the variable X: it is not set");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_looks_until_it_runs_ends_or_takes_too_long() {
    let count = Arc::new(AtomicU32::new(0));
    let server = Canned::start(move |asked| {
        assert_eq!(asked.target, "/api/v1/clusters/a1?wait");
        record(if count.fetch_add(1, Ordering::Relaxed) < 3 { "PENDING" } else { "RUNNING" })
    })
    .await;
    let name = "a1".parse().unwrap();
    alice(&server).wait(&name, Duration::from_mins(1)).await.unwrap();
    assert_eq!(server.asked().len(), 4);

    let server = Canned::start(|_| record("PENDING")).await;
    let at_most = Duration::from_secs(5);
    let begin = Instant::now();
    let told = alice(&server).wait(&name, at_most).await.unwrap_err();
    assert!(matches!(told, Error::Late { .. }) && told.to_string().contains("still PENDING"), "{told}");
    assert!(begin.elapsed() >= at_most && told.is_passing());

    for (status, advice) in [("FAILED", "log of the gateway"), ("STOPPED", "someone stopped it")] {
        let server = Canned::start(move |_| record(status)).await;
        let told = alice(&server).wait(&name, Duration::from_mins(1)).await.unwrap_err();
        assert!(matches!(told, Error::Ended { .. }) && told.to_string().contains(status), "{told}");
        assert!(told.advice().contains(advice), "{}", told.advice());
        let told = alice(&server).credentials(&name).await.unwrap_err();
        assert!(matches!(told, Error::NotRunning { .. }), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_dropped_ends_its_request_and_one_in_silence_has_an_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (arrived, arrival) = tokio::sync::oneshot::channel();
    let silent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = vec![stream.read_u8().await.unwrap()];
        arrived.send(()).unwrap();
        stream.read_to_end(&mut all).await.unwrap();
        (String::from_utf8(all).unwrap(), listener)
    });
    let client = gateway(&base, basic("a", "b"));
    let name = "a1".parse().unwrap();
    tokio::select! {
        told = client.wait(&name, Duration::from_mins(10)) => panic!("{told:?}"),
        arrived = arrival => arrived.unwrap(),
    }
    let (asked, listener) = tokio::time::timeout(Duration::from_mins(2), silent).await.unwrap().unwrap();
    assert_eq!(asked.matches("HTTP/1.1").count(), 1, "{asked}");

    let kept = tokio::spawn(async move {
        let mut streams = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            streams.push(stream);
        }
    });
    let short = Settings { answer: Duration::from_millis(100), tries: 2, ..settings() };
    let client = Gateway::new(base.parse().unwrap(), basic("a", "b"), short).unwrap();
    let told = client.version().await.unwrap_err();
    assert!(matches!(told, Error::Connection { tries: 2, .. }), "{told}");
    let told = client.adapt(&name, Adapt::off()).await.unwrap_err();
    assert!(matches!(told, Error::Connection { tries: 2, .. }), "{told}");
    let told = client.wait(&name, Duration::from_millis(50)).await.unwrap_err();
    assert!(
        matches!(told, Error::Late { status: None, .. }) && told.to_string().contains("not told of"),
        "{told}"
    );
    kept.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_did_less_is_told() {
    let server = Canned::start(|_| Given::json(json!({ "ok": false, "msg": null }))).await;
    let scaled = alice(&server).scale(&"a1".parse().unwrap(), 3).await.unwrap();
    assert!(matches!(scaled, Scaled::Limited(_)));
    assert!(Adapt::between(3, 2).is_err());
}
