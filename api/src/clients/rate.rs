use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock};

use super::Client;
use crate::{app::App, problem::Problem, settings::ApiSettings};

/// Asked by those who watch over us, who must not be told of limits instead.
const UNLIMITED: [&str; 4] = ["/health", "/healthz", "/readyz", "/ping"];

/// How often each client may read and write.
pub(crate) struct Rates {
    reads: Option<DefaultKeyedRateLimiter<Client>>,
    writes: Option<DefaultKeyedRateLimiter<Client>>,
}

impl Rates {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        // A page that opens asks for everything at once.
        let reads = NonZeroU32::new(settings.reads_per_second).map(|rate| {
            Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)))
        });
        let writes = NonZeroU32::new(settings.writes_per_minute).map(Quota::per_minute);
        Self {
            reads: reads.map(DefaultKeyedRateLimiter::keyed),
            writes: writes.map(DefaultKeyedRateLimiter::keyed),
        }
    }

    /// Counts one request; `Err` is how long to wait.
    pub(crate) fn check(&self, client: Client, reads: bool) -> Result<(), Duration> {
        let Some(limiter) = (if reads { &self.reads } else { &self.writes }) else { return Ok(()) };
        limiter.check_key(&client).map_err(|until| until.wait_time_from(limiter.clock().now()))
    }

    /// Forgets clients that have been quiet for long enough to have all of their allowance again.
    pub(crate) fn forget_the_quiet(&self) {
        for limiter in [&self.reads, &self.writes].into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").finish_non_exhaustive()
    }
}

/// Answers 429 to who asks too often.
pub(crate) async fn limit(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if route.is_some_and(|route| UNLIMITED.contains(&route)) {
        return Ok(next.run(request).await);
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let client = Client::behind(peer, request.headers(), &app.settings.trusted_proxies);
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    match app.rates.check(client, reads) {
        Ok(()) => Ok(next.run(request).await),
        // Whole seconds, and never "at once".
        Err(wait) => Err(Problem::too_many(wait.as_secs() + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_allowance_and_reads_do_not_use_up_writes() {
        let settings = ApiSettings {
            reads_per_second: 1,
            writes_per_minute: 2,
            ..ApiSettings::new(schema::StreamDefinition::shipped().unwrap())
        };
        let rates = Rates::new(&settings);
        let (one, other) = (Client::at([192, 0, 2, 1].into()), Client::at([192, 0, 2, 2].into()));
        for _ in 0..2 {
            assert_eq!(rates.check(one, false), Ok(()));
        }
        let wait = rates.check(one, false).unwrap_err();
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
        assert_eq!(rates.check(other, false), Ok(()));
        assert_eq!(rates.check(one, true), Ok(()));
        let unlimited = Rates::new(&ApiSettings { reads_per_second: 0, writes_per_minute: 0, ..settings });
        assert!(
            (0..10_000).all(|_| unlimited.check(one, false).is_ok() && unlimited.check(one, true).is_ok())
        );
    }
}
