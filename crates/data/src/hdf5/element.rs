//! What an element is in the file, and how it becomes what [`crate::dataset::Values`] holds.

use hdf5_reader::error::ByteOrder;
use hdf5_reader::{CompoundField, Datatype, EnumMember, StringPadding, StringSize, VarLenKind};

use crate::dataset::{DataType, Field};
use crate::pieces::turn_numbers;

/// An element as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element {
    /// What it is once it is read.
    pub(crate) data_type: DataType,
    /// How many stored bytes it has; those of a reference, for what is stored elsewhere.
    pub(crate) size: usize,
    /// Further dimensions, where each element of the file is an array of these.
    pub(crate) inner: Vec<u64>,
    /// Numbers in the other byte order: where they begin, and their bytes.
    pub(crate) swapped: Vec<(usize, usize)>,
    /// Texts: where they begin, and how they are stored.
    pub(crate) texts: Vec<(usize, Text)>,
    /// What a row is made of, where an element refers to a row of any length.
    pub(crate) row: Option<Box<Self>>,
}

/// How a text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// In so many bytes.
    Here(usize, StringPadding),
    /// In the heap that a reference names.
    Elsewhere,
}

const NATIVE: ByteOrder =
    if cfg!(target_endian = "little") { ByteOrder::LittleEndian } else { ByteOrder::BigEndian };

impl Element {
    /// The element of a type, in a file whose references to a heap have `reference` bytes.
    pub(crate) fn of(datatype: &Datatype, reference: usize) -> Self {
        match datatype {
            Datatype::FixedPoint { size, signed, byte_order } => {
                Self::number(integer(*size, *signed), *byte_order)
            }
            Datatype::Bitfield { size, byte_order } => Self::number(integer(*size, false), *byte_order),
            Datatype::FloatingPoint { size, byte_order } => Self::number(float(*size), *byte_order),
            Datatype::Enum { base, members } => Self::named_numbers(Self::of(base, reference), members),
            Datatype::String { size: StringSize::Fixed(size), padding, .. } => {
                Self::text(*size as usize, Text::Here(*size as usize, *padding))
            }
            Datatype::String { size: StringSize::Variable, .. }
            | Datatype::VarLen { kind: VarLenKind::String, .. } => Self::text(reference, Text::Elsewhere),
            Datatype::VarLen { base, .. } => Self {
                row: Some(Box::new(Self::of(base, reference))),
                ..Self::plain(DataType::Opaque(reference), reference)
            },
            Datatype::Array { base, dims } => {
                let base = Self::of(base, reference);
                Self { inner: dims.iter().copied().chain(base.inner.iter().copied()).collect(), ..base }
            }
            Datatype::Compound { size, fields } => Self::compound(*size as usize, fields, reference),
            Datatype::Opaque { size, .. } => Self::opaque(*size as usize),
            Datatype::Reference { size, .. } => Self::opaque(usize::from(*size)),
        }
    }

    /// The same element, of which nothing is known but how many bytes it has.
    pub(crate) fn into_opaque(self) -> Self {
        Self { inner: self.inner, ..Self::opaque(self.size) }
    }

    /// Stored bytes of what is one element in the file, with its inner dimensions. None beyond what
    /// can be counted.
    pub(crate) fn whole_size(&self) -> Option<usize> {
        let inner = self.inner.iter().try_fold(1u64, |product, length| product.checked_mul(*length))?;
        self.size.checked_mul(usize::try_from(inner).ok()?)
    }

    /// Brings the numbers of elements into the machine's byte order.
    pub(crate) fn to_native(&self, bytes: &mut [u8]) {
        match self.swapped.as_slice() {
            [] => {}
            [(0, size)] if *size == self.size => turn_numbers(bytes, *size),
            several => {
                for element in bytes.chunks_exact_mut(self.size) {
                    for (from, length) in several {
                        element[*from..from + length].reverse();
                    }
                }
            }
        }
    }

    /// How the order of its numbers' bytes is called where it is not little-endian.
    pub(crate) fn order(&self) -> Option<&'static str> {
        let (turned, wide) = (self.swapped.len(), wide(&self.data_type));
        let is_big = |is_turned: bool| is_turned == cfg!(target_endian = "little");
        match turned {
            _ if wide == 0 => None,
            turned if turned == wide || turned == 0 => is_big(turned > 0).then_some("big-endian"),
            _ => Some("mixed-endian"),
        }
    }

    /// Whether it is a text of one byte.
    pub(crate) fn is_char(&self) -> bool {
        self.data_type == DataType::Text && matches!(self.texts[..], [(0, Text::Here(1, _))])
    }

    fn plain(data_type: DataType, size: usize) -> Self {
        Self { data_type, size, inner: Vec::new(), swapped: Vec::new(), texts: Vec::new(), row: None }
    }

    fn opaque(size: usize) -> Self {
        Self::plain(DataType::Opaque(size), size)
    }

    fn text(size: usize, text: Text) -> Self {
        Self { texts: vec![(0, text)], ..Self::plain(DataType::Text, size) }
    }

    fn number(data_type: DataType, order: ByteOrder) -> Self {
        let size = data_type.size().unwrap_or_default();
        let turned = order != NATIVE && size > 1 && !matches!(data_type, DataType::Opaque(_));
        Self { swapped: if turned { vec![(0, size)] } else { Vec::new() }, ..Self::plain(data_type, size) }
    }

    /// An enumeration is its numbers; but FALSE and TRUE, as h5py stores them, are a truth value.
    fn named_numbers(base: Self, members: &[EnumMember]) -> Self {
        let named = |name: &str, value: u8| {
            members.iter().any(|member| member.name == name && member.value == [value])
        };
        let is_bool = members.len() == 2 && base.size == 1 && named("FALSE", 0) && named("TRUE", 1);
        if is_bool { Self { data_type: DataType::Bool, ..base } } else { base }
    }

    fn compound(size: usize, fields: &[CompoundField], reference: usize) -> Self {
        let mut whole = Self::plain(DataType::Opaque(size), size);
        let mut named = Vec::new();
        let mut held = 0;
        for field in fields {
            let mut part = Self::of(&field.datatype, reference);
            let from = field.byte_offset as usize;
            let Some(length) =
                part.whole_size().filter(|length| from.checked_add(*length).is_some_and(|to| to <= size))
            else {
                return Self::opaque(size);
            };
            // Fields lie beside each other: a short element cannot have many.
            held += length;
            if held > size {
                return Self::opaque(size);
            }
            let has_inner_texts = matches!(part.data_type, DataType::Compound(..)) && !part.texts.is_empty();
            if !part.inner.is_empty() || part.row.is_some() || has_inner_texts {
                part = Self::opaque(length);
            }
            whole.swapped.extend(part.swapped.iter().map(|(at, length)| (from + at, *length)));
            whole.texts.extend(part.texts.iter().map(|(at, text)| (from + at, *text)));
            named.push(Field { name: field.name.clone(), data_type: part.data_type, offset: from });
        }
        whole.data_type = complex(&named, size).unwrap_or(DataType::Compound(named, size));
        whole
    }
}

fn integer(size: u8, signed: bool) -> DataType {
    match (size, signed) {
        (1, true) => DataType::I8,
        (2, true) => DataType::I16,
        (4, true) => DataType::I32,
        (8, true) => DataType::I64,
        (1, false) => DataType::U8,
        (2, false) => DataType::U16,
        (4, false) => DataType::U32,
        (8, false) => DataType::U64,
        _ => DataType::Opaque(usize::from(size)),
    }
}

fn float(size: u8) -> DataType {
    match size {
        2 => DataType::F16,
        4 => DataType::F32,
        8 => DataType::F64,
        _ => DataType::Opaque(usize::from(size)),
    }
}

/// How many numbers of more than one byte are in an element.
fn wide(data_type: &DataType) -> usize {
    match data_type {
        DataType::Compound(fields, _) => fields.iter().map(|field| wide(&field.data_type)).sum(),
        DataType::C64 | DataType::C128 => 2,
        DataType::Text | DataType::Opaque(_) => 0,
        number => usize::from(number.size().is_some_and(|size| size > 1)),
    }
}

/// A complex number, as h5py stores it: the fields `r` and `i`.
fn complex(fields: &[Field], size: usize) -> Option<DataType> {
    let [real, imaginary] = fields else { return None };
    let is_complex =
        real.name == "r" && imaginary.name == "i" && real.offset == 0 && imaginary.offset * 2 == size;
    match (&real.data_type, &imaginary.data_type) {
        (DataType::F32, DataType::F32) if is_complex && size == 8 => Some(DataType::C64),
        (DataType::F64, DataType::F64) if is_complex && size == 16 => Some(DataType::C128),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(size: u32) -> Datatype {
        let encoding = hdf5_reader::messages::datatype::StringEncoding::Ascii;
        Datatype::String { size: StringSize::Fixed(size), encoding, padding: StringPadding::NullPad }
    }

    fn compound(size: u32, fields: &[(u32, Datatype)]) -> Datatype {
        let field = |(from, datatype): &(u32, Datatype)| CompoundField {
            name: "a".to_owned(),
            byte_offset: *from,
            datatype: datatype.clone(),
        };
        Datatype::Compound { size, fields: fields.iter().map(field).collect() }
    }

    #[test]
    fn fields_that_lie_over_each_other_are_bytes() {
        let beside = Element::of(&compound(2, &[(0, text(1)), (1, text(1))]), 16);
        assert_eq!(beside.texts.len(), 2);
        let over = Element::of(&compound(2, &[(0, text(1)), (0, text(1)), (0, text(1))]), 16);
        assert_eq!(over, Element::opaque(2));
    }

    #[test]
    fn a_compound_with_texts_within_another_is_bytes() {
        let number = Datatype::FixedPoint { size: 2, signed: false, byte_order: NATIVE };
        let inner = compound(5, &[(0, number.clone()), (2, text(3))]);
        let outer = Element::of(&compound(7, &[(0, inner), (5, number.clone())]), 16);
        let DataType::Compound(fields, 7) = &outer.data_type else { panic!("{outer:?}") };
        assert_eq!(fields[0].data_type, DataType::Opaque(5));
        assert!(outer.texts.is_empty());
        let plain = compound(4, &[(0, number.clone()), (2, number)]);
        let outer = Element::of(&compound(4, &[(0, plain)]), 16);
        let DataType::Compound(fields, 4) = &outer.data_type else { panic!("{outer:?}") };
        assert!(matches!(fields[0].data_type, DataType::Compound(..)));
    }
}
