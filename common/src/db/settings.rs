use std::{fmt, time::Duration};

use super::{DbError, Tls};

/// How to reach the database. `Debug` and `Display` leave the password out.
#[derive(Clone)]
pub struct PgSettings {
    pub host: String,
    pub port: u16,
    pub dbname: String,
    pub user: String,
    pub password: Option<String>,
    pub tls: Tls,
}

/// What every session of ours asks of the server: to give up on us when we vanish without a word, so that no lock of
/// ours outlives us by more than seconds, and to keep its notices to itself.
const SESSION: &str = "-c idle_in_transaction_session_timeout=10s -c tcp_keepalives_idle=10 \
    -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c client_min_messages=warning";

/// Longest statement of a reader, for those that set no time of their own: nobody waits for an answer any more.
const READER: &str = "-c statement_timeout=10s";

impl PgSettings {
    /// Reads `postgres://user:password@host:port/dbname?sslmode=verify-full&sslrootcert=FILE`.
    ///
    /// # Errors
    /// When the text is not such a URL; the message never repeats it, as it may hold a password.
    pub fn from_url(text: &str) -> Result<Self, DbError> {
        let refused = |what: &str| DbError::Settings(format!("DATABASE_URL {what}"));
        let url = url::Url::parse(text).map_err(|error| refused(&format!("is no URL: {error}")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(refused("must begin with postgres://"));
        }
        let mut tls = Tls::default();
        for (key, value) in url.query_pairs() {
            match &*key {
                "sslmode" => {
                    tls.mode = value
                        .parse()
                        .map_err(|error| refused(&format!("has the parameter sslmode: {error}")))?;
                }
                "sslrootcert" => tls.root_cert = Some(value.into_owned().into()),
                _ => {
                    return Err(refused(&format!("has the parameter {key}={value}, which is not supported")));
                }
            }
        }
        let decoded = |text: &str| {
            url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
                .next()
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let user = decoded(url.username());
        let dbname = decoded(url.path().trim_start_matches('/'));
        Ok(Self {
            host: url.host_str().ok_or_else(|| refused("names no host"))?.to_owned(),
            port: url.port().unwrap_or(5432),
            dbname: if dbname.is_empty() { user.clone() } else { dbname },
            password: url.password().map(decoded),
            tls,
            user,
        })
    }

    /// For connections that are shared by readers.
    pub(super) fn to_reader_config(&self, application_name: &str) -> tokio_postgres::Config {
        let mut config = self.to_config(application_name);
        config.options(format!("{SESSION} {READER}"));
        config
    }

    pub(super) fn to_config(&self, application_name: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.dbname)
            .user(&self.user)
            .application_name(application_name)
            .connect_timeout(Duration::from_secs(5))
            .options(SESSION)
            .ssl_mode(self.tls.client_mode())
            .keepalives_idle(Duration::from_secs(15))
            // A server that vanished without a word is noticed within this, also in mid-query.
            .tcp_user_timeout(Duration::from_secs(20));
        if let Some(password) = &self.password {
            config.password(password);
        }
        config
    }
}

impl fmt::Display for PgSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}/{}", self.user, self.host, self.port, self.dbname)
    }
}

impl fmt::Debug for PgSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::SslMode;

    #[test]
    fn reads_a_url_and_never_prints_the_password() {
        let settings = PgSettings::from_url("postgres://me:s%40cret@db.example:6000/pulse").unwrap();
        assert_eq!(settings.password.as_deref(), Some("s@cret"));
        assert_eq!(format!("{settings} {settings:?}"), "me@db.example:6000/pulse me@db.example:6000/pulse");
    }

    #[test]
    fn a_url_says_how_to_encrypt() {
        let tls = |url: &str| PgSettings::from_url(url).unwrap().tls;
        assert_eq!(tls("postgres://u@h/d").mode, SslMode::Prefer);
        let full = tls("postgres://u@h/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem");
        assert_eq!(full, Tls { mode: SslMode::VerifyFull, root_cert: Some("/etc/ca.pem".into()) });
        assert!(PgSettings::from_url("postgres://u@h/d?sslcert=x").is_err());
    }

    #[test]
    fn a_refused_url_is_not_repeated() {
        for text in ["mysql://u:hidden@h/d", "not a url hidden", "postgres://u:hidden@h/d?sslmode=most"] {
            let message = PgSettings::from_url(text).unwrap_err().to_string();
            assert!(!message.contains("hidden"), "{message}");
        }
    }
}
