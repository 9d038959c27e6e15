//! Arrays of made metadata, and chunks that are damaged.

use super::*;

#[test]
fn elements_of_no_bytes_are_refused() {
    for (dtype, refused) in [("|V0", true), ("|V1", false), ("|S0", false)] {
        let metadata = json!({"zarr_format": 2, "shape": [2], "chunks": [2], "dtype": dtype, "fill_value": null,
            "order": "C", "filters": null, "compressor": {"id": "zlib"}});
        let array = Array::of_v2(&metadata, &Value::Null, &Limits::default()).unwrap();
        assert_eq!(array.decoder.err().is_some_and(|why| why.contains("no bytes")), refused, "{dtype}");
    }
    for data_type in [json!("r0"), json!({"name": "raw_bytes", "configuration": {"length_bytes": 0}})] {
        let array = of_codecs(&data_type, &json!(["bytes"]));
        assert!(array.decoder.unwrap_err().contains("no bytes"), "{data_type}");
    }
}

fn of_codecs(data_type: &Value, codecs: &Value) -> Array {
    let metadata = json!({"zarr_format": 3, "node_type": "array", "shape": [8], "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [8]}},
        "chunk_key_encoding": {"name": "default"}, "fill_value": 0, "codecs": codecs});
    Array::of_v3(&metadata, &Limits { chunk: 1 << 10, ..Limits::default() }).unwrap()
}

#[test]
fn codecs_in_codecs_are_bounded_or_refused() {
    let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let sharding = |size: u64, codecs: Value| {
        json!({"name": "sharding_indexed", "configuration": {"chunk_shape": [size], "codecs": codecs,
            "index_codecs": [bytes]}})
    };
    let nested =
        sharding(4, json!([sharding(2, json!([bytes, {"name": "gzip", "configuration": {"level": 1}}]))]));
    let decoder = of_codecs(&json!("uint8"), &json!([nested])).decoder.unwrap();
    let packed = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, bytes).unwrap();
        gzip.finish().unwrap()
    };
    let stored = |chunk: Vec<u8>, from: u64| {
        let length = chunk.len() as u64;
        let index = [from, length, u64::MAX, u64::MAX].map(u64::to_le_bytes).concat();
        [chunk, index].concat()
    };
    let decode = |stored: &[u8]| -> Result<Vec<u8>, String> {
        match decoder.decode(stored, None)?.elements {
            Elements::Numbers(bytes) => Ok(bytes.to_vec()),
            Elements::Texts(_) => unreachable!(),
        }
    };
    assert_eq!(decode(&stored(packed(&[5, 6]), 0)), Ok(vec![5, 6, 0, 0]));
    assert!(decode(&stored(packed(&vec![0; 10 << 20]), 0)).unwrap_err().contains("the most"));
    assert!(decode(&stored(packed(&[5, 6]), 1 << 40)).unwrap_err().contains("beyond its end"));
    assert!(decode(&stored(packed(&[5]), 0)).is_err());
    assert!(decode(&[0; 31]).unwrap_err().contains("shorter than its index"));
    let transpose = json!({"name": "transpose", "configuration": {"order": [0]}});
    for (codecs, name) in [
        (json!([transpose, sharding(2, json!([bytes]))]), "sharding_indexed"),
        (json!([{"name": "zarrs.vlen", "configuration": {}}]), "zarrs.vlen"),
        (json!([{"name": "zarrs.optional", "configuration": {}}]), "zarrs.optional"),
    ] {
        let wrong = of_codecs(&json!("uint8"), &codecs).decoder.unwrap_err();
        assert_eq!(wrong, format!("codec {name} is not supported"));
    }
}

#[test]
fn texts_beyond_their_chunk_are_told() {
    let metadata = json!({"zarr_format": 2, "shape": [2], "chunks": [2], "dtype": "|O", "fill_value": "",
        "order": "C", "filters": [{"id": "vlen-utf8"}], "compressor": null});
    let array = Array::of_v2(&metadata, &Value::Null, &Limits::default()).unwrap();
    let decoder = array.decoder.unwrap();
    let stored =
        |count: u32, length: u8| [&count.to_le_bytes()[..], &[1, 0, 0, 0, b'a', length, 0, 0, 0]].concat();
    let Elements::Texts(texts) = decoder.decode(&stored(2, 0), None).unwrap().elements else { panic!() };
    assert_eq!(texts, ["a", ""]);
    assert!(decoder.decode(&stored(2, 110), None).unwrap_err().contains("beyond its chunk"));
    assert!(decoder.decode(&stored(3, 0), None).unwrap_err().contains("another number"));
    assert!(decoder.decode(&[2, 0], None).is_err());
}
