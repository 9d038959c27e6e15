//! Arrays that something is computed of, as Python gives them.

use std::collections::BTreeMap;
use std::sync::Arc;

use frazil_compute::block::{Element, ElementType};
use frazil_compute::expression::{Array, Expression, Span};
use frazil_compute::source::{Absent, Band, Computed, Joined, Memory, Patch, Source as Values, Stored};
use frazil_compute::{Cancellation, Error};
use numpy::PyReadonlyArrayDyn;
use pyo3::prelude::*;

use super::failures::computed;
use crate::cube::Cube;
use crate::error::invalid;
use crate::runtime::wait;
use crate::source::Source;

/// A dimension: what it is called, the first element and how many.
type Along = (String, u64, u64);

/// A variable, by where it is and its path; whether its numbers are unpacked; and of each of its dimensions the first element
/// and how many.
type Granule = (Py<Source>, String, bool, Vec<(u64, u64)>);

/// The same of a variable that may be read elsewhere: then there is no source. What it is was told by who has it (see
/// [`Known::told`]).
type Distant = (Option<Py<Source>>, String, Vec<u8>, Vec<(u64, u64)>);

/// An array.
#[derive(FromPyObject)]
pub(super) enum Given {
    /// In memory: its name, its dimensions with their lengths, numpy's name of its type, and the bytes of a copy of it that is
    /// made before the run.
    Memory(String, Vec<(String, u64)>, String, u64),
    /// A variable of a file or store, by its path; under which name; of each of its dimensions what is taken; and whether its
    /// numbers are unpacked.
    Stored(Py<Source>, String, String, Vec<Along>, bool),
    /// Variables that follow each other along a dimension, by the number of it; under which name; and what is taken of all of
    /// them together.
    Joined(usize, Vec<Granule>, String, Vec<Along>),
    /// The same of variables of which some are read elsewhere.
    Distant(usize, Vec<Distant>, Vec<Along>),
    /// A band of a cube as its images have it; under which name; and what is taken of time, y and x.
    Band(Py<Cube>, String, String, Vec<Along>),
}

/// What is done with values; it may be done again.
type Work<'a, R> = &'a dyn Fn(&dyn Values) -> PyResult<Result<R, Error>>;

/// An array of which all is known but its values.
pub(super) struct Known {
    array: Array,
    part: Vec<Along>,
    held: Held,
}

/// Where values are.
enum Held {
    /// In memory: they are given to the run, and so many bytes are copied before it.
    Memory(u64),
    Stored(Py<Source>, String, Stored),
    /// With the dimension along which they follow each other.
    Joined(Vec<Member>, String),
    Band(Py<Cube>, usize, Band),
}

/// One of variables that follow each other.
struct Member {
    /// Where it is, and its path there; none where it is read elsewhere.
    source: Option<(Py<Source>, String)>,
    taken: Vec<(u64, u64)>,
    found: Found,
    part: Expression,
}

/// What is known of a variable.
#[derive(Clone)]
enum Found {
    Here(Stored),
    Elsewhere(Absent),
}

impl Given {
    /// Looks where it is stored what it is.
    pub(super) fn known(self, py: Python<'_>) -> PyResult<Known> {
        match self {
            Self::Memory(name, dimensions, dtype, copied) => {
                let named: Vec<_> =
                    dimensions.iter().map(|(name, length)| (name.as_str(), *length)).collect();
                let array = computed(py, Array::new(name, &named, element(py, &dtype)?, None))?;
                Ok(Known { array, part: Vec::new(), held: Held::Memory(copied) })
            }
            Self::Stored(source, path, name, part, is_unpacked) => {
                let found = computed(py, stored(py, source.get(), &path)?)?;
                let array = computed(py, named(found.array(), &name, &part, is_unpacked))?;
                let values = computed(py, found.described(array.clone()))?;
                Ok(Known { array, part, held: Held::Stored(source, path, values) })
            }
            Self::Joined(axis, granules, name, part) => {
                let members = granules.into_iter().map(|granule| Member::here(py, granule, &name, &part));
                let members = members.collect::<PyResult<Vec<_>>>()?;
                Known::joined(py, members, axis, part)
            }
            Self::Distant(axis, granules, part) => {
                let members = granules.into_iter().map(|granule| Member::distant(py, granule, &part));
                let members = members.collect::<PyResult<Vec<_>>>()?;
                Known::joined(py, members, axis, part)
            }
            Self::Band(cube, band, name, part) => {
                let (number, found) = cube.get().band(py, &band)?;
                let array = computed(py, named(found.array(), &name, &part, false))?;
                let values = computed(py, found.described(array.clone()))?;
                Ok(Known { array, part, held: Held::Band(cube, number, values) })
            }
        }
    }
}

impl Member {
    fn here(
        py: Python<'_>,
        (source, path, is_unpacked, taken): Granule,
        name: &str,
        along: &[Along],
    ) -> PyResult<Self> {
        let found = computed(py, stored(py, source.get(), &path)?)?;
        let array = computed(py, named(found.array(), name, along, is_unpacked))?;
        let found = Found::Here(computed(py, found.described(array))?);
        Self::of(py, Some((source, path)), taken, found, along)
    }

    fn distant(py: Python<'_>, (source, path, told, taken): Distant, along: &[Along]) -> PyResult<Self> {
        let absent = computed(py, Absent::from_bytes(&told))?;
        let Some(source) = source else { return Self::of(py, None, taken, Found::Elsewhere(absent), along) };
        let found = computed(py, stored(py, source.get(), &path)?)?;
        // Where it is no longer what it was, it is refused.
        let found = Found::Here(computed(py, found.described(absent.array().clone()))?);
        Self::of(py, Some((source, path)), taken, found, along)
    }

    fn of(
        py: Python<'_>,
        source: Option<(Py<Source>, String)>,
        taken: Vec<(u64, u64)>,
        found: Found,
        along: &[Along],
    ) -> PyResult<Self> {
        let mut part = Expression::of(found.array().clone());
        for ((name, ..), (start, count)) in along.iter().zip(&taken) {
            part = computed(py, part.slice(name, *start, *count))?;
        }
        Ok(Self { source, taken, found, part })
    }
}

impl Found {
    fn array(&self) -> &Array {
        match self {
            Self::Here(stored) => stored.array(),
            Self::Elsewhere(absent) => absent.array(),
        }
    }

    fn ended_by(self, cancellation: &Cancellation) -> Self {
        match self {
            Self::Here(stored) => Self::Here(stored.ended_by(cancellation)),
            elsewhere @ Self::Elsewhere(_) => elsewhere,
        }
    }

    /// A part of it: as it is stored if all of it `is_plain`, else as what it is then.
    fn part(self, part: Expression, is_plain: bool) -> Result<Box<dyn Values>, Error> {
        Ok(match (self, is_plain) {
            (Self::Here(stored), true) => Box::new(stored),
            (Self::Here(stored), false) => Box::new(Computed::new(stored, part)?),
            (Self::Elsewhere(absent), true) => Box::new(absent),
            (Self::Elsewhere(absent), false) => Box::new(Computed::new(absent, part)?),
        })
    }
}

impl Known {
    fn joined(py: Python<'_>, members: Vec<Member>, axis: usize, part: Vec<Along>) -> PyResult<Self> {
        let dimension = part.get(axis).map(|(name, ..)| name.as_str()).unwrap_or_default().to_owned();
        let array = computed(py, joined(&members, &dimension, None))?.array().clone();
        Ok(Self { array, part, held: Held::Joined(members, dimension) })
    }

    /// What each of variables that follow each other is, as bytes; nothing of anything else.
    pub(super) fn told(&self, py: Python<'_>) -> PyResult<Vec<Vec<u8>>> {
        let Held::Joined(members, _) = &self.held else { return Ok(Vec::new()) };
        members.iter().map(|member| computed(py, Absent::tell(member.found.array()))).collect()
    }

    /// The part that is taken of it.
    pub(super) fn expression(&self, py: Python<'_>) -> PyResult<Expression> {
        self.part.iter().try_fold(Expression::of(self.array.clone()), |taken, (name, start, count)| {
            computed(py, taken.slice(name, *start, *count))
        })
    }

    /// Bytes that are copied before the run.
    pub(super) fn copied(&self) -> u64 {
        match self.held {
            Held::Memory(copied) => copied,
            Held::Stored(..) | Held::Joined(..) | Held::Band(..) => 0,
        }
    }

    /// Takes its values to what is done with them: those that are given, or those where it is stored, for which nobody waits
    /// once it is cancelled. Where the login has ended that it was opened by, once more by the one that is found now.
    pub(super) fn with<R>(
        &self,
        py: Python<'_>,
        values: Option<&Bound<'_, PyAny>>,
        cancellation: &Cancellation,
        then: Work<'_, R>,
    ) -> PyResult<Result<R, Error>> {
        match (&self.held, values) {
            (Held::Stored(source, path, found), _) => {
                let source = source.get();
                let extents = self.part.iter().map(|(_, start, count)| (*start, *count, 1)).collect();
                source.warn_of_costs(py, path, Some(extents))?;
                match then(&found.clone().ended_by(cancellation))? {
                    Err(error) if is_opened_again(py, source, &error)? => {
                        match stored(py, source, path)?.and_then(|again| again.described(self.array.clone()))
                        {
                            Ok(again) => then(&again.ended_by(cancellation)),
                            Err(error) => Ok(Err(error)),
                        }
                    }
                    done => Ok(done),
                }
            }
            (Held::Joined(members, dimension), _) => {
                let found = computed(py, joined(members, dimension, Some(cancellation)))?;
                self.warn_of_costs(py, members, &found)?;
                then(&found)
            }
            (Held::Band(cube, number, found), _) => {
                let (planes, window) = planes(&self.part, *number);
                cube.get().warn_of_costs(py, &planes, window)?;
                let done = then(&found.clone().ended_by(cancellation))?;
                if done.is_err() {
                    // Images that changed are opened anew by the next call.
                    cube.get().give_up(py, &planes, window)?;
                }
                Ok(done)
            }
            (Held::Memory(_), Some(values)) => in_memory(&self.array, values, then),
            (Held::Memory(_), None) => {
                Err(invalid(py, "there are no values to run over", "give the array's values"))
            }
        }
    }

    /// Takes the values of one box of it, which are in memory, to what is done with them.
    pub(super) fn with_box<R>(
        &self,
        py: Python<'_>,
        values: &Bound<'_, PyAny>,
        only: &[Span],
        then: Work<'_, R>,
    ) -> PyResult<Result<R, Error>> {
        let lengths = self.array.dimensions().iter().zip(only);
        let lengths: Vec<_> = lengths.map(|(one, span)| (one.name.as_str(), span.count)).collect();
        let own = computed(py, Array::new(self.array.name(), &lengths, self.array.element(), None))?;
        let first: Vec<u64> = only.iter().map(|span| span.start).collect();
        in_memory(&own, values, &|memory| match Patch::new(self.array.clone(), first.clone(), memory) {
            Ok(patch) => then(&patch),
            Err(error) => Ok(Err(error)),
        })
    }

    /// How many variables it is.
    pub(super) fn count(&self) -> usize {
        if let Held::Joined(members, _) = &self.held { members.len() } else { 1 }
    }

    /// The bytes that are read of boxes of it, by where they lie: of variables that follow each other the number of each.
    /// A list of boxes at a time.
    pub(super) fn read_of<I: Iterator<Item = Vec<Span>>>(
        &self,
        py: Python<'_>,
        all: impl Iterator<Item = I>,
    ) -> PyResult<Vec<BTreeMap<usize, u64>>> {
        let size = self.array.element().size() as u64;
        let bytes = |part: &[Span]| part.iter().map(|span| span.count).fold(size, u64::saturating_mul);
        let joined = match &self.held {
            Held::Joined(members, dimension) => Some(computed(py, joined(members, dimension, None))?),
            _ => None,
        };
        let of = |boxes: I| {
            let mut read = BTreeMap::new();
            for part in boxes {
                let parts = match &joined {
                    Some(joined) => computed(py, joined.parts(&part))?,
                    None => vec![(0, part)],
                };
                for (number, part) in parts {
                    *read.entry(number).or_default() += bytes(&part);
                }
            }
            Ok(read)
        };
        all.map(of).collect()
    }

    /// Tells what it will cost to read what is taken of variables that follow each other, where prices are known.
    fn warn_of_costs(&self, py: Python<'_>, members: &[Member], found: &Joined<'_>) -> PyResult<()> {
        let part: Vec<Span> = self.part.iter().map(|(_, start, count)| span(*start, *count)).collect();
        for (number, part) in computed(py, found.parts(&part))? {
            let Member { source: Some((source, path)), taken, .. } = &members[number] else { continue };
            let along = part.iter().zip(taken);
            let extents = along.map(|(span, (start, _))| (start + span.start, span.count, 1)).collect();
            source.get().warn_of_costs(py, path, Some(extents))?;
        }
        Ok(())
    }
}

/// The first column and row of a window of an image, how many columns and rows.
type Window = (u64, u64, u64, u64);

/// The planes of a band (their numbers along time and bands) that a part of it takes, and the window of them.
fn planes(part: &[Along], band: usize) -> (Vec<(usize, usize)>, Window) {
    let [(_, first, times), (_, row, rows), (_, column, columns)] = part else {
        return (Vec::new(), (0, 0, 0, 0));
    };
    let slots = (*first..first.saturating_add(*times)).filter_map(|slot| usize::try_from(slot).ok());
    (slots.map(|slot| (slot, band)).collect(), (*column, *row, *columns, *rows))
}

/// A variable of what is open. Where the login has ended that it was opened by, of what is opened once more.
pub(super) fn stored(py: Python<'_>, source: &Source, path: &str) -> PyResult<Result<Stored, Error>> {
    let open = || {
        let opened = source.opened(py)?;
        wait(py, || Stored::open(Arc::clone(opened.dataset()), path), |_| Ok(()))
    };
    match open()? {
        Err(error) if is_opened_again(py, source, &error)? => open(),
        told => Ok(told),
    }
}

/// Whether an error was that a login has ended, and all is open again by the one that is found now.
fn is_opened_again(py: Python<'_>, source: &Source, error: &Error) -> PyResult<bool> {
    let Error::Source { source: error, .. } = error else { return Ok(false) };
    let Some(error) = error.downcast_ref::<frazil_data::Error>() else { return Ok(false) };
    Ok(source.opened_again(py, error, &source.opened(py)?)?.is_some())
}

/// Variables one behind the other: as they are stored where they are stored alike and whole, else as what they are then.
/// Nobody waits for them once it is cancelled.
fn joined(
    members: &[Member],
    dimension: &str,
    cancellation: Option<&Cancellation>,
) -> Result<Joined<'static>, Error> {
    let packing = members.first().and_then(|first| first.found.array().packing().cloned());
    let is_plain = members.iter().all(|Member { found, part, .. }| {
        let whole = part.part().iter().zip(found.array().shape());
        let is_whole = whole.into_iter().all(|(taken, all)| *taken == span(0, all));
        is_whole && found.array().packing() == packing.as_ref()
    });
    let source = |Member { found, part, .. }: &Member| {
        let found = found.clone();
        let found = match cancellation {
            Some(cancellation) => found.ended_by(cancellation),
            None => found,
        };
        found.part(part.clone(), is_plain)
    };
    Joined::new(members.iter().map(source).collect::<Result<_, _>>()?, dimension)
}

fn span(start: u64, count: u64) -> Span {
    Span { start, count }
}

/// A stored array under other names, and as it is stored where it is not unpacked.
fn named(of: &Array, name: &str, along: &[Along], is_unpacked: bool) -> Result<Array, Error> {
    let lengths = of.shape();
    let named: Vec<_> = along.iter().map(|(name, ..)| name.as_str()).zip(lengths).collect();
    let array = Array::new(name, &named, of.element(), of.chunks().map(<[u64]>::to_vec))?;
    let array = array.read_as(of);
    Ok(match of.packing() {
        Some(packing) if is_unpacked => array.packed(packing.clone()),
        _ => array,
    })
}

/// numpy's name of a type as one of elements.
fn element(py: Python<'_>, name: &str) -> PyResult<ElementType> {
    Ok(match name {
        "i1" => ElementType::I8,
        "i2" => ElementType::I16,
        "i4" => ElementType::I32,
        "i8" => ElementType::I64,
        "u1" => ElementType::U8,
        "u2" => ElementType::U16,
        "u4" => ElementType::U32,
        "u8" => ElementType::U64,
        "f4" => ElementType::F32,
        "f8" => ElementType::F64,
        other => {
            return Err(invalid(py, format!("`{other}` is no type of numbers here"), "convert the array"));
        }
    })
}

/// Takes values of numpy, which lie in one piece, to what is done with them.
fn in_memory<R>(array: &Array, values: &Bound<'_, PyAny>, then: Work<'_, R>) -> PyResult<Result<R, Error>> {
    match array.element() {
        ElementType::I8 => of_type::<i8, R>(array, values, then),
        ElementType::I16 => of_type::<i16, R>(array, values, then),
        ElementType::I32 => of_type::<i32, R>(array, values, then),
        ElementType::I64 => of_type::<i64, R>(array, values, then),
        ElementType::U8 => of_type::<u8, R>(array, values, then),
        ElementType::U16 => of_type::<u16, R>(array, values, then),
        ElementType::U32 => of_type::<u32, R>(array, values, then),
        ElementType::U64 => of_type::<u64, R>(array, values, then),
        ElementType::F32 => of_type::<f32, R>(array, values, then),
        ElementType::F64 => of_type::<f64, R>(array, values, then),
    }
}

fn of_type<T: Element + numpy::Element, R>(
    array: &Array,
    values: &Bound<'_, PyAny>,
    then: Work<'_, R>,
) -> PyResult<Result<R, Error>> {
    let borrowed: PyReadonlyArrayDyn<'_, T> = values.extract()?;
    let lengths: Vec<_> = array.dimensions().iter().map(|one| (one.name.as_str(), one.length)).collect();
    match Memory::new(array.name(), &lengths, borrowed.as_slice()?) {
        Ok(memory) => then(&memory),
        Err(error) => Ok(Err(error)),
    }
}
