//! Which items share a plane of a cube.

use std::collections::HashMap;

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::found::Item;

/// What items of one plane have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// The moment.
    #[default]
    Time,
    /// The day by the sun where they are: UTC and four minutes for each degree of longitude.
    SolarDay,
    /// Nothing: each item has its own plane.
    Id,
    /// A property.
    Property(String),
}

impl GroupBy {
    /// By its name: `time`, `solar_day`, `id`, or a property's.
    pub fn new(name: &str) -> Self {
        match name {
            "time" => Self::Time,
            "solar_day" => Self::SolarDay,
            "id" => Self::Id,
            name => Self::Property(name.to_owned()),
        }
    }

    fn key(&self, item: &Item, moment: Timestamp) -> Result<String> {
        match self {
            Self::Time => Ok(moment.to_string()),
            Self::Id => Ok(item.id.clone()),
            Self::SolarDay => {
                let seconds = longitude(item) / 15.0 * 3600.0;
                #[expect(clippy::cast_possible_truncation, reason = "it is within half a day")]
                let there = moment.checked_add((seconds as i64).seconds()).unwrap_or(moment);
                Ok(there.strftime("%F").to_string())
            }
            Self::Property(name) => {
                item.properties.get(name).map(ToString::to_string).ok_or_else(|| Error::Invalid {
                    what: format!("{} has no property `{name}`", item.id),
                    advice: "group by `time`, `solar_day`, `id`, or a property that all items have"
                        .to_owned(),
                })
            }
        }
    }
}

/// The longitude of the middle of an item, in degrees; 0 where it tells no place on the Earth.
fn longitude(item: &Item) -> f64 {
    item.bbox.filter(|bbox| bbox.problems().is_empty()).map_or(0.0, |bbox| {
        let east = if bbox.crosses_antimeridian() { bbox.east + 360.0 } else { bbox.east };
        let middle = f64::midpoint(bbox.west, east);
        if middle > 180.0 { middle - 360.0 } else { middle }
    })
}

/// A plane of a cube along time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The moment of its first item.
    pub time: Timestamp,
    /// Its items' ids; where they overlap, what comes first is seen.
    pub ids: Vec<String>,
    /// Their numbers among all items.
    pub(super) items: Vec<usize>,
}

/// Items by planes, planes by time. In a plane items are ordered by time and id, or, with `keep_order`, as
/// they were given.
///
/// # Errors
/// [`Error::Invalid`] for an item without a time, or without the property to group by.
pub(super) fn slots(items: &[Item], by: &GroupBy, keep_order: bool) -> Result<Vec<Slot>> {
    let mut told = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let moment = item.time.start.or(item.time.end).ok_or_else(|| Error::Invalid {
            what: format!("{} has no time", item.id),
            advice: "leave it out: a cube's planes are ordered by time".to_owned(),
        })?;
        told.push((by.key(item, moment)?, moment, number));
    }
    if !keep_order {
        told.sort_by(|one, other| (one.1, &items[one.2].id).cmp(&(other.1, &items[other.2].id)));
    }
    let mut slots: HashMap<String, Slot> = HashMap::new();
    for (key, time, number) in told {
        let new = || Slot { time, ids: Vec::new(), items: Vec::new() };
        let slot = slots.entry(key).or_insert_with(new);
        slot.time = slot.time.min(time);
        slot.ids.push(items[number].id.clone());
        slot.items.push(number);
    }
    let mut slots: Vec<Slot> = slots.into_values().collect();
    slots.sort_by(|one, other| (one.time, &one.ids, &one.items).cmp(&(other.time, &other.ids, &other.items)));
    Ok(slots)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stac::to_item;

    fn item(id: &str, time: &str, west: f64) -> Item {
        let raw = json!({
            "id": id, "bbox": [west, 0, west + 2.0, 2], "assets": {},
            "properties": {"datetime": time, "orbit": time.len() % 2, "day": &time[..10]},
        });
        to_item(raw, &"https://example.org/item.json".parse().unwrap())
    }

    fn ids(items: &[Item], by: &str, keep_order: bool) -> Vec<String> {
        slots(items, &GroupBy::new(by), keep_order).unwrap().iter().map(|slot| slot.ids.join(" ")).collect()
    }

    #[test]
    fn a_solar_day_is_that_of_the_place() {
        let pass = [
            item("b", "2020-01-02T00:10:30Z", 176.0),
            item("a", "2020-01-01T23:59:30Z", 177.0),
            item("c", "2020-01-01T09:00:00Z", -178.0),
        ];
        assert_eq!(ids(&pass, "solar_day", false), ["c", "a b"]);
        assert_eq!(ids(&pass, "solar_day", true), ["c", "b a"]);
        assert_eq!(ids(&pass, "time", false), ["c", "a", "b"]);
        assert_eq!(ids(&pass, "day", false), ["c a", "b"]);
        assert_eq!(ids(&pass, "id", false), ["c", "a", "b"]);
        let first = slots(&pass, &GroupBy::SolarDay, true).unwrap()[1].time;
        assert_eq!(first.to_string(), "2020-01-01T23:59:30Z", "the first moment, whatever the order");
    }

    #[test]
    fn items_of_one_moment_share_a_plane() {
        let same = [item("b", "2020-01-01T01:00:00Z", 0.0), item("a", "2020-01-01T01:00:00Z", 1.0)];
        assert_eq!(ids(&same, "time", false), ["a b"]);
        assert_eq!(ids(&same, "id", false), ["a", "b"]);
    }

    #[test]
    fn a_place_beyond_the_earth_is_none() {
        let mut far = item("a", "2020-01-01T23:59:30Z", 0.0);
        for (west, east) in [(1e15, 1e15), (f64::NAN, 0.0), (-1e300, 1e300)] {
            far.bbox = Some(crate::geo::Bbox::new(west, 0.0, east, 0.0));
            assert_eq!(GroupBy::SolarDay.key(&far, far.time.start.unwrap()).unwrap(), "2020-01-01");
        }
    }

    #[test]
    fn what_cannot_be_grouped_is_told() {
        let mut items = [item("a", "2020-01-01T01:00:00Z", 0.0)];
        let error = slots(&items, &GroupBy::new("tile"), false).unwrap_err().to_string();
        assert!(error.contains("`tile`"), "{error}");
        items[0].time = crate::times::Interval::default();
        assert!(slots(&items, &GroupBy::Id, false).unwrap_err().to_string().contains("a has no time"));
    }
}
