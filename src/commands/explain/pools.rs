//! Why the pools have the machines they have, in words.

use frazil_units::Bytes;
use serde_json::{Value, json};

use crate::catalog::{CatalogError, Fit, Market, Offer};
use crate::config::HubDocument;
use crate::render::pools::{Origin, PoolMachines, pool_machines};

/// The machines of a hub's pools, and why.
pub(super) struct Pools(Vec<PoolMachines>);

impl Pools {
    /// Chooses the machines of a hub's pools; `None` where the provider has none to choose.
    ///
    /// # Errors
    /// When the catalog does not know the region or a machine.
    pub(super) fn of(document: &HubDocument) -> Result<Option<Self>, CatalogError> {
        let pools = pool_machines(&document.hub)?;
        Ok((!pools.is_empty()).then_some(Self(pools)))
    }

    /// All of it as text.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(pool_text).collect::<Vec<_>>().join("\n")
    }

    /// All of it as data.
    pub(super) fn data(&self) -> Value {
        let pools = self.0.iter().map(|pool| {
            let machines: Vec<_> = match &pool.origin {
                Origin::File(offers) => {
                    offers.iter().map(|offer| json!({ "machine": offer.machine.name })).collect()
                }
                origin => origin.fits().iter().map(|fit| fit_data(fit)).collect(),
            };
            json!({ "pool": pool.pool, "machines": machines, "why": reasons(&pool.origin) })
        });
        Value::Array(pools.collect())
    }
}

fn fit_data(fit: &Fit) -> Value {
    let seats: serde_json::Map<_, _> =
        fit.seats.iter().map(|(size, seats)| (size.clone(), json!(seats))).collect();
    json!({
        "machine": fit.offer.machine.name,
        "market": fit.market.to_string(),
        "usd_per_hour": fit.price.usd.as_f64(),
        "price_date": fit.price.source.date,
        "seats": seats,
    })
}

fn pool_text(pool: &PoolMachines) -> String {
    let mut text = format!("{}\n", pool.pool);
    match &pool.origin {
        Origin::File(offers) => {
            for offer in offers {
                text += &format!("  {}, named in the file\n", machine(offer));
            }
        }
        origin => {
            for fit in origin.fits() {
                text += &format!("  {}; {}\n", machine(&fit.offer), price(fit));
            }
        }
    }
    for reason in reasons(&pool.origin) {
        text += &format!("    {reason}\n");
    }
    text
}

/// Name, cores, memory, and what pods may use of it.
fn machine(offer: &Offer) -> String {
    let machine = &offer.machine;
    let pods = machine.allocatable.as_ref().map_or_else(String::new, |allocatable| {
        format!(" ({} and {} for pods)", allocatable.cpu, gib(allocatable.memory))
    });
    format!("{}: {} cores, {}{pods}", machine.name, machine.cpu, gib(machine.memory))
}

fn gib(bytes: Bytes) -> String {
    format!("{:.1} GiB", bytes.as_gib())
}

fn price(fit: &Fit) -> String {
    let market = if fit.market == Market::Spot { " spot" } else { "" };
    format!("{} USD an hour{market} (list of {})", fit.price.usd, fit.price.source.date)
}

fn seats(fit: &Fit) -> String {
    let seats: Vec<_> = fit.seats.iter().map(|(size, count)| format!("{count} of `{size}`")).collect();
    seats.join(", or ")
}

/// Why these machines and no others: a line each.
fn reasons(origin: &Origin) -> Vec<String> {
    match origin {
        Origin::File(_) => Vec::new(),
        Origin::Nothing(nothing) => vec![nothing.to_string()],
        Origin::Cheapest(choice) => {
            let mut lines = vec![format!("an empty node holds {}", seats(&choice.best))];
            lines.extend(
                choice.lost.iter().map(|lost| format!("not {}: {}", lost.fit.offer.machine.name, lost.why)),
            );
            lines.extend(choice.gap.as_ref().map(ToString::to_string));
            lines
        }
        Origin::Workers(choice) => {
            let mut lines: Vec<_> = choice
                .machines
                .iter()
                .map(|fit| format!("an empty {} holds {}", fit.offer.machine.name, seats(fit)))
                .collect();
            lines.push("several types of one shape, so that spot capacity of one may run out".to_owned());
            lines.extend(choice.gaps.first().map(|gap| format!("{gap}: compared by the on-demand price")));
            lines
        }
    }
}
