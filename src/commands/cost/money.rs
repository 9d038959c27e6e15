//! Amounts as text.

/// An amount in 10⁻¹² as exact decimal text.
pub(in crate::commands) fn exact(pico: i128) -> String {
    let sign = if pico < 0 { "-" } else { "" };
    let magnitude = pico.unsigned_abs();
    let unit = 10_u128.pow(12);
    let text = format!("{sign}{}.{:012}", magnitude / unit, magnitude % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An amount rounded to some decimals, halves away from zero.
pub(in crate::commands) fn rounded(pico: i128, decimals: u32) -> String {
    let unit = 10_u128.pow(12 - decimals.min(12));
    let whole = (pico.unsigned_abs() + unit / 2) / unit;
    let sign = if pico < 0 && whole > 0 { "-" } else { "" };
    let one = 10_u128.pow(decimals);
    format!("{sign}{}.{:0width$}", whole / one, whole % one, width = decimals as usize)
}

/// Decimals in which a total is shown: two, or more where that would say little.
pub(in crate::commands) const fn decimals(total: i128) -> u32 {
    if total.unsigned_abs() >= 10_000_000_000_000 { 2 } else { 4 }
}

/// A part of a whole, in percent.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(in crate::commands) fn percent(part: i128, whole: i128) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64 * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_rounded() {
        assert_eq!(
            [0, 1, -1_500_000_000_000, 20_000_000_000_000].map(exact),
            ["0", "0.000000000001", "-1.5", "20"]
        );
        assert_eq!(rounded(1_005_000_000_000, 2), "1.01");
        assert_eq!(rounded(-1_005_000_000_000, 2), "-1.01");
        assert_eq!(rounded(-1, 2), "0.00");
        assert_eq!(percent(1, 4), Some(25.0));
        assert_eq!(percent(1, 0), None);
    }
}
