//! Ways to spoil bytes.

use vocd_tests::dice::Dice;

/// Bytes and lengths at which programs break.
const ODD_BYTES: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
const ODD_NUMBERS: [u64; 10] = [
    0,
    1,
    u64::MAX,
    1 << 63,
    (1 << 63) - 1,
    0xffff_ffff,
    0x8000_0000,
    0x7fff_ffff,
    1 << 20,
    40 << 20,
];
/// Longest part that is inserted, copied or cut out.
const PART_MAX: usize = 64;

/// Spoils a text or a stream in one place; `donor` gives parts to put in.
pub(crate) fn spoil(dice: &mut Dice, bytes: &mut Vec<u8>, donor: &[u8]) {
    if bytes.is_empty() {
        bytes.push(*dice.pick(&ODD_BYTES));
        return;
    }
    let at = dice.index(bytes.len());
    match dice.roll(8) {
        0 | 1 => bytes[at] ^= 1 << dice.roll(8),
        2 => bytes[at] = *dice.pick(&ODD_BYTES),
        3 => write_number(dice, bytes, at),
        4 => bytes.truncate(at),
        5 => {
            let end = bytes.len().min(at + 1 + dice.index(PART_MAX));
            bytes.drain(at..end);
        }
        6 => {
            let part: Vec<u8> = (0..=dice.index(PART_MAX))
                .map(|_| dice.next_u64().to_le_bytes()[0])
                .collect();
            bytes.splice(at..at, part);
        }
        _ => {
            let start = dice.index(donor.len());
            let end = donor.len().min(start + 1 + dice.index(PART_MAX));
            let overwritten = bytes.len().min(at + dice.index(PART_MAX));
            bytes.splice(at..overwritten, donor[start..end].iter().copied());
        }
    }
}

/// Writes an odd number where a length or an offset may stand: aligned, of four or eight bytes.
fn write_number(dice: &mut Dice, bytes: &mut [u8], at: usize) {
    let number = match dice.roll(3) {
        0 => dice.next_u64(),
        _ => *dice.pick(&ODD_NUMBERS),
    };
    let width = *dice.pick(&[4, 8]);
    let at = at - at % 4;
    let end = bytes.len().min(at + width);
    bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
}
