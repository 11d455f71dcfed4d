//! What moved a score, as a bridge.

use crate::chart::{MovesFigure, MovesPart};
use crate::improve::Contribution;

/// Returns the parts of a change: who answered, and what each group answered, the largest first.
pub(super) fn figure(found: &Contribution) -> MovesFigure {
    let mut parts: Vec<MovesPart> = (found.effects.iter())
        .map(|effect| MovesPart {
            name: effect.name.clone(),
            value: effect.rate,
            is_find: effect.is_find,
        })
        .collect();
    parts.sort_by(|one, other| other.value.abs().total_cmp(&one.value.abs()));
    MovesFigure {
        mix: found.mix,
        parts,
    }
}
