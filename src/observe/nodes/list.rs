//! Lists of objects: pages that are read while the next one is made, object by object.

use std::io;

use futures::future::{OptionFuture, join};
use kube::Client;

use super::source::{MAGIC, Source, ask, broken};
use super::wire::{Fields, Value, damaged};

/// What is listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Its path in the API.
    pub(super) path: &'static str,
    /// Which objects are wanted, as part of an address.
    pub(super) selector: &'static str,
}

/// All nodes.
pub(super) const NODES: Kind = Kind { path: "/api/v1/nodes", selector: "" };
/// Pods that take something of a node: `status.phase!=Succeeded,status.phase!=Failed`.
pub(super) const PODS: Kind = Kind {
    path: "/api/v1/pods",
    selector: "&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed",
};

/// How a list is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// Objects of a page; 0 for all at once.
    pub page: u32,
    /// Whether answers are compressed.
    pub packed: bool,
}

/// What stands before the objects of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Head {
    version: String,
    more: String,
}

impl Head {
    fn read(message: &[u8]) -> io::Result<Self> {
        let mut head = Self::default();
        for field in Fields(message) {
            match field? {
                (2, value) => value.text().clone_into(&mut head.version),
                (3, value) => value.text().clone_into(&mut head.more),
                _ => {}
            }
        }
        Ok(head)
    }
}

/// A page that has begun to arrive.
struct Page {
    source: Source,
    end: u64,
    head: Head,
    /// The length of the next object.
    next: Option<u64>,
}

impl Page {
    async fn open(client: &Client, kind: Kind, asking: Asking, after: String) -> kube::Result<Self> {
        let Kind { path, selector } = kind;
        let from = if after.is_empty() { String::new() } else { format!("&continue={after}") };
        let address = format!("{path}?limit={}{selector}{from}", asking.page);
        let source = ask(client, &address, asking.packed).await?;
        Self::begin(source).await.map_err(broken)
    }

    /// Reads up to the first object. Around the list is what any answer has, `runtime.Unknown`.
    async fn begin(mut source: Source) -> io::Result<Self> {
        if source.take(MAGIC.len() as u64).await? != MAGIC {
            return Err(damaged());
        }
        loop {
            let tag = source.number().await?;
            let length = source.number().await?;
            match tag {
                // Field 2, bytes.
                0x12 => {
                    let end = source.used().saturating_add(length);
                    let mut page = Self { source, end, head: Head::default(), next: None };
                    page.next = page.advance().await?;
                    return Ok(page);
                }
                tag if tag & 7 == 2 => {
                    source.take(length).await?;
                }
                _ => return Err(damaged()),
            }
        }
    }

    /// Goes on to the next object.
    async fn advance(&mut self) -> io::Result<Option<u64>> {
        while self.source.used() < self.end {
            let tag = self.source.number().await?;
            let length = self.source.number().await?;
            match tag {
                0x0a => self.head = Head::read(self.source.take(length).await?)?,
                0x12 => return Ok(Some(length)),
                tag if tag & 7 == 2 => {
                    self.source.take(length).await?;
                }
                _ => return Err(damaged()),
            }
        }
        // The rest of the answer, so that the connection can be used again.
        drop(self.source.rest(1 << 10).await?);
        Ok(None)
    }

    async fn read(&mut self, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        while let Some(length) = self.next {
            take(self.source.take(length).await?)?;
            self.next = self.advance().await?;
        }
        Ok(())
    }
}

/// Gives every object to a function; the version of the list, from which a watch goes on.
///
/// # Errors
/// When the API server does not answer, refuses, or breaks off.
pub(super) async fn list(
    client: &Client,
    kind: Kind,
    asking: Asking,
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> kube::Result<String> {
    let mut page = Page::open(client, kind, asking, String::new()).await?;
    loop {
        let more = page.head.more.clone();
        let next = (!more.is_empty()).then(|| Page::open(client, kind, asking, more));
        let (read, next) = join(page.read(take), OptionFuture::from(next)).await;
        read.map_err(broken)?;
        match next {
            Some(next) => page = next?,
            None => return Ok(page.head.version),
        }
    }
}

/// An object of a message that a watch sent, with what happened to it.
pub(super) fn event(message: &[u8]) -> io::Result<(&str, &[u8])> {
    let (mut what, mut object): (&str, &[u8]) = ("", &[]);
    for field in Fields(message) {
        match field? {
            (1, value) => what = value.text(),
            (2, value) => object = super::wire::find(value.bytes(), 1)?.map_or(&[], Value::bytes),
            _ => {}
        }
    }
    let unknown = object.strip_prefix(MAGIC).ok_or_else(damaged)?;
    Ok((what, super::wire::find(unknown, 2)?.map_or(&[], Value::bytes)))
}
