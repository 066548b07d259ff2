use api::Scope;
use clap::{Args, Subcommand};
use common::{duration::Millis, time::Timestamp};

use super::PostgresArgs;

/// Tokens that let clients write through the API, or read where reads need one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    streampulse token create --name grafana --scope read --expires 90d\n  \
    streampulse token list\n  \
    streampulse token revoke --name grafana")]
pub struct TokenArgs {
    #[command(subcommand)]
    pub command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, this once: it is not kept.
    #[command(after_help = "Example:\n  \
        TOKEN=$(streampulse token create --name grafana --scope read --expires 90d)\n  \
        curl -H \"Authorization: Bearer $TOKEN\" localhost:8000/api/dashboard")]
    Create {
        #[command(flatten)]
        postgres: PostgresArgs,
        /// Whose it is; the audit names it, so no two tokens ever have the same.
        #[arg(long, value_name = "NAME", value_parser = name)]
        name: String,
        /// read; operate: also writes; admin: also what reaches further.
        #[arg(long, value_name = "SCOPE")]
        scope: Scope,
        /// When it ends: a time, or a length from now such as 90d [default: never].
        #[arg(long, value_name = "TIME|DURATION")]
        expires: Option<Expiry>,
    },
    /// List the tokens: name, scope, state, when and by whom they were made.
    #[command(after_help = "Example:\n  \
        DATABASE_URL=postgres://me:secret@localhost/pulse streampulse token list")]
    List {
        #[command(flatten)]
        postgres: PostgresArgs,
    },
    /// Take a token back; it stops working within seconds.
    #[command(after_help = "Example:\n  streampulse token revoke --name grafana")]
    Revoke {
        #[command(flatten)]
        postgres: PostgresArgs,
        /// Whose it is; see `streampulse token list`.
        #[arg(long, value_name = "NAME")]
        name: String,
    },
}

/// When a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    At(Timestamp),
    In(Millis),
}

impl Expiry {
    #[must_use]
    pub fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::In(length) => now.plus_millis(length.as_millis()),
        }
    }
}

impl std::str::FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(length) = text.parse() {
            return Ok(Self::In(length));
        }
        text.parse().map(Self::At).map_err(|_| {
            format!("expected a length such as 90d, or a time such as 2027-01-02T03:04:05Z, found '{text}'")
        })
    }
}

fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err("expected 1 to 64 letters, digits and - _ . @".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_end_is_a_length_or_a_time() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let end = |text: &str| text.parse::<Expiry>().unwrap().from(now).to_string();
        assert_eq!(end("90d"), "2026-04-01T00:00:00Z");
        assert_eq!(end("2027-01-02T03:04:05Z"), "2027-01-02T03:04:05Z");
        assert!("soon".parse::<Expiry>().is_err());
    }

    #[test]
    fn a_name_is_plain() {
        assert!(name("ci@build-1.eu").is_ok());
        for text in ["", "two words", "a\0b", "ä", &"x".repeat(65)] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }
}
