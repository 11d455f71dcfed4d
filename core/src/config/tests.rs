//! Every fault a person can make in a configuration, and what is said about it.

use expect_test::{Expect, expect};

use super::secret::SecretString;
use super::*;

fn parse(text: &str) -> Result<Config, Vec<Fault>> {
    Config::parse(Path::new("vocd.toml"), text)
}

fn check(text: &str, expected: Expect) {
    let faults = parse(text).expect_err("has faults");
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn an_empty_file_is_all_defaults() {
    let config = parse("").expect("valid");
    assert_eq!(config.data_dir(), Path::new("./vocd-data"));
    assert_eq!(config.listen().to_string(), "127.0.0.1:7878");
    assert_eq!(config.memory_limit_bytes(), 1 << 30);
    assert_eq!(config.timezone().iana_name(), Some("UTC"));
    assert_eq!(config.front().anonymous, Anonymous::LoopbackViewer);
    assert_eq!(
        config.plugin_dirs().last(),
        Some(&PathBuf::from("./plugins"))
    );
    assert!(config.sources().is_empty());
    assert_eq!(config.kpi_settings().min_group, 5);
    assert_eq!(config.kpi_settings().min_group_verbatim, 10);
    assert_eq!(config.themes_dir(), Path::new("./themes"));
    assert_eq!(config.kpi_rules().relevant_nps, 3);
}

#[test]
fn every_example_of_the_reference_is_accepted() {
    let mut text = String::new();
    for line in DEFAULTS.lines() {
        let example = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        text.push_str(example.unwrap_or(line));
        text.push('\n');
    }
    let config = match parse(&text) {
        Ok(config) => config,
        Err(faults) => panic!("{faults:#?}"),
    };
    assert_eq!(config.sources()[0].plugin, "csv");
    assert_eq!(config.goals()["nps-2026"].target, 45.0);
    assert_eq!(config.dimensions().len(), 2);
}

#[test]
fn relative_paths_count_from_the_folder_of_the_file() {
    let text = "data_dir = \"d\"\nplugin_dirs = [\"p\", \"/q\"]\n[fonts]\ndirs = [\"f\"]";
    let config = Config::parse(Path::new("/etc/vocd/vocd.toml"), text).expect("valid");
    assert_eq!(config.data_dir(), Path::new("/etc/vocd/d"));
    assert_eq!(
        config.plugin_dirs(),
        [PathBuf::from("/etc/vocd/p"), PathBuf::from("/q")]
    );
    assert_eq!(config.font_dirs(), [PathBuf::from("/etc/vocd/f")]);
    assert_eq!(config.dashboards_dir(), Path::new("/etc/vocd/dashboards"));
}

#[test]
fn all_faults_of_a_file_are_told_at_once() {
    check(
        r#"listne = "127.0.0.1:1"
data_dir = 7
timezone = "Europe/Berln"
week_start = "Mon"
fiscal_year_start = 13
memory_limit = "1GB"
base_path = "voc/"
[privacy]
min_group = 0
min_groups = 5
"#,
        expect![[r#"
            vocd.toml:1:1: unknown key `listne` in the configuration; did you mean `listen`?
            vocd.toml:2:12: `data_dir`: wrong type, found integer; write a text in quotes
            vocd.toml:3:12: `timezone`: unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?
            vocd.toml:4:14: `week_start`: unknown value `Mon`; write one of `monday`, `tuesday`, `wednesday`, `thursday`, `friday`, `saturday`, `sunday`
            vocd.toml:5:21: `fiscal_year_start`: 13 is out of range; write a whole number from 1 to 12
            vocd.toml:6:16: `memory_limit`: `1GB` is not a size; write a whole number with a unit: `64KiB`, `256MiB` or `1GiB`
            vocd.toml:7:13: `base_path`: `voc/` is no path prefix; write it with a slash in front and none at the end, such as `/voc`
            vocd.toml:9:13: `min_group`: 0 is out of range; write a whole number from 1 to 1000
            vocd.toml:10:1: unknown key `min_groups` in [privacy]; did you mean `min_group`?"#]],
    );
}

#[test]
fn a_broken_file_is_told_with_its_place() {
    check(
        "data_dir = \"x\nlisten = 3",
        expect![[r#"
            vocd.toml:1:14: invalid basic string, expected `"`; this is not valid TOML here; see toml.io
            vocd.toml:2:10: `listen`: wrong type, found integer; write an IP address and a port, such as `127.0.0.1:7878` or `[::1]:7878`"#]],
    );
}

#[test]
fn sources_are_checked() {
    check(
        r#"
[[source]]
name = "a"
plugin = "csv"
every = "5 minutes"
limits = { memory = "x", cpu = 1 }
[[source]]
name = "a"
plugin = "libx.so"
cron = "* * * *"
[[source]]
name = "Ä"
[source.config]
"$secret" = 1
"#,
        expect![[r#"
            vocd.toml:5:9: `every`: `5 minutes` is not a duration; write a whole number with a unit: `90s`, `5m`, `2h`, `7d` or `4w`
            vocd.toml:6:21: `memory`: `x` is not a size; write a whole number with a unit: `64KiB`, `256MiB` or `1GiB`
            vocd.toml:6:26: unknown key `cpu` in [limits]; known are `memory`, `requests_per_minute`
            vocd.toml:8:8: source name `a` is used twice; names are the keys of rows; choose another
            vocd.toml:9:10: `plugin`: `libx.so` is no plugin name; write the name alone, such as `csv` for libvocd_source_csv.so
            vocd.toml:10:8: `cron`: `* * * *` is no cron line: it has 4 fields, not 5; write minute, hour, day, month and weekday, such as `0 */2 * * *` or `30 6 * * 1-5`
            vocd.toml:11:1: [[source]] has no `plugin`; name the plugin, such as `csv`
            vocd.toml:12:8: `name`: `Ä` is no source name; use 1 to 40 of a-z, 0-9 and `-`
            vocd.toml:14:1: `$secret` is reserved; write { env = "NAME" } or { file = "PATH" }"#]],
    );
}

#[test]
fn a_source_name_is_used_once() {
    let source = "[[source]]\nname = \"a\"\nplugin = \"csv\"\n";
    check(
        &source.repeat(2),
        expect![
            "vocd.toml:5:8: source name `a` is used twice; names are the keys of rows; choose another"
        ],
    );
}

#[test]
fn dimensions_goals_questions_and_identity_are_checked() {
    check(
        r#"
[dimensions]
channel = { from = "response.channel" }
a = { from = "customer.segmnt" }
b = { from = "customer.name" }
c = { from = "costumer.segment" }
d = { from = "segment" }
e = { form = "customer.segment" }
f = 3
[goals.g]
kpi = "npx"
baseline = "1"
target = 450
start = "2026-01-01"
due = 2025-12-31
[goals.h]
kpi = "nps"
baseline = 1
target = 450
start = "2026-13-01"
due = "2026-12-31"
[questions.q]
ids = ["nowhere/nps", "nps", 3]
[questions.r]
ids = ["nowhere/csat"]
positive = "4"
[identity]
customer = ["nowhere"]
"#,
        expect![[r#"
            vocd.toml:3:1: `channel` is always a dimension; leave it out, or choose another name
            vocd.toml:4:14: `from`: `customer` has no column `segmnt`; did you mean `segment`?
            vocd.toml:5:14: `from`: `name` of `customer` is personal; known are `account`, `segment`, `industry`, `region`, `plan`, `owner`
            vocd.toml:6:14: `from`: `costumer` is no kind that dimensions come from; did you mean `customer`?
            vocd.toml:7:14: `from`: `segment` names no column; write KIND.COLUMN or KIND.attributes.KEY, such as `customer.segment`
            vocd.toml:8:1: [dimensions.e] has no `from`; write from = "customer.segment"
            vocd.toml:8:7: unknown key `form` in [dimensions.e]; did you mean `from`?
            vocd.toml:9:5: `f`: wrong type, found integer; write a table, such as [dimensions.f]
            vocd.toml:11:7: `kpi`: unknown KPI `npx`; did you mean `nps`?
            vocd.toml:12:12: `baseline`: wrong type, found string; write a number
            vocd.toml:15:7: `due` is not after `start`; write a later day
            vocd.toml:19:10: 450 is no value of `nps`; write a number from -100 to 100
            vocd.toml:20:9: `start`: `2026-13-01` is not a date; write a date such as "2026-01-31"
            vocd.toml:23:8: `ids`: no source is named `nowhere`; add a [[source]] with the name `nowhere`
            vocd.toml:23:23: `ids`: `nps` is no question; write SOURCE/QUESTION, such as `zendesk-eu/nps`
            vocd.toml:23:30: `ids`: wrong type, found integer; write a text in quotes
            vocd.toml:25:8: `ids`: no source is named `nowhere`; add a [[source]] with the name `nowhere`
            vocd.toml:26:12: `positive`: wrong type, found string; write a number
            vocd.toml:28:13: no source is named `nowhere`; add a [[source]] with the name `nowhere`"#]],
    );
}

#[test]
fn a_goal_is_about_a_value_of_a_period() {
    check(
        "[goals.g]\nkpi = \"survival\"\nbaseline = 1\ntarget = 2\nstart = \"2026-01-01\"\n\
         due = \"2026-12-31\"\n",
        expect![[
            r#"vocd.toml:2:7: `survival` has no value of a period, so no goal; name a KPI that is a series, such as `nps`"#
        ]],
    );
    let goal = |idx| {
        format!(
            "[goals.g{idx}]\nkpi = \"nps\"\nbaseline = 1\ntarget = 2\nstart = \"2026-01-01\"\n\
             due = \"2026-12-31\"\n"
        )
    };
    let many: String = (0..50).map(goal).collect();
    let config = Config::parse(Path::new("vocd.toml"), &many).expect("valid");
    assert_eq!(config.kpi_settings().goals.len(), 50);
    check(
        &format!("{many}{}", goal(50)),
        expect!["vocd.toml:301:8: more than 50 goals; leave out those that are over"],
    );
}

#[test]
fn a_bound_of_positive_answers_belongs_to_each_question_and_is_one() {
    let source = "[[source]]\nname = \"a\"\nplugin = \"csv\"\n";
    let of = |second: &str| {
        format!(
            "{source}[questions.one]\nids = [\"a/x\", \"a/y\"]\npositive = 4\n\
             [questions.two]\nids = [\"a/y\"]\n{second}"
        )
    };
    let config = Config::parse(Path::new("vocd.toml"), &of("positive = 4.0")).expect("valid");
    let positives = config.kpi_settings().positives;
    let bounds: Vec<(&str, f64)> = (positives.iter())
        .map(|(question, bound)| (question.as_str(), *bound))
        .collect();
    assert_eq!(bounds, [("a/x", 4.0), ("a/y", 4.0)]);
    check(
        &of("positive = 5"),
        expect![[
            r#"vocd.toml:9:12: `a/y` has another `positive` in [questions.one]; give both the same, or leave one out"#
        ]],
    );
}

#[test]
fn at_most_four_dimensions_are_rolled_up() {
    let dimension = |name| format!("{name} = {{ from = \"customer.{name}\", rollup = true }}\n");
    let names = ["segment", "region", "plan", "industry", "owner"];
    let text = format!("[dimensions]\n{}", names.map(dimension).concat());
    check(
        &text,
        expect![
            "vocd.toml:6:1: more than 4 dimensions have `rollup`; leave `rollup` out of the least used"
        ],
    );
}

#[test]
fn an_open_address_requires_auth() {
    check(
        "listen = \"0.0.0.0:7878\"",
        expect![[
            r#"vocd.toml:1:10: `listen`: 0.0.0.0:7878 is reachable from outside; write [auth] with anonymous = "viewer" or "none", or listen on loopback"#
        ]],
    );
    let text = "listen = \"0.0.0.0:7878\"\n[auth]\nanonymous = \"viewer\"";
    assert!(parse(text).is_ok());
}

#[test]
fn a_proxy_is_an_address_and_is_never_repeated() {
    let config =
        parse("[network]\nproxy = \"http://me:pw@proxy.example:3128\"\nca_bundle = \"ca.pem\"")
            .expect("valid");
    let network = config.network();
    let proxy = network.proxy.as_ref().map(SecretString::expose);
    assert_eq!(proxy, Some("http://me:pw@proxy.example:3128"));
    assert!(!format!("{network:?}").contains("pw"));
    assert_eq!(network.ca_bundle.as_deref(), Some(Path::new("./ca.pem")));
    assert!(parse("").expect("valid").network().proxy.is_none());
    check(
        "[network]\nproxy = \"socks5://me:pw@127.0.0.1:1080\"\nca_bundel = \"a\"",
        expect![[r#"
            vocd.toml:2:9: `proxy`: this is no proxy; write it as "http://host:port"
            vocd.toml:3:1: unknown key `ca_bundel` in [network]; did you mean `ca_bundle`?"#]],
    );
}

#[test]
fn features_of_later_versions_are_refused_by_name() {
    check(
        "[retention]\n[alerts]\n\
         [privacy]\npersonal = { \"response.comment\" = \"drop\" }",
        expect![[r#"
            vocd.toml:1:2: `retention` is not in this version; leave the table out
            vocd.toml:2:2: `alerts` is not in this version; leave the table out
            vocd.toml:4:1: `personal` is not in this version; drop the column in the source's own configuration"#]],
    );
}

#[test]
fn a_proxy_names_users_and_users_have_roles() {
    let text = "[auth]\nanonymous = \"none\"\nuser_role = \"viewer\"\n\
                users = { \"ops@example.com\" = \"admin\" }\n\
                [http]\ntrusted_proxies = [\"10.0.0.0/8\"]\nuser_header = \"X-Forwarded-User\"";
    let config = parse(text).expect("valid");
    let front = config.front();
    assert_eq!(front.user_grant, Some(crate::access::Grant::viewer()));
    let named = front.users.get("ops@example.com");
    assert_eq!(named, Some(&crate::access::Grant::admin()));
    assert_eq!(parse("").expect("valid").front().user_grant, None);
    check(
        "[auth]\nusers = { a = \"amdin\", b = 3 }\nuser_role = \"admin\"\n\
         [http]\nuser_header = \"X-Forwarded-User\"",
        expect![[r#"
            vocd.toml:2:15: `a`: there is no role `amdin`; did you mean `admin`?
            vocd.toml:2:28: `b`: wrong type, found integer; write a text in quotes
            vocd.toml:3:13: `user_role`: unknown value `admin`; write one of `none`, `viewer`
            vocd.toml:5:15: `user_header` is believed from trusted proxies alone, and there are none; write the proxy's address into trusted_proxies"#]],
    );
    check(
        "[http]\ntrusted_proxies = [\"10.0.0.0/33\"]\nuser_header = \"Cookie\"",
        expect![[r#"
            vocd.toml:2:20: `trusted_proxies`: `10.0.0.0/33` is no address or block; write an IP address or a block such as `10.0.0.0/8`
            vocd.toml:3:15: `user_header`: `Cookie` is no header that can name a user; write the header that the proxy sets, such as `X-Forwarded-User`"#]],
    );
}

#[test]
fn a_block_contains_its_addresses() {
    let check = |address: &str, prefix_bits, other: &str, expected| {
        let block = AddressBlock {
            address: address.parse().expect("an address"),
            prefix_bits,
        };
        let other = other.parse().expect("an address");
        assert_eq!(block.contains(other), expected, "{block:?} {other}");
    };
    check("10.0.0.0", 8, "10.255.0.1", true);
    check("10.0.0.0", 8, "11.0.0.1", false);
    check("10.0.0.0", 8, "::ffff:10.1.2.3", true);
    check("0.0.0.0", 0, "203.0.113.9", true);
    check("192.0.2.7", 32, "192.0.2.6", false);
    check("fd00::", 8, "fd12::1", true);
    check("fd00::", 8, "10.0.0.1", false);
}

#[test]
fn numbers_of_agents_are_off_until_they_are_turned_on() {
    let rules = |text: &str| parse(text).expect(text).kpi_settings().agents;
    let off = rules("");
    assert!(!off.is_enabled && off.opt_out.is_empty());
    assert_eq!(off.kept.as_hours(), 104 * 7 * 24);
    let on = rules("[agents]\nenabled = true\nkept = \"26w\"\nopt_out = [\"desk/A1\"]");
    assert!(on.is_enabled && on.opt_out.contains("desk/A1"));
    assert_eq!(on.kept.as_hours(), 26 * 7 * 24);
    check(
        "[agents]\nenabled = 1\nkept = \"30d\"\noptout = []",
        expect![[r#"
            vocd.toml:2:11: `enabled`: wrong type, found integer; write `true` or `false`
            vocd.toml:3:8: `kept` is shorter than the two times that a card compares; write at least 180d
            vocd.toml:4:1: unknown key `optout` in [agents]; did you mean `opt_out`?"#]],
    );
}

#[test]
fn secrets_in_a_source_stay_references() {
    let text = r#"
[[source]]
name = "a"
plugin = "csv"
[source.config]
token = { env = "TOKEN" }
key = { file = "key" }
both = { env = "A", file = "b" }
"#;
    let config = Config::parse(Path::new("/etc/vocd/vocd.toml"), text).expect("valid");
    let json = config.sources()[0].config.to_string();
    expect![[r#"{"token":{"$secret":{"env":"TOKEN"}},"key":{"$secret":{"file":"/etc/vocd/key"}},"both":{"env":"A","file":"b"}}"#]].assert_eq(&json);
}

#[test]
fn an_unset_secret_points_at_the_source() {
    let text = "[[source]]\nname = \"a\"\nplugin = \"csv\"\n[source.config]\n\
                t = { env = \"VOCD_TEST_NEVER_SET\" }";
    let config = parse(text).expect("valid");
    let fault = config.sources()[0].resolve().expect_err("not set");
    expect!["vocd.toml:4:9: environment variable `VOCD_TEST_NEVER_SET` is not set; set it in the environment of the daemon"].assert_eq(&fault.to_string());
}

#[test]
fn the_first_place_that_has_a_file_wins() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let there = dir.path().join("vocd.toml");
    std::fs::write(&there, "").expect("written");
    let absent = dir.path().join("absent.toml");
    let places = [absent.as_path(), there.as_path()];
    let flag = Path::new("flag.toml");
    let variable = || Some(PathBuf::from("variable.toml"));
    assert_eq!(
        find_among(Some(flag), variable(), &places),
        Ok(flag.to_owned())
    );
    assert_eq!(
        find_among(None, variable(), &places),
        Ok("variable.toml".into())
    );
    assert_eq!(find_among(None, None, &places), Ok(there.clone()));
    assert!(find_among(None, None, &[&absent]).is_err());
}

#[test]
fn files_that_are_none_are_told() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("latin.toml");
    std::fs::write(&path, b"# ok\nx = \"\xe4\"").expect("written");
    let fault = &Config::load(&path).expect_err("not UTF-8")[0];
    assert_eq!((fault.line, fault.column), (2, 6));
    assert_eq!(fault.what, "the file is not UTF-8");
    let fault = &Config::load(dir.path()).expect_err("a folder")[0];
    assert!(fault.what.starts_with("failed to read the file"), "{fault}");
}
