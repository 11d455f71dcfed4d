//! The ground the company stands on: its chance, its size, and what is planted in its life.

use crate::demo::customer::Segment;
use crate::demo::dice::Dice;
use crate::demo::mood::Driver;
use crate::demo::truth::Standing;

/// Share of contracts that end in a quarter of a customer's life, before age and temper.
const LEAVING_SHARE: f64 = 0.014;

/// What the company lives through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effects {
    /// Nothing: every day, driver, agent and segment is like every other, but for chance.
    Nothing,
    /// The planted truths alone, in a company that is otherwise like [`Effects::Nothing`].
    Truths,
    /// The truths, and seasons, outages, prices and a bot: the life of the demo's files.
    Life,
}

/// Seed, size and effects: all that a day depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    dice: Dice,
    effects: Effects,
    n_fold: u32,
    standing: Standing,
}

impl World {
    /// Makes the world of a seed, of so many times the demo's customers and tickets.
    pub(super) fn new(seed: u64, effects: Effects, n_fold: u32) -> Self {
        let dice = Dice::new(seed);
        Self {
            dice,
            effects,
            n_fold,
            standing: Standing::draw(dice),
        }
    }

    /// The source of all chance.
    pub(super) fn dice(&self) -> Dice {
        self.dice
    }

    /// How many times the demo's customers and tickets there are.
    pub(super) fn n_fold(&self) -> u32 {
        self.n_fold
    }

    /// Whether the planted truths hold.
    pub(super) fn has_truths(&self) -> bool {
        self.effects != Effects::Nothing
    }

    /// Whether seasons, outages, prices and the bot are felt.
    pub(super) fn has_seasons(&self) -> bool {
        self.effects == Effects::Life
    }

    /// The truths that hold at all times, if any do.
    pub(super) fn standing(&self) -> Option<&Standing> {
        self.has_truths().then_some(&self.standing)
    }

    /// Parts of the recommendation that the drivers make, in the order of [`Driver::ALL`].
    pub(super) fn weights(&self) -> [f64; Driver::ALL.len()] {
        self.standing()
            .map_or([1.0; Driver::ALL.len()], |standing| standing.weights)
    }

    /// Share of a segment's contracts that end in a quarter, before age and temper.
    pub(super) fn leaving_share(&self, segment: Segment) -> f64 {
        match self.standing() {
            Some(standing) if standing.churning == segment => LEAVING_SHARE * standing.churn_times,
            _ => LEAVING_SHARE,
        }
    }
}
