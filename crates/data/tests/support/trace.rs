//! Recorded reads: `start,length` a line, behind the object's length; of some, the phase before.

use std::fs::File;
use std::io::Read;
use std::ops::Range;

/// An object's length, and its recorded reads: where phases are named, those of opening.
pub(crate) fn read(file: File) -> (u64, Vec<Range<u64>>) {
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let size = text.split_once("file_size=").unwrap().1.split_once(' ').unwrap().0.parse::<u64>().unwrap();
    let reads: Vec<_> = text.lines().filter_map(line).collect();
    let end = reads.iter().map(|read| read.end).max().unwrap();
    (size.max(end), reads)
}

fn line(line: &str) -> Option<Range<u64>> {
    let fields: Vec<_> = line.split(',').collect();
    let [phase @ .., start, length] = &fields[..] else { return None };
    let (start, length): (u64, u64) = (start.parse().ok()?, length.parse().ok()?);
    (phase != ["read"]).then_some(start..start + length)
}
