//! The gate: every request that changes anything needs a token, whatever its path.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{Scope, register::Holder, token::Presented};
use crate::{app::App, middleware::RequestId, problem::Problem};

/// Writes that need more than [`Scope::Operate`].
const ADMIN_ROUTES: [&str; 1] = ["/api/dead-letters/redrive"];

/// Who makes a write, for the audit.
#[derive(Clone, Debug)]
pub(crate) struct Acting {
    holder: Arc<Holder>,
    pub(crate) request_id: RequestId,
}

impl Acting {
    pub(crate) fn name(&self) -> &str {
        &self.holder.name
    }
}

/// Lets a request through whose token is good for it. What needs no token is not asked for one.
pub(crate) async fn authorize(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let Some(needed) = needed(request.method(), route, app.settings.require_token) else {
        return Ok(next.run(request).await);
    };
    let Some(token) = bearer(request.headers()) else {
        return Err(Problem::unauthenticated("this needs a token: Authorization: Bearer …", None));
    };
    let refused =
        || Problem::unauthenticated("this token is not known, or no longer good", Some("invalid_token"));
    let presented = Presented::parse(token).ok_or_else(refused)?;
    let now = app.settings.clock.now();
    let holder = app.tokens.holder(&app.pool, &presented, now).await?.ok_or_else(refused)?;
    if holder.scope < needed {
        return Err(Problem::forbidden(needed.as_str()));
    }
    // The outermost layer gave every request an id.
    if let Some(request_id) = request.extensions().get::<RequestId>().cloned() {
        request.extensions_mut().insert(Acting { holder, request_id });
    }
    Ok(next.run(request).await)
}

/// `None` where no token is needed.
fn needed(method: &Method, route: Option<&str>, reads_too: bool) -> Option<Scope> {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    let of_data = route.is_some_and(|route| route.starts_with("/api/") || route == "/metrics");
    match (reads, route) {
        (true, _) => (reads_too && of_data).then_some(Scope::Read),
        (false, Some(route)) if ADMIN_ROUTES.contains(&route) => Some(Scope::Admin),
        (false, _) => Some(Scope::Operate),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl<S: Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    /// A route that takes this can only be reached through [`authorize`].
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Problem::unauthenticated("this needs a token", None))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn whatever_may_change_something_needs_a_token() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::CONNECT] {
            for route in [None, Some("/api/silences"), Some("/docs"), Some("/metrics")] {
                assert_eq!(needed(&method, route, false), Some(Scope::Operate), "{method} {route:?}");
            }
            assert_eq!(needed(&method, Some(ADMIN_ROUTES[0]), false), Some(Scope::Admin));
        }
    }

    #[test]
    fn reads_need_one_where_the_settings_say_so_but_never_for_health() {
        for route in ["/api/stats/alerts", "/metrics"] {
            assert_eq!(needed(&Method::GET, Some(route), false), None);
            assert_eq!(needed(&Method::GET, Some(route), true), Some(Scope::Read));
        }
        for route in
            [None, Some("/health"), Some("/healthz"), Some("/readyz"), Some("/ping"), Some("/version")]
        {
            assert_eq!(needed(&Method::GET, route, true), None);
        }
    }

    #[test]
    fn only_the_bearer_scheme_is_read() {
        let of = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(of("bearer  abc").as_deref(), Some("abc"));
        for other in ["Basic abc", "abc", "Bearer", ""] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
