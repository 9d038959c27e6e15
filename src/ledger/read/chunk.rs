//! Cuts a stream of text into chunks of whole records, which threads then read each by itself.

use std::io::Read;

use memchr::memchr_iter;

use super::error::Fault;

/// Bytes of a chunk: enough that handing it over costs nothing, few enough that many fit into memory.
const CHUNK: usize = 1 << 20;
/// The longest record that is read. Lines of bills have some thousand bytes.
pub(in crate::ledger) const LONGEST: usize = 8 << 20;

/// Whole records.
#[derive(Debug)]
pub(in crate::ledger) struct Chunk {
    pub(in crate::ledger) bytes: Vec<u8>,
    /// The line that its first byte is on, the first being 1.
    pub(in crate::ledger) line: u64,
}

/// Finds the ends of records in bytes that come piece by piece.
pub(in crate::ledger) trait Scan {
    /// Looks at the next bytes; where the last record in them that is complete ends, if any does.
    fn scan(&mut self, bytes: &[u8]) -> Option<usize>;
    /// What is open when there are no more bytes.
    fn open(&self) -> Option<&'static str>;
}

/// Lines of CSV: a line break within quotes ends no record. A quote opens only at the start of a field, as
/// readers of CSV have it.
#[derive(Debug)]
pub(in crate::ledger) struct CsvScan {
    quoted: bool,
    /// The last byte that was seen.
    before: u8,
    /// Whether that was a quote that closed.
    closed: bool,
}

impl Default for CsvScan {
    fn default() -> Self {
        Self { quoted: false, before: b'\n', closed: false }
    }
}

impl Scan for CsvScan {
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut end = None;
        // Where the stretch without quotes began that we are in.
        let mut start = 0;
        for at in memchr_iter(b'"', bytes) {
            let before = if at == 0 { self.before } else { bytes[at - 1] };
            if self.quoted {
                self.quoted = false;
                self.closed = true;
                start = at + 1;
            } else if matches!(before, b',' | b'\n' | b'\r') || (self.closed && at == start) {
                end = memchr::memrchr(b'\n', &bytes[start..at]).map(|found| start + found + 1).or(end);
                self.quoted = true;
                self.closed = false;
            }
        }
        if !self.quoted && start < bytes.len() {
            end = memchr::memrchr(b'\n', &bytes[start..]).map(|found| start + found + 1).or(end);
            self.closed = false;
        }
        if let Some(last) = bytes.last() {
            self.before = *last;
        }
        end
    }

    fn open(&self) -> Option<&'static str> {
        self.quoted.then_some("a quoted field")
    }
}

/// Values of JSON, one after the other or in one list.
#[derive(Debug, Default)]
pub(in crate::ledger) struct JsonScan {
    depth: u32,
    /// Whether all values stand in one list.
    list: bool,
    begun: bool,
    text: bool,
    escaped: bool,
}

impl Scan for JsonScan {
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut end = None;
        for (at, byte) in bytes.iter().enumerate() {
            if self.text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.text = true,
                b'{' | b'[' => {
                    self.list |= !self.begun && *byte == b'[';
                    self.begun = true;
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth <= u32::from(self.list) {
                        end = Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        end
    }

    fn open(&self) -> Option<&'static str> {
        match (self.text, self.depth) {
            (true, _) => Some("a text"),
            (false, 0) => None,
            (false, 1) if self.list => Some("a list"),
            (false, _) => Some("an object"),
        }
    }
}

/// Cuts what a reader gives.
#[derive(Debug)]
pub(in crate::ledger) struct Chunks<R, S> {
    reader: R,
    scan: S,
    /// What came after the last record that was complete.
    kept: Vec<u8>,
    line: u64,
    done: bool,
}

/// Why there is no chunk.
#[derive(Debug)]
pub(in crate::ledger) enum Cut {
    Read(std::io::Error),
    /// At a line.
    Fault(u64, Fault),
}

impl<R: Read, S: Scan> Chunks<R, S> {
    pub(in crate::ledger) fn new(reader: R, scan: S) -> Self {
        Self { reader, scan, kept: Vec::new(), line: 1, done: false }
    }

    /// The same, where so many lines came before.
    pub(in crate::ledger) fn after(self, lines: u64) -> Self {
        Self { line: self.line + lines, ..self }
    }

    /// The next chunk; None at the end.
    pub(in crate::ledger) fn next(&mut self) -> Result<Option<Chunk>, Cut> {
        self.next_of(CHUNK)
    }

    /// The next chunk, of about so many bytes.
    pub(in crate::ledger) fn next_of(&mut self, size: usize) -> Result<Option<Chunk>, Cut> {
        if self.done {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.kept);
        bytes.reserve_exact(size.saturating_sub(bytes.len()) + size / 4);
        let mut end = None;
        loop {
            let from = bytes.len();
            let wanted = (size.saturating_sub(from)).max(size / 4) as u64;
            let read = (&mut self.reader).take(wanted).read_to_end(&mut bytes).map_err(Cut::Read)?;
            if read == 0 {
                self.done = true;
                if let Some(open) = self.scan.open() {
                    let line = self.line + lines(&bytes);
                    return Err(Cut::Fault(line, Fault::CutOff(open)));
                }
                end = Some(bytes.len());
            } else {
                end = self.scan.scan(&bytes[from..]).map(|found| from + found).or(end);
            }
            match end {
                Some(0) if self.done => return Ok(None),
                Some(end) if self.done || bytes.len() >= size => {
                    self.kept = bytes.split_off(end);
                    let line = self.line;
                    self.line += lines(&bytes);
                    return Ok(Some(Chunk { bytes, line }));
                }
                None if bytes.len() > LONGEST => {
                    let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                    let line = self.line + lines(&bytes[..blank]);
                    return Err(Cut::Fault(line, Fault::LongLine(LONGEST)));
                }
                Some(_) | None => {}
            }
        }
    }

    /// The reader, once there are no more chunks.
    pub(in crate::ledger) fn into_reader(self) -> R {
        self.reader
    }
}

/// Line breaks.
pub(in crate::ledger) fn lines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all<S: Scan>(text: &[u8], scan: S, size: usize) -> Result<Vec<(String, u64)>, Cut> {
        let mut chunks = Chunks::new(text, scan);
        let mut found = Vec::new();
        while let Some(chunk) = chunks.next_of(size)? {
            found.push((String::from_utf8(chunk.bytes).unwrap(), chunk.line));
        }
        Ok(found)
    }

    #[test]
    fn line_breaks_within_quotes_end_no_record() {
        let text = "a,\"b\nc\"\nd,\"e\"\"\n\"\nf,5\" g\nh\n";
        for size in [4, 5, 7, 100] {
            let found = all(text.as_bytes(), CsvScan::default(), size).unwrap();
            assert_eq!(found.iter().map(|(text, _)| text.as_str()).collect::<String>(), text);
            for (text, line) in &found {
                assert!(["a,", "d,", "f,", "h\n"].iter().any(|start| text.starts_with(start)), "{text:?}");
                assert!(text.ends_with('\n'));
                assert!([1, 3, 5, 6].contains(line), "{line}");
            }
        }
    }

    #[test]
    fn values_of_json_stay_whole() {
        for text in ["{\"a\": \"}\\\"{\"}\n{\"b\": [1, {}]}\n", "[\n {\"a\": 1},\n {\"b\": [2]}\n]\n"] {
            for size in [4, 9, 100] {
                let found = all(text.as_bytes(), JsonScan::default(), size).unwrap();
                assert_eq!(found.into_iter().map(|(text, _)| text).collect::<String>(), text);
            }
        }
    }

    #[test]
    fn what_is_open_at_the_end_was_cut_off() {
        let fault = |cut| match cut {
            Err(Cut::Fault(line, fault)) => (line, fault),
            other => panic!("{other:?}"),
        };
        let csv = fault(all(b"a\nb,\"c\n", CsvScan::default(), 100));
        assert_eq!(csv, (3, Fault::CutOff("a quoted field")));
        let object = fault(all(b"{}\n{\"a\":", JsonScan::default(), 100));
        assert_eq!(object, (2, Fault::CutOff("an object")));
        let list = fault(all(b"[{},", JsonScan::default(), 100));
        assert_eq!(list, (1, Fault::CutOff("a list")));
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let text = std::io::repeat(b'x').take(1 << 30);
        let mut chunks = Chunks::new(b"a\n\"".chain(text), CsvScan::default());
        let first = chunks.next().map(|chunk| chunk.map(|chunk| chunk.bytes));
        assert_eq!(first.unwrap().unwrap(), b"a\n");
        assert!(matches!(chunks.next(), Err(Cut::Fault(2, Fault::LongLine(LONGEST)))));
        assert!(chunks.kept.capacity() <= 2 * LONGEST);
    }

    proptest! {
        #[test]
        fn chunks_are_cut_where_a_reader_of_csv_begins_records(
            rows in proptest::collection::vec(proptest::collection::vec("[a\",\n\r ]{0,6}", 3), 1..20),
            size in 4_usize..60,
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let mut found = Vec::new();
            for (chunk, _) in all(&text, CsvScan::default(), size).unwrap() {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(chunk.as_bytes());
                for record in reader.records() {
                    found.push(record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
                }
            }
            prop_assert_eq!(found, rows);
        }
    }
}
