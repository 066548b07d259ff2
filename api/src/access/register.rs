use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use common::time::Timestamp;
use deadpool_postgres::Pool;
use tokio::sync::Mutex;
use tokio_postgres::Row;

use super::{Digest, Scope, token::Presented};
use crate::failure::LoadError;

const TOKENS_VALID: &str = include_str!("../../../sql/queries/tokens_valid.sql");

/// How long a revoked token may still work, and a new one not yet.
const KEPT: Duration = Duration::from_secs(2);
/// How long a database that is away is not asked again, so that requests do not queue up for it.
const FAILURE_KEPT: Duration = Duration::from_millis(500);

/// The tokens that are good now. All are read at once, so that made-up tokens cost the database nothing.
#[derive(Debug, Default)]
pub(crate) struct Register {
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    read: Instant,
    tokens: Result<HashMap<i64, Arc<Holder>>, LoadError>,
}

impl Known {
    fn is_fresh(&self) -> bool {
        self.read.elapsed() < if self.tokens.is_ok() { KEPT } else { FAILURE_KEPT }
    }
}

/// Whose token it is, and what it is good for.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) name: String,
    pub(super) scope: Scope,
    digest: Digest,
    expires: Option<Timestamp>,
}

impl Register {
    /// Whose token this is; `None` when it is nobody's or no longer good.
    pub(super) async fn holder(
        &self,
        pool: &Pool,
        presented: &Presented,
        now: Timestamp,
    ) -> Result<Option<Arc<Holder>>, LoadError> {
        // Held while reading: however many ask, it is read once.
        let mut known = self.known.lock().await;
        let tokens = match &mut *known {
            Some(known) if known.is_fresh() => &known.tokens,
            stale => {
                let tokens = read(pool).await;
                &stale.insert(Known { read: Instant::now(), tokens }).tokens
            }
        };
        let tokens = tokens.as_ref().map_err(|failure| *failure)?;
        Ok(tokens
            .get(&presented.id)
            .filter(|holder| holder.digest.matches(&presented.digest))
            .filter(|holder| holder.expires.is_none_or(|expires| now < expires))
            .cloned())
    }
}

async fn read(pool: &Pool) -> Result<HashMap<i64, Arc<Holder>>, LoadError> {
    let client = pool.get().await?;
    let rows = client.query(&client.prepare_cached(TOKENS_VALID).await?, &[]).await?;
    rows.iter().map(holder).collect()
}

fn holder(row: &Row) -> Result<(i64, Arc<Holder>), LoadError> {
    let scope: &str = row.try_get("scope")?;
    let holder = Holder {
        name: row.try_get("name")?,
        scope: scope.parse().map_err(|_| LoadError::Internal)?,
        digest: Digest::stored(row.try_get("secret_sha256")?).ok_or(LoadError::Internal)?,
        expires: row.try_get("expires_at")?,
    };
    Ok((row.try_get("id")?, Arc::new(holder)))
}
