//! Changes as they happen: after one list, the API server sends only what differs.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use kube::Client;

use super::list::{Asking, Kind, NODES, PODS, event, list};
use super::object::{node, pod};
use super::source::{ask_stream, broken};
use super::tally::Tally;
use super::wire::{Value, find};

/// How long the API server keeps one watch open.
const OPEN_SECONDS: u32 = 290;
/// Between two attempts when the API server is away.
const PAUSE: Duration = Duration::from_secs(2);

/// Takes in an object of a list or watch.
type Take = fn(&mut Tally, &[u8]) -> io::Result<()>;

struct Stream {
    kind: Kind,
    put: Take,
    drop: Take,
    adopt: fn(&mut Tally, Tally),
}

const ALL: [Stream; 2] = [
    Stream {
        kind: NODES,
        put: |tally, object| node(object).map(|node| tally.put_node(node)),
        drop: |tally, object| node(object).map(|node| tally.drop_node(&node.name)),
        adopt: Tally::adopt_nodes,
    },
    Stream {
        kind: PODS,
        put: |tally, object| pod(object).map(|pod| tally.put_pod(pod)),
        drop: |tally, object| pod(object).map(|pod| tally.drop_pod(&pod)),
        adopt: Tally::adopt_pods,
    },
];

/// Versions of the lists from which a watch goes on.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    nodes: String,
    pods: String,
}

/// Nodes and pods as they are now.
///
/// # Errors
/// What was asked for, and why there is no answer.
pub async fn look(client: &Client, asking: Asking) -> Result<(Tally, Versions), (&'static str, kube::Error)> {
    let tally = RefCell::new(Tally::default());
    let one = |stream: &'static Stream| {
        let tally = &tally;
        async move {
            let mut take = |object: &[u8]| (stream.put)(&mut tally.borrow_mut(), object);
            list(client, stream.kind, asking, &mut take).await
        }
    };
    let [nodes, pods] = &ALL;
    let nodes = async { one(nodes).await.map_err(|error| ("the nodes (list nodes)", error)) };
    let pods = async { one(pods).await.map_err(|error| ("the pods (list pods)", error)) };
    let (nodes, pods) = futures::future::try_join(nodes, pods).await?;
    Ok((tally.into_inner(), Versions { nodes, pods }))
}

/// Keeps a tally as it is in the cluster, for ever. `lost` is told of an API server that is away.
pub async fn follow(
    client: &Client,
    asking: Asking,
    tally: &RefCell<Tally>,
    from: Versions,
    lost: &RefCell<Option<String>>,
) {
    let [nodes, pods] = &ALL;
    let one = |stream: &'static Stream, version| keep(client, asking, tally, stream, version, lost);
    futures::future::join(one(nodes, from.nodes), one(pods, from.pods)).await;
}

async fn keep(
    client: &Client,
    asking: Asking,
    tally: &RefCell<Tally>,
    stream: &Stream,
    mut version: String,
    lost: &RefCell<Option<String>>,
) {
    loop {
        let ended = if version.is_empty() {
            relist(client, asking, tally, stream).await.map(|listed| version = listed)
        } else {
            changes(client, asking, tally, stream, &mut version).await
        };
        match ended {
            Ok(()) => *lost.borrow_mut() = None,
            Err(kube::Error::Api(status)) if status.code == 410 => version.clear(),
            // The end of a connection is how a quiet watch ends; the same one goes on.
            Err(kube::Error::ReadEvents(_)) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                *lost.borrow_mut() = Some(error.to_string());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn relist(
    client: &Client,
    asking: Asking,
    tally: &RefCell<Tally>,
    stream: &Stream,
) -> kube::Result<String> {
    let mut fresh = Tally::default();
    let version = list(client, stream.kind, asking, &mut |object| (stream.put)(&mut fresh, object)).await?;
    (stream.adopt)(&mut tally.borrow_mut(), fresh);
    Ok(version)
}

async fn changes(
    client: &Client,
    asking: Asking,
    tally: &RefCell<Tally>,
    stream: &Stream,
    version: &mut String,
) -> kube::Result<()> {
    let Kind { path, selector } = stream.kind;
    let address = format!(
        "{path}?watch=1&allowWatchBookmarks=true&timeoutSeconds={OPEN_SECONDS}&resourceVersion={version}{selector}"
    );
    let mut source = ask_stream(client, &address, asking.packed).await?;
    while !source.ended().await.map_err(broken)? {
        let length = source.take(4).await.map_err(broken)?;
        let length = length.iter().fold(0, |length, byte| (length << 8) | u64::from(*byte));
        let message = source.take(length).await.map_err(broken)?;
        let (what, object) = event(message).map_err(broken)?;
        let take: Take = match what {
            "ADDED" | "MODIFIED" => stream.put,
            "DELETED" => stream.drop,
            "BOOKMARK" => |_: &mut Tally, _: &[u8]| Ok(()),
            _ => return Err(super::source::refusal(410, b"the watch is too old")),
        };
        take(&mut tally.borrow_mut(), object).map_err(broken)?;
        if let Some(newer) = version_of(object).map_err(broken)? {
            *version = newer;
        }
    }
    Ok(())
}

/// The version of an object.
fn version_of(object: &[u8]) -> io::Result<Option<String>> {
    let meta = find(object, 1)?.map_or(&[][..], Value::bytes);
    Ok(find(meta, 6)?.map(|version| version.text().to_owned()))
}
