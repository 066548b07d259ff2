//! Servers of one's own: a private Postgres, an embedded mock broker, a real Kafka without containers.
//!
//! Each is a child process that listens on 127.0.0.1 only, ends with this process (also when this process
//! is killed) and removes the files it made when stopped or dropped.

pub mod broker;
pub mod kafka;
pub mod postgres;

mod account;
mod child;
mod error;
mod free_port;
mod home;

pub use error::LocalError;
