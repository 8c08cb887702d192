//! `/listen/ID`: the page on a stream; `/listen/ID.m3u` and `.pls`: playlists for players.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use super::{page, view};
use crate::{App, Problem};

/// Answers the page, which sees for itself whether the id is good, or a playlist.
pub(crate) async fn listen(
    State(app): State<App>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some((id, extension)) = file.rsplit_once('.') else {
        return Ok(page::index(headers).await);
    };
    let write = match extension {
        "m3u" => m3u,
        "pls" => pls,
        _ => return Err(Problem::parameter("listen", "unknown kind", "ID, ID.m3u, ID.pls")),
    };
    let pass = app.ids.open(id, &app.catalogue, (app.clock)())?;
    let url = format!("{}/stream/{id}.mp3", view::base_url(&headers));
    Ok(write(pass.origin.spec.title, &url))
}

fn m3u(title: &str, url: &str) -> Response {
    let list = format!("#EXTM3U\n#EXTINF:-1,Perpetuo - {title}\n{url}\n");
    ([(header::CONTENT_TYPE, "audio/x-mpegurl")], list).into_response()
}

fn pls(title: &str, url: &str) -> Response {
    let list = format!(
        "[playlist]\nNumberOfEntries=1\nFile1={url}\nTitle1=Perpetuo - {title}\nLength1=-1\nVersion=2\n"
    );
    ([(header::CONTENT_TYPE, "audio/x-scpls")], list).into_response()
}
