//! At most one commit unit in flight, off the stream thread.

use std::time::Instant;

use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    sink::{Committed, SinkError, Writer},
    window::CommitUnit,
};

type Outcome = Result<Committed, SinkError>;

/// Hands units to the writer and its outcomes back. The stream thread never waits for it but to flush.
#[derive(Debug)]
pub(super) struct Committer {
    runtime: Handle,
    /// Here while nothing is in flight.
    writer: Option<Writer>,
    in_flight: Option<oneshot::Receiver<(Writer, Outcome)>>,
}

impl Committer {
    pub fn new(runtime: Handle, writer: Writer) -> Self {
        Self { runtime, writer: Some(writer), in_flight: None }
    }

    pub fn is_busy(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Begins to commit `unit`. Must not be busy.
    pub fn submit(&mut self, unit: CommitUnit) {
        let Some(mut writer) = self.writer.take() else { return };
        let (done, receiver) = oneshot::channel();
        self.in_flight = Some(receiver);
        self.runtime.spawn(async move {
            let outcome = writer.commit(unit).await;
            // The thread may have ended meanwhile; what is committed stays committed.
            let _ = done.send((writer, outcome));
        });
    }

    /// The outcome in flight, if it is there.
    pub fn outcome(&mut self) -> Option<Outcome> {
        let received = match self.in_flight.as_mut()?.try_recv() {
            Ok(received) => Ok(received),
            Err(oneshot::error::TryRecvError::Empty) => return None,
            Err(oneshot::error::TryRecvError::Closed) => Err(SinkError::Stopped),
        };
        self.land(received)
    }

    /// Waits for the outcome in flight until `deadline`; `None` when there is none by then.
    pub fn wait(&mut self, deadline: Instant) -> Option<Outcome> {
        let receiver = self.in_flight.as_mut()?;
        // A timer can only be made inside the runtime.
        let waited =
            self.runtime.block_on(async { tokio::time::timeout_at(deadline.into(), receiver).await });
        let waited = waited.ok()?;
        self.land(waited.map_err(|_| SinkError::Stopped))
    }

    fn land(&mut self, received: Result<(Writer, Outcome), SinkError>) -> Option<Outcome> {
        self.in_flight = None;
        match received {
            Ok((writer, outcome)) => {
                self.writer = Some(writer);
                Some(outcome)
            }
            // The task ended without an answer: the runtime is shutting down.
            Err(error) => Some(Err(error)),
        }
    }
}
