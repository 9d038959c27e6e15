//! The objects of a file as one pass sees them.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use hdf5_reader::group::Group as ReaderGroup;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::object_header::ObjectHeader;
use hdf5_reader::storage::DynStorage;
use hdf5_reader::{Hdf5File, OpenOptions, Storage};

use super::array::{Array, Described};
use super::links::{self, Link, Target};
use crate::limits::Limits;
use crate::passes::{Pass, Step, Stop, locked};

/// Links that lead to links are followed so many times.
const MOST_LINKS: usize = 16;

/// The paths of links that one pass follows have so many names. A link may lead to a path of links, and so on: without
/// this a short file could have more ways than can be gone.
const MOST_NAMES: u32 = 1 << 18;

/// An object header may have so many bytes.
const MOST_HEADER: usize = 8 << 20;

/// What was read of a file's headers, by their place.
#[derive(Debug, Default)]
pub(crate) struct Known {
    objects: Mutex<HashMap<u64, Object>>,
    links: Mutex<HashMap<u64, Arc<Vec<Link>>>>,
    described: Mutex<HashMap<u64, Arc<Described>>>,
}

/// What an object header is of.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    /// A group.
    Group(Arc<ObjectHeader>),
    /// An array.
    Array(Arc<Array>),
    /// Something else, such as a named type.
    Other,
}

/// A file in one pass.
pub(crate) struct View {
    pub(crate) pass: Arc<Pass>,
    known: Arc<Known>,
    reader: Hdf5File,
    root: ReaderGroup,
    pub(crate) limits: Limits,
    /// Bytes that references to a heap may still name.
    left: Cell<u64>,
    /// Bytes of names, attributes and the like that may still be held.
    room: Cell<u64>,
    /// Names of the paths of links that were followed.
    followed: Cell<u32>,
}

/// Where a path leads: the place of the object, and of the groups above it, the root first.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) place: u64,
    pub(crate) above: Vec<u64>,
}

impl View {
    /// The file of a pass, with what was learned in earlier ones. References to a heap
    /// may name as many bytes as values may have: many can name the same text, so the file's length is
    /// no bound.
    ///
    /// # Errors
    /// For what is no HDF5 file.
    pub(crate) fn new(pass: &Arc<Pass>, known: &Arc<Known>, limits: Limits) -> Step<Self> {
        let storage: DynStorage = Arc::clone(pass) as DynStorage;
        let options = OpenOptions {
            max_object_header_bytes: MOST_HEADER,
            chunk_cache_bytes: 0,
            ..OpenOptions::default()
        };
        let reader = Hdf5File::from_storage_with_options(storage, options)?;
        let root = reader.root_group()?;
        Ok(Self {
            pass: Arc::clone(pass),
            known: Arc::clone(known),
            reader,
            root,
            limits,
            left: Cell::new(limits.values),
            room: Cell::new(limits.metadata),
            followed: Cell::new(0),
        })
    }

    /// The bytes of the file, from the place on that its addresses count from.
    pub(crate) fn storage(&self) -> &dyn Storage {
        self.reader.storage()
    }

    /// Bytes of an address, and of a length.
    pub(crate) fn sizes(&self) -> (u8, u8) {
        (self.root.offset_size(), self.root.length_size())
    }

    /// Bytes of a reference to a heap.
    pub(crate) fn reference(&self) -> usize {
        8 + usize::from(self.sizes().0)
    }

    /// The byte of the file that its addresses count from.
    pub(crate) fn base(&self) -> u64 {
        self.reader.superblock().base_address
    }

    /// Where the root group is.
    pub(crate) fn root(&self) -> u64 {
        self.root.address()
    }

    /// Counts what is held of headers: many can tell of the same bytes, so the file's length is no bound.
    ///
    /// # Errors
    /// For more than the limit of metadata.
    pub(crate) fn hold(&self, bytes: usize) -> Step<()> {
        let left = self.room.get().checked_sub(bytes as u64).ok_or_else(|| {
            Stop::wrong(format!("names and attributes of more than {} bytes", self.limits.metadata))
        })?;
        self.room.set(left);
        Ok(())
    }

    /// What a reference to a heap names.
    pub(crate) fn follow(&self, reference: &[u8], element: usize) -> Step<Vec<u8>> {
        let reference = &reference[..reference.len().min(self.reference())];
        let bytes =
            self.pass.attempt(|| Ok(self.root.resolve_vlen_reference_bytes(reference, element)?))?;
        let bytes = bytes.ok_or(Stop::Missed)?;
        let left = self.left.get().checked_sub(bytes.len() as u64);
        self.left.set(left.ok_or_else(|| Stop::wrong("references to more texts than the limit of values"))?);
        Ok(bytes)
    }

    /// The object at a place.
    pub(crate) fn object(&self, place: u64) -> Step<Object> {
        if let Some(object) = locked(&self.known.objects).get(&place) {
            return Ok(object.clone());
        }
        let header = self.reader.get_or_parse_header(place)?;
        let object = match kind(&header) {
            Kind::Group => Object::Group(header),
            Kind::Array => Object::Array(Arc::new(Array::of(&header, place, self)?)),
            Kind::Other => Object::Other,
        };
        locked(&self.known.objects).insert(place, object.clone());
        Ok(object)
    }

    /// The links of the group at a place.
    pub(crate) fn links(&self, place: u64) -> Step<Arc<Vec<Link>>> {
        if let Some(links) = locked(&self.known.links).get(&place) {
            return Ok(Arc::clone(links));
        }
        let Object::Group(header) = self.object(place)? else { return Ok(Arc::default()) };
        let links = Arc::new(links::of(self, &header)?);
        locked(&self.known.links).insert(place, Arc::clone(&links));
        Ok(links)
    }

    /// What is said of the object at a place.
    pub(crate) fn described(&self, place: u64) -> Step<Arc<Described>> {
        if let Some(described) = locked(&self.known.described).get(&place) {
            return Ok(Arc::clone(described));
        }
        let header = match self.object(place)? {
            Object::Group(header) => header,
            Object::Array(array) => Arc::clone(&array.header),
            Object::Other => return Ok(Arc::default()),
        };
        let described = Arc::new(Described::of(&header, self)?);
        locked(&self.known.described).insert(place, Arc::clone(&described));
        Ok(described)
    }

    /// Where a path from the root leads; none where a name is not there.
    pub(crate) fn find(&self, path: &str) -> Step<Option<Found>> {
        let root = Found { place: self.root(), above: Vec::new() };
        self.find_from(root, path, MOST_LINKS)
    }

    /// Where a link of the group that was found leads; none where it leads nowhere in this file.
    pub(crate) fn follow_link(&self, group: &Found, target: &Target) -> Step<Option<Found>> {
        self.target(group, target, MOST_LINKS)
    }

    fn find_from(&self, from: Found, path: &str, most: usize) -> Step<Option<Found>> {
        let mut at = from;
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            let links = self.links(at.place)?;
            let Some(link) = links.iter().find(|link| link.name == name) else { return Ok(None) };
            let Some(next) = self.target(&at, &link.target, most)? else { return Ok(None) };
            at = next;
        }
        Ok(Some(at))
    }

    fn target(&self, group: &Found, target: &Target, most: usize) -> Step<Option<Found>> {
        let path = match target {
            Target::Place(place) => {
                let above = group.above.iter().copied().chain([group.place]).collect();
                return Ok(Some(Found { place: *place, above }));
            }
            Target::Path(path) => path,
            Target::OtherFile => return Ok(None),
        };
        let Some(fewer) = most.checked_sub(1) else {
            return Err(Stop::wrong(format!(
                "links lead to links more than {MOST_LINKS} times, the last to {path}"
            )));
        };
        let names = u32::try_from(path.split('/').count()).unwrap_or(u32::MAX);
        self.followed.set(self.followed.get().saturating_add(names));
        if self.followed.get() > MOST_NAMES {
            return Err(Stop::wrong(format!(
                "links to paths of more than {MOST_NAMES} names in all, the last to {path}"
            )));
        }
        let from = if path.starts_with('/') {
            Found { place: self.root(), above: Vec::new() }
        } else {
            group.clone()
        };
        self.find_from(from, path, fewer)
    }
}

enum Kind {
    Group,
    Array,
    Other,
}

fn kind(header: &ObjectHeader) -> Kind {
    let mut kind = Kind::Other;
    for message in &header.messages {
        match message {
            HdfMessage::SymbolTable(_)
            | HdfMessage::Link(_)
            | HdfMessage::LinkInfo(_)
            | HdfMessage::GroupInfo(_) => {
                return Kind::Group;
            }
            HdfMessage::Dataspace(_) | HdfMessage::DataLayout(_) => kind = Kind::Array,
            _ => {}
        }
    }
    kind
}
