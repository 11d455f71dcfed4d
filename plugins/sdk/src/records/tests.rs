//! The structures and the table of kinds say the same.

use super::*;

/// What a structure says of its kind: the names it fills, and a row of nothing but what it must.
fn check<T: Record>(record: &T) {
    let mut rows = RowsBuilder::new(T::KIND, T::COLUMNS).expect("columns of the kind");
    record.push(&mut rows);
    assert_eq!(rows.n_rows(), 1);
    let mut own: Vec<&str> = T::COLUMNS.to_vec();
    let mut declared: Vec<&str> = T::KIND.columns().map(|column| column.name).collect();
    own.sort_unstable();
    declared.sort_unstable();
    assert_eq!(own, declared, "{}", T::KIND.name());
}

#[test]
fn every_column_of_every_kind_has_its_field() {
    let now = Time::from_us(0);
    check(&Response::new("1", "s", "q", Metric::Nps, now));
    check(&Invitation::new("1", "s", now));
    check(&Ticket::new("1", now));
    check(&Customer::new("1"));
    check(&Subscription::new(
        "1",
        "c",
        "s",
        now,
        Money::default(),
        "EUR",
    ));
    check(&Activity::new("1", "c", now, "login"));
    check(&Agent::new("1"));
    let review = Review::new("1", "r", "a", ReviewerKind::Peer, "tone", 1.0, 5.0, now);
    check(&review);
    check(&Training::new("1", "a", "c", now));
    check(&Event::new("1", now, "release"));
}

#[test]
fn required_in_the_table_is_required_in_new() {
    // `new` takes what follows the five common columns, up to the first optional one.
    fn n_required<T: Record>() {
        let is_required = |name: &&&str| T::KIND.column(name).is_some_and(|it| it.is_required);
        let n_leading = T::COLUMNS[5..].iter().take_while(is_required).count();
        let n_all = T::COLUMNS[5..].iter().filter(is_required).count();
        assert_eq!(n_leading, n_all, "{}", T::KIND.name());
    }
    n_required::<Response<'_>>();
    n_required::<Invitation<'_>>();
    n_required::<Ticket<'_>>();
    n_required::<Customer<'_>>();
    n_required::<Subscription<'_>>();
    n_required::<Activity<'_>>();
    n_required::<Agent<'_>>();
    n_required::<Review<'_>>();
    n_required::<Training<'_>>();
    n_required::<Event<'_>>();
}

#[test]
fn the_words_are_those_of_the_table() {
    let table = |kind: RecordKind, column| kind.column(column).expect("a column").values;
    macro_rules! same {
        ($word:ty, $kind:ident, $column:literal) => {
            let names: Vec<&str> = <$word>::ALL.iter().map(|word| word.name()).collect();
            assert_eq!(names, table(RecordKind::$kind, $column));
        };
    }
    same!(Metric, Response, "metric");
    same!(Direction, Response, "direction");
    same!(Status, Response, "status");
    same!(Mode, Response, "mode");
    same!(HandledBy, Ticket, "handled_by");
    same!(ReviewerKind, Review, "reviewer_kind");
    same!(EventKind, Event, "event_kind");
}
