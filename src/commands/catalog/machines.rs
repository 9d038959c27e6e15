//! `frazil catalog machines`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{matches, open};
use crate::catalog::{
    Allocatable, AllocatableBasis, Arch, Basis, Cpu, Gap, Gpu, Machine, Market, Offer, Price, Region,
    arch_name,
};
use crate::cli::catalog::MachinesArgs;
use crate::error::Result;
use crate::view::{Align, Layout, Report, Table};

/// Machines of a region, cheapest first.
pub(super) struct Machines {
    region: Arc<Region>,
    rows: Vec<Row>,
    matching: usize,
}

/// A machine and what stands for a missing price.
struct Row {
    offer: Arc<Offer>,
    gap: Option<Box<Gap>>,
}

impl Machines {
    /// The machines that the arguments ask for.
    pub(super) fn find(args: &MachinesArgs) -> Result<Self> {
        let region = open(&args.place)?;
        let mut offers: Vec<_> =
            region.offers().iter().filter(|offer| wanted(&offer.machine, args)).collect();
        offers.sort_by_key(|offer| {
            (offer.on_demand.is_none(), offer.on_demand.as_ref().map(|price| price.usd))
        });
        let matching = offers.len();
        if args.limit > 0 {
            offers.truncate(args.limit);
        }
        let row = |offer: &Arc<Offer>| Row {
            offer: Arc::clone(offer),
            gap: region.price(offer, Market::OnDemand).err(),
        };
        let rows = offers.into_iter().map(row).collect();
        Ok(Self { region, rows, matching })
    }

    /// What was looked at, and how old it is.
    fn heading(&self) -> String {
        let region = format!("{}/{}", self.region.provider(), self.region.name());
        let shown = format!("{} of {} machines shown", self.rows.len(), self.matching);
        match self.region.machine_price_dates() {
            Some((oldest, newest)) => format!("{region}: prices of {oldest} to {newest}; {shown}"),
            None => format!("{region}: no machine prices in the catalog; {shown}"),
        }
    }

    /// What the reader must know to read the prices.
    fn notes(&self) -> String {
        let any = |test: &dyn Fn(&Row) -> bool| self.rows.iter().any(test);
        let derived =
            any(&|row| row.offer.on_demand.as_ref().is_some_and(|price| price.basis == Basis::Derived));
        let notes = [
            (
                any(&|row| row.estimate().is_some()),
                "~ estimated, not listed: `-o wide` says how; not known to be sold there\n",
            ),
            (derived, "= the price of us-east-1: all prices that lists have of both are equal\n"),
            (any(&|row| row.offer.spot.is_none()), "- not in the catalog; it has no spot prices of AWS\n"),
        ];
        notes.iter().filter(|(applies, _)| *applies).map(|(_, note)| *note).collect()
    }

    fn narrow(&self) -> Table {
        let mut table = Table::new([
            ("machine", Align::Left),
            ("vCPU", Align::Right),
            ("memory GiB", Align::Right),
            ("for pods GiB", Align::Right),
            ("GPU", Align::Left),
            ("arch", Align::Left),
            ("USD/h", Align::Right),
            ("spot USD/h", Align::Right),
        ]);
        for row in &self.rows {
            table.row(row.cells(usd));
        }
        table
    }

    /// All columns; `price` writes a price.
    fn wide(&self, price: fn(&Price) -> String) -> Table {
        let mut table = Table::new([
            ("machine", Align::Left),
            ("vCPU", Align::Right),
            ("memory GiB", Align::Right),
            ("for pods GiB", Align::Right),
            ("GPU", Align::Left),
            ("arch", Align::Left),
            ("USD/h", Align::Right),
            ("spot USD/h", Align::Right),
            ("for pods vCPU", Align::Right),
            ("basis", Align::Left),
            ("max pods", Align::Right),
            ("network Gbit/s", Align::Right),
            ("local SSD GB", Align::Right),
            ("kind", Align::Left),
            ("date", Align::Left),
            ("source", Align::Left),
        ]);
        for row in &self.rows {
            table.row(row.cells(price).into_iter().chain(row.more_cells()));
        }
        table
    }
}

fn wanted(machine: &Machine, args: &MachinesArgs) -> bool {
    args.min_memory.is_none_or(|least| machine.memory >= least)
        && args.min_cpu.is_none_or(|least| machine.cpu >= Cpu::cores(least))
        && args.gpu.is_none_or(|least| machine.nvidia_gpus() >= least)
        && args.arch.is_none_or(|arch| machine.arch == Some(Arch::from(arch)))
        && args.name.as_ref().is_none_or(|pattern| matches(pattern, &machine.name))
}

impl Row {
    fn estimate(&self) -> Option<&Price> {
        self.gap.as_ref().and_then(|gap| gap.stand_in.as_ref())
    }

    fn cells(&self, usd: fn(&Price) -> String) -> Vec<String> {
        let machine = &self.offer.machine;
        let price = self.offer.on_demand.as_ref().or(self.estimate());
        vec![
            machine.name.clone(),
            machine.cpu.to_string(),
            gib(machine.memory.as_gib()),
            dash(machine.allocatable.map(|own| gib(own.memory.as_gib()))),
            dash(machine.gpu.as_ref().map(gpu)),
            dash(machine.arch.map(|arch| arch_name(arch).to_owned())),
            dash(price.map(usd)),
            dash(self.offer.spot.as_ref().map(usd)),
        ]
    }

    fn more_cells(&self) -> Vec<String> {
        let machine = &self.offer.machine;
        let network = machine.network.as_ref();
        let source = self.offer.on_demand.as_ref().or(self.estimate()).map(|price| price.source);
        vec![
            dash(machine.allocatable.map(|own| own.cpu.to_string())),
            dash(machine.allocatable.map(|own| basis(own).to_owned())),
            dash(machine.max_pods.map(|pods| pods.to_string())),
            dash(network.map(|own| format!("{} to {}", own.baseline_gbps, own.peak_gbps))),
            dash(machine.local_ssd.map(|own| (own.get() / 1_000_000_000).to_string())),
            dash(Some(kind(machine)).filter(|kind| !kind.is_empty())),
            dash(source.map(|own| own.date.to_owned())),
            self.origin(),
        ]
    }

    /// The source of the price, or the rule of its estimate.
    fn origin(&self) -> String {
        match (&self.offer.on_demand, self.estimate().map(|price| &price.basis)) {
            (Some(price), _) => price.source.name.to_owned(),
            (None, Some(Basis::Estimated(rule))) => rule.clone(),
            _ => "-".to_owned(),
        }
    }

    fn json(&self) -> Value {
        let machine = &self.offer.machine;
        json!({
            "machine": machine.name,
            "vcpu": machine.cpu.as_cores(),
            "memory_bytes": machine.memory.get(),
            "allocatable": machine.allocatable.map(allocatable_json),
            "gpu": machine.gpu.as_ref().map(gpu_json),
            "arch": machine.arch.map(arch_name),
            "max_pods": machine.max_pods,
            "network_baseline_gbps": machine.network.as_ref().map(|own| own.baseline_gbps),
            "network_peak_gbps": machine.network.as_ref().map(|own| own.peak_gbps),
            "local_ssd_bytes": machine.local_ssd.map(frazil_units::Bytes::get),
            "burstable": machine.burstable,
            "bare_metal": machine.bare_metal,
            "current_generation": machine.current,
            "facts_source": machine.source.to_string(),
            "on_demand": self.offer.on_demand.as_ref().map(price_json),
            "spot": self.offer.spot.as_ref().map(price_json),
            "estimate": self.estimate().map(price_json),
            "gap": self.gap.as_ref().map(ToString::to_string),
        })
    }
}

fn dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

fn gib(gib: f64) -> String {
    format!("{gib:.1}")
}

/// Four decimals, as price lists have; marked when a list does not say so.
fn usd(price: &Price) -> String {
    let mark = match price.basis {
        Basis::Listed => "",
        Basis::Derived => "=",
        Basis::Estimated(_) => "~",
    };
    format!("{mark}{}", price.usd.rounded(4))
}

/// All decimals and no mark, for programs; the source column has the rule of an estimate.
fn plain(price: &Price) -> String {
    price.usd.to_string()
}

fn gpu(gpu: &Gpu) -> String {
    format!("{} {}", gpu.count, gpu.name.as_deref().unwrap_or("of unknown kind"))
}

const fn basis(allocatable: Allocatable) -> &'static str {
    match allocatable.basis {
        AllocatableBasis::Measured(_) => "measured",
        AllocatableBasis::Computed(_) => "computed",
    }
}

fn kind(machine: &Machine) -> String {
    let kinds = [
        (machine.burstable, "burstable"),
        (machine.bare_metal, "bare metal"),
        (!machine.current, "old generation"),
    ];
    kinds.into_iter().filter(|(applies, _)| *applies).map(|(_, kind)| kind).collect::<Vec<_>>().join(", ")
}

fn allocatable_json(own: Allocatable) -> Value {
    let how = match own.basis {
        AllocatableBasis::Measured(source) => source.to_string(),
        AllocatableBasis::Computed(rule) => rule.to_owned(),
    };
    json!({
        "cpu_millicores": own.cpu.get(),
        "memory_bytes": own.memory.get(),
        "capacity_bytes": own.capacity.get(),
        "basis": basis(own),
        "how": how,
    })
}

fn gpu_json(gpu: &Gpu) -> Value {
    json!({ "count": gpu.count, "name": gpu.name, "memory_bytes": gpu.memory.map(frazil_units::Bytes::get) })
}

fn price_json(price: &Price) -> Value {
    let (basis, rule) = match &price.basis {
        Basis::Listed => ("listed", None),
        Basis::Derived => ("derived", None),
        Basis::Estimated(rule) => ("estimated", Some(rule)),
    };
    json!({
        "usd_per_hour": price.usd.as_f64(),
        "basis": basis,
        "rule": rule,
        "date": price.source.date,
        "source": price.source.name,
    })
}

impl Report for Machines {
    fn schema(&self) -> &'static str {
        "frazil.catalog.machines/v1"
    }

    fn data(&self) -> Value {
        let dates = self.region.machine_price_dates();
        json!({
            "provider": self.region.provider().name(),
            "region": self.region.name(),
            "oldest_price": dates.map(|(oldest, _)| oldest),
            "newest_price": dates.map(|(_, newest)| newest),
            "matching": self.matching,
            "machines": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        })
    }

    fn text(&self, layout: Layout) -> String {
        let table = if layout.wide { self.wide(usd) } else { self.narrow() };
        format!("{}\n\n{}\n{}", self.heading(), table.render(None), self.notes())
    }

    fn table(&self) -> Option<Table> {
        Some(self.wide(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::catalog::Place;

    fn find(region: &str, name: &str) -> Machines {
        let place = Place { region: Some(region.to_owned()), provider: None };
        let args = MachinesArgs {
            place,
            min_memory: None,
            min_cpu: None,
            gpu: None,
            arch: None,
            name: Some(name.to_owned()),
            limit: 2,
        };
        Machines::find(&args).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_first_line_says_region_and_dates_and_rows_are_cheapest_first() {
        let text = find("us-central1", "n2-highmem-*").text(Layout::default());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "gcp/us-central1: prices of 2026-07-30 to 2026-08-03; 2 of 10 machines shown");
        assert_eq!(lines[2], "MACHINE       VCPU  MEMORY GIB  FOR PODS GIB  GPU  ARCH    USD/H  SPOT USD/H");
        assert!(
            lines[3].starts_with("n2-highmem-2     2        16.0          13.0  -    amd64  0.1310"),
            "{}",
            lines[3]
        );
        assert!(
            lines[4].starts_with("n2-highmem-4     4        32.0          27.7  -    amd64  0.2620"),
            "{}",
            lines[4]
        );
    }

    #[test]
    fn estimates_and_taken_over_prices_are_marked_and_the_marks_explained() {
        let estimated = find("eu-central-1", "r7i.xlarge").text(Layout::WIDE);
        assert!(
            estimated.contains("~0.3179") && estimated.contains("\n~ estimated, not listed"),
            "{estimated}"
        );
        let derived = find("us-west-2", "r7i.xlarge").text(Layout::default());
        assert!(derived.contains("=0.2646") && derived.contains("\n= the price of us-east-1"), "{derived}");
        let listed = find("us-central1", "n2-highmem-4").text(Layout::default());
        assert!(
            !listed.contains('~') && !listed.contains('=') && !listed.contains("not in the catalog"),
            "{listed}"
        );
    }

    #[test]
    fn csv_has_numbers_without_marks() {
        let csv = find("us-west-2", "r7i.xlarge").table().unwrap().csv();
        assert!(csv.contains(",0.2646,-,"), "{csv}");
    }

    #[test]
    fn json_has_units_in_its_keys_and_names_gaps() {
        let data = find("eu-central-1", "r7i.xlarge").data();
        let machine = &data["machines"][0];
        assert_eq!(machine["memory_bytes"], 34_359_738_368_u64);
        assert_eq!(machine["on_demand"], Value::Null);
        assert_eq!(machine["estimate"]["basis"], "estimated");
        assert!(
            machine["gap"].as_str().is_some_and(|gap| gap.starts_with("no on-demand price of r7i.xlarge")),
            "{machine}"
        );
        let listed = find("us-west-2", "r5.xlarge").data();
        assert_eq!(listed["machines"][0]["on_demand"]["usd_per_hour"], 0.252);
    }

    #[test]
    fn filters_bound_what_is_shown() {
        let place = Place { region: Some("us-west-2".to_owned()), provider: None };
        let args = MachinesArgs {
            place,
            min_memory: Some("32 GiB".parse().unwrap()),
            min_cpu: Some(8),
            gpu: Some(1),
            arch: Some(crate::cli::catalog::ArchName::Amd64),
            name: None,
            limit: 0,
        };
        let found = Machines::find(&args).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (found.rows.len(), found.rows[0].offer.machine.name.as_str()),
            (found.matching, "g4dn.2xlarge")
        );
        assert!(
            found
                .rows
                .iter()
                .all(|row| row.offer.machine.nvidia_gpus() >= 1
                    && row.offer.machine.memory.get() >= 32 << 30)
        );
    }
}
