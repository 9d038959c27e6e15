//! Numbers that leave room for what has to fit.

use frazil_units::Bytes;

use super::Subject;
use super::table::reading::{BACKUP_FILESTORE, LIMIT_TOO_SMALL, NO_MEMORY, QUOTA_TOO_SMALL};
use crate::config::model::{Backup, Gateway};
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// The limit of a person holds a scheduler and one worker: less would start no cluster at all.
pub(super) fn a_cluster_fits_its_limit(subject: &Subject<'_>) -> Vec<Problem> {
    let gateway = &subject.hub.gateway;
    let Some(limit) = gateway.per_user.as_ref().filter(|_| gateway.enabled) else {
        return Vec::new();
    };
    let cores = Gateway::SCHEDULER_CORES + gateway.workers.cores;
    let memory = Bytes::new(Gateway::SCHEDULER_MEMORY.get().saturating_add(gateway.workers.memory.get()));
    let checks = [
        ("cores", limit.cores < cores, format!("{cores}")),
        ("memory", limit.memory < memory, memory.to_string()),
    ];
    let short = checks
        .into_iter()
        .filter(|(key, short, _)| *short && subject.trusts(&format!("gateway.workers.{key}")));
    short
        .map(|(key, _, least)| {
            let message = "no Dask cluster fits what one person may use";
            subject
                .value(&LIMIT_TOO_SMALL, &format!("gateway.per_user.{key}"), message)
                .label("less than a scheduler and one worker")
                .help(format!("write at least `{key}: {least}`, or make the workers smaller"))
        })
        .collect()
}

/// Less than this no home directory is made with.
const LEAST_QUOTA: Bytes = Bytes::mib(1);
/// Less memory than this no server starts in.
const LEAST_MEMORY: Bytes = Bytes::mib(128);

/// A home directory holds something.
pub(super) fn room_at_home(subject: &Subject<'_>) -> Vec<Problem> {
    let quota = subject.hub.storage.homes.quota.filter(|quota| *quota < LEAST_QUOTA);
    let problem = quota.map(|quota| {
        subject
            .value(&QUOTA_TOO_SMALL, "storage.homes.quota", format!("nobody can work in a home of {quota}"))
            .label("too little")
            .help("write for example `quota: 20 GiB`, or leave it out for no limit")
    });
    problem.into_iter().collect()
}

/// Homes are backed up where the cloud can do it on a schedule.
pub(super) fn backups_are_possible(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    let homes = &hub.storage.homes;
    let on_filestore = hub.hub && matches!(hub.provider, Provider::Gcp(_)) && homes.quota.is_none();
    // A quota that cannot be read is one all the same.
    if !on_filestore || homes.backup == Backup::None || !subject.trusts("storage.homes") {
        return Vec::new();
    }
    let message = "Google Cloud has no schedule for backups of Filestore, where homes without a quota are";
    let problem = subject.value(&BACKUP_FILESTORE, "storage.homes.backup", message);
    vec![problem.label("cannot be kept").help("write for example `quota: 20 GiB` beside it, or leave it out")]
}

/// Servers and workers have memory to start in.
pub(super) fn memory_to_start_in(subject: &Subject<'_>) -> Vec<Problem> {
    let of_sizes = subject
        .hub
        .sizes
        .iter()
        .enumerate()
        .map(|(index, size)| (format!("sizes[{index}].memory"), size.memory));
    let of_workers = ("gateway.workers.memory".to_owned(), subject.hub.gateway.workers.memory);
    of_sizes
        .chain([of_workers])
        .filter(|(_, memory)| *memory < LEAST_MEMORY)
        .map(|(path, memory)| {
            subject
                .value(&NO_MEMORY, &path, format!("nothing starts in {memory} of memory"))
                .label("too little")
                .help(format!("give it at least {LEAST_MEMORY}; a notebook wants 1 GiB"))
        })
        .collect()
}
