//! What is done to an array, as Python says it.

use frazil_compute::expression::{Condition, Expression, Map, Test};
use frazil_compute::kernels::{Fold, Folding, Missing, Rolling, Window};
use frazil_compute::state::{Edges, Extreme, Groups, Measure, Share, Spread, Total, Weighing, Weights};
use pyo3::prelude::*;

use super::failures::computed;
use crate::error::invalid;

/// Something that is done. Each has a form of its own, by which it is known.
#[derive(FromPyObject)]
pub(super) enum Step {
    /// Each element becomes another, by the name of a function.
    Map(String),
    /// A dimension, the first element and how many.
    Slice(String, u64, u64),
    /// A measure, and along which dimensions.
    Reduce(Measured, Vec<String>),
    /// Elements are missing where a comparison with a number does not hold.
    Where(String, f64),
    /// Each element times a number plus another.
    Linear(f64, f64),
    /// Windows that move: the `sum`, `mean`, `min`, `max` or `std` of each, the last with so many degrees of freedom taken
    /// from the count; a dimension; and of a window its elements, how many numbers have to be there, and whether its own
    /// element is in its middle.
    Roll((String, u64), String, (usize, usize, bool)),
    /// What values differ by from the mean of their group: a dimension, how many groups it has, and the group of each
    /// element.
    Differ(String, u32, Vec<u32>),
    /// A measure, a dimension, how many groups it has, and the group of each element.
    Group(Measured, String, u32, Vec<u32>),
    /// The `sum`, `mean`, `min` or `max` of so many elements along a dimension, without what is missing.
    Coarsen(String, String, u64),
}

impl Step {
    /// An expression with the step behind it.
    pub(super) fn applied(self, py: Python<'_>, to: Expression) -> PyResult<Expression> {
        let done = match self {
            Self::Map(name) => to.map(map(py, &name)?),
            Self::Linear(factor, term) => to.map(Map::Linear { factor, term }),
            Self::Where(sign, with) => to.masked(Condition { test: test(py, &sign)?, with }),
            Self::Slice(dimension, start, count) => to.slice(&dimension, start, count),
            Self::Reduce(measure, dimensions) => {
                let dimensions: Vec<&str> = dimensions.iter().map(String::as_str).collect();
                let measure = measure.measure(py, &to)?;
                to.reduce(&dimensions, measure)
            }
            Self::Group(measure, dimension, count, labels) => {
                let measure = measure.measure(py, &to)?;
                to.group(&dimension, Groups { count, labels }, measure)
            }
            Self::Coarsen(name, dimension, window) => {
                let folding = Folding { fold: fold(py, &name)?, missing: Missing::LeftOut };
                to.coarsen(&dimension, window, folding)
            }
            Self::Differ(dimension, count, labels) => to.anomaly(&dimension, Groups { count, labels }),
            Self::Roll((what, freedom), dimension, (length, least, is_centred)) => {
                let what = rolling(py, &what, freedom)?;
                let window = computed(py, Window::new(length))?.with_least(least);
                to.rolling(&dimension, if is_centred { window.centred() } else { window }, what)
            }
        };
        computed(py, done)
    }
}

/// A function of an element, by its name in numpy.
fn map(py: Python<'_>, name: &str) -> PyResult<Map> {
    Ok(match name {
        "abs" => Map::Absolute,
        "square" => Map::Square,
        "sqrt" => Map::SquareRoot,
        "exp" => Map::Exponential,
        "log" => Map::Logarithm,
        "log10" => Map::Logarithm10,
        other => {
            let advice = "say `abs`, `square`, `sqrt`, `exp`, `log` or `log10`";
            return Err(invalid(py, format!("elements have no `{other}`"), advice));
        }
    })
}

/// A comparison, as Python writes it.
fn test(py: Python<'_>, sign: &str) -> PyResult<Test> {
    Ok(match sign {
        "<" => Test::Less,
        "<=" => Test::AtMost,
        ">" => Test::Greater,
        ">=" => Test::AtLeast,
        "==" => Test::Equal,
        "!=" => Test::NotEqual,
        other => {
            let advice = "say `<`, `<=`, `>`, `>=`, `==` or `!=`";
            return Err(invalid(py, format!("`{other}` compares nothing"), advice));
        }
    })
}

/// What becomes of elements that are joined, by its name.
fn fold(py: Python<'_>, name: &str) -> PyResult<Fold> {
    Ok(match name {
        "sum" => Fold::Sum,
        "mean" => Fold::Mean,
        "min" => Fold::Least,
        "max" => Fold::Largest,
        other => {
            let advice = "say `sum`, `mean`, `min` or `max`";
            return Err(invalid(py, format!("elements are not joined by `{other}`"), advice));
        }
    })
}

/// What is wanted of windows, by its name.
fn rolling(py: Python<'_>, name: &str, freedom: u64) -> PyResult<Rolling> {
    Ok(match name {
        "sum" => Rolling::Sum,
        "mean" => Rolling::Mean,
        "min" => Rolling::Least,
        "max" => Rolling::Largest,
        "std" => Rolling::Deviation(freedom),
        other => {
            let advice = "say `sum`, `mean`, `min`, `max` or `std`";
            return Err(invalid(py, format!("windows have no `{other}`"), advice));
        }
    })
}

/// What is reduced to a cell, as Python says it.
#[derive(FromPyObject)]
pub(super) enum Measured {
    /// By its name alone.
    Named(String),
    /// How far values spread, with degrees of freedom taken from their count.
    Spread(String, u64),
    /// By its name, with numbers: a share, or edges.
    With(String, Vec<f64>),
    /// With edges, and edges for what lies beside the values.
    Joint(String, Vec<f64>, Vec<f64>),
    /// A mean: the weights of the elements along a dimension, and the dimension.
    Weighted(String, Vec<f64>, String),
    /// With edges, the weights of the elements along a dimension, and the dimension.
    Weighed(String, Vec<f64>, Vec<f64>, String),
}

impl Measured {
    fn measure(self, py: Python<'_>, of: &Expression) -> PyResult<Measure> {
        let edges = |edges: Vec<f64>| computed(py, Edges::new(edges));
        let (name, numbers) = match self {
            Self::Weighted(name, along, dimension) if name == "mean" => {
                return Ok(Measure::WeightedMean(weights(py, of, along, &dimension)?));
            }
            Self::Weighed(name, bins, along, dimension) if name == "histogram" => {
                let weighing = Weighing::Along(weights(py, of, along, &dimension)?);
                return Ok(Measure::WeightedHistogram(edges(bins)?, weighing));
            }
            Self::Joint(name, bins, others) if name == "joint" => {
                return Ok(Measure::Joint(edges(bins)?, edges(others)?));
            }
            Self::Spread(name, freedom) if name == "var" => {
                return Ok(Measure::Spread(Spread::Variance(freedom)));
            }
            Self::Spread(name, freedom) if name == "std" => {
                return Ok(Measure::Spread(Spread::Deviation(freedom)));
            }
            Self::Named(name) | Self::Spread(name, _) => (name, Vec::new()),
            Self::With(name, numbers)
            | Self::Weighted(name, numbers, _)
            | Self::Joint(name, numbers, _)
            | Self::Weighed(name, numbers, ..) => (name, numbers),
        };
        Ok(match (name.as_str(), numbers.as_slice()) {
            ("sum", []) => Measure::Total(Total::Sum),
            ("mean", []) => Measure::Total(Total::Mean),
            ("count", []) => Measure::Total(Total::Count),
            ("min", []) => Measure::Extreme(Extreme::Least),
            ("max", []) => Measure::Extreme(Extreme::Largest),
            ("histogram", _) => Measure::Histogram(edges(numbers)?),
            ("weighted", _) => Measure::WeightedHistogram(edges(numbers)?, Weighing::Beside),
            ("quantile", [share]) => Measure::Quantile(computed(py, Share::new(*share))?),
            _ => {
                let what = format!("there is no measure `{name}` of {} numbers", numbers.len());
                return Err(invalid(
                    py,
                    what,
                    "say `sum`, `mean`, `count`, `min`, `max`, `histogram` or `quantile`",
                ));
            }
        })
    }
}

/// The weights of the elements along a dimension of an array.
fn weights(py: Python<'_>, of: &Expression, along: Vec<f64>, dimension: &str) -> PyResult<Weights> {
    let axis = of.array().dimensions().iter().position(|one| one.name == dimension);
    let axis = axis.ok_or_else(|| {
        let what = format!("`{}` has no dimension `{dimension}`", of.array().name());
        invalid(py, what, "give weights along one of its dimensions")
    })?;
    computed(py, Weights::new(axis, along))
}
