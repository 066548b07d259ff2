//! The whole product on one machine that has no servers: broker, database, generator, processor, API and page.

mod kept;
mod lead;
mod traffic;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use common::{
    clock::SystemClock,
    db::{self, PgSettings},
    duration::Millis,
    shutdown::Shutdown,
    telemetry,
};
use generator::{GenerateSettings, Lead, Prepared, Summary};
use processor::{Health, OnExternalReset, OnGap, ProcessorSettings, Start};
use schema::StreamDefinition;
use tokio::task::JoinHandle;

use super::{Failure, shutdown_on_signals};
use crate::{
    cli::DemoArgs,
    local::{
        broker::{MIN_PARTITIONS, MockBroker},
        postgres::{PostgresOptions, PrivatePostgres},
    },
};

const CONNECTIONS: usize = 8;
/// How long the processor may commit nothing of what was sent before a Ctrl-C.
const LAST_COMMIT: Duration = Duration::from_secs(10);

/// Everything that runs. Its servers end when it is dropped.
struct Demo {
    postgres: PrivatePostgres,
    broker: MockBroker,
    settings: Arc<ProcessorSettings>,
    api_pg: PgSettings,
    generate: GenerateSettings,
    bound: api::Bound,
    shutdown: Shutdown,
}

pub(super) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let demo = prepare(args).await.map_err(Failure::Refused)?;
    demo.live().await.map_err(Failure::Broken)
}

/// Starts the servers; a failure leaves none of them.
async fn prepare(args: &DemoArgs) -> anyhow::Result<Demo> {
    let shutdown = shutdown_on_signals()?;
    let generate = traffic::settings(args)?;
    // Of those that come with the program the one that is sent.
    let mut streams = StreamDefinition::shipped()?;
    streams.retain(|stream| stream.topic == generate.topic);
    let serving = args.serving.settings(streams.clone(), telemetry::init_metrics()?);
    let bound = api::bind(serving).await.context("choose another port with --api-port or API_PORT")?;

    say("starting a private PostgreSQL");
    let options = args.data_dir.as_ref().map_or_else(PostgresOptions::temporary, PostgresOptions::in_folder);
    let postgres = PrivatePostgres::start(&options).await?;
    db::migrate(&postgres.settings()).await?;
    let mut client = db::connect(&postgres.settings(), "streampulse-demo").await?;
    for stream in &streams {
        processor::install_stream(&mut client, stream).await?;
    }
    if args.data_dir.is_some() {
        kept::begin_anew(&client).await?;
    }
    db::grant_roles(&client).await?;
    let [processor_pg, api_pg] = logins(&client, &postgres.settings()).await?;

    say("starting an embedded broker");
    let program = std::env::current_exe().context("finding our own program")?;
    let partitions = MIN_PARTITIONS.to_string();
    let arguments = ["mock-broker", "--partitions", &partitions, "--topic", &generate.topic];
    let broker = MockBroker::spawn(&program, arguments).await?;

    let settings = ProcessorSettings {
        streams: streams.into_iter().map(Arc::new).collect(),
        kafka: vec![("bootstrap.servers".to_owned(), broker.bootstrap_servers().to_owned())],
        pg: processor_pg,
        group: None,
        // One member: the embedded broker is slow to share partitions out, and this is little traffic.
        threads: 1,
        commit_interval: Millis::new(25),
        catch_up_interval: Millis::new(250),
        unit_events: 200_000,
        flush_timeout: Millis::new(5_000),
        start: Start::Earliest,
        on_external_reset: OnExternalReset::Honour,
        on_gap: OnGap::Stop,
        health: Health::default(),
    };
    let settings = Arc::new(settings);
    processor::preflight(&settings).await?;
    if let Some(truth) = &generate.truth {
        kept::forget_truth(truth)?;
    }
    Ok(Demo { postgres, broker, settings, api_pg, generate, bound, shutdown })
}

impl Demo {
    async fn live(self) -> anyhow::Result<()> {
        let Self { postgres, broker, settings, api_pg, generate, bound, shutdown } = self;
        let address = bound.address();
        let pool = db::pool(&api_pg, CONNECTIONS, "streampulse-api")?;
        // Nothing is committed any more.
        let over = Shutdown::default();
        let lead = lead::lead(&settings.pg, read_stream(&settings)?, over.clone()).await?;
        let page: JoinHandle<_> = tokio::spawn(bound.serve(pool, shutdown.clone()));
        // The processor goes on until what was sent is committed, so it has a shutdown of its own.
        let flushed = Shutdown::default();
        let reading = tokio::spawn({
            let run = processor::run(Arc::clone(&settings), Arc::new(SystemClock), flushed.clone());
            let (over, shutdown) = (over.clone(), shutdown.clone());
            async move {
                let ended = run.await;
                over.trigger();
                shutdown.trigger();
                ended
            }
        });
        let mut sending = tokio::spawn(send(generate, lead, settings.kafka.clone(), shutdown.clone()));
        say(&format!("live: http://localhost:{}   (Ctrl-C ends it)", address.port()));

        shutdown.wait().await;
        let ended_early = over.requested();
        let sent = match tokio::time::timeout(LAST_COMMIT, &mut sending).await {
            Ok(sent) => sent?,
            Err(_) => {
                over.trigger();
                sending.await?
            }
        };
        let committed = match &sent {
            Ok(summary) if !reading.is_finished() => wait_for(&settings.pg, summary.sent).await,
            _ => Ok(()),
        };
        flushed.trigger();
        // It comes first, as its failure is the reason of the others'.
        reading.await??;
        let summary = sent?;
        committed?;
        if ended_early {
            return Err(anyhow!("the processor ended by itself"));
        }
        page.await??;
        drop(broker);
        postgres.stop().await?;
        say(&format!("ended; {} events were sent and committed", summary.sent));
        Ok(())
    }
}

/// The one stream that is sent and read.
fn read_stream(settings: &ProcessorSettings) -> anyhow::Result<String> {
    settings
        .streams
        .first()
        .map(|stream| stream.name.clone())
        .context("no stream has the topic that is sent to")
}

/// Sends until all is sent or the demo ends, which it does where this fails.
async fn send(
    generate: GenerateSettings,
    lead: Lead,
    kafka: Vec<(String, String)>,
    shutdown: Shutdown,
) -> anyhow::Result<Summary> {
    let stop = shutdown.clone();
    let sending =
        move || Prepared::look(&generate, &kafka, &SystemClock)?.within(lead).send(&SystemClock, &stop);
    let sent = tokio::task::spawn_blocking(sending)
        .await
        .map_err(Into::into)
        .and_then(|sent| sent.map_err(Into::into));
    match &sent {
        Ok(summary) if !shutdown.requested() => say(&format!("all {} events are sent", summary.sent)),
        Ok(_) => {}
        Err(_) => shutdown.trigger(),
    }
    sent
}

/// Users with the rights of the processor's and of the API's role, and no others.
async fn logins(client: &tokio_postgres::Client, owner: &PgSettings) -> anyhow::Result<[PgSettings; 2]> {
    let password = owner.password.clone().unwrap_or_default();
    let login = async |part: &str| {
        let name = format!("demo_{part}");
        let quoted = password.replace('\'', "''");
        // They own nothing, so an earlier demo's can be made anew.
        let sql = format!(
            "DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN PASSWORD '{quoted}' IN ROLE streampulse_{part}"
        );
        client.batch_execute(&sql).await.with_context(|| format!("cannot make the user {name}"))?;
        anyhow::Ok(PgSettings { user: name, ..owner.clone() })
    };
    Ok([login("processor").await?, login("api").await?])
}

/// Waits until `sent` events are committed, as long as more and more of them are.
async fn wait_for(settings: &PgSettings, sent: u64) -> anyhow::Result<()> {
    let client = db::connect(settings, "streampulse-demo").await?;
    let (mut before, mut since) = (0, Instant::now());
    loop {
        let query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM partition_progress";
        let committed: i64 = client.query_one(query, &[]).await?.get(0);
        if u64::try_from(committed).is_ok_and(|committed| committed >= sent) {
            return Ok(());
        }
        if committed != before {
            (before, since) = (committed, Instant::now());
        }
        if since.elapsed() > LAST_COMMIT {
            return Err(anyhow!(
                "{committed} of {sent} events are committed, and none within the last {LAST_COMMIT:?}"
            ));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[allow(clippy::print_stdout, reason = "the command's output")]
fn say(line: &str) {
    println!("streampulse demo: {line}");
}
