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
    let password = empty.password.unwrap_or_default();
    let unmigrated = format!("postgres://{}:{password}@127.0.0.1:{}/not_migrated", empty.user, empty.port);
    assert_refused(processor().env("DATABASE_URL", &unmigrated), &["streampulse migrate"]);

    let other = stage.servers.postgres.create_database("other_definition").await.unwrap();
    let other = format!("postgres://{}:{}@127.0.0.1:{}/other_definition", other.user, password, other.port);
    let migrated = stage.streampulse(&["migrate"]).env("DATABASE_URL", &other).status().unwrap();
    assert!(migrated.success());
    let other_schema = file("other.avsc", &schema_with_another_field());
    assert_refused(
        processor().env("DATABASE_URL", &other).env("SCHEMA_PATH", &other_schema),
        &["another definition", "content-downloads"],
    );
    let later = stage.servers.postgres.create_database("later_version").await.unwrap();
    let later = format!("postgres://{}:{password}@127.0.0.1:{}/later_version", later.user, later.port);
    assert!(stage.streampulse(&["migrate"]).env("DATABASE_URL", &later).status().unwrap().success());
    let settings = common::db::PgSettings::from_url(&later).unwrap();
    let client = common::db::connect(&settings, "test").await.unwrap();
    client.batch_execute("UPDATE refinery_schema_history SET version = 99 WHERE version = 1").await.unwrap();
    assert_refused(processor().env("DATABASE_URL", &later), &["schema version 99", "streampulse migrate"]);

    let first = stage.processor(&[]);
    let client = stage.client().await;
    let limit = std::time::Duration::from_secs(60);
    stage.until(&client, "SELECT count(*) > 0 FROM partition_progress WHERE owner <> ''", limit).await;
    // While the first one runs, one with another version of the definition is not let in, and cannot change the tables.
    for command in ["processor", "migrate"] {
        assert_refused(
            stage.streampulse(&[command]).env("SCHEMA_PATH", &other_schema),
            &["another definition", "content-downloads", "fingerprint", "new names"],
        );
    }
    first.stop().await;
    assert_refused(
        processor().env("KAFKA_GROUP_ID", "second"),
        &["two groups", &stage.pg.dbname, "--move-to-group second"],
    );
    let moved = stage.streampulse(&["migrate", "--move-to-group", "second"]).status().unwrap();
    assert!(moved.success());
    assert_refused(&mut stage.processor_command(&[]), &["two groups", "'second'"]);

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
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/");
    let text = std::fs::read_to_string(format!("{schema}streams/content-downloads.toml")).unwrap();
    assert!(text.contains("content.size_gb"));
    text.replace("content.size_gb", "content.no_such_field")
        .replace("../events/", &format!("{schema}events/"))
}
