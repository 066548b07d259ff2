/// Where records go: a topic, or memory in tests.
pub(crate) trait Output {
    type Error;

    /// Per partition: the offset the next record will have.
    fn next_offsets(&self) -> &[i64];

    fn send(&mut self, partition: usize, key: &str, payload: &[u8]) -> Result<(), Self::Error>;
}

/// FNV-1a: the same partition for the same key, on every machine and in every release.
pub(crate) fn partition_of(key: &str, partitions: usize) -> usize {
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    #[allow(clippy::cast_possible_truncation, reason = "below the number of partitions")]
    let partition = (hash % partitions.max(1) as u64) as usize;
    partition
}

/// Keeps what is sent to it.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Memory {
    pub next_offsets: Vec<i64>,
    pub records: Vec<(usize, Vec<u8>)>,
    /// Stops the run once this many were sent.
    pub stop: Option<(usize, common::shutdown::Shutdown)>,
}

#[cfg(test)]
impl Memory {
    pub fn of(partitions: usize) -> Self {
        Self { next_offsets: vec![0; partitions], ..Self::default() }
    }
}

#[cfg(test)]
impl Output for Memory {
    type Error = std::convert::Infallible;

    fn next_offsets(&self) -> &[i64] {
        &self.next_offsets
    }

    fn send(&mut self, partition: usize, _: &str, payload: &[u8]) -> Result<(), Self::Error> {
        self.next_offsets[partition] += 1;
        self.records.push((partition, payload.to_vec()));
        if let Some((_, shutdown)) = self.stop.as_ref().filter(|(after, _)| *after == self.records.len()) {
            shutdown.trigger();
        }
        Ok(())
    }
}
