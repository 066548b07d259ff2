//! Bad input: one line that says what and what to do, exit code 2, nothing half-started.

use std::{net::TcpListener, process::Command, time::Duration};

use common::db::PgSettings;
use generator::{Producer, Truth};
use tempfile::TempDir;

use crate::{
    refusal::{assert_refused, contents},
    stage::Stage,
};

const LIMIT: Duration = Duration::from_secs(60);

/// Files that commands are given.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Of nothing, for `verify`.
    fn truth(&self, stream: &str) -> String {
        let path = self.0.path().join(format!("{stream}.json"));
        Truth { stream: stream.to_owned(), ..Truth::default() }.save(&path).unwrap();
        path.display().to_string()
    }
}

fn url(pg: &PgSettings, password: &str) -> String {
    format!("postgres://{}:{password}@127.0.0.1:{}/{}?sslmode=disable", pg.user, pg.port, pg.dbname)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_is_refused_before_anything_starts() {
    let test = "what_cannot_work_is_refused_before_anything_starts";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let files = Files::new();
    let processor = || stage.streampulse(&["processor"]);
    let before = contents(&stage.pg).await;

    let settings = files.write("settings.toml", "KAFKA_TOPIK = \"x\"\n");
    assert_refused(
        processor().args(["--config", &settings]),
        &["settings.toml", "KAFKA_TOPIK", "KAFKA_TOPIC"],
    );
    assert_refused(processor().env("KAFKA_TOPIC", "no-such-topic"), &["no-such-topic", "KAFKA_TOPIC"]);
    assert_refused(processor().env("STREAMS", "no-such-stream"), &["no-such-stream", "content-downloads"]);
    assert_refused(processor().env("SCHEMA_PATH", "missing.avsc"), &["SCHEMA_PATH", "missing.avsc"]);
    let password = stage.pg.password.clone().unwrap_or_default();
    let other = stage.servers.postgres.create_database("other_definition").await.unwrap();
    let other = format!("postgres://{}:{}@127.0.0.1:{}/other_definition", other.user, password, other.port);
    let migrated = stage.streampulse(&["migrate"]).env("DATABASE_URL", &other).status().unwrap();
    assert!(migrated.success());
    let other_schema = files.write("other.avsc", &schema_with_another_field());
    assert_refused(
        processor().env("DATABASE_URL", &other).env("SCHEMA_PATH", &other_schema),
        &["another definition", "content-downloads"],
    );
    let later = stage.servers.postgres.create_database("later_version").await.unwrap();
    let later = format!("postgres://{}:{password}@127.0.0.1:{}/later_version", later.user, later.port);
    assert!(stage.streampulse(&["migrate"]).env("DATABASE_URL", &later).status().unwrap().success());
    let settings = PgSettings::from_url(&later).unwrap();
    let client = common::db::connect(&settings, "test").await.unwrap();
    client.batch_execute("UPDATE refinery_schema_history SET version = 99 WHERE version = 1").await.unwrap();
    assert_refused(processor().env("DATABASE_URL", &later), &["schema version 99", "streampulse migrate"]);
    let migrated = contents(&settings).await;
    assert_refused(
        stage.streampulse(&["migrate"]).env("DATABASE_URL", &later),
        &["schema version 99", "newer program"],
    );
    assert_eq!(contents(&settings).await, migrated);

    assert_eq!(contents(&stage.pg).await, before, "who is refused writes nothing");

    let first = stage.processor(&[]);
    let client = stage.client().await;
    stage.until(&client, "SELECT count(*) > 0 FROM partition_progress WHERE owner <> ''", LIMIT).await;
    // While the first one runs, one with another version of the definition is not let in, and cannot change the tables.
    for command in ["processor", "migrate"] {
        assert_refused(
            stage.streampulse(&[command]).env("SCHEMA_PATH", &other_schema),
            &["another definition", "content-downloads", "fingerprint", "new names"],
        );
    }
    // Nor are tables made for the stream beside it.
    let changed = files.write("changed.toml", &definition_with(("size = \"1m\"", "size = \"5m\"")));
    let both = format!("web-requests,{changed}");
    assert_refused(
        stage.streampulse(&["migrate"]).env("STREAMS", &both).env_remove("KAFKA_TOPIC"),
        &["another definition", "content-downloads"],
    );
    let none = "SELECT to_regclass('web_path_stats') IS NULL";
    assert!(client.query_one(none, &[]).await.unwrap().get::<_, bool>(0));
    first.stop().await;
    assert_refused(
        processor().env("KAFKA_GROUP_ID", "second"),
        &["two groups", &stage.pg.dbname, "--move-to-group second"],
    );
    let moved = stage.streampulse(&["migrate", "--move-to-group", "second"]).status().unwrap();
    assert!(moved.success());
    assert_refused(&mut stage.processor_command(&[]), &["two groups", "'second'"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_or_does_not_let_us_in_is_named_by_every_command() {
    let test = "a_server_that_is_away_or_does_not_let_us_in_is_named_by_every_command";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let files = Files::new();
    let truth = files.truth("content-downloads");
    let before = contents(&stage.pg).await;
    // These give up after ten seconds.
    std::thread::scope(|scope| {
        for command in ["processor", "generate"] {
            let stage = &stage;
            scope.spawn(move || {
                assert_refused(
                    stage.streampulse(&[command]).env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
                    &["127.0.0.1:1", "KAFKA_BOOTSTRAP_SERVERS"],
                );
            });
        }
        let away = "postgres://nobody:secret@127.0.0.1:1/x";
        let guessed = url(&stage.pg, "guess");
        for arguments in asking_the_database(&truth) {
            let command = || stage.streampulse(&arguments);
            assert_refused(command().env("DATABASE_URL", away), &["cannot connect", "nobody@127.0.0.1:1/x"]);
            assert_refused(
                command().env("DATABASE_URL", &guessed),
                &["password authentication failed", &stage.pg.user, &stage.pg.dbname],
            );
        }
    });
    assert_eq!(contents(&stage.pg).await, before);
    let client = stage.client().await;
    let gone = "SELECT count(*) = 0 FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'streampulse%'";
    stage.until(&client, gone, LIMIT).await;
}

/// Every command that needs a database, with what else it needs.
fn asking_the_database(truth: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["processor"],
        vec!["api"],
        vec!["migrate"],
        vec!["replay", "--list"],
        vec!["token", "list"],
        vec!["verify", "--truth", truth],
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_tables_and_wrong_definitions_are_told_and_none_are_made() {
    let test = "missing_tables_and_wrong_definitions_are_told_and_none_are_made";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let files = Files::new();
    let truth = files.truth("content-downloads");
    let empty = stage.servers.postgres.create_database("not_migrated").await.unwrap();
    let unmigrated = url(&empty, &empty.password.clone().unwrap_or_default());
    let wrong = files.write("wrong.toml", &wrong_definition());
    for arguments in asking_the_database(&truth) {
        let command = || {
            let mut command = stage.streampulse(&arguments);
            command.env("DATABASE_URL", &unmigrated).env_remove("KAFKA_TOPIC");
            command
        };
        if arguments[0] != "migrate" {
            assert_refused(&mut command(), &["streampulse migrate"]);
        }
        if arguments[0] != "token" {
            assert_refused(
                command().env("STREAMS", &wrong),
                &["wrong.toml", "content.no_such_field", "size_gb"],
            );
        }
    }
    assert_refused(
        &mut stage.streampulse(&["streams", "check", &wrong]),
        &["wrong.toml", "content.no_such_field"],
    );
    assert_eq!(contents(&empty).await, Vec::<String>::new(), "no table was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_is_told_and_no_server_is_left() {
    let test = "a_port_in_use_is_told_and_no_server_is_left";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let before = contents(&stage.pg).await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_refused(stage.streampulse(&["api"]).env("API_PORT", &port), &[&port, "API_PORT"]);
    assert_refused(stage.streampulse(&["processor"]).env("MONITOR_PORT", &port), &[&port, "MONITOR_PORT"]);
    // Java and PostgreSQL are found, so that both could start.
    let with_programs = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_streampulse"));
        command.args(arguments);
        command
    };
    assert_refused(&mut with_programs(&["demo", "--api-port", &port]), &[&port, "--api-port"]);
    assert_refused(&mut with_programs(&["kafka", "--port", &port]), &[&port, "--port"]);
    assert_eq!(contents(&stage.pg).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_or_compared_is_told_and_nothing_is_sent() {
    let test = "what_cannot_be_sent_or_compared_is_told_and_nothing_is_sent";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let files = Files::new();
    let generate =
        |arguments: &[&str]| stage.streampulse(&[&["generate", "--events", "10"], arguments].concat());
    assert_refused(generate(&[]).env("KAFKA_TOPIC", "no-such-topic"), &["no-such-topic", "KAFKA_TOPIC"]);
    assert_refused(&mut generate(&["--from-access-log", "missing.log"]), &["missing.log"]);
    let no_log = files.write("no.log", "this is no log\n");
    assert_refused(&mut generate(&["--from-access-log", &no_log]), &["no.log", "combined format"]);
    let nowhere = files.path("no/such/truth.json");
    assert_refused(&mut generate(&["--truth", &nowhere]), &["no/such/truth.json"]);
    let no_truth = files.write("no-truth.json", "{");
    assert_refused(&mut generate(&["--truth", &no_truth]), &["no-truth.json"]);
    assert_refused(&mut generate(&["--late", "2"]), &["late"]);
    let sent = Producer::new(&stage.kafka(), &stage.topic).unwrap();
    assert_eq!(sent.next_offsets(), [0], "nothing was sent");

    let verify = |truth: &str| stage.streampulse(&["verify", "--truth", truth]);
    assert_refused(&mut verify("missing.json"), &["missing.json"]);
    assert_refused(&mut verify(&no_truth), &["no-truth.json"]);
    assert_refused(&mut verify(&files.truth("web-requests")), &["'web-requests'", "--stream web-requests"]);
}

/// The shipped schema with one more field, which makes it another definition.
fn schema_with_another_field() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/events/content-download.avsc");
    let mut schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    schema["fields"].as_array_mut().unwrap().push(serde_json::json!({"name": "more", "type": "long"}));
    schema.to_string()
}

/// The shipped definition with a field path that its schema does not have.
fn wrong_definition() -> String {
    definition_with(("content.size_gb", "content.no_such_field"))
}

/// The shipped definition with something else in one place.
fn definition_with((from, to): (&str, &str)) -> String {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/");
    let text = std::fs::read_to_string(format!("{schema}streams/content-downloads.toml")).unwrap();
    assert!(text.contains(from));
    text.replace(from, to).replace("../events/", &format!("{schema}events/"))
}
