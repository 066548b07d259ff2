//! The API as a process of its own, over a database that may go away.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use generator::{Source, Workload};

use crate::{
    http,
    page::total,
    stage::{Stage, troubled},
    tap::Tap,
};

const LIMIT: Duration = Duration::from_secs(60);
const EVENTS: u64 = 2_000;

/// `streampulse api` on a free port; dropping it kills it.
pub struct Api {
    process: Child,
    pub address: String,
}

impl Api {
    pub fn start(command: &mut Command) -> Self {
        command.env("API_PORT", "0").env("LOG_LEVEL", "info").stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, rest) = line.split_once("\"address\":\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: address.expect("the API ended before it listened") }
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_answers_503_while_the_database_is_away_and_the_truth_again_after() {
    let test = "the_api_answers_503_while_the_database_is_away_and_the_truth_again_after";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    let processor = stage.processor(&["--threads", "1"]);
    // With late events, up to 15 minutes older, well within the hour that is asked for.
    let truth = stage.send_history(troubled(71), EVENTS, 30 * 60_000).await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    processor.stop().await;

    let tap = Tap::before(stage.pg.port).await;
    let url = stage.url().replace(&format!(":{}/", stage.pg.port), &format!(":{}/", tap.port));
    let api = Api::start(stage.streampulse(&["api"]).env("DATABASE_URL", url));
    let realtime = "/api/stats/realtime?minutes=60";
    assert_eq!(http::json(&api.address, realtime).await["total_downloads"].as_i64(), Some(total(&truth)));
    let health = http::json(&api.address, "/health").await;
    assert_eq!((health["status"].as_str(), health["database"].as_bool()), (Some("healthy"), Some(true)));

    tap.refuse(true);
    // Nobody asked this before.
    let other = "/api/stats/realtime?minutes=59";
    let away = http::until(&api.address, other, "HTTP/1.1 503", LIMIT).await;
    let head = away.to_lowercase();
    assert!(head.contains("retry-after:") && head.contains("application/problem+json"), "{away}");
    assert!(!away.contains(&stage.pg.dbname), "the database's words are not for clients: {away}");
    http::until(&api.address, "/health", "HTTP/1.1 503", LIMIT).await;
    http::until(&api.address, "/ping", "HTTP/1.1 200", LIMIT).await;
    let told = async || {
        let answer = http::json(&api.address, realtime).await;
        (answer["total_downloads"].as_i64(), answer["meta"]["stale"].as_bool())
    };
    assert_eq!(told().await, (Some(total(&truth)), Some(true)));

    tap.refuse(false);
    http::until(&api.address, other, "HTTP/1.1 200", LIMIT).await;
    assert_eq!(told().await, (Some(total(&truth)), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_brings_what_was_committed() {
    let Some(stage) = Stage::set("a_push_brings_what_was_committed", "content-downloads", 2).await else {
        return;
    };
    let client = stage.client().await;
    let api = Api::start(&mut stage.streampulse(&["api"]));
    let mut pushes = http::Pushes::listen(&api.address, "/api/stream/events").await;
    let processor = stage.processor(&["--threads", "1"]);
    // The page's totals are of the last five minutes: a slow machine must not let the oldest event leave them.
    let workload = Workload { seed: 72, late: 0.0, ..Workload::default() };
    let truth = stage.send_history(Source::Downloads(workload), EVENTS, 60_000).await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    let wanted = total(&truth);
    let seen = pushes.until(LIMIT, |push| push["stats"]["total_downloads"].as_i64() == Some(wanted)).await;
    assert!(seen["meta"]["data_version"].as_i64() > Some(0), "{seen}");
    processor.stop().await;
}
