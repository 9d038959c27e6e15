//! LZF, which h5py compresses with: runs of bytes as they are, and of bytes that came before.
//!
//! Format: `lzf_d.c` of LibLZF, which has no other description.

/// The bytes that LZF made `input` of, no more than `most`.
///
/// # Errors
/// For input that ends within a run, refers to what did not come before, or becomes too long.
pub(super) fn undo(input: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let mut output = Vec::with_capacity(most.min(input.len().saturating_mul(100)));
    let mut rest = input.iter().copied();
    let mut next = || rest.next().map(usize::from).ok_or_else(|| "it ends within a run".to_owned());
    while let Ok(control) = next() {
        if control < 32 {
            for _ in 0..=control {
                output.push(u8::try_from(next()?).unwrap_or_default());
            }
        } else {
            let length = if control >> 5 == 7 { 7 + next()? } else { control >> 5 } + 2;
            let back = ((control & 31) << 8) + next()? + 1;
            let from = output.len().checked_sub(back).ok_or("it refers to bytes before the first")?;
            for index in from..from + length {
                output.push(output[index]);
            }
        }
        if output.len() > most {
            return Err(format!("more than {most} bytes"));
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_repetitions_come_back() {
        // Three bytes as they are, then nine bytes from three back, then as many as one code can take.
        let input = [2, b'a', b'b', b'c', 7 << 5, 0, 2, 7 << 5, 255, 2];
        let output = undo(&input, 4096).unwrap();
        assert_eq!(output.len(), 3 + 9 + 264);
        assert!(output.chunks(3).all(|chunk| chunk == b"abc"));
    }

    #[test]
    fn what_is_cut_or_refers_to_nothing_is_told() {
        assert!(undo(&[5, b'a'], 4096).unwrap_err().contains("ends within"));
        assert!(undo(&[32, 9], 4096).unwrap_err().contains("before the first"));
        assert!(undo(&[0, b'a', 7 << 5, 255, 0], 64).unwrap_err().contains("more than 64"));
    }
}
