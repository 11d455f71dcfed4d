//! Every fault a person can make in a dashboard, and how a shelf lives with bad files.

use std::fs;

use expect_test::{Expect, expect};

use super::*;
use crate::config::Config;
use crate::kpi::ChartKind;

const GOOD: &str = "[[panel]]\nid = \"nps\"\nkpi = \"nps\"\n";

fn context() -> DashboardContext {
    let text = "timezone = \"Europe/Berlin\"\n\
        [dimensions]\nsegment = { from = \"customer.segment\" }\n\
        [goals.nps-2026]\nkpi = \"nps\"\nbaseline = 31\ntarget = 45\nstart = \"2026-01-01\"\n\
        due = \"2026-12-31\"";
    let config = Config::parse(Path::new("vocd.toml"), text).expect("valid");
    config.dashboard_context()
}

fn check(text: &str, expected: Expect) {
    let faults = parse(Path::new("d/board.toml"), text, &context()).expect_err("has faults");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_short_file_is_filled_with_defaults() {
    let board = parse(Path::new("board.toml"), GOOD, &context()).expect("valid");
    assert_eq!(
        (board.name.as_str(), board.title.as_str()),
        ("board", "board")
    );
    assert_eq!(board.theme, Theme::Dark);
    assert_eq!(board.rotate.as_secs(), 20);
    let panel = &board.panels[0];
    assert_eq!(panel.chart, panel.kpi.charts[0]);
    assert_eq!((panel.size, panel.page), ((2, 1), 1));
}

#[test]
fn a_full_file_is_read() {
    let text = r#"
title = "Executive"
theme = "light"
range = "90d"
grain = "week"
rotate = "1m"
[[panel]]
id = "nps"
title = "How likely"
kpi = "nps"
chart = "trend"
goal = "nps-2026"
where = { segment = ["enterprise", "(none)"], channel = "email" }
by = "channel"
range = "12w"
grain = "day"
size = [4, 2]
page = 2
[[event]]
at = "2026-05-13"
label = "release 4.2"
[[event]]
at = 2026-01-01T10:00:00Z
label = "earlier"
"#;
    let board = parse(Path::new("board.toml"), text, &context()).expect("valid");
    let panel = &board.panels[0];
    assert_eq!(panel.chart, ChartKind::Trend);
    let segments = [Some("enterprise".to_owned()), None];
    assert_eq!(panel.filters["segment"], segments);
    assert_eq!(panel.filters["channel"], [Some("email".to_owned())]);
    let instants: Vec<String> = board.events.iter().map(|e| e.at.to_string()).collect();
    assert_eq!(instants, ["2026-01-01T10:00:00Z", "2026-05-12T22:00:00Z"]);
}

#[test]
fn all_faults_of_a_file_are_told_at_once() {
    check(
        r#"
titel = "Executive"
theme = "dakr"
range = "90x"
grain = "weekly"
[[panel]]
id = "a b"
kpi = "npss"
[[panel]]
id = "x"
kpi = "nps"
chart = "pie"
goal = "nps-2025"
by = "segmnt"
where = { segment = [], chanel = "a", channel = 3 }
size = [5, 1]
page = 0
[[panel]]
kpi = "nps"
colour = "red"
[[event]]
at = "yesterday"
"#,
        expect![[r#"
            d/board.toml:2:1: unknown key `titel` in the dashboard; did you mean `title`?
            d/board.toml:3:9: `theme`: unknown value `dakr`; write one of `dark`, `light`, `contrast`
            d/board.toml:4:9: `range`: `90x` is not a range; write `all`, `ytd`, a length up to 100 years such as `90d`, `12w`, `6mo` or `2y`, or `2026-01-01..2026-06-30` (the end is exclusive)
            d/board.toml:5:9: `grain`: `weekly` is not a grain; it is one of `day`, `week`, `month`, `quarter`; did you mean `week`?
            d/board.toml:7:6: `id`: `a b` cannot be part of an address; use a-z, 0-9, `-` and `_`, a letter or digit first, 60 at most
            d/board.toml:8:7: `kpi`: unknown KPI `npss`; did you mean `nps`?
            d/board.toml:12:9: `chart`: `pie` is not a chart; it is one of `number`, `trend`, `stack`, `distribution`, `bars`, `table`, `cohort`, `survival`, `bridge`, `bullet`, `control`, `quadrant`, `pareto`, `slope`, `funnel`
            d/board.toml:13:8: unknown goal `nps-2025`; did you mean `nps-2026`?
            d/board.toml:14:6: `by`: unknown dimension `segmnt`; did you mean `segment`?
            d/board.toml:15:21: `segment`: 0 values; write from 1 to 100 values, or leave the key out
            d/board.toml:15:25: unknown dimension `chanel`; did you mean `channel`?
            d/board.toml:15:49: `channel`: wrong type, found integer; write a text in quotes
            d/board.toml:16:8: `size`: not a size on the grid; write [COLUMNS, ROWS], 1 to 4 columns and 1 to 4 rows
            d/board.toml:17:8: `page`: 0 is out of range; write a whole number from 1 to 20
            d/board.toml:18:1: [[panel]] has no `id`; choose one; it is the panel's part of the address
            d/board.toml:20:1: unknown key `colour` in [[panel]]; known are `id`, `kpi`, `title`, `chart`, `goal`, `of`, `versus`, `where`, `by`, `range`, `grain`, `rolling`, `size`, `page`
            d/board.toml:21:1: [[event]] has no `label`; an event has `at` and `label`
            d/board.toml:22:6: `at`: `yesterday` is no day or instant; write "2026-05-13" or "2026-05-13T14:00:00Z""#]],
    );
}

#[test]
fn panel_ids_are_unique() {
    check(
        &GOOD.repeat(2),
        expect![
            "d/board.toml:5:6: panel id `nps` is used twice; ids are addresses; choose another"
        ],
    );
}

#[test]
fn a_dashboard_without_panels_is_a_fault() {
    check(
        "title = \"x\"",
        expect!["d/board.toml:1:1: the dashboard has no panel; add [[panel]] with `id` and `kpi`"],
    );
}

#[test]
fn a_file_name_must_fit_into_an_address() {
    let faults = parse(Path::new("My Board.toml"), GOOD, &context()).expect_err("bad name");
    assert!(faults[0].what.contains("My Board"), "{}", faults[0]);
}

struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        Self { dir }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).expect("written");
    }

    fn shelf(&self) -> Shelf {
        Shelf::load(self.dir.path(), context())
    }
}

#[test]
fn a_bad_file_never_takes_a_page_away() {
    let folder = Folder::new();
    folder.write("a.toml", GOOD);
    let shelf = folder.shelf();
    let version = shelf.version();
    folder.write("a.toml", "broken");
    let reload = shelf.reload();
    assert_eq!(reload.changed, ["a"]);
    assert!(shelf.version() > version);
    let kept = shelf.get("a").expect("still there");
    assert_eq!(kept.dashboard.panels.len(), 1);
    assert!(!kept.faults.is_empty());
    folder.write("a.toml", &GOOD.replace("\"nps\"\nkpi", "\"other\"\nkpi"));
    shelf.reload();
    let fixed = shelf.get("a").expect("there");
    assert_eq!(fixed.dashboard.panels[0].id, "other");
    assert!(fixed.faults.is_empty() && shelf.faults().is_empty());
}

#[test]
fn a_file_that_was_never_good_is_only_a_fault() {
    let folder = Folder::new();
    folder.write("a.toml", GOOD);
    folder.write("bad.toml", "[[panel]]");
    folder.write(".hidden.toml", "x");
    folder.write("notes.txt", "x");
    let shelf = folder.shelf();
    assert_eq!(shelf.names(), ["a"]);
    assert!(
        shelf
            .faults()
            .iter()
            .all(|fault| fault.file.ends_with("bad.toml"))
    );
    assert_eq!(shelf.faults().len(), 2);
}

#[test]
fn a_removed_file_takes_its_page_away() {
    let folder = Folder::new();
    folder.write("a.toml", GOOD);
    let shelf = folder.shelf();
    fs::remove_file(folder.dir.path().join("a.toml")).expect("removed");
    assert_eq!(shelf.reload().changed, ["a"]);
    assert!(shelf.get("a").is_none());
}

#[test]
fn an_unreadable_folder_keeps_every_page() {
    let folder = Folder::new();
    let boards = folder.dir.path().join("boards");
    fs::create_dir(&boards).expect("created");
    fs::write(boards.join("a.toml"), GOOD).expect("written");
    let shelf = Shelf::load(&boards, context());
    fs::rename(&boards, folder.dir.path().join("gone")).expect("moved");
    let reload = shelf.reload();
    assert_eq!((reload.changed.len(), reload.faults.len()), (0, 1));
    assert!(shelf.get("a").is_some());
}

#[test]
fn an_unchanged_folder_keeps_its_version() {
    let folder = Folder::new();
    folder.write("a.toml", GOOD);
    let shelf = folder.shelf();
    let version = shelf.version();
    assert!(shelf.reload().changed.is_empty());
    assert_eq!(shelf.version(), version);
}

#[test]
fn pages_show_teams_and_no_single_agents() {
    let panel = |kpi: &str, more: &str| format!("[[panel]]\nid = \"a\"\nkpi = \"{kpi}\"\n{more}");
    for good in ["", "by = \"team\"", "where = { team = \"emea\" }"] {
        parse(
            Path::new("d/board.toml"),
            &panel("scorecard", good),
            &context(),
        )
        .expect(good);
    }
    check(
        &panel("scorecard", "by = \"agent\""),
        expect![[
            r#"d/board.toml:4:6: `scorecard` would show single agents, and pages and walls show teams alone; write by = "team""#
        ]],
    );
    check(
        &panel("csat", "by = \"agent\""),
        expect![[
            r#"d/board.toml:4:6: `csat` would show single agents, and pages and walls show teams alone; write by = "team""#
        ]],
    );
    check(
        &panel("scorecard", "where = { agent = \"a1\" }"),
        expect![
            "d/board.toml:3:7: `scorecard` would show single agents, and pages and walls show teams alone; leave `agent` out of `where`"
        ],
    );
    check(
        &panel("kudos", ""),
        expect![
            "d/board.toml:3:7: `kudos` would show single agents, and pages and walls show teams alone; ask for it by `vocd kpi kudos` or /api/v1/kpis/kudos"
        ],
    );
}

#[test]
fn a_new_context_is_checked_against() {
    let folder = Folder::new();
    folder.write("a.toml", &format!("{GOOD}goal = \"nps-2026\"\n"));
    let shelf = folder.shelf();
    assert!(shelf.faults().is_empty());
    let without_goals = DashboardContext {
        goals: BTreeMap::new(),
        ..context()
    };
    shelf.set_context(without_goals);
    assert_eq!(shelf.faults().len(), 1);
    assert!(shelf.get("a").is_some());
}

/// The reference of every key, for people.
const README: &str = include_str!("../../../dashboards/README.md");

/// Returns the keys that are read at a place of the file, as the hint about an unknown one says.
fn known_keys(text: &str) -> Vec<String> {
    let faults = parse(Path::new("board.toml"), text, &context()).expect_err("an unknown key");
    let unknown = faults.iter().find(|fault| fault.what.contains("`zzzz`"));
    let hint = &unknown.expect("told").hint;
    hint.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Returns the cells of the table rows of one section of the README, key first.
fn documented(section: &str) -> Vec<Vec<&'static str>> {
    let start = README.find(section).expect("the section is there");
    let body = &README[start + section.len()..];
    let body = &body[..body.find("\n## ").unwrap_or(body.len())];
    let rows = body.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.split('|').map(str::trim).skip(1).collect())
        .collect()
}

#[test]
fn the_readme_lists_every_key_and_no_other() {
    let panel = format!("{GOOD}zzzz = 1");
    let event = format!("{GOOD}[[event]]\nat = \"2026-01-01\"\nlabel = \"a\"\nzzzz = 1");
    for (section, text) in [
        ("## Keys of the file", format!("zzzz = 1\n{GOOD}")),
        ("## Keys of a `[[panel]]`", panel),
        ("## Keys of an `[[event]]`", event),
    ] {
        let rows = documented(section);
        let mut keys: Vec<String> = rows.iter().map(|row| row[0].replace('`', "")).collect();
        let mut known = known_keys(&text);
        keys.sort();
        known.sort();
        assert_eq!(keys, known, "{section}");
        assert!(
            rows.iter()
                .all(|row| !row[1].is_empty() && !row[2].is_empty()),
            "{section}"
        );
    }
}

#[test]
fn the_readme_tells_the_defaults_that_apply() {
    let board = parse(Path::new("board.toml"), GOOD, &context()).expect("valid");
    let default = |section: &str, key: &str| {
        let rows = documented(section);
        let row = rows
            .iter()
            .find(|row| row[0] == format!("`{key}`"))
            .expect("listed");
        row[1].replace('`', "")
    };
    let (columns, rows) = board.panels[0].size;
    let panel = "## Keys of a `[[panel]]`";
    assert_eq!(default(panel, "size"), format!("[{columns}, {rows}]"));
    assert_eq!(default(panel, "page"), board.panels[0].page.to_string());
    let file = "## Keys of the file";
    assert_eq!(
        default(file, "rotate"),
        format!("{}s", board.rotate.as_secs())
    );
    assert_eq!(
        default(file, "theme"),
        format!("{:?}", board.theme).to_lowercase()
    );
}

#[test]
fn the_example_of_the_readme_has_no_fault() {
    let example = README.split("```toml\n").nth(1).expect("an example");
    let example = example.split("```").next().expect("its end");
    let board = parse(Path::new("board.toml"), example, &context()).expect("valid");
    assert_eq!(board.panels.len(), 2);
}

#[test]
fn the_dashboards_of_the_demo_have_no_fault() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let until = jiff::civil::date(2026, 11, 22);
    let path = crate::demo::site::write_config(dir.path(), 7878, &[], until).expect("written");
    let config = Config::load(&path).expect("valid");
    let shelf = Shelf::load(config.dashboards_dir(), config.dashboard_context());
    assert_eq!(shelf.faults(), []);
    assert_eq!(
        shelf.names(),
        [
            "coaching",
            "executive",
            "improvement",
            "segments",
            "support"
        ]
    );
}

#[test]
fn a_chart_that_the_kpi_has_not_is_a_fault() {
    check(
        "[[panel]]\nid = \"a\"\nkpi = \"responses\"\nchart = \"stack\"",
        expect![
            "d/board.toml:4:9: `responses` cannot be drawn as `stack`; it can as `trend`, `number`, `bars`, `table`, `bullet`"
        ],
    );
}

#[test]
fn a_bullet_without_a_goal_is_a_fault() {
    check(
        "[[panel]]\nid = \"a\"\nkpi = \"nps\"\nchart = \"bullet\"",
        expect![
            "d/board.toml:4:9: a `bullet` shows a goal, and none is named; add `goal`, the name of a [goals.NAME] of the configuration"
        ],
    );
}

#[test]
fn a_goal_about_another_kpi_is_a_fault() {
    check(
        "[[panel]]\nid = \"a\"\nkpi = \"responses\"\ngoal = \"nps-2026\"",
        expect!["d/board.toml:4:8: goal `nps-2026` is about `nps`; name a goal about `responses`"],
    );
}
