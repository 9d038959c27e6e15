//! The wire format of protocol buffers (protobuf.dev, "Encoding"), as far as answers of the API
//! server need it: what is not asked for is skipped by its length, nothing is copied.

use std::io;

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number or truth value.
    Number(u64),
    /// Text, bytes or a message.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The bytes; nothing of a number.
    pub(super) const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }

    /// Text; what is no UTF-8 counts as nothing.
    pub(super) fn text(self) -> &'a str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// The number; 0 of bytes.
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(_) => 0,
        }
    }
}

/// A message that breaks off or breaks the format.
pub(super) fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is no protocol buffer of Kubernetes")
}

/// A number of up to ten bytes, seven bits in each; `None` while it is cut off.
///
/// # Errors
/// When it is longer.
pub(super) fn varint(bytes: &[u8]) -> io::Result<Option<(u64, usize)>> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((number, index + 1)));
        }
    }
    if bytes.len() < 10 { Ok(None) } else { Err(damaged()) }
}

/// The fields of a message, in their order.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> io::Result<u64> {
        let (number, length) = varint(self.0)?.ok_or_else(damaged)?;
        self.0 = &self.0[length..];
        Ok(number)
    }

    fn cut(&mut self, length: u64) -> io::Result<&'a [u8]> {
        let length = usize::try_from(length).map_err(|_| damaged())?;
        let (cut, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(cut)
    }

    fn field(&mut self) -> io::Result<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Bytes(self.cut(8)?),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.cut(length)?)
            }
            5 => Value::Bytes(self.cut(4)?),
            _ => return Err(damaged()),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = io::Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// An entry of a map from text.
pub(super) fn entry(message: Value<'_>) -> io::Result<(&str, Value<'_>)> {
    let (mut key, mut value) = ("", Value::Bytes(&[]));
    for field in Fields(message.bytes()) {
        match field? {
            (1, found) => key = found.text(),
            (2, found) => value = found,
            _ => {}
        }
    }
    Ok((key, value))
}

/// The first field of a number in a message.
pub(super) fn find(message: &[u8], number: u64) -> io::Result<Option<Value<'_>>> {
    for field in Fields(message) {
        let (found, value) = field?;
        if found == number {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Fields, Value, entry, varint};

    #[test]
    fn fields_are_read_in_their_order_and_damage_ends_them() {
        // 1: 300, 2: "ada", and a field of length 9 of which nothing is there.
        let bytes = [0x08, 0xac, 0x02, 0x12, 3, b'a', b'd', b'a', 0x1a, 9];
        let read: Vec<_> = Fields(&bytes).collect();
        assert_eq!(read[0].as_ref().unwrap(), &(1, Value::Number(300)));
        assert_eq!(read[1].as_ref().unwrap(), &(2, Value::Bytes(b"ada")));
        assert!(read[2].is_err() && read.len() == 3);
        assert!(Fields(&[0x0b, 1]).next().unwrap().is_err(), "groups are not used");
    }

    #[test]
    fn entries_of_maps_have_a_key_and_a_value() {
        let (key, value) = entry(Value::Bytes(&[0x0a, 1, b'k', 0x12, 1, b'v'])).unwrap();
        assert_eq!((key, value.text()), ("k", "v"));
    }

    #[test]
    fn a_number_that_is_cut_off_is_waited_for() {
        assert_eq!(varint(&[0x80]).unwrap(), None);
        assert!(varint(&[0x80; 10]).is_err());
    }
}
