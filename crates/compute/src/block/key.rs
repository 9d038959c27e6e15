//! Numbers as unsigned integers in the same order.

use std::fmt::Debug;
use std::hash::Hash;

/// A number that has a key.
///
/// The key is an unsigned integer in the same order as the numbers: `a < b` as numbers implies
/// `a.key() < b.key()`, and all NaN have one key, above all others. Of the two zeros of floats the
/// negative one has the smaller key.
pub trait Keyed: Copy + Debug + PartialOrd + Send + Sync + 'static {
    /// Integers of keys.
    type Key: Key;
    /// The largest key of a number that is not NaN.
    const LAST: Self::Key;
    /// Whether there is a NaN, its key [`Self::LAST`] and one.
    const HAS_NAN: bool;

    /// The key.
    fn key(self) -> Self::Key;

    /// The number of a key that is not larger than [`Self::LAST`].
    fn of_key(key: Self::Key) -> Self;
}

/// An unsigned integer that numbers are ordered by.
pub trait Key: Copy + Debug + Default + Ord + Hash + Send + Sync + 'static {
    /// The largest.
    const MAX: Self;
    /// Its bits.
    const BITS: u32;

    /// Of a larger integer, cut.
    fn of_u64(value: u64) -> Self;

    /// As a larger integer.
    fn to_u64(self) -> u64;

    /// Which cell of a table it is in: cells are `1 << shift` keys wide, the first one is of `base` and all
    /// before, the last one of all that follow.
    #[must_use]
    fn cell(self, shift: u32, base: Self, last: Self) -> Self;

    /// As an index; the largest one where it is beyond all.
    fn index(self) -> usize;
}

impl Key for u32 {
    const MAX: Self = Self::MAX;
    const BITS: Self = Self::BITS;

    #[expect(clippy::cast_possible_truncation, reason = "cut is what is asked for")]
    #[inline]
    fn of_u64(value: u64) -> Self {
        value as Self
    }

    #[inline]
    fn to_u64(self) -> u64 {
        self.into()
    }

    #[inline]
    fn cell(self, shift: Self, base: Self, last: Self) -> Self {
        (self >> shift).saturating_sub(base).min(last)
    }

    #[inline]
    fn index(self) -> usize {
        self as usize
    }
}

impl Key for u64 {
    const MAX: Self = Self::MAX;
    const BITS: u32 = Self::BITS;

    #[inline]
    fn of_u64(value: u64) -> Self {
        value
    }

    #[inline]
    fn to_u64(self) -> u64 {
        self
    }

    #[inline]
    fn cell(self, shift: u32, base: Self, last: Self) -> Self {
        (self >> shift).saturating_sub(base).min(last)
    }

    #[inline]
    fn index(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

/// Floats: of IEEE 754 numbers, those that are not negative are in the order of their bits, the others in the
/// opposite one.
macro_rules! floats {
    ($float:ty, $key:ty) => {
        impl Keyed for $float {
            type Key = $key;
            const LAST: $key = Self::INFINITY.to_bits() | (1 << (<$key>::BITS - 1));
            const HAS_NAN: bool = true;

            #[inline]
            fn key(self) -> $key {
                const SIGN: $key = 1 << (<$key>::BITS - 1);
                let bits = self.to_bits();
                let key = if bits & SIGN == 0 { bits | SIGN } else { !bits };
                if self.is_nan() { Self::LAST + 1 } else { key }
            }

            #[inline]
            fn of_key(key: $key) -> Self {
                const SIGN: $key = 1 << (<$key>::BITS - 1);
                Self::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN })
            }
        }
    };
}

/// Integers without a sign: they are their keys.
macro_rules! unsigned {
    ($($integer:ty, $key:ty, $last:expr, |$value:ident| $of:expr;)*) => {$(
        impl Keyed for $integer {
            type Key = $key;
            const LAST: $key = $last;
            const HAS_NAN: bool = false;

            #[inline]
            fn key(self) -> $key {
                self.into()
            }

            #[inline]
            fn of_key($value: $key) -> Self {
                $of
            }
        }
    )*};
}

/// Integers with a sign: their keys are how far above the least one they are.
macro_rules! signed {
    ($($integer:ty, $unsigned:ty, $key:ty;)*) => {$(
        impl Keyed for $integer {
            type Key = $key;
            const LAST: $key = <$unsigned as Keyed>::LAST;
            const HAS_NAN: bool = false;

            #[inline]
            fn key(self) -> $key {
                self.abs_diff(Self::MIN).key()
            }

            #[inline]
            fn of_key(key: $key) -> Self {
                Self::MIN.wrapping_add_unsigned(<$unsigned>::of_key(key))
            }
        }
    )*};
}

floats!(f32, u32);
floats!(f64, u64);
unsigned! {
    u8, u32, 0xff, |key| Self::try_from(key).unwrap_or(Self::MAX);
    u16, u32, 0xffff, |key| Self::try_from(key).unwrap_or(Self::MAX);
    u32, u32, Self::MAX, |key| key;
    u64, u64, Self::MAX, |key| key;
}
signed! {
    i8, u8, u32;
    i16, u16, u32;
    i32, u32, u32;
    i64, u64, u64;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_order<T: Keyed>(one: T, other: T) {
        assert_eq!(T::of_key(one.key()).partial_cmp(&one), Some(std::cmp::Ordering::Equal));
        if one < other {
            assert!(one.key() < other.key(), "{one:?} {other:?}");
        }
    }

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_numbers(bits: u64, others: u64) {
            let (float, other) = (f64::from_bits(bits), f64::from_bits(others));
            prop_assume!(!float.is_nan() && !other.is_nan());
            in_order(float, other);
            in_order(bits, others);
            in_order(bits.cast_signed(), others.cast_signed());
        }

        #[test]
        #[expect(clippy::cast_possible_truncation, reason = "cut numbers will do")]
        fn keys_of_smaller_numbers_are_in_their_order(bits: u32, others: u32) {
            let (float, other) = (f32::from_bits(bits), f32::from_bits(others));
            prop_assume!(!float.is_nan() && !other.is_nan());
            in_order(float, other);
            in_order(bits, others);
            in_order(bits.cast_signed(), others.cast_signed());
            in_order(bits as u16, others as u16);
            in_order(bits as i16, others as i16);
            in_order(bits as u8, others as u8);
            in_order(bits as i8, others as i8);
        }
    }

    #[test]
    fn nan_is_above_all() {
        for nan in [f32::NAN, -f32::NAN, f32::from_bits(0x7f80_0001), f32::from_bits(0xffff_ffff)] {
            assert_eq!(nan.key(), f32::INFINITY.key() + 1);
        }
        assert_eq!((-f64::NAN).key(), f64::INFINITY.key() + 1);
        assert_eq!(f64::INFINITY.key(), f64::LAST);
        assert!((-0.0_f32).key() < 0.0_f32.key());
        assert_eq!((i16::MAX.key(), i16::MIN.key(), u64::MAX.key()), (0xffff, 0, u64::LAST));
    }
}
