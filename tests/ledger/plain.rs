//! What was gathered, in words that can be compared, and sums made another way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frazil::ledger::read::{Input, ReadError, read};
use frazil::ledger::{Gathered, Symbol};

use crate::skips::skipped;

/// Reads local files.
pub(crate) fn gather(paths: &[&Path], threads: usize) -> Result<Gathered, ReadError> {
    let inputs: Vec<_> = paths.iter().map(|path| Input::Local(path.to_path_buf())).collect();
    read(&inputs, threads, &|_| {})
}

/// Lines in words, sorted; where they stand is left out unless `placed`.
pub(crate) fn lines(gathered: &Gathered, placed: bool) -> Vec<String> {
    let text = |symbol: Symbol| gathered.symbols.text(symbol);
    let mut lines: Vec<_> = gathered
        .lines
        .iter()
        .map(|(key, sums)| {
            let mut line = format!(
                "{} {} {} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} quantity {} billed {} effective {} list {} lines {}",
                gathered.sources[usize::from(key.source)],
                key.month,
                key.day,
                key.charge.name(),
                text(key.account),
                text(key.service),
                text(key.usage_type),
                text(key.operation),
                text(key.region),
                text(key.resource),
                text(key.unit),
                text(key.tags),
                text(key.currency),
                sums.quantity,
                sums.billed,
                sums.effective,
                sums.list,
                sums.lines,
            );
            if placed {
                line += &format!(" at {}:{}", gathered.files[sums.first.file as usize].name, sums.first.row);
            }
            line
        })
        .collect();
    lines.sort_unstable();
    lines
}

/// Uses in words, sorted.
pub(crate) fn uses(gathered: &Gathered) -> Vec<String> {
    let text = |symbol: Symbol| gathered.symbols.text(symbol);
    let words = gathered.uses.iter().map(|(key, sums)| {
        format!(
            "{} {} {} node {:?} pod {:?} namespace {:?} labels {} {sums:?}",
            gathered.sources[usize::from(key.source)],
            key.month,
            key.day,
            text(key.node),
            text(key.pod),
            text(key.namespace),
            text(key.labels),
        )
    });
    let mut words: Vec<_> = words.collect();
    words.sort_unstable();
    words
}

/// Billed, effective and list in 10⁻¹² by charge, service and currency, and over all.
pub(crate) fn sums(gathered: &Gathered) -> BTreeMap<String, [i128; 3]> {
    let mut sums = BTreeMap::new();
    for (key, of) in &gathered.lines {
        let text = |symbol: Symbol| gathered.symbols.text(symbol);
        let one = format!("{} {} {}", text(key.currency), key.charge.name(), text(key.service));
        add(&mut sums, one, [of.billed, of.effective, of.list]);
    }
    sums.retain(|_, sums| *sums != [0; 3]);
    sums
}

/// Adds to a sum.
pub(crate) fn add(sums: &mut BTreeMap<String, [i128; 3]>, key: String, more: [i128; 3]) {
    let sum = sums.entry(key).or_default();
    for (one, other) in sum.iter_mut().zip(more) {
        *one += other;
    }
}

/// A number of a bill in 10⁻¹², by shifting its digits as text; it may have no more decimals.
pub(crate) fn pico(text: &str) -> i128 {
    let (pico, rest) = rounded(text);
    assert_eq!(rest, 0, "{text} has more than 12 decimals");
    pico
}

/// A number of a bill in 10⁻¹², halves away from zero, and what that leaves over in 10⁻²⁴.
pub(crate) fn rounded(text: &str) -> (i128, i128) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (sign, digits) = mantissa.strip_prefix('-').map_or((1, mantissa), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let shift = 24 + exponent.parse::<i32>().unwrap() - i32::try_from(part.len()).unwrap();
    let all = format!("0{whole}{part}").parse::<i128>().unwrap() * 10_i128.pow(u32::try_from(shift).unwrap());
    let unit = 10_i128.pow(12);
    let pico = (all + unit / 2) / unit;
    (sign * pico, sign * (all - pico * unit))
}

/// A sample bill; None, said on standard output, where it is missing.
pub(crate) fn sample(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bills").join(name);
    if path.exists() {
        return Some(path);
    }
    skipped(format_args!("no {}", path.display()));
    None
}
