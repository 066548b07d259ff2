//! `GET /api/streams/{stream}/{rollup}`

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::{
    app::App,
    parameters::Checked,
    problem::{Problem, Refusals},
    query::{Form, Request, RollupAnswer, RollupParameters, RollupQuery},
};

/// Any rollup: grouped, filtered, ordered, over any range, as rows or series
///
/// Built from the stream's definition. `Accept` chooses between JSON, `application/x-ndjson` (the rows, one a line) and
/// `text/csv`; the header `Link` names the next page in all of them.
#[utoipa::path(
    get,
    path = "/api/streams/{stream}/{rollup}",
    tag = "streams",
    params(
        ("stream" = String, Path, description = "A stream's name, as in `/api/streams`"),
        ("rollup" = String, Path, description = "One of its rollups"),
        RollupParameters,
    ),
    responses(
        (status = 200, content(
            (RollupAnswer = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
        ), headers(("Link" = Option<String>, description = "The next page, `rel=\"next\"`"))),
        (status = 404, body = crate::problem::ProblemBody, content_type = "application/problem+json",
            description = "No such stream or rollup; `allowed` lists those there are"),
        (status = 406, body = crate::problem::ProblemBody, content_type = "application/problem+json",
            description = "`Accept` names none of the forms in `allowed`"),
        Refusals,
    ),
)]
pub(super) async fn rollup(
    State(app): State<App>,
    Path((stream, rollup)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    Checked(asked): Checked<RollupParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(definition) = app.catalog.stream(&stream) else {
        let names = app.catalog.streams().iter().map(|stream| stream.name.as_str());
        return Err(Problem::unknown_name("stream", &stream, names));
    };
    let Some((_, columns)) = app.catalog.rollup(&stream, &rollup) else {
        let names = definition.rollups.iter().map(|rollup| rollup.name.as_str());
        return Err(Problem::unknown_name("rollup", &rollup, names));
    };
    let form = Form::negotiated(&headers)?;
    let request = Request::check(&asked, definition, columns, app.settings.clock.now())?;
    let question = format!("{stream}/{rollup} as {}: {asked:?}", form.media_type()).into();
    let answer = app.answer_or_last(RollupQuery { request, form }, question).await?;
    let next = answer.next().and_then(|next| link(&query.unwrap_or_default(), next));
    let mut response = answer.response(&headers);
    response.headers_mut().insert(header::VARY, HeaderValue::from_name(header::ACCEPT));
    if let Some(next) = next {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

/// The same query with another cursor, as a reference from its own address.
fn link(query: &str, cursor: &str) -> Option<HeaderValue> {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    let next = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair("cursor", cursor)
        .finish();
    HeaderValue::try_from(format!("<?{next}>; rel=\"next\"")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_same_query_with_its_cursor() {
        for (query, next) in [
            ("", "<?cursor=n-1>; rel=\"next\""),
            ("limit=2&cursor=n-0", "<?limit=2&cursor=n-1>; rel=\"next\""),
            (
                "group_by=&filter.a=x%3E%22%C3%BC&filter.a=+",
                "<?group_by=&filter.a=x%3E%22%C3%BC&filter.a=+&cursor=n-1>; rel=\"next\"",
            ),
        ] {
            assert_eq!(link(query, "n-1").unwrap(), next, "{query}");
        }
    }
}
