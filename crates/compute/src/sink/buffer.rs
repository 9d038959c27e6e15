//! Results in the caller's memory.

use std::sync::{Mutex, PoisonError};

use super::Sink;
use super::boxes::{Rows, is_part, joined_from, place};
use crate::block::{Element, ElementType};
use crate::error::{Error, Result};
use crate::expression::Span;

/// Bytes of a line: what one thread writes to at a time.
const LINE: usize = 1 << 18;

/// The caller's memory, row-major. It is cut into lines, each of which one thread writes to at a time: boxes
/// that do not meet seldom wait for each other.
pub struct Buffer<'a> {
    lines: Vec<Mutex<&'a mut [u8]>>,
    shape: Vec<u64>,
    element: ElementType,
}

impl<'a> Buffer<'a> {
    /// Memory for a result of this shape.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is room for more or fewer elements.
    pub fn new<T: Element>(shape: &[u64], memory: &'a mut [T]) -> Result<Self> {
        let none = if shape.contains(&0) { Some(0) } else { None };
        let count = none.or_else(|| shape.iter().try_fold(1_u64, |count, length| count.checked_mul(*length)));
        if count != Some(memory.len() as u64) {
            return Err(Error::invalid(
                format!("a result of {shape:?} does not fill memory for {} elements", memory.len()),
                "give memory of the shape of the result",
            ));
        }
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(memory);
        let lines = bytes.chunks_mut(LINE).map(Mutex::new).collect();
        Ok(Self { lines, shape: shape.to_vec(), element: T::TYPE })
    }

    /// Writes bytes from a place on.
    fn write(&self, mut from: usize, mut bytes: &[u8]) {
        for line in self.lines.iter().skip(from / LINE) {
            if bytes.is_empty() {
                return;
            }
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
            let (now, later) = bytes.split_at(bytes.len().min(line.len() - from % LINE));
            line[from % LINE..][..now.len()].copy_from_slice(now);
            from += now.len();
            bytes = later;
        }
    }

    fn refuse(&self, part: &[Span], element: ElementType) -> Error {
        Error::invalid(
            format!("{part:?} of {element} is no part of a result of {:?} of {}", self.shape, self.element),
            "give memory of the shape and type of the result",
        )
    }
}

impl Sink for Buffer<'_> {
    fn shape(&self) -> &[u64] {
        &self.shape
    }

    fn element(&self) -> ElementType {
        self.element
    }

    fn memory(&self, _: u64) -> u64 {
        0
    }

    fn put(&self, part: &[Span], element: ElementType, bytes: &[u8]) -> Result<()> {
        let size = self.element.size();
        if element != self.element || !is_part(&self.shape, part, size, bytes.len()) {
            return Err(self.refuse(part, element));
        }
        let rows = Rows::new(&self.shape, part, joined_from(&self.shape, part));
        let length = place(rows.length())? * size;
        for (start, bytes) in rows.starts().zip(bytes.chunks_exact(length.max(1))) {
            self.write(place(start)? * size, bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn boxes_lie_where_they_belong(lengths in [1..4_u64, 1..5_u64, 1..300_u64], cuts in [1..4_u64, 1..5_u64, 1..300_u64]) {
            let due: Vec<u32> = (0..u32::try_from(lengths.iter().product::<u64>()).unwrap()).collect();
            let mut found = vec![u32::MAX; due.len()];
            let buffer = Buffer::new(&lengths, &mut found).unwrap();
            let along = |axis: usize| {
                let (length, cut) = (lengths[axis], cuts[axis]);
                (0..length).step_by(usize::try_from(cut).unwrap())
                    .map(move |start| Span { start, count: cut.min(length - start) })
            };
            for a in along(0) { for b in along(1) { for c in along(2) {
                let mut values = Vec::new();
                for i in a.start..a.end() { for j in b.start..b.end() { for k in c.start..c.end() {
                    values.push(u32::try_from((i * lengths[1] + j) * lengths[2] + k).unwrap());
                }}}
                buffer.put(&[a, b, c], ElementType::U32, bytemuck::cast_slice(&values)).unwrap();
            }}}
            drop(buffer);
            prop_assert_eq!(found, due);
        }
    }

    #[test]
    fn lines_are_gone_over_and_what_does_not_fit_is_refused() {
        let mut memory = vec![0_u8; LINE + 10];
        let length = memory.len() as u64;
        let buffer = Buffer::new(&[length], &mut memory).unwrap();
        let part = [Span { start: length - 20, count: 20 }];
        buffer.put(&part, ElementType::U8, &[7; 20]).unwrap();
        assert!(buffer.put(&part, ElementType::I8, &[7; 20]).is_err());
        assert!(buffer.put(&part, ElementType::U8, &[7; 19]).is_err());
        assert!(buffer.put(&[Span { start: length - 19, count: 20 }], ElementType::U8, &[7; 20]).is_err());
        drop(buffer);
        assert!(memory[..LINE - 10].iter().all(|byte| *byte == 0));
        assert!(memory[LINE - 10..].iter().all(|byte| *byte == 7));
        assert!(Buffer::new(&[3, 2], &mut [0_u8; 5]).is_err());
    }
}
