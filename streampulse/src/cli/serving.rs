use std::net::IpAddr;

use api::ApiSettings;
use clap::Args;
use common::duration::Millis;
use metrics_exporter_prometheus::PrometheusHandle;
use schema::StreamDefinition;

/// How the API is served.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "API")]
pub struct ServingArgs {
    /// Port to listen on.
    #[arg(long, env = "API_PORT", default_value_t = 8000, value_name = "PORT")]
    pub api_port: u16,
    /// Address to listen on; 0.0.0.0 for all interfaces.
    #[arg(long, env = "API_HOST", default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub api_host: IpAddr,
    /// Pages of these origins may read answers, separated by commas; * for all.
    #[arg(
        long,
        env = "ALLOWED_ORIGINS",
        value_delimiter = ',',
        default_value = "http://localhost:3000",
        value_name = "ORIGINS"
    )]
    pub allowed_origins: Vec<String>,
    /// Reads need a token as well, all but those of health.
    #[arg(long, env = "API_REQUIRE_TOKEN", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub require_token: bool,
    /// Reads of one client, and twice as many in a burst; 0 is no limit.
    #[arg(long, env = "API_READS_PER_SECOND", default_value_t = 500, value_name = "N")]
    pub reads_per_second: u32,
    /// Writes of one client; 0 is no limit.
    #[arg(long, env = "API_WRITES_PER_MINUTE", default_value_t = 60, value_name = "N")]
    pub writes_per_minute: u32,
    /// Connections served at once; more wait to be accepted.
    #[arg(long, env = "API_MAX_CONNECTIONS", default_value_t = 1_024, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Of these, those of one client; further ones are closed at once.
    #[arg(long, env = "API_MAX_CONNECTIONS_PER_CLIENT", default_value_t = 256, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections_per_client: u32,
    /// Event streams open at once; more are answered 503. Keep it below the connections.
    #[arg(long, env = "API_MAX_SUBSCRIBERS", default_value_t = 512, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub max_subscribers: u32,
    /// Bytes a request's head may have; larger ones are answered 431.
    #[arg(long, env = "API_MAX_HEAD_BYTES", default_value_t = 16 << 10, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(8 << 10..=1 << 20))]
    pub max_head_bytes: u32,
    /// Bytes a request's body may have; larger ones are answered 413.
    #[arg(long, env = "API_MAX_BODY_BYTES", default_value_t = 16 << 10, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1 << 10..=16 << 20))]
    pub max_body_bytes: u32,
    /// Proxies that are believed in X-Forwarded-For: networks such as 10.0.0.0/8, separated by commas.
    #[arg(long, env = "API_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Longest time an answer is repeated while its data did not change, in seconds.
    #[arg(long, env = "CACHE_TTL", default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub cache_ttl: u32,
    /// Connections to the database.
    #[arg(long, env = "API_DB_CONNECTIONS", default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub db_connections: u16,
}

impl ServingArgs {
    #[must_use]
    pub fn settings(&self, streams: Vec<StreamDefinition>, metrics: PrometheusHandle) -> ApiSettings {
        ApiSettings {
            host: self.api_host,
            port: self.api_port,
            reads_per_second: self.reads_per_second,
            writes_per_minute: self.writes_per_minute,
            max_connections: self.max_connections as usize,
            max_connections_per_client: self.max_connections_per_client as usize,
            max_subscribers: self.max_subscribers as usize,
            max_head_bytes: self.max_head_bytes as usize,
            max_body_bytes: self.max_body_bytes as usize,
            trusted_proxies: self.trusted_proxies.clone(),
            require_token: self.require_token,
            allowed_origins: self.allowed_origins.clone(),
            cache_ttl: Millis::new(i64::from(self.cache_ttl) * 1_000),
            metrics: Some(metrics),
            ..ApiSettings::new(streams)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        serving: ServingArgs,
    }

    #[test]
    fn sizes_reach_the_api_and_their_defaults_are_its_own() {
        let settings = |arguments: &[&str]| {
            let program = Program::try_parse_from([&["api"], arguments].concat()).unwrap();
            let metrics = PrometheusBuilder::new().build_recorder().handle();
            program.serving.settings(StreamDefinition::shipped().unwrap(), metrics)
        };
        let own = ApiSettings::new(StreamDefinition::shipped().unwrap());
        let default = settings(&[]);
        assert_eq!(
            (default.max_head_bytes, default.max_body_bytes),
            (own.max_head_bytes, own.max_body_bytes)
        );
        let told = settings(&["--max-head-bytes", "9000", "--max-body-bytes=2000"]);
        assert_eq!((told.max_head_bytes, told.max_body_bytes), (9_000, 2_000));
    }
}
