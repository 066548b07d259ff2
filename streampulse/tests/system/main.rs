//! Whole processes against a real Apache Kafka and a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http;
mod long_log;
#[path = "../guarded/record.rs"]
mod record;
mod refusal;
#[allow(dead_code, reason = "the other test looks at more of an answer")]
#[path = "../guarded/request.rs"]
mod request;
mod stage;
mod tap;

mod api;
mod backpressure;
mod broken;
mod broker_away;
mod commit_faults;
mod definitions;
mod demo;
mod demo_log;
mod detection;
mod event_log;
mod exactly_once;
mod former_leader;
mod lost_log;
mod metrics;
mod operating;
mod page;
mod query;
mod refusals;
mod replay;
mod sketches;
mod starts;
mod statements;
mod stops;
mod verify;
