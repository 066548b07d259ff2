//! The query endpoint over a real PostgreSQL, served in this process, by a clock that is moved by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod reply;
mod stage;

mod forms;
mod groups;
mod pages;
mod series;
mod sketches;
mod storm;
mod trending;
