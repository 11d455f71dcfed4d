//! How one webhook lies in a segment, and how it is found again behind damage.
//!
//! A record is `"VOCI" | u32 length | u32 crc32c of the payload | u32 crc32c of the twelve bytes
//! before`, all little-endian, then the payload. The second sum tells a damaged length from a
//! damaged payload: behind the one the next record is searched, behind the other it is known.

use crate::store::push::EventDigest;

const MAGIC: &[u8; 4] = b"VOCI";
/// Bytes before the payload.
pub(super) const HEADER_BYTES: usize = 16;
/// Longest payload, in bytes: the largest body a frame to the child takes, and its headers.
pub(super) const PAYLOAD_BYTES_MAX: usize = 40 << 20;

/// A webhook in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::push) struct Item {
    /// Position in the source's inbox.
    pub(in crate::push) position: u64,
    pub(in crate::push) received_at_ms: i64,
    pub(in crate::push) digest: EventDigest,
    pub(in crate::push) event_id: String,
    pub(in crate::push) headers: Vec<(String, String)>,
    pub(in crate::push) body: Vec<u8>,
}

/// What stands at an offset of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record, and where it ends.
    Record(Box<Item>, usize),
    /// Bytes that are none, and where the next record begins.
    Damage(usize),
    /// Nothing, or what a crash left of a record that nobody was told about.
    End,
}

impl Item {
    /// Returns the record's bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(self.body.len() + 256);
        payload.extend(self.position.to_le_bytes());
        payload.extend(self.received_at_ms.to_le_bytes());
        payload.extend(self.digest);
        put(&mut payload, self.event_id.as_bytes());
        payload.extend(length(self.headers.len()));
        for (name, value) in &self.headers {
            put(&mut payload, name.as_bytes());
            put(&mut payload, value.as_bytes());
        }
        payload.extend(&self.body);
        let mut record = Vec::with_capacity(HEADER_BYTES + payload.len());
        record.extend(MAGIC);
        record.extend(length(payload.len()));
        record.extend(crc32c::crc32c(&payload).to_le_bytes());
        let sum = crc32c::crc32c(&record);
        record.extend(sum.to_le_bytes());
        record.extend(payload);
        record
    }

    fn decode(payload: &[u8]) -> Option<Self> {
        let mut rest = payload;
        let position = u64::from_le_bytes(take(&mut rest)?);
        let received_at_ms = i64::from_le_bytes(take(&mut rest)?);
        let digest = take(&mut rest)?;
        let event_id = text(&mut rest)?;
        let n_headers = u32::from_le_bytes(take(&mut rest)?);
        let mut headers = Vec::new();
        for _ in 0..n_headers {
            headers.push((text(&mut rest)?, text(&mut rest)?));
        }
        Some(Self {
            position,
            received_at_ms,
            digest,
            event_id,
            headers,
            body: rest.to_vec(),
        })
    }
}

/// Looks at an offset of a segment.
pub(super) fn look(segment: &[u8], offset: usize) -> Found {
    let rest = segment.get(offset..).unwrap_or_default();
    if rest.is_empty() {
        return Found::End;
    }
    if let Some((item, n_bytes)) = record(rest) {
        return Found::Record(Box::new(item), offset + n_bytes);
    }
    let later = (1..rest.len()).filter(|at| rest[*at..].starts_with(MAGIC));
    let next = later.into_iter().find(|at| record(&rest[*at..]).is_some());
    match next {
        Some(at) => Found::Damage(offset + at),
        None => Found::End,
    }
}

/// Returns the record at the start of the bytes, and its length.
fn record(bytes: &[u8]) -> Option<(Item, usize)> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let word = |at: usize| {
        let word = header.get(at..at + 4)?;
        Some(u32::from_le_bytes(word.try_into().ok()?))
    };
    if !header.starts_with(MAGIC) || crc32c::crc32c(&header[..12]) != word(12)? {
        return None;
    }
    let n_bytes = usize::try_from(word(4)?).ok()?;
    let payload = rest
        .get(..n_bytes)
        .filter(|_| n_bytes <= PAYLOAD_BYTES_MAX)?;
    if crc32c::crc32c(payload) != word(8)? {
        return None;
    }
    Some((Item::decode(payload)?, HEADER_BYTES + n_bytes))
}

fn length(n_bytes: usize) -> [u8; 4] {
    // Everything in a record is part of a request, whose size is bounded far below.
    u32::try_from(n_bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn put(payload: &mut Vec<u8>, bytes: &[u8]) {
    payload.extend(length(bytes.len()));
    payload.extend(bytes);
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let n_bytes = usize::try_from(u32::from_le_bytes(take(rest)?)).ok()?;
    let bytes = rest.get(..n_bytes)?;
    *rest = &rest[n_bytes..];
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(position: u64) -> Item {
        Item {
            position,
            received_at_ms: -7,
            digest: u128::from(position).to_be_bytes(),
            event_id: format!("event-{position}"),
            headers: vec![("x-topic".to_owned(), "VOCI".to_owned())],
            body: format!("{{\"n\":{position},\"text\":\"VOCI\"}}").into_bytes(),
        }
    }

    /// Returns the positions found in a segment and the number of damages met.
    fn scan(segment: &[u8]) -> (Vec<u64>, usize) {
        let (mut offset, mut positions, mut n_damages) = (0, Vec::new(), 0);
        loop {
            match look(segment, offset) {
                Found::Record(item, end) => {
                    assert_eq!(*item, super::tests::item(item.position));
                    positions.push(item.position);
                    offset = end;
                }
                Found::Damage(next) => {
                    n_damages += 1;
                    offset = next;
                }
                Found::End => return (positions, n_damages),
            }
        }
    }

    fn segment() -> Vec<u8> {
        (0..3)
            .flat_map(|position| item(position).encode())
            .collect()
    }

    #[test]
    fn records_read_back() {
        assert_eq!(scan(&segment()), (vec![0, 1, 2], 0));
    }

    #[test]
    fn a_cut_tail_is_dropped_and_nothing_else() {
        let whole = segment();
        let two = item(0).encode().len() + item(1).encode().len();
        for n_bytes in two..whole.len() {
            assert_eq!(scan(&whole[..n_bytes]), (vec![0, 1], 0), "{n_bytes}");
        }
    }

    #[test]
    fn any_damaged_byte_costs_one_record() {
        let whole = segment();
        let (first, second) = (item(0).encode().len(), item(1).encode().len());
        for at in first..first + second {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            assert_eq!(scan(&damaged), (vec![0, 2], 1), "byte {at}");
        }
    }
}
