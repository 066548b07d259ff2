//! The API as its clients meet it: requests a second, time of an answer that nothing is cached for, thousands of
//! listeners, memory.

mod ask;
mod bare;
pub mod listener;
mod listeners;
pub mod server;
mod tables;
mod wrk;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::Context;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

pub use self::bare::bare;
use self::{
    ask::Connection,
    server::{Launch, Server},
    tables::Tables,
    wrk::wrk,
};
use crate::{
    cli::{ApiArgs, Serving},
    cost::resident_memory,
    figures::Figures,
    program,
};

/// Answered from the cache: the ten first of an hour of all contents.
const CACHED: &str = "/api/stats/trending?minutes=60&limit=10";
/// Between two new versions of the data, and between two looks at the memory.
const PACE: Duration = Duration::from_secs(1);

pub async fn run(args: &ApiArgs) -> anyhow::Result<()> {
    let begin = Instant::now();
    // Each listener takes an open file here and one there; the API inherits what is allowed.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    anyhow::ensure!(
        u64::from(args.listeners) + 1_000 < most,
        "ulimit -Hn is {most}: too few for so many listeners"
    );
    let tables = Tables::fill(args.contents).await?;
    let mut figures = Figures::default();
    if args.wants(Serving::Cached) {
        cached(&tables, args, &mut figures).await?;
    }
    if args.wants(Serving::Misses) {
        misses(&tables, args, &mut figures).await?;
    }
    if args.wants(Serving::Listeners) {
        listeners::run(&tables, args, &mut figures).await?;
    }
    if args.wants(Serving::Memory) {
        memory(&tables, args, &mut figures).await?;
    }
    tables.remove().await?;
    println!("{}", figures.print());
    println!("{} contents, {} s", args.contents, begin.elapsed().as_secs());
    Ok(())
}

impl ApiArgs {
    fn launch<'a>(&self, tables: &'a Tables) -> anyhow::Result<Launch<'a>> {
        let most = self.connections.iter().copied().max().unwrap_or_default().max(self.listeners);
        let program = program::find(self.streampulse.as_deref())?;
        Ok(Launch { program, pg: &tables.pg, max_connections: most + 100 })
    }
}

/// The API and a server that does nothing but answer the same bytes, in turn.
async fn cached(tables: &Tables, args: &ApiArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let api = Server::api(&args.launch(tables)?).await?;
    let answer = Connection::to(api.port).await?.get(CACHED).await?;
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&answer.body)?;
    let bare = Server::bare(file.path()).await?;
    let time = Duration::from_secs(args.seconds);
    for &connections in &args.connections {
        let (mut of_api, mut of_bare) = (Vec::new(), Vec::new());
        for run in 1..=args.runs {
            for (what, server, rates) in [("api", &api, &mut of_api), ("bare", &bare, &mut of_bare)] {
                let load = wrk(server.port, CACHED, connections, time).await?;
                eprintln!("run {run}, {connections} connections: {what}: {load:.0?}");
                rates.push(load.per_second);
            }
        }
        let (of_api, of_bare) = (median(&mut of_api), median(&mut of_bare));
        let what = format!("cached, {connections} connections");
        figures.note(format!("{what}: API"), format!("{of_api:.0} requests/s"));
        figures.note(
            format!("{what}: bare axum, same {} bytes", answer.body.len()),
            format!("{of_bare:.0} requests/s"),
        );
        figures.note(format!("{what}: ratio"), format!("{:.2}", of_api / of_bare));
    }
    drop(bare);
    api.stop().await
}

/// One client that asks what nobody asked before, and one that asks the same again whenever the data is new.
async fn misses(tables: &Tables, args: &ApiArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let api = Server::api(&args.launch(tables)?).await?;
    let mut client = Connection::to(api.port).await?;
    client.get(CACHED).await?;
    let mut times = Vec::new();
    for limit in 1..=args.misses {
        let question = format!("/api/streams/content-downloads/content_stats?last=1h&limit={limit}");
        let answer = client.get(&question).await?;
        anyhow::ensure!(!answer.was_cached, "{question} was cached");
        times.push(answer.took);
    }
    note_times(figures, "not cached, another question each time", &mut times);
    times.clear();
    for _ in 0..args.misses {
        tables.new_version().await?;
        let begin = Instant::now();
        // The API looks for a new version every 25 ms; until it has seen this one it has an answer to the last.
        let answer = loop {
            let answer = client.get(CACHED).await?;
            if !answer.was_cached {
                break answer;
            }
            anyhow::ensure!(begin.elapsed() < Duration::from_secs(10), "a new version is not seen");
        };
        times.push(answer.took);
    }
    note_times(figures, "not cached, another version each time", &mut times);
    api.stop().await
}

fn note_times(figures: &mut Figures, what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    let text = format!("p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms", at(50), at(99), at(100));
    figures.note(format!("{what} ({} requests)", times.len()), text);
}

/// Memory under load while the data changes every second.
async fn memory(tables: &Tables, args: &ApiArgs, figures: &mut Figures) -> anyhow::Result<()> {
    let api = Server::api(&args.launch(tables)?).await?;
    let time = Duration::from_secs(args.load_seconds);
    let connections = args.connections.first().copied().unwrap_or(32);
    let load = wrk(api.port, CACHED, connections, time);
    let watch = async {
        let (mut sizes, mut pace) = (Vec::new(), tokio::time::interval(PACE));
        let begin = Instant::now();
        while begin.elapsed() < time {
            pace.tick().await;
            tables.new_version().await?;
            sizes.push(resident_memory(api.process()?)?);
        }
        anyhow::Ok(sizes)
    };
    let (load, sizes) = tokio::try_join!(load, watch)?;
    // Third by third: what grows in the last one grows for ever.
    let most = |part: &[u64]| part.iter().copied().max();
    for (which, part) in ["first", "second", "last"].iter().zip(sizes.chunks(sizes.len().div_ceil(3))) {
        let size = most(part).context("memory was never looked at")?;
        figures.mebibytes(
            format!("memory under {:.0} requests/s: most in the {which} third", load.per_second),
            size,
        );
    }
    api.stop().await
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
