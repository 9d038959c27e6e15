//! How long the clouds support a Kubernetes minor version.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::Provider;

/// EKS: the end of standard support ("Kubernetes release calendar" of the EKS
/// user guide, as endoflife.date had it on 2026-02-14 and aws-samples'
/// eks-operation-review on 2026-04-24; they agree). Extended support lasts 12 months more.
const EKS: [(u32, Date); 7] = [
    (29, date(2025, 3, 23)),
    (30, date(2025, 7, 23)),
    (31, date(2025, 11, 26)),
    (32, date(2026, 3, 23)),
    (33, date(2026, 7, 29)),
    (34, date(2026, 12, 2)),
    (35, date(2027, 3, 27)),
];

/// EKS: months of extended support ("Understand the Kubernetes version lifecycle on EKS").
const EKS_EXTENDED_MONTHS: i32 = 12;

/// GKE: the end of standard support ("GKE release schedule", as endoflife.date
/// had it on 2026-04-10; Google calls its dates estimates). Of 1.33: 14 months
/// after it came to the regular channel on 2025-06-03, Google's own rule. Later
/// support is for the extended channel alone, which hubs are not in.
const GKE: [(u32, Date); 3] = [(33, date(2026, 8, 3)), (34, date(2026, 10, 1)), (35, date(2027, 4, 11))];

/// How long a cloud supports a minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Until these days, the last ones included.
    Until {
        /// At the usual price.
        standard: Date,
        /// At a higher one, where the cloud sells that.
        extended: Option<Date>,
    },
    /// Older than any version the table has.
    Past,
    /// Newer than any version the table has.
    Unknown,
}

/// What is known of a minor version, such as 35 for Kubernetes 1.35.
pub fn kubernetes_support(provider: Provider, minor: u32) -> Support {
    let table: &[(u32, Date)] = match provider {
        Provider::Aws => &EKS,
        Provider::Gcp => &GKE,
    };
    let Some((_, standard)) = table.iter().find(|(known, _)| *known == minor) else {
        let newer = table.iter().all(|(known, _)| *known < minor);
        return if newer { Support::Unknown } else { Support::Past };
    };
    let extended = match provider {
        Provider::Aws => standard.checked_add(EKS_EXTENDED_MONTHS.months()).ok(),
        Provider::Gcp => None,
    };
    Support::Until { standard: *standard, extended }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_support_is_a_year_longer_and_only_on_eks() {
        let extended = Some(date(2027, 12, 2));
        let standard = date(2026, 12, 2);
        assert_eq!(kubernetes_support(Provider::Aws, 34), Support::Until { standard, extended });
        let until = Support::Until { standard: date(2026, 10, 1), extended: None };
        assert_eq!(kubernetes_support(Provider::Gcp, 34), until);
    }

    #[test]
    fn older_and_newer_versions_are_told_apart() {
        for provider in Provider::ALL {
            assert_eq!(kubernetes_support(provider, 20), Support::Past);
            assert_eq!(kubernetes_support(provider, 99), Support::Unknown);
        }
    }
}
