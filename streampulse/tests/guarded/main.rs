//! What guards the data, in front of a real PostgreSQL: tokens, checks of what is written, limits, roles and TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;
mod listener;
mod record;
mod request;

mod access;
mod alerts;
mod away;
mod dead_letters;
mod described;
mod hostile;
mod limits;
mod operating;
mod own_stream;
mod pipeline;
mod push;
mod readiness;
mod repeated;
mod roles;
mod tls;
