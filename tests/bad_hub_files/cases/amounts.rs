//! Amounts and their units.

use super::{Case, line};

pub(crate) const CASES: &[Case] = &[
    line("no unit", "sizes: [{ name: a, memory: 8 }]", (3, 28), "unit", "memory: 8 GiB"),
    line("a Kubernetes unit", "sizes: [{ name: a, memory: 8Gi }]", (3, 28), "unit", "memory: 8 GiB"),
    line(
        "a unit of time for memory",
        "sizes: [{ name: a, memory: 8 min }]",
        (3, 28),
        "unit",
        "memory: 8 MiB",
    ),
    line("negative memory", "sizes: [{ name: a, memory: -8 GiB }]", (3, 28), "unit", "not negative"),
    line("absurd memory", "sizes: [{ name: a, memory: 99999999999 PiB }]", (3, 28), "unit", "below 16 EiB"),
    line("no memory at all", "sizes: [{ name: a, memory: 0 GiB }]", (3, 28), "no-memory", "at least"),
    line("minutes as m", "gateway: { idle_timeout: 30m }", (3, 26), "unit", "idle_timeout: 30 min"),
    line("money without currency", "budget: { total: 1000 }", (3, 18), "unit", "total: 1000 USD"),
    line("money in dollars", "budget: { total: $1000 }", (3, 18), "unit", "total: 1000 USD"),
    line(
        "a rate",
        "event: { from: 2026-03-21, to: 2026-03-22, attendees: 2, login_burst: 80 per hour }",
        (3, 71),
        "unit",
        "80 in 15 min",
    ),
    line("negative money", "budget: { total: -1000 USD }", (3, 18), "unit", "not negative"),
    line("no money", "budget: { total: 0 USD }", (3, 18), "no-budget", "leave `budget` out"),
    line(
        "a rate of nobody",
        "event: { from: 2026-03-21, to: 2026-03-22, attendees: 2, login_burst: 0 in 5 min }",
        (3, 71),
        "unit",
        "80 in 15 min",
    ),
    line(
        "a home of nothing",
        "storage: { homes: { quota: 0 B } }",
        (3, 28),
        "quota-too-small",
        "quota: 20 GiB",
    ),
    line(
        "too few cores for a cluster",
        "gateway: { per_user: { cores: 0.1, memory: 8 GiB } }",
        (3, 31),
        "limit-too-small",
        "at least `cores: 2`",
    ),
    line(
        "too little memory for a cluster",
        "gateway: { per_user: { cores: 8, memory: 1 B } }",
        (3, 42),
        "limit-too-small",
        "at least `memory: 5 GiB`",
    ),
    line("a tab before the unit", "sizes: [{ name: a, memory: \"8\\tGiB\" }]", (3, 28), "unit", "8 GiB"),
    line("a unit of one", "gateway: { idle_timeout: 1 wek }", (3, 26), "unit", "idle_timeout: 1 week`"),
];
