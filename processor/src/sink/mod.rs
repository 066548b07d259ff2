//! From commit units to tables: the one transaction, and the claims that fence it. What operators want is found here too.

mod claim;
mod columns;
mod hold;
mod install;
mod open_windows;
mod orders;
mod replays;
mod rewind;
mod statements;
mod writer;

pub use claim::{ClaimRequest, Claimed, claim, seed, skip_to, started_partitions};
pub use hold::read_hold;
pub use install::{InstallError, check_stream, claim_group, install_stream, move_to_group};
pub use orders::{Orders, watch_orders};
pub use replays::{ReplayRequest, refuse_replay};
pub use rewind::{Cause, RewindError, RewindRequest, read_position, rewind};
pub use writer::{Advanced, Committed, Reporter, SinkError, Writer};
