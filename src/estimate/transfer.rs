//! What moving data costs, by where it lies.

use frazil_units::{Amount, Bytes};

use super::Quantity;
use super::prices::{Missing, Priced, gigabytes, item, keys};
use crate::catalog::{self, Provider, Region, Tier};
use crate::config::{HubFile, Nat};

/// What reading from one place costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Where the data lies, as `CLOUD/REGION`.
    pub from: String,
    /// How it comes.
    pub way: Way,
    /// The price of a gigabyte; nothing within the region.
    pub priced: Priced,
}

/// How data comes to the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Within the region, which costs nothing.
    Near,
    /// Between regions of one cloud.
    Region,
    /// From another cloud, over the internet.
    Internet,
}

impl Way {
    /// In a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Near => "in the region",
            Self::Region => "from another region",
            Self::Internet => "from another cloud",
        }
    }
}

impl Reading {
    /// US dollars of so many gigabytes; `None` where no table has a price.
    pub fn usd(&self, amount: Quantity) -> Option<Amount> {
        if self.way == Way::Near {
            return Some(Amount::ZERO);
        }
        self.priced.price.as_ref().map(|price| gigabytes(price, amount).at(price.usd))
    }
}

/// Prices of moving data to a hub and from it.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Of the places that the file names.
    pub reading: Vec<Reading>,
    /// To the internet, in steps by the month's amount.
    pub internet: Vec<Tier>,
    /// Free gigabytes a month of it.
    pub free: Quantity,
    /// Through NAT, where the hub has it.
    pub nat: Option<Priced>,
}

impl Transfer {
    /// The prices of a hub in a region.
    pub fn of(hub: &HubFile, region: &Region) -> Self {
        let mut regions: Vec<&str> = hub.data.regions.iter().map(crate::config::Region::as_str).collect();
        regions.dedup();
        let free = match region.provider() {
            Provider::Aws => Quantity::whole(region.free_internet()),
            // A gigabyte among terabytes.
            Provider::Gcp => Quantity::ZERO,
        };
        Self {
            reading: regions.into_iter().filter_map(|name| reading(name, region)).collect(),
            internet: region.internet_tiers(),
            free,
            nat: (hub.network.nat != Nat::None).then(|| item(region, keys(region.provider()).nat_data)),
        }
    }

    /// US dollars of reading so many gigabytes, evenly from all places; nothing is read from elsewhere where
    /// the file names no place.
    pub fn read(&self, amount: Quantity) -> Option<Amount> {
        self.reading.iter().map(|reading| reading.usd(self.each(amount))).sum()
    }

    /// Gigabytes of it that come from elsewhere, and through NAT where there is one.
    pub fn from_elsewhere(&self, amount: Quantity) -> Quantity {
        self.reading.iter().filter(|reading| reading.way != Way::Near).map(|_| self.each(amount)).sum()
    }

    fn each(&self, amount: Quantity) -> Quantity {
        amount.over(Quantity::whole(u64::try_from(self.reading.len()).unwrap_or(1).max(1)))
    }

    /// US dollars of so many gigabytes through NAT.
    pub fn through_nat(&self, amount: Quantity) -> Option<Amount> {
        let Some(nat) = &self.nat else { return Some(Amount::ZERO) };
        nat.price.as_ref().map(|price| gigabytes(price, amount).at(price.usd))
    }

    /// US dollars of a month's gigabytes to the internet, the free ones once; `None` where no table has prices.
    pub fn download(&self, amount: Quantity) -> Option<Amount> {
        let last = self.internet.last()?;
        let (mut left, mut begun, mut usd) = (amount.less(self.free), Quantity::ZERO, Amount::ZERO);
        for tier in &self.internet {
            let end = tier.up_to.map_or(left + begun, decimal_gb);
            let here = left.min(end.less(begun));
            usd = usd + gigabytes(&tier.price, here).at(tier.price.usd);
            (left, begun) = (left.less(here), end);
        }
        Some(usd + gigabytes(&last.price, left).at(last.price.usd))
    }
}

/// Gigabytes of 10⁹ bytes.
fn decimal_gb(size: Bytes) -> Quantity {
    Quantity::of(size.get(), 1_000_000_000)
}

/// The price of reading from a region; `None` where no cloud has it, which a rule tells.
fn reading(name: &str, here: &Region) -> Option<Reading> {
    let cloud =
        Provider::ALL.into_iter().find(|cloud| catalog::regions(*cloud).any(|known| known == name))?;
    let from = format!("{cloud}/{name}");
    if (cloud, name) == (here.provider(), here.name()) {
        return Some(Reading { from, way: Way::Near, priced: Priced::default() });
    }
    let region = Region::open(cloud, name).ok()?;
    if cloud == here.provider() {
        let priced = match region.transfer_to(here.name()) {
            Ok(price) => Priced { price: Some(price), gap: None },
            Err(gap) => Priced { price: None, gap: Some((*gap).into()) },
        };
        return Some(Reading { from, way: Way::Region, priced });
    }
    let price = region.internet_tiers().into_iter().next().map(|tier| tier.price);
    let gap = price.is_none().then(|| no_internet(&from));
    Some(Reading { from, way: Way::Internet, priced: Priced { price, gap } })
}

/// That no table has a price of transfer from a place to the internet.
pub(super) fn no_internet(place: &str) -> Missing {
    let what = format!("transfer from {place} to the internet");
    Missing { stood_in: false, text: format!("no price of {what}"), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(more: &str) -> HubFile {
        let text = format!(
            "name: lab\nprovider: {{ aws: {{ account: \"123456789012\", region: us-west-2 }} }}\n{more}"
        );
        serde_yaml::from_str(&text).unwrap()
    }

    fn usd(text: &str) -> Amount {
        Amount::from_decimal(text).unwrap()
    }

    #[test]
    fn reading_costs_by_where_the_data_lies() {
        let region = Region::open(Provider::Aws, "us-west-2").unwrap();
        let of = |regions: &str| Transfer::of(&hub(&format!("data: {{ regions: [{regions}] }}\n")), &region);
        let terabyte = Quantity::whole(1000);
        assert_eq!(of("us-west-2").read(terabyte), Some(Amount::ZERO));
        // us-east-1 to us-west-2: 0.02 USD a GB.
        assert_eq!(of("us-east-1").read(terabyte), Some(usd("20")));
        // Half of it: 500 GB at 0.02.
        assert_eq!(of("us-west-2, us-east-1").read(terabyte), Some(usd("10")));
        // From us-central1 over the internet: 0.12 USD a GiB, 1000 GB are 931.322574615478 GiB: 111.76 USD.
        assert_eq!(of("us-central1").read(terabyte).unwrap().rounded(2), "111.76");
        assert_eq!(of("us-west-2, us-central1").from_elsewhere(terabyte), Quantity::whole(500));
    }

    #[test]
    fn the_internet_is_paid_in_steps_after_what_is_free_once() {
        let region = Region::open(Provider::Aws, "us-west-2").unwrap();
        let transfer = Transfer::of(&hub(""), &region);
        assert_eq!(transfer.download(Quantity::whole(100)), Some(Amount::ZERO));
        // 150 GB: 50 at 0.09.
        assert_eq!(transfer.download(Quantity::whole(150)), Some(usd("4.50")));
        // 20,100 GB: 10,000 at 0.09 and 10,000 at 0.085.
        assert_eq!(transfer.download(Quantity::whole(20_100)), Some(usd("1750")));
        // 200,100 GB: 10,000 at 0.09, 40,000 at 0.085, 100,000 at 0.07, 50,000 at 0.05.
        assert_eq!(transfer.download(Quantity::whole(200_100)), Some(usd("13800")));
    }

    #[test]
    fn nat_asks_for_each_gigabyte_where_there_is_one() {
        let region = Region::open(Provider::Aws, "us-east-1").unwrap();
        let without = Transfer::of(&hub(""), &region);
        assert_eq!(without.through_nat(Quantity::whole(1000)), Some(Amount::ZERO));
        let with = Transfer::of(&hub("network: { nat: single }\n"), &region);
        assert_eq!(with.through_nat(Quantity::whole(1000)), Some(usd("45")));
    }
}
