//! B-trees, level by level, so that all nodes of a level are fetched together.
//!
//! Format: "Version 1 B-trees" and "Version 2 B-trees" of the [HDF5 File Format Specification].
//!
//! [HDF5 File Format Specification]: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html

use std::collections::HashSet;

use hdf5_reader::btree_v1::BTreeV1Node;
use hdf5_reader::btree_v2::BTreeV2Header;
use hdf5_reader::io::Cursor;

use super::view::View;
use crate::passes::{Step, Stop};

/// A B-tree has no more levels than this.
const DEEPEST: u16 = 32;

/// What a node of version 2 has before its records: signature, version and type.
const PREFIX: usize = 6;

/// What a node of version 2 has besides records and pointers: the prefix and a checksum.
const AROUND: u64 = 10;

/// Goes through a B-tree of version 1, of chunks of so many dimensions or else of a group. `children` looks at a node
/// and tells where those below it are.
///
/// # Errors
/// What the reader and `children` say; [`Stop::Missed`] once all that can be looked at was.
pub(crate) fn of_version_1(
    view: &View,
    root: u64,
    rank: Option<usize>,
    mut children: impl FnMut(&BTreeV1Node, &mut Vec<u64>) -> Step<()>,
) -> Step<()> {
    let mut level = vec![root];
    let mut seen: HashSet<u64> = HashSet::new();
    for _ in 0..DEEPEST {
        let mut below = Vec::new();
        let mut is_whole = true;
        for place in level {
            if !seen.insert(place) {
                return Err(Stop::wrong(format!("a B-tree that comes back to its node at byte {place}")));
            }
            match view.pass.attempt(|| node(view, place, rank))? {
                Some(node) => children(&node, &mut below)?,
                None => is_whole = false,
            }
        }
        if !is_whole {
            return Err(Stop::Missed);
        }
        if below.is_empty() {
            return Ok(());
        }
        level = below;
    }
    Err(Stop::wrong(format!("a B-tree with more than {DEEPEST} levels")))
}

fn node(view: &View, place: u64, rank: Option<usize>) -> Step<BTreeV1Node> {
    let (offset_size, length_size) = view.sizes();
    let storage = view.storage();
    let head = storage.read_range(place, 8)?;
    let entries = usize::from(u16::from_le_bytes([head[6], head[7]]));
    let address = usize::from(offset_size);
    let key = rank.map_or(usize::from(length_size), |rank| 8 + 8 * (rank + 1));
    let bytes = storage.read_range(place, 8 + 2 * address + entries * (key + address) + key)?;
    let rank = rank.and_then(|rank| u32::try_from(rank).ok());
    Ok(BTreeV1Node::parse(&mut Cursor::new(&bytes), offset_size, length_size, rank)?)
}

/// Asks for all nodes of a B-tree of version 2, since the reader goes from one to the next, and stops at the first that
/// is not there. What is wrong with them the reader tells.
///
/// # Errors
/// [`Stop::Missed`] where a node is not there yet.
pub(crate) fn ask_for(view: &View, header: &BTreeV2Header) -> Step<()> {
    let (offset_size, _) = view.sizes();
    let size = usize::try_from(header.node_size).unwrap_or(usize::MAX);
    let mut level = vec![(header.root_node_address, usize::from(header.num_records_in_root))];
    let mut seen: HashSet<u64> = HashSet::new();
    for depth in (0..=header.depth.min(DEEPEST)).rev() {
        let mut below = Vec::new();
        let mut is_whole = true;
        for (place, records) in level {
            if Cursor::is_undefined_offset(place, offset_size) || !seen.insert(place) {
                continue;
            }
            match view.pass.attempt(|| Ok(view.storage().read_range(place, size)?))? {
                Some(bytes) if depth > 0 => {
                    let found = pointers(header, &bytes, records, depth, usize::from(offset_size));
                    below.extend(found.unwrap_or_default());
                }
                Some(_) => {}
                None => is_whole = false,
            }
        }
        if !is_whole {
            return Err(Stop::Missed);
        }
        level = below;
    }
    Ok(())
}

/// Where the nodes below a node are, and how many records each has; none of a node that is too short.
fn pointers(
    header: &BTreeV2Header,
    node: &[u8],
    records: usize,
    depth: u16,
    address: usize,
) -> Option<Vec<(u64, usize)>> {
    let (count, all) = widths(header, address as u64, depth)?;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    let from = PREFIX + records * usize::from(header.record_size);
    let pointers = node.get(from..from + (records + 1) * (address + count + all))?;
    let one = |pointer: &[u8]| {
        let (place, rest) = pointer.split_at(address);
        Some((number(place), usize::try_from(number(&rest[..count])).ok()?))
    };
    pointers.chunks_exact(address + count + all).map(one).collect()
}

/// The bytes of the two counts beside each pointer of a node at `depth`: of the records in the node below, for which a
/// full leaf has room; and, above depth 1, of all records below.
fn widths(header: &BTreeV2Header, address: u64, depth: u16) -> Option<(usize, usize)> {
    let bytes = |most: u64| u64::from(most.max(1).ilog2() / 8 + 1);
    let (size, record) = (u64::from(header.node_size), u64::from(header.record_size));
    let in_leaf = size.checked_sub(AROUND)?.checked_div(record)?;
    let count = bytes(in_leaf);
    let (mut below, mut all) = (in_leaf, 0);
    for _ in 1..depth {
        let pointer = address + count + all;
        let records = size.checked_sub(AROUND + pointer)? / (record + pointer);
        below = (records + 1).saturating_mul(below).saturating_add(records);
        all = bytes(below);
    }
    Some((usize::try_from(count).ok()?, usize::try_from(all).ok()?))
}
