//! Persons and dimensions: how facts meet customers of several sources.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};

use super::fixture::{Answer, TestStore, at, everything};
use crate::plan::{Dimension, Filter, Measure, Tally, TallyPlan, TallyValue};
use crate::record::door::Door;
use crate::record::{RecordKind, SourceName};
use crate::store::Store;
use crate::store::duckdb::{DimensionField, DimensionSpec};

pub(super) struct Person {
    pub(super) id: &'static str,
    pub(super) alias: Option<&'static str>,
    pub(super) account: Option<&'static str>,
    pub(super) segment: Option<&'static str>,
    pub(super) updated_at: i64,
}

pub(super) const fn person(id: &'static str, segment: &'static str, updated_at: i64) -> Person {
    Person {
        id,
        alias: None,
        account: None,
        segment: Some(segment),
        updated_at,
    }
}

pub(super) fn segment() -> Vec<DimensionSpec> {
    vec![DimensionSpec {
        name: "segment".to_owned(),
        kind: RecordKind::Customer,
        field: DimensionField::Column("segment"),
    }]
}

pub(super) fn commit_people(store: &TestStore, source: &str, people: &[Person]) {
    let source = SourceName::new(source).unwrap();
    let texts = |text: fn(&Person) -> Option<&'static str>| -> ArrayRef {
        Arc::new(people.iter().map(text).collect::<StringArray>())
    };
    let mut aliases = ListBuilder::new(StringBuilder::new());
    for person in people {
        aliases.append_option(person.alias.map(|alias| [Some(alias)]));
    }
    let times = people
        .iter()
        .map(|person| Some(at(person.updated_at).as_microsecond()));
    let batch = RecordBatch::try_from_iter([
        ("id", texts(|one| Some(one.id))),
        ("account", texts(|one| one.account)),
        ("segment", texts(|one| one.segment)),
        ("aliases", Arc::new(aliases.finish()) as ArrayRef),
        (
            "updated_at",
            Arc::new(
                times
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
        ),
    ])
    .unwrap();
    commit_rows(store, source, RecordKind::Customer, &batch);
}

/// Commits versions of agents: id, team, and since when.
fn commit_agents(store: &TestStore, source: &str, agents: &[(&str, &str, i64)]) {
    let source = SourceName::new(source).unwrap();
    let ids: StringArray = agents.iter().map(|one| Some(one.0)).collect();
    let teams: StringArray = agents.iter().map(|one| Some(one.1)).collect();
    let times = agents.iter().map(|one| Some(at(one.2).as_microsecond()));
    let times = times
        .collect::<TimestampMicrosecondArray>()
        .with_timezone("UTC");
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(ids) as ArrayRef),
        ("team", Arc::new(teams)),
        ("updated_at", Arc::new(times)),
    ])
    .unwrap();
    commit_rows(store, source, RecordKind::Agent, &batch);
}

pub(super) fn commit_rows(
    store: &TestStore,
    source: SourceName,
    kind: RecordKind,
    batch: &RecordBatch,
) {
    let door = Door::new(source.clone());
    let checked = door.check(kind, batch, at(3_600)).unwrap();
    assert_eq!(checked.rejects, []);
    let (run_id, _) = store.begin_run(&source, at(0)).unwrap();
    let mut unit = store.unit_of(vec![checked.batch], run_id, 0);
    unit.source = source;
    Store::commit(&**store, unit).unwrap();
}

fn answer(id: &str, customer: &str, responded_at: i64) -> Answer {
    Answer {
        customer: Some(customer.to_owned()),
        ..Answer::new(id, 9.0, responded_at)
    }
}

fn segments(store: &TestStore) -> Vec<(Option<String>, TallyValue)> {
    let plan = TallyPlan {
        group: vec![Dimension::Configured("segment".to_owned())],
        ..everything(vec![Measure::Count])
    };
    let rows = store.tally(&plan).unwrap().rows;
    rows.into_iter()
        .map(|mut row| (row.key.remove(0), row.values.remove(0)))
        .collect()
}

fn check(store: &TestStore, expected: &[(Option<&str>, u64)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(key, n)| (key.map(str::to_owned), TallyValue::Count(*n)))
        .collect();
    assert_eq!(segments(store), expected);
}

fn n_persons(store: &TestStore) -> TallyValue {
    let tallies = store.tally(&everything(vec![Measure::Persons])).unwrap();
    tallies.rows[0].values[0].clone()
}

#[test]
fn a_fact_takes_the_version_in_force_whichever_comes_first() {
    let answers = [
        answer("a", "7", 50),
        answer("b", "7", 150),
        answer("c", "8", 150),
    ];
    let people = [person("7", "smb", 100), person("7", "enterprise", 120)];
    let expected = [(None, 1), (Some("enterprise"), 1), (Some("smb"), 1)];
    let people_first = TestStore::with_dimensions(segment());
    commit_people(&people_first, "survey", &people);
    people_first.commit(&answers);
    check(&people_first, &expected);
    let facts_first = TestStore::with_dimensions(segment());
    facts_first.commit(&answers);
    check(&facts_first, &[(None, 3)]);
    commit_people(&facts_first, "survey", &people);
    check(&facts_first, &expected);
}

#[test]
fn sources_meet_by_name_and_by_alias() {
    let store = TestStore::with_dimensions(segment());
    store.commit(&[
        answer("a", "crm/7", 50),
        answer("b", " Email:A@b.c ", 50),
        answer("c", "7", 50),
    ]);
    let seven = Person {
        alias: Some("email:a@B.C"),
        ..person("7", "smb", 100)
    };
    commit_people(&store, "crm", &[seven]);
    check(&store, &[(None, 1), (Some("smb"), 2)]);
    assert_eq!(n_persons(&store), TallyValue::Count(2));
}

#[test]
fn rows_that_share_an_alias_are_one_person() {
    let store = TestStore::with_dimensions(segment());
    store.commit(&[answer("a", "crm/7", 50), answer("b", "desk/9", 50)]);
    let with_alias = |id, segment| Person {
        alias: Some("email:a@b.c"),
        segment,
        ..person(id, "", 10)
    };
    commit_people(&store, "desk", &[with_alias("9", None)]);
    assert_eq!(n_persons(&store), TallyValue::Count(2));
    commit_people(&store, "crm", &[with_alias("7", Some("smb"))]);
    assert_eq!(n_persons(&store), TallyValue::Count(1));
    check(&store, &[(Some("smb"), 2)]);
}

#[test]
fn the_source_listed_first_is_believed_first() {
    let store = TestStore::with_dimensions(segment());
    store.commit(&[answer("a", "email:a@b.c", 50), answer("b", "desk/9", 50)]);
    let with_alias = |id, segment| Person {
        alias: Some("email:a@b.c"),
        ..person(id, segment, 10)
    };
    commit_people(&store, "crm", &[with_alias("7", "smb")]);
    commit_people(&store, "desk", &[with_alias("9", "enterprise")]);
    check(&store, &[(Some("smb"), 2)]);
    let store = store.believing(&["desk", "crm"]);
    check(&store, &[(Some("enterprise"), 2)]);
    assert_eq!(n_persons(&store), TallyValue::Count(1));
    // What the first does not say, the next one does; later rows are stamped alike.
    commit_people(
        &store,
        "desk",
        &[Person {
            segment: None,
            updated_at: 100,
            ..with_alias("9", "")
        }],
    );
    store.commit(&[answer("c", "crm/7", 150)]);
    check(&store, &[(Some("enterprise"), 2), (Some("smb"), 1)]);
    let store = store.believing(&[]);
    check(&store, &[(Some("smb"), 3)]);
}

#[test]
fn an_answer_is_of_the_team_its_agent_was_in() {
    let served_by = |id, agent, responded_at| Answer {
        agent,
        ..answer(id, "7", responded_at)
    };
    let store = TestStore::new();
    store.commit(&[
        served_by("a", Some("desk/eva"), 50),
        served_by("b", Some("desk/eva"), 150),
        served_by("c", None, 50),
    ]);
    let by_team = || {
        let plan = TallyPlan {
            group: vec![Dimension::Column("team")],
            ..everything(vec![Measure::Count])
        };
        let rows = store.tally(&plan).unwrap().rows;
        let pair = |mut row: crate::plan::TallyRow| (row.key.remove(0), row.values.remove(0));
        rows.into_iter().map(pair).collect::<Vec<_>>()
    };
    assert_eq!(by_team(), [(None, TallyValue::Count(3))]);
    commit_agents(
        &store,
        "desk",
        &[("eva", "north", 10), ("eva", "south", 100)],
    );
    let team = |name: &str| Some(name.to_owned());
    let one = || TallyValue::Count(1);
    assert_eq!(
        by_team(),
        [
            (None, one()),
            (team("north"), one()),
            (team("south"), one())
        ]
    );
}

#[test]
fn a_ticket_is_of_the_team_it_names_else_of_its_agents() {
    let store = TestStore::new();
    commit_agents(&store, "desk", &[("eva", "north", 10)]);
    let texts =
        |values: [Option<&str>; 3]| -> ArrayRef { Arc::new(StringArray::from_iter(values)) };
    let times = TimestampMicrosecondArray::from_value(at(50).as_microsecond(), 3);
    let batch = RecordBatch::try_from_iter([
        ("id", texts([Some("1"), Some("2"), Some("3")])),
        (
            "created_at",
            Arc::new(times.with_timezone("UTC")) as ArrayRef,
        ),
        ("agent", texts([Some("eva"), Some("eva"), None])),
        ("team", texts([Some("south"), None, None])),
    ])
    .unwrap();
    let desk = SourceName::new("desk").unwrap();
    commit_rows(&store, desk, RecordKind::Ticket, &batch);
    let plan = TallyPlan {
        kind: RecordKind::Ticket,
        group: vec![Dimension::Column("team")],
        ..everything(vec![Measure::Count])
    };
    let rows = store.tally(&plan).unwrap().rows;
    let keys: Vec<Option<&str>> = rows.iter().map(|row| row.key[0].as_deref()).collect();
    assert_eq!(keys, [None, Some("north"), Some("south")]);
}

#[test]
fn what_a_person_lacks_its_account_says() {
    let store = TestStore::with_dimensions(segment());
    store.commit(&[answer("a", "7", 50)]);
    let member = Person {
        account: Some("acme"),
        segment: None,
        ..person("7", "", 10)
    };
    commit_people(&store, "survey", &[member]);
    check(&store, &[(None, 1)]);
    commit_people(&store, "survey", &[person("acme", "enterprise", 10)]);
    check(&store, &[(Some("enterprise"), 1)]);
}

#[test]
fn changed_dimensions_are_stamped_on_old_rows() {
    let mut store = TestStore::new();
    let product = |id, product| Answer {
        attributes: Some(format!(r#"{{"product": {product}}}"#)),
        ..answer(id, "7", 50)
    };
    store.commit(&[
        product("a", "\"basic\""),
        product("b", "3"),
        product("c", "null"),
    ]);
    commit_people(&store, "survey", &[person("7", "smb", 10)]);
    store = store.reopened_with(segment());
    check(&store, &[(Some("smb"), 3)]);
    store = store.reopened_with(vec![DimensionSpec {
        name: "segment".to_owned(),
        kind: RecordKind::Response,
        field: DimensionField::Attribute("product".to_owned()),
    }]);
    check(&store, &[(None, 1), (Some("3"), 1), (Some("basic"), 1)]);
    store.commit(&[product("d", "3")]);
    check(&store, &[(None, 1), (Some("3"), 2), (Some("basic"), 1)]);
}

/// How many persons answered, asked together with what cannot be put together from pieces.
fn check_enough(answers: &[Answer], enough: u64, expected: u64) {
    let store = TestStore::new();
    store.commit(answers);
    let plan = everything(vec![
        Measure::PersonsToward {
            enough,
            among: Filter::Present("score"),
        },
        Measure::Max("score"),
    ]);
    let found = store.tally(&plan).unwrap().rows.remove(0).values.remove(0);
    assert_eq!(
        found,
        TallyValue::Count(expected),
        "{} rows, {enough}",
        answers.len()
    );
}

#[test]
fn persons_are_counted_by_name_where_their_number_is_open() {
    let same = ["a", "b", "c"].map(|id| answer(id, "7", 10));
    // As many as rows are too few; how many they are is of no matter.
    check_enough(&same, 4, 3);
    // One person may be enough or not as far as rows tell, and is not.
    check_enough(&same, 2, 1);
    check_enough(&same, 1, 1);
    let apart = ["a", "b", "c"].map(|id| answer(id, id, 10));
    check_enough(&apart, 3, 3);
    let alone = ["a", "b"].map(|id| Answer::new(id, 9.0, 10));
    check_enough(&alone, 2, 2);
}
