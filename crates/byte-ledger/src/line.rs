//! A line: CRC-32 of a JSON text in hexadecimal digits, a space, the text, a newline.

use serde::Serialize;

/// Most bytes of a line with its newline; by it a reader's memory is bounded.
pub(crate) const MOST: usize = 64 * 1024;
/// Bytes before the JSON text.
const FRONT: usize = 9;

/// The CRC-32 of ISO-HDLC (as in zlib and PNG) as eight lower-case hexadecimal digits and a space.
fn front(text: &[u8]) -> [u8; FRONT] {
    let sum = crc32fast::hash(text);
    let mut front = [b' '; FRONT];
    for (at, digit) in front.iter_mut().take(8).enumerate() {
        *digit = b"0123456789abcdef"[(sum >> (28 - 4 * at)) as usize & 15];
    }
    front
}

/// Appends a value as a line.
pub(crate) fn seal(value: &impl Serialize, line: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let start = line.len();
    line.extend_from_slice(&[b' '; FRONT]);
    serde_json::to_writer(&mut *line, value)?;
    let front = front(&line[start + FRONT..]);
    line[start..start + FRONT].copy_from_slice(&front);
    line.push(b'\n');
    Ok(())
}

/// The JSON text of a line without its newline, if the checksum is the text's.
pub(crate) fn unseal(line: &[u8]) -> Option<&[u8]> {
    let (start, text) = line.split_at_checked(FRONT)?;
    (start == front(text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_other_programs() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(&front(b"123456789"), b"cbf43926 ");
        assert_eq!(unseal(b"cbf43926 123456789"), Some(b"123456789".as_slice()));
        for wrong in [b"CBF43926 123456789".as_slice(), b"cbf43926\t123456789", b"cbf43926", b""] {
            assert_eq!(unseal(wrong), None);
        }
    }
}
