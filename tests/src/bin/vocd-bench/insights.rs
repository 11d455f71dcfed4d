//! What analyses cost at the sizes that they are made for.

use std::time::Instant;

use vocd::improve::{self, Attribute, Ratings};
use vocd::statistic::{Draws, real};
use vocd_tests::chance::normal;

use super::{median, print_with_target};

/// Answers and what each of them rates.
const N_ROWS: usize = 50_000;
const N_ATTRIBUTES: usize = 12;
/// Times that each is measured.
const N_READS: usize = 3;

pub(super) fn insights() -> anyhow::Result<()> {
    drivers("drivers_ratings_s", |number| {
        (3.5 + 1.1 * number).round().clamp(1.0, 5.0)
    })?;
    drivers("drivers_continuous_s", |number| number)
}

/// Drivers with all their resamples; `told` is how a number becomes a rating.
fn drivers(name: &str, told: fn(f64) -> f64) -> anyhow::Result<()> {
    let mut draws = Draws::new(1);
    let mut columns = vec![Vec::new(); N_ATTRIBUTES];
    let mut outcome = Vec::with_capacity(N_ROWS);
    for _ in 0..N_ROWS {
        let shared = normal(&mut draws);
        let mut sum = normal(&mut draws);
        for (at, column) in columns.iter_mut().enumerate() {
            let number = 0.6 * shared + 0.8 * normal(&mut draws);
            sum += number * (0.1 + real(at) / 60.0);
            column.push(Some(told(number)));
        }
        outcome.push(Some(told(sum)));
    }
    let names: Vec<String> = (0..N_ATTRIBUTES)
        .map(|at| format!("attribute {at}"))
        .collect();
    let attributes: Vec<Attribute<'_>> = (names.iter().zip(&columns))
        .map(|(name, ratings)| Attribute {
            name,
            ratings,
            is_lower_better: false,
        })
        .collect();
    let persons: Vec<u64> = (0..).take(N_ROWS).collect();
    let ratings = Ratings {
        outcome: &outcome,
        persons: &persons,
        attributes: &attributes,
    };
    let mut times = Vec::new();
    for _ in 0..N_READS {
        let start = Instant::now();
        let found = improve::drivers(&ratings, 1, &|| false)?;
        times.push(start.elapsed().as_secs_f64());
        anyhow::ensure!(
            found.drivers[0].name == names[N_ATTRIBUTES - 1],
            "another one is first"
        );
    }
    print_with_target(name, median(&mut times), "s", "<= 2 s");
    Ok(())
}
