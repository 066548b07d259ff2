//! What every handler shares.

use std::{ops::Deref, sync::Arc};

use common::shutdown::Shutdown;
use deadpool_postgres::Pool;

use crate::{
    access::Register, cache::Cache, catalog::Catalog, clients::Rates, push::Publisher, settings::ApiSettings,
    shortcuts::Shortcuts, watcher::Watcher,
};

/// Clones are cheap and share everything.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) settings: ApiSettings,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) pool: Pool,
    pub(crate) cache: Cache,
    pub(crate) shortcuts: Shortcuts,
    pub(crate) watcher: Watcher,
    pub(crate) publisher: Publisher,
    pub(crate) tokens: Register,
    pub(crate) rates: Rates,
    pub(crate) shutdown: Shutdown,
}

impl App {
    pub(crate) fn new(settings: ApiSettings, catalog: Arc<Catalog>, pool: Pool, shutdown: Shutdown) -> Self {
        let cache = Cache::new(
            settings.cache_bytes,
            settings.cache_ttl.as_duration(),
            settings.request_timeout.as_duration(),
        );
        let watcher = Watcher::new(settings.watch_interval.as_duration());
        let publisher = Publisher::new(settings.max_subscribers);
        let rates = Rates::new(&settings);
        Self(Arc::new(Parts {
            settings,
            catalog,
            pool,
            cache,
            watcher,
            publisher,
            rates,
            shortcuts: Shortcuts::default(),
            tokens: Register::default(),
            shutdown,
        }))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
