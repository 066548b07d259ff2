//! What the processor's and the API's users may do in the database.

use common::db::{self, PgSettings};
use streampulse::local::postgres::{PostgresOptions, PrivatePostgres};
use tokio_postgres::{Client, error::SqlState};

use crate::house::House;

/// A user who logs in and is a member of `role`.
async fn user(house: &House, role: &str) -> (PgSettings, Client) {
    let name = format!("{}_{role}", house.pg.dbname);
    let sql = format!("CREATE ROLE {name} LOGIN PASSWORD 'secret' IN ROLE {role}");
    house.client.batch_execute(&sql).await.unwrap();
    let settings = PgSettings { user: name, password: Some("secret".to_owned()), ..house.pg.clone() };
    let client = db::connect(&settings, "test").await.unwrap();
    (settings, client)
}

async fn assert_forbidden(client: &Client, statements: &[&str]) {
    for sql in statements {
        // Rolled back where it should succeed, so that one failure does not hide the next.
        let refused = client.batch_execute(&format!("BEGIN; {sql}; ROLLBACK")).await;
        let _ = client.batch_execute("ROLLBACK").await;
        let code = refused.expect_err(sql).code().cloned();
        assert_eq!(code, Some(SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
}

async fn assert_allowed(client: &Client, statements: &[&str]) {
    for sql in statements {
        client
            .batch_execute(&format!("BEGIN; {sql}; ROLLBACK"))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

/// What neither may.
const OWNERS: [&str; 10] = [
    "CREATE TABLE mine (n int)",
    "DROP TABLE alerts",
    "ALTER TABLE content_stats_partial ADD COLUMN n int",
    "TRUNCATE content_stats_partial",
    "TRUNCATE api_audit",
    "CREATE ROLE mine",
    "INSERT INTO api_tokens (name, scope, secret_sha256, created_by) VALUES ('x', 'admin', sha256('x'), 'x')",
    "UPDATE api_tokens SET scope = 'admin'",
    "DELETE FROM api_audit",
    "UPDATE refinery_schema_history SET version = 1",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_do_what_it_needs_and_nothing_else() {
    let house = House::open().await;
    // Twice: what is there already is left as it is.
    for _ in 0..2 {
        let migrated = house.streampulse(&["migrate", "--stream", "content-downloads,web-requests"]);
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        assert!(!String::from_utf8_lossy(&migrated.stderr).contains("rights"));
    }
    house
        .client
        .batch_execute("SELECT ensure_day_partition('content_stats_partial', '2026-01-02')")
        .await
        .unwrap();

    let (_, api) = user(&house, "streampulse_api").await;
    assert_forbidden(&api, &OWNERS).await;
    assert_forbidden(
        &api,
        &[
            "DELETE FROM alerts",
            "UPDATE alerts SET severity = 'INFO'",
            "INSERT INTO alerts (stream) VALUES ('x')",
            "UPDATE api_audit SET token = 'x'",
            "DELETE FROM alert_silences",
            "UPDATE alert_silences SET until = now()",
            "DELETE FROM annotations",
            "UPDATE partition_progress SET next_offset = 0",
            "INSERT INTO data_gaps VALUES ('s', 0, 0, 1, 'x', 'x')",
            "DELETE FROM content_stats_partial",
            "INSERT INTO content_stats_partial (window_start) VALUES (now())",
            "UPDATE replay_partitions SET from_offset = 0",
            "DELETE FROM replays",
            "DELETE FROM dead_letters",
            "UPDATE stream_definitions SET consumer_group = 'x'",
            "SELECT ensure_day_partition('content_stats_partial', '2026-01-03')",
        ],
    )
    .await;
    assert_allowed(&api, &["SELECT FROM content_stats", "SELECT FROM v_latest_content_stats"]).await;

    let (_, processor) = user(&house, "streampulse_processor").await;
    assert_forbidden(&processor, &OWNERS).await;
    assert_forbidden(
        &processor,
        &[
            "SELECT FROM api_tokens",
            "SELECT FROM api_audit",
            "INSERT INTO api_audit (token, action, subject, request_id) VALUES ('x', 'x', 'x', 'x')",
            "SELECT FROM annotations",
            "UPDATE stream_control SET paused = false",
            "INSERT INTO alert_silences (stream) VALUES ('x')",
            "UPDATE stream_definitions SET fingerprint = 'x'",
            "DELETE FROM partition_progress",
            "DELETE FROM data_gaps",
            "DELETE FROM replays",
            "CREATE TABLE content_stats_partial_20260105 PARTITION OF content_stats_partial \
             FOR VALUES FROM ('2026-01-05') TO ('2026-01-06')",
        ],
    )
    .await;
    assert_allowed(&processor, &["SELECT ensure_day_partition('content_stats_partial', '2026-01-04')"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_are_made_later_have_their_rights_too() {
    let house = House::open().await;
    assert!(house.streampulse(&["migrate"]).status.success());
    house.client.batch_execute("CREATE TABLE later_partial (n int)").await.unwrap();
    let (_, api) = user(&house, "streampulse_api").await;
    let (_, processor) = user(&house, "streampulse_processor").await;
    assert_allowed(&api, &["SELECT FROM later_partial"]).await;
    assert_forbidden(&api, &["INSERT INTO later_partial VALUES (1)"]).await;
    assert_allowed(&processor, &["INSERT INTO later_partial VALUES (1); DELETE FROM later_partial"]).await;
    assert_forbidden(&processor, &["TRUNCATE later_partial"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_who_may_make_no_roles_is_told_and_goes_on() {
    let postgres = PrivatePostgres::start(&PostgresOptions::temporary().without_fsync()).await.unwrap();
    let settings = postgres.create_database("humble").await.unwrap();
    let client = db::connect(&settings, "test").await.unwrap();
    client
        .batch_execute("CREATE ROLE humble LOGIN PASSWORD 'secret'; ALTER DATABASE humble OWNER TO humble")
        .await
        .unwrap();
    let url = format!("postgres://humble:secret@127.0.0.1:{}/humble", settings.port);
    let migrate = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_streampulse"))
            .env_clear()
            .env("DATABASE_URL", &url)
            .arg("migrate")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    let told = migrate();
    assert!(
        told.contains("CREATE ROLE streampulse_processor NOLOGIN") && told.contains("permission denied"),
        "{told}"
    );
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 'content_stats_partial'";
    assert_eq!(client.query_one(tables, &[]).await.unwrap().get::<_, i64>(0), 1);

    // An administrator makes them, as told.
    client
        .batch_execute("CREATE ROLE streampulse_processor NOLOGIN; CREATE ROLE streampulse_api NOLOGIN")
        .await
        .unwrap();
    let told = migrate();
    assert!(!told.contains("CREATE ROLE"), "{told}");
    let may = "SELECT has_table_privilege('streampulse_processor', 'content_stats_partial', 'INSERT')";
    assert!(client.query_one(may, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_logins_of_the_containers_are_members_of_the_roles_and_can_be_made_again() {
    let house = House::open().await;
    assert!(house.streampulse(&["migrate"]).status.success());
    let pg = &house.pg;
    for password in ["first-1", "it's $another"] {
        let made = std::process::Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--file"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/logins.sql"))
            .envs([("PGHOST", &pg.host), ("PGDATABASE", &pg.dbname), ("PGUSER", &pg.user)])
            .env("PGPORT", pg.port.to_string())
            .env("PGPASSWORD", pg.password.clone().unwrap())
            .envs([("PROCESSOR_PG_PASSWORD", password), ("API_PG_PASSWORD", password)])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for (user, role) in [("pulse_processor", "streampulse_processor"), ("pulse_api", "streampulse_api")] {
            let settings =
                PgSettings { user: user.to_owned(), password: Some(password.to_owned()), ..pg.clone() };
            let client = db::connect(&settings, "test").await.unwrap();
            let member = "SELECT array_agg(roleid::regrole::text) FROM pg_auth_members
                          WHERE member = current_user::regrole";
            let of: Vec<String> = client.query_one(member, &[]).await.unwrap().get(0);
            assert_eq!(of, [role]);
            assert_allowed(&client, &["SELECT * FROM partition_progress"]).await;
            assert_forbidden(&client, &OWNERS).await;
        }
    }
}
