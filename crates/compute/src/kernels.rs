//! Pure functions over slices. Loops over whole rows are compiled for several instruction sets, and the one
//! that the machine has is chosen when they are called; the answer is the same with all of them.

mod anomaly;
mod area;
mod around;
mod bins;
mod count;
mod fold;
mod labels;
mod moments;
mod quantile;
mod rolling;

pub use anomaly::subtract;
pub use area::area_weights;
pub(crate) use around::Around;
pub use bins::{Bins, join, slots};
pub use count::{Tally, count, count_across, count_into, weigh_across, weigh_into};
pub use fold::{Accumulator, Fold, Folding, Missing, fold};
pub use labels::{Labels, NO_GROUP, Part, Period, Stamp, group, resample};
pub(crate) use moments::as_f64;
pub use moments::{
    Moments, add_across, divide, divide_by, largest, largest_across, least, least_across, moments_across,
    sum, sum_across, weighted_sum, weighted_sum_across,
};
pub use quantile::{median, quantile};
pub use rolling::{Rolling, Steps, Window, rolling};
