//! The HTTP side of StreamPulse: reads the tables, answers from a cache that knows when they changed, and pushes
//! changes to dashboards.
//!
//! A write flows `server` → `middleware` → `access` (its token) → a route → `write` (one transaction with its audit).
//! A read flows `server` → `front` → `middleware` → a route → `answer` (cache) → `snapshot` (one read-only transaction);
//! what was asked before in the same words `front` answers from the cache itself.
//! `watcher` tells which version of the data the cache may answer for; `push` renders one snapshot per version.

mod settings;

mod front;
mod monitor;
mod server;
mod shortcuts;

mod access;
mod body;
mod clients;
mod meters;
mod middleware;
mod parameters;
mod problem;

mod routes;

mod query;

mod answer;
mod app;
mod cache;
mod kept;
mod push;
mod stale;
mod watcher;

mod catalog;
mod coverage;
mod failure;
mod freshness;
mod number;
mod progress;
mod replay;
mod snapshot;
mod transaction;
mod write;

mod assets;
mod openapi;

pub use access::{Digest, Scope, Secret};
pub use monitor::{Monitor, Readiness};
pub use openapi::document as openapi_document;
pub use server::{ApiError, BindError, Bound, bind, serve};
pub use settings::ApiSettings;
