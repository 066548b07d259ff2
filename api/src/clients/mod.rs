//! How much each client may ask of us.

mod address;
mod connections;
mod rate;

pub(crate) use address::Client;
pub(crate) use connections::{Connections, Place};
pub(crate) use rate::{Rates, limit};
