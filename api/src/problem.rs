//! What goes wrong, as `application/problem+json` (RFC 9457).

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::failure::LoadError;

/// Seconds after which a client may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
pub(crate) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error as clients see it. Says nothing about the inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) detail: String,
    pub(crate) parameter: Option<String>,
    pub(crate) allowed: Vec<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Always `about:blank`: the status says it all.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// The path that was asked for.
    instance: &'a str,
    /// The same as in the header `X-Request-Id`, and in the log.
    request_id: &'a str,
    /// The query parameter that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    /// What would have been accepted, where that is a list of names.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    allowed: &'a [String],
}

/// The errors every data endpoint can answer, for the description.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses, is never made")]
pub(crate) enum Refusals {
    /// Reads are closed (`API_REQUIRE_TOKEN`), and this has no token or none that is good.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemBody<'static>),
    /// A parameter is out of range, of the wrong type or not known; `parameter` names it.
    #[response(status = 422, content_type = "application/problem+json")]
    Parameter(ProblemBody<'static>),
    /// Too many requests; `Retry-After` says when to ask again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody<'static>),
    /// The database is away or busy; `Retry-After` says when to ask again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody<'static>),
    /// The answer took too long.
    #[response(status = 504, content_type = "application/problem+json")]
    TooLate(ProblemBody<'static>),
}

/// What the endpoints about downloads can answer besides, for the description.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses, is never made")]
pub(crate) enum NotServed {
    /// The stream of the downloads is not among those that this API serves.
    #[response(status = 404, content_type = "application/problem+json")]
    NotServed(ProblemBody<'static>),
}

/// The errors every write can answer as well, for the description.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses, is never made")]
pub(crate) enum WriteRefusals {
    /// No token, or none that is good; `WWW-Authenticate` asks for one.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemBody<'static>),
    /// The token's scope is too small; `detail` names the one that is needed.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody<'static>),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody<'static>),
    /// The body is not said to be JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(ProblemBody<'static>),
    /// The body, a parameter or a number in the path is not what it must be; `parameter` names it.
    #[response(status = 422, content_type = "application/problem+json")]
    Parameter(ProblemBody<'static>),
    /// Too many requests; `Retry-After` says when to ask again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody<'static>),
    /// The database is away or busy; `Retry-After` says when to ask again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody<'static>),
    /// The answer took too long.
    #[response(status = 504, content_type = "application/problem+json")]
    TooLate(ProblemBody<'static>),
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), parameter: None, allowed: Vec::new(), headers: Vec::new() }
    }

    pub(crate) fn parameter(name: &str, expected: &str, found: &str) -> Self {
        let found: String = found.chars().take(64).collect();
        Self {
            parameter: Some(name.to_owned()),
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("parameter '{name}' must be {expected}, found '{found}'"),
            )
        }
    }

    /// `found` is none of the names that `name` can be.
    pub(crate) fn one_of<'a>(name: &str, found: &str, exist: impl Iterator<Item = &'a str>) -> Self {
        Self {
            allowed: exist.map(str::to_owned).collect(),
            ..Self::parameter(name, "one of those allowed", found)
        }
    }

    pub(crate) fn unknown_parameter(name: &str, known: &[&str]) -> Self {
        let name: String = name.chars().take(64).collect();
        Self {
            allowed: known.iter().map(|&name| name.to_owned()).collect(),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("there is no parameter '{name}' here"))
        }
        .about(name)
    }

    /// The parameter names something that does not exist; these do.
    pub(crate) fn not_among<'a>(
        parameter: &str,
        expected: &str,
        found: &str,
        exist: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self { allowed: exist.map(str::to_owned).collect(), ..Self::parameter(parameter, expected, found) }
    }

    /// No `kind` has this name; these exist.
    pub(crate) fn unknown_name<'a>(kind: &str, name: &str, exist: impl Iterator<Item = &'a str>) -> Self {
        let name: String = name.chars().take(64).collect();
        Self {
            allowed: exist.map(str::to_owned).collect(),
            ..Self::new(StatusCode::NOT_FOUND, format!("there is no {kind} '{name}'"))
        }
    }

    pub(crate) fn not_acceptable(forms: impl Iterator<Item = String>) -> Self {
        Self {
            allowed: forms.collect(),
            ..Self::new(StatusCode::NOT_ACCEPTABLE, "this is answered in none of the forms that Accept names")
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this path")
    }

    /// Nobody knows who asks. `error` as of RFC 6750, where a token was given.
    pub(crate) fn unauthenticated(detail: &str, error: Option<&str>) -> Self {
        let error = error.map(|error| format!(", error=\"{error}\"")).unwrap_or_default();
        Self::new(StatusCode::UNAUTHORIZED, detail)
            .with(header::WWW_AUTHENTICATE, &format!("Bearer realm=\"streampulse\"{error}"))
    }

    /// Who asks may not.
    pub(crate) fn forbidden(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("this needs a token with the scope {scope}")).with(
            header::WWW_AUTHENTICATE,
            &format!("Bearer realm=\"streampulse\", error=\"insufficient_scope\", scope=\"{scope}\""),
        )
    }

    /// Asked too often; from `seconds` on it may be asked again.
    pub(crate) fn too_many(seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, format!("too many requests; ask again in {seconds} s"))
            .with(header::RETRY_AFTER, &seconds.to_string())
    }

    /// There is no such thing, or not any more.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// For an error answer that came without a problem, such as a wrong method.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::NOT_FOUND => return Self::not_found(),
            StatusCode::BAD_REQUEST => "the request could not be read",
            StatusCode::METHOD_NOT_ALLOWED => "this path does not take this method",
            StatusCode::PAYLOAD_TOO_LARGE => "the request's body is too large",
            StatusCode::GATEWAY_TIMEOUT => "the answer took too long",
            StatusCode::INTERNAL_SERVER_ERROR => "the answer could not be computed",
            _ => "the request could not be answered",
        };
        Self::new(status, detail)
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    fn about(mut self, parameter: String) -> Self {
        self.parameter = Some(parameter);
        self
    }

    /// The body, for the request with this id and path.
    pub(crate) fn json(&self, request_id: &str, instance: &str) -> Vec<u8> {
        let body = ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            request_id,
            parameter: self.parameter.as_deref(),
            allowed: &self.allowed,
        };
        // Strings and a number always serialize.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl From<LoadError> for Problem {
    fn from(failure: LoadError) -> Self {
        let status = match failure {
            LoadError::Unavailable | LoadError::TooLong | LoadError::NotInstalled => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            LoadError::NotServed => StatusCode::NOT_FOUND,
            LoadError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, failure.to_string())
    }
}

/// The body is written by [`render`], which knows the request.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives every error answer its problem as body; leaves all others alone.
pub(crate) fn render(mut response: Response, request_id: &str, instance: &str) -> Response {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if (status.is_client_error() || status.is_server_error()) && !has_json(&response) => {
            Problem::of_status(status)
        }
        None => return response,
    };
    let body = problem.json(request_id, instance);
    let headers = response.headers_mut();
    headers.extend(problem.headers);
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if problem.status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    *response.body_mut() = Body::from(body);
    response
}

fn has_json(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_status() {
        for (failure, status) in [
            (LoadError::Unavailable, 503),
            (LoadError::TooLong, 503),
            (LoadError::NotInstalled, 503),
            (LoadError::Internal, 500),
        ] {
            assert_eq!(Problem::from(failure).status.as_u16(), status);
        }
    }

    #[test]
    fn only_errors_without_a_body_of_their_own_are_rendered() {
        let plain = render(StatusCode::METHOD_NOT_ALLOWED.into_response(), "id", "/ping");
        assert_eq!(plain.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let json = (StatusCode::SERVICE_UNAVAILABLE, axum::Json(1)).into_response();
        assert_eq!(render(json, "id", "/health").headers()[header::CONTENT_TYPE], "application/json");
    }

    #[test]
    fn a_problem_names_the_parameter_and_the_request() {
        let body = Problem::parameter("minutes", "a whole number from 1 to 60", "0").json("r-1", "/api/x");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "about:blank", "title": "Unprocessable Entity", "status": 422,
                "detail": "parameter 'minutes' must be a whole number from 1 to 60, found '0'",
                "instance": "/api/x", "request_id": "r-1", "parameter": "minutes",
            })
        );
    }
}
