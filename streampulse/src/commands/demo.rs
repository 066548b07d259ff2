//! The whole product on one machine that has no servers: broker, database, generator, processor, API and page.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use common::{
    clock::SystemClock,
    db::{self, PgSettings},
    duration::Millis,
    shutdown::Shutdown,
    telemetry,
};
use generator::{GenerateSettings, LogTimes, Source, Workload};
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

/// Event time that the page shows filled from the first second.
const HISTORY: Millis = Millis::new(3_600_000);
/// How much of a real log comes live, as its time comes.
const TAIL: Millis = HISTORY;
const CONNECTIONS: usize = 8;
/// How long the processor may take to commit what was sent before a Ctrl-C.
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
    let generate = generate_settings(args)?;
    let streams = StreamDefinition::shipped()?;
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
        forget_offsets(&client).await?;
    }
    db::grant_roles(&client).await?;
    let [processor_pg, api_pg] = logins(&client, &postgres.settings()).await?;

    say("starting an embedded broker");
    let program = std::env::current_exe().context("finding our own program")?;
    let partitions = MIN_PARTITIONS.to_string();
    let arguments = ["mock-broker", "--partitions", &partitions, "--topic", &generate.topic];
    let broker = MockBroker::spawn(&program, arguments).await?;

    let settings = ProcessorSettings {
        streams: streams.into_iter().filter(|stream| stream.topic == generate.topic).map(Arc::new).collect(),
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
    Ok(Demo { postgres, broker, settings, api_pg, generate, bound, shutdown })
}

impl Demo {
    async fn live(self) -> anyhow::Result<()> {
        let Self { postgres, broker, settings, api_pg, generate, bound, shutdown } = self;
        let address = bound.address();
        let pool = db::pool(&api_pg, CONNECTIONS, "streampulse-api")?;
        let page: JoinHandle<_> = tokio::spawn(bound.serve(pool, shutdown.clone()));
        // The processor goes on until what was sent is committed, so it has a shutdown of its own.
        let flushed = Shutdown::default();
        let reading =
            tokio::spawn(processor::run(Arc::clone(&settings), Arc::new(SystemClock), flushed.clone()));
        let sending = tokio::task::spawn_blocking({
            let (kafka, shutdown) = (settings.kafka.clone(), shutdown.clone());
            move || generator::generate(&generate, &kafka, &SystemClock, &shutdown)
        });
        say(&format!("live: http://localhost:{}   (Ctrl-C ends it)", address.port()));

        let mut reading = reading;
        let broken = tokio::select! {
            () = shutdown.wait() => None,
            ended = &mut reading => Some(match ended {
                Ok(Err(error)) => anyhow!(error),
                Ok(Ok(())) => anyhow!("the processor ended by itself"),
                Err(error) => anyhow!(error),
            }),
        };
        shutdown.trigger();
        let sent = sending.await?;
        if broken.is_none() {
            if let Ok(summary) = &sent {
                wait_for(&settings.pg, summary.sent).await?;
            }
            flushed.trigger();
            reading.await??;
        }
        page.await??;
        drop(broker);
        postgres.stop().await?;
        match (broken, sent) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(summary)) => {
                say(&format!("ended; {} events were sent and committed", summary.sent));
                Ok(())
            }
        }
    }
}

fn generate_settings(args: &DemoArgs) -> anyhow::Result<GenerateSettings> {
    if let Some(path) = &args.input {
        std::fs::File::open(path).with_context(|| format!("--input: cannot read {}", path.display()))?;
        return Ok(GenerateSettings {
            topic: "web-requests".to_owned(),
            source: Source::AccessLog { path: path.clone(), times: LogTimes::EndIn(TAIL.as_millis()) },
            events: None,
            history: 0,
            history_events: 0,
            rate: None,
            truth: args.truth.clone(),
        });
    }
    if !(0.0..=6e6).contains(&args.events_per_minute) {
        anyhow::bail!("EVENTS_PER_MINUTE: expected 0 to 6000000, found {}", args.events_per_minute);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let history_events = (args.events_per_minute * HISTORY.as_millis() as f64 / 60_000.0) as u64;
    Ok(GenerateSettings {
        topic: "content-downloads".to_owned(),
        source: Source::Downloads(Workload { seed: args.seed, ..Workload::default() }),
        events: None,
        history: HISTORY.as_millis(),
        history_events,
        rate: Some(args.events_per_minute / 60.0),
        truth: args.truth.clone(),
    })
}

/// The broker begins anew with every demo, so what an earlier one noted of its offsets means nothing.
async fn forget_offsets(client: &tokio_postgres::Client) -> anyhow::Result<()> {
    Ok(client.batch_execute("TRUNCATE partition_progress, window_span").await?)
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

/// Waits until `sent` events are committed.
async fn wait_for(settings: &PgSettings, sent: u64) -> anyhow::Result<()> {
    let client = db::connect(settings, "streampulse-demo").await?;
    let all = async {
        loop {
            let query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM partition_progress";
            let committed: i64 = client.query_one(query, &[]).await?.get(0);
            if u64::try_from(committed).is_ok_and(|committed| committed >= sent) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LAST_COMMIT, all)
        .await
        .map_err(|_| anyhow!("the processor did not commit all {sent} events within {LAST_COMMIT:?}"))?
}

#[allow(clippy::print_stdout, reason = "the command's output")]
fn say(line: &str) {
    println!("streampulse demo: {line}");
}
