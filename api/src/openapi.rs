//! The API's description, generated from its handlers.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "StreamPulse",
        description = "Aggregates of event streams, read from the tables the pipeline commits exactly once. \
                       Reads are open unless the operator closed them; writes need a bearer token.",
        version = "1",
    ),
    tags(
        (name = "stats", description = "Downloads: totals, top lists, health and alerts"),
        (name = "streams", description = "Any stream's rollups, and the pipeline behind them"),
        (name = "writes", description = "What people change; each needs a token and is audited"),
        (name = "push", description = "Snapshots sent when the data changes"),
        (name = "service", description = "The service itself"),
    ),
    modifiers(&Tokens),
)]
pub(crate) struct Description;

/// How requests say who makes them.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// The OpenAPI document as JSON text, as `/openapi.json` serves it and `api/openapi.json` keeps it.
///
/// # Errors
/// Never for the document as it is; the serializer's error otherwise.
pub fn document() -> Result<String, serde_json::Error> {
    let (_, document) = routes::described().split_for_parts();
    document.to_pretty_json().map(|json| json + "\n")
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn the_committed_description_is_that_of_the_handlers() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        let generated = document().unwrap();
        if std::env::var_os("UPDATE_OPENAPI").is_some_and(|value| value == "1") {
            fs::write(&path, &generated).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == generated,
            "api/openapi.json is out of date; run with UPDATE_OPENAPI=1 and review it"
        );
    }
}
