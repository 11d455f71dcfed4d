//! The planted truths as they are told: to a test as numbers, to a person as the file
//! `truths.toml`, which no source reads.

use std::fmt::Write as _;

use crate::demo::agent::{self, Staff};
use crate::demo::calendar::Day;
use crate::demo::mood::Driver;
use crate::demo::occurrence;
use crate::demo::phrase::THEME_TERMS;
use crate::demo::world::World;

use super::{CYCLE_DAYS, Costing, Standing};

/// What is planted in a span of days.
///
/// # Units
/// Days are counted from the first day of the span, which is 0; a negative one lies before it.
/// What had begun before and still holds is listed too.
#[derive(Debug, Clone, PartialEq)]
pub struct Truths {
    /// The driver that matters most; `None` where all matter the same.
    pub driver: Option<StrongestDriver>,
    /// The segment that leaves more often; `None` where none does.
    pub churn: Option<ChurningSegment>,
    /// The agents unlike the rest; `None` where all are alike.
    pub agents: Option<UnlikeAgents>,
    /// Releases that cost loyalty, in their order.
    pub drops: Vec<Drop>,
    /// Courses that some agents took, in their order.
    pub courses: Vec<Course>,
    /// Themes that appeared in comments, in their order.
    pub themes: Vec<Theme>,
}

/// The driver that matters most.
#[derive(Debug, Clone, PartialEq)]
pub struct StrongestDriver {
    /// Its name: the question that rates it.
    pub driver: &'static str,
    /// The one that matters second.
    pub second: &'static str,
    /// How many times the relative weight of the second its own is, before ratings are rounded.
    pub times: f64,
}

/// The segment that leaves more often than the others.
#[derive(Debug, Clone, PartialEq)]
pub struct ChurningSegment {
    /// Its name.
    pub segment: &'static str,
    /// How many times the others' share of contracts that end in a quarter its own is.
    pub times: f64,
}

/// Two agents whose customers are satisfied more and less often than those of all others.
#[derive(Debug, Clone, PartialEq)]
pub struct UnlikeAgents {
    /// The one above.
    pub above: UnlikeAgent,
    /// The one below.
    pub below: UnlikeAgent,
}

/// One agent unlike the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct UnlikeAgent {
    /// Record id.
    pub agent: String,
    /// CSAT percentage points above the rest; negative below.
    pub csat_points: f64,
}

/// A release that cost loyalty at once, until another one mended it at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Drop {
    /// Day of the release: the first with the effect.
    pub day: i64,
    /// Day of the one that mended it: the first without.
    pub until_day: i64,
    /// Label of the release's event.
    pub label: String,
    /// NPS points it takes, negative.
    pub nps_points: f64,
}

/// A course that some agents of each team took, and others did not.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Its name in training records.
    pub course: &'static str,
    /// The day, a Friday.
    pub day: i64,
    /// First day on which what was learnt is used, the Monday after.
    pub used_from_day: i64,
    /// First day on which it is forgotten.
    pub used_until_day: i64,
    /// CSAT percentage points that the trained gain; 0 for a course that does not help.
    pub csat_points: f64,
    /// Record ids of the trained.
    pub agents: Vec<String>,
}

/// A theme that appeared in comments.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// First day with it.
    pub day: i64,
    /// First day without.
    pub until_day: i64,
    /// What each such comment says, in English or German.
    pub terms: [&'static str; 2],
    /// Share of the comments on scores up to 8 that are about it.
    pub share: f64,
}

impl Truths {
    /// Tells what is planted from `first` to `until` (exclusive).
    pub(in crate::demo) fn of(world: &World, staff: &Staff, first: Day, until: Day) -> Self {
        let costing = costing(world, first, until);
        let offset = |day: Day| day.0 - first.0;
        let drops = costing.iter().map(|one| Drop {
            day: offset(one.day),
            until_day: offset(one.mended),
            label: occurrence::release_on(world.dice(), one.day).unwrap_or_default(),
            nps_points: -one.nps_points,
        });
        let themes = costing.iter().map(|one| Theme {
            day: offset(one.day),
            until_day: offset(one.mended),
            terms: THEME_TERMS,
            share: one.theme_share,
        });
        let cohorts = staff.cohorts().iter();
        let courses = cohorts.filter(|one| first < one.used().1 && one.day < until);
        let courses = courses.map(|one| Course {
            course: one.course,
            day: offset(one.day),
            used_from_day: offset(one.used().0),
            used_until_day: offset(one.used().1),
            csat_points: one.csat_points,
            agents: one.agents.iter().map(|idx| agent::id(*idx)).collect(),
        });
        Self {
            driver: world.standing().map(strongest),
            churn: world.standing().map(|standing| ChurningSegment {
                segment: standing.churning.name(),
                times: standing.churn_times,
            }),
            agents: world.standing().map(unlike),
            drops: drops.collect(),
            courses: courses.collect(),
            themes: themes.collect(),
        }
    }

    /// Writes the file of a company: only ever longer when the company lives on.
    pub(in crate::demo) fn text(&self, seed: u64, first: Day) -> String {
        let mut text = format!(
            "# What is planted in this company, for whoever wants to know whether an analysis finds it.\n\
             # No source reads this file. Days are counted from the first one; a negative day lies before it.\n\
             seed = {seed}\nfirst = \"{}\"\n",
            first.date()
        );
        self.write_standing(&mut text);
        let mut dated: Vec<(i64, String)> = Vec::new();
        dated.extend(self.drops.iter().map(|one| (one.day, one.text())));
        dated.extend(self.themes.iter().map(|one| (one.day, one.text())));
        dated.extend(self.courses.iter().map(|one| (one.day, one.text())));
        // The sort keeps the order of kinds that begin on one day.
        dated.sort_by_key(|(day, _)| *day);
        text.extend(dated.into_iter().map(|(_, block)| block));
        text
    }

    fn write_standing(&self, text: &mut String) {
        const WRITES: &str = "writing to a string";
        if let Some(StrongestDriver {
            driver,
            second,
            times,
        }) = &self.driver
        {
            write!(
                text,
                "\n[driver]\nstrongest = \"{driver}\"\nsecond = \"{second}\"\n\
                 relative_weight_times = {times:.2}\n"
            )
            .expect(WRITES);
        }
        if let Some(ChurningSegment { segment, times }) = &self.churn {
            write!(
                text,
                "\n[churn]\nsegment = \"{segment}\"\ncontracts_ended_times = {times:.2}\n"
            )
            .expect(WRITES);
        }
        if let Some(UnlikeAgents { above, below }) = &self.agents {
            write!(
                text,
                "\n[agents]\nabove = {{ agent = \"{}\", csat_points = {:.1} }}\n\
                 below = {{ agent = \"{}\", csat_points = {:.1} }}\n",
                above.agent, above.csat_points, below.agent, below.csat_points
            )
            .expect(WRITES);
        }
    }
}

impl Drop {
    fn text(&self) -> String {
        format!(
            "\n[[drop]]\nday = {}\nuntil_day = {}\nlabel = \"{}\"\nnps_points = {:.1}\n",
            self.day, self.until_day, self.label, self.nps_points
        )
    }
}

impl Theme {
    fn text(&self) -> String {
        let [english, german] = self.terms;
        format!(
            "\n[[theme]]\nday = {}\nuntil_day = {}\nterms = [\"{english}\", \"{german}\"]\n\
             comment_share = {:.2}\n",
            self.day, self.until_day, self.share
        )
    }
}

impl Course {
    fn text(&self) -> String {
        format!(
            "\n[[course]]\ncourse = \"{}\"\nday = {}\nused_from_day = {}\nused_until_day = {}\n\
             csat_points = {:.1}\nagents = [\"{}\"]\n",
            self.course,
            self.day,
            self.used_from_day,
            self.used_until_day,
            self.csat_points,
            self.agents.join("\", \"")
        )
    }
}

/// Returns the costing releases that are felt between two days, in their order.
fn costing(world: &World, first: Day, until: Day) -> Vec<Costing> {
    if !world.has_truths() {
        return Vec::new();
    }
    let cycle = |day: Day| day.0.div_euclid(CYCLE_DAYS);
    let all = (cycle(first) - 1..=cycle(until)).map(|at| Costing::of_cycle(world.dice(), at));
    all.filter(|one| first < one.mended && one.day < until)
        .collect()
}

fn strongest(standing: &Standing) -> StrongestDriver {
    let shares = standing.relative_weights();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    StrongestDriver {
        driver: Driver::ALL[order[0]].name(),
        second: Driver::ALL[order[1]].name(),
        times: shares[order[0]] / shares[order[1]],
    }
}

fn unlike(standing: &Standing) -> UnlikeAgents {
    let [above, below] = standing.unlike.map(|(idx, csat_points)| UnlikeAgent {
        agent: agent::id(idx),
        csat_points,
    });
    UnlikeAgents { above, below }
}
