//! What must hold between the values of a hub file, beyond each one's type.

mod bills;
mod bounds;
mod charts;
mod core;
mod costs;
mod gateways;
mod github;
mod images;
mod kubernetes;
mod login;
mod machines;
mod names;
mod neighbours;
mod network;
mod overrides;
mod placement;
mod plans;
mod pools;
mod profiles;
mod provider;
mod reach;
mod secrets;
mod subject;
mod table;
mod terraform;
mod zones;

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::lower::{Lowered, MOST_GUESSES, clip};
use super::model::HubFile;
use super::problem::Problem;
use crate::nearest::nearest;

pub(crate) use self::kubernetes::chart_too_new;
pub(super) use self::neighbours::{Neighbour, Neighbours};
use self::subject::{Subject, trusted};
pub use self::table::{Rule, rule, rules, themes};

/// The rule whose problems stand at secrets.
pub(super) const SECRET_IN_CLEAR: &str = table::overrides::SECRET_IN_CLEAR.name;

type Check = fn(&Subject<'_>) -> Vec<Problem>;

const CHECKS: [Check; 64] = [
    names::sizes_are_unique,
    names::one_default_size,
    names::groups_exist,
    names::some_size_is_open,
    names::derived_names_fit,
    names::buckets_are_named,
    names::the_domain_is_a_name,
    github::names,
    github::each_once,
    github::groups_can_come,
    login::fits_provider,
    login::somebody_can_log_in,
    login::somebody_administers,
    login::not_everyone,
    login::institutions_only,
    login::has_a_domain,
    provider::keys_have_an_effect,
    provider::of_this_hub,
    provider::local_has_a_hub,
    provider::something_runs,
    provider::known_region,
    provider::known_machines,
    pools::one_way_to_choose,
    pools::not_on_spot,
    machines::can_be_chosen,
    machines::sizes_fit,
    machines::workers_fit,
    machines::right_kind,
    core::holds_its_pods,
    zones::of_the_region,
    zones::enough,
    zones::of_pools,
    zones::disks,
    reach::zone_holds_domain,
    reach::administrators_are_the_clouds,
    network::no_overlap,
    network::not_dockers,
    network::of_a_size_that_aws_takes,
    network::large_enough,
    plans::event_days,
    plans::event_not_over,
    plans::some_budget,
    plans::everyone_has_a_seat,
    bills::can_be_read,
    costs::budget_above_base,
    costs::data_is_near,
    kubernetes::version,
    bounds::memory_to_start_in,
    bounds::room_at_home,
    bounds::backups_are_possible,
    bounds::a_cluster_fits_its_limit,
    gateways::further,
    gateways::own,
    neighbours::can_be_used,
    images::are_found,
    charts::versions,
    secrets::by_reference,
    overrides::chart_keys,
    overrides::replaced,
    terraform::variables_exist,
    terraform::agreed_values,
    placement::pods_find_nodes,
    profiles::names,
    profiles::settings,
];

/// Applies all rules. Problems about a value that stands in for a wrong one are left out.
pub(super) fn check(hub: &HubFile, lowered: &Lowered, today: Date, neighbours: &Neighbours) -> Vec<Problem> {
    let subject = Subject::new(hub, lowered, today, neighbours);
    let found = CHECKS.iter().flat_map(|check| check(&subject));
    let mut problems: Vec<_> = found.filter(|problem| trusted(lowered, &problem.path)).collect();
    let silent = silenced(hub);
    problems.retain(|problem| !silent.contains(problem.rule));
    problems.extend(silences(&subject));
    problems
}

/// The rules that the file silences and that can be.
fn silenced(hub: &HubFile) -> BTreeSet<&'static str> {
    let named = hub.silence.iter().filter_map(|silence| rule(&silence.rule));
    named.filter(|rule| rule.silenceable).map(|rule| rule.name).collect()
}

fn silences(subject: &Subject<'_>) -> Vec<Problem> {
    let known: Vec<_> = rules().filter(|rule| rule.silenceable).map(|rule| rule.name).collect();
    let silences = subject.hub.silence.iter().enumerate();
    silences
        .filter(|(_, silence)| !known.contains(&silence.rule.as_str()))
        .map(|(index, silence)| {
            let path = format!("silence[{index}].rule");
            let written = clip(&silence.rule);
            let (message, label, help) = if let Some(rule) = rule(&silence.rule) {
                let message = format!("the rule `{written}` cannot be silenced");
                (message, "not to be silenced", rule.action.to_owned())
            } else {
                let known = if index < MOST_GUESSES { known.as_slice() } else { &[] };
                (format!("there is no rule `{written}`"), "unknown rule", likely(&written, known))
            };
            subject.value(&table::reading::UNKNOWN_RULE, &path, message).label(label).help(help)
        })
        .collect()
}

fn likely(written: &str, known: &[&str]) -> String {
    nearest(written, known).map_or_else(
        || "`frazil explain rules` lists them all".to_owned(),
        |name| format!("did you mean `{name}`?"),
    )
}
