//! Words and numbers as a reader wants them.

use frazil_units::Amount;
use jiff::civil::Date;

/// A text without what a screen obeys instead of showing: control characters and those that turn the direction of
/// writing (Unicode Standard Annex 9, table 3) become U+FFFD.
pub(super) fn plain(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// A text of at most so many characters, cut in the end.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

/// Decimals in which amounts of a chapter are shown.
pub(super) fn decimals(total: Amount) -> u32 {
    if total.pico().unsigned_abs() >= Amount::from_units(1).pico().unsigned_abs() { 2 } else { 4 }
}

/// An amount with commas between thousands and a real minus.
pub(super) fn amount(amount: Amount, decimals: u32) -> String {
    grouped(&amount.rounded(decimals))
}

/// Decimal text with commas between thousands and a real minus.
pub(super) fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |rest| ("\u{2212}", rest));
    let (whole, rest) = digits.find('.').map_or((digits, ""), |point| digits.split_at(point));
    let mut text = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// Seconds as hours, with a decimal below ten.
pub(super) fn hours(seconds: i64) -> String {
    let tenths = (seconds.max(0) + 180) / 360;
    if tenths == 0 && seconds > 0 {
        return "< 0.1".to_owned();
    }
    if tenths < 100 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        grouped(&((seconds + 1_800) / 3_600).to_string())
    }
}

/// Bytes in decimal units, as clouds bill them.
pub(super) fn bytes(bytes: u64) -> String {
    let units = [(1_000_000_000_000_u64, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{bytes} B");
    };
    let hundredths = (u128::from(bytes) * 100 + u128::from(unit) / 2) / u128::from(unit);
    format!("{}.{:02} {name}", grouped(&(hundredths / 100).to_string()), hundredths % 100)
}

/// `52.8 %` of a whole, which is not broken between lines.
pub(super) fn percent(part: Amount, whole: Amount) -> String {
    let tenths = part.ratio(1_000, whole.pico()).map(Amount::pico);
    tenths.map_or_else(
        || "–".to_owned(),
        |tenths| {
            let sign = if tenths < 0 { "\u{2212}" } else { "" };
            let tenths = tenths.unsigned_abs();
            format!("{sign}{}.{}\u{a0}%", grouped(&(tenths / 10).to_string()), tenths % 10)
        },
    )
}

/// `1 day`, `2 days`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(&count.to_string()), if count == 1 { one } else { many })
}

/// `21 March 2026`.
pub(super) fn long(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `21 to 25 March 2026`.
pub(super) fn range(from: Date, to: Date) -> String {
    if from == to {
        return long(from);
    }
    let start = if from.year() != to.year() {
        long(from)
    } else if from.month() != to.month() {
        from.strftime("%-d %B").to_string()
    } else {
        from.day().to_string()
    };
    format!("{start} to {}", long(to))
}

/// How many days from one to another, both included.
pub fn days_between(from: Date, to: Date) -> usize {
    from.until(to).ok().and_then(|span| usize::try_from(span.get_days()).ok()).map_or(0, |days| days + 1)
}

/// What a component is called, by its name in data.
pub(super) fn component(name: &str) -> &str {
    match name {
        "control-plane" => "control plane",
        "core" => "the hub’s own nodes",
        "servers" => "people’s servers",
        "dask" => "Dask workers",
        "objects" => "object stores",
        "backup" => "backups",
        "other" => "anything else",
        other => apart(other),
    }
}

/// What a kind of charge or part is called, by its name in data.
pub(super) fn apart(name: &str) -> &str {
    match name {
        "idle" => "idle: nodes and disks that nobody took",
        "shared" => "shared by all",
        "unattributed" => "not known whose",
        "no-person" => "of nobody who is known",
        "foreign" => "of no hub",
        "credit" => "credits",
        "refund" => "refunds",
        "fee" => "fees",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn usd(text: &str) -> Amount {
        Amount::from_decimal(text).unwrap()
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(amount(usd("1234567.005"), 2), "1,234,567.01");
        assert_eq!(amount(usd("-999.5"), 2), "\u{2212}999.50");
        assert_eq!(amount(usd("-0.001"), 2), "0.00");
        assert_eq!(
            [0, 100, 360, 35_999, 36_000, 4_000_000].map(hours),
            ["0.0", "< 0.1", "0.1", "10", "10", "1,111"]
        );
        assert_eq!(
            [0, 999, 1_000, 1_234_567, 350_000_000_000].map(bytes),
            ["0 B", "999 B", "1.00 kB", "1.23 MB", "350.00 GB"]
        );
        assert_eq!(percent(usd("1"), usd("3")), "33.3\u{a0}%");
        assert_eq!(percent(usd("-1"), usd("3")), "\u{2212}33.3\u{a0}%");
        assert_eq!(percent(usd("1"), Amount::ZERO), "–");
        assert_eq!(counted(1, "day", "days"), "1 day");
    }

    #[test]
    fn dates_read_well() {
        assert_eq!(range(date(2026, 3, 21), date(2026, 3, 25)), "21 to 25 March 2026");
        assert_eq!(range(date(2026, 3, 30), date(2026, 4, 2)), "30 March to 2 April 2026");
        assert_eq!(range(date(2025, 12, 30), date(2026, 1, 2)), "30 December 2025 to 2 January 2026");
        assert_eq!(range(date(2026, 3, 1), date(2026, 3, 1)), "1 March 2026");
        assert_eq!(days_between(date(2026, 2, 27), date(2026, 3, 1)), 3);
    }

    #[test]
    fn what_a_screen_obeys_is_shown_instead() {
        assert_eq!(plain("a\u{202e}b\u{0}c\td"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
