//! Chart versions: those that the values are made for.

use super::Subject;
use super::table::overrides::{CHART_NEWER, CHART_VERSION};
use crate::config::problem::Problem;
use crate::config::provider::Charts;

/// Charts that are used have the version that frazil's values are made for.
pub(super) fn versions(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.is_local() {
        return Vec::new();
    }
    let (hub, made_for) = (subject.hub, Charts::default());
    let charts = [
        ("jupyterhub", hub.hub, &hub.charts.jupyterhub, made_for.jupyterhub),
        ("dask-gateway", hub.gateway.enabled, &hub.charts.dask_gateway, made_for.dask_gateway),
    ];
    let used = charts.into_iter().filter(|(_, used, _, _)| *used);
    used.filter_map(|(chart, _, version, made_for)| other(subject, chart, version, &made_for)).collect()
}

fn other(subject: &Subject<'_>, chart: &str, version: &str, made_for: &str) -> Option<Problem> {
    let (written, pinned) = (order(version)?, order(made_for)?);
    let path = format!("charts.{chart}");
    if written < pinned {
        let message = format!("the chart {chart} {version} is older than {made_for} and refuses its values");
        let problem = subject.value(&CHART_VERSION, &path, message).label("too old");
        return Some(problem.help(format!("leave it out for {made_for}")));
    }
    (written > pinned).then(|| {
        let message = format!(
            "frazil's values are made for the chart {chart} {made_for}: overrides for {version} are not checked"
        );
        let help = format!("leave it out for {made_for}, or silence the rule once this version runs");
        subject.value(&CHART_NEWER, &path, message).label("not tried").help(help)
    })
}

/// A version by which others come before or after it; one with a suffix, such as `4.4.0-0.dev`, before the one
/// without.
fn order(version: &str) -> Option<(Vec<u64>, bool)> {
    let version = version.split('+').next()?;
    let (numbers, last) = version.split_once('-').map_or((version, true), |(numbers, _)| (numbers, false));
    let numbers: Option<_> = numbers.split('.').map(|number| number.parse().ok()).collect();
    numbers.map(|numbers| (numbers, last))
}
