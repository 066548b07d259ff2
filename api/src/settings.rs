//! What the API can be told.

use std::{net::IpAddr, net::Ipv4Addr, sync::Arc};

use common::{
    clock::{Clock, SystemClock},
    duration::Millis,
};
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use schema::StreamDefinition;

/// Settings of the API; [`ApiSettings::new`] has the defaults, every field may be changed.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Address to listen on. Default: all IPv4 interfaces.
    pub host: IpAddr,
    /// `API_PORT`, default 8000; 0 lets the system choose.
    pub port: u16,
    /// What `/version` and `/health` say.
    pub version: String,
    /// The streams whose tables are served under `/api/streams`.
    pub streams: Vec<StreamDefinition>,
    /// The stream whose tables are behind `/api/stats`: it has the rollups `content_stats`, `region_health` and
    /// `device_stats`. Without it among the streams these are answered 404. Default `content-downloads`.
    pub downloads_stream: String,
    /// `ALLOWED_ORIGINS`: pages of these origins may read answers and open WebSockets; `*` allows all.
    pub allowed_origins: Vec<String>,
    /// `API_REQUIRE_TOKEN`: reads need a token as well, all but those of health. Writes always do. Default: no.
    pub require_token: bool,
    /// `CACHE_TTL`: the longest an answer is repeated while its data did not change. Too high: `as_of` and
    /// `lag_seconds` look old on a quiet stream. Default 5 s.
    pub cache_ttl: Millis,
    /// Bytes of answers kept. Default 64 MiB.
    pub cache_bytes: u64,
    /// Longest a single statement may run in the database. Default 5 s.
    pub statement_timeout: Millis,
    /// Longest a request may take until its head is sent; must be above `statement_timeout` to report that one.
    /// Default 10 s.
    pub request_timeout: Millis,
    /// Longest a client may take to send a request's head; also closes idle connections. Default 30 s.
    pub header_read_timeout: Millis,
    /// How long open requests may take to end after a shutdown was asked for. Default 10 s.
    pub drain_timeout: Millis,
    /// `API_MAX_CONNECTIONS`: served at once; more wait to be accepted. Default 1,024.
    pub max_connections: usize,
    /// `API_MAX_CONNECTIONS_PER_CLIENT`: of these, those of one client; further ones are closed at once. Default 256.
    pub max_connections_per_client: usize,
    /// `API_READS_PER_SECOND` of one client, and twice as many in a burst; 0 is no limit. Default 500.
    pub reads_per_second: u32,
    /// `API_WRITES_PER_MINUTE` of one client, refused ones included; 0 is no limit. Default 60.
    pub writes_per_minute: u32,
    /// `API_TRUSTED_PROXIES`: what these say in `X-Forwarded-For` of whom they ask for is believed. Default: none.
    pub trusted_proxies: Vec<IpNet>,
    /// `API_MAX_SUBSCRIBERS`: event streams and WebSockets open at once; more are answered 503. Keep it below
    /// `max_connections`, or they can starve everything else. Default 512.
    pub max_subscribers: usize,
    /// `API_MAX_HEAD_BYTES`: bytes a request's head may have, at least 8 KiB. Default 16 KiB.
    pub max_head_bytes: usize,
    /// `API_MAX_BODY_BYTES`: bytes a request's body may have. Default 16 KiB.
    pub max_body_bytes: usize,
    /// How often the data version is read while anyone is interested. Default 25 ms.
    pub watch_interval: Millis,
    /// Least time between two pushes; more when they are costly or many listen. Default 20 ms.
    pub push_interval: Millis,
    /// Silence on an event stream after which a comment keeps it open, and time between pings of a WebSocket.
    /// Default 15 s.
    pub keep_alive: Millis,
    /// Renders `/metrics`; without one it is answered 404.
    pub metrics: Option<PrometheusHandle>,
    /// Says what "now" is for `minutes` and freshness.
    pub clock: Arc<dyn Clock>,
}

impl ApiSettings {
    /// Defaults for everything but the streams.
    #[must_use]
    pub fn new(streams: Vec<StreamDefinition>) -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 8000,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            streams,
            downloads_stream: "content-downloads".to_owned(),
            allowed_origins: vec!["http://localhost:3000".to_owned()],
            require_token: false,
            cache_ttl: Millis::new(5_000),
            cache_bytes: 64 << 20,
            statement_timeout: Millis::new(5_000),
            request_timeout: Millis::new(10_000),
            header_read_timeout: Millis::new(30_000),
            drain_timeout: Millis::new(10_000),
            max_connections: 1_024,
            max_connections_per_client: 256,
            reads_per_second: 500,
            writes_per_minute: 60,
            trusted_proxies: Vec::new(),
            max_subscribers: 512,
            max_head_bytes: 16 << 10,
            max_body_bytes: 16 << 10,
            watch_interval: Millis::new(25),
            push_interval: Millis::new(20),
            keep_alive: Millis::new(15_000),
            metrics: None,
            clock: Arc::new(SystemClock),
        }
    }
}
