//! `/listen/ID`: the page on a stream; `/listen/ID.m3u` and `.pls`: playlists for players.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use super::{page, view};
use crate::{App, Problem, args::FileName};

/// Answers the page, which sees for itself whether the id is good, or a playlist.
pub(crate) async fn listen(
    State(app): State<App>,
    FileName(file): FileName,
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

#[cfg(test)]
mod tests {
    use crate::routes::testbed::Testbed;

    #[tokio::test]
    async fn an_id_alone_is_the_page() {
        let testbed = Testbed::new();
        let (page, index) = (testbed.get("/listen/any").await, testbed.get("/").await);
        assert_eq!(page.body, index.body);
        assert_eq!(page.headers, index.headers);
    }

    #[tokio::test]
    async fn playlists_lead_to_the_stream_at_the_host_that_was_asked() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let host = [("host", "radio.example:8000")];
        let url = format!("http://radio.example:8000/stream/{id}.mp3");
        let m3u = testbed.get_with(&format!("/listen/{id}.m3u"), &host).await;
        assert_eq!(m3u.header("content-type"), "audio/x-mpegurl");
        assert_eq!(m3u.header("cache-control"), "no-store");
        assert_eq!(m3u.text(), format!("#EXTM3U\n#EXTINF:-1,Perpetuo - Tön\n{url}\n"));
        let pls = testbed.get_with(&format!("/listen/{id}.pls"), &host).await;
        assert_eq!(pls.header("content-type"), "audio/x-scpls");
        let expected = format!(
            "[playlist]\nNumberOfEntries=1\nFile1={url}\nTitle1=Perpetuo - Tön\nLength1=-1\nVersion=2\n"
        );
        assert_eq!(pls.text(), expected);
    }

    #[tokio::test]
    async fn a_playlist_may_hold_an_id_for_listening() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.listen_id;
        let m3u = testbed.get(&format!("/listen/{id}.m3u")).await;
        assert!(m3u.text().contains(&format!("http://localhost/stream/{id}.mp3")));
    }

    #[tokio::test]
    async fn a_host_that_is_none_is_not_repeated() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        for host in ["a/b", "a\"b", "<script>", "a b", "user@host", "", "a?b", "ä"] {
            let m3u = testbed.get_with(&format!("/listen/{id}.m3u"), &[("host", host)]).await;
            assert!(
                m3u.text().contains(&format!("\nhttp://localhost/stream/{id}.mp3\n")),
                "{host}"
            );
        }
        for host in ["[::1]:8000", "10.0.0.1", "my-radio.example"] {
            let m3u = testbed.get_with(&format!("/listen/{id}.m3u"), &[("host", host)]).await;
            assert!(m3u.text().contains(&format!("\nhttp://{host}/stream/")), "{host}");
        }
    }

    #[tokio::test]
    async fn what_is_neither_page_nor_playlist_is_refused() {
        let testbed = Testbed::new();
        let id = testbed.create("").await.id;
        let problem = testbed.refusal(&format!("/listen/{id}.xspf")).await;
        assert_eq!(
            (&problem["status"], &problem["allowed"]),
            (&400.into(), &"ID, ID.m3u, ID.pls".into())
        );
        assert_eq!(testbed.refusal("/listen/unknown.m3u").await["status"], 404);
        assert_eq!(testbed.refusal("/listen/%FF.m3u").await["status"], 400);
    }
}
