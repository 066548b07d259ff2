//! Whole processes against a real Apache Kafka and a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

mod exactly_once;
mod refusals;
mod replay;
