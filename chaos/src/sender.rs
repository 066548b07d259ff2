//! The generator at work: the flow's first part, and the second when the topic has grown.

use std::path::{Path, PathBuf};

use anyhow::Context;
use common::{clock::SystemClock, shutdown::Shutdown};
use generator::{GenerateError, GenerateSettings, Source, Summary, Truth, Workload};
use tokio::task::JoinHandle;

use crate::{
    plan::{Flow, Part},
    servers::Stage,
};

/// Dropping stops it.
pub struct Sender {
    stage: Stage,
    flow: Flow,
    /// The second part goes on from the truth of the first.
    truth: PathBuf,
    to_come: Option<Part>,
    shutdown: Shutdown,
    sending: JoinHandle<Result<Summary, GenerateError>>,
}

impl Sender {
    /// Sends the first part; `folder` is for the truth.
    pub fn begin(stage: &Stage, flow: &Flow, folder: &Path) -> Self {
        let (truth, shutdown) = (folder.join("truth.json"), Shutdown::default());
        let first = Part { past_events: flow.past_events, live_events: flow.live_events };
        let sending = send(stage, flow, first, (&truth, &shutdown));
        Self { stage: stage.clone(), flow: flow.clone(), truth, to_come: flow.second, shutdown, sending }
    }

    /// Sends the second part, after the first. Does nothing when there is none.
    ///
    /// # Errors
    /// When the first part failed.
    pub async fn go_on(&mut self) -> anyhow::Result<()> {
        if let Some(second) = self.to_come.take() {
            (&mut self.sending).await.context("the generator broke down")?.context("the generator")?;
            let flow = Flow { seed: self.flow.seed ^ 1, ..self.flow.clone() };
            self.sending = send(&self.stage, &flow, second, (&self.truth, &self.shutdown));
        }
        Ok(())
    }

    /// Everything that was begun so far.
    pub fn is_part_done(&self) -> bool {
        self.sending.is_finished()
    }

    pub fn is_done(&self) -> bool {
        self.to_come.is_none() && self.is_part_done()
    }

    /// The truth of all that was sent. Stops what is still being sent.
    pub async fn end(mut self) -> anyhow::Result<Truth> {
        self.shutdown.trigger();
        let summary = (&mut self.sending).await.context("the generator broke down")?;
        Ok(summary.context("the generator")?.truth)
    }
}

fn send(
    stage: &Stage,
    flow: &Flow,
    part: Part,
    (truth, shutdown): (&Path, &Shutdown),
) -> JoinHandle<Result<Summary, GenerateError>> {
    let settings = GenerateSettings {
        topic: stage.definition.topic.clone(),
        source: Source::Downloads(Workload {
            seed: flow.seed,
            delayed: flow.delayed,
            late: flow.late,
            future: flow.future,
            bad: flow.bad,
            ..Workload::default()
        }),
        events: Some(part.live_events),
        history: flow.history.cast_signed(),
        history_events: part.past_events,
        rate: Some(flow.per_second),
        truth: Some(truth.to_owned()),
    };
    let kafka = vec![
        ("bootstrap.servers".to_owned(), stage.bootstrap_servers.clone()),
        ("reconnect.backoff.max.ms".to_owned(), "500".to_owned()),
    ];
    let until = shutdown.clone();
    tokio::task::spawn_blocking(move || generator::generate(&settings, &kafka, &SystemClock, &until))
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}
