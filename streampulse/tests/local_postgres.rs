//! The private Postgres: really started, broken, and killed with its parent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod holder;

use std::time::Duration;

use common::db::{PgSettings, connect};
use holder::Holder;
use streampulse::local::{
    LocalError,
    postgres::{PostgresOptions, PrivatePostgres},
};

const LIMIT: Duration = Duration::from_secs(120);

async fn start() -> PrivatePostgres {
    PrivatePostgres::start(&PostgresOptions::temporary().without_fsync()).await.unwrap()
}

async fn show(settings: &PgSettings, query: &str) -> String {
    connect(settings, "test").await.unwrap().query_one(query, &[]).await.unwrap().get(0)
}

async fn bounded(test: impl Future<Output = ()>) {
    tokio::time::timeout(LIMIT, test).await.expect("the test took longer than its limit");
}

#[tokio::test]
async fn answers_through_its_url_and_only_on_loopback() {
    bounded(async {
        let postgres = start().await;
        let settings = PgSettings::from_url(&postgres.url()).unwrap();
        assert_eq!(show(&settings, "SELECT current_database()::text").await, "streampulse");
        assert_eq!(show(&settings, "SHOW listen_addresses").await, "127.0.0.1");
        assert_eq!(show(&settings, "SHOW unix_socket_directories").await, "");
        assert_eq!(show(&settings, "SHOW fsync").await, "off");
        postgres.stop().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn is_durable_unless_told_otherwise() {
    bounded(async {
        let postgres = PrivatePostgres::start(&PostgresOptions::temporary()).await.unwrap();
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            assert_eq!(show(&postgres.settings(), &format!("SHOW {setting}")).await, "on", "{setting}");
        }
    })
    .await;
}

#[tokio::test]
async fn refuses_whoever_does_not_know_the_password() {
    bounded(async {
        let postgres = start().await;
        for password in [None, Some("guess".to_owned())] {
            let stranger = PgSettings { password, ..postgres.settings() };
            assert!(connect(&stranger, "test").await.is_err());
        }
        let password = postgres.settings().password.unwrap();
        assert!(password.len() >= 32, "a password worth the name");
        assert!(!format!("{postgres:?}").contains(&password));
        let other = start().await;
        assert_ne!(other.settings().password, Some(password), "each server has its own");
    })
    .await;
}

#[tokio::test]
async fn stop_and_drop_leave_no_process_and_no_file() {
    bounded(async {
        let above = tempfile::tempdir().unwrap();
        open(above.path());
        for orderly in [true, false] {
            let folder = above.path().join("postgres");
            let postgres =
                PrivatePostgres::start(&PostgresOptions::in_folder(&folder).without_fsync()).await.unwrap();
            let process = postgres.process_id();
            assert!(holder::runs(process) && folder.is_dir());
            if orderly {
                postgres.stop().await.unwrap();
            } else {
                drop(postgres);
            }
            assert!(!holder::runs(process));
            assert!(!folder.exists(), "its files remain");
        }
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_was_there_is_kept_and_taken_up_again() {
    bounded(async {
        let above = tempfile::tempdir().unwrap();
        open(above.path());
        let folder = above.path().join("kept");
        std::fs::create_dir(&folder).unwrap();
        let options = PostgresOptions::in_folder(&folder).without_fsync();
        let first = PrivatePostgres::start(&options).await.unwrap();
        first.create_database("remembered").await.unwrap();
        first.stop().await.unwrap();
        let second = PrivatePostgres::start(&options).await.unwrap();
        let remembered = PgSettings { dbname: "remembered".to_owned(), ..second.settings() };
        assert_eq!(show(&remembered, "SELECT current_database()::text").await, "remembered");
    })
    .await;
}

#[tokio::test]
async fn what_was_committed_survives_both_ways_to_restart() {
    bounded(async {
        let mut postgres =
            PrivatePostgres::start(&PostgresOptions::temporary().without_fsync()).await.unwrap();
        let settings = postgres.create_database("odd \"name\"").await.unwrap();
        let before = postgres.process_id();
        let client = connect(&settings, "test").await.unwrap();
        client.batch_execute("CREATE TABLE kept (n bigint); INSERT INTO kept VALUES (1)").await.unwrap();
        postgres.restart_fast().await.unwrap();
        assert!(client.query("SELECT 1", &[]).await.is_err(), "a restart cuts clients off");
        let client = connect(&settings, "test").await.unwrap();
        client.batch_execute("INSERT INTO kept VALUES (2)").await.unwrap();
        postgres.restart_immediate().await.unwrap();
        assert_eq!(show(&settings, "SELECT string_agg(n::text, ',' ORDER BY n) FROM kept").await, "1,2");
        assert!(!holder::runs(before) && postgres.process_id() != before);
    })
    .await;
}

#[tokio::test]
async fn a_folder_it_cannot_use_is_refused_with_advice() {
    bounded(async {
        let above = tempfile::tempdir().unwrap();
        open(above.path());
        std::fs::write(above.path().join("diary"), "mine").unwrap();
        let error = PrivatePostgres::start(&PostgresOptions::in_folder(above.path())).await.unwrap_err();
        assert!(matches!(error, LocalError::Unusable(_)), "{error}");
        assert!(error.to_string().contains("is not empty"), "{error}");
        assert!(above.path().join("diary").is_file());
        if nix::unistd::Uid::effective().is_root() {
            let closed = tempfile::tempdir().unwrap();
            mode(closed.path(), 0o700);
            let folder = closed.path().join("postgres");
            let error = PrivatePostgres::start(&PostgresOptions::in_folder(&folder)).await.unwrap_err();
            assert!(error.to_string().contains("cannot reach"), "{error}");
            assert!(!folder.exists(), "a refused start leaves nothing behind");
        }
    })
    .await;
}

#[tokio::test]
async fn ends_when_its_parent_is_killed() {
    bounded(async {
        let mut holder = Holder::start("holds_a_postgres");
        holder.kill_and_wait_for_the_end_of_what_it_held(Duration::from_secs(20)).await;
    })
    .await;
}

/// The other side of [`ends_when_its_parent_is_killed`].
#[tokio::test]
#[ignore = "run by ends_when_its_parent_is_killed in a process of its own"]
async fn holds_a_postgres() {
    let Some(folder) = holder::folder() else { return };
    let options = PostgresOptions::in_folder(folder.join("postgres")).without_fsync();
    let postgres = PrivatePostgres::start(&options).await.unwrap();
    holder::hold(postgres.process_id());
}

/// Lets another user pass: as root, Postgres runs as one.
fn open(folder: &std::path::Path) {
    mode(folder, 0o755);
}

fn mode(folder: &std::path::Path, bits: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(bits)).unwrap();
}
