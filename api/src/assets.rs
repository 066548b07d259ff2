//! The dashboard, built into the program.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/dashboard"]
struct Dashboard;

/// Names below it carry a hash of their content.
const HASHED: &str = "assets/";

/// `/` and every file of the dashboard; all other paths are unknown.
pub(crate) async fn file(method: Method, uri: Uri, request: HeaderMap) -> Result<Response, Problem> {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(Problem::not_found());
    }
    let path = uri.path().trim_start_matches('/');
    serve(if path.is_empty() { "index.html" } else { path }, &request)
}

fn serve(path: &str, request: &HeaderMap) -> Result<Response, Problem> {
    let file = Dashboard::get(path).ok_or_else(Problem::not_found)?;
    let etag = etag(&file);
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let unchanged = request.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == etag.as_bytes());
    let kind = file.metadata.mimetype().to_owned();
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data.into_owned()))
    };
    let headers = response.headers_mut();
    if let (Ok(kind), Ok(etag)) = (HeaderValue::from_str(&kind), HeaderValue::from_str(&etag)) {
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    Ok(response)
}

fn etag(file: &EmbeddedFile) -> String {
    let hash: String =
        file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_revalidated() {
        let page = serve("index.html", &HeaderMap::new()).unwrap();
        assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html");
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, page.headers()[header::ETAG].clone());
        assert_eq!(serve("index.html", &request).unwrap().status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for path in ["assets/none.js", "../Cargo.toml", ""] {
            assert_eq!(serve(path, &HeaderMap::new()).unwrap_err().status, StatusCode::NOT_FOUND);
        }
    }
}
