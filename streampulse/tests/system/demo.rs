//! The demo as its user meets it: live in seconds, exact, and gone without a trace.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use common::db::{self, PgSettings};
use generator::Truth;
use nix::{sys::signal::Signal, unistd::Pid};
use schema::StreamDefinition;
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};

use crate::http;

struct Demo {
    process: Child,
    address: String,
}

impl Demo {
    /// Starts it with its temporary files under `folder` and waits until it says that it is live.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_streampulse"))
            .args(["demo", "--api-port", "0"])
            .args(arguments)
            .env("TMPDIR", folder)
            .env("LOG_LEVEL", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, rest) = line.split_once("live: http://")?;
            Some(rest.split_whitespace().next()?.replace("localhost", "127.0.0.1"))
        });
        // Goes on reading, so that the demo never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: address.expect("the demo ended before it was live") }
    }

    fn descendants(&self) -> BTreeSet<u32> {
        let mut family = BTreeSet::from([self.process.id()]);
        loop {
            let before = family.len();
            for (process, parent) in processes() {
                if family.contains(&parent) {
                    family.insert(process);
                }
            }
            if family.len() == before {
                return family;
            }
        }
    }

    /// Ctrl-C.
    fn end(mut self) {
        nix::sys::signal::kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGINT).unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

fn processes() -> Vec<(u32, u32)> {
    let stat = |entry: std::io::Result<std::fs::DirEntry>| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let mut rest = stat.rsplit_once(") ")?.1.split(' ');
        (rest.next()? != "Z").then_some(())?;
        Some((process, rest.next()?.parse().ok()?))
    };
    std::fs::read_dir("/proc").unwrap().filter_map(stat).collect()
}

async fn total(address: &str) -> i64 {
    http::json(address, "/api/stats/realtime?minutes=60").await["total_downloads"].as_i64().unwrap_or(0)
}

/// As whom these programs are logged in to the demo's database.
async fn users_of(data: &Path, programs: &[&str]) -> BTreeSet<String> {
    let read = |file: &str| std::fs::read_to_string(data.join(file)).unwrap();
    let (password, server) = (read("password"), read("cluster/postmaster.pid"));
    let port = server.lines().nth(3).unwrap();
    let url = format!("postgres://streampulse:{password}@127.0.0.1:{port}/streampulse?sslmode=disable");
    let client = db::connect(&PgSettings::from_url(&url).unwrap(), "test").await.unwrap();
    let sql = "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE application_name = ANY ($1)";
    client.query(sql, &[&programs]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_live_moves_is_exact_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // PostgreSQL runs as another user where we are root.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    let truth = folder.path().join("truth.json");
    let temporary = folder.path().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(&data).unwrap();
    let arguments = [
        "--data-dir",
        data.to_str().unwrap(),
        "--truth",
        truth.to_str().unwrap(),
        "--events-per-minute",
        "600",
    ];
    let demo = Demo::start(&temporary, &arguments);

    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let mut first = 0;
    loop {
        pace.tick().await;
        let now = total(&demo.address).await;
        // An hour of history, and then more.
        if first == 0 && now > 30_000 {
            first = now;
        } else if first > 0 && now > first {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(120), "{now} downloads after two minutes");
    }
    let page = http::get(&demo.address, "/").await;
    assert!(page.contains("<html"), "{page}");
    // Neither works as the owner of the tables.
    let users = users_of(&data, &["streampulse-processor", "streampulse-api"]).await;
    assert_eq!(users, BTreeSet::from(["demo_processor".to_owned(), "demo_api".to_owned()]));
    let family = demo.descendants();
    assert!(family.len() > 3, "a broker and a database were expected: {family:?}");
    demo.end();
    let alive: BTreeSet<u32> = processes().into_iter().map(|(process, _)| process).collect();
    assert!(family.is_disjoint(&alive), "still running: {:?}", family.intersection(&alive));
    let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");

    let postgres = PrivatePostgres::start(&PostgresOptions::in_folder(&data)).await.unwrap();
    let client = db::connect(&postgres.settings(), "test").await.unwrap();
    let streams = StreamDefinition::shipped().unwrap();
    let downloads = streams.iter().find(|stream| stream.name == "content-downloads").unwrap();
    let report = generator::verify(&client, &Truth::load(&truth).unwrap(), downloads).await.unwrap();
    assert!(report.cells > 10_000 && report.is_equal(), "{report:?}");
    postgres.stop().await.unwrap();
}
