//! Grids of pixels on the Earth, and affine transforms.

use serde::{Deserialize, Serialize};

use super::crs::Crs;
use crate::error::{Error, Result};

/// An affine transform from columns and rows of pixels to x and y, in GDAL's order: x of the upper left
/// corner, x for a column, x for a row; the same for y.
pub type Affine = [f64; 6];

/// Most pixels along a side: far more than the Earth has at a resolution of a centimetre.
const MOST: f64 = 4e9;

/// How far from an edge, in pixels, bounds may lie to be taken as on it.
const NEAR: f64 = 1e-6;

/// Pixels in columns and rows, upright, the first row on top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// What x and y are.
    pub crs: Crs,
    /// x of the left edge and y of the top edge.
    pub corner: [f64; 2],
    /// Width and height of a pixel, in the units of x and y; both are greater than zero.
    pub pixel: [f64; 2],
    /// Columns.
    pub width: u64,
    /// Rows.
    pub height: u64,
}

impl Grid {
    /// The grid around bounds (least x, least y, greatest x, greatest y) whose pixels have an edge at an
    /// anchor, or would have it if the grid went so far.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bounds or pixels that are none.
    pub fn around(crs: Crs, bounds: [f64; 4], pixel: [f64; 2], anchor: [f64; 2]) -> Result<Self> {
        let is_fine = pixel.iter().all(|side| side.is_finite() && *side > 0.0)
            && bounds.iter().chain(&anchor).all(|number| number.is_finite())
            && bounds[0] < bounds[2]
            && bounds[1] < bounds[3];
        let first = |from: f64, anchor: f64, side: f64| ((from - anchor) / side + NEAR).floor();
        let last = |to: f64, anchor: f64, side: f64| ((to - anchor) / side - NEAR).ceil();
        let (left, right) = (first(bounds[0], anchor[0], pixel[0]), last(bounds[2], anchor[0], pixel[0]));
        let (bottom, top) = (first(bounds[1], anchor[1], pixel[1]), last(bounds[3], anchor[1], pixel[1]));
        let (width, height) = ((right - left).max(1.0), (top - bottom).max(1.0));
        if !is_fine || width > MOST || height > MOST {
            return Err(Error::Invalid {
                what: format!("bounds of {bounds:?} with pixels of {pixel:?} are no grid"),
                advice: "give a resolution in the units of the coordinate reference system, and bounds in it"
                    .to_owned(),
            });
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are checked above")]
        let (width, height) = (width as u64, height as u64);
        let corner = [anchor[0] + left * pixel[0], anchor[1] + top * pixel[1]];
        Ok(Self { crs, corner, pixel, width, height })
    }

    /// From columns and rows to x and y.
    pub fn affine(&self) -> Affine {
        [self.corner[0], self.pixel[0], 0.0, self.corner[1], 0.0, -self.pixel[1]]
    }

    /// Least x, least y, greatest x, greatest y.
    pub fn bounds(&self) -> [f64; 4] {
        bounds_of(self.affine(), self.width, self.height)
    }
}

/// The x and y of a column and a row.
pub(super) fn apply([x, xc, xr, y, yc, yr]: Affine, column: f64, row: f64) -> (f64, f64) {
    (x + xc * column + xr * row, y + yc * column + yr * row)
}

/// From x and y to columns and rows; none for pixels without an area.
pub(super) fn inverse([x, xc, xr, y, yc, yr]: Affine) -> Option<Affine> {
    let area = xc * yr - xr * yc;
    let found =
        [(xr * y - yr * x) / area, yr / area, -xr / area, (yc * x - xc * y) / area, -yc / area, xc / area];
    found.iter().all(|number| number.is_finite()).then_some(found)
}

/// One transform after another: `first`, then `then`.
pub(super) fn after(first: Affine, then: Affine) -> Affine {
    let [x, xc, xr, y, yc, yr] = first;
    let [u, ux, uy, v, vx, vy] = then;
    [
        u + ux * x + uy * y,
        ux * xc + uy * yc,
        ux * xr + uy * yr,
        v + vx * x + vy * y,
        vx * xc + vy * yc,
        vx * xr + vy * yr,
    ]
}

/// The bounds of an image of so many columns and rows.
#[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^53 columns")]
pub(super) fn bounds_of(affine: Affine, width: u64, height: u64) -> [f64; 4] {
    let (width, height) = (width as f64, height as f64);
    let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)];
    let corners = corners.map(|(column, row)| apply(affine, column, row));
    corners.map(|(x, y)| [x, y, x, y]).into_iter().reduce(super::crs::around).unwrap_or_default()
}

/// Columns and rows that belong together: the first of each and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first column.
    pub column: u64,
    /// The first row.
    pub row: u64,
    /// How many columns.
    pub width: u64,
    /// How many rows.
    pub height: u64,
}

impl Window {
    /// Two halves across the longer side; none for a single pixel.
    pub(super) fn halves(self) -> Option<[Self; 2]> {
        let Self { column, row, width, height } = self;
        if width.max(height) < 2 {
            return None;
        }
        Some(if width >= height {
            let half = width / 2;
            [Self { width: half, ..self }, Self { column: column + half, width: width - half, ..self }]
        } else {
            let half = height / 2;
            [Self { height: half, ..self }, Self { row: row + half, height: height - half, ..self }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(bounds: [f64; 4], pixel: f64, anchor: [f64; 2]) -> Grid {
        Grid::around(Crs::new("EPSG:32622"), bounds, [pixel, pixel], anchor).unwrap()
    }

    #[test]
    fn pixels_have_edges_at_the_anchor() {
        let found = grid([100.0, 200.0, 190.0, 290.0], 30.0, [15.0, 15.0]);
        assert_eq!((found.corner, found.width, found.height), ([75.0, 315.0], 4, 4));
        let found = grid([75.0, 195.0, 195.0, 315.0], 30.0, [15.0, 15.0]);
        assert_eq!(
            (found.corner, found.width, found.height),
            ([75.0, 315.0], 4, 4),
            "what fits is not widened"
        );
        assert_eq!(found.bounds().to_vec(), [75.0, 195.0, 195.0, 315.0]);
        assert_eq!(grid([0.3 * 3.0, 0.0, 1.2, 0.3], 0.3, [0.0, 0.0]).width, 1, "nor by rounding");
        assert_eq!(grid([1.0, 1.0, 1.1, 1.1], 10.0, [0.0, 0.0]).width, 1, "less than a pixel is one");
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let crs = Crs::new("EPSG:4326");
        for (bounds, pixel) in [
            ([0.0, 0.0, 1.0, 1.0], 0.0),
            ([0.0, 0.0, 1.0, 1.0], -1.0),
            ([0.0, 0.0, 1.0, 1.0], f64::NAN),
            ([1.0, 0.0, 0.0, 1.0], 0.1),
            ([0.0, 0.0, f64::INFINITY, 1.0], 0.1),
            ([0.0, 0.0, 1.0, 1.0], 1e-12),
        ] {
            assert!(
                Grid::around(crs.clone(), bounds, [pixel, pixel], [0.0; 2]).is_err(),
                "{bounds:?} {pixel}"
            );
        }
    }

    #[test]
    fn transforms_are_turned_round_and_joined() {
        let turned = [100.0, 2.0, 1.0, 50.0, 0.5, -3.0];
        let back = inverse(turned).unwrap();
        let (x, y) = apply(turned, 7.0, 11.0);
        let (column, row) = apply(back, x, y);
        assert!((column - 7.0).abs() < 1e-9 && (row - 11.0).abs() < 1e-9);
        let same = apply(after(turned, back), 3.0, 4.0);
        assert!((same.0 - 3.0).abs() < 1e-9 && (same.1 - 4.0).abs() < 1e-9);
        assert_eq!(inverse([0.0; 6]), None);
    }

    #[test]
    fn windows_are_halved_to_single_pixels() {
        let window = Window { column: 3, row: 5, width: 5, height: 2 };
        let [left, right] = window.halves().unwrap();
        assert_eq!((left.column, left.width, right.column, right.width), (3, 2, 5, 3));
        assert_eq!(Window { width: 1, height: 1, ..window }.halves(), None);
        assert_eq!(Window { width: 1, height: 3, ..window }.halves().unwrap()[1].row, 6);
    }
}
