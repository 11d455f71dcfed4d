//! Why a score moved: who answered more or less often, and who answered differently.

use crate::statistic::Difference;

use super::find::finds;

/// One group of answers in two periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment<'a> {
    /// How it is called.
    pub name: &'a str,
    /// The earlier period; `None` where it has no answers.
    pub before: Option<Side>,
    /// The later period.
    pub after: Option<Side>,
    /// How its score changed, with interval and p, by the formula of the score; `None` where it is
    /// not tested.
    pub change: Option<Difference>,
}

/// A group in one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Side {
    /// Its answers, or whatever the whole score weighs groups by; 0 counts as absent.
    pub weight: f64,
    /// Its score.
    pub score: f64,
}

/// The change of a score, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Score of all groups in the earlier period.
    pub before: f64,
    /// Score of all groups in the later period.
    pub after: f64,
    /// Part of the change that is who answered.
    pub mix: f64,
    /// Part of the change that is what they answered; with `mix` it is the whole change.
    pub rate: f64,
    /// The largest effect first, those alike by name.
    pub effects: Vec<Effect>,
}

/// What one group did to the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// How the group is called.
    pub name: String,
    /// Its share of the weight in the earlier period, 0..=1.
    pub share_before: f64,
    /// Its share of the weight in the later period.
    pub share_after: f64,
    /// Its score in the earlier period; `None` where it is absent.
    pub score_before: Option<f64>,
    /// Its score in the later period.
    pub score_after: Option<f64>,
    /// Points by its share, which grew or shrank.
    pub mix: f64,
    /// Points by its own score; 0 of a group that is absent in a period.
    pub rate: f64,
    /// `rate` with interval and p; `None` where the group's change is not tested.
    pub rate_doubt: Option<Difference>,
    /// Its own score surely changed, given that all groups are looked at.
    pub is_find: bool,
}

impl Effect {
    /// Returns mix and rate together; those of all groups sum to the change.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.mix + self.rate
    }
}

/// Takes the change of a weighted mean apart by one set of groups that do not overlap; `None` where
/// a period has no answers.
///
/// The parts of one set of groups sum to the change; parts of different sets do not add up. A rate
/// effect is the change of the group's score at its mean share of both periods, so its interval is
/// that change's, as wide as this share: the mix is what it was, not a draw.
///
/// # Source
/// Kitagawa 1955, in its symmetric form (Das Gupta 1978); intervals given the mix as in the
/// decompositions of Blinder and Oaxaca (Jann 2008).
#[must_use]
pub fn contribution(segments: &[Segment<'_>]) -> Option<Contribution> {
    let (before_all, after_all) = (
        Whole::of(segments, |one| one.before)?,
        Whole::of(segments, |one| one.after)?,
    );
    let middle = f64::midpoint(before_all.score, after_all.score);
    let mut effects: Vec<Effect> = segments
        .iter()
        .filter_map(|segment| {
            let (before, after) = (present(segment.before), present(segment.after));
            let share_before = before_all.share(before);
            let share_after = after_all.share(after);
            let (one, other) = (before.or(after)?.score, after.or(before)?.score);
            let share = f64::midpoint(share_before, share_after);
            let is_tested = before.is_some() && after.is_some();
            let change = segment.change.filter(|_| is_tested);
            Some(Effect {
                name: segment.name.to_owned(),
                share_before,
                share_after,
                score_before: before.map(|side| side.score),
                score_after: after.map(|side| side.score),
                mix: (share_after - share_before) * (f64::midpoint(one, other) - middle),
                rate: share * (other - one),
                rate_doubt: change.map(|change| change.scaled(share)),
                is_find: false,
            })
        })
        .collect();
    let doubts: Vec<Option<Difference>> = effects.iter().map(|one| one.rate_doubt).collect();
    for (effect, is_find) in effects.iter_mut().zip(finds(&doubts)) {
        effect.is_find = is_find;
    }
    effects.sort_by(|one, other| {
        let by_size = other.total().abs().total_cmp(&one.total().abs());
        by_size.then_with(|| one.name.cmp(&other.name))
    });
    Some(Contribution {
        before: before_all.score,
        after: after_all.score,
        mix: effects.iter().map(|one| one.mix).sum(),
        rate: effects.iter().map(|one| one.rate).sum(),
        effects,
    })
}

/// All groups of one period.
struct Whole {
    weight: f64,
    score: f64,
}

impl Whole {
    fn of(segments: &[Segment<'_>], period: fn(&Segment<'_>) -> Option<Side>) -> Option<Self> {
        let sides = || segments.iter().filter_map(|one| present(period(one)));
        let weight: f64 = sides().map(|side| side.weight).sum();
        (weight > 0.0).then(|| Self {
            weight,
            score: sides().map(|side| side.weight / weight * side.score).sum(),
        })
    }

    fn share(&self, side: Option<Side>) -> f64 {
        side.map_or(0.0, |side| side.weight / self.weight)
    }
}

/// Returns a side that weighs something; what is no number is absent.
fn present(side: Option<Side>) -> Option<Side> {
    side.filter(|side| side.weight > 0.0 && side.weight.is_finite() && side.score.is_finite())
}

#[cfg(test)]
mod tests;
