//! The list of dashboards and a dashboard's page: links and forms, no script needed.

use askama::Template;
use futures_util::future::join_all;
use http::StatusCode;
use warp::reply::Response;

use crate::dashboard::{Dashboard, Panel};
use crate::http::assets::theme_name;
use crate::http::reply;
use crate::http::visit::{Fault, Visit};
use crate::picture::grid::Grid;
use crate::picture::{Format, Params, PictureRequest, Scope, Subject};

/// Pixels of one grid cell of a page's picture; the page scales it.
const CELL_PX: (u32, u32) = (440, 320);
/// Pixels between cells.
const GAP_PX: u32 = 20;
/// Parameters that a page hands on to its pictures and links.
const CARRIED: [&str; 10] = [
    "range", "from", "to", "grain", "tz", "by", "as_of", "mode", "theme", "lang",
];
/// Ranges a reader can choose with one click.
const RANGES: [(&str, &str); 6] = [
    ("30d", "30 days"),
    ("90d", "90 days"),
    ("6mo", "6 months"),
    ("12mo", "12 months"),
    ("ytd", "year to date"),
    ("all", "all"),
];
const GRAINS: [(&str, &str); 4] = [
    ("day", "day"),
    ("week", "week"),
    ("month", "month"),
    ("quarter", "quarter"),
];
const THEMES: [(&str, &str); 3] = [
    ("dark", "dark"),
    ("light", "light"),
    ("contrast", "high contrast"),
];

/// Name–value pairs of an address.
type Pairs = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage<'a> {
    base: &'a str,
    dashboards: Vec<IndexCard>,
}

struct IndexCard {
    name: String,
    title: String,
    panels: String,
    has_fault: bool,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage<'a> {
    base: &'a str,
    name: &'a str,
    title: &'a str,
    theme: &'a str,
    faults: Vec<String>,
    menus: Vec<Menu>,
    fields: Vec<Field>,
    hidden: Pairs,
    from: String,
    to: String,
    is_filtered: bool,
    panels: Vec<PanelCard>,
}

struct Menu {
    label: &'static str,
    choices: Vec<Choice>,
}

struct Choice {
    label: &'static str,
    href: String,
    is_current: bool,
}

struct Field {
    label: String,
    name: String,
    value: String,
}

struct PanelCard {
    id: String,
    title: String,
    place: String,
    alt: String,
    narrow: String,
    wide: String,
    width_px: u32,
    height_px: u32,
    downloads: Vec<(&'static str, String)>,
}

/// A refusal as a page.
#[derive(Template)]
#[template(path = "error.html")]
pub(super) struct ErrorPage<'a> {
    pub(super) base: &'a str,
    pub(super) status: u16,
    pub(super) what: &'a str,
    pub(super) hint: &'a str,
}

/// Answers with the list of dashboards.
pub(super) fn index(visit: &Visit) -> Result<Response, Fault> {
    let gallery = visit.site.options.studio.gallery();
    Params::parse(
        &visit.pairs,
        Scope::Bare,
        &gallery.rules().settings.timezone,
    )?;
    let names = gallery.shelf().names();
    let dashboards = names.iter().filter_map(|name| {
        let shelved = gallery.shelf().get(name)?;
        let titles: Vec<&str> = shelved.dashboard.panels.iter().map(title).collect();
        Some(IndexCard {
            name: name.clone(),
            title: shelved.dashboard.title.clone(),
            panels: titles.join(" · "),
            has_fault: !shelved.faults.is_empty(),
        })
    });
    let page = IndexPage {
        base: base(visit),
        dashboards: dashboards.collect(),
    };
    Ok(reply::page(visit, rendered(&page)?))
}

/// Answers with a dashboard's page.
pub(super) async fn dashboard(visit: &Visit, name: String) -> Result<Response, Fault> {
    let gallery = visit.site.options.studio.gallery();
    let shelved = gallery.dashboard(&name)?;
    let rules = gallery.rules();
    let params = Params::parse(&visit.pairs, Scope::Page, &rules.settings.timezone)?;
    let (dashboard, carried) = (&shelved.dashboard, carried(&visit.pairs));
    let dimensions = rules.settings.dimensions.keys().map(String::as_str);
    let page = DashboardPage {
        base: base(visit),
        name: &name,
        title: &dashboard.title,
        theme: theme_name(params.look.theme.unwrap_or(dashboard.theme)),
        faults: shelved.faults.iter().map(ToString::to_string).collect(),
        menus: menus(dashboard, &carried),
        fields: ["channel"]
            .into_iter()
            .chain(dimensions)
            .map(|name| field(name, &carried))
            .collect(),
        hidden: hidden(&carried),
        from: value_of(&carried, "from"),
        to: value_of(&carried, "to"),
        is_filtered: !carried.is_empty(),
        panels: panels(visit, dashboard, &params, &carried).await,
    };
    Ok(reply::page(visit, rendered(&page)?))
}

/// Returns the path in front of every address, without a slash at its end.
pub(super) fn base(visit: &Visit) -> &str {
    visit.site.options.base_path.trim_end_matches('/')
}

/// Returns the page's text.
pub(super) fn rendered(page: &impl Template) -> Result<String, Fault> {
    page.render().map_err(|error| {
        tracing::error!(error = %error, "a page could not be written");
        Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the page could not be written",
        )
    })
}

/// Returns the parameters that pictures and links of a page take over.
pub(super) fn carried(pairs: &[(String, String)]) -> Pairs {
    let is_carried = |name: &str| CARRIED.contains(&name) || name.starts_with("where.");
    let kept = pairs
        .iter()
        .filter(|(name, value)| !value.is_empty() && is_carried(name));
    kept.cloned().collect()
}

/// Returns an address with these parameters.
pub(super) fn address(path: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{path}?{query}")
}

/// Returns the panel's heading.
pub(super) fn title(panel: &Panel) -> &str {
    panel.title.as_deref().unwrap_or(panel.kpi.title)
}

async fn panels(
    visit: &Visit,
    dashboard: &Dashboard,
    params: &Params,
    carried: &[(String, String)],
) -> Vec<PanelCard> {
    let panels: Vec<&Panel> = dashboard.panels.iter().collect();
    let grid = Grid::pack(&panels);
    let alts = join_all(
        panels
            .iter()
            .map(|panel| alt(visit, dashboard, panel, params)),
    )
    .await;
    let cards = grid.cells.iter().map(|cell| {
        let panel = panels[cell.panel_idx];
        let base = base(visit);
        let path = format!("{base}/charts/{}/{}", dashboard.name, panel.id);
        let side = |n: u8, cell_px: u32| u32::from(n) * (cell_px + GAP_PX) - GAP_PX;
        let (width_px, height_px) = (side(cell.columns, CELL_PX.0), side(cell.rows, CELL_PX.1));
        let picture = |format: Format, size: Option<(u32, u32)>, scale: Option<u32>| {
            let mut pairs = carried.to_vec();
            let mut put = |name: &str, n: u32| pairs.push((name.to_owned(), n.to_string()));
            if let Some((width_px, height_px)) = size {
                put("width", width_px);
                put("height", height_px);
            }
            if let Some(scale) = scale {
                put("scale", scale);
            }
            address(&format!("{path}.{format}"), &pairs)
        };
        PanelCard {
            id: panel.id.clone(),
            title: title(panel).to_owned(),
            place: format!(
                "c{} w{} r{} h{}",
                cell.column + 1,
                cell.columns,
                cell.row + 1,
                cell.rows
            ),
            alt: alts[cell.panel_idx].clone(),
            narrow: picture(Format::Svg, Some(CELL_PX), None),
            wide: picture(Format::Svg, Some((width_px, height_px)), None),
            width_px,
            height_px,
            downloads: vec![
                ("PNG", picture(Format::Png, Some((1200, 675)), Some(2))),
                ("SVG", picture(Format::Svg, Some((1200, 675)), None)),
                ("CSV", picture(Format::Csv, None, None)),
                ("JSON", picture(Format::Json, None, None)),
            ],
        }
    });
    cards.collect()
}

async fn alt(visit: &Visit, dashboard: &Dashboard, panel: &Panel, params: &Params) -> String {
    let request = PictureRequest {
        subject: Subject::Panel {
            dashboard: dashboard.name.clone(),
            panel: Some(panel.id.clone()),
        },
        overrides: params.overrides.clone(),
        look: params.look,
        format: Format::Txt,
    };
    match visit.site.options.studio.picture(request).await {
        Ok(served) => String::from_utf8_lossy(&served.picture.bytes)
            .trim_end()
            .to_owned(),
        Err(error) => format!("{}: {error}", title(panel)),
    }
}

fn menus(dashboard: &Dashboard, carried: &[(String, String)]) -> Vec<Menu> {
    let path = format!("?{}", "");
    let menu = |label, name: &str, default: String, choices: &[(&'static str, &'static str)]| {
        let current = match value_of(carried, name) {
            value if value.is_empty() => default,
            value => value,
        };
        let choices = choices.iter().map(|(value, label)| {
            let drops =
                |other: &str| other == name || (name == "range" && matches!(other, "from" | "to"));
            let mut pairs: Pairs = carried
                .iter()
                .filter(|(other, _)| !drops(other))
                .cloned()
                .collect();
            pairs.push((name.to_owned(), (*value).to_owned()));
            let href = address(path.trim_end_matches('?'), &pairs);
            Choice {
                label,
                href,
                is_current: current == *value,
            }
        });
        Menu {
            label,
            choices: choices.collect(),
        }
    };
    let range = dashboard
        .range
        .map_or_else(|| "all".to_owned(), |range| range.to_string());
    let grain = dashboard
        .grain
        .map_or_else(String::new, |grain| grain.to_string());
    let range = if value_of(carried, "from").is_empty() {
        range
    } else {
        String::new()
    };
    vec![
        menu("Range", "range", range, &RANGES),
        menu("Grain", "grain", grain, &GRAINS),
        menu(
            "Theme",
            "theme",
            theme_name(dashboard.theme).to_owned(),
            &THEMES,
        ),
    ]
}

fn field(dimension: &str, carried: &[(String, String)]) -> Field {
    let name = format!("where.{dimension}");
    Field {
        label: dimension.to_owned(),
        value: value_of(carried, &name),
        name,
    }
}

/// What the form must send again although it has no field for it.
fn hidden(carried: &[(String, String)]) -> Pairs {
    let is_hidden =
        |name: &str| !name.starts_with("where.") && !matches!(name, "from" | "to" | "range");
    carried
        .iter()
        .filter(|(name, _)| is_hidden(name))
        .cloned()
        .collect()
}

fn value_of(pairs: &[(String, String)], name: &str) -> String {
    pairs
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}
