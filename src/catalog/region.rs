//! One region: its machines with their prices, and its other prices.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::nearest::nearest;

use super::item::{self, INTERNET_TIERS, Item, Ratio, Tier};
use super::source::Sources;
use super::table::{Row, sections};
use super::transfer::{self, Transfer};
use super::{Basis, CatalogError, Gap, Machine, Market, Price, Provider, machine, regions, store};

/// The place of prices that hold in every region.
const GLOBAL: &str = "global";

/// A machine and what a region asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The machine.
    pub machine: Machine,
    /// The on-demand price of an hour, if a list has one.
    pub on_demand: Option<Price>,
    /// The spot price of an hour when the list was made. No table has any of AWS.
    pub spot: Option<Price>,
}

impl Offer {
    /// The listed price of a market.
    pub const fn listed(&self, market: Market) -> Option<&Price> {
        match market {
            Market::OnDemand => self.on_demand.as_ref(),
            Market::Spot => self.spot.as_ref(),
        }
    }
}

/// Regions that were opened before: rules and rendering ask for the same one many times.
static OPENED: Mutex<BTreeMap<(Provider, String), Arc<Region>>> = Mutex::new(BTreeMap::new());

/// The prices of one region, decoded.
#[derive(Clone, Debug)]
pub struct Region {
    provider: Provider,
    name: String,
    offers: Vec<Arc<Offer>>,
    items: Vec<Item>,
    pub(super) transfers: Vec<Transfer>,
    ratios: Vec<Ratio>,
}

impl Region {
    /// A place of [`places`](super::places), decoded when it is first asked for: about a millisecond.
    ///
    /// # Errors
    /// [`CatalogError::UnknownRegion`], with the nearest name.
    pub fn open(provider: Provider, name: &str) -> Result<Arc<Self>, CatalogError> {
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(region) = opened.get(&(provider, name.to_owned())) {
            return Ok(Arc::clone(region));
        }
        let region = Arc::new(Self::decode(provider, name)?);
        opened.insert((provider, name.to_owned()), Arc::clone(&region));
        Ok(region)
    }

    fn decode(provider: Provider, name: &str) -> Result<Self, CatalogError> {
        let text = store::prices(provider, name)?.ok_or_else(|| unknown_region(provider, name))?;
        let [prices, items, transfers, ratios] = sections(&text)?;
        let sources = Sources::load();
        Ok(Self {
            provider,
            name: name.to_owned(),
            offers: offers(provider, prices, &sources)?,
            items: items.lines().map(|line| item::item(line, &sources)).collect::<Result<_, _>>()?,
            transfers: transfers
                .lines()
                .map(|line| transfer::pair(line, &sources))
                .collect::<Result<_, _>>()?,
            ratios: ratios.lines().map(|line| item::ratio(line, &sources)).collect::<Result<_, _>>()?,
        })
    }

    /// The provider.
    pub const fn provider(&self) -> Provider {
        self.provider
    }

    /// The name, such as `us-west-2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every machine of the provider, sorted by name, with or without a price here.
    pub fn offers(&self) -> &[Arc<Offer>] {
        &self.offers
    }

    /// Prices that are not of machines, sorted by key.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// A machine by its name.
    ///
    /// # Errors
    /// [`CatalogError::UnknownMachine`], with the nearest name.
    pub fn machine(&self, name: &str) -> Result<&Offer, CatalogError> {
        let found = self.offers.binary_search_by(|offer| offer.machine.name.as_str().cmp(name));
        found
            .ok()
            .and_then(|index| self.offers.get(index))
            .map(AsRef::as_ref)
            .ok_or_else(|| self.unknown_machine(name))
    }

    /// The listed price of a machine's hour.
    ///
    /// # Errors
    /// A [`Gap`], on AWS with an on-demand estimate from the reference region's
    /// price and the median ratio of the machine's family, where both are known.
    pub fn price<'a>(&self, offer: &'a Offer, market: Market) -> Result<&'a Price, Box<Gap>> {
        let missing = || Gap {
            what: format!("{market} price of {}", offer.machine.name),
            provider: self.provider,
            place: self.name.clone(),
            why: self.why(market),
            stand_in: if market == Market::OnDemand { self.estimate(&offer.machine) } else { None },
        };
        offer.listed(market).ok_or_else(|| Box::new(missing()))
    }

    /// The price of something else, by its key. What is listed for the whole
    /// world is found in every region.
    ///
    /// # Errors
    /// A [`Gap`], with the reference region's price if that has one.
    pub fn item(&self, key: &str) -> Result<Item, Box<Gap>> {
        let missing = || Gap {
            what: format!("price `{key}`"),
            provider: self.provider,
            place: self.name.clone(),
            why: None,
            stand_in: self.elsewhere(key),
        };
        let own = self.items.iter().find(|item| item.key == key).cloned();
        own.or_else(|| find_item(self.provider, GLOBAL, key)).ok_or_else(|| Box::new(missing()))
    }

    /// This place's prices and those listed for the whole world, sorted by key.
    pub fn all_items(&self) -> Vec<Item> {
        let mut items = self.items.clone();
        if self.name != GLOBAL {
            items.extend(
                Self::open(self.provider, GLOBAL).map(|world| world.items.clone()).unwrap_or_default(),
            );
        }
        items.sort_by(|a, b| a.key.cmp(&b.key));
        items
    }

    /// The steps of the price of transfer to the internet, first to last; free
    /// allowances (AWS: 100 GB a month for all accounts that pay together) are
    /// not among them. Empty where no table says; without its last step where no
    /// table says that (us-east-1, beyond 150 TB).
    pub fn internet_tiers(&self) -> Vec<Tier> {
        let tier = |(key, up_to)| {
            let item = self.items.iter().find(|item| item.key == key)?;
            Some(Tier { up_to, price: item.price.clone() })
        };
        INTERNET_TIERS.into_iter().filter_map(tier).collect()
    }

    /// What is free each month of transfer to the internet, in the unit of [`Region::internet_tiers`]: AWS gives
    /// 100 GB to all accounts that pay together, over all regions but China's and `GovCloud`'s ("Amazon EC2
    /// on-demand pricing"), Google 1 GiB to a billing account, from North America and by the premium tier ("Google
    /// Cloud free program"; Australia and China as targets have it not).
    pub fn free_internet(&self) -> u64 {
        let begins = |parts: &[&str]| parts.iter().any(|part| self.name.starts_with(part));
        match self.provider {
            Provider::Aws if begins(&["cn-", "us-gov-"]) => 0,
            Provider::Aws => 100,
            Provider::Gcp => u64::from(begins(&["us-", "northamerica-"])),
        }
    }

    /// Whether any machine has a price here.
    pub fn has_machine_prices(&self) -> bool {
        self.offers.iter().any(|offer| offer.on_demand.is_some())
    }

    /// The days of the oldest and the newest machine price, `YYYY-MM-DD`.
    pub fn machine_price_dates(&self) -> Option<(&'static str, &'static str)> {
        let dates =
            || self.offers.iter().filter_map(|offer| offer.on_demand.as_ref()).map(|price| price.source.date);
        Some((dates().min()?, dates().max()?))
    }

    fn why(&self, market: Market) -> Option<&'static str> {
        match (self.provider, market) {
            (Provider::Aws, Market::Spot) => Some("the tables have no spot prices of AWS"),
            _ if !self.has_machine_prices() => Some("the tables have no machine prices of this region"),
            _ => None,
        }
    }

    /// The reference region's price times the median ratio of the family's letters.
    fn estimate(&self, machine: &Machine) -> Option<Price> {
        let letters: String = machine.family().chars().take_while(char::is_ascii_alphabetic).collect();
        let ratio = self.ratios.iter().find(|ratio| ratio.family == letters)?;
        let reference = self.provider.reference_region();
        let base = find_hourly(self.provider, reference, &machine.name)?;
        let usd = base.usd.ratio(ratio.median.pico(), frazil_units::Amount::from_units(1).pico())?;
        let rule = format!(
            "{reference} price x median ratio {} of family {letters}, {}",
            ratio.median, ratio.source.date
        );
        Some(Price { usd, basis: Basis::Estimated(rule), ..base })
    }

    /// The reference region's price of a key, marked as an estimate.
    fn elsewhere(&self, key: &str) -> Option<Price> {
        let reference = self.provider.reference_region();
        let price = find_item(self.provider, reference, key)?.price;
        let rule = format!("{reference} price, {}", price.source.date);
        Some(Price { basis: Basis::Estimated(rule), ..price })
    }

    fn unknown_machine(&self, name: &str) -> CatalogError {
        let names: Vec<_> = self.offers.iter().map(|offer| offer.machine.name.as_str()).collect();
        let nearest = nearest(name, &names).map(str::to_owned);
        CatalogError::UnknownMachine { provider: self.provider, name: name.to_owned(), nearest }
    }
}

#[cfg(test)]
impl Region {
    /// This region, as if it sold only these machines.
    pub(crate) fn only(&self, names: &[&str]) -> Self {
        let mut only = self.clone();
        only.offers.retain(|offer| names.contains(&offer.machine.name.as_str()));
        only
    }
}

/// An item of another place; opening that decodes its small block again.
fn find_item(provider: Provider, place: &str, key: &str) -> Option<Item> {
    let text = store::prices(provider, place).ok()??;
    let [_, items, ..] = sections::<4>(&text).ok()?;
    let line = items.lines().find(|line| line.split(',').next() == Some(key))?;
    item::item(line, &Sources::load()).ok()
}

/// The on-demand price of a machine in another region, without decoding the rest.
fn find_hourly(provider: Provider, place: &str, machine: &str) -> Option<Price> {
    let text = store::prices(provider, place).ok()??;
    let [prices, ..] = sections::<4>(&text).ok()?;
    let line = prices.lines().find(|line| line.split(',').next() == Some(machine))?;
    hourly(line, &Sources::load()).ok()?.0
}

fn unknown_region(provider: Provider, name: &str) -> CatalogError {
    let names: Vec<_> = regions(provider).collect();
    let nearest = nearest(name, &names).map(str::to_owned);
    CatalogError::UnknownRegion { provider, name: name.to_owned(), nearest }
}

/// All machines with the prices of one region; both tables are sorted by name.
fn offers(provider: Provider, prices: &str, sources: &Sources) -> Result<Vec<Arc<Offer>>, CatalogError> {
    let mut lines = prices.lines().peekable();
    let mut offers = Vec::new();
    for machine in machine::all(provider, sources)? {
        let own = lines.next_if(|line| line.split(',').next() == Some(&machine.name));
        let (on_demand, spot) = own.map(|line| hourly(line, sources)).transpose()?.unwrap_or_default();
        offers.push(Arc::new(Offer { machine, on_demand, spot }));
    }
    match lines.next() {
        Some(line) => Err(CatalogError::Damaged { row: line.to_owned() }),
        None => Ok(offers),
    }
}

/// Reads a row of `prices/REGION.csv`.
fn hourly(line: &str, sources: &Sources) -> Result<(Option<Price>, Option<Price>), CatalogError> {
    let row = Row::<4>::new(line)?;
    let source = sources.find(row.text(3))?;
    let price = |column| Ok(row.decimal(column)?.map(|usd| Price::listed(usd, "hour", source)));
    Ok((price(1)?, price(2)?))
}
