//! From pixels of a grid to pixels of an image.

use std::sync::Arc;

use super::crs::{Position, Projection, has_jump};
use super::grid::{Affine, Grid, Window, after, apply, inverse};
use crate::error::Result;

/// Between positions that are computed to find the part of an image that is needed, in pixels of the grid.
const STEP: u64 = 8;

/// Up to so many pixels along its longer side each position of a window is computed, and so its part of an
/// image is not larger than it has to be, however many pixels of the image lie along one of the grid.
const LITTLE: u64 = 64;

/// What an image may be moved by, in its pixels, to lie on the grid's pixels: rounding of transforms that are
/// written in decimals.
const NEAR: f64 = 1e-3;

/// The way from pixels of a grid to pixels of an image.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    grid: Affine,
    projection: Arc<Projection>,
    /// From x and y to columns and rows of the image.
    back: Affine,
    /// From pixels to pixels, where no projection lies between.
    direct: Option<Affine>,
    /// The longitude in the middle of an image in degrees: x of the grid is counted from half the Earth west of it.
    middle: Option<f64>,
}

impl Mapping {
    /// To an image with this transform, and where that is in degrees from its first longitude to its last; none
    /// for one without an area.
    pub(super) fn new(
        grid: &Grid,
        projection: &Arc<Projection>,
        image: Affine,
        longitudes: Option<[f64; 2]>,
    ) -> Option<Self> {
        let (own, back) = (grid.affine(), inverse(image)?);
        let [left, _, right, _] = grid.bounds();
        let turns = longitudes.map(|longitudes| turns(longitudes, [left, right])).unwrap_or_default();
        let is_direct = matches!(**projection, Projection::Same) && turns.len() < 2;
        let turned = turns.first().copied().unwrap_or_default();
        let moved = [own[0] - turned, own[1], own[2], own[3], own[4], own[5]];
        let direct = is_direct.then(|| snapped(after(moved, back), grid));
        let middle = longitudes.map(|[first, last]| f64::midpoint(first, last));
        Some(Self { grid: own, projection: Arc::clone(projection), back, direct, middle })
    }

    /// Where the middle of a pixel of the grid lies in the image: column and row, whole numbers at the corners
    /// of pixels.
    pub(super) fn pixel(&self, column: u64, row: u64) -> Option<(f64, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "grids have fewer than 2^53 columns")]
        let (column, row) = (column as f64 + 0.5, row as f64 + 0.5);
        self.at(column, row)
    }

    fn at(&self, column: f64, row: f64) -> Option<(f64, f64)> {
        if let Some(direct) = self.direct {
            return Some(apply(direct, column, row));
        }
        let (x, y) = apply(self.grid, column, row);
        let (x, y) = self.projection.position(x, y)?;
        let x = self.middle.map_or(x, |middle| counted_from(middle - 180.0, x));
        Some(apply(self.back, x, y))
    }

    /// Half the Earth in columns of an image in degrees.
    fn half_round(&self) -> Option<f64> {
        self.middle.filter(|_| self.direct.is_none()).map(|_| 180.0 * self.back[1].abs())
    }

    /// How many pixels of the image lie along a pixel of the grid in the middle of a window, in the direction in
    /// which there are fewest: of an image in degrees near a pole that is along a meridian, for columns are
    /// nothing there.
    pub(super) fn scale(&self, window: Window) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "grids have fewer than 2^53 columns")]
        let middle = |from: u64, count: u64| from as f64 + count as f64 / 2.0;
        let (column, row) = (middle(window.column, window.width), middle(window.row, window.height));
        let half = self.half_round();
        // Near a pole a pixel further is another longitude.
        let by = half.map_or(1.0, |_| 0.01);
        let here = self.at(column, row)?;
        let step = |there: (f64, f64)| {
            let across = there.0 - here.0;
            let turned = half.map_or(across, |half| (across + half).rem_euclid(2.0 * half) - half);
            [turned / by, (there.1 - here.1) / by]
        };
        Some(least(step(self.at(column + by, row)?), step(self.at(column, row + by)?)))
    }

    /// A window in parts, each with the part of an image of so many columns and rows that it needs, of no more than
    /// so many pixels; without those that lie beside the image.
    pub(super) fn parts(&self, window: Window, image: [u64; 2], most: u64) -> Vec<(Window, Window)> {
        let (mut parts, mut waiting) = (Vec::new(), vec![window]);
        while let Some(part) = waiting.pop() {
            let Some(needed) = self.part(part, image) else { continue };
            match part.halves() {
                Some(halves) if needed.width.saturating_mul(needed.height) > most => waiting.extend(halves),
                _ => parts.push((part, needed)),
            }
        }
        parts
    }

    /// The part of an image of so many columns and rows that pixels of a window lie in, with their neighbours;
    /// none where they lie beside it.
    fn part(&self, window: Window, [width, height]: [u64; 2]) -> Option<Window> {
        let (step, around) = match (self.direct, self.scale(window)) {
            (Some(_), _) => (u64::MAX, 1.0),
            (None, _) if window.width.max(window.height) <= LITTLE => (1, 1.0),
            // Between computed positions others may lie a little further out.
            (None, scale) => (STEP, (scale.unwrap_or(1.0) * 8.0).ceil() + 2.0),
        };
        let columns = along(window.column, window.width, step);
        let line = |row| columns.iter().map(|column| self.pixel(*column, row)).collect();
        let lattice: Vec<Vec<Position>> =
            along(window.row, window.height, step).into_iter().map(line).collect();
        let found = lattice.iter().flatten().flatten().map(|(x, y)| [*x, *y, *x, *y]);
        let [mut left, top, mut right, bottom] = found.reduce(super::crs::around)?;
        if self.half_round().is_some_and(|half| step > 1 && has_jump(&lattice, half)) {
            (left, right) = (f64::NEG_INFINITY, f64::INFINITY);
        }
        let (column, width) = clipped(left - around, right + around, width)?;
        let (row, height) = clipped(top - around, bottom + around, height)?;
        Some(Window { column, row, width, height })
    }
}

/// A longitude as it is counted from one on; one that is there but for rounding is the first, and not the last.
fn counted_from(first: f64, longitude: f64) -> f64 {
    const NEAR: f64 = 1e-9;
    first + ((longitude - first + NEAR).rem_euclid(360.0) - NEAR).max(0.0)
}

/// The least singular value of the matrix with these columns: the length of the shortest that it makes of vectors
/// of length 1.
fn least([a, b]: [f64; 2], [c, d]: [f64; 2]) -> f64 {
    let (half, area) = ((a * a + b * b + c * c + d * d) / 2.0, a * d - b * c);
    (half - (half * half - area * area).max(0.0).sqrt()).max(0.0).sqrt()
}

/// By how many degrees an image has to be turned round the Earth to lie on a grid, both from a longitude to a
/// longitude: by none where it lies beside it, by several where it lies on both of the grid's ends.
pub(super) fn turns([first, last]: [f64; 2], [left, right]: [f64; 2]) -> Vec<f64> {
    let is_on = |turn: &f64| first + turn < right && last + turn > left;
    [0.0, -360.0, 360.0].into_iter().filter(is_on).collect()
}

/// Pixels in steps, the first and the last among them.
fn along(from: u64, count: u64, step: u64) -> Vec<u64> {
    let mut found: Vec<u64> = (0..count).step_by(usize::try_from(step).unwrap_or(usize::MAX)).collect();
    if found.last().is_some_and(|last| last + 1 < count) {
        found.push(count - 1);
    }
    found.into_iter().map(|at| from + at).collect()
}

/// What of a length lies between two positions: the first pixel, and how many.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "they are clipped"
)]
fn clipped(from: f64, to: f64, length: u64) -> Option<(u64, u64)> {
    let first = from.floor().clamp(0.0, length as f64) as u64;
    let end = (to.floor() + 1.0).clamp(0.0, length as f64) as u64;
    (first < end).then(|| (first, end - first))
}

/// A transform with whole numbers for those that are so but for rounding.
#[expect(clippy::cast_precision_loss, reason = "grids have fewer than 2^53 columns")]
fn snapped([x, xc, xr, y, yc, yr]: Affine, grid: &Grid) -> Affine {
    let near = |number: f64, count: f64| {
        let whole = number.round();
        if (number - whole).abs() * count < NEAR { whole } else { number }
    };
    let (width, height) = (grid.width as f64, grid.height as f64);
    [near(x, 1.0), near(xc, width), near(xr, height), near(y, 1.0), near(yc, width), near(yr, height)]
}

/// The way from a grid to the coordinate reference system of images.
pub(super) fn projection(grid: &Grid, crs: &super::crs::Crs) -> Result<Arc<Projection>> {
    grid.crs.to(crs).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::super::crs::Crs;
    use super::*;

    fn grid(crs: &str, bounds: [f64; 4], pixel: f64) -> Grid {
        Grid::around(Crs::new(crs), bounds, [pixel, pixel], [0.0, 0.0]).unwrap()
    }

    fn mapping(grid: &Grid, crs: &str, image: Affine) -> Mapping {
        Mapping::new(grid, &projection(grid, &Crs::new(crs)).unwrap(), image, None).unwrap()
    }

    /// As of an image in degrees, of so many columns.
    fn in_degrees(grid: &Grid, crs: &str, image: Affine, columns: f64) -> Mapping {
        let longitudes = [image[0], image[0] + image[1] * columns];
        Mapping::new(grid, &projection(grid, &Crs::new(crs)).unwrap(), image, Some(longitudes)).unwrap()
    }

    #[test]
    fn an_image_on_the_grid_is_only_moved() {
        let grid = grid("EPSG:32622", [0.0, 0.0, 300.0, 300.0], 30.0);
        let mapping = mapping(&grid, "EPSG:32622", [60.0 + 1e-9, 30.0, 0.0, 240.0, 0.0, -30.0]);
        assert_eq!(mapping.pixel(2, 2), Some((0.5, 0.5)));
        let window = Window { column: 0, row: 0, width: 4, height: 10 };
        let part = mapping.part(window, [100, 3]).unwrap();
        assert_eq!((part.column, part.width, part.row, part.height), (0, 3, 0, 3), "with a neighbour");
        assert_eq!(mapping.part(Window { column: 0, width: 1, ..window }, [100, 3]), None);
        assert_eq!(mapping.scale(window), Some(1.0));
    }

    #[test]
    fn a_coarser_grid_has_several_pixels_of_the_image() {
        let grid = grid("EPSG:32622", [0.0, 0.0, 400.0, 400.0], 40.0);
        let mapping = mapping(&grid, "EPSG:32622", [0.0, 10.0, 0.0, 400.0, 0.0, -20.0]);
        assert_eq!(mapping.scale(Window { column: 0, row: 0, width: 10, height: 10 }), Some(2.0));
        assert_eq!(mapping.pixel(1, 1), Some((6.0, 3.0)));
    }

    #[test]
    fn all_pixels_of_a_window_lie_in_its_part() {
        let grid = grid("EPSG:4326", [-51.5, 0.5, -51.0, 1.0], 0.0005);
        let mapping = mapping(&grid, "EPSG:32621", [1_090_000.0, 30.0, 0.0, 120_000.0, 0.0, -30.0]);
        for (column, row) in [(0, 0), (300, 100), (800, 900)] {
            let window = Window { column, row, width: 190, height: 77 };
            let Some(part) = mapping.part(window, [4000, 4000]) else { panic!("{column} {row}") };
            for row in row..row + 77 {
                for column in column..column + 190 {
                    let (x, y) = mapping.pixel(column, row).unwrap();
                    let inside = (0.0..4000.0).contains(&x) && (0.0..4000.0).contains(&y);
                    let held = clipped(x, x, 4000)
                        .is_some_and(|(x, _)| x >= part.column && x < part.column + part.width)
                        && clipped(y, y, 4000)
                            .is_some_and(|(y, _)| y >= part.row && y < part.row + part.height);
                    assert!(!inside || held, "{column} {row}");
                }
            }
        }
    }

    /// Images of 100 pixels along one of the grid: the parts come to little more than the image, and each has no
    /// more pixels than it may.
    #[test]
    fn a_much_coarser_grid_reads_an_image_about_once() {
        let grid = grid("EPSG:4326", [-51.6, 0.1, -50.4, 1.1], 0.01);
        let mapping = mapping(&grid, "EPSG:32622", [445_000.0, 10.0, 0.0, 110_000.0, 0.0, -10.0]);
        let (image, most) = ([10_980, 10_980], 1 << 20);
        let whole = Window { column: 0, row: 0, width: grid.width, height: grid.height };
        let parts = mapping.parts(whole, image, most);
        let pixels = |window: &Window| window.width * window.height;
        assert!(parts.iter().all(|(_, needed)| pixels(needed) <= most));
        let read: u64 = parts.iter().map(|(_, needed)| pixels(needed)).sum();
        assert!(read < 2 * 10_980 * 10_980, "{read} pixels in {} parts", parts.len());
        let laid: u64 = parts.iter().map(|(part, _)| pixels(part)).sum();
        assert!(laid > 90 * 90, "{laid}");
    }

    #[test]
    fn longitudes_beyond_180_are_found() {
        let utm = grid("EPSG:32601", [400_000.0, 0.0, 500_000.0, 10_000.0], 1000.0);
        let far = in_degrees(&utm, "EPSG:4326", [170.0, 0.1, 0.0, 10.0, 0.0, -0.1], 200.0);
        let (column, row) = far.pixel(50, 5).unwrap();
        let degrees = utm.crs.to(&Crs::degrees()).unwrap().position(450_500.0, 4_500.0).unwrap();
        assert!((column - (degrees.0 + 360.0 - 170.0) / 0.1).abs() < 1e-6 && (row - 99.6).abs() < 0.1);
        assert!((far.part(Window { column: 0, row: 0, width: 100, height: 10 }, [200, 200]).is_some()));
        let round = [0.0, 1.0, 0.0, 90.0, 0.0, -1.0];
        let west =
            in_degrees(&grid("EPSG:4326", [-120.0, 0.0, -100.0, 10.0], 1.0), "EPSG:4326", round, 360.0);
        assert_eq!(west.pixel(0, 0), Some((240.5, 80.5)), "moved by whole pixels, as in a grid of its own");
        assert!(west.direct.is_some());
        let both = in_degrees(&grid("EPSG:4326", [-180.0, 0.0, 180.0, 10.0], 1.0), "EPSG:4326", round, 360.0);
        let at = |column| both.pixel(column, 0).unwrap().0;
        assert!(
            (at(0) - 180.5).abs() < 1e-9 && (at(359) - 179.5).abs() < 1e-9 && (at(180) - 0.5).abs() < 1e-9
        );
        for (longitude, counted) in
            [(180.0, -180.0), (180.0 - 3e-14, -180.0), (-180.0, -180.0), (190.0, -170.0)]
        {
            assert!((counted_from(-180.0, longitude) - counted).abs() < 1e-12, "{longitude}");
        }
        assert!((counted_from(0.0, -0.5) - 359.5).abs() < 1e-12);
        assert_eq!(turns([170.0, 190.0], [-180.0, 180.0]), [0.0, -360.0]);
        assert_eq!(turns([-60.0, -50.0], [0.0, 360.0]), [360.0]);
    }

    /// Around the pole an image in degrees is needed with all its columns, also those between the positions
    /// that are computed.
    #[test]
    fn all_pixels_around_a_pole_lie_in_the_part() {
        let polar = grid("EPSG:3413", [-120_000.0, -4_840_000.0, 4_880_000.0, 160_000.0], 10_000.0);
        let mapping = in_degrees(&polar, "EPSG:4326", [-180.0, 0.05, 0.0, 90.0, 0.0, -0.05], 7200.0);
        let window = Window { column: 0, row: 0, width: polar.width, height: polar.height };
        let part = mapping.part(window, [7200, 3600]).unwrap();
        assert_eq!((part.column, part.width, part.row), (0, 7200, 0));
        // A degree of latitude is 111 km, and so 10 km are 1.8 pixels.
        for (column, row, size) in [(7, 11, 10), (7, 11, 11), (5, 5, 12), (100, 300, 10)] {
            let scale = mapping.scale(Window { column, row, width: size, height: size }).unwrap();
            assert!((1.0..2.0).contains(&scale), "{scale} at {column} {row}");
        }
    }
}
