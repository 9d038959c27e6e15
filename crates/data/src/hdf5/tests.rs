//! Files that are made here byte by byte: such as no library writes, or as large as none should.

use std::sync::atomic::{AtomicUsize, Ordering};

use hdf5_reader::checksum::jenkins_lookup3;

use super::*;
use crate::ranges::memory::Memory;

/// No address.
const NOWHERE: u64 = u64::MAX;

/// Kinds of messages.
const SPACE: u16 = 1;
const TYPE: u16 = 3;
const FILL: u16 = 5;
const LINK: u16 = 6;
const LAYOUT: u16 = 8;
const ATTRIBUTE: u16 = 12;
const CONTINUATION: u16 = 16;
const TABLE: u16 = 17;

/// A file in the making: a superblock of version 0, and what was put behind it.
struct Made(Vec<u8>);

/// A message of an object header: its kind, flags and bytes.
type Message = (u16, u8, Vec<u8>);

impl Made {
    fn new() -> Self {
        Self(vec![0; 96])
    }

    /// Puts bytes at the next place that 8 divides; where that is.
    fn put(&mut self, bytes: &[u8]) -> u64 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let place = self.0.len() as u64;
        self.0.extend(bytes);
        place
    }

    fn header(&mut self, messages: &[Message]) -> u64 {
        let mut body = Vec::new();
        for (kind, flags, bytes) in messages {
            body.extend(kind.to_le_bytes());
            body.extend(u16::try_from(bytes.len()).unwrap().to_le_bytes());
            body.extend([*flags, 0, 0, 0]);
            body.extend(bytes);
        }
        let mut header = vec![1, 0];
        header.extend(u16::try_from(messages.len()).unwrap().to_le_bytes());
        header.extend(1u32.to_le_bytes());
        header.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        header.extend([0; 4]);
        self.put(&[header, body].concat())
    }

    fn array(&mut self, dims: &[u64], of: &[u8], layout: Vec<u8>, more: &[Message]) -> u64 {
        let messages = [(SPACE, 0, space(dims, None)), (TYPE, 0, of.to_vec()), (LAYOUT, 0, layout)];
        self.header(&[&messages, more].concat())
    }

    /// A group with links to places.
    fn group(&mut self, links: &[(&str, u64)]) -> u64 {
        let links: Vec<Message> = links.iter().map(|(name, place)| hard(name, *place)).collect();
        self.header(&links)
    }

    /// Bytes with a checksum behind them.
    fn put_checked(&mut self, bytes: &[u8]) -> u64 {
        self.put(&[bytes, &jenkins_lookup3(bytes).to_le_bytes()].concat())
    }

    /// The file whose root group is at a place.
    fn bytes(mut self, root: u64) -> Bytes {
        let end = self.0.len() as u64;
        let mut head = b"\x89HDF\r\n\x1a\n".to_vec();
        head.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
        head.extend([0, NOWHERE, end, NOWHERE, 0, root].iter().flat_map(|word| word.to_le_bytes()));
        self.0[..head.len()].copy_from_slice(&head);
        self.0.into()
    }

    /// The same as a file that is open.
    async fn open(self, root: u64, limits: Limits) -> Hdf5 {
        Hdf5::open(Arc::new(Memory(self.bytes(root))), limits).await.unwrap()
    }
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn space(dims: &[u64], most: Option<&[u64]>) -> Vec<u8> {
    let rank = u8::try_from(dims.len()).unwrap();
    [vec![1, rank, u8::from(most.is_some()), 0, 0, 0, 0, 0], words(dims), words(most.unwrap_or_default())]
        .concat()
}

/// Whole numbers without a sign: their bytes, the first bit, and the bits.
fn integers(size: u32, from: u16, bits: u16) -> Vec<u8> {
    [&[0x10, 0, 0, 0][..], &size.to_le_bytes(), &from.to_le_bytes(), &bits.to_le_bytes()].concat()
}

fn bytes() -> Vec<u8> {
    integers(1, 0, 8)
}

/// Values that lie in the header.
fn here(values: &[u8]) -> Vec<u8> {
    [&[3, 0][..], &u16::try_from(values.len()).unwrap().to_le_bytes(), values].concat()
}

/// Values that were never written.
fn nowhere() -> Vec<u8> {
    [vec![3, 1], words(&[NOWHERE, 0])].concat()
}

/// Chunks along one dimension, each of so many elements, with an index of this kind.
fn chunked(elements: u8, flags: u8, index: &[u8], place: u64) -> Vec<u8> {
    [&[4, 2, flags, 2, 1, elements, 1], index, &words(&[place])].concat()
}

fn hard(name: &str, place: u64) -> Message {
    let length = u8::try_from(name.len()).unwrap();
    (LINK, 0, [&[1, 8, 0, length], name.as_bytes(), &words(&[place])].concat())
}

fn soft(name: &str, path: &str) -> Message {
    let length = u8::try_from(name.len()).unwrap();
    let to = u16::try_from(path.len()).unwrap().to_le_bytes();
    (LINK, 0, [&[1, 8, 1, length], name.as_bytes(), &to, path.as_bytes()].concat())
}

fn attribute(name: &str, of: &[u8], dims: &[u64], values: &[u8], flags: u8) -> Message {
    let space = space(dims, None);
    let sizes = [name.len(), of.len(), space.len()].map(|size| u16::try_from(size).unwrap().to_le_bytes());
    let head = [&[3, flags][..], sizes.as_flattened(), &[0]].concat();
    (ATTRIBUTE, 0, [&head, name.as_bytes(), of, &space, values].concat())
}

/// An attribute that is one text in its header.
fn text(name: &str, text: &str, flags: u8) -> Message {
    let of = [&[0x13, 0, 0, 0][..], &u32::try_from(text.len()).unwrap().to_le_bytes()].concat();
    attribute(name, &of, &[], text.as_bytes(), flags)
}

async fn told(file: &Hdf5, path: &str) -> String {
    file.read(path, &Selection::All).await.unwrap_err().to_string()
}

#[tokio::test]
async fn numbers_of_fewer_bits_than_they_take_are_bytes_that_are_not_read() {
    let float = |size: u32, bits: u16, parts: [u8; 4], bias: u32| {
        [
            &[0x11, 0x20, 31, 0][..],
            &size.to_le_bytes(),
            &[0, 0],
            &bits.to_le_bytes(),
            &parts,
            &bias.to_le_bytes(),
        ]
        .concat()
    };
    let within = |of: &[u8]| {
        // A compound of version 3: an index, and then a number.
        let size = of[4] + 1;
        [&[0x36, 2, 0, 0, size, 0, 0, 0][..], b"a\0", &[0], &bytes(), b"b\0", &[1], of].concat()
    };
    let rows = |of: &[u8]| [&[0x3A, 0, 0, 0, of[4] * 3, 0, 0, 0, 1, 3, 0, 0, 0], of].concat();
    let named =
        |of: &[u8]| [&[0x38, 1, 0, 0, of[4], 0, 0, 0], of, b"one\0", &vec![1; usize::from(of[4])]].concat();
    let usual = [
        integers(4, 0, 32),
        float(2, 16, [10, 5, 0, 10], 15),
        float(4, 32, [23, 8, 0, 23], 127),
        float(8, 64, [52, 11, 0, 52], 1023),
    ];
    let unusual = [
        integers(4, 0, 20),
        integers(4, 4, 28),
        float(2, 16, [7, 8, 0, 7], 127),
        float(4, 20, [12, 7, 0, 12], 63),
    ];
    for (of, is_read) in usual.iter().map(|of| (of, true)).chain(unusual.iter().map(|of| (of, false))) {
        for of in [of.clone(), within(of), rows(of), named(of), rows(&within(of)), within(&named(of))] {
            let mut made = Made::new();
            let x = made.array(&[1], &of, here(&[1; 64]), &[]);
            let committed = made.header(&[(TYPE, 0, of.clone())]);
            let reference = [vec![2, 2], words(&[committed])].concat();
            let y = made.header(&[
                (SPACE, 0, space(&[1], None)),
                (TYPE, 2, reference),
                (LAYOUT, 0, here(&[1; 64])),
            ]);
            let root = made.group(&[("x", x), ("y", y)]);
            let file = made.open(root, Limits::default()).await;
            for variable in file.group("/", false).await.unwrap().variables {
                let is_opaque = matches!(variable.data_type, crate::dataset::DataType::Opaque(_));
                assert_eq!(is_opaque, !is_read, "{of:?}");
                let read = file.read(&variable.name, &Selection::All).await;
                assert_eq!(read.is_ok(), is_read, "{of:?}");
                assert!(read.err().is_none_or(|error| error.to_string().contains("fewer bits")));
            }
        }
    }
}

/// What looks like messages that go on elsewhere, and is marked as a reference, is neither.
#[tokio::test]
async fn a_header_whose_references_lead_back_to_it_has_an_end() {
    let mut made = Made::new();
    let message = |kind: u16, flags: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &[flags, 0, 0, 0], body].concat()
    };
    let of = message(TYPE, 0, &integers(2, 0, 16));
    let there = made.put(&of);
    // A reference of version 1, and a place that ends with the same byte.
    made.0.resize(made.0.len().next_multiple_of(256) + 1, 0);
    let round = words(&[made.0.len() as u64, 24]);
    made.0.extend(message(CONTINUATION, 2, &round));
    let array = made.header(&[
        (SPACE, 0, space(&[2], None)),
        (LAYOUT, 0, here(&[7, 0, 9, 0])),
        (CONTINUATION, 0, words(&[there, of.len() as u64])),
        (CONTINUATION, 2, round),
    ]);
    let root = made.group(&[("x", array)]);
    let values = made.open(root, Limits::default()).await.read("/x", &Selection::All).await.unwrap();
    assert_eq!(values.as_f64().unwrap(), [7.0, 9.0]);
}

#[tokio::test]
async fn a_part_that_touches_more_chunks_than_the_limit_is_refused_before_they_are_listed() {
    let limits = Limits { chunks: 16, ..Limits::default() };
    for index in [&[2][..], &[3, 10], &[4, 32, 4, 4, 16, 10]] {
        let mut made = Made::new();
        let array = made.array(&[1 << 60], &bytes(), chunked(1, 0, index, 96), &[]);
        let root = made.group(&[("x", array)]);
        let file = made.open(root, limits).await;
        let error = file.ranges("x", &Selection::All).await.unwrap_err().to_string();
        assert!(error.contains("touches 1152921504606846976 chunks"), "{error}");
    }
}

#[tokio::test]
async fn links_that_lead_to_links_have_an_end() {
    let mut made = Made::new();
    let mut links = vec![soft("x16", "/")];
    links.extend(
        (1..16).map(|number| soft(&format!("x{number}"), &vec![format!("x{}", number + 1); 16].join("/"))),
    );
    let root = made.header(&links);
    let file = made.open(root, Limits::default()).await;
    let error = file.group("/", true).await.unwrap_err().to_string();
    assert!(error.contains("names in all"), "{error}");
}

/// A file with an older group of these entries: where each name is, in a heap of names of a thousand letters.
fn older(names: &[u64], twice: bool) -> (Made, u64) {
    let mut made = Made::new();
    let array = made.array(&[1], &bytes(), here(&[7]), &[]);
    let data = made.put(&[&[b'a'; 1000][..], b"\0b\0"].concat());
    let heap = made.put(&[b"HEAP\0\0\0\0", &words(&[1003, NOWHERE, data])[..]].concat());
    let mut node = [b"SNOD\x01\0", &u16::try_from(names.len()).unwrap().to_le_bytes()[..]].concat();
    for name in names {
        node.extend(words(&[*name, array, 0, 0, 0]));
    }
    let node = made.put(&node);
    let children: &[u64] = if twice { &[0, node, 0, node, 0] } else { &[0, node, 0] };
    let count = u8::try_from(children.len() / 2).unwrap();
    let tree =
        made.put(&[&b"TREE\0\0"[..], &[count, 0], &words(&[NOWHERE, NOWHERE]), &words(children)].concat());
    let root = made.header(&[(TABLE, 0, words(&[tree, heap]))]);
    (made, root)
}

#[tokio::test]
async fn names_of_an_older_group_are_held_within_the_limit_of_metadata() {
    let limits = Limits { metadata: 16 << 10, ..Limits::default() };
    let (made, root) = older(&[0, 1001], false);
    let group = made.open(root, limits).await.group("/", false).await.unwrap();
    assert_eq!(group.variables.iter().map(|variable| variable.name.len()).collect::<Vec<_>>(), [1000, 1]);
    let (made, root) = older(&[0; 30], false);
    let error = made.open(root, limits).await.group("/", false).await.unwrap_err().to_string();
    assert!(error.contains("more than 16384 bytes"), "{error}");
    let (made, root) = older(&[0], true);
    let error = made.open(root, limits).await.group("/", false).await.unwrap_err().to_string();
    assert!(error.contains("leads twice"), "{error}");
}

#[tokio::test]
async fn attributes_of_an_array_are_counted_as_often_as_it_is_told() {
    let limits = Limits { metadata: 64 << 10, ..Limits::default() };
    for (links, is_told) in [(3, true), (30, false)] {
        let mut made = Made::new();
        let array = made.array(&[1], &bytes(), here(&[7]), &[text("long", &"a".repeat(8000), 0)]);
        let names: Vec<String> = (0..links).map(|number| format!("x{number}")).collect();
        let links: Vec<_> = names.iter().map(|name| (name.as_str(), array)).collect();
        let root = made.group(&links);
        let group = made.open(root, limits).await.group("/", false).await;
        assert_eq!(group.is_ok(), is_told);
    }
}

#[tokio::test]
async fn texts_of_an_attribute_are_counted_as_often_as_it_refers_to_them() {
    let limits = Limits { metadata: 64 << 10, ..Limits::default() };
    for (count, is_told) in [(10, true), (200, false)] {
        let mut made = Made::new();
        let object = [&[1, 0, 1, 0, 0, 0, 0, 0][..], &words(&[1000]), &[b'a'; 1000]].concat();
        let heap = [b"GCOL\x01\0\0\0", &words(&[4096])[..], &object].concat();
        let heap = made.put(&[heap, vec![0; 4096]].concat());
        let reference = [&1000u32.to_le_bytes()[..], &words(&[heap]), &1u32.to_le_bytes()].concat();
        let of = [0x19, 1, 0, 0, 16, 0, 0, 0, 0x13, 0, 0, 0, 1, 0, 0, 0];
        let texts = attribute("a", &of, &[count], &reference.repeat(usize::try_from(count).unwrap()), 0);
        let array = made.array(&[1], &bytes(), here(&[7]), &[texts]);
        let root = made.group(&[("x", array)]);
        let group = made.open(root, limits).await.group("/", false).await;
        assert_eq!(group.is_ok(), is_told, "{:?}", group.err());
    }
}

#[tokio::test]
async fn what_is_not_read_keeps_nothing_else_from_being_read() {
    let mut made = Made::new();
    let x = made.array(&[1], &bytes(), here(&[7]), &[]);
    let virtual_array = made.array(&[1], &bytes(), [vec![4, 3], words(&[NOWHERE]), vec![0; 4]].concat(), &[]);
    let named_type = made.array(&[1], &bytes(), here(&[7]), &[text("a", "text", 1)]);
    let root = made.group(&[("x", x), ("v", virtual_array), ("n", named_type)]);
    let file = made.open(root, Limits::default()).await;
    let group = file.group("/", true).await.unwrap();
    assert_eq!(group.variables.iter().map(|variable| variable.name.as_str()).collect::<Vec<_>>(), ["x"]);
    assert_eq!(&file.read("x", &Selection::All).await.unwrap().bytes[..], [7]);
    assert!(told(&file, "v").await.contains("layout class 3"));
    assert!(told(&file, "n").await.contains("unsupported encoding"));
}

#[tokio::test]
async fn a_part_of_elements_with_dimensions_of_their_own_has_its_part_of_the_fill_value() {
    let mut made = Made::new();
    let three = [&[0x3A, 0, 0, 0, 3, 0, 0, 0, 1, 3, 0, 0, 0][..], &bytes()].concat();
    let filled = (FILL, 0, vec![2, 1, 0, 1, 3, 0, 0, 0, 1, 2, 3]);
    let array = made.array(&[4], &three, nowhere(), &[filled]);
    let root = made.group(&[("x", array)]);
    let file = made.open(root, Limits::default()).await;
    let part = |start: u64, count: u64, step: u64| {
        Selection::Box(vec![Extent { start: 0, count: 2, step: 1 }, Extent { start, count, step }])
    };
    for (part, expected) in [
        (part(1, 1, 1), &[2, 2][..]),
        (part(0, 3, 1), &[1, 2, 3, 1, 2, 3]),
        (part(0, 2, 2), &[1, 3, 1, 3]),
        (part(3, 0, 1), &[]),
    ] {
        assert_eq!(&file.read("x", &part).await.unwrap().bytes[..], expected);
    }
}

#[tokio::test]
async fn a_chunk_that_is_stored_with_more_bytes_than_it_has_gives_no_more() {
    let mut made = Made::new();
    let data = made.put(&[1, 2, 3, 4, 5, 6]);
    let index = [&[1][..], &words(&[6]), &[0; 4]].concat();
    let array = made.array(&[4], &bytes(), chunked(4, 2, &index, data), &[]);
    let root = made.group(&[("x", array)]);
    let file = made.open(root, Limits::default()).await;
    assert_eq!(&file.read("x", &Selection::All).await.unwrap().bytes[..], [1, 2, 3, 4]);
}

#[test]
fn texts_are_read_together_up_to_so_many_bytes() {
    let element = Element::of(
        &hdf5_reader::Datatype::String {
            size: hdf5_reader::StringSize::Variable,
            encoding: hdf5_reader::messages::datatype::StringEncoding::Utf8,
            padding: hdf5_reader::StringPadding::NullTerminate,
        },
        16,
    );
    let stored = |count: u64, length: u32, heaps: u64| -> Vec<u8> {
        let one = |number: u64| [&length.to_le_bytes()[..], &words(&[number % heaps]), &[0; 4]].concat();
        (0..count).flat_map(one).collect()
    };
    assert_eq!(together(&element, &stored(100_000, 5000, u64::MAX)), 16 * ((32 << 20) / (5000 + 4096)));
    assert_eq!(together(&element, &stored(100_000, 5000, 1)), 16 * (((32 << 20) - 4096) / 5000));
    assert_eq!(together(&element, &stored(100_000, 10, 1)), 16 << 16);
    assert_eq!(together(&element, &stored(3, u32::MAX, 1)), 16);
    assert_eq!(together(&element, &stored(3, 10, 1)), 48);
}

/// A file in memory that counts how often one has to wait for it.
#[derive(Debug)]
struct Counted(Memory, AtomicUsize);

#[async_trait]
impl Ranges for Counted {
    fn address(&self) -> Address {
        self.0.address()
    }

    async fn length(&self) -> Result<u64> {
        self.0.length().await
    }

    async fn read(&self, ranges: &[std::ops::Range<u64>]) -> Result<Vec<Bytes>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.read(ranges).await
    }
}

/// How often one waits until it is known where all chunks of an array of bytes are, and how many there are.
async fn waits(made: Made, root: u64) -> (usize, usize) {
    let counted = Arc::new(Counted(Memory(made.bytes(root)), AtomicUsize::new(0)));
    let file = Hdf5::open(Arc::clone(&counted) as _, Limits::default()).await.unwrap();
    file.group("/", false).await.unwrap();
    counted.1.store(0, Ordering::Relaxed);
    let found = file.ranges("x", &Selection::All).await.unwrap();
    assert!(found.iter().enumerate().all(|(number, chunk)| chunk.origin == [number as u64]));
    (counted.1.load(Ordering::Relaxed), found.len())
}

#[tokio::test]
async fn entries_of_a_long_array_are_fetched_together() {
    let (count, page) = (200_000u64, 1024);
    let mut made = Made::new();
    let pages = usize::try_from(count.div_ceil(page)).unwrap();
    let mut block = [b"FADB\0\0", &words(&[0])[..], &vec![0xFF; pages.div_ceil(8)], &[0; 4]].concat();
    for first in (0..count).step_by(1024) {
        block.extend((first..count.min(first + page)).flat_map(|_| 96u64.to_le_bytes()));
        block.extend([0; 4]);
    }
    let block = made.put(&block);
    made.put(&vec![0; 1 << 20]);
    let head = made.put_checked(&[b"FAHD\0\0", &[8, 10][..], &words(&[count, block])].concat());
    made.put(&vec![0; 1 << 20]);
    let array = made.array(&[count], &bytes(), chunked(1, 0, &[3, 10], head), &[]);
    let root = made.group(&[("x", array)]);
    let (waits, found) = waits(made, root).await;
    assert_eq!(found as u64, count);
    assert!(waits <= 6, "{waits}");
}

/// Puts a B-tree of chunks of one dimension, whose nodes are far apart; where its root is, and how many records that has.
fn tree(made: &mut Made, depth: usize, next: &mut u64) -> (u64, u64, u64) {
    const NODE: usize = 2048;
    let first = *next;
    let (mut records, mut pointers) = (Vec::new(), Vec::new());
    let count = if depth == 0 { 100 } else { 20 };
    for number in 0..=count {
        if depth > 0 {
            let (place, own, all) = tree(made, depth - 1, next);
            pointers.extend(place.to_le_bytes());
            // A leaf has room for 127 records, and a node above leaves for 81 and the leaves below them.
            pointers.push(u8::try_from(own).unwrap());
            pointers.extend(&all.to_le_bytes()[..if depth > 1 { 2 } else { 0 }]);
        }
        if number < count {
            records.extend(words(&[96, *next]));
            *next += 1;
        }
    }
    let signature = if depth == 0 { b"BTLF\0\x0A" } else { b"BTIN\0\x0A" };
    let place = made.put_checked(&[signature, &records[..], &pointers].concat());
    let end = usize::try_from(place).unwrap() + NODE;
    made.0.resize(end + (64 << 10), 0);
    (place, count, *next - first)
}

#[tokio::test]
async fn nodes_of_a_tree_are_fetched_level_by_level() {
    let mut made = Made::new();
    let mut count = 0;
    let (place, own, all) = tree(&mut made, 2, &mut count);
    let own = u16::try_from(own).unwrap().to_le_bytes();
    let sizes = [&2048u32.to_le_bytes()[..], &16u16.to_le_bytes(), &2u16.to_le_bytes(), &[98, 40]].concat();
    let head = [b"BTHD\0\x0A", &sizes[..], &words(&[place]), &own, &words(&[all])].concat();
    let head = made.put_checked(&head);
    let array = made.array(&[count], &bytes(), chunked(1, 0, &[5, 0, 0, 0, 0, 0, 0], head), &[]);
    let root = made.group(&[("x", array)]);
    let (waits, found) = waits(made, root).await;
    assert_eq!(found as u64, count);
    assert!(waits <= 6, "{waits}");
}
