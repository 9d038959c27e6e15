//! Shapes on the Earth: cut at the antimeridian, led around poles, written as GeoJSON and well-known binary.

use frazil_data::geo::{Bbox, Geometry, cut_box, cut_line, cut_polygon};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_box_across_the_antimeridian_is_two() {
    let bbox = Bbox::new(170.0, -10.0, -170.0, 10.0);
    let geometry = Geometry::of_box(bbox);
    assert!(matches!(&geometry, Geometry::MultiPolygon(parts) if parts.len() == 2));
    assert_eq!(geometry.bbox(), Some(bbox));
    assert_eq!(geometry.extent(), Some(Bbox::new(-180.0, -10.0, 180.0, 10.0)));
    assert_eq!(cut_box(Bbox::new(-10.0, 0.0, 10.0, 5.0)).len(), 1);
    assert_eq!(
        Geometry::of_box(Bbox::new(-180.0, -90.0, 180.0, 90.0)).bbox(),
        Some(Bbox::new(-180.0, -90.0, 180.0, 90.0))
    );
}

#[test]
fn a_line_across_the_antimeridian_is_two() {
    let parts = cut_line(&[[170.0, 0.0], [-170.0, 10.0], [-160.0, 10.0]]);
    assert_eq!(
        parts,
        vec![vec![[170.0, 0.0], [180.0, 5.0]], vec![[-180.0, 5.0], [-170.0, 10.0], [-160.0, 10.0]]]
    );
    assert_eq!(cut_line(&[[0.0, 0.0], [1.0, 1.0]]), vec![vec![[0.0, 0.0], [1.0, 1.0]]]);
    assert!(cut_line(&[[0.0, 0.0]]).is_empty());
}

#[test]
fn a_polygon_across_the_antimeridian_is_two_with_its_hole() {
    let outer = vec![[170.0, -10.0], [-170.0, -10.0], [-170.0, 10.0], [170.0, 10.0], [170.0, -10.0]];
    let hole = vec![[175.0, -5.0], [175.0, 5.0], [-175.0, 5.0], [-175.0, -5.0], [175.0, -5.0]];
    let parts = cut_polygon(&[outer, hole]);
    assert_eq!(parts.len(), 2);
    for rings in &parts {
        assert_eq!(rings.len(), 2);
        for ring in rings {
            assert_eq!(ring.first(), ring.last());
            assert!(ring.iter().all(|[x, _]| (-180.0..=180.0).contains(x)));
        }
    }
    let geometry = Geometry::of_polygons(parts).unwrap();
    assert_eq!(geometry.bbox(), Some(Bbox::new(170.0, -10.0, -170.0, 10.0)));
}

#[test]
fn a_ring_around_a_pole_reaches_it() {
    let around = vec![[-180.0 + 45.0, 70.0], [-45.0, 72.0], [45.0, 70.0], [135.0, 72.0]];
    let geometry = Geometry::of_polygons(cut_polygon(&[around])).unwrap();
    assert_eq!(geometry.extent(), Some(Bbox::new(-180.0, 70.0, 180.0, 90.0)));
}

#[test]
fn a_polygon_of_the_whole_earth_stays_whole() {
    let whole = vec![[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0], [-180.0, -90.0]];
    assert_eq!(cut_polygon(std::slice::from_ref(&whole)), vec![vec![whole]]);
}

#[test]
fn a_polygon_elsewhere_stays_as_it_is_and_turns_counter_clockwise() {
    let clockwise = vec![[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]];
    assert_eq!(cut_polygon(&[clockwise]), vec![vec![vec![[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]]]);
}

#[test]
fn geojson_comes_back_as_it_was() {
    for value in [
        json!({"type": "Point", "coordinates": [1.5, 2.0]}),
        json!({"type": "MultiPoint", "coordinates": [[1.0, 2.0], [3.0, 4.0]]}),
        json!({"type": "LineString", "coordinates": [[1.0, 2.0], [3.0, 4.0]]}),
        json!({"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]}),
        json!({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1.0, 2.0]}]}),
    ] {
        assert_eq!(Geometry::from_geojson(&value).unwrap().to_geojson(), value);
    }
    for value in [
        json!({"type": "Circle", "coordinates": [1.0, 2.0]}),
        json!({"type": "Point", "coordinates": [1.0]}),
        json!({"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]]}),
        json!(null),
    ] {
        assert!(Geometry::from_geojson(&value).is_err(), "{value}");
    }
}

#[test]
fn well_known_binary_is_that_of_the_standard() {
    let hex =
        |geometry: &Geometry| geometry.to_wkb().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // As PostGIS writes POINT(1 2).
    assert_eq!(hex(&Geometry::Point([1.0, 2.0])), "0101000000000000000000f03f0000000000000040");
    let line = Geometry::LineString(vec![[0.0, 0.0], [1.0, 1.0]]);
    assert_eq!(
        hex(&line),
        "01020000000200000000000000000000000000000000000000000000000000f03f000000000000f03f"
    );
}

fn positions() -> impl Strategy<Value = Vec<[f64; 2]>> {
    prop::collection::vec((-180.0..=180.0f64, -90.0..=90.0f64).prop_map(|(x, y)| [x, y]), 0..24)
}

proptest! {
    #[test]
    fn nothing_that_is_cut_leaves_the_map(outer in positions(), hole in positions(), line in positions()) {
        let parts = cut_polygon(&[outer, hole]);
        for ring in parts.iter().flatten() {
            prop_assert!(ring.len() >= 4);
            prop_assert_eq!(ring.first(), ring.last());
            for [x, y] in ring {
                prop_assert!((-180.0..=180.0).contains(x) && (-90.0..=90.0).contains(y), "{} {}", x, y);
            }
        }
        for part in cut_line(&line) {
            prop_assert!(part.len() > 1);
            for pair in part.windows(2) {
                prop_assert!((pair[1][0] - pair[0][0]).abs() <= 180.0 + 1e-9);
            }
        }
        if let Some(geometry) = Geometry::of_polygons(parts) {
            prop_assert!(geometry.bbox().is_some());
            prop_assert_eq!(Geometry::from_geojson(&geometry.to_geojson()).unwrap(), geometry.clone());
            prop_assert!(!geometry.to_wkb().is_empty());
        }
    }
}
