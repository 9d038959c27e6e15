use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use super::*;
use crate::address::Address;
use crate::dataset::{Attribute, DataType, Stored, Values};

/// A group with coordinates in memory.
struct Grid(Vec<(Variable, Vec<f64>)>);

impl Grid {
    fn held(&self) -> Group {
        Group { variables: self.0.iter().map(|(variable, _)| variable.clone()).collect(), ..Group::default() }
    }

    async fn choose(
        &self,
        named: Vec<(&str, Wanted)>,
        bbox: Option<[f64; 4]>,
    ) -> Result<Vec<(String, u64, u64)>> {
        let named = named.into_iter().map(|(name, wanted)| (name.to_owned(), wanted)).collect();
        let bbox = bbox.map(|[west, south, east, north]| Bbox { west, south, east, north });
        let extents = select(self, "/", &self.held(), &Choice { named, bbox }).await?;
        Ok(extents.into_iter().map(|(name, extent)| (name, extent.start, extent.count)).collect())
    }
}

impl fmt::Debug for Grid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Grid")
    }
}

#[async_trait]
impl Dataset for Grid {
    fn address(&self) -> Address {
        Address::named("grid".to_owned())
    }

    fn format(&self) -> &'static str {
        "memory"
    }

    async fn group(&self, _: &str, _: bool) -> Result<Group> {
        Ok(self.held())
    }

    async fn ranges(&self, _: &str, _: &Selection) -> Result<Vec<Stored>> {
        Ok(Vec::new())
    }

    async fn read(&self, path: &str, _: &Selection) -> Result<Values> {
        let (variable, values) = self.0.iter().find(|(one, _)| path == format!("/{}", one.name)).unwrap();
        if variable.data_type == DataType::Text {
            let texts = values.iter().map(ToString::to_string).collect();
            return Ok(Values {
                data_type: DataType::Text,
                shape: variable.shape.clone(),
                bytes: Bytes::new(),
                texts,
            });
        }
        if variable.data_type == DataType::I64 {
            // Nanoseconds, one after the other from a moment of our days on.
            let all: Vec<i64> = (0..).map(|index| NOW + index).take(values.len()).collect();
            return Ok(Values::numbers(DataType::I64, variable.shape.clone(), &all));
        }
        Ok(Values::numbers(DataType::F64, variable.shape.clone(), values))
    }
}

/// 2025-11-22T08:26:40.123456789 in nanoseconds since 1970.
const NOW: i64 = 1_763_800_000_123_456_789;

fn coordinate(name: &str, dimensions: &[(&str, u64)], units: &str, values: Vec<f64>) -> (Variable, Vec<f64>) {
    let variable = Variable {
        name: name.to_owned(),
        data_type: DataType::F64,
        is_char: false,
        shape: dimensions.iter().map(|(_, length)| *length).collect(),
        dimensions: dimensions.iter().map(|(name, _)| (*name).to_owned()).collect(),
        chunks: None,
        filters: Vec::new(),
        fill: None,
        attributes: vec![Attribute { name: "units".to_owned(), value: Values::text(units) }],
    };
    (variable, values)
}

/// Longitudes from 0, latitudes from north to south, days of a calendar without leap days.
fn model() -> Grid {
    let mut time =
        coordinate("time", &[("time", 800)], "days since 2000-01-01", (0..800).map(f64::from).collect());
    time.0.attributes.push(Attribute { name: "calendar".to_owned(), value: Values::text("noleap") });
    Grid(vec![
        time,
        coordinate(
            "lat",
            &[("lat", 19)],
            "degrees_north",
            (0..19).map(|row| 90.0 - 10.0 * f64::from(row)).collect(),
        ),
        coordinate(
            "lon",
            &[("lon", 36)],
            "degrees_east",
            (0..36).map(|column| 10.0 * f64::from(column)).collect(),
        ),
    ])
}

fn numbers(from: impl Into<Option<f64>>, to: impl Into<Option<f64>>) -> Wanted {
    Wanted::Between(from.into().map(Label::Number), to.into().map(Label::Number))
}

fn times<'a>(from: impl Into<Option<&'a str>>, to: impl Into<Option<&'a str>>) -> Wanted {
    let label = |text: &str| Label::Time(text.to_owned());
    Wanted::Between(from.into().map(label), to.into().map(label))
}

#[tokio::test]
async fn numbers_choose_between_both_ends_along_rising_and_falling_coordinates() {
    let grid = model();
    let found =
        grid.choose(vec![("lat", numbers(-20.0, 35.0)), ("lon", Wanted::At(Label::Number(44.0)))], None);
    assert_eq!(found.await.unwrap(), [("lat".to_owned(), 6, 6), ("lon".to_owned(), 4, 1)]);
    let open = grid.choose(vec![("lon", numbers(340.0, None))], None).await.unwrap();
    assert_eq!(open, [("lon".to_owned(), 34, 2)]);
}

#[tokio::test]
async fn times_are_those_of_the_files_calendar() {
    let grid = model();
    let month =
        grid.choose(vec![("time", Wanted::At(Label::Time("2001-03".to_owned())))], None).await.unwrap();
    assert_eq!(month, [("time".to_owned(), 365 + 59, 31)]);
    let years = times("2000-12-31", "2001");
    assert_eq!(grid.choose(vec![("time", years)], None).await.unwrap(), [("time".to_owned(), 364, 366)]);
    let error = grid.choose(vec![("time", times("2009", None))], None).await.unwrap_err();
    assert!(error.to_string().contains("from 2000-01-01 to 2002-03-11"), "{error}");
    let error =
        grid.choose(vec![("lat", Wanted::At(Label::Time("2000".to_owned())))], None).await.unwrap_err();
    assert!(error.to_string().contains("does not count time"), "{error}");
}

#[tokio::test]
async fn hours_and_nanoseconds_lose_no_element() {
    let hours = (0..48).map(|hour| 41_738.0 + f64::from(hour) / 24.0).collect();
    let mut clock = coordinate("time", &[("time", 48)], "days since 1900-01-01", hours);
    let chosen = vec![("time", times("2014-04-11T01:00:00", "2014-04-11T04:00:00"))];
    let found = Grid(vec![clock.clone()]).choose(chosen, None).await.unwrap();
    assert_eq!(found, [("time".to_owned(), 1, 4)]);
    clock.0.attributes[0].value = Values::text("nanoseconds since 1970-01-01");
    clock.0.data_type = DataType::I64;
    let from = "2025-11-22T08:26:40.123456791";
    let chosen = vec![("time", times(from, "2025-11-22T08:26:40.123456793"))];
    let found = Grid(vec![clock]).choose(chosen, None).await.unwrap();
    assert_eq!(found, [("time".to_owned(), 2, 3)]);
}

#[tokio::test]
async fn a_coordinate_beyond_all_memory_is_not_read() {
    let mut long = coordinate("lat", &[("lat", 3)], "degrees_north", vec![0.0; 3]);
    long.0.shape = vec![1 << 40];
    let error = Grid(vec![long]).choose(vec![("lat", numbers(0.0, 1.0))], None).await.unwrap_err();
    assert!(error.to_string().contains("bytes"), "{error}");
}

#[tokio::test]
async fn a_box_is_found_whichever_way_longitudes_are_counted() {
    let grid = model();
    let asia = grid.choose(vec![], Some([60.0, 0.0, 100.0, 20.0])).await.unwrap();
    assert_eq!(asia, [("lat".to_owned(), 7, 3), ("lon".to_owned(), 6, 5)]);
    let america = grid.choose(vec![], Some([-120.0, 0.0, -90.0, 20.0])).await.unwrap();
    assert_eq!(america[1], ("lon".to_owned(), 24, 4));
    let pacific = grid.choose(vec![], Some([170.0, 0.0, -170.0, 20.0])).await.unwrap();
    assert_eq!(pacific[1], ("lon".to_owned(), 17, 3));
    // Both sides of the grid's own seam.
    assert_eq!(grid.choose(vec![], Some([-10.0, 0.0, 10.0, 20.0])).await.unwrap()[1].2, 36);
}

#[tokio::test]
async fn positions_of_a_track_fit_both_ways_at_once() {
    let along = [("photon", 6)];
    let track = Grid(vec![
        coordinate("lat_ph", &along, "degrees_north", vec![0.0, 1.0, 2.0, 3.0, 2.0, 1.0]),
        coordinate("lon_ph", &along, "degrees_east", vec![10.0, 10.0, 10.0, 10.0, 50.0, 50.0]),
    ]);
    let found = track.choose(vec![], Some([9.0, 0.5, 11.0, 2.5])).await.unwrap();
    assert_eq!(found, [("photon".to_owned(), 1, 2)]);
    let both = vec![("lat_ph", numbers(1.0, 2.0)), ("lon_ph", numbers(40.0, None))];
    assert_eq!(track.choose(both, None).await.unwrap(), [("photon".to_owned(), 4, 2)]);
}

#[tokio::test]
async fn a_swath_is_cut_along_both_of_its_dimensions() {
    let swath = [("row", 3), ("column", 4)];
    let rows = |value: fn(usize, usize) -> f64| (0..12).map(|index| value(index / 4, index % 4)).collect();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let grid = Grid(vec![
        coordinate("latitude", &swath, "degrees_north", rows(|row, column| (row * 10 + column) as f64)),
        coordinate("longitude", &swath, "degrees_east", rows(|row, column| (column * 10 + row) as f64)),
    ]);
    let found = grid.choose(vec![], Some([9.0, 9.0, 22.0, 13.0])).await.unwrap();
    assert_eq!(found, [("column".to_owned(), 1, 2), ("row".to_owned(), 1, 1)]);
}

#[tokio::test]
async fn what_does_not_fit_is_told_with_names_that_do() {
    let grid = model();
    let error = grid.choose(vec![("lats", Wanted::At(Label::Number(0.0)))], None).await.unwrap_err();
    assert!(error.advice().contains("lat"), "{error}");
    let beyond = Wanted::Positions(Extent { start: 30, count: 7, step: 1 });
    assert!(grid.choose(vec![("lon", beyond)], None).await.is_err());
    let inside = Wanted::Positions(Extent { start: 30, count: 3, step: 2 });
    assert_eq!(grid.choose(vec![("lon", inside.clone())], None).await.unwrap(), [("lon".to_owned(), 30, 3)]);
    let twice = vec![("lon", inside), ("lon", Wanted::At(Label::Number(300.0)))];
    assert!(grid.choose(twice, None).await.unwrap_err().to_string().contains("by positions and by"));
    let mut texts = model();
    texts.0[1].0.data_type = DataType::Text;
    let error = texts.choose(vec![("lat", Wanted::At(Label::Number(0.0)))], None).await.unwrap_err();
    assert!(error.to_string().contains("has no numbers"), "{error}");
}
