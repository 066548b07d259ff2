//! One request to stop, seen by every thread and task.

use std::sync::Arc;

use tokio::sync::watch;

/// Clones share one state; once triggered it stays so.
#[derive(Clone, Debug)]
pub struct Shutdown {
    sender: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { sender: Arc::new(watch::Sender::new(false)) }
    }
}

impl Shutdown {
    pub fn trigger(&self) {
        self.sender.send_replace(true);
    }

    #[must_use]
    pub fn requested(&self) -> bool {
        *self.sender.borrow()
    }

    /// Returns once triggered, at once if it was already.
    pub async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender lives in self, so the channel cannot close while we wait.
        let _ = receiver.wait_for(|stop| *stop).await;
    }
}
