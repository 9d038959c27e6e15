//! A host that keeps a transfer alive with a few bytes now and then.

use std::time::{Duration, Instant};

use frazil_data::download::{Downloader, Item, Options, Silent};
use frazil_data::region::{Access, Whereabouts};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::client;

/// Gives five bytes a hundredth of a second, of a million, from where it is asked to.
async fn trickle(stream: TcpStream) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut from = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        if let Some(range) = line.to_ascii_lowercase().trim().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\netag: \"a\"\r\ncontent-range: bytes {from}-999999/1000000\r\n\
         content-length: {}\r\n\r\n",
        1_000_000 - from
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    loop {
        stream.write_all(b"bytes").await.ok()?;
        stream.flush().await.ok()?;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_transfer_that_crawls_has_an_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x.nc", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(trickle(stream));
        }
    });
    let client = client();
    let options = Options { access: Access::Https, ..Options::default() };
    let downloader = Downloader::open_to_all(&client, &Whereabouts::new(client.clone()), options)
        .with_patience(Duration::from_millis(20));
    let folder = tempfile::tempdir().unwrap();
    let (items, begun) = ([Item::https(url).unwrap()], Instant::now());
    let report = downloader.download(&items, folder.path(), &Silent);
    let report = tokio::time::timeout(Duration::from_mins(1), report).await.unwrap().unwrap();
    let told: Vec<_> = report.failures().map(|(_, error)| error.to_string()).collect();
    assert!(told.len() == 1 && told[0].contains("bytes a second, for"), "{told:?}");
    assert!(begun.elapsed() > Duration::from_millis(4 * 18 * 20), "it was given up in {:?}", begun.elapsed());
    assert!(folder.path().join(".x.nc.part").metadata().unwrap().len() > 0, "what came is kept");
}
