//! The API in front of a real PostgreSQL: who may write, what is written, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;
mod request;

mod access;
mod alerts;
mod hostile;
mod operating;
