//! Whether two reads have the same effect: the same row twice counts once, as in the store.

use std::collections::BTreeSet;

use super::row::Row;

/// Returns how `parts` together differ from the full read, in words; `None` where they agree.
pub(super) fn difference(full: &[Row], parts: &[&[Row]]) -> Option<String> {
    let expected: BTreeSet<&Row> = full.iter().collect();
    let found: BTreeSet<&Row> = parts.iter().copied().flatten().collect();
    let mut lost = expected.difference(&found);
    if let Some(first) = lost.next() {
        let name = first.name();
        return Some(match found.iter().any(|row| row.name() == name) {
            true => format!("{} rows are not the same, first `{name}`", 1 + lost.count()),
            false => format!("{} rows are lost, first `{name}`", 1 + lost.count()),
        });
    }
    let mut foreign = found.difference(&expected);
    let first = foreign.next()?;
    let (n_rows, name) = (1 + foreign.count(), first.name());
    Some(format!(
        "{n_rows} rows are not in the full read, first `{name}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ids: &[&str]) -> Vec<Row> {
        let row = |id: &&str| Row {
            kind: "event",
            cells: vec![
                ("id", id.split(':').next().unwrap_or_default().to_owned()),
                ("label", (*id).to_owned()),
            ],
        };
        ids.iter().map(row).collect()
    }

    fn check(parts: &[&[&str]], expected: Option<&str>) {
        let full = rows(&["a", "b", "c"]);
        let parts: Vec<Vec<Row>> = parts.iter().map(|ids| rows(ids)).collect();
        let parts: Vec<&[Row]> = parts.iter().map(Vec::as_slice).collect();
        assert_eq!(difference(&full, &parts).as_deref(), expected);
    }

    #[test]
    fn overlap_is_no_difference() {
        check(&[&["a", "b"], &["b", "c"]], None);
        check(&[&["a"], &["c", "b"]], None);
    }

    #[test]
    fn what_differs_is_counted_and_named() {
        check(&[&["a"]], Some("2 rows are lost, first `event b`"));
        check(
            &[&["a", "b", "c:2"]],
            Some("1 rows are not the same, first `event c`"),
        );
        check(
            &[&["a", "b", "c", "d"]],
            Some("1 rows are not in the full read, first `event d`"),
        );
    }
}
