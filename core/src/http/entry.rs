//! What kind of thing an address is, known before its route: open, looked at or changed.

use http::Method;

use crate::access::Area;
use crate::http::ingest;

/// What an address and a method ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Anyone may.
    Open,
    /// A webhook, which proves itself.
    Ingest,
    /// It is read.
    Read(Area),
    /// It changes something.
    Change(Area),
}

/// What one may do to a source.
pub(super) const SOURCE_ACTIONS: [&str; 3] = ["run", "pause", "resume"];

/// Methods of the addresses that take orders.
pub(super) const ALLOW_ORDER: &str = "POST, OPTIONS";

/// Methods of the address of events.
pub(super) const ALLOW_ANNOTATE: &str = "GET, HEAD, POST, OPTIONS";

/// Returns what is asked; `path` is the one below the base path.
///
/// An address that is not named here is looked at, whatever the method: no route changes anything
/// unless this said [`Entry::Change`].
pub(super) fn entry(method: &Method, path: &str) -> Entry {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["healthz" | "readyz"] => Entry::Open,
        [first, ..] if *first == ingest::SEGMENT => Entry::Ingest,
        ["api", "v1", "sources", _, action] if SOURCE_ACTIONS.contains(action) => {
            match *method == Method::POST {
                true => Entry::Change(Area::Operate),
                false => Entry::Read(Area::Look),
            }
        }
        ["api", "v1", "events"] if *method == Method::POST => Entry::Change(Area::Annotate),
        ["api", "v1", "rows", ..] => Entry::Read(Area::Rows),
        ["admin", ..] | ["api", "v1", "kpis", _, "explain"] => Entry::Read(Area::Operate),
        _ => Entry::Read(Area::Look),
    }
}

/// Returns the KPI whose numbers an address is, where it names one.
pub(super) fn kpi(path: &str) -> Option<&str> {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["api", "v1", "kpis", name] | ["api", "v1", "kpis", name, "explain"] => Some(name),
        _ => None,
    }
}

/// Returns whether an address takes orders by POST, and is not read.
pub(super) fn is_order(path: &str) -> bool {
    entry(&Method::POST, path) == Entry::Change(Area::Operate)
}

/// Returns whether an address is read and written.
pub(super) fn takes_annotations(path: &str) -> bool {
    entry(&Method::POST, path) == Entry::Change(Area::Annotate)
}

/// Returns whether an address is a page that people open: there a token becomes a cookie.
pub(super) fn is_page(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        [""] | ["admin"] | ["dashboards", _] => true,
        ["walls", name] => !name.contains('.'),
        _ => false,
    }
}

/// Returns whether an address belongs to one wall: its page, its pictures and their looks.
///
/// Names of walls need no percent-encoding, so that an encoded one is simply another.
pub(super) fn is_of_wall(path: &str, wall: &str) -> bool {
    let stem = |file: &str| file.rsplit_once('.').is_some_and(|(stem, _)| stem == wall);
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["assets", _] => true,
        ["walls" | "charts", name] => *name == wall || stem(name),
        ["walls", name, "events"] | ["charts", name, _] => *name == wall,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, expected: Entry) {
        let method: Method = method.parse().unwrap();
        assert_eq!(entry(&method, path), expected, "{method} {path}");
    }

    #[test]
    fn addresses_are_what_they_say() {
        let (look, operate) = (Entry::Read(Area::Look), Entry::Read(Area::Operate));
        for path in [
            "",
            "walls/a",
            "metrics",
            "api/v1/kpis/nps",
            "nowhere",
            "healthz/x",
        ] {
            check("GET", path, look);
            check("POST", path, look);
        }
        check("GET", "healthz", Entry::Open);
        check("POST", "ingest/a", Entry::Ingest);
        check("GET", "admin", operate);
        check("GET", "admin/x", operate);
        check("GET", "api/v1/rows/response", Entry::Read(Area::Rows));
        check("POST", "api/v1/sources/a/run", Entry::Change(Area::Operate));
        check("GET", "api/v1/sources/a/run", look);
        check("POST", "api/v1/sources/a/x", look);
        check("POST", "api/v1/events", Entry::Change(Area::Annotate));
        assert!(takes_annotations("api/v1/events") && !takes_annotations("api/v1/rows/event"));
        assert!(is_order("api/v1/sources/a/pause") && !is_order("api/v1/events"));
    }

    #[test]
    fn a_wall_is_its_page_and_its_pictures() {
        for path in [
            "walls/exec",
            "walls/exec.png",
            "walls/exec/events",
            "charts/exec/nps.svg",
            "charts/exec.png",
            "assets/vocd.css",
        ] {
            assert!(is_of_wall(path, "exec"), "{path}");
        }
        for path in [
            "",
            "walls/other",
            "walls/exec2.png",
            "charts/other/exec.svg",
            "dashboards/exec",
            "api/v1/kpis/nps",
            "api/v1/sources",
            "metrics",
            "charts/exec/nps.svg/x",
            "walls/%65xec",
        ] {
            assert!(!is_of_wall(path, "exec"), "{path}");
        }
    }
}
