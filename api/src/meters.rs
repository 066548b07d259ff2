//! Requests as `/metrics` tells them.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram};

const REQUESTS: &str = "http_requests_total";
const SECONDS: &str = "http_request_duration_seconds";

/// Counts one request.
pub(crate) fn count(route: &str, method: &Method, status: StatusCode, took: Duration) {
    requests(route, method, status).increment(1);
    seconds(route).record(took.as_secs_f64());
}

/// Those of one route's GETs that were answered from memory, looked up once.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    answered: Counter,
    unchanged: Counter,
    seconds: Histogram,
}

impl Meters {
    pub(crate) fn of(route: &str) -> Self {
        Self {
            answered: requests(route, &Method::GET, StatusCode::OK),
            unchanged: requests(route, &Method::GET, StatusCode::NOT_MODIFIED),
            seconds: seconds(route),
        }
    }

    pub(crate) fn count(&self, status: StatusCode, took: Duration) {
        let counter = if status == StatusCode::NOT_MODIFIED { &self.unchanged } else { &self.answered };
        counter.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}

fn requests(route: &str, method: &Method, status: StatusCode) -> Counter {
    metrics::counter!(
        REQUESTS,
        "route" => route.to_owned(),
        "method" => method.to_string(),
        "status" => status.as_str().to_owned(),
    )
}

fn seconds(route: &str) -> Histogram {
    metrics::histogram!(SECONDS, "route" => route.to_owned())
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn the_short_way_and_the_long_one_count_the_same() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let took = Duration::from_millis(5);
        metrics::with_local_recorder(&recorder, || {
            let meters = Meters::of("/r");
            for status in [StatusCode::OK, StatusCode::NOT_MODIFIED, StatusCode::OK] {
                meters.count(status, took);
                count("/r", &Method::GET, status, took);
            }
        });
        let told = recorder.handle().render();
        for line in [
            r#"http_requests_total{route="/r",method="GET",status="200"} 4"#,
            r#"http_requests_total{route="/r",method="GET",status="304"} 2"#,
            r#"http_request_duration_seconds_count{route="/r"} 6"#,
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
        }
    }
}
