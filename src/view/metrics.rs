//! The text format of Prometheus (prometheus.io, "Exposition formats", version 0.0.4).

use std::fmt::Write;

/// What kind of numbers a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
}

/// Families of metrics, in the order in which they were begun.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    families: Vec<Family>,
}

#[derive(Clone, Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    samples: Vec<(String, f64)>,
}

impl Metrics {
    /// Begins a family, whose name ends with its unit.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) {
        self.families.push(Family { name, help, kind, samples: Vec::new() });
    }

    /// Adds a sample to the family that was begun last.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        let pairs: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value, true))).collect();
        let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        if let Some(family) = self.families.last_mut() {
            family.samples.push((labels, value));
        }
    }

    /// The exposition; families without samples are left out.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for family in self.families.iter().filter(|family| !family.samples.is_empty()) {
            let Family { name, help, kind, samples } = family;
            let kind = match kind {
                Kind::Gauge => "gauge",
                Kind::Counter => "counter",
            };
            // Writing to a text cannot fail.
            let _written = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", escaped(help, false));
            for (labels, value) in samples {
                let _written = writeln!(text, "{name}{labels} {value}");
            }
        }
        text
    }
}

/// Backslashes and line ends, and in labels quotes, are escaped.
fn escaped(text: &str, in_label: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if in_label { text.replace('"', "\\\"") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Metrics};

    #[test]
    fn labels_are_escaped_and_empty_families_left_out() {
        let mut metrics = Metrics::default();
        metrics.family("a_bytes", Kind::Gauge, "A \\ help.");
        metrics.sample(&[("user", "a\"b\\c\nd")], 1.5);
        metrics.sample(&[], 1e21);
        metrics.family("b_total", Kind::Counter, "Nothing.");
        let wanted = "# HELP a_bytes A \\\\ help.\n# TYPE a_bytes gauge\na_bytes{user=\"a\\\"b\\\\c\\nd\"} 1.5\n\
                      a_bytes 1000000000000000000000\n";
        assert_eq!(metrics.text(), wanted);
    }
}
