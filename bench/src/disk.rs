//! How long the disk takes to make a few bytes durable, with nothing else to do: the floor of every commit.

use std::{
    io::{Seek, SeekFrom, Write},
    time::{Duration, Instant},
};

/// As PostgreSQL writes its log: blocks of 8 KiB into a file that is there already, data synced.
const BLOCK: [u8; 8 << 10] = [1; 8 << 10];
const BLOCKS: u64 = 2_048;
/// Between two writes, about as live commits come.
const PAUSE: Duration = Duration::from_millis(10);
const WRITES: usize = 500;

/// What each write took, in the folder for temporary files, where the database is too.
#[allow(clippy::disallowed_methods, reason = "it is what paces the writes")]
pub fn sync_times() -> anyhow::Result<Vec<Duration>> {
    let mut file = tempfile::tempfile()?;
    for _ in 0..BLOCKS {
        file.write_all(&BLOCK)?;
    }
    file.sync_all()?;
    file.rewind()?;
    let mut times = Vec::with_capacity(WRITES);
    for at in 0..WRITES as u64 {
        std::thread::sleep(PAUSE);
        let begin = Instant::now();
        file.seek(SeekFrom::Start(at % BLOCKS * BLOCK.len() as u64))?;
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    Ok(times)
}
