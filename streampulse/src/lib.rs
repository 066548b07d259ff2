//! What the `streampulse` binary is made of, so that tests and benchmarks can use the same parts.

pub mod cli;
pub mod commands;
pub mod local;
