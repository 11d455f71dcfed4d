//! The growing columns of a batch, in the memory layout of Arrow.

use crate::record::ColumnType;

/// The values of one column.
#[derive(Debug)]
pub(crate) enum ColumnData {
    /// Text and JSON.
    Text(Texts),
    /// Float64.
    Number(Values<f64>),
    /// UInt64.
    Count(Values<u64>),
    /// Boolean, values as bits.
    Flag { values: Bits, is_valid: Bits },
    /// Microseconds since 1970.
    Time(Values<i64>),
    /// Ten-thousandths.
    Money(Values<i128>),
    /// Lists over one run of items.
    TextList { lists: Lists, items: Texts },
}

impl ColumnData {
    pub(crate) fn new(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Text | ColumnType::Json => Self::Text(Texts::default()),
            ColumnType::Number => Self::Number(Values::default()),
            ColumnType::Count => Self::Count(Values::default()),
            ColumnType::Flag => Self::Flag {
                values: Bits::default(),
                is_valid: Bits::default(),
            },
            ColumnType::Time => Self::Time(Values::default()),
            ColumnType::Money => Self::Money(Values::default()),
            ColumnType::TextList => Self::TextList {
                lists: Lists::default(),
                items: Texts::default(),
            },
        }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "numbers",
            Self::Count(_) => "counts",
            Self::Flag { .. } => "flags",
            Self::Time(_) => "times",
            Self::Money(_) => "money",
            Self::TextList { .. } => "text lists",
        }
    }

    pub(crate) fn validity(&self) -> &Bits {
        match self {
            Self::Text(texts) => &texts.is_valid,
            Self::Number(values) => &values.is_valid,
            Self::Count(values) => &values.is_valid,
            Self::Flag { is_valid, .. } => is_valid,
            Self::Time(values) => &values.is_valid,
            Self::Money(values) => &values.is_valid,
            Self::TextList { lists, .. } => &lists.is_valid,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.validity().len
    }

    /// Size of the values, without validity bitmaps.
    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::Text(texts) => texts.n_bytes(),
            Self::Number(values) => values.values.len() * 8,
            Self::Count(values) => values.values.len() * 8,
            Self::Flag { values, .. } => values.bytes.len(),
            Self::Time(values) => values.values.len() * 8,
            Self::Money(values) => values.values.len() * 16,
            Self::TextList { lists, items } => lists.offsets.len() * 4 + items.n_bytes(),
        }
    }

    #[inline]
    pub(crate) fn push_null(&mut self) {
        match self {
            Self::Text(texts) => texts.push_null(),
            Self::Number(values) => values.push_null(),
            Self::Count(values) => values.push_null(),
            Self::Flag { values, is_valid } => {
                values.push(false);
                is_valid.push(false);
            }
            Self::Time(values) => values.push_null(),
            Self::Money(values) => values.push_null(),
            Self::TextList { lists, .. } => lists.push_null(),
        }
    }

    /// Forgets the rows from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        if self.len() <= len {
            return;
        }
        match self {
            Self::Text(texts) => texts.truncate(len),
            Self::Number(values) => values.truncate(len),
            Self::Count(values) => values.truncate(len),
            Self::Flag { values, is_valid } => {
                values.truncate(len);
                is_valid.truncate(len);
            }
            Self::Time(values) => values.truncate(len),
            Self::Money(values) => values.truncate(len),
            Self::TextList { lists, items } => {
                lists.truncate(len);
                items.truncate(lists.n_items());
            }
        }
    }
}

/// A bitmap, least significant bit first.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    pub(crate) bytes: Vec<u8>,
    pub(crate) len: usize,
    /// Number of bits that are not set: the nulls, for a validity bitmap.
    pub(crate) n_unset: usize,
}

impl Bits {
    #[inline]
    pub(crate) fn push(&mut self, bit: bool) {
        let shift = self.len % 8;
        if shift == 0 {
            self.bytes.push(u8::from(bit));
        } else if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << shift;
        }
        self.len += 1;
        self.n_unset += usize::from(!bit);
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        for bit_idx in len..self.len {
            let is_set = self.bytes[bit_idx / 8] >> (bit_idx % 8) & 1 == 1;
            self.n_unset -= usize::from(!is_set);
        }
        self.len = self.len.min(len);
        self.bytes.truncate(self.len.div_ceil(8));
        // The next push ORs into the last byte, so bits past the end must be zero.
        if let Some(last) = self.bytes.last_mut() {
            *last &= u8::MAX >> ((8 - self.len % 8) % 8);
        }
    }
}

/// Values of a fixed width with their validity.
#[derive(Debug, Default)]
pub(crate) struct Values<T> {
    pub(crate) values: Vec<T>,
    pub(crate) is_valid: Bits,
}

impl<T: Default> Values<T> {
    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        self.values.push(value);
        self.is_valid.push(true);
    }

    #[inline]
    fn push_null(&mut self) {
        self.values.push(T::default());
        self.is_valid.push(false);
    }

    fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
        self.is_valid.truncate(len);
    }
}

/// Texts behind one another with their end offsets.
#[derive(Debug)]
pub(crate) struct Texts {
    /// One more than there are texts; starts with 0.
    pub(crate) offsets: Vec<i32>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_valid: Bits,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            bytes: Vec::new(),
            is_valid: Bits::default(),
        }
    }
}

impl Texts {
    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end_text(true);
    }

    #[inline]
    fn push_null(&mut self) {
        self.end_text(false);
    }

    #[inline]
    fn end_text(&mut self, is_valid: bool) {
        self.offsets.push(offset(self.bytes.len()));
        self.is_valid.push(is_valid);
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        let n_bytes = self.offsets.last().map_or(0, |end| position(*end));
        self.bytes.truncate(n_bytes);
        self.is_valid.truncate(len);
    }

    pub(crate) fn len(&self) -> usize {
        self.is_valid.len
    }

    fn n_bytes(&self) -> usize {
        self.bytes.len() + self.offsets.len() * 4
    }
}

/// The ends of lists in a run of items.
#[derive(Debug)]
pub(crate) struct Lists {
    /// One more than there are lists; starts with 0.
    pub(crate) offsets: Vec<i32>,
    pub(crate) is_valid: Bits,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            is_valid: Bits::default(),
        }
    }
}

impl Lists {
    pub(crate) fn end_list(&mut self, n_items: usize) {
        self.offsets.push(offset(n_items));
        self.is_valid.push(true);
    }

    fn push_null(&mut self) {
        self.offsets.push(offset(self.n_items()));
        self.is_valid.push(false);
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.is_valid.truncate(len);
    }

    fn n_items(&self) -> usize {
        self.offsets.last().map_or(0, |end| position(*end))
    }
}

#[inline]
fn offset(position: usize) -> i32 {
    i32::try_from(position).expect("a source emits long before it has gathered 2 GiB")
}

fn position(offset: i32) -> usize {
    usize::try_from(offset).expect("offsets are made from positions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_bitmap_grows_on_as_if_nothing_had_happened() {
        for keep in 0..=17 {
            let pattern = |bit_idx: usize| bit_idx.is_multiple_of(3);
            let mut cut = Bits::default();
            (0..20).for_each(|bit_idx| cut.push(pattern(bit_idx)));
            cut.truncate(keep);
            let mut whole = Bits::default();
            (0..keep).for_each(|bit_idx| whole.push(pattern(bit_idx)));
            for bits in [&mut cut, &mut whole] {
                (0..9).for_each(|bit_idx| bits.push(bit_idx % 2 == 0));
            }
            assert_eq!(
                (cut.bytes, cut.n_unset),
                (whole.bytes, whole.n_unset),
                "{keep}"
            );
        }
    }

    #[test]
    fn a_truncated_list_column_forgets_its_items() {
        let mut column = ColumnData::new(ColumnType::TextList);
        let ColumnData::TextList { lists, items } = &mut column else {
            unreachable!("made as a list");
        };
        items.push(b"kept");
        lists.end_list(1);
        items.push(b"gone");
        lists.end_list(2);
        column.truncate(1);
        let ColumnData::TextList { lists, items } = &column else {
            unreachable!("made as a list");
        };
        assert_eq!(
            (items.bytes.as_slice(), lists.offsets.as_slice()),
            (&b"kept"[..], &[0, 1][..])
        );
    }
}
