//! Trainings whose effect is known by hand.

use proptest::prelude::*;

use super::*;

/// Weeks −16..=8 around the training in week 0: earlier, just before, after.
fn weeks(earlier: f64, before: f64, after: f64) -> Vec<Week> {
    let level = |week: i32| match week {
        ..=-9 => earlier,
        -8..=-1 => before,
        0 => 9.0,
        _ => after,
    };
    let week = |week| Week {
        week,
        difference: level(week),
        n_ratings: 10.0,
    };
    (-16..=8).map(week).collect()
}

struct Agent {
    name: String,
    team: &'static str,
    trained_in: Option<i32>,
    weeks: Vec<Week>,
}

fn group(team: &'static str, trained_in: Option<i32>, changes: &[f64]) -> Vec<Agent> {
    let agent = |(idx, change): (usize, &f64)| Agent {
        name: format!("{team} {trained_in:?} {idx}"),
        team,
        trained_in,
        weeks: weeks(0.0, 0.1, 0.1 + change),
    };
    changes.iter().enumerate().map(agent).collect()
}

fn effect(agents: &[Agent], seed: u64) -> TrainingEffect {
    let trainees: Vec<Trainee<'_>> = agents.iter().map(Agent::trainee).collect();
    training_effect(&trainees, seed)
}

impl Agent {
    fn trainee(&self) -> Trainee<'_> {
        Trainee {
            name: &self.name,
            team: self.team,
            trained_in: self.trained_in,
            weeks: &self.weeks,
        }
    }
}

fn measured(agents: &[Agent]) -> Effect {
    match effect(agents, 7) {
        TrainingEffect::Measured(effect) => effect,
        other => panic!("{other:?}"),
    }
}

const TRAINED: [f64; 5] = [0.08, 0.10, 0.12, 0.09, 0.11];
const UNTRAINED: [f64; 6] = [0.01, 0.03, 0.02, 0.04, 0.00, 0.02];

fn study() -> Vec<Agent> {
    let mut agents = group("north", Some(0), &TRAINED);
    agents.extend(group("north", None, &UNTRAINED));
    agents
}

#[test]
fn the_trained_less_their_colleagues() {
    let found = measured(&study());
    assert!((found.value - 0.08).abs() < 1e-12, "{found:?}");
    assert_eq!((found.n_trained, found.n_colleagues), (5, 6));
    // Two-sample t by hand: s² 0.00025 of 5 and 0.0002 of 6, error 0.00913, 8.2 degrees: 0.0210.
    let half = (found.interval.1 - found.interval.0) / 2.0;
    // Without the factor for few agents it is 0.0181, without Student's width 0.0172.
    assert!((half - 0.0210).abs() < 0.0015, "{half}");
    assert!(found.interval.0 < 0.08 && 0.08 < found.interval.1);
}

#[test]
fn only_colleagues_of_the_same_team_and_weeks_count() {
    let mut agents = study();
    // Another team changed a lot, and its lone trained agent has nobody to compare with.
    agents.extend(group("south", None, &[0.9]));
    agents.extend(group("south", Some(0), &[0.5]));
    // These were trained half a year later, around which nobody has ratings.
    agents.extend(group("north", Some(30), &[0.7, 0.7]));
    let found = measured(&agents);
    assert!((found.value - 0.08).abs() < 1e-12, "{found:?}");
    assert_eq!((found.n_trained, found.n_colleagues), (5, 6));
}

#[test]
fn teams_are_matched_one_by_one() {
    let mut agents = group("north", Some(0), &[0.10, 0.12, 0.11]);
    agents.extend(group("north", None, &[0.05, 0.06, 0.07]));
    agents.extend(group("south", Some(0), &[0.30, 0.32, 0.31]));
    agents.extend(group("south", None, &[0.20, 0.21, 0.22]));
    let found = measured(&agents);
    assert!(
        (found.value - (0.05 + 0.10) / 2.0).abs() < 1e-12,
        "{found:?}"
    );
}

#[test]
fn too_few_is_no_number() {
    let count = |trained: usize, untrained: usize| {
        let mut agents = group("north", Some(0), &TRAINED[..trained]);
        agents.extend(group("north", None, &UNTRAINED[..untrained]));
        effect(&agents, 1)
    };
    for (n_trained, n_colleagues) in [(4, 6), (5, 4), (0, 6)] {
        let n_colleagues_matched = if n_trained == 0 { 0 } else { n_colleagues };
        assert_eq!(
            count(n_trained, n_colleagues),
            TrainingEffect::TooFew {
                n_trained,
                n_colleagues: n_colleagues_matched
            }
        );
    }
    // One colleague shows no spread, so its team is not compared at all.
    assert_eq!(
        count(5, 1),
        TrainingEffect::TooFew {
            n_trained: 0,
            n_colleagues: 0
        }
    );
    assert_eq!(
        effect(&[], 1),
        TrainingEffect::TooFew {
            n_trained: 0,
            n_colleagues: 0
        }
    );
}

#[test]
fn without_ratings_on_both_sides_an_agent_is_left_out() {
    let mut agents = study();
    agents[0].weeks.retain(|week| week.week < 0);
    for week in &mut agents[1].weeks {
        week.n_ratings = 0.0;
    }
    agents[2].weeks[3].difference = f64::NAN;
    assert_eq!(
        effect(&agents, 1),
        TrainingEffect::TooFew {
            n_trained: 3,
            n_colleagues: 6
        }
    );
}

#[test]
fn agents_who_all_change_alike_have_no_interval() {
    let mut agents = group("north", Some(0), &[0.0; 5]);
    agents.extend(group("north", None, &[0.0; 5]));
    assert_eq!(effect(&agents, 1), TrainingEffect::NoVariation);
}

#[test]
fn a_low_start_is_warned_of() {
    let start = |before: f64, wobble: f64| {
        let mut agents = study();
        for agent in &mut agents {
            for week in &mut agent.weeks {
                match week.week {
                    ..=-9 => week.difference = if week.week % 2 == 0 { wobble } else { -wobble },
                    -8..=-1 => week.difference = before,
                    _ => {}
                }
            }
        }
        measured(&agents).regression
    };
    // Eight weeks at ±w have a standard deviation of w sqrt(8/7).
    assert_eq!(start(-0.05, 0.05), Regression::Unlikely);
    let Regression::Likely { drop, deviation } = start(-0.06, 0.05) else {
        panic!("a drop of 1.1 deviations");
    };
    assert!(
        (drop - 0.06).abs() < 1e-12 && (deviation - 0.05 * (8.0_f64 / 7.0).sqrt()).abs() < 1e-12
    );
    assert_eq!(start(0.3, 0.05), Regression::Unlikely);
    let mut young = study();
    for agent in &mut young {
        agent.weeks.retain(|week| week.week > -12);
    }
    assert_eq!(measured(&young).regression, Regression::Unknown);
}

#[test]
fn busy_agents_weigh_more() {
    let mut agents = study();
    for week in &mut agents[2].weeks {
        week.n_ratings = 40.0;
    }
    let expected = (0.08 + 0.10 + 4.0 * 0.12 + 0.09 + 0.11) / 8.0 - 0.02;
    assert!((measured(&agents).value - expected).abs() < 1e-12);
}

proptest! {
    #[test]
    fn order_decides_nothing_and_the_seed_everything(turn in 0_usize..11, seed in 0_u64..50) {
        let mut agents = study();
        let found = effect(&agents, seed);
        agents.rotate_left(turn);
        for agent in &mut agents {
            agent.weeks.reverse();
        }
        let (TrainingEffect::Measured(a), TrainingEffect::Measured(b)) = (found, effect(&agents, seed))
        else {
            panic!("{found:?}");
        };
        prop_assert!((a.value - b.value).abs() < 1e-12);
        prop_assert!((a.interval.0 - b.interval.0).abs() < 1e-12);
        prop_assert!(a.interval.0 <= a.value && a.value <= a.interval.1);
    }
}
