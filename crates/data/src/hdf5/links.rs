//! The links of a group, in each of the three ways in which a file can store them.

use std::collections::HashSet;

use hdf5_reader::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5_reader::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};
use hdf5_reader::io::Cursor;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::link::{self, LinkMessage, LinkTarget};
use hdf5_reader::messages::link_info::LinkInfoMessage;
use hdf5_reader::messages::symbol_table_msg::SymbolTableMessage;
use hdf5_reader::object_header::ObjectHeader;
use hdf5_reader::symbol_table::{SymbolTableEntry, SymbolTableNode};

use super::nodes;
use super::values::ended;
use super::view::View;
use crate::passes::{Step, Stop};

/// A name in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) target: Target,
}

/// Where a name leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The place of an object header.
    Place(u64),
    /// Another path of the file.
    Path(String),
    /// Another file, which is not looked at.
    OtherFile,
}

/// A symbol table entry is a link to a path.
const SOFT: u32 = 2;

/// The links of a group: as they were made, where the file tells; else by name, as h5py lists them.
///
/// # Errors
/// What the reader says; [`Stop::Missed`] once all that can be looked at was.
pub(crate) fn of(view: &View, header: &ObjectHeader) -> Step<Vec<Link>> {
    let mut messages = Vec::new();
    let mut dense = None;
    for message in &header.messages {
        match message {
            HdfMessage::SymbolTable(table) => return in_table(view, table),
            HdfMessage::Link(link) => messages.push(link.clone()),
            HdfMessage::LinkInfo(info) => dense = Some(info),
            _ => {}
        }
    }
    if let Some(info) = dense {
        messages.extend(in_heap(view, info)?);
    }
    if messages.iter().all(|link| link.creation_order.is_some()) {
        messages.sort_by_key(|link| link.creation_order);
    } else {
        messages.sort_by(|one, other| one.name.cmp(&other.name));
    }
    messages.dedup_by(|one, other| one.name == other.name);
    Ok(messages.into_iter().map(Link::from).collect())
}

impl From<LinkMessage> for Link {
    fn from(link: LinkMessage) -> Self {
        let target = match link.target {
            LinkTarget::Hard { address } => Target::Place(address),
            LinkTarget::Soft { path } => Target::Path(path),
            LinkTarget::External { .. } => Target::OtherFile,
        };
        Self { name: link.name, target }
    }
}

/// The links of an older group: a B-tree of nodes whose names are in a heap.
fn in_table(view: &View, table: &SymbolTableMessage) -> Step<Vec<Link>> {
    let (offset_size, length_size) = view.sizes();
    let storage = view.storage();
    let names = view.pass.attempt(|| {
        let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offset_size, length_size)?;
        let length = usize::try_from(heap.data_segment_size)
            .map_err(|_| Stop::wrong("a heap of names too large to read"))?;
        Ok(storage.read_range(heap.data_segment_address, length)?)
    })?;
    let mut entries = Vec::new();
    let mut is_whole = true;
    for place in symbol_nodes(view, table.btree_address)? {
        match view.pass.attempt(|| entries_at(view, place))? {
            Some(more) => {
                view.hold(more.len() * size_of::<SymbolTableEntry>())?;
                entries.extend(more);
            }
            None => is_whole = false,
        }
    }
    let Some(names) = names.filter(|_| is_whole) else { return Err(Stop::Missed) };
    let name = |offset: u64| -> Step<String> {
        let name = name_at(&names, offset)?;
        // All names may be one that is long.
        view.hold(name.len() + size_of::<Link>())?;
        Ok(name)
    };
    let link = |entry: &SymbolTableEntry| -> Step<Link> {
        let [a, b, c, d, ..] = entry.scratch;
        let target = match entry.cache_type {
            SOFT => Target::Path(name(u64::from(u32::from_le_bytes([a, b, c, d])))?),
            _ => Target::Place(entry.object_header_address),
        };
        Ok(Link { name: name(entry.link_name_offset)?, target })
    };
    entries.iter().map(link).collect()
}

/// The nodes of an older group that hold its entries, in the order of its B-tree.
fn symbol_nodes(view: &View, root: u64) -> Step<Vec<u64>> {
    let is_there = |place: &u64| !Cursor::is_undefined_offset(*place, view.sizes().0);
    let (mut places, mut seen) = (Vec::new(), HashSet::new());
    if !is_there(&root) {
        return Ok(places);
    }
    nodes::of_version_1(view, root, None, |node, below| {
        let children = node.children.iter().copied().filter(is_there);
        if node.level > 0 {
            below.extend(children);
            return Ok(());
        }
        for place in children {
            if !seen.insert(place) {
                return Err(Stop::wrong(format!("a B-tree that leads twice to the names at byte {place}")));
            }
            places.push(place);
        }
        Ok(())
    })?;
    Ok(places)
}

fn name_at(names: &[u8], offset: u64) -> Step<String> {
    let from = usize::try_from(offset).ok().and_then(|offset| names.get(offset..));
    from.map(ended)
        .ok_or_else(|| Stop::wrong(format!("a name at byte {offset} of a heap of {} bytes", names.len())))
}

fn entries_at(view: &View, place: u64) -> Step<Vec<SymbolTableEntry>> {
    let (offset_size, length_size) = view.sizes();
    let head = view.storage().read_range(place, 8)?;
    let count = usize::from(u16::from_le_bytes([head[6], head[7]]));
    let length = 8 + count * (2 * usize::from(offset_size) + 24);
    let bytes = view.storage().read_range(place, length)?;
    Ok(SymbolTableNode::parse(&mut Cursor::new(&bytes), offset_size, length_size)?.entries)
}

/// The links of a group that has many: in a heap, with a B-tree of their names.
fn in_heap(view: &View, info: &LinkInfoMessage) -> Step<Vec<LinkMessage>> {
    let (offset_size, length_size) = view.sizes();
    if Cursor::is_undefined_offset(info.fractal_heap_address, offset_size) {
        return Ok(Vec::new());
    }
    let parse = |bytes: &[u8]| link::parse(&mut Cursor::new(bytes), offset_size, length_size, bytes.len());
    heap_objects(view, info.fractal_heap_address, info.btree_name_index_address)?
        .iter()
        .map(|bytes| Ok(parse(bytes)?))
        .collect()
}

/// What a heap holds of which a B-tree knows, in the B-tree's order.
///
/// # Errors
/// What the reader says; [`Stop::Missed`] once all that can be looked at was.
pub(crate) fn heap_objects(view: &View, heap: u64, index: u64) -> Step<Vec<Vec<u8>>> {
    let (offset_size, length_size) = view.sizes();
    let storage = view.storage();
    let heap =
        view.pass.attempt(|| Ok(FractalHeap::parse_at_storage(storage, heap, offset_size, length_size)?))?;
    let header = BTreeV2Header::parse_at_storage(storage, index, offset_size, length_size)?;
    nodes::ask_for(view, &header)?;
    let records =
        collect_btree_v2_records_storage(storage, &header, offset_size, length_size, None, &[], None)?;
    let Some(heap) = heap else { return Err(Stop::Missed) };
    let mut objects = Vec::new();
    let mut is_whole = true;
    let mut blocks = FractalHeapDirectBlockCache::default();
    for record in &records {
        let (BTreeV2Record::LinkNameHash { heap_id, .. }
        | BTreeV2Record::CreationOrder { heap_id, .. }
        | BTreeV2Record::AttributeNameHash { heap_id, .. }
        | BTreeV2Record::AttributeCreationOrder { heap_id, .. }) = record
        else {
            continue;
        };
        let object =
            || Ok(heap.get_object_storage_cached(heap_id, storage, offset_size, length_size, &mut blocks)?);
        match view.pass.attempt(object)? {
            Some(object) => {
                // Many records may name one object.
                view.hold(object.len() + size_of::<Vec<u8>>())?;
                objects.push(object);
            }
            None => is_whole = false,
        }
    }
    if is_whole { Ok(objects) } else { Err(Stop::Missed) }
}
