//! Files that were cut, changed or written by something else.

use std::path::PathBuf;
use std::sync::LazyLock;

use frazil_byte_ledger::{Entry, Fault, Lines, Record, Why, Writer, files};
use proptest::prelude::*;

use super::made::{ada, all, record, records, short};

/// A file, and what is in it.
struct Made {
    folder: tempfile::TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
    records: Vec<Record>,
}

impl Made {
    fn of(records: Vec<Record>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path(), &ada()).unwrap();
        for record in &records {
            writer.append(record).unwrap();
        }
        let path = files(folder.path()).unwrap()[0].path.clone();
        let bytes = std::fs::read(&path).unwrap();
        Self { folder, path, bytes, records }
    }

    /// What is read of changed bytes.
    fn read(&self, bytes: &[u8]) -> (Vec<Record>, Vec<Fault>) {
        std::fs::write(&self.path, bytes).unwrap();
        let (entries, faults) = all(self.folder.path());
        assert!(entries.iter().all(|entry| *entry.who == ada()));
        (entries.into_iter().map(|entry| entry.record).collect(), faults)
    }

    /// The byte after each line.
    fn ends(&self) -> Vec<usize> {
        let newlines = self.bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        newlines.map(|(at, _)| at + 1).collect()
    }
}

#[test]
fn cut_at_any_byte_the_whole_lines_are_read() {
    let made = Made::of((0..4).map(short).collect());
    let ends = made.ends();
    for length in 0..=made.bytes.len() {
        let (found, faults) = made.read(&made.bytes[..length]);
        let lines = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(found, made.records[..lines.saturating_sub(1)], "cut at {length}");
        let whole = length == 0 || ends.contains(&length);
        let told: Vec<_> = faults.iter().map(|fault| (fault.line, fault.why.is_normal())).collect();
        let cut = if whole { vec![] } else { vec![(lines as u64 + 1, true)] };
        assert_eq!(told, cut, "cut at {length}");
    }
    assert_eq!(made.bytes.len(), *ends.last().unwrap());
    assert_eq!(ends.len(), 5);
}

#[test]
fn every_changed_bit_is_told_and_no_other_line_is_lost() {
    let made = Made::of((0..4).map(short).collect());
    let ends = made.ends();
    for at in 0..made.bytes.len() {
        let line = ends.iter().filter(|end| **end <= at).count();
        for bit in 0..8 {
            let mut bytes = made.bytes.clone();
            bytes[at] ^= 1 << bit;
            let (found, faults) = made.read(&bytes);
            assert!(
                !faults.is_empty() && faults[0].line == line as u64 + 1,
                "bit {bit} of byte {at}: {faults:?}"
            );
            // A changed newline joins a line with the next. Without its header, no line is believed.
            let lost = if made.bytes[at] == b'\n' { line..line + 2 } else { line..line + 1 };
            let left = |number: &usize| line > 0 && !lost.contains(&(number + 1));
            let expected: Vec<_> = (0..4).filter(left).map(|number| made.records[number].clone()).collect();
            assert_eq!(found, expected, "bit {bit} of byte {at}");
            let cut = at + 1 == made.bytes.len();
            assert_eq!(faults[0].why.is_normal(), cut, "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn what_a_power_cut_takes_from_the_beginning_leaves_the_rest() {
    let made = Made::of((0..2_000).map(short).collect());
    let headers = made.bytes.windows(15).filter(|window| window == b"{\"byte_ledger\":").count();
    assert!(headers >= 5, "{headers} headers in {} bytes", made.bytes.len());
    let mut bytes = made.bytes.clone();
    bytes[..4_096].fill(0);
    let (found, faults) = made.read(&bytes);
    assert!(found.len() > 1_500, "{} are left", found.len());
    assert_eq!(found, made.records[2_000 - found.len()..]);
    assert!(matches!(faults[0].why, Why::Broken));
    assert!(faults[1..].iter().all(|fault| matches!(fault.why, Why::NoHeader)));
    let lines_of_zeros = made.ends().iter().filter(|end| **end <= 4_096).count();
    assert_eq!(found.len() + faults.len() - 1 + lines_of_zeros, 2_000, "each lost line is told");
}

#[test]
fn a_line_without_end_is_passed_over_in_bounded_memory() {
    let made = Made::of((0..4).map(short).collect());
    let at = made.ends()[1];
    let mut bytes = made.bytes.clone();
    bytes.splice(at..at, [vec![b'x'; 1_000_000], vec![b'\n']].concat());
    let (found, faults) = made.read(&bytes);
    assert_eq!(found, made.records);
    assert!(matches!(faults.as_slice(), [Fault { line: 3, why: Why::TooLong, .. }]), "{faults:?}");
    bytes.truncate(at + 500_000);
    let (found, faults) = made.read(&bytes);
    assert_eq!(found, made.records[..1]);
    assert_eq!(faults.len(), 1);
}

/// A line as another program makes it.
fn line(text: &str) -> String {
    format!("{:08x} {text}\n", crc32fast::hash(text.as_bytes()))
}

fn read_text(text: &str) -> (Vec<Entry>, Vec<Fault>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("2026-11-22_other.bytes"), text).unwrap();
    all(folder.path())
}

const RECORD: &str = r#"{"time":2,"since":1,"route":"internet","requester_pays":false,"requests":1,"requested":9,"received":9}"#;

#[test]
fn a_newer_version_is_refused_by_name() {
    let newer = line(r#"{"byte_ledger":2,"whose":"?"}"#);
    let (entries, faults) = read_text(&format!("{newer}{}", line(RECORD)));
    assert_eq!(entries, []);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let told = faults[0].to_string();
    assert!(told.contains("2026-11-22_other.bytes:1: written in version 2 of the byte ledger"), "{told}");
}

#[test]
fn other_programs_may_add_keys_but_not_change_them() {
    let header = line(r#"{"byte_ledger":1,"who":{"user":"ada","shoe":"42"},"made_by":"other"}"#);
    let more = line(&RECORD.replace(r#""time""#, r#""object":"x.h5","time""#));
    let other = line(&RECORD.replace("internet", "pigeon"));
    let (entries, faults) = read_text(&format!("{header}{more}{other}{}", line(RECORD)));
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0], entries[1]);
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains(":3: the line is not of this format"), "{told:?}");
    assert!(told[0].contains("pigeon"), "{told:?}");
    let (entries, faults) = read_text(&line(RECORD));
    assert!(entries.is_empty() && matches!(faults[0].why, Why::NoHeader));
}

#[test]
fn what_is_no_file_of_a_ledger_is_passed_over() {
    let made = Made::of(vec![short(1)]);
    let folder = made.folder.path();
    for name in ["notes.txt", ".2026-11-22_hidden.bytes", "2026-11-22_a.bytes.tmp"] {
        std::fs::write(folder.join(name), "not a line\n").unwrap();
    }
    std::fs::create_dir(folder.join("folder.bytes")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.join("link.bytes")).unwrap();
    std::fs::write(folder.join("undated.bytes"), &made.bytes).unwrap();
    assert_eq!(records(folder), [short(1), short(1)]);
    let days: Vec<_> = files(folder).unwrap().into_iter().map(|file| file.day).collect();
    assert_eq!(days, ["2026-11-22", ""]);
    let gone = Lines::open(&folder.join("gone.bytes")).unwrap_err();
    assert!(gone.line == 0 && matches!(gone.why, Why::Unreadable(_)), "{gone}");
}

static LONGER: LazyLock<Made> =
    LazyLock::new(|| Made::of((0..40).map(|number| record("p", number)).collect()));

#[derive(Clone, Debug)]
enum Damage {
    Put(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Take(usize, usize),
    Swap(usize, usize, usize),
}

impl Damage {
    fn on(&self, bytes: &mut Vec<u8>) {
        let within = |at: usize, bytes: &[u8]| at % (bytes.len() + 1);
        match self {
            Self::Put(at, new) => {
                let at = within(*at, bytes);
                let end = bytes.len().min(at + new.len());
                bytes[at..end].copy_from_slice(&new[..end - at]);
            }
            Self::Insert(at, new) => {
                let at = within(*at, bytes);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Take(at, count) => {
                let at = within(*at, bytes);
                let end = bytes.len().min(at + count);
                bytes.drain(at..end);
            }
            Self::Swap(from, to, count) => {
                let (from, to) = (within(*from, bytes), within(*to, bytes));
                let piece = bytes[from..bytes.len().min(from + count)].to_vec();
                bytes.splice(to..to, piece);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(0)], 1..40);
    prop_oneof![
        (any::<usize>(), bytes()).prop_map(|(at, new)| Damage::Put(at, new)),
        (any::<usize>(), bytes()).prop_map(|(at, new)| Damage::Insert(at, new)),
        (any::<usize>(), 1..3_000_usize).prop_map(|(at, count)| Damage::Take(at, count)),
        (any::<usize>(), any::<usize>(), 1..3_000_usize).prop_map(|(a, b, count)| Damage::Swap(a, b, count)),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_to_a_file_no_record_is_made_up(damages in prop::collection::vec(damage(), 1..6)) {
        let mut bytes = LONGER.bytes.clone();
        for damage in &damages {
            damage.on(&mut bytes);
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("2026-11-22_x.bytes"), &bytes).unwrap();
        let (entries, faults) = all(folder.path());
        for entry in &entries {
            prop_assert!(LONGER.records.contains(&entry.record) && *entry.who == ada());
        }
        let lost = LONGER.records.iter().any(|record| entries.iter().all(|entry| entry.record != *record));
        let shorter = damages.iter().any(|damage| matches!(damage, Damage::Take(..)));
        prop_assert!(!lost || shorter || !faults.is_empty(), "lost without a word");
    }
}
