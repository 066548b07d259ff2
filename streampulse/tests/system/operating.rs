//! What operators do through the API, carried out by real processors, all of them with their own role in the database.

use std::time::Duration;

use generator::GenerateSettings;
use serde_json::json;

use crate::{
    api::Api,
    http,
    record::good_record,
    request::Request,
    stage::{Processor, Stage, troubled},
};

const LIMIT: Duration = Duration::from_secs(120);
const EVENTS: u64 = 4_000;

pub fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

fn token(stage: &Stage, name: &str, scope: &str) -> String {
    let made = stage.streampulse(&["token", "create", "--name", name, "--scope", scope]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// Makes a user in `role`, and returns the address of the database for it.
async fn user(stage: &Stage, role: &str) -> String {
    let name = format!("{}_{role}", stage.pg.dbname);
    let sql = format!("CREATE ROLE {name} LOGIN PASSWORD 'secret' IN ROLE {role}");
    stage.client().await.batch_execute(&sql).await.unwrap();
    format!(
        "postgres://{name}:secret@{}:{}/{}?sslmode=disable",
        stage.pg.host, stage.pg.port, stage.pg.dbname
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_stream_is_not_read_whoever_owns_it_and_goes_on_exactly() {
    let test = "a_paused_stream_is_not_read_whoever_owns_it_and_goes_on_exactly";
    let Some(stage) = Stage::set(test, "content-downloads", 4).await else { return };
    let client = stage.client().await;
    let api = Api::start(&mut stage.streampulse(&["api"]));
    let token = token(&stage, "op", "operate");
    let set = async |verb: &str| {
        let path = format!("/api/streams/content-downloads/{verb}");
        let answer =
            Request::new("POST", &path).body(r#"{"reason": "disk"}"#).token(&token).send(&api.address).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };

    let folder = tempfile::tempdir().unwrap();
    let truth = Some(folder.path().join("truth.json"));
    let send = async |seed: u64| {
        let settings = stage.generate(troubled(seed));
        let half = Some(EVENTS / 2);
        stage.spawn(GenerateSettings { events: half, truth: truth.clone(), ..settings }).await.unwrap()
    };

    // Paused before any processor starts.
    set("pause").await;
    send(81).await;
    let port = free_port();
    let monitor = format!("127.0.0.1:{port}");
    let first = stage.processor(&["--threads", "1", "--monitor-port", &port]);
    let until_ready = async |said: &str| {
        let begin = std::time::Instant::now();
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            if tokio::net::TcpStream::connect(&monitor).await.is_ok() {
                let answer = http::get(&monitor, "/readyz").await;
                if answer.contains(said) {
                    return answer;
                }
                assert!(begin.elapsed() < LIMIT, "{answer}");
            }
            assert!(begin.elapsed() < LIMIT, "nobody listens");
        }
    };
    let answer = until_ready("paused by op: disk").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(http::get(&monitor, "/metrics").await.contains("stream_paused{stream=\"content-downloads\"} 1"));
    let owners = |count: usize| {
        format!(
            "SELECT count(*) = 4 AND count(DISTINCT owner) = {count} FROM partition_progress WHERE owner <> ''"
        )
    };
    stage.until(&client, &owners(1), LIMIT).await;
    // Handing partitions over reads nothing either.
    let second = stage.processor(&["--threads", "1"]);
    stage.until(&client, &owners(2), LIMIT).await;
    assert_eq!(stage.committed(&client).await, 0, "a paused stream was read");
    assert_eq!(http::json(&api.address, "/api/pipeline").await["data"][0]["control"]["paused"], true);

    set("resume").await;
    until_ready("\"ready\"").await;
    stage.until_committed(&client, EVENTS / 2, LIMIT).await;
    stage.until(&client, "SELECT bool_and(idle) FROM partition_progress", LIMIT).await;

    // Again, while it runs. A paused partition is not idle, however little came: so that all are paused can be seen.
    set("pause").await;
    stage.until(&client, "SELECT NOT bool_or(idle) FROM partition_progress", LIMIT).await;
    let sent = send(82).await;
    let handovers: i64 = stage.column(&client, "SELECT sum(handovers)::text FROM partition_progress").await
        [0]
    .parse()
    .unwrap();
    second.stop().await;
    let moved = format!("SELECT sum(handovers) > {handovers} FROM partition_progress");
    stage.until(&client, &moved, LIMIT).await;
    assert_eq!(stage.committed(&client).await, EVENTS / 2, "a paused stream was read");
    set("resume").await;
    stage.until_committed(&client, EVENTS, LIMIT).await;
    until_ready("\"ready\"").await;
    first.stop().await;
    stage.assert_equals(&sent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processor_and_api_work_in_their_own_roles() {
    let test = "processor_and_api_work_in_their_own_roles";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    let migrated = stage.streampulse(&["migrate"]).status().unwrap();
    assert!(migrated.success());
    let (as_processor, as_api) =
        (user(&stage, "streampulse_processor").await, user(&stage, "streampulse_api").await);
    let operate = token(&stage, "op", "admin");

    // A user who may read everything but what operators want is told so at the start, not left waiting.
    let blind = as_processor.replace("_streampulse_processor", "_blind");
    let name = format!("{}_blind", stage.pg.dbname);
    let make = format!(
        "CREATE ROLE {name} LOGIN PASSWORD 'secret'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name};
         REVOKE ALL ON stream_control FROM {name}"
    );
    client.batch_execute(&make).await.unwrap();
    let refused = stage.processor_command(&[]).env("DATABASE_URL", &blind).output().unwrap();
    let printed = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{printed}");
    assert!(printed.contains("paused") && printed.contains("permission denied"), "{printed}");
    let start =
        || Processor::spawn(stage.processor_command(&["--threads", "1"]).env("DATABASE_URL", &as_processor));

    // Late, bad and early events, alerts, and a second owner: every statement a processor has.
    let processor = start();
    let truth = stage.send(troubled(82), EVENTS, None).await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    stage.assert_equals(&truth).await;
    let api = Api::start(stage.streampulse(&["api"]).env("DATABASE_URL", &as_api));
    for path in [
        "/health",
        "/api/dashboard",
        "/api/pipeline",
        "/api/streams",
        "/api/stats/alerts",
        "/api/dead-letters",
        "/api/silences",
        "/api/annotations",
        "/api/replays",
    ] {
        http::json(&api.address, path).await;
    }
    let before = stage.contents().await;
    let post = async |path: &str, body: &str, status: u16| {
        let answer = Request::new("POST", path).body(body).token(&operate).send(&api.address).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        answer.json()
    };
    let alert: i64 = client.query_one("SELECT min(id) FROM alerts", &[]).await.unwrap().get(0);
    post(&format!("/api/alerts/{alert}/acknowledge"), "{}", 200).await;
    post(&format!("/api/alerts/{alert}/unacknowledge"), "{}", 200).await;
    let silence = r#"{"rule": "HIGH_ERROR_RATE", "until": "TIME"}"#;
    let until = common::clock::Clock::now(&common::clock::SystemClock).plus_millis(60_000).to_string();
    let silence = post("/api/silences", &silence.replace("TIME", &until), 201).await["id"].clone();
    let path = format!("/api/silences/{silence}");
    assert_eq!(Request::new("DELETE", &path).token(&operate).send(&api.address).await.status, 200);
    post("/api/annotations", r#"{"text": "roles"}"#, 201).await;
    post("/api/streams/content-downloads/pause", "{}", 200).await;
    post("/api/streams/content-downloads/resume", "{}", 200).await;

    // A replay that is asked for by the one and carried out by the other.
    let replay = post("/api/replays", r#"{"from_offset": 0}"#, 202).await["replay"].clone();
    let done = format!("SELECT bool_and(state = 'done') FROM replay_partitions WHERE replay_id = {replay}");
    stage.until(&client, &done, LIMIT).await;
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    stage.assert_equals(&truth).await;
    processor.stop().await;
    assert_eq!(stage.contents().await, before, "after a replay the tables are those of before");

    // With no processor a request waits, and can be taken back.
    let waiting = post("/api/replays", r#"{"from_offset": 0}"#, 202).await["replay"].clone();
    let path = format!("/api/replays/{waiting}");
    let cancelled = Request::new("DELETE", &path).token(&operate).send(&api.address).await;
    assert_eq!(cancelled.json()["cancelled"], json!(2), "{cancelled:?}");
    let audit = "SELECT string_agg(action, ' ' ORDER BY id) FROM api_audit WHERE request_id <> ''";
    assert_eq!(
        stage.column(&client, audit).await,
        ["alert.acknowledge alert.unacknowledge silence.create silence.end annotation.create stream.pause \
          stream.resume replay.request replay.request replay.cancel"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_sent_through_again_is_counted_once_and_is_no_dead_letter_any_more() {
    let test = "a_record_that_is_sent_through_again_is_counted_once_and_is_no_dead_letter_any_more";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    let processor = stage.processor(&["--threads", "1"]);
    let truth = stage.send(troubled(83), EVENTS, None).await.unwrap();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    let before = stage.contents().await;

    // As if the last program had not understood a record in the middle: it is a dead letter, and was not counted.
    let record: i64 = client
        .query_one(
            "SELECT last_offset FROM window_span WHERE source_partition = 0 ORDER BY last_offset LIMIT 1 OFFSET 5",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    let good = good_record();
    let size = i64::try_from(good.len()).unwrap();
    client
        .execute(
            "INSERT INTO dead_letters (stream, source_partition, source_offset, topic, reason, detail, payload, \
             payload_size) VALUES ('content-downloads', 0, $1, 't', 'unknown_schema', 'd', $2, $3)",
            &[&record, &good, &size],
        )
        .await
        .unwrap();
    let uncounted = client
        .execute(
            "UPDATE region_health_partial SET total_downloads = total_downloads - 1 WHERE source_partition = 0
             AND window_start = (SELECT window_start FROM window_span WHERE source_partition = 0 AND last_offset = $1)",
            &[&record],
        )
        .await
        .unwrap();
    assert!(uncounted > 0 && stage.contents().await != before);

    let api = Api::start(&mut stage.streampulse(&["api"]));
    let token = token(&stage, "root", "admin");
    let body = r#"{"reason": "unknown_schema"}"#;
    let redrive =
        || Request::new("POST", "/api/dead-letters/redrive").body(body).token(&token).send(&api.address);
    let answer = redrive().await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json()["partitions"], json!([{"partition": 0, "from_offset": record}]));
    let done = format!(
        "SELECT bool_and(state = 'done') FROM replay_partitions WHERE replay_id = {}",
        answer.json()["replay"]
    );
    stage.until(&client, &done, LIMIT).await;
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    stage.assert_equals(&truth).await;
    assert_eq!(
        stage.contents().await,
        before,
        "the record was counted twice, or not, or is still a dead letter"
    );
    assert_eq!(redrive().await.status, 404, "there is nothing left to send through");

    // A later replay of everything changes nothing either.
    let all = Request::new("POST", "/api/replays")
        .body(r#"{"from_offset": 0}"#)
        .token(&token)
        .send(&api.address)
        .await;
    let done = format!(
        "SELECT bool_and(state = 'done') FROM replay_partitions WHERE replay_id = {}",
        all.json()["replay"]
    );
    stage.until(&client, &done, LIMIT).await;
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    assert_eq!(stage.contents().await, before);
    processor.stop().await;
}
