//! How long it takes to read what people wrote: all of it for the first time, and then again.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::civil::date;
use vocd::demo::{Company, Effects, Scope};
use vocd_tests::daemon::{Daemon, free_address, vocd};
use vocd_tests::dice::Dice;
use vocd_tests::request;
use vocd_tests::scratch::Scratch;

use super::print_with_target;

/// Comments, each unlike every other, of which nobody says the language.
const N_COMMENTS: u64 = 100_000;
/// Times that they are read again.
const N_AGAIN: usize = 5;

pub(super) fn themes() -> anyhow::Result<()> {
    let (scratch, address) = (Scratch::new(), free_address());
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\ntimezone = \"Europe/Berlin\"\n\n[[source]]\nname = \"answers\"\n\
             plugin = \"csv\"\nevery = \"1h\"\n\n[[source.config.file]]\nkind = \"response\"\n\
             path = \"answers.csv\"\n\n[source.config.file.columns]\nid = \"id\"\n\
             metric = {{ const = \"nps\" }}\nsurvey = {{ const = \"service\" }}\n\
             question = {{ const = \"recommend\" }}\nresponded_at = \"responded_at\"\n\
             score = \"score\"\ncomment = \"comment\"\n"
        ),
    );
    scratch.write("answers.csv", answers()?);
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    anyhow::ensure!(outcome.code == 0, "{}", outcome.stderr);
    let mut daemon = Daemon::start(scratch.folder(), &["serve"], address);
    // Each time is asked for once: no answer is kept from before.
    let mut ask = |day: usize| -> anyhow::Result<f64> {
        let start = Instant::now();
        let target = format!("/api/v1/kpis/themes?from=2026-01-01&to=2026-03-{day:02}");
        let answer = request::get(address, &target, &[])?;
        anyhow::ensure!(answer.status == 200, "{}", answer.text());
        Ok(start.elapsed().as_secs_f64())
    };
    print_with_target("themes_100k_first_s", ask(20)?, "s", "<= 5 s");
    let mut again = (21..21 + N_AGAIN)
        .map(&mut ask)
        .collect::<Result<Vec<f64>, _>>()?;
    let again = super::median(&mut again);
    print_with_target("themes_100k_again_s", again, "s", "well below the first");
    anyhow::ensure!(daemon.stop() == 0, "{}", daemon.log());
    Ok(())
}

/// Writes answers with one to three sentences of the demo company, and a number.
fn answers() -> anyhow::Result<String> {
    let company = Company::draw(&Scope {
        seed: 1,
        first: date(2024, 11, 1),
        until: date(2026, 11, 1),
        effects: Effects::Truths,
        n_fold: 1,
    })?;
    let sentences: Vec<(&str, &str)> = company
        .comments()
        .map(|comment| (comment.language, comment.text))
        .collect();
    let mut dice = Dice::new(1);
    let mut text = "id,responded_at,score,comment\n".to_owned();
    let start = jiff::Timestamp::from_second(1_767_222_000)?;
    for id in 0..N_COMMENTS {
        let (language, first) = sentences[dice.index(sentences.len())];
        let mut comment = first.to_owned();
        for _ in 0..dice.roll(3) {
            let (other, sentence) = sentences[dice.index(sentences.len())];
            if other == language {
                write!(comment, " {sentence}")?;
            }
        }
        let seconds = i64::try_from(id)? * 60;
        let at = start.checked_add(Duration::from_secs(u64::try_from(seconds)?))?;
        writeln!(text, "a{id},{at},{},\"{comment} ({id})\"", dice.roll(11))?;
    }
    Ok(text)
}
