//! From pixels of a grid to pixels of an image.

use std::sync::Arc;

use super::crs::Projection;
use super::grid::{Affine, Grid, Window, after, apply, inverse};
use crate::error::Result;

/// Between positions that are computed to find the part of an image that is needed, in pixels of the grid.
const STEP: u64 = 8;

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
}

impl Mapping {
    /// To an image with this transform; none for one without an area.
    pub(super) fn new(grid: &Grid, projection: &Arc<Projection>, image: Affine) -> Option<Self> {
        let (own, back) = (grid.affine(), inverse(image)?);
        let is_direct = matches!(**projection, Projection::Same);
        let direct = is_direct.then(|| snapped(after(own, back), grid));
        Some(Self { grid: own, projection: Arc::clone(projection), back, direct })
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
        Some(apply(self.back, x, y))
    }

    /// How many pixels of the image lie along a pixel of the grid in the middle of a window, along the side
    /// where there are fewest.
    pub(super) fn scale(&self, window: Window) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "grids have fewer than 2^53 columns")]
        let middle = |from: u64, count: u64| from as f64 + count as f64 / 2.0;
        let (column, row) = (middle(window.column, window.width), middle(window.row, window.height));
        let here = self.at(column, row)?;
        let far = |there: (f64, f64)| (there.0 - here.0).hypot(there.1 - here.1);
        Some(far(self.at(column + 1.0, row)?).min(far(self.at(column, row + 1.0)?)))
    }

    /// The part of an image of so many columns and rows that pixels of a window lie in, with their neighbours;
    /// none where they lie beside it.
    pub(super) fn part(&self, window: Window, [width, height]: [u64; 2]) -> Option<Window> {
        let (step, around) = match (self.direct, self.scale(window)) {
            (Some(_), _) => (u64::MAX, 1.0),
            // Between computed positions others may lie a little further out.
            (None, scale) => (STEP, (scale.unwrap_or(1.0) * 8.0).ceil() + 2.0),
        };
        let positions = along(window.row, window.height, step).into_iter().flat_map(|row| {
            along(window.column, window.width, step).into_iter().map(move |column| (column, row))
        });
        let found = positions.filter_map(|(column, row)| self.pixel(column, row));
        let [left, top, right, bottom] = found.map(|(x, y)| [x, y, x, y]).reduce(super::crs::around)?;
        let (column, width) = clipped(left - around, right + around, width)?;
        let (row, height) = clipped(top - around, bottom + around, height)?;
        Some(Window { column, row, width, height })
    }
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
        Mapping::new(grid, &projection(grid, &Crs::new(crs)).unwrap(), image).unwrap()
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
}
