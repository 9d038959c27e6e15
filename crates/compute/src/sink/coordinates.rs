//! What the file of a variable says, for a result of it: attributes, and the coordinates along its dimensions.

use frazil_data::dataset::{Attribute, DataType, Dataset, Extent, Selection, Values, Variable};

use super::{Contents, Coordinate};
use crate::error::Result;
use crate::expression::{Expression, Span};
use crate::source::{Source, Stored, element, unread};

/// What names other variables, which are not written.
const REFERRING: [&str; 9] = [
    "coordinates",
    "bounds",
    "climatology",
    "geometry",
    "grid_mapping",
    "ancillary_variables",
    "cell_measures",
    "formula_terms",
    "_ChunkSizes",
];

/// What stands for missing numbers, of which a mean is none.
const MISSING: [&str; 2] = ["_FillValue", "missing_value"];

impl Contents {
    /// As [`Self::of`], with the attributes of the stored variable and of its file, and with coordinates: for each
    /// dimension the variable of its name beside it, of the part that is read. Of windows that become one element,
    /// coordinates become their mean, as with `coarsen` of xarray. Attributes that name other variables are left
    /// out.
    ///
    /// # Errors
    /// As [`Self::of`]; what keeps coordinates from being read.
    pub async fn of_stored(expression: &Expression, stored: &Stored) -> Result<Self> {
        let (dataset, path) = stored.origin();
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let failed = |error| unread(stored.called(), error);
        let group = dataset.group(&format!("/{above}"), false).await.map_err(failed)?;
        let said = group.variable(name).map(|variable| own(&variable.attributes)).unwrap_or_default();
        let mut contents = Self::of(expression)?.with_attributes(said).with_global(own(&group.attributes));
        for (axis, dimension) in expression.dimensions().iter().enumerate() {
            let along = group.variable(&dimension.name).filter(|variable| {
                variable.dimensions == [dimension.name.clone()] && element(&variable.data_type).is_some()
            });
            if let Some(variable) = along
                && dimension.name != name
            {
                let (part, window) = (expression.part()[axis], expression.window(axis));
                let path = format!("{above}/{}", variable.name);
                let values = read(dataset, &path, part, window).await.map_err(failed)?;
                contents = contents.with_coordinate(coordinate(variable, values, window))?;
            }
        }
        Ok(contents)
    }
}

/// Attributes that name no other variable.
fn own(said: &[Attribute]) -> Vec<Attribute> {
    said.iter().filter(|attribute| !REFERRING.contains(&attribute.name.as_str())).cloned().collect()
}

/// The numbers of a part of a coordinate; the means of its windows.
async fn read(dataset: &dyn Dataset, path: &str, part: Span, window: u64) -> frazil_data::Result<Values> {
    let extent = Extent { start: part.start, count: part.count, step: 1 };
    let values = dataset.read(path, &Selection::Box(vec![extent])).await?;
    let long = usize::try_from(window).unwrap_or(usize::MAX);
    match values.as_f64() {
        Some(numbers) if window > 1 => {
            #[expect(clippy::cast_precision_loss, reason = "windows are short")]
            let means = numbers.chunks_exact(long).map(|all| all.iter().sum::<f64>() / window as f64);
            let means: Vec<f64> = means.collect();
            Ok(Values::numbers(DataType::F64, vec![means.len() as u64], &means))
        }
        _ => Ok(values),
    }
}

fn coordinate(variable: &Variable, values: Values, window: u64) -> Coordinate {
    let mut attributes = own(&variable.attributes);
    attributes.retain(|attribute| window == 1 || !MISSING.contains(&attribute.name.as_str()));
    Coordinate { name: variable.name.clone(), dimensions: variable.dimensions.clone(), values, attributes }
}
