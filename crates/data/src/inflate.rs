//! Streams of zlib of which it is known how much they become.

use libdeflater::Decompressor;

/// A stream of deflate becomes no more than so many times as long.
pub(crate) const MOST_DEFLATED: usize = 1032;

/// What a stream (RFC 1950) becomes, where that is no more than `most` bytes. None for another stream: whoever
/// reads it step by step can tell what is wrong with it.
pub(crate) fn zlib(stored: &[u8], most: usize) -> Option<Vec<u8>> {
    let most = most.min(stored.len().saturating_mul(MOST_DEFLATED));
    let mut bytes = vec![0; most];
    let length = Decompressor::new().zlib_decompress(stored, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn whole_streams_that_fit_come_back() {
        let plain: Vec<u8> = (0..100_000_u32).flat_map(|number| (number % 1000).to_le_bytes()).collect();
        let mut stored = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        stored.write_all(&plain).unwrap();
        let stored = stored.finish().unwrap();
        assert_eq!(zlib(&stored, plain.len()).as_ref(), Some(&plain));
        assert_eq!(zlib(&stored, plain.len() + 100).as_ref(), Some(&plain));
        assert_eq!(zlib(&stored, plain.len() - 1), None);
        assert_eq!(zlib(&stored[..stored.len() - 5], plain.len()), None);
        let mut wrong = stored.clone();
        wrong[2500] ^= 1;
        assert_eq!(zlib(&wrong, plain.len()), None);
        assert_eq!(zlib(&[], 0), None);
    }
}
