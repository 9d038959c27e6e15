//! The fields of AWS's records, and where a file has them.

use super::kinds::Lacks;
use crate::ledger::read::Fault;

/// A field that is read. Others may stand beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Account,
    Interface,
    Source,
    Target,
    Packets,
    Bytes,
    Start,
    Action,
    Status,
    Vpc,
    Instance,
    PacketSource,
    PacketTarget,
    Region,
    Zone,
    SourceService,
    TargetService,
    Direction,
    Path,
}

/// Each field with AWS's name in text. In Parquet the names have underscores
/// (docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html; columns as in
/// docs.aws.amazon.com/athena/latest/ug/vpc-flow-logs-create-table-statement.html).
pub(super) const FIELDS: [(Field, &str); 19] = [
    (Field::Account, "account-id"),
    (Field::Interface, "interface-id"),
    (Field::Source, "srcaddr"),
    (Field::Target, "dstaddr"),
    (Field::Packets, "packets"),
    (Field::Bytes, "bytes"),
    (Field::Start, "start"),
    (Field::Action, "action"),
    (Field::Status, "log-status"),
    (Field::Vpc, "vpc-id"),
    (Field::Instance, "instance-id"),
    (Field::PacketSource, "pkt-srcaddr"),
    (Field::PacketTarget, "pkt-dstaddr"),
    (Field::Region, "region"),
    (Field::Zone, "az-id"),
    (Field::SourceService, "pkt-src-aws-service"),
    (Field::TargetService, "pkt-dst-aws-service"),
    (Field::Direction, "flow-direction"),
    (Field::Path, "traffic-path"),
];

/// The default format, which has no header where others than AWS wrote the file.
const VERSION_2: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes \
                         start end action log-status";

/// Names that a header has at least one of, and a record never has.
const MARKS: [&str; 4] = ["bytes", "start", "srcaddr", "dstaddr"];

/// Most columns; version 8 of AWS has 40 fields.
pub(super) const MOST_COLUMNS: usize = 64;

/// Where a file has the fields.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) columns: usize,
    at: [Option<u8>; FIELDS.len()],
}

impl Layout {
    /// The layout of columns by their names, with `-` or `_`.
    ///
    /// # Errors
    /// When these are not those of flow logs, or too few.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, Fault> {
        let mut layout = Self { columns: 0, at: [None; FIELDS.len()] };
        for (column, name) in names.enumerate() {
            layout.columns = column + 1;
            let name = name.replace('_', "-");
            if let Some((field, _)) = FIELDS.iter().find(|(_, known)| *known == name) {
                layout.at[*field as usize] = Some(u8::try_from(column).map_err(|_| Fault::UnknownFlows)?);
            }
        }
        if layout.columns > MOST_COLUMNS || MARKS.iter().all(|mark| layout.named(mark).is_none()) {
            return Err(Fault::UnknownFlows);
        }
        let ways = [
            ("bytes", None),
            ("start", None),
            ("srcaddr", Some("pkt-srcaddr")),
            ("dstaddr", Some("pkt-dstaddr")),
        ];
        let lacks = |(name, or): &(&str, Option<&str>)| {
            layout.named(name).is_none() && or.is_none_or(|or| layout.named(or).is_none())
        };
        let missing: Vec<_> = ways.iter().filter(|way| lacks(way)).map(|(name, _)| *name).collect();
        if missing.is_empty() {
            Ok(layout)
        } else {
            Err(Fault::Columns { format: "AWS's flow log", missing })
        }
    }

    /// The layout of a text by its first line, and whether that is a header.
    ///
    /// # Errors
    /// When it is no flow log.
    pub(super) fn of_line(line: &[u8]) -> Result<(Self, bool), Fault> {
        let line = std::str::from_utf8(line).map_err(|_| Fault::UnknownFlows)?;
        if line.split(' ').any(|name| MARKS.contains(&name)) {
            return Ok((Self::of(line.split(' '))?, true));
        }
        let version_2 = Self::of(VERSION_2.split(' '))?;
        let fits = line.split(' ').count() == version_2.columns && line.starts_with("2 ");
        if fits { Ok((version_2, false)) } else { Err(Fault::UnknownFlows) }
    }

    /// The column of a field.
    pub(super) fn at(&self, field: Field) -> Option<usize> {
        self.at[field as usize].map(usize::from)
    }

    fn named(&self, name: &str) -> Option<usize> {
        FIELDS.iter().find(|(_, known)| *known == name).and_then(|(field, _)| self.at(*field))
    }

    /// What cannot be told of records with this layout.
    pub(super) fn lacks(&self) -> impl Iterator<Item = Lacks> {
        let pairs = [
            (Field::Path, Lacks::TrafficPath),
            (Field::TargetService, Lacks::Service),
            (Field::Direction, Lacks::Direction),
            (Field::PacketTarget, Lacks::PacketAddresses),
            (Field::Zone, Lacks::Zone),
            (Field::Region, Lacks::Region),
            (Field::Instance, Lacks::Instance),
            (Field::Interface, Lacks::Interface),
            (Field::Packets, Lacks::Packets),
            (Field::Action, Lacks::Action),
        ];
        pairs.into_iter().filter(|(field, _)| self.at(*field).is_none()).map(|(_, lacks)| lacks)
    }
}

/// A field's name in text.
pub(super) fn name(field: Field) -> &'static str {
    FIELDS[field as usize].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_their_numbers_say() {
        for (place, (field, name_of)) in FIELDS.iter().enumerate() {
            assert_eq!(*field as usize, place);
            assert_eq!(name(*field), *name_of);
        }
    }

    #[test]
    fn a_header_is_told_from_a_record() {
        let record = b"2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK";
        let (layout, header) = Layout::of_line(record).unwrap();
        assert!(!header);
        assert_eq!((layout.at(Field::Bytes), layout.at(Field::Status)), (Some(9), Some(13)));
        let (layout, header) = Layout::of_line(b"bytes start pkt-dstaddr srcaddr new-field").unwrap();
        assert!(header);
        assert_eq!((layout.columns, layout.at(Field::PacketTarget)), (5, Some(2)));
        assert_eq!(Layout::of_line(b"3 4 5").unwrap_err(), Fault::UnknownFlows);
        let missing = Layout::of_line(b"srcaddr bytes").unwrap_err();
        assert_eq!(missing, Fault::Columns { format: "AWS's flow log", missing: vec!["start", "dstaddr"] });
    }
}
