//! AWS's Parquet.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel};
use parquet::file::properties::WriterProperties;

use crate::aws::{FIELDS, VERSION_5, VERSIONS, records};
use crate::{of, of_text, summed, words};

/// Types of AWS's documentation; all others are texts.
const INT_32: [&str; 6] = ["version", "srcport", "dstport", "protocol", "tcp-flags", "traffic-path"];
const INT_64: [&str; 4] = ["packets", "bytes", "start", "end"];

/// Writes records as AWS does: names with underscores, what is not there is null, compressed with gzip.
pub(crate) fn table(path: &Path, records: &[Vec<String>], group: usize) {
    let columns = FIELDS.iter().take(records[0].len()).enumerate().map(|(at, name)| {
        let texts = records.iter().map(|record| Some(record[at].as_str()).filter(|text| *text != "-"));
        let array: ArrayRef = if INT_32.contains(name) {
            Arc::new(texts.map(|text| text.map(|text| text.parse::<i32>().unwrap())).collect::<Int32Array>())
        } else if INT_64.contains(name) {
            Arc::new(texts.map(|text| text.map(|text| text.parse::<i64>().unwrap())).collect::<Int64Array>())
        } else {
            Arc::new(texts.collect::<StringArray>())
        };
        (name.replace('-', "_"), array, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::GZIP(GzipLevel::default()))
        .set_max_row_group_row_count(Some(group))
        .build();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_table_says_what_the_text_says_in_each_version() {
    let folder = tempfile::tempdir().unwrap();
    for (version, count) in VERSIONS {
        let path = folder.path().join("flows.parquet");
        table(&path, &records(version), 4);
        let lines: Vec<_> = records(version).iter().map(|record| record.join(" ")).collect();
        let text = format!("{}\n{}\n", FIELDS[..count].join(" "), lines.join("\n"));
        assert_eq!(of(&path), of_text(&text), "{version}");
    }
}

#[test]
fn tables_and_texts_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let (all, half) = (records(5), records(5).len() / 2);
    table(&folder.path().join("a.log.parquet"), &all[..half], 100);
    let lines: Vec<_> = all[half..].iter().map(|record| record.join(" ")).collect();
    let text = format!("{}\n{}\n", FIELDS.join(" "), lines.join("\n"));
    std::fs::write(folder.path().join("b.log"), text).unwrap();
    for threads in 1..4 {
        assert_eq!(words(&summed(&[folder.path()], threads).unwrap()), VERSION_5);
    }
}
