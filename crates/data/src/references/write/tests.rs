//! References of stores and of made datasets, read again.

use async_trait::async_trait;
use tempfile::TempDir;
use url::Url;

use super::*;
use crate::address::Address;
use crate::objects::Opens;
use crate::ranges::Ranges;
use crate::references::{Base, open_dmrpp, open_json};
use crate::zarr::Zarr;

#[test]
fn chunks_have_their_keys() {
    assert_eq!(key(&[2, 3], 4), "1.1");
    assert_eq!(key(&[], 0), "0");
    assert_eq!(grid(&[5, 4], &[2, 4]), [3, 1]);
}

#[test]
fn filters_that_zarr_does_not_have_are_none() {
    assert_eq!(codec("deflate 6", 4).unwrap(), json!({"id": "zlib", "level": 6}));
    assert_eq!(codec("shuffle", 8).unwrap(), json!({"id": "shuffle", "elementsize": 8}));
    assert_eq!(codec("shuffle 4", 8).unwrap(), json!({"id": "shuffle", "elementsize": 4}));
    for none in ["szip", "", "big-endian fields", "column-major", "reversed bits", "transpose"] {
        assert!(codec(none, 4).is_none(), "{none}");
    }
}

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Opens for Nowhere {
    async fn open(&self, url: &Url) -> Result<Arc<dyn Ranges>> {
        Err(Error::NotFound { address: Address::from(url), status: 404 })
    }
}

/// A store of one array `a`, of metadata and a chunk of running bytes.
fn store(file: &str, metadata: &Value, chunk: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let group = json!({"zarr_format": 3, "node_type": "group"});
    let (name, group) =
        if file == "zarr.json" { (file, group) } else { (".zgroup", json!({"zarr_format": 2})) };
    std::fs::write(folder.path().join(name), group.to_string()).unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::write(folder.path().join("a").join(file), metadata.to_string()).unwrap();
    let bytes: Vec<u8> = (0u8..24).collect();
    std::fs::create_dir_all(folder.path().join("a").join(chunk).parent().unwrap()).unwrap();
    std::fs::write(folder.path().join("a").join(chunk), bytes).unwrap();
    folder
}

async fn opened(path: &Path) -> Zarr {
    let document = std::fs::read(path).unwrap();
    open_json(&document, Base::File(path.into()), Arc::new(Nowhere), Limits::default()).await.unwrap()
}

/// Whether the array `a` is referred to, after its values were compared with those of its references.
async fn is_referred(dataset: &dyn Dataset) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("made.json");
    write(dataset, &to, Form::Json, &Limits::default()).await.unwrap();
    let expected = dataset.read("a", &Selection::All).await.unwrap();
    assert_eq!(opened(&to).await.read("a", &Selection::All).await.unwrap(), expected);
    let written: Value = serde_json::from_slice(&std::fs::read(&to).unwrap()).unwrap();
    let chunks = written["refs"].as_object().unwrap().iter();
    let mut chunks = chunks.filter(|(key, _)| key.starts_with("a/") && !key.contains(".z"));
    chunks.all(|(_, chunk)| chunk.is_array())
}

#[tokio::test]
async fn references_of_zarr_have_the_values_of_their_store() {
    let swapped = json!([["a", ">i2"], ["b", "<i2"]]);
    let cases = [
        (json!({"dtype": "<f4"}), "", true),
        (json!({"dtype": ">f4"}), "big-endian", true),
        (json!({"dtype": ">M8[s]", "shape": [3], "chunks": [3]}), "big-endian", true),
        (
            json!({"dtype": ">c8", "shape": [4], "chunks": [3], "fill_value": [1.5, "NaN"]}),
            "big-endian",
            true,
        ),
        (json!({"dtype": "|V4"}), "", true),
        (json!({"dtype": swapped}), "big-endian fields", false),
        (
            json!({"dtype": ">i2", "shape": [3, 4], "chunks": [3, 4], "order": "F"}),
            "column-major,big-endian",
            false,
        ),
        (json!({"dtype": "<i2", "shape": [12], "chunks": [12], "order": "F"}), "", true),
        (json!({"filters": [{"id": "shuffle", "elementsize": 2}]}), "shuffle 2", true),
        (json!({"filters": [{"id": "shuffle", "elementsize": 4}]}), "shuffle", true),
        (
            json!({"filters": [{"id": "shuffle"}], "dtype": "<i2", "shape": [12], "chunks": [12]}),
            "shuffle 4",
            true,
        ),
    ];
    for (own, filters, referred) in cases {
        let mut metadata = json!({"zarr_format": 2, "shape": [2, 3], "chunks": [2, 3], "dtype": "<i4",
            "fill_value": null, "order": "C", "filters": null, "compressor": null});
        metadata.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        let chunk = if metadata["shape"].as_array().unwrap().len() == 1 { "0" } else { "0.0" };
        let folder = store(".zarray", &metadata, chunk);
        let zarr = Zarr::open_folder(folder.path(), Limits::default()).await.unwrap();
        let found = zarr.group("/", true).await.unwrap().variables[0].filters.join(",");
        assert_eq!((found.as_str(), is_referred(&zarr).await), (filters, referred), "{metadata}");
    }
    let transposed = json!([{"name": "transpose", "configuration": {"order": [1, 0]}}, "bytes"]);
    let cases = [
        ("float32", json!([{"name": "bytes", "configuration": {"endian": "little"}}]), "", true),
        ("float32", json!([{"name": "bytes", "configuration": {"endian": "big"}}]), "big-endian", true),
        ("r32", json!(["bytes"]), "", true),
        ("r32", transposed, "transpose", false),
    ];
    for (data_type, codecs, filters, referred) in cases {
        let metadata = json!({"zarr_format": 3, "node_type": "array", "shape": [2, 3], "data_type": data_type,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3]}},
            "chunk_key_encoding": {"name": "default"}, "codecs": codecs,
            "fill_value": if data_type == "r32" { json!([0, 0, 0, 0]) } else { json!(0) }});
        let folder = store("zarr.json", &metadata, "c/0/0");
        let zarr = Zarr::open_folder(folder.path(), Limits::default()).await.unwrap();
        let found = zarr.group("/", true).await.unwrap().variables[0].filters.join(",");
        assert_eq!((found.as_str(), is_referred(&zarr).await), (filters, referred), "{metadata}");
    }
}

#[tokio::test]
async fn references_of_a_dmrpp_are_those_of_its_data() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.h5"), [0u8, 1, 0, 2, 0, 3]).unwrap();
    let place = r#"<chunks byteOrder="BE"><chunk offset="0" nBytes="6"/></chunks>"#;
    for (values, referred) in [(place, true), ("<compact>BwAIAAkA</compact>", false)] {
        let document = format!(r#"<Dataset><Int16 name="a"><Dim size="3"/>{values}</Int16></Dataset>"#);
        let base = Base::File(folder.path().join("a.h5.dmrpp"));
        let opened =
            open_dmrpp(document.as_bytes(), base, Arc::new(Nowhere), Limits::default()).await.unwrap();
        let expected = if referred { [1.0, 2.0, 3.0] } else { [7.0, 8.0, 9.0] };
        assert_eq!(opened.read("a", &Selection::All).await.unwrap().as_f64().unwrap(), expected);
        assert_eq!(is_referred(&opened).await, referred);
    }
}

#[tokio::test]
async fn what_stands_in_references_is_not_looked_for_in_their_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), [7, 0, 8, 0]).unwrap();
    let array = json!({"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<u2", "fill_value": 0, "order": "C",
        "filters": null, "compressor": null});
    let references = json!({".zgroup": "{\"zarr_format\":2}", "a/.zarray": array.to_string(),
        "a/0": ["data", 0, 4], "a/1": "abcd"});
    let path = folder.path().join("refs.json");
    std::fs::write(&path, references.to_string()).unwrap();
    let zarr = opened(&path).await;
    assert_eq!(zarr.ranges("a", &Selection::All).await.unwrap()[1].address.as_str(), INLINE_BYTES);
    assert!(!is_referred(&zarr).await);
}

/// A dataset of one array of bytes, one to a chunk.
#[derive(Debug)]
struct Made {
    name: &'static str,
    length: u64,
    stored: Vec<Stored>,
}

#[async_trait]
impl Dataset for Made {
    fn address(&self) -> Address {
        Address::named("made".to_owned())
    }

    fn format(&self) -> &'static str {
        "made"
    }

    async fn group(&self, _: &str, _: bool) -> Result<Group> {
        let variable = Variable {
            name: self.name.to_owned(),
            data_type: DataType::U8,
            is_char: false,
            shape: vec![self.length],
            dimensions: vec!["x".to_owned()],
            chunks: Some(vec![1]),
            filters: Vec::new(),
            fill: None,
            attributes: Vec::new(),
        };
        Ok(Group { variables: vec![variable], ..Group::default() })
    }

    async fn ranges(&self, _: &str, _: &Selection) -> Result<Vec<Stored>> {
        Ok(self.stored.clone())
    }

    async fn read(&self, _: &str, _: &Selection) -> Result<Values> {
        unreachable!()
    }
}

fn made(name: &'static str, length: u64, address: &str, numbers: &[u64]) -> Made {
    let url: Url = address.parse().unwrap();
    let chunk = |number: &u64| Stored {
        address: Address::from(&url),
        from: 5,
        length: 1,
        origin: vec![*number],
        skipped: 0,
    };
    Made { name, length, stored: numbers.iter().map(chunk).collect() }
}

const OPEN: &str = "https://data.example.org/a.h5";

fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn only_what_leads_somewhere_and_has_a_name_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let forms = [Form::Json, Form::Parquet(10)];
    for form in forms {
        let to = folder.path().join("made");
        for name in ["..", "../b", "a/../../b", ".", "", "/b", "b/"] {
            let wrong = write(&made(name, 3, OPEN, &[0]), &to, form, &Limits::default()).await;
            assert!(wrong.unwrap_err().to_string().contains("no name"), "{name}");
        }
        let signed = made("a", 3, "https://data.example.org/a.h5?sig=hush", &[0]);
        let wrong = write(&signed, &to, form, &Limits::default()).await.unwrap_err().to_string();
        assert!(wrong.contains("is signed") && !wrong.contains("hush"), "{wrong}");
        assert!(names(folder.path()).is_empty());
    }
}

#[tokio::test]
async fn of_a_sparse_array_only_records_with_references_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("made.parq");
    let sparse = made("a", 1 << 40, OPEN, &[0, 3, (1 << 40) - 1, 1 << 40]);
    write(&sparse, &to, Form::Parquet(10), &Limits::default()).await.unwrap();
    assert_eq!(
        names(&to.join("a")),
        ["refs.0.parq".to_owned(), format!("refs.{}.parq", ((1u64 << 40) - 1) / 10)]
    );
}

#[tokio::test]
async fn only_references_are_replaced_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("made.parq");
    let small = |name| made(name, 3, OPEN, &[0]);
    let (form, limits) = (Form::Parquet(10), Limits::default());
    write(&small("a"), &to, form, &limits).await.unwrap();
    write(&small("b"), &to, form, &limits).await.unwrap();
    assert_eq!(names(&to), [".zmetadata", "b"]);
    assert_eq!(names(folder.path()), ["made.parq"]);

    std::fs::write(to.join(".zmetadata"), "{}").unwrap();
    let wrong = write(&small("a"), &to, form, &limits).await.unwrap_err().to_string();
    assert!(wrong.contains("holds no references"), "{wrong}");
    assert_eq!(names(&to), [".zmetadata", "b"]);
    // Two variables of which one's folder is the other's file.
    let file = made("a/refs.0.parq", 3, OPEN, &[0]);
    let both = Both(small("a"), file);
    assert!(write(&both, &folder.path().join("other.parq"), form, &limits).await.is_err());
    assert_eq!(names(folder.path()), ["made.parq"]);
}

/// The variables of two datasets.
#[derive(Debug)]
struct Both(Made, Made);

#[async_trait]
impl Dataset for Both {
    fn address(&self) -> Address {
        self.0.address()
    }

    fn format(&self) -> &'static str {
        self.0.format()
    }

    async fn group(&self, path: &str, deep: bool) -> Result<Group> {
        let (mut one, mut other) = (self.0.group(path, deep).await?, self.1.group(path, deep).await?);
        one.variables.append(&mut other.variables);
        Ok(one)
    }

    async fn ranges(&self, path: &str, selection: &Selection) -> Result<Vec<Stored>> {
        self.0.ranges(path, selection).await
    }

    async fn read(&self, path: &str, selection: &Selection) -> Result<Values> {
        self.0.read(path, selection).await
    }
}
