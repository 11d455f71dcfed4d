//! `/walls/NAME`: the kiosk page, its one-picture form, and the stream that says what changed.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use askama::Template;
use http::{StatusCode, header};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use warp::Reply;
use warp::reply::Response;
use warp::sse::Event;

use crate::chart::Size;
use crate::http::accept::ended;
use crate::http::assets::theme_name;
use crate::http::visit::{Fault, Visit};
use crate::http::{Site, charts, pages, reply};
use crate::picture::grid::Grid;
use crate::picture::wall::WALL_SIZE_DEFAULT;
use crate::picture::{Format, Params, Scope, Subject};
use crate::telemetry::HTTP_STREAMS;

/// Time between signs of life on a quiet stream; a wall that misses three says so.
const BEAT_EVERY: Duration = Duration::from_secs(15);

/// Messages that wait for a slow wall. Each replaces what the one before said, so a wall that is
/// behind misses nothing by getting the next one late.
const MESSAGES_MAX: usize = 2;

#[derive(Template)]
#[template(path = "wall.html")]
struct WallPage<'a> {
    base: &'a str,
    name: &'a str,
    title: &'a str,
    theme: &'a str,
    layout: String,
    rotate_s: u64,
    next: String,
    pages: Vec<WallSheet>,
}

struct WallSheet {
    number: u8,
    is_shown: bool,
    rows: u8,
    frames: Vec<Frame>,
}

struct Frame {
    place: String,
    title: String,
    /// Address without a size.
    source: String,
    /// Address of the picture for the default wall.
    address: String,
    size: Size,
}

/// Answers with the kiosk page, or with the whole wall as one picture.
pub(super) async fn wall(visit: &Visit, name: String) -> Result<Response, Fault> {
    if let Some((dashboard, ending)) = name.rsplit_once('.') {
        let Ok(format) = ending.parse::<Format>() else {
            let what = format!("a wall cannot be had as `{ending}`");
            return Err(Fault::new(StatusCode::NOT_FOUND, what).hint("a wall is `png`"));
        };
        let subject = Subject::Wall {
            dashboard: dashboard.to_owned(),
            page: 1,
        };
        return charts::picture(visit, subject, format, Scope::Wall).await;
    }
    let gallery = visit.site.options.studio.gallery();
    let shelved = gallery.dashboard(&name)?;
    let params = Params::parse(
        &visit.pairs,
        Scope::Page,
        &gallery.rules().settings.timezone,
    )?;
    let dashboard = &shelved.dashboard;
    let mut numbers: Vec<u8> = dashboard.panels.iter().map(|panel| panel.page).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let first = numbers.first().copied().unwrap_or(1);
    let shown = params.page.unwrap_or(first);
    if !numbers.contains(&shown) {
        let error = crate::picture::PictureError::UnknownPage {
            dashboard: name,
            page: shown,
        };
        return Err(error.into());
    }
    let carried = pages::carried(&visit.pairs);
    let sheet = |number: u8| WallSheet {
        number,
        is_shown: number == shown,
        ..frames(visit, dashboard, number, &carried)
    };
    let next = numbers
        .iter()
        .copied()
        .find(|number| *number > shown)
        .unwrap_or(first);
    let mut next_pairs = carried.clone();
    next_pairs.push(("page".to_owned(), next.to_string()));
    let base = pages::base(visit);
    let page = WallPage {
        base,
        name: &name,
        title: &dashboard.title,
        theme: theme_name(params.look.theme.unwrap_or(dashboard.theme)),
        layout: layout(&visit.site, &name),
        rotate_s: dashboard.rotate.as_secs().max(1),
        next: pages::address(&format!("{base}/walls/{name}"), &next_pairs),
        pages: numbers.iter().copied().map(sheet).collect(),
    };
    Ok(reply::page(visit, pages::rendered(&page)?))
}

/// Answers with a stream that says when pictures or the page may have changed.
pub(super) fn events(visit: &Visit, name: String) -> Result<Response, Fault> {
    let site = Arc::clone(&visit.site);
    site.options.studio.gallery().dashboard(&name)?;
    let seat = Seat::take(&site)?;
    let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
    tokio::spawn(async move {
        let _seat = seat;
        tell(&site, &name, &sender).await;
    });
    let mut response = warp::sse::reply(ReceiverStream::new(receiver)).into_response();
    // Asks a proxy not to hold messages back.
    reply::put(
        response.headers_mut(),
        header::HeaderName::from_static("x-accel-buffering"),
        "no",
    );
    Ok(response)
}

async fn tell(site: &Site, name: &str, sender: &mpsc::Sender<Result<Event, Infallible>>) {
    let (mut pulse, mut shutdown) = (site.pulse.clone(), site.shutdown.clone());
    pulse.mark_changed();
    let mut beats = tokio::time::interval(BEAT_EVERY);
    beats.reset();
    loop {
        let event = tokio::select! {
            () = ended(&mut shutdown) => return,
            () = sender.closed() => return,
            changed = pulse.changed() => {
                if changed.is_err() {
                    return;
                }
                let pictures = pulse.borrow_and_update().to_string();
                let message = serde_json::json!({
                    "pictures": pictures,
                    "layout": layout(site, name),
                });
                Event::default().event("pictures").data(message.to_string())
            }
            _ = beats.tick() => Event::default().event("beat").data("1"),
        };
        if sender.send(Ok(event)).await.is_err() {
            return;
        }
    }
}

/// Returns a text that changes when the page itself must be loaded anew.
fn layout(site: &Site, name: &str) -> String {
    let gallery = site.options.studio.gallery();
    let dashboard = gallery
        .dashboard(name)
        .map(|shelved| format!("{:?}", shelved.dashboard));
    let mut hasher = blake3::Hasher::new();
    hasher.update(dashboard.unwrap_or_default().as_bytes());
    hasher.update(site.assets.hash().as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

fn frames(
    visit: &Visit,
    dashboard: &crate::dashboard::Dashboard,
    number: u8,
    carried: &[(String, String)],
) -> WallSheet {
    let panels: Vec<_> = dashboard
        .panels
        .iter()
        .filter(|panel| panel.page == number)
        .collect();
    let grid = Grid::pack(&panels);
    let base = pages::base(visit);
    let frames = grid.cells.iter().map(|cell| {
        let panel = panels[cell.panel_idx];
        let size = grid.rect(cell, WALL_SIZE_DEFAULT).size;
        let path = format!("{base}/charts/{}/{}.png", dashboard.name, panel.id);
        let mut sized = carried.to_vec();
        sized.push(("width".to_owned(), size.width_px.to_string()));
        sized.push(("height".to_owned(), size.height_px.to_string()));
        Frame {
            place: format!(
                "c{} w{} r{} h{}",
                cell.column + 1,
                cell.columns,
                cell.row + 1,
                cell.rows
            ),
            title: pages::title(panel).to_owned(),
            source: pages::address(&path, carried),
            address: pages::address(&path, &sized),
            size,
        }
    });
    WallSheet {
        number,
        is_shown: false,
        rows: grid.rows,
        frames: frames.collect(),
    }
}

/// One of the places for open streams.
struct Seat {
    site: Arc<Site>,
    n_streams: Arc<AtomicUsize>,
}

impl Seat {
    fn take(site: &Arc<Site>) -> Result<Self, Fault> {
        let n_streams = Arc::clone(&site.n_streams);
        if n_streams.fetch_add(1, Ordering::AcqRel) >= site.options.limits.streams_max {
            n_streams.fetch_sub(1, Ordering::AcqRel);
            let mut fault = Fault::new(StatusCode::SERVICE_UNAVAILABLE, "too many walls listen")
                .hint("the wall asks for its pictures by itself meanwhile");
            fault.retry_after_s = Some(60);
            return Err(fault);
        }
        site.options.metrics.add(&HTTP_STREAMS, &[], 1.0);
        Ok(Self {
            site: Arc::clone(site),
            n_streams,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.n_streams.fetch_sub(1, Ordering::AcqRel);
        self.site.options.metrics.add(&HTTP_STREAMS, &[], -1.0);
    }
}
