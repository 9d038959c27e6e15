//! Amounts of memory and storage.

use std::fmt;
use std::str::FromStr;

use crate::text::{self, UnitError};

/// A number of bytes, written with a unit: `8 GiB` (2³⁰) or `8 GB` (10⁹).
///
/// Both families are accepted and kept apart, as IEC 80000-13 defines them;
/// Kubernetes' bare `8G` and `8Gi` are refused with the spelling to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(u64);

/// Unit names and their sizes in bytes, largest first within each family.
const UNITS: [(&str, u64); 11] = [
    ("PiB", 1 << 50),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("PB", 1_000_000_000_000_000),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl Bytes {
    /// A number of bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A number of gibibytes (2³⁰ bytes); saturates at `u64::MAX` bytes.
    pub const fn gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// A number of mebibytes (2²⁰ bytes); saturates at `u64::MAX` bytes.
    pub const fn mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number with three digits in a decimal unit, as data on its way is told of: `31.4 MB`.
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    pub fn rounded(self) -> String {
        const NAMES: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
        let (mut amount, mut unit) = (self.0 as f64, 0);
        while amount >= 999.5 && unit + 1 < NAMES.len() {
            (amount, unit) = (amount / 1000.0, unit + 1);
        }
        let decimals = match amount {
            _ if unit == 0 => 0,
            amount if amount < 9.995 => 2,
            amount if amount < 99.95 => 1,
            _ => 0,
        };
        format!("{amount:.decimals$} {}", NAMES[unit])
    }

    /// Gibibytes, for arithmetic with prices and for tables.
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    pub fn as_gib(self) -> f64 {
        self.0 as f64 / f64::from(1 << 30)
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = text::split(text);
        let number = text::decimal(number, text)?;
        let size = unit_size(unit).ok_or_else(|| unknown_unit(number.as_str(), unit))?;
        number.times(size).map(Self).ok_or_else(|| {
            UnitError::new(text, "an amount of bytes below 16 EiB, without a part of a byte", "8 GiB")
        })
    }
}

fn unit_size(unit: &str) -> Option<u64> {
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size)
}

fn unknown_unit(number: &str, unit: &str) -> UnitError {
    let written = format!("{number} {unit}");
    let suggestion = match unit.to_ascii_lowercase().as_str() {
        "" => format!("{number} GiB"),
        lower => {
            let first = lower.chars().next().unwrap_or('g').to_ascii_uppercase();
            match first {
                'K' | 'M' | 'G' | 'T' | 'P' => format!("{number} {first}iB"),
                _ => format!("{number} GiB"),
            }
        }
    };
    UnitError::new(
        written.trim(),
        "an amount with a unit: B, kB, MB, GB, TB, PB (powers of 1000) or KiB, MiB, GiB, TiB, PiB (powers of 1024)",
        &suggestion,
    )
}

impl fmt::Display for Bytes {
    /// The largest binary unit that leaves a whole number, or one decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = &UNITS[..5];
        if let Some((name, size)) =
            binary.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size))
            && (self.0 / size < 10_240 || *name == "PiB")
        {
            return write!(f, "{} {name}", self.0 / size);
        }
        match binary.iter().find(|(_, size)| self.0 >= *size) {
            #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
            Some((name, size)) => write!(f, "{:.1} {name}", self.0 as f64 / *size as f64),
            None => write!(f, "{} B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_on_its_way_has_three_digits() {
        let texts = [0, 999, 1_000, 9_996, 31_400_000, 999_600_000, u64::MAX]
            .map(|bytes| Bytes::new(bytes).rounded());
        assert_eq!(texts, ["0 B", "999 B", "1.00 kB", "10.0 kB", "31.4 MB", "1.00 GB", "18447 PB"]);
    }

    #[test]
    fn both_families_are_kept_apart() {
        assert_eq!("8 GiB".parse::<Bytes>().unwrap().get(), 8 << 30);
        assert_eq!("8  GiB".parse::<Bytes>().unwrap().get(), 8 << 30);
        assert_eq!("8GB".parse::<Bytes>().unwrap().get(), 8_000_000_000);
        assert_eq!("1.5 GiB".parse::<Bytes>().unwrap().get(), 3 << 29);
        assert_eq!("0 B".parse::<Bytes>().unwrap().get(), 0);
    }

    #[test]
    fn a_missing_or_foreign_unit_is_refused_with_the_spelling() {
        for (text, suggestion) in [
            ("8", "8 GiB"),
            ("8G", "8 GiB"),
            ("8Gi", "8 GiB"),
            ("512M", "512 MiB"),
            ("8 gib", "8 GiB"),
            ("8 GiBs", "8 GiB"),
            ("2 apples", "2 GiB"),
        ] {
            let error = text.parse::<Bytes>().unwrap_err();
            assert_eq!(error.suggestion(), suggestion, "{text}");
        }
    }

    #[test]
    fn negative_absurd_and_partial_amounts_are_refused() {
        for text in
            ["-1 GiB", "99999999999 PiB", "0.3 B", "", "GiB", "1e9 GiB", "NaN GiB", "１ GiB", "8\tGiB"]
        {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }

    #[test]
    fn shown_in_the_largest_fitting_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (8 << 30, "8 GiB"),
            (1536 << 20, "1536 MiB"),
            (1_000, "1000 B"),
            (31_353 << 20, "30.6 GiB"),
        ] {
            assert_eq!(Bytes::new(bytes).to_string(), text);
        }
    }
}
