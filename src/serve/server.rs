//! Connections: so many at once, each with so much time, and an end that lets answers finish.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Connections at once, over all doors.
const MOST: usize = 256;
/// How long a request's head may take, and how long a connection may wait for the next.
const HEAD: Duration = Duration::from_secs(20);
/// Most bytes of a request's head.
const LONGEST_HEAD: usize = 32 * 1024;
/// How long answers may take once the end was asked for.
const LAST: Duration = Duration::from_secs(10);
/// How long to rest when the system gives no more connections.
const REST: Duration = Duration::from_millis(100);

/// An address that is listened on, and what is behind it.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    routes: Router,
}

impl Door {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address cannot be taken.
    pub async fn open(address: SocketAddr, routes: Router) -> Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Error::failed(format!("{address} cannot be listened on"))
                .because(error)
                .hint("another program may hold it: choose another with `--listen ADDRESS:PORT`")
        })?;
        Ok(Self { listener, routes })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }
}

/// Serves until the end is asked for, then lets answers that were begun finish.
pub async fn serve(doors: Vec<Door>, end: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST));
    let open = doors.into_iter().map(|door| accept(door, Arc::clone(&places), &graceful));
    tokio::select! {
        _ = futures::future::join_all(open) => {}
        () = end => {}
    }
    // A connection that outlasts this ends with the process.
    let _late = tokio::time::timeout(LAST, graceful.shutdown()).await;
}

async fn accept(door: Door, places: Arc<Semaphore>, graceful: &GracefulShutdown) {
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match door.listener.accept().await {
            Ok((stream, _)) => spawn(stream, door.routes.clone(), place, graceful),
            Err(_) => tokio::time::sleep(REST).await,
        }
    }
}

fn spawn(stream: TcpStream, routes: Router, place: OwnedSemaphorePermit, graceful: &GracefulShutdown) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A browser that goes away is no news.
        let _gone = connection.await;
        drop(place);
    });
}
