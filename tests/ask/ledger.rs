//! What was gathered, in a form that can be compared.

use std::collections::BTreeMap;

use frazil::ledger::Gathered;
use jiff::ToSpan as _;
use serde_json::Value;

/// A key's texts, and its sums as text.
pub(crate) type Told = BTreeMap<Vec<String>, Vec<Option<String>>>;

/// Lines: source, month, day, charge, account, service, usage type, operation, region, resource, unit, tags,
/// currency; quantity, billed, effective, list, lines.
pub(crate) fn lines(gathered: &Gathered) -> Told {
    let row = |(key, sums): (&frazil::ledger::LineKey, &frazil::ledger::Sums)| {
        let mut words = source(gathered, key.source);
        let day = jiff::civil::date(1970, 1, 1) + key.day.days();
        words.extend([key.month.to_string(), day.to_string(), key.charge.name().to_owned()]);
        let symbols = [
            key.account,
            key.service,
            key.usage_type,
            key.operation,
            key.region,
            key.resource,
            key.unit,
            key.tags,
            key.currency,
        ];
        words.extend(symbols.map(|symbol| gathered.symbols.text(symbol).to_owned()));
        let sums = [sums.quantity, sums.billed, sums.effective, sums.list, i128::from(sums.lines)];
        (words, sums.map(|sum| Some(sum.to_string())).to_vec())
    };
    gathered.lines.iter().map(row).collect()
}

/// Uses: source, month, day, node, pod, namespace, labels; the seven sums.
pub(crate) fn uses(gathered: &Gathered) -> Told {
    let row = |(key, sums): (frazil::ledger::UseKey, frazil::ledger::UseSums)| {
        let mut words = source(gathered, key.source);
        let day = jiff::civil::date(1970, 1, 1) + key.day.days();
        words.extend([key.month.to_string(), day.to_string()]);
        let symbols = [key.node, key.pod, key.namespace, key.labels];
        words.extend(symbols.map(|symbol| gathered.symbols.text(symbol).to_owned()));
        let sums = [
            Some(sums.cpu_requested),
            sums.cpu_used,
            sums.cpu_largest,
            Some(sums.memory_requested),
            sums.memory_used,
            sums.memory_largest,
            Some(sums.gpus),
        ];
        (words, sums.map(|sum| sum.map(|sum| sum.to_string())).to_vec())
    };
    gathered.uses.iter().map(row).collect()
}

fn source(gathered: &Gathered, number: u16) -> Vec<String> {
    let source = &gathered.sources[usize::from(number)];
    vec![source.kind.name().to_owned(), source.provider.clone(), source.payer.clone()]
}

/// The same of what the engine says that it has to be; `sums` are how many numbers end a row.
pub(crate) fn expected(truth: &Value, what: &str, sums: usize) -> Told {
    let rows = truth[what].as_array().unwrap().iter().map(|row| row.as_array().unwrap());
    let row = |row: &Vec<Value>| {
        let (key, numbers) = row.split_at(row.len() - sums);
        let key = key.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        (key, numbers.iter().map(|number| number.as_str().map(str::to_owned)).collect())
    };
    rows.map(row).collect()
}

/// Whether all is as expected, key by key.
pub(crate) fn assert_same(found: &Told, expected: &Told) {
    for (key, sums) in expected {
        assert_eq!(found.get(key), Some(sums), "{key:?}");
    }
    let more: Vec<_> = found.keys().filter(|key| !expected.contains_key(*key)).collect();
    assert!(more.is_empty(), "{more:?}");
}

/// The sum of what was billed, in 10⁻¹².
pub(crate) fn billed(gathered: &Gathered) -> i128 {
    gathered.lines.values().map(|sums| sums.billed).sum()
}
