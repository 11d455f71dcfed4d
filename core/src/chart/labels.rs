//! Keeps labels of line ends apart: moved no further than needed, never in another order.

/// Moves `centres` (any order) so that neighbours are at least `pitch` apart inside `low..high`.
///
/// Returns the new centres in the given order, or `None` when they cannot all fit.
pub(super) fn spread(centres: &[f64], pitch: f64, low: f64, high: f64) -> Option<Vec<f64>> {
    let n = centres.len();
    #[expect(clippy::cast_precision_loss, reason = "at most a few dozen labels")]
    let needed = (n.max(1) - 1) as f64 * pitch;
    if needed > high - low + 1e-9 {
        return None;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| centres[a].total_cmp(&centres[b]).then(a.cmp(&b)));
    // Blocks of touching labels share the mean of what their members want.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for &idx in &order {
        let wish = centres[idx].clamp(low, high);
        blocks.push((wish, 1));
        while let [.., (upper, n_upper), (lower, n_lower)] = blocks[..] {
            let (half_upper, half_lower) = (half(n_upper, pitch), half(n_lower, pitch));
            if lower - half_lower - (upper + half_upper) >= pitch - 1e-9 {
                break;
            }
            blocks.pop();
            blocks.pop();
            let merged = merge((upper, n_upper), (lower, n_lower), pitch);
            blocks.push((bounded(merged, pitch, low, high), merged.1));
        }
    }
    let mut out = vec![0.0; n];
    let mut ranked = order.into_iter();
    for (centre, n_block) in blocks {
        let mut at = bounded((centre, n_block), pitch, low, high) - half(n_block, pitch);
        for _ in 0..n_block {
            if let Some(idx) = ranked.next() {
                out[idx] = at;
                at += pitch;
            }
        }
    }
    Some(out)
}

/// Returns places for as many of the first labels as fit: they come in order of weight.
pub(super) fn fitting(wishes: &[f64], pitch: f64, low: f64, high: f64) -> Vec<f64> {
    (1..=wishes.len())
        .rev()
        .find_map(|n| spread(&wishes[..n], pitch, low, high))
        .unwrap_or_default()
}

/// Distance from a block's centre to the centre of its first label.
#[expect(clippy::cast_precision_loss, reason = "at most a few dozen labels")]
fn half(n: usize, pitch: f64) -> f64 {
    (n - 1) as f64 * pitch / 2.0
}

#[expect(clippy::cast_precision_loss, reason = "at most a few dozen labels")]
fn merge(upper: (f64, usize), lower: (f64, usize), pitch: f64) -> (f64, usize) {
    let n = upper.1 + lower.1;
    // Wishes of the lower block as seen from where it sits in the merged one.
    let shift_upper = lower.1 as f64 * pitch / 2.0;
    let shift_lower = upper.1 as f64 * pitch / 2.0;
    let centre = ((upper.0 + shift_upper) * upper.1 as f64
        + (lower.0 - shift_lower) * lower.1 as f64)
        / n as f64;
    (centre, n)
}

fn bounded(block: (f64, usize), pitch: f64, low: f64, high: f64) -> f64 {
    let reach = half(block.1, pitch);
    block.0.clamp(low + reach, (high - reach).max(low + reach))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(centres: &[f64], expected: Option<&[f64]>) {
        assert_eq!(spread(centres, 10.0, 0.0, 100.0).as_deref(), expected);
    }

    #[test]
    fn labels_apart_stay_where_they_are() {
        check(&[50.0, 20.0, 80.0], Some(&[50.0, 20.0, 80.0]));
    }

    #[test]
    fn labels_together_move_the_same_way_apart() {
        check(&[50.0, 50.0], Some(&[45.0, 55.0]));
        check(&[50.0, 52.0, 48.0], Some(&[50.0, 60.0, 40.0]));
    }

    #[test]
    fn labels_at_an_end_stay_inside() {
        check(&[0.0, 0.0], Some(&[0.0, 10.0]));
        check(&[100.0, 99.0], Some(&[100.0, 90.0]));
    }

    #[test]
    fn too_many_labels_are_refused() {
        check(&[50.0; 12], None);
        assert!(spread(&[50.0; 11], 10.0, 0.0, 100.0).is_some());
    }
}
