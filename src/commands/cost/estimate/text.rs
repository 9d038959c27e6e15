//! An estimate for people: the event first, then the base, hours and transfer.

use std::collections::BTreeMap;

use frazil_units::Amount;

use super::wide;
use crate::catalog::Market;
use crate::estimate::{
    Against, Case, Change, Component, Estimate, Kept, Key, Line, Model, PoolHour, Quantity, Range, Row, Site,
    SizeHour, Spread, hours_of, month,
};
use crate::view::{Align, Layout, Table, wrapped};

/// Rows that are named as costing most.
const MOST: usize = 3;

/// All of an estimate.
pub(super) fn estimate(estimate: &Estimate, layout: Layout) -> String {
    let mut parts = vec![format!("{}: {}", estimate.hub, heading(estimate))];
    parts.extend(event(estimate, layout));
    if !estimate.sites.is_empty() {
        parts.push(base(estimate));
        parts.push(hours(estimate));
        parts.push(transfer(estimate));
        parts.push(machines(estimate));
    }
    if layout.wide {
        parts.extend(wide::lines(estimate));
    }
    parts.extend(assumed(estimate, layout));
    parts.extend(notes(estimate).into_iter().map(|note| wrapped(&note, layout.width)));
    parts.join("\n\n")
}

fn heading(estimate: &Estimate) -> String {
    let mut dates: Vec<_> =
        estimate.sites.iter().flat_map(wide::prices).map(|price| price.source.date).collect();
    dates.sort_unstable();
    match (dates.first(), dates.last()) {
        (Some(oldest), Some(newest)) => {
            format!("US dollars at list prices of {oldest} to {newest}, before tax, discounts and credits")
        }
        _ => "nothing to price".to_owned(),
    }
}

/// A table whose first column is words, and two columns for each site.
fn pairs(first: &str, second: &str, sites: &[Site]) -> Table {
    let mut columns = vec![(first.to_owned(), Align::Left)];
    for site in sites {
        columns.push((site.name(), Align::Right));
        columns.push((second.to_owned(), Align::Right));
    }
    Table::with_columns(columns)
}

fn singles(first: &str, sites: &[Site]) -> Table {
    let own = sites.iter().map(|site| (site.name(), Align::Right));
    Table::with_columns(std::iter::once((first.to_owned(), Align::Left)).chain(own))
}

// The event.

fn event(estimate: &Estimate, layout: Layout) -> Vec<String> {
    let Some(people) = estimate.people else { return month_of(estimate, layout) };
    let models: Vec<_> = estimate.sites.iter().filter_map(|site| site.event.as_ref()).collect();
    if models.is_empty() {
        return Vec::new();
    }
    let first = format!("{} people, {} days", people.attendees, people.days);
    let mut table = pairs(&first, "cheap to dear", &estimate.sites);
    let sums: Vec<_> = models.iter().map(|model| by_row(model)).collect();
    let mut rows: Vec<Row> = sums.iter().flat_map(|sums| sums.keys().copied()).collect();
    rows.sort_unstable();
    rows.dedup();
    let totals: Vec<_> = models.iter().map(|model| total(model)).collect();
    let cents = if totals.iter().all(|total| total.likely < Amount::from_units(100)) { 2 } else { 0 };
    for row in rows {
        let cells =
            sums.iter().flat_map(|sums| range_cells(sums.get(&row).copied().unwrap_or_default(), cents));
        table.row(std::iter::once(row.words().to_owned()).chain(cells));
    }
    let all = totals.iter().flat_map(|total| range_cells(*total, cents));
    table.row(std::iter::once("together".to_owned()).chain(all));
    let each = |total: &Range| {
        range_cells(total.map(|usd| usd.ratio(1, people.attendees.into()).unwrap_or_default()), 2)
    };
    table.row(std::iter::once("for each person".to_owned()).chain(totals.iter().flat_map(each)));
    if let Some(budget) = estimate.budget {
        let cells = models.iter().flat_map(|model| budget_cells(&Against::of(model, budget)));
        table.row(std::iter::once(format!("of the budget of {}", budget.rounded(0))).chain(cells));
    }
    let mut parts = vec![table.render(None).trim_end().to_owned()];
    if let (Some(model), Some(sums), Some(site)) = (models.first(), sums.first(), estimate.sites.first()) {
        let text = format!("In {}: {}", site.name(), most(model, sums, estimate.budget));
        parts.push(wrapped(&text, layout.width));
    }
    parts
}

/// What a model costs by the rows that people read.
pub(super) fn by_row(model: &Model) -> BTreeMap<Row, Range> {
    let mut sums: BTreeMap<Row, Range> = BTreeMap::new();
    for item in model.items() {
        let sum = sums.entry(item.row).or_default();
        *sum = *sum + item.usd;
    }
    sums
}

pub(super) fn total(model: &Model) -> Range {
    Range::of(Case::ALL.map(|case| model.total(case)))
}

fn range_cells(range: Range, decimals: u32) -> [String; 2] {
    if range == Range::default() {
        return ["-".to_owned(), String::new()];
    }
    let shown = |usd: Amount| match usd.rounded(decimals) {
        nothing if decimals == 0 && nothing == "0" && usd > Amount::ZERO => "<1".to_owned(),
        some => some,
    };
    [shown(range.likely), format!("{} to {}", shown(range.low), shown(range.high))]
}

fn budget_cells(against: &Against) -> [String; 2] {
    let percent =
        |usd: Amount| against.percent(usd).map_or_else(String::new, |percent| format!("{percent} %"));
    [
        percent(against.total.likely),
        format!("{} to {}", percent(against.total.low), percent(against.total.high)),
    ]
}

/// Whole dollars, with cents where there are few.
fn dollars(usd: Amount) -> String {
    usd.rounded(if usd < Amount::from_units(10) { 2 } else { 0 })
}

/// What costs most, and how it stands to the budget, or else what would make it dearer.
fn most(model: &Model, sums: &BTreeMap<Row, Range>, budget: Option<Amount>) -> String {
    let mut rows: Vec<_> = sums.iter().filter(|(_, range)| range.likely > Amount::ZERO).collect();
    rows.sort_by_key(|(_, range)| std::cmp::Reverse(range.likely));
    let largest: Vec<_> = rows
        .iter()
        .take(MOST)
        .map(|(row, range)| format!("{} {}", row.words(), dollars(range.likely)))
        .collect();
    let text = format!("most of it is {}.", largest.join(", "));
    let dearer = model.changes(Case::High);
    let more = match budget {
        Some(budget) => verdict(&Against::of(model, budget), &dearer),
        None if dearer.is_empty() => String::new(),
        None => format!("One assumption alone would add most: {}.", changed(&dearer)),
    };
    format!("{text} {more}")
}

/// The largest changes: `around 55 days +313`.
fn changed(all: &[Change]) -> String {
    let one = |change: &Change| {
        let sign = if change.usd < Amount::ZERO { "-" } else { "+" };
        let usd = Amount::from_pico(change.usd.pico().abs());
        format!("{} {} {sign}{}", change.name, change.value, dollars(usd))
    };
    all.iter().take(MOST).map(one).collect::<Vec<_>>().join(", ")
}

fn verdict(against: &Against, dearer: &[Change]) -> String {
    let Range { likely, high, .. } = against.total;
    let short = |usd: Amount| dollars(usd - against.budget);
    match (against.fits(likely), against.by.is_empty()) {
        _ if against.fits(high) => "The budget covers even the dear end.".to_owned(),
        (true, true) => format!(
            "The budget covers the likely cost, and no assumption alone exceeds it; all together would by {}. Most add {}.",
            short(high),
            changed(dearer)
        ),
        (true, false) => {
            format!(
                "The budget covers the likely cost; one assumption alone would exceed it: {}.",
                changed(&against.by)
            )
        }
        (false, true) => format!(
            "The likely cost exceeds the budget by {}, whatever single assumption changes.",
            short(likely)
        ),
        (false, false) => {
            format!(
                "The likely cost exceeds the budget by {}; it would fit with {}.",
                short(likely),
                changed(&against.by)
            )
        }
    }
}

/// Without an event: what the budget of a month leaves for people.
fn month_of(estimate: &Estimate, layout: Layout) -> Vec<String> {
    let (Some(budget), Some(site)) = (estimate.budget, estimate.sites.first().filter(|_| estimate.own))
    else {
        return Vec::new();
    };
    let base = site.base(month(), true);
    if base > budget {
        let text = format!(
            "A month without anyone costs {}, more than the budget of {}.",
            dollars(base),
            dollars(budget)
        );
        return vec![wrapped(&text, layout.width)];
    }
    let left = budget - base;
    let mut text = format!(
        "Of the budget of {} a month, {} are spent without anyone; {} are left",
        dollars(budget),
        dollars(base),
        dollars(left)
    );
    if let Some(size) = site.sizes.iter().find(|size| size.default) {
        let hours = |usd| hours_of(left, usd).map_or_else(String::new, |hours| hours.to_string());
        text += &format!(
            ": {} hours of `{}` on full nodes, or {} hours of one person alone on a node",
            hours(size.shared.likely),
            size.size,
            hours(size.alone.likely)
        );
    }
    text += ". `--attendees 20 --days 21` estimates a month of work.";
    vec![wrapped(&text, layout.width)]
}

// The base.

fn base(estimate: &Estimate) -> String {
    let sites = &estimate.sites;
    let mut table = singles("the hub without anyone", sites);
    let row = |what: &str, of: &dyn Fn(&Site) -> String| {
        let mut cells = vec![what.to_owned()];
        cells.extend(sites.iter().map(of));
        cells
    };
    let mut components: Vec<_> = sites
        .iter()
        .flat_map(|site| site.base.iter().filter(|line| line.kept == Kept::Always))
        .map(|line| line.component)
        .collect();
    components.sort_unstable();
    components.dedup();
    for component in components {
        table.row(row(words(component), &|site| component_month(site, component)));
    }
    let sum = |hours: Quantity, decimals: u32| move |site: &Site| site.base(hours, false).rounded(decimals);
    table.row(row("a month together", &sum(month(), 2)));
    table.row(row("a day", &sum(Quantity::whole(24), 2)));
    table.row(row("an hour", &sum(Quantity::ONE, 4)));
    let warm = |site: &Site| site.base(Quantity::whole(24), true) - site.base(Quantity::whole(24), false);
    if sites.iter().any(|site| warm(site) > Amount::ZERO) {
        table.row(row("nodes kept warm, a day", &|site| warm(site).rounded(2)));
    }
    table.render(None).trim_end().to_owned()
}

fn component_month(site: &Site, component: Component) -> String {
    let lines: Vec<_> =
        site.base.iter().filter(|line| line.component == component && line.kept == Kept::Always).collect();
    if lines.is_empty() {
        return "-".to_owned();
    }
    let priced: Vec<_> = lines.iter().filter_map(|line| line.usd(month())).collect();
    let unknown = priced.len() < lines.len();
    let sum: Amount = priced.into_iter().sum();
    match (unknown, sum == Amount::ZERO) {
        (true, true) => "unknown".to_owned(),
        (true, false) => format!("over {}", sum.rounded(2)),
        (false, _) => sum.rounded(2),
    }
}

const fn words(component: Component) -> &'static str {
    match component {
        Component::ControlPlane => "control plane",
        Component::CoreNodes => "core nodes",
        Component::UserNodes => "people's nodes that always run",
        Component::GpuNodes => "GPU nodes that always run",
        Component::DaskNodes => "Dask nodes that always run",
        Component::NodeDisks => "nodes' disks",
        Component::Addresses => "public addresses",
        Component::Balancer => "balancer",
        Component::Nat => "NAT",
        Component::HomesDisk => "homes' disk",
        Component::HubDisks => "hub's disks",
        Component::SharedHomes => "homes, whatever they hold",
        Component::Backups => "backups",
        Component::Key => "encryption key",
        Component::Logs => "logs",
        Component::Buckets => "buckets",
        Component::Transfer => "transfer",
    }
}

// Hours.

fn hours(estimate: &Estimate) -> String {
    let sites = &estimate.sites;
    let mut table = pairs("an hour of", "alone on a node", sites);
    let names = estimate.sites.iter().flat_map(|site| &site.sizes);
    let mut seen: Vec<&str> = Vec::new();
    for size in names {
        if seen.contains(&size.size.as_str()) {
            continue;
        }
        seen.push(&size.size);
        let cells = sites.iter().flat_map(|site| size_cells(site, &size.size));
        table.row(std::iter::once(size_words(size)).chain(cells));
    }
    let worker = sites.iter().find_map(|site| site.dask.as_ref()).map(|(_, worker)| worker);
    if let Some(worker) = worker {
        let cores = Quantity::of(worker.millicores.into(), 1000);
        let many = if cores == Quantity::ONE { "" } else { "s" };
        let what = format!("Dask worker, {cores} core{many}, {}", worker.memory);
        let row = |what: String, of: &dyn Fn(&Site) -> Option<[String; 2]>| {
            let cells =
                sites.iter().flat_map(|site| of(site).unwrap_or_else(|| ["-".to_owned(), String::new()]));
            std::iter::once(what).chain(cells).collect::<Vec<_>>()
        };
        table.row(row(format!("{what}, spot"), &|site| {
            let worker = &site.dask.as_ref()?.1;
            Some([about(worker.spot?), String::new()])
        }));
        table.row(row("  on demand".to_owned(), &|site| {
            Some([small(site.dask.as_ref()?.1.on_demand?), String::new()])
        }));
        table.row(row("  a core of it, as the pool is bought".to_owned(), &|site| {
            let worker = &site.dask.as_ref()?.1;
            Some([about(worker.shared.map(|usd| worker.per_core(usd))), String::new()])
        }));
    }
    let home = |site: &Site| {
        let (on, priced) = site.homes.as_ref()?;
        Some([priced.usd().map_or_else(|| "unknown".to_owned(), small), format!("on {on}")])
    };
    if sites.iter().any(|site| site.homes.is_some()) {
        let cells = sites.iter().flat_map(|site| home(site).unwrap_or_default());
        table.row(std::iter::once("a month of a GiB of homes".to_owned()).chain(cells));
    }
    table.render(None).trim_end().to_owned()
}

fn size_words(size: &SizeHour) -> String {
    let gpu = match size.gpus {
        0 => String::new(),
        1 => ", a GPU".to_owned(),
        gpus => format!(", {gpus} GPUs"),
    };
    format!("{}, {}{gpu}", size.size, size.memory)
}

fn size_cells(site: &Site, name: &str) -> [String; 2] {
    let hour = site.sizes.iter().find(|hour| hour.size == name);
    hour.map_or_else(|| ["-".to_owned(), "-".to_owned()], |hour| [about(hour.shared), about(hour.alone)])
}

/// The likely amount, marked where it is not the same in all cases.
fn about(range: Range) -> String {
    let mark = if range.low == range.high { "" } else { "~" };
    format!("{mark}{}", small(range.likely))
}

/// Four decimals: hours of a seat cost cents.
fn small(usd: Amount) -> String {
    usd.rounded(4)
}

/// What a node of each pool holds.
fn machines(estimate: &Estimate) -> String {
    let of = |site: &Site| {
        let holds = |pool: &PoolHour| {
            let sizes = site.sizes.iter().filter(|size| size.purpose == pool.purpose);
            let seats: Vec<_> = sizes.map(|size| format!("{} `{}`", size.seats, size.size)).collect();
            format!("{}{} holds {}", pool.node.machine, market(pool), seats.join(" or "))
        };
        let mut parts: Vec<_> = site.pools.iter().map(holds).collect();
        if let Some((pool, worker)) = &site.dask {
            parts.push(format!("{}{} holds {} workers", worker.machine, market(pool), worker.workers));
        }
        format!("{}: {}.", site.name(), parts.join("; "))
    };
    estimate.sites.iter().map(of).collect::<Vec<_>>().join("\n")
}

fn market(pool: &PoolHour) -> &'static str {
    if pool.node.market == Market::Spot { " (spot)" } else { "" }
}

// Transfer.

fn transfer(estimate: &Estimate) -> String {
    let sites = &estimate.sites;
    let terabyte = Quantity::whole(1000);
    let mut table = singles("a TB of data", sites);
    let shown = |usd: Option<Amount>| usd.map_or_else(|| "unknown".to_owned(), |usd| usd.rounded(2));
    let mut places: Vec<&str> =
        sites.iter().flat_map(|site| &site.transfer.reading).map(|reading| reading.from.as_str()).collect();
    places.sort_unstable();
    places.dedup();
    for place in places {
        let cell = |site: &Site| {
            let reading = site.transfer.reading.iter().find(|reading| reading.from == place);
            reading.map_or_else(|| "-".to_owned(), |reading| shown(reading.usd(terabyte)))
        };
        table.row(std::iter::once(format!("read from {place}")).chain(sites.iter().map(cell)));
    }
    if sites.iter().any(|site| site.transfer.nat.is_some()) {
        let cells = sites.iter().map(|site| shown(site.transfer.through_nat(terabyte)));
        table.row(std::iter::once("through NAT, besides".to_owned()).chain(cells));
    }
    let paid = |site: &Site| shown(site.transfer.download(terabyte + site.transfer.free));
    let free = sites.iter().any(|site| site.transfer.free > Quantity::ZERO);
    let what = if free { "to the internet, after AWS's free 100 GB a month" } else { "to the internet" };
    table.row(std::iter::once(what.to_owned()).chain(sites.iter().map(paid)));
    table.render(None).trim_end().to_owned()
}

// What is assumed, and what is to be said.

fn spread(spread: Spread, unit: &str) -> String {
    let [low, likely, high] = spread;
    if low == high { format!("{likely} {unit}") } else { format!("{low}/{likely}/{high} {unit}") }
}

fn assumed(estimate: &Estimate, layout: Layout) -> Option<String> {
    estimate.people?;
    let assumed = &estimate.assumed;
    if layout.wide {
        let mut table = Table::new([
            ("assumption", Align::Left),
            ("cheap/likely/dear", Align::Right),
            ("what", Align::Left),
            ("from", Align::Left),
        ]);
        for key in Key::ALL {
            let facts = key.facts();
            table.row([
                facts.name.to_owned(),
                spread(assumed.spread(key), facts.unit),
                facts.what.to_owned(),
                facts.why.to_owned(),
            ]);
        }
        for share in assumed.shares() {
            let what = format!("people in `{}`; the rest takes the default size", share.size);
            table.row([
                format!("share.{}", share.size),
                spread(share.spread, "%"),
                what,
                "our guess".to_owned(),
            ]);
        }
        return Some(table.render(None).trim_end().to_owned());
    }
    let keys = Key::ALL.iter().map(|key| format!("{key} {}", spread(assumed.spread(*key), key.facts().unit)));
    let shares =
        assumed.shares().iter().map(|share| format!("share.{} {}", share.size, spread(share.spread, "%")));
    let all: Vec<_> = keys.chain(shares).collect();
    let text = format!(
        "Assumed, cheap/likely/dear: {}. Change one with `--assume NAME=VALUE`; `-o wide` says what each is and where it comes from.",
        all.join(", ")
    );
    Some(wrapped(&text, layout.width))
}

fn notes(estimate: &Estimate) -> Vec<String> {
    let mut notes = Vec::new();
    for site in &estimate.sites {
        let by_use: Vec<_> = site.base.iter().filter(|line| line.kept == Kept::ByUse).map(by_use).collect();
        if !by_use.is_empty() {
            notes.push(format!("{}, paid by use: {}.", site.name(), by_use.join(", ")));
        }
        let room = site.event.as_ref().and_then(Model::too_few_seats);
        notes.extend(room.map(|held| {
            format!("{}: the pool's most nodes hold {held} people at once; the others wait.", site.name())
        }));
        if !site.lost.is_empty() {
            notes.push(format!("{} is the same hub, but {}.", site.name(), site.lost.join("; ")));
        }
        notes.extend(missing(site));
    }
    notes.extend(estimate.notes.iter().cloned());
    if !estimate.sites.is_empty() {
        notes.push(
            "Not counted: requests to buckets and keys, the balancer's load, traffic between zones, the image's \
             place in the registry, what is in the scratch bucket."
                .to_owned(),
        );
    }
    notes
}

/// The prices that the catalog does not have: `-o wide` says what counts in their place.
fn missing(site: &Site) -> Option<String> {
    let gaps = site.gaps();
    let named = |stood_in: bool| {
        let names = gaps.iter().filter(|gap| gap.stood_in == stood_in).map(|gap| gap.what.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let (elsewhere, nowhere) = (named(true), named(false));
    let mut text = Vec::new();
    if !elsewhere.is_empty() {
        let reference = site.provider.reference_region();
        text.push(format!(
            "not listed, so that {reference}'s price counts or one computed from it: {elsewhere}"
        ));
    }
    if !nowhere.is_empty() {
        text.push(format!("not listed at all: {nowhere}"));
    }
    (!text.is_empty()).then(|| format!("{}, {}.", site.name(), text.join("; ")))
}

fn by_use(line: &Line) -> String {
    let price = line
        .priced
        .price
        .as_ref()
        .map_or_else(|| "price unknown".to_owned(), |price| format!("{} a {}", price.usd, price.unit));
    format!("{} {price}", line.what)
}
