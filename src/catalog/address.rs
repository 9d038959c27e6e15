//! Whose an address is: the ranges that the clouds publish, dated, embedded.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{CatalogError, Provider, Source};

/// The rows of `data/addresses/ranges.csv`, deflated by `build.rs`.
static RANGES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/addresses.bin"));
/// Their bytes when inflated.
const SIZE: usize = include!(concat!(env!("OUT_DIR"), "/addresses_size.rs"));
/// The lists that they are of.
const SOURCES: &str = include_str!("data/addresses/sources.csv");

/// Whose an address is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The cloud.
    pub provider: Provider,
    /// The region; none where a range serves the whole world.
    pub region: Option<String>,
    /// What AWS uses the range for: `S3`, `EC2`, `CLOUDFRONT`, `GLOBALACCELERATOR`, or `AMAZON` for all else.
    /// Google does not say.
    pub service: Option<String>,
}

/// The clouds' address ranges, IPv4 and IPv6.
#[derive(Clone, Debug)]
pub struct AddressRanges {
    owners: Vec<Owner>,
    /// Where a range begins, and the owner from there on; ascending. IPv4 addresses are those of `::ffff:0:0/96`
    /// (RFC 4291, 2.5.5.2).
    starts: Vec<u128>,
    from: Vec<Option<u32>>,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
struct Prefix {
    first: u128,
    last: u128,
    owner: u32,
}

impl AddressRanges {
    /// The embedded table; decoding takes some milliseconds.
    ///
    /// # Errors
    /// [`CatalogError::Damaged`], which is our bug.
    pub fn embedded() -> Result<Self, CatalogError> {
        let damaged = || CatalogError::Damaged { row: "addresses".to_owned() };
        let bytes =
            miniz_oxide::inflate::decompress_to_vec_with_limit(RANGES, SIZE).map_err(|_| damaged())?;
        Self::parse(std::str::from_utf8(&bytes).map_err(|_| damaged())?)
    }

    /// The list of each provider that the table was made from, and the day it is of.
    pub fn sources() -> impl Iterator<Item = (Provider, Source)> {
        SOURCES.lines().skip(1).filter_map(|line| {
            let (name, rest) = line.split_once(',')?;
            let (date, source) = rest.split_once(',')?;
            let provider = Provider::ALL.into_iter().find(|provider| provider.name() == name)?;
            Some((provider, Source { date, name: source }))
        })
    }

    /// Rows of `provider,prefix,region,service`, without a header. Of prefixes that hold an address the longest
    /// decides.
    ///
    /// # Errors
    /// [`CatalogError::Damaged`] with the row that is none.
    pub fn parse(rows: &str) -> Result<Self, CatalogError> {
        let mut owners = Vec::new();
        let mut known = HashMap::new();
        let mut prefixes = Vec::new();
        for line in rows.lines() {
            let damaged = || CatalogError::Damaged { row: line.chars().take(80).collect() };
            let (prefix, owner) = row(line).ok_or_else(damaged)?;
            let next = u32::try_from(owners.len()).map_err(|_| damaged())?;
            let owner = *known.entry(owner).or_insert_with_key(|owner| {
                owners.push(owner.clone());
                next
            });
            prefixes.push(Prefix { owner, ..prefix });
        }
        let (starts, from) = flat(prefixes);
        Ok(Self { owners, starts, from })
    }

    /// Whose an address is; none where neither cloud lists it.
    pub fn owner(&self, address: IpAddr) -> Option<&Owner> {
        let address = number(address);
        let at = self.starts.partition_point(|start| *start <= address).checked_sub(1)?;
        self.owners.get((*self.from.get(at)?)? as usize)
    }
}

/// An address as a number, those of IPv4 within `::ffff:0:0/96`.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().to_bits(),
        IpAddr::V6(six) => six.to_bits(),
    }
}

fn row(line: &str) -> Option<(Prefix, Owner)> {
    let mut cells = line.split(',');
    let (name, prefix) = (cells.next()?, cells.next()?);
    let mut text = || cells.next().map(|text| (!text.is_empty()).then(|| text.to_owned()));
    let (region, service) = (text()?, text()?);
    let provider = Provider::ALL.into_iter().find(|provider| provider.name() == name)?;
    let (address, length) = prefix.split_once('/')?;
    let (address, length) = (address.parse::<IpAddr>().ok()?, length.parse::<u32>().ok()?);
    let most = if address.is_ipv4() { Ipv4Addr::BITS } else { u128::BITS };
    let rest = u128::MAX.checked_shr(u128::BITS - most.checked_sub(length)?).unwrap_or(0);
    let first = number(address);
    let whole = first & rest == 0;
    let prefix = Prefix { first, last: first | rest, owner: 0 };
    whole.then_some((prefix, Owner { provider, region, service }))
}

/// Prefixes within prefixes as stretches side by side.
fn flat(mut prefixes: Vec<Prefix>) -> (Vec<u128>, Vec<Option<u32>>) {
    prefixes.sort_by_key(|prefix| (prefix.first, std::cmp::Reverse(prefix.last)));
    let (mut starts, mut from): (Vec<u128>, Vec<Option<u32>>) = (Vec::new(), Vec::new());
    let mut add = |start: u128, owner: Option<u32>| {
        if starts.last() == Some(&start) {
            starts.pop();
            from.pop();
        }
        if from.last().copied().flatten() != owner {
            starts.push(start);
            from.push(owner);
        }
    };
    let mut open: Vec<Prefix> = Vec::new();
    let close = |open: &mut Vec<Prefix>, before: Option<u128>, add: &mut dyn FnMut(u128, Option<u32>)| {
        while let Some(inner) = open.pop_if(|inner| before.is_none_or(|before| inner.last < before)) {
            if let Some(next) = inner.last.checked_add(1) {
                add(next, open.last().map(|outer| outer.owner));
            }
        }
    };
    for prefix in prefixes {
        close(&mut open, Some(prefix.first), &mut add);
        add(prefix.first, Some(prefix.owner));
        open.push(prefix);
    }
    close(&mut open, None, &mut add);
    (starts, from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The longest of all prefixes that hold an address, looked for one by one.
    fn naive(rows: &[(Prefix, Owner)], address: IpAddr) -> Option<&Owner> {
        let number = number(address);
        let holding = rows.iter().filter(|(prefix, _)| (prefix.first..=prefix.last).contains(&number));
        holding.min_by_key(|(prefix, _)| prefix.last - prefix.first).map(|(_, owner)| owner)
    }

    fn table() -> String {
        let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(RANGES, SIZE).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_edge_of_the_table_is_found_as_one_by_one() {
        let text = table();
        let rows: Vec<_> = text.lines().map(|line| row(line).unwrap()).collect();
        assert!(rows.len() > 5_000, "{}", rows.len());
        let ranges = AddressRanges::embedded().unwrap();
        for (prefix, _) in rows.iter().step_by(7) {
            for number in
                [prefix.first.wrapping_sub(1), prefix.first, prefix.last, prefix.last.wrapping_add(1)]
            {
                let address = IpAddr::V6(number.into()).to_canonical();
                assert_eq!(ranges.owner(address), naive(&rows, address), "{address}");
            }
        }
    }

    #[test]
    fn addresses_that_people_know() {
        let ranges = AddressRanges::embedded().unwrap();
        let found = |text: &str| {
            let owner = ranges.owner(text.parse().unwrap())?;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            Some(format!("{} {} {}", owner.provider, text(&owner.region), text(&owner.service)))
        };
        // AWS's guide to gateway endpoints shows 52.218.0.0/16 and 54.231.0.0/16 in the prefix lists of S3.
        assert_eq!(found("52.218.128.1").as_deref(), Some("aws us-west-2 S3"));
        assert_eq!(found("34.1.208.7").as_deref(), Some("gcp africa-south1 "));
        assert_eq!(found("2600:1900:8000::1").as_deref(), Some("gcp africa-south1 "));
        for private in ["10.0.0.1", "192.168.1.1", "8.8.8.8", "::", "255.255.255.255", "2001:db8::1"] {
            assert_eq!(found(private), None, "{private}");
        }
        let dates: Vec<_> = AddressRanges::sources().map(|(of, source)| (of, source.date.len())).collect();
        assert_eq!(dates, [(Provider::Aws, 10), (Provider::Gcp, 10)]);
    }

    #[test]
    fn rows_that_are_none_are_named() {
        for wrong in
            ["aws,10.0.0.0/33,,", "aws,10.0.0.1/8,,", "azure,10.0.0.0/8,,", "aws,10.0.0.0,,", "aws,::/0"]
        {
            let error = AddressRanges::parse(wrong).unwrap_err();
            assert_eq!(error, CatalogError::Damaged { row: wrong.to_owned() });
        }
    }

    proptest! {
        #[test]
        fn prefixes_within_prefixes_are_found_as_one_by_one(
            rows in proptest::collection::vec((0_u32..=16, any::<u16>(), 0_u8..4), 0..40),
            asked in proptest::collection::vec(any::<u16>(), 1..60),
        ) {
            // The last 16 bits of the address space, each prefix once.
            let mut seen = std::collections::BTreeMap::new();
            for (length, bits, region) in rows {
                let bits = u32::from(bits) >> (16 - length) << (16 - length);
                seen.insert((bits, length), region);
            }
            let line = |((bits, length), region): (&(u32, u32), &u8)| {
                let address = Ipv4Addr::from(0xffff_0000 | bits);
                format!("aws,{address}/{},region-{region},\n", length + 16)
            };
            let text: String = seen.iter().map(line).collect();
            let ranges = AddressRanges::parse(&text).unwrap();
            let rows: Vec<_> = text.lines().map(|line| row(line).unwrap()).collect();
            for bits in asked {
                let address = IpAddr::V4(Ipv4Addr::from(0xffff_0000 | u32::from(bits)));
                prop_assert_eq!(ranges.owner(address), naive(&rows, address));
            }
        }
    }
}
