//! Finds the name that was probably meant.

/// Likeness (Jaro–Winkler, 0–1) from which a name is near whatever its length: it begins alike.
const LIKENESS_MIN: f64 = 0.85;

/// Returns the candidate that differs from `given` by the fewest typing mistakes, or `None` when
/// none is near: a third of the letters may be wrong, and always two.
#[must_use]
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let n_mistakes_max = (given.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (mistakes(given, candidate), candidate))
        .filter(|(n_mistakes, candidate)| {
            let is_typed = *n_mistakes <= n_mistakes_max && *n_mistakes < candidate.chars().count();
            is_typed || strsim::jaro_winkler(given, candidate) >= LIKENESS_MIN
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Counts wrong, missing, additional and swapped letters, whatever their case.
fn mistakes(left: &str, right: &str) -> usize {
    strsim::osa_distance(&left.to_lowercase(), &right.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: Option<&str>) {
        let known = ["timezone", "csv", "channel", "nps", "segment"];
        assert_eq!(nearest(given, known), expected, "{given}");
    }

    #[test]
    fn a_typing_mistake_is_seen_through() {
        check("time_zone", Some("timezone"));
        check("cvs", Some("csv"));
        check("Chanel", Some("channel"));
        check("nsp", Some("nps"));
    }

    #[test]
    fn another_word_is_no_mistake() {
        check("retention", None);
        check("", None);
        check("xy", None);
    }
}
