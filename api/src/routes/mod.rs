//! One file per endpoint: its route, parameters, query, answer and description.

mod acknowledge;
mod alerts;
mod annotations;
mod control;
pub(crate) mod dashboard;
mod dead_letters;
mod devices;
mod events;
mod health;
mod healthz;
mod metrics;
mod ping;
mod pipeline;
mod readyz;
mod realtime;
mod redrive;
mod regions;
mod replays;
mod rollup;
mod silences;
mod socket;
mod streams;
mod timeseries;
mod trending;
mod version;

use axum::{
    Router,
    http::{Method, StatusCode, header},
    middleware,
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
    limit::RequestBodyLimitLayer,
    timeout::TimeoutLayer,
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    access::authorize,
    app::App,
    assets,
    clients::limit,
    middleware::{PROCESS_TIME, REQUEST_ID, SERVER_TIMING, context},
    openapi::Description,
    server::{ApiError, origins},
    settings::ApiSettings,
};

/// Every endpoint with its description.
pub(crate) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(realtime::realtime))
        .routes(routes!(trending::trending))
        .routes(routes!(regions::regions))
        .routes(routes!(devices::devices))
        .routes(routes!(timeseries::timeseries))
        .routes(routes!(alerts::alerts))
        .routes(routes!(dashboard::dashboard))
        .routes(routes!(events::events))
        .routes(routes!(socket::socket))
        .routes(routes!(pipeline::pipeline))
        .routes(routes!(streams::streams))
        .routes(routes!(rollup::rollup))
        .routes(routes!(acknowledge::acknowledge))
        .routes(routes!(acknowledge::unacknowledge))
        .routes(routes!(silences::silences, silences::silence))
        .routes(routes!(silences::unsilence))
        .routes(routes!(annotations::annotations, annotations::annotate))
        .routes(routes!(replays::replays, replays::replay))
        .routes(routes!(replays::cancel))
        .routes(routes!(dead_letters::dead_letters))
        .routes(routes!(redrive::redrive))
        .routes(routes!(control::pause))
        .routes(routes!(control::resume))
        .routes(routes!(health::health))
        .routes(routes!(healthz::healthz))
        .routes(routes!(readyz::readyz))
        .routes(routes!(ping::ping))
        .routes(routes!(version::version))
        .routes(routes!(metrics::metrics))
}

/// Everything that is served, with all that a request passes through, from the outermost on. It is one layer to the
/// router: of several, each would be boxed and cloned for each request by all that are around it.
pub(crate) fn router(app: App) -> Result<Router, ApiError> {
    let settings = app.settings.clone();
    let (router, document) = described().split_for_parts();
    Ok(router
        .with_state(app.clone())
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .fallback(assets::file)
        .layer((
            middleware::from_fn_with_state(app.clone(), context),
            cors(&settings)?,
            middleware::from_fn_with_state(app.clone(), limit),
            TimeoutLayer::with_status_code(
                StatusCode::GATEWAY_TIMEOUT,
                settings.request_timeout.as_duration(),
            ),
            middleware::from_fn_with_state(app, authorize),
            RequestBodyLimitLayer::new(settings.max_body_bytes),
            CatchPanicLayer::new(),
        )))
}

/// Which pages of other origins may read answers.
pub(crate) fn cors(settings: &ApiSettings) -> Result<CorsLayer, ApiError> {
    let origins = if settings.allowed_origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins(settings)?)
    };
    Ok(CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CACHE_CONTROL,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            header::HeaderName::from_static("last-event-id"),
            REQUEST_ID,
        ])
        .expose_headers([
            header::AGE,
            header::ETAG,
            header::LINK,
            header::RETRY_AFTER,
            header::WARNING,
            header::WWW_AUTHENTICATE,
            REQUEST_ID,
            PROCESS_TIME,
            SERVER_TIMING,
        ]))
}
