//! Ends in order, again and again.

use std::time::Duration;

use crate::stage::{Stage, troubled};

const LIMIT: Duration = Duration::from_secs(60);
const ROUNDS: u64 = 4;

/// Threads without partitions are among them, and members join while others leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processors_that_stop_together_end_in_order() {
    let test = "processors_that_stop_together_end_in_order";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    for round in 1..=ROUNDS {
        let processors: Vec<_> = (0..4).map(|_| stage.processor(&["--threads", "3"])).collect();
        stage.send(troubled(round), 500, None).await.unwrap();
        stage.until_committed(&client, 500 * round, LIMIT).await;
        for processor in &processors {
            processor.signal(nix::sys::signal::Signal::SIGTERM);
        }
        for mut processor in processors {
            let status = processor.ended(LIMIT).await;
            assert!(status.success(), "round {round}: {status}");
        }
    }
}
