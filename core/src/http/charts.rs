//! `/charts/NAME/PANEL.EXT` and `/charts/NAME.EXT`.

use http::StatusCode;
use warp::reply::Response;

use crate::http::reply;
use crate::http::visit::{Fault, Visit};
use crate::picture::{Format, Params, PictureRequest, Scope, Subject};

/// Answers with a panel of a dashboard.
pub(super) async fn panel(
    visit: &Visit,
    dashboard: String,
    file: String,
) -> Result<Response, Fault> {
    let (panel, format) = split(&file)?;
    let subject = Subject::Panel {
        dashboard,
        panel: Some(panel.to_owned()),
    };
    picture(visit, subject, format, Scope::Picture).await
}

/// Answers with the first panel of a dashboard.
pub(super) async fn first(visit: &Visit, file: String) -> Result<Response, Fault> {
    let (dashboard, format) = split(&file)?;
    let subject = Subject::Panel {
        dashboard: dashboard.to_owned(),
        panel: None,
    };
    picture(visit, subject, format, Scope::Picture).await
}

/// Answers with a picture of whatever it is.
pub(super) async fn picture(
    visit: &Visit,
    subject: Subject,
    format: Format,
    scope: Scope,
) -> Result<Response, Fault> {
    let studio = &visit.site.options.studio;
    let rules = studio.gallery().rules();
    let params = Params::parse(&visit.pairs, scope, &rules.settings.timezone)?;
    let subject = match (subject, params.page) {
        (Subject::Wall { dashboard, .. }, Some(page)) => Subject::Wall { dashboard, page },
        (subject, _) => subject,
    };
    let request = PictureRequest {
        subject,
        overrides: params.overrides,
        look: params.look,
        format,
    };
    let served = studio.picture(request).await?;
    Ok(reply::picture(visit, &served, studio.gallery().now()))
}

fn split(file: &str) -> Result<(&str, Format), Fault> {
    let Some((name, ending)) = file.rsplit_once('.') else {
        return Err(
            Fault::new(StatusCode::NOT_FOUND, format!("`{file}` names no format"))
                .hint("add one of .svg, .png, .json, .csv, .txt"),
        );
    };
    let format = ending
        .parse()
        .map_err(|error: crate::picture::UnknownFormat| {
            Fault::new(StatusCode::NOT_FOUND, error.to_string())
        })?;
    Ok((name, format))
}
