//! The demo as its user meets it: live in seconds, exact, and gone without a trace.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use common::db::{self, PgSettings};
use generator::Truth;
use nix::{sys::signal::Signal, unistd::Pid};
use schema::StreamDefinition;
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};
use tokio_postgres::Client;

use crate::{http, page};

pub struct Demo {
    process: Child,
    pub address: String,
}

/// Folders that the demo's PostgreSQL can reach, also where it runs as another user because we are root.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(place.temporary()).unwrap();
        std::fs::create_dir(place.data()).unwrap();
        for open in [place.folder.path(), &place.temporary()] {
            std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        place
    }

    /// What the demo keeps.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn temporary(&self) -> PathBuf {
        self.folder.path().join("temporary")
    }

    fn truth_file(&self) -> PathBuf {
        self.folder.path().join("truth.json")
    }

    /// What the demo has written at its end, or once all was sent.
    pub fn truth(&self) -> Truth {
        Truth::load(&self.truth_file()).unwrap()
    }

    pub async fn until_truth(&self, demo: &mut Demo) -> Truth {
        demo.until("all was sent", async || self.truth_file().exists()).await;
        self.truth()
    }

    /// A client of the running demo's database, as the owner of its tables.
    pub async fn client(&self) -> Client {
        let read = |file: &str| std::fs::read_to_string(self.data().join(file)).unwrap();
        let (password, server) = (read("password"), read("cluster/postmaster.pid"));
        let port = server.lines().nth(3).unwrap();
        let url = format!("postgres://streampulse:{password}@127.0.0.1:{port}/streampulse?sslmode=disable");
        db::connect(&PgSettings::from_url(&url).unwrap(), "test").await.unwrap()
    }

    /// After the demo has ended: its tables are those of the truth. Gives its database for more.
    pub async fn assert_exact(&self, stream: &str) -> (PrivatePostgres, Client) {
        let postgres = PrivatePostgres::start(&PostgresOptions::in_folder(self.data())).await.unwrap();
        let client = db::connect(&postgres.settings(), "test").await.unwrap();
        let streams = StreamDefinition::shipped().unwrap();
        let definition = streams.iter().find(|known| known.name == stream).unwrap();
        let report = generator::verify(&client, &self.truth(), definition).await.unwrap();
        assert!(report.cells > 0 && report.is_equal(), "{report:?}");
        (postgres, client)
    }
}

impl Demo {
    /// Starts it and waits until it says that it is live.
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_streampulse"))
            .args(["demo", "--api-port", "0", "--data-dir"])
            .arg(place.data())
            .arg("--truth")
            .arg(place.truth_file())
            .args(arguments)
            .env("TMPDIR", place.temporary())
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

    /// Waits until this holds, as long as the demo lives.
    pub async fn until(&mut self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let begin = Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        while !holds().await {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "the demo ended by itself ({ended:?}) before {what}");
            assert!(begin.elapsed() < Duration::from_secs(120), "not within two minutes: {what}");
            pace.tick().await;
        }
    }

    /// Waits until so many events are committed.
    pub async fn until_committed(&mut self, client: &Client, events: i64) {
        let sql = "SELECT coalesce(sum(next_offset), 0)::bigint FROM partition_progress";
        let committed = async || client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) >= events;
        self.until(&format!("{events} events are committed"), committed).await;
    }

    /// Ctrl-C.
    pub fn end(mut self) {
        nix::sys::signal::kill(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGINT).unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Demo {
    /// Its servers end with it.
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_live_moves_is_exact_and_leaves_nothing() {
    let place = Place::new();
    let mut demo = Demo::start(&place, &["--events-per-minute", "600"]);
    let address = demo.address.clone();
    let mut first = 0;
    demo.until("an hour of history, and then more", async || {
        let now = total(&address).await;
        if first == 0 && now > 30_000 {
            first = now;
        }
        first > 0 && now > first
    })
    .await;
    // The page equals the API also while it moves.
    page::assert_equals_api(&demo.address);
    // Neither works as the owner of the tables.
    let sql = "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE application_name = ANY ($1)";
    let programs = ["streampulse-processor", "streampulse-api"].as_slice();
    let users = place.client().await.query(sql, &[&programs]).await.unwrap();
    let users: BTreeSet<String> = users.iter().map(|row| row.get(0)).collect();
    assert_eq!(users, BTreeSet::from(["demo_processor".to_owned(), "demo_api".to_owned()]));
    let family = demo.descendants();
    assert!(family.len() > 3, "a broker and a database were expected: {family:?}");
    demo.end();
    let alive: BTreeSet<u32> = processes().into_iter().map(|(process, _)| process).collect();
    assert!(family.is_disjoint(&alive), "still running: {:?}", family.intersection(&alive));
    let left: Vec<_> =
        std::fs::read_dir(place.temporary()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(place.truth().events > 36_000, "{}", place.truth().events);
    let (postgres, _) = place.assert_exact("content-downloads").await;
    postgres.stop().await.unwrap();
}

/// What people leave behind, and what was made from the log of a broker that is gone.
const LEFT_BEHIND: &str = "
    INSERT INTO annotations (at, text, created_by) VALUES (now(), 'release', 'op');
    INSERT INTO alert_silences (stream, rule, reason, until, created_by)
        VALUES ('content-downloads', 'HIGH_ERROR_RATE', 'known', now() + interval '1 hour', 'op');
    INSERT INTO api_tokens (name, scope, secret_sha256, created_by)
        VALUES ('op', 'operate', sha256('secret'), 'op');
    INSERT INTO api_audit (token, action, subject, request_id) VALUES ('op', 'stream.pause', 'content-downloads', '');
    INSERT INTO stream_control (stream, paused, reason, changed_by) VALUES ('content-downloads', true, 'disk', 'op');
    INSERT INTO data_gaps (stream, source_partition, from_offset, to_offset, reason, recorded_by)
        VALUES ('content-downloads', 0, 5, 7, 'retention', 'test');
    INSERT INTO replays (stream, request, requested_by) VALUES ('content-downloads', 'all', 'op');
    INSERT INTO replay_partitions (replay_id, source_partition, from_offset) SELECT id, 0, 0 FROM replays;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_demo_in_a_folder_begins_anew_keeps_what_people_wrote_and_its_page_shows_the_truth() {
    let place = Place::new();
    let arguments = ["--events-per-minute", "600", "--seed", "7"];
    let mut demo = Demo::start(&place, &arguments);
    demo.until_committed(&place.client().await, 30_000).await;
    demo.end();
    let former = place.truth();
    // Records of both kinds that the next log has at the same offsets.
    assert!(!former.late_events.is_empty() && !former.dead_letters.is_empty());
    let (postgres, client) = place.assert_exact("content-downloads").await;
    client.batch_execute(LEFT_BEHIND).await.unwrap();
    postgres.stop().await.unwrap();

    let mut demo = Demo::start(&place, &[arguments.as_slice(), &["--events", "30"]].concat());
    let truth = place.until_truth(&mut demo).await;
    assert_eq!(truth.events, 36_030);
    let client = place.client().await;
    demo.until_committed(&client, 36_030).await;
    page::assert_shows(&demo.address, &truth).await;
    for (table, rows) in [
        ("annotations", 1),
        ("alert_silences", 1),
        ("api_tokens", 1),
        ("api_audit", 1),
        ("stream_control", 0),
        ("data_gaps", 0),
        ("replays", 0),
        ("replay_partitions", 0),
    ] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), rows, "{table}");
    }
    demo.end();
    assert_eq!(place.truth(), truth);
    let (postgres, _) = place.assert_exact("content-downloads").await;
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_demos_broker_can_hold_is_counted_exactly() {
    const EVENTS: i64 = 600_000;
    let place = Place::new();
    // As fast as it goes. All is in the broker long before the first is read, but for what would be too much.
    let mut demo = Demo::start(&place, &["--events-per-minute", "6000000"]);
    demo.until_committed(&place.client().await, EVENTS).await;
    demo.end();
    let truth = place.truth();
    assert!(truth.events >= EVENTS.cast_unsigned());
    // Of one partition alone it is more than the 5 MiB that the broker keeps, with 60 bytes for an event that was
    // compressed and has 185.
    let most = truth.partitions.iter().map(|end| end.next_offset).max().unwrap();
    assert!(most * 60 > 5 * 1024 * 1024, "{most}");
    let (postgres, _) = place.assert_exact("content-downloads").await;
    postgres.stop().await.unwrap();
}
