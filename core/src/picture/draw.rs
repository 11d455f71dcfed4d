//! Figure → bytes: the figure with everything around it, hashed, then written in one format.

use bytes::Bytes;
use jiff::Timestamp;

use crate::chart::{Figure, Freshness, Style, Theme, alt_text};
use crate::kpi::{Query, SourceStamp, format};
use crate::picture::figure::{Setting, figure};
use crate::picture::gallery::{Gallery, Scene, Shown};
use crate::picture::insight::Whole;
use crate::picture::source::freshness;
use crate::picture::{Format, Picture, PictureRequest, Subject};

/// A figure with what its bytes depend on.
pub(super) struct Hung {
    figure: Figure,
    style: Style,
    pub(super) hash: blake3::Hash,
    name: String,
    is_pinned: bool,
    kept_since: Option<Timestamp>,
}

impl Gallery {
    /// Returns the figure of a panel's answer, ready to be drawn.
    pub(super) fn hang(
        &self,
        request: &PictureRequest,
        scene: &Scene,
        shown: &Shown,
        whole: Option<&Shown>,
        kept_since: Option<Timestamp>,
    ) -> Hung {
        let (dashboard, panel) = (&scene.shelved.dashboard, scene.panel());
        let (answer, freshness) = self.dated(&scene.query, shown, kept_since);
        let note = scene.shelved.faults.first().map(|_| {
            format!(
                "{}.toml has a fault; this is its last good version",
                dashboard.name
            )
        });
        let language = request.look.language;
        let setting = Setting {
            dashboard,
            panel,
            query: &scene.query,
            language,
        };
        let figure = figure(
            setting,
            answer,
            whole.map(|whole| Whole {
                answer: &whole.answer,
                hits: whole.hits,
            }),
            &shown.events,
            freshness,
            note,
        );
        let style = request.look.style(dashboard.theme);
        Hung {
            hash: hash(&figure, shown.serial, &style, kept_since),
            figure,
            style,
            name: format!("{}-{}", dashboard.name, panel.id),
            is_pinned: scene.query.as_of.is_some(),
            kept_since,
        }
    }

    /// Returns an answer without a dashboard around it.
    pub(super) fn hang_bare(
        &self,
        query: &Query,
        shown: &Shown,
        kept_since: Option<Timestamp>,
    ) -> Hung {
        let (answer, freshness) = self.dated(query, shown, kept_since);
        let figure = Figure {
            chart: answer
                .kpi
                .charts
                .first()
                .copied()
                .unwrap_or(crate::kpi::ChartKind::Number),
            title: answer.kpi.title.to_owned(),
            subtitle: String::new(),
            answer,
            goal: None,
            events: Vec::new(),
            freshness,
            note: None,
            insight: None,
        };
        let style = crate::picture::Look::default().style(Theme::default());
        Hung {
            hash: hash(&figure, shown.serial, &style, kept_since),
            name: query.kpi.clone(),
            figure,
            style,
            is_pinned: query.as_of.is_some(),
            kept_since,
        }
    }

    /// Writes the figure's bytes.
    pub(super) fn finish(
        &self,
        request: &PictureRequest,
        hung: Hung,
    ) -> (Picture, Option<Timestamp>) {
        let Hung {
            figure,
            style,
            hash,
            name,
            is_pinned,
            kept_since,
        } = hung;
        let bytes: Bytes = match request.format {
            Format::Svg => self.parts.painter.svg(&figure, &style).into(),
            Format::Png => {
                let svg = self.parts.painter.svg(&figure, &style);
                let alt = alt_text(&figure, style.language);
                self.parts.painter.png(&svg, &style, &alt).into()
            }
            Format::Json => json(&figure, self.now(), kept_since).into(),
            Format::Csv => format::csv(&figure.answer).into(),
            Format::Txt if matches!(request.subject, Subject::Kpi(_)) => {
                format::table(&figure.answer).into()
            }
            Format::Txt => format!("{}\n", alt_text(&figure, style.language)).into(),
        };
        let picture = Picture {
            hash: blake3::hash(&bytes).to_hex().to_string(),
            bytes,
            format: request.format,
            name,
            newest: figure.answer.newest,
            as_of: figure.answer.as_of,
            is_pinned,
            freshness: figure.freshness,
            figure_hash: hash,
        };
        (picture, kept_since)
    }

    /// Returns the answer with the sources behind it, and what is to be said of their age.
    fn dated(
        &self,
        query: &Query,
        shown: &Shown,
        kept_since: Option<Timestamp>,
    ) -> (crate::kpi::Answer, Freshness) {
        let now = self.now();
        let rules = self.rules();
        let states = self
            .sources_seen()
            .map(|seen| seen.states)
            .unwrap_or_default();
        let mut answer = shown.answer.clone();
        answer.sources = rules.stamps(&states, now);
        if let Some(wanted) = query.filters.get("source") {
            answer
                .sources
                .retain(|stamp| wanted.contains(&Some(stamp.name.clone())));
        }
        if let Some(next) = rules.next_stale(&states, now) {
            answer.valid_until = answer.valid_until.min(next);
        }
        let freshness = match kept_since {
            Some(since) => Freshness::Stale(oldest_success(&answer.sources).or(Some(since))),
            None => freshness(&answer.sources),
        };
        (answer, freshness)
    }
}

fn oldest_success(stamps: &[SourceStamp]) -> Option<Timestamp> {
    stamps.iter().filter_map(|stamp| stamp.last_success).min()
}

fn hash(figure: &Figure, serial: u64, style: &Style, kept: Option<Timestamp>) -> blake3::Hash {
    // The answer itself is named by its serial number: hashing its points would cost more than
    // finding the picture.
    let Figure {
        chart,
        title,
        subtitle,
        answer,
        goal,
        events,
        freshness,
        note,
        insight,
    } = figure;
    let around = (
        chart, title, subtitle, goal, events, freshness, note, insight,
    );
    let text = format!(
        "{serial} {around:?} {:?} {style:?} {kept:?}",
        answer.sources
    );
    blake3::hash(text.as_bytes())
}

fn json(figure: &Figure, now: Timestamp, kept_since: Option<Timestamp>) -> String {
    let mut value = format::json(&figure.answer);
    let (state, last_success) = match figure.freshness {
        Freshness::Fresh => ("fresh", None),
        Freshness::Stale(last) => ("stale", last),
        Freshness::Failing(last) => ("failing", last),
    };
    if let (Some(object), "stale" | "failing") = (value.as_object_mut(), state) {
        let age_s = last_success.map(|last| now.duration_since(last).as_secs().max(0));
        object.insert("age_s".to_owned(), age_s.into());
        let warning = match kept_since {
            Some(since) => format!("kept from {since:.0}: a newer answer could not be had"),
            None => format!("a source is {state}"),
        };
        object.insert("warning".to_owned(), warning.into());
    }
    let mut text = value.to_string();
    text.push('\n');
    text
}
