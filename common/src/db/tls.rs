//! Encryption of the connections to PostgreSQL, with the names and meanings that libpq gives them.

use std::{fmt, path::PathBuf, str::FromStr, sync::OnceLock};

use native_tls::{Certificate, TlsConnector, TlsConnectorBuilder};
use postgres_native_tls::MakeTlsConnector;

use super::DbError;

/// How much a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted where the server can, which whoever stands between can prevent.
    #[default]
    Prefer,
    /// Encrypted; whoever answers is believed.
    Require,
    /// Encrypted, to a server whose certificate a known authority signed.
    VerifyCa,
    /// The same, and the certificate is for the host that was asked for.
    VerifyFull,
}

/// How connections are encrypted, and which authority is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub mode: SslMode,
    /// PEM file of the authorities to believe, instead of the system's.
    pub root_cert: Option<PathBuf>,
}

impl Tls {
    /// Within one machine.
    #[must_use]
    pub const fn disabled() -> Self {
        Self { mode: SslMode::Disable, root_cert: None }
    }

    pub(super) const fn client_mode(&self) -> tokio_postgres::config::SslMode {
        match self.mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                tokio_postgres::config::SslMode::Require
            }
        }
    }

    pub(super) fn connector(&self) -> Result<MakeTlsConnector, DbError> {
        let connector = match self.mode {
            SslMode::Disable | SslMode::Prefer | SslMode::Require => credulous()?,
            SslMode::VerifyCa => {
                self.verifying(TlsConnector::builder().danger_accept_invalid_hostnames(true))?
            }
            SslMode::VerifyFull => self.verifying(&mut TlsConnector::builder())?,
        };
        Ok(MakeTlsConnector::new(connector))
    }

    /// The file of authorities is read anew each time, so that a new one is taken up.
    fn verifying(&self, builder: &mut TlsConnectorBuilder) -> Result<TlsConnector, DbError> {
        if let Some(path) = &self.root_cert {
            let refused =
                |problem: String| DbError::Settings(format!("PG_SSLROOTCERT: {} {problem}", path.display()));
            let pem = std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
            let authorities = Certificate::stack_from_pem(&pem)
                .map_err(|error| refused(format!("holds no certificates in PEM: {error}")))?;
            if authorities.is_empty() {
                return Err(refused("holds no certificates in PEM".to_owned()));
            }
            builder.disable_built_in_roots(true);
            for authority in authorities {
                builder.add_root_certificate(authority);
            }
        }
        builder.build().map_err(|error| unusable(&error))
    }
}

/// Believes whoever answers. Made once: making one reads all authorities of the system, though none of them matters, and
/// takes 50 ms of CPU, which would come with each connection.
fn credulous() -> Result<TlsConnector, DbError> {
    static CONNECTOR: OnceLock<TlsConnector> = OnceLock::new();
    if let Some(connector) = CONNECTOR.get() {
        return Ok(connector.clone());
    }
    let mut builder = TlsConnector::builder();
    builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
    let connector = builder.build().map_err(|error| unusable(&error))?;
    Ok(CONNECTOR.get_or_init(|| connector).clone())
}

fn unusable(error: &native_tls::Error) -> DbError {
    DbError::Settings(format!("TLS to PostgreSQL: {error}"))
}

impl SslMode {
    pub const ALL: [Self; 5] = [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

impl fmt::Display for SslMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SslMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
            format!("expected disable, prefer, require, verify-ca or verify-full, found '{text}'")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_is_printed() {
        for mode in SslMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert!("allow".parse::<SslMode>().is_err());
    }

    #[test]
    fn authorities_that_cannot_be_read_are_named() {
        let file = std::env::temp_dir().join(format!("no-authorities-{}", std::process::id()));
        let tls = |path: PathBuf| Tls { mode: SslMode::VerifyFull, root_cert: Some(path) };
        let missing = tls(file.clone()).connector().err().unwrap().to_string();
        assert!(missing.contains("PG_SSLROOTCERT") && missing.contains("cannot be read"), "{missing}");
        std::fs::write(&file, "no certificate").unwrap();
        let empty = tls(file.clone()).connector().err().unwrap().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(empty.contains("PG_SSLROOTCERT") && empty.contains("PEM"), "{empty}");
    }
}
