//! What guards the data, in front of a real PostgreSQL: tokens, checks of what is written, limits, roles and TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;
mod request;

mod access;
mod alerts;
mod hostile;
mod operating;
mod roles;
mod tls;
