//! Bad input: one line that says what and what to do, exit code 2, nothing half-started.

use std::process::Command;

use crate::stage::Stage;

fn assert_refused(command: &mut Command, words: &[&str]) {
    let output = command.env("LOG_LEVEL", "error").output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(output.stdout.is_empty());
    for word in words {
        assert!(printed.contains(word), "'{word}' is missing in: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_is_refused_before_anything_starts() {
    let test = "what_cannot_work_is_refused_before_anything_starts";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let processor = || stage.streampulse(&["processor"]);

    let settings = file("settings.toml", "KAFKA_TOPIK = \"x\"\n");
    assert_refused(
        processor().args(["--config", &settings]),
        &["settings.toml", "KAFKA_TOPIK", "KAFKA_TOPIC"],
    );
    assert_refused(
        processor().env("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
        &["127.0.0.1:1", "KAFKA_BOOTSTRAP_SERVERS"],
    );
    assert_refused(
        processor().env("DATABASE_URL", "postgres://nobody:secret@127.0.0.1:1/x"),
        &["127.0.0.1:1", "nobody"],
    );
    let wrong = format!("postgres://{}:guess@127.0.0.1:{}/{}", stage.pg.user, stage.pg.port, stage.pg.dbname);
    assert_refused(processor().env("DATABASE_URL", &wrong), &["password", &stage.pg.user]);
    assert_refused(processor().env("KAFKA_TOPIC", "no-such-topic"), &["no-such-topic", "KAFKA_TOPIC"]);
    assert_refused(processor().env("STREAMS", "no-such-stream"), &["no-such-stream", "content-downloads"]);
    assert_refused(processor().env("SCHEMA_PATH", "missing.avsc"), &["SCHEMA_PATH", "missing.avsc"]);
    let empty = stage.servers.postgres.create_database("not_migrated").await.unwrap();
    let unmigrated = format!(
        "postgres://{}:{}@127.0.0.1:{}/not_migrated",
        empty.user,
        empty.password.unwrap_or_default(),
        empty.port
    );
    assert_refused(processor().env("DATABASE_URL", &unmigrated), &["streampulse migrate"]);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_refused(stage.streampulse(&["api"]).env("API_PORT", &port), &[&port, "API_PORT"]);

    let definition = file("wrong.toml", &wrong_definition());
    assert_refused(
        &mut stage.streampulse(&["streams", "check", &definition]),
        &["wrong.toml", "content.no_such_field"],
    );
    assert_refused(&mut stage.streampulse(&["verify", "--truth", "missing.json"]), &["missing.json"]);
    assert_refused(
        stage.streampulse(&["generate", "--from-access-log", "missing.log"]).env("KAFKA_TOPIC", &stage.topic),
        &["missing.log"],
    );
}

/// The shipped definition with a field path that its schema does not have.
fn wrong_definition() -> String {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/");
    let text = std::fs::read_to_string(format!("{schema}streams/content-downloads.toml")).unwrap();
    assert!(text.contains("content.size_gb"));
    text.replace("content.size_gb", "content.no_such_field")
        .replace("../events/", &format!("{schema}events/"))
}
