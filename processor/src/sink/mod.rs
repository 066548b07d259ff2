//! From commit units to tables: the one transaction, and the claims that fence it.

mod claim;
mod columns;
mod install;
mod statements;
mod writer;

pub use claim::{ClaimRequest, Claimed, StoredProgress, claim, read_progress, skip_to};
pub use install::{InstallError, check_stream, install_stream};
pub use writer::{Advanced, Committed, SinkError, Writer};
