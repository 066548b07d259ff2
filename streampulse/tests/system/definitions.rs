//! `streampulse streams check` and `list`: what they print is what `migrate` makes.

use common::db::{self, PgSettings};
use schema::StreamDefinition;

use crate::stage::Stage;

/// Every column of every table and view, but for those of the partitions of a day.
async fn columns(pg: &PgSettings) -> Vec<String> {
    let sql = "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
               FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1";
    let client = db::connect(pg, "test").await.unwrap();
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_prints_the_tables_that_migrate_makes() {
    let test = "a_check_prints_the_tables_that_migrate_makes";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/streams/");
    let files = ["content-downloads.toml", "web-requests.toml"].map(|name| format!("{folder}{name}"));
    let checked = stage.streampulse(&["streams", "check", &files[0], &files[1]]).output().unwrap();
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    let printed = String::from_utf8(checked.stdout).unwrap();

    let by_hand = stage.servers.postgres.create_database("checked_by_hand").await.unwrap();
    db::migrate(&by_hand).await.unwrap();
    let shared = columns(&by_hand).await;
    db::connect(&by_hand, "test").await.unwrap().batch_execute(&printed).await.unwrap();

    let migrated = stage.servers.postgres.create_database("checked_by_migrate").await.unwrap();
    let password = migrated.password.clone().unwrap_or_default();
    let url =
        format!("postgres://{}:{password}@127.0.0.1:{}/{}", migrated.user, migrated.port, migrated.dbname);
    let mut migrate = stage.streampulse(&["migrate"]);
    let streams = "content-downloads,web-requests";
    let status =
        migrate.env_remove("KAFKA_TOPIC").env("STREAMS", streams).env("DATABASE_URL", &url).status().unwrap();
    assert!(status.success(), "{status}");

    let made = columns(&by_hand).await;
    assert!(made.len() > shared.len() + 40, "{made:?}");
    assert_eq!(made, columns(&migrated).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_names_every_definition_that_comes_with_the_program() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_streampulse"))
        .args(["streams", "list"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let streams = StreamDefinition::shipped().unwrap();
    assert_eq!(printed.lines().count(), streams.len(), "{printed}");
    for (line, stream) in printed.lines().zip(&streams) {
        assert!(line.starts_with(&format!("{}\t", stream.name)), "{line}");
        for rollup in &stream.rollups {
            assert!(line.contains(&rollup.name), "{line}");
        }
    }
}
