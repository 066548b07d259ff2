//! What is sent while something is lost.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use common::{
    clock::{Clock, ManualClock, SystemClock},
    db,
    shutdown::Shutdown,
    time::Timestamp,
};
use generator::{GenerateError, GenerateSettings, Source, Summary, Truth, Workload};
use schema::StreamDefinition;
use tokio::task::JoinHandle;

use super::progress::until_committed;
use crate::{exact::assert_equal, stage::Stage};

pub const MINUTE: i64 = 60_000;
/// A broker may be away for minutes while we send.
const DELIVERY_LIMIT_MS: &str = "900000";
const END_LIMIT: Duration = Duration::from_secs(600);

/// A full minute some minutes ago.
pub fn minute_ago(minutes: i64) -> i64 {
    (SystemClock.now().as_millis() / MINUTE - minutes) * MINUTE
}

/// A history at once, then live events until it is told to end. All live events have the last time of the history:
/// what is open stays open.
pub struct Flow {
    sending: JoinHandle<Result<Summary, GenerateError>>,
    shutdown: Shutdown,
}

/// Event times of a history, in milliseconds since 1970.
#[derive(Clone, Copy)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

impl Flow {
    pub fn begin(
        stage: &Stage,
        topic: &str,
        workload: Workload,
        (events, span): (u64, Span),
        per_second: f64,
    ) -> Self {
        let settings = GenerateSettings {
            topic: topic.to_owned(),
            source: Source::Downloads(workload),
            events: None,
            history: span.to - span.from,
            history_events: events,
            rate: Some(per_second),
            truth: None,
        };
        let (kafka, shutdown) = (properties(stage), Shutdown::default());
        let asked = shutdown.clone();
        let clock = ManualClock::at(Timestamp::from_millis(span.to));
        let sending =
            tokio::task::spawn_blocking(move || generator::generate(&settings, &kafka, &clock, &asked));
        Self { sending, shutdown }
    }

    /// Ends it, waits until all is committed, and compares.
    pub async fn end(
        self,
        client: &tokio_postgres::Client,
        definition: &StreamDefinition,
    ) -> anyhow::Result<()> {
        self.shutdown.trigger();
        let truth = self.sending.await??.truth;
        until_committed(client, truth.events, END_LIMIT).await?;
        assert_equal(client, definition, &truth).await
    }
}

/// Sends a history; the truth file covers all that was sent with it.
pub async fn send_history(
    stage: &Stage,
    topic: &str,
    workload: Workload,
    (events, span): (u64, Span),
    truth: &Path,
) -> anyhow::Result<Truth> {
    let settings = GenerateSettings {
        topic: topic.to_owned(),
        source: Source::Downloads(workload),
        events: Some(0),
        history: span.to - span.from,
        history_events: events,
        rate: None,
        truth: Some(truth.to_owned()),
    };
    let (kafka, clock) = (properties(stage), ManualClock::at(Timestamp::from_millis(span.to)));
    let sending = move || generator::generate(&settings, &kafka, &clock, &Shutdown::default());
    let begin = Instant::now();
    let truth = tokio::task::spawn_blocking(sending).await??.truth;
    eprintln!("{events} events sent in {:.0} s", begin.elapsed().as_secs_f64());
    Ok(truth)
}

fn properties(stage: &Stage) -> Vec<(String, String)> {
    let mut properties = stage.properties();
    properties.push(("message.timeout.ms".to_owned(), DELIVERY_LIMIT_MS.to_owned()));
    // It is not to be the last to notice that the broker is back.
    properties.push(("reconnect.backoff.max.ms".to_owned(), "500".to_owned()));
    properties
}

/// A topic, a database, and a client that looks at it.
pub struct Ground {
    pub topic: String,
    pub pg: db::PgSettings,
    pub definition: StreamDefinition,
    pub client: tokio_postgres::Client,
}

impl Ground {
    pub async fn of(stage: &Stage, topic: &str) -> anyhow::Result<Self> {
        stage.create_topic(topic, PARTITIONS, &[]).await?;
        let (pg, definition) = stage.database().await?;
        let client = db::connect(&pg, "bench").await?;
        Ok(Self { topic: topic.to_owned(), pg, definition, client })
    }

    pub async fn clear(self, stage: &Stage) -> anyhow::Result<()> {
        drop(self.client);
        stage.remove_database(&self.pg).await?;
        stage.remove_topics(&self.topic).await
    }
}

pub const PARTITIONS: i32 = 8;
