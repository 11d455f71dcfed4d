//! What cannot be told, and why.

use super::*;

#[test]
fn what_cannot_be_told_is_refused_with_its_reason() {
    let mut survey = four().drawn(&mut Draws::new(9), 100, boxed);
    let mut few = survey.clone();
    few.attributes[2].1[..60].fill(None);
    assert_eq!(
        refusal(&few).to_string(),
        "40 complete answers are fewer than the 50 that 4 attributes need; `attribute 2` is \
         unrated most often, in 60 answers: leave it out or widen the range"
    );
    let mut same = survey.clone();
    same.outcome.fill(Some(9.0));
    assert_eq!(refusal(&same), Refusal::SameOutcome { n_rows: 100 });
    let mut family = survey.clone();
    family.persons = (0..100).map(|at| at % 29).collect();
    let expected = Refusal::TooFewPersons {
        n_persons: 29,
        needed: 30,
    };
    assert_eq!(refusal(&family), expected);
    let mut twin = survey.clone();
    twin.attributes
        .push(("twin".to_owned(), survey.attributes[1].1.clone()));
    twin.rescale(4, |rating| 7.0 - rating);
    let told = refusal(&twin).to_string();
    assert!(
        told.starts_with("`attribute 1`, `twin` say nearly the same"),
        "{told}"
    );
    survey.attributes.truncate(1);
    let mut silent = survey.clone();
    silent.attributes[0].1.fill(None);
    assert_eq!(refusal(&silent), Refusal::NoAttributes { n_rows: 100 });
    silent.attributes.clear();
    assert_eq!(refusal(&silent), Refusal::NoAttributes { n_rows: 100 });
    let column = survey.attributes[0].clone();
    survey.attributes = vec![column; 21];
    let expected = Refusal::TooManyAttributes {
        n_attributes: 21,
        max: 20,
    };
    assert_eq!(refusal(&survey), expected);
    assert_eq!(
        refusal(&Survey::default()),
        Refusal::NoAttributes { n_rows: 0 }
    );
    let crowd = Survey {
        outcome: vec![None; ROWS_MAX + 1],
        persons: vec![0; ROWS_MAX + 1],
        ..Survey::default()
    };
    let told = refusal(&crowd).to_string();
    assert_eq!(
        told,
        "500001 answers are more than 500000 weighed together: narrow the range"
    );
}

#[test]
fn what_one_person_tells_apart_is_no_picture() {
    let mut survey = four().drawn(&mut Draws::new(10), 100, plain);
    let mut twin = survey.attributes[0].1.clone();
    // Only one person of a hundred rates them differently, and is often not drawn.
    twin[50] = twin[50].map(|rating| rating + 3.0);
    survey.attributes.push(("twin".to_owned(), twin));
    let told = refusal(&survey);
    assert!(
        matches!(
            told,
            Refusal::Unsteady {
                n_failed: 20..=60,
                n_resamples: 100
            }
        ),
        "{told}"
    );
}

#[test]
fn nothing_that_goes_with_the_outcome_is_told_so() {
    // Every pair of rating and outcome as often as every other.
    let pairs = |of: fn(usize) -> usize| -> Vec<Option<f64>> {
        (0..100).map(|at| Some(real(of(at)))).collect()
    };
    let survey = Survey {
        outcome: pairs(|at| at % 10),
        persons: (0..100).collect(),
        attributes: vec![("apart".to_owned(), pairs(|at| at / 10))],
        ..Survey::default()
    };
    assert_eq!(refusal(&survey), Refusal::NothingExplained { n_rows: 100 });
}

#[test]
fn it_stops_when_told_to() {
    let survey = four().drawn(&mut Draws::new(11), 60, boxed);
    let asked = AtomicU32::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) >= 5;
    let found = survey.with(|ratings| drivers(ratings, 1, &stop));
    assert_eq!(found, Err(Refusal::Stopped));
    // Each of the threads asks once more at most.
    let n_asked = asked.load(Ordering::Relaxed);
    assert!((6..=7).contains(&n_asked), "{n_asked}");
}
