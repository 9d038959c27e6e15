//! What a cube is, by what its items tell; no image is there to be opened.

use serde_json::{Value, json};

use super::*;
use crate::error::Error;
use crate::found::Item;
use crate::stac::to_item;

struct Nothing;

#[async_trait]
impl Images for Nothing {
    async fn open(&self, file: &File) -> Result<Arc<Cog>> {
        Err(Error::Invalid { what: format!("{} was opened", file.address()), advice: String::new() })
    }
}

/// An image of 100 by 50 pixels.
fn asset(name: &str, epsg: u32, [left, top, pixel]: [f64; 3]) -> Value {
    json!({
        "href": format!("https://example.org/{name}.tif"), "proj:epsg": epsg, "proj:shape": [50, 100],
        "proj:transform": [pixel, 0, left, 0, -pixel, top],
        "raster:bands": [{"data_type": "uint16", "nodata": 0}],
    })
}

fn item(id: &str, bands: &[(&str, u32, [f64; 3])]) -> Item {
    let assets: serde_json::Map<String, Value> =
        bands.iter().map(|(name, epsg, place)| ((*name).to_owned(), asset(name, *epsg, *place))).collect();
    let properties = json!({"datetime": format!("2020-01-01T00:00:0{}Z", id.len())});
    let raw = json!({"type": "Feature", "id": id, "properties": properties, "assets": assets});
    to_item(raw, &"https://example.org/item.json".parse().unwrap())
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn plan(items: &[Item], request: &Request) -> Result<Cube> {
    wait(Cube::plan(items, request, &Nothing))
}

#[test]
fn the_grid_is_that_of_most_images_and_of_the_finest() {
    let items = [
        item("a", &[("B1", 32623, [0.0, 3000.0, 60.0])]),
        item("bb", &[("B1", 32622, [15.0, 3015.0, 60.0]), ("B2", 32622, [15.0, 3015.0, 30.0])]),
        item("ccc", &[("B1", 32622, [6015.0, 3015.0, 60.0])]),
    ];
    let cube = plan(&items[1..], &Request::default()).unwrap();
    let grid = cube.grid();
    assert_eq!((grid.crs.as_str(), grid.pixel, grid.corner), ("EPSG:32622", [30.0, 30.0], [15.0, 3015.0]));
    assert_eq!((grid.width, grid.height, cube.slots().len(), cube.bands().len()), (400, 100, 2, 2));
    let one = Request { bands: Some(vec!["B1".to_owned()]), ..Request::default() };
    let cube = plan(&items, &one).unwrap();
    assert_eq!((cube.grid().crs.as_str(), cube.grid().pixel), ("EPSG:32622", [60.0, 60.0]));
    assert_eq!(plan(&items[..1], &one).unwrap().grid().crs.as_str(), "EPSG:32623");
}

#[test]
fn only_images_that_touch_a_window_are_read() {
    let items = [
        item("a", &[("B1", 32622, [0.0, 3000.0, 30.0])]),
        item("b", &[("B1", 32622, [6000.0, 3000.0, 30.0])]),
    ];
    let cube = plan(&items, &Request { groupby: GroupBy::Time, ..Request::default() }).unwrap();
    assert_eq!((cube.slots().len(), cube.grid().width), (1, 300));
    let touched = |column, width| cube.touching(0, 0, Window { column, row: 0, width, height: 50 }).len();
    assert_eq!(
        (touched(0, 300), touched(0, 100), touched(99, 102), touched(100, 100), touched(100, 101)),
        (2, 1, 2, 0, 1)
    );
    let window = Window { column: 110, row: 3, width: 5, height: 4 };
    let values = wait(cube.read(0, 0, window, &Nothing)).unwrap();
    assert_eq!(
        (values.shape, values.bytes.len()),
        (vec![4, 5], 40),
        "and nothing is opened for what none touches"
    );
    let window = Window { column: 0, ..window };
    assert!(wait(cube.read(0, 0, window, &Nothing)).is_err());
}

#[test]
fn windows_beyond_the_cube_are_refused() {
    let cube = plan(&[item("a", &[("B1", 32622, [0.0, 3000.0, 30.0])])], &Request::default()).unwrap();
    let window = Window { column: 50, row: 0, width: 50, height: 50 };
    let read = |slot, band, window| wait(cube.read(slot, band, window, &Nothing)).unwrap_err();
    for (slot, band, window) in [
        (1, 0, window),
        (0, 1, window),
        (0, 0, Window { column: 51, ..window }),
        (0, 0, Window { width: u64::MAX, ..window }),
    ] {
        assert!(read(slot, band, window).to_string().contains("not inside"), "{slot} {band} {window:?}");
    }
}

#[test]
fn a_box_may_cross_the_antimeridian_on_a_projected_grid() {
    let items = [item("a", &[("B1", 32601, [400_000.0, 30_000.0, 300.0])])];
    let bbox = Bbox::new(179.5, 0.0, -179.5, 0.2);
    let cube = plan(&items, &Request { bounds: Bounds::Degrees(bbox), ..Request::default() }).unwrap();
    let [left, _, right, _] = cube.grid().bounds();
    assert!((right - left - 111_400.0).abs() < 1000.0, "{left} {right}");
    let degrees = Request {
        bounds: Bounds::Degrees(bbox),
        crs: Some(Crs::new("EPSG:4326")),
        resolution: Some([0.01, 0.01]),
        ..Request::default()
    };
    assert!(plan(&items, &degrees).unwrap_err().to_string().contains("seam"));
}

#[test]
fn a_plan_is_the_same_in_another_process() {
    let request = Request { data_type: Some("float32".to_owned()), ..Request::default() };
    let cube = plan(&[item("a", &[("B1", 32622, [0.0, 3000.0, 30.0])])], &request).unwrap();
    let again: Cube = serde_json::from_str(&serde_json::to_string(&cube).unwrap()).unwrap();
    assert_eq!(again, cube);
    assert_eq!(again.data_type(), DataType::F32);
}

#[test]
fn what_items_do_not_tell_is_looked_for_in_images() {
    let mut raw = item("a", &[("B1", 32622, [0.0, 3000.0, 30.0])]).raw;
    raw["assets"]["B1"].as_object_mut().unwrap().remove("raster:bands");
    let base = "https://example.org/item.json".parse().unwrap();
    let error = plan(&[to_item(raw, &base)], &Request::default()).unwrap_err();
    assert_eq!(error.to_string(), "https://example.org/B1.tif was opened");
}
