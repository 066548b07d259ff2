//! Whole processes against a real Apache Kafka and a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http;
mod stage;
mod tap;

mod api;
mod commit_faults;
mod demo;
mod detection;
mod exactly_once;
mod lost_log;
mod page;
mod refusals;
mod replay;
