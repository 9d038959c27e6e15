//! Bitshuffle: the first bits of all elements of a block come first, then the second, and so on; and
//! blocks are compressed by themselves.
//!
//! Format: `bshuf_h5filter.c` and `bitshuffle_core.c` of the bitshuffle library.

/// A block has about so many bytes where the file does not say how many.
const BLOCK: usize = 8192;
/// A block has a multiple of so many elements.
const TOGETHER: usize = 8;
/// A block has at least so many elements.
const LEAST: usize = 128;

const LZ4: u32 = 2;
const ZSTD: u32 = 3;

/// How a file says that blocks were made: its filter's settings from the third on.
struct Blocks {
    element: usize,
    elements: usize,
    compression: u32,
}

/// The bytes that bitshuffle made `input` of, no more than `most`.
///
/// # Errors
/// For input that is no such thing.
pub(super) fn undo(input: &[u8], settings: &[u32], most: usize) -> Result<Vec<u8>, String> {
    let setting = |index: usize| settings.get(index).copied().unwrap_or_default();
    let mut blocks =
        Blocks { element: setting(2) as usize, elements: setting(3) as usize, compression: setting(4) };
    if blocks.element == 0 || blocks.element > most {
        return Err(format!("elements of {} bytes", blocks.element));
    }
    if blocks.compression == 0 {
        return blocks.laid_out(input, input.len(), most);
    }
    let (length, rest) = input.split_first_chunk().ok_or("it ends before its blocks")?;
    let (block, rest) = rest.split_first_chunk().ok_or("it ends before its blocks")?;
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|error| error.to_string())?;
    blocks.elements = u32::from_be_bytes(*block) as usize / blocks.element;
    blocks.laid_out(rest, length, most)
}

impl Blocks {
    fn laid_out(&self, input: &[u8], length: usize, most: usize) -> Result<Vec<u8>, String> {
        if length > most {
            return Err(format!("{length} bytes, more than {most}"));
        }
        let block = self.elements_of_a_block() * self.element;
        let whole = length / self.element / TOGETHER * TOGETHER * self.element;
        let mut output = vec![0; length];
        let (blocks, left) = output.split_at_mut(whole);
        let mut rest = input;
        for block in blocks.chunks_mut(block) {
            let stored = self.next(&mut rest, block.len())?;
            turn(&stored, self.element, block);
        }
        left.copy_from_slice(rest.get(..left.len()).ok_or("it ends before its last elements")?);
        Ok(output)
    }

    fn elements_of_a_block(&self) -> usize {
        match self.elements {
            0 => (BLOCK / self.element / TOGETHER * TOGETHER).max(LEAST),
            elements => (elements / TOGETHER * TOGETHER).max(TOGETHER),
        }
    }

    /// The next block, no longer compressed.
    fn next(&self, rest: &mut &[u8], length: usize) -> Result<Vec<u8>, String> {
        let stored = match self.compression {
            0 => length,
            _ => u32::from_be_bytes(
                *rest.split_off(..4).and_then(<[u8]>::first_chunk).ok_or("it ends before a block")?,
            ) as usize,
        };
        let stored = rest.split_off(..stored).ok_or("it ends within a block")?;
        let block = match self.compression {
            0 => stored.to_vec(),
            LZ4 => lz4_flex::block::decompress(stored, length).map_err(|error| error.to_string())?,
            ZSTD => zstd::bulk::decompress(stored, length).map_err(|error| error.to_string())?,
            other => return Err(format!("compression {other} is not known")),
        };
        if block.len() == length {
            Ok(block)
        } else {
            Err(format!("a block of {} bytes, not {length}", block.len()))
        }
    }
}

/// Turns planes of bits into elements.
fn turn(planes: &[u8], element: usize, out: &mut [u8]) {
    let groups = out.len() / element / TOGETHER;
    for byte in 0..element {
        for group in 0..groups {
            let bits = std::array::from_fn(|bit| planes[(byte * 8 + bit) * groups + group]);
            for (index, value) in transposed(u64::from_le_bytes(bits)).to_le_bytes().into_iter().enumerate() {
                out[(group * TOGETHER + index) * element + byte] = value;
            }
        }
    }
}

/// A square of eight times eight bits, turned about its diagonal: "Hacker's Delight", 7-3.
fn transposed(bits: u64) -> u64 {
    let mut bits = bits;
    for (shift, mask) in
        [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0_u64)]
    {
        let swapped = (bits ^ (bits >> shift)) & mask;
        bits ^= swapped ^ (swapped << shift);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_of_bits_turns() {
        assert_eq!(transposed(0xFF), 0x0101_0101_0101_0101);
        assert_eq!(transposed(1 << 8), 1 << 1);
        assert_eq!(transposed(transposed(0x0123_4567_89AB_CDEF)), 0x0123_4567_89AB_CDEF);
    }

    #[test]
    fn what_is_cut_is_told() {
        let settings = [0, 2, 4, 0, 2];
        assert!(undo(&[0; 5], &settings, 4096).unwrap_err().contains("before its blocks"));
        let mut head = 400u64.to_be_bytes().to_vec();
        head.extend(8192u32.to_be_bytes());
        assert!(undo(&head, &settings, 4096).unwrap_err().contains("before a block"));
        assert!(undo(&head, &settings, 64).unwrap_err().contains("more than 64"));
        assert!(undo(&head, &[0, 2, 0, 0, 2], 64).unwrap_err().contains("elements of 0"));
    }
}
