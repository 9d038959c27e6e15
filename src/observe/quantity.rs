//! Amounts as Kubernetes writes them: `500m`, `2Gi`, `1e3`.

use serde_json::Value;

/// Suffixes and what they multiply by; those of two letters first.
const SUFFIXES: [(&str, f64); 15] = [
    ("Ki", 1_024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

/// The amount of a quantity; `None` when it is none.
pub fn amount(text: &str) -> Option<f64> {
    let found = SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (digits, factor) = found.unwrap_or((text, 1.0));
    digits.parse::<f64>().ok().map(|number| number * factor).filter(|amount| amount.is_finite())
}

/// The amount of a field that holds a quantity, as text or as a number; nothing there is 0.
pub fn amount_of(field: &Value) -> f64 {
    field.as_str().and_then(amount).or_else(|| field.as_f64()).unwrap_or(0.0)
}

/// The same in whole bytes, rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a machine")]
pub fn bytes_of(field: &Value) -> u64 {
    amount_of(field).max(0.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{amount, bytes_of};

    #[test]
    fn quantities_are_read_with_their_suffix() {
        let read = ["500m", "2", "0.1", "1Gi", "1G", "1e3", "5Ei"].map(|text| amount(text).unwrap());
        let wanted = [0.5, 2.0, 0.1, 1_073_741_824.0, 1e9, 1e3, 5_764_607_523_034_234_880.0];
        assert!(
            read.iter().zip(wanted).all(|(read, wanted)| (read - wanted).abs() <= wanted * 1e-9),
            "{read:?}"
        );
        assert_eq!(amount("much"), None);
        assert_eq!(bytes_of(&json!("1500m")), 2);
        assert_eq!(bytes_of(&json!(7)), 7);
        assert_eq!(bytes_of(&json!(null)), 0);
    }
}
