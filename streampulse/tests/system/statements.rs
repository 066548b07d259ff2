//! What a commit costs the database does not grow with the events in it, but with the rows they change.

use std::time::Duration;

use generator::{Source, Workload};
use tokio_postgres::Client;

use crate::stage::{Stage, troubled};

const LIMIT: Duration = Duration::from_secs(60);
const EVENTS: u64 = 20_000;

/// Notes each statement that a commit makes, by transaction and table.
const NOTE_STATEMENTS: &str = "CREATE TABLE statements (tx xid8, written text);
    CREATE FUNCTION note_statement() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO statements VALUES (pg_current_xact_id(), TG_TABLE_NAME);
        RETURN NULL;
    END $$;";

const WRITTEN: [&str; 7] = [
    "content_stats_partial",
    "region_health_partial",
    "device_stats_partial",
    "window_span",
    "dead_letters",
    "late_events",
    "event_samples",
];

/// Most statements that one commit made for one table, tables written to, commits.
async fn noted(client: &Client) -> (i64, i64, i64) {
    let counted = "SELECT max(n)::bigint, count(DISTINCT written)::bigint, count(DISTINCT tx)::bigint
                   FROM (SELECT tx, written, count(*) AS n FROM statements GROUP BY tx, written) s";
    let row = client.query_one(counted, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// A client of tables whose statements are noted from now on.
async fn noting_client(stage: &Stage) -> Client {
    let client = stage.client().await;
    client.batch_execute(NOTE_STATEMENTS).await.unwrap();
    for table in WRITTEN {
        let trigger = format!(
            "CREATE TRIGGER note_statement AFTER INSERT ON {table}
             FOR EACH STATEMENT EXECUTE FUNCTION note_statement()"
        );
        client.batch_execute(&trigger).await.unwrap();
    }
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_makes_one_statement_per_table_however_many_events_it_holds() {
    let test = "a_commit_makes_one_statement_per_table_however_many_events_it_holds";
    let Some(stage) = Stage::set(test, "content-downloads", 4).await else { return };
    let client = noting_client(&stage).await;
    let truth = stage.send_history(troubled(91), EVENTS, 10 * 60_000).await.unwrap();
    let processor = stage.processor(&["--threads", "1"]);
    stage.until_committed(&client, EVENTS, LIMIT).await;
    processor.stop().await;
    stage.assert_equals(&truth).await;
    let (most, tables, commits) = noted(&client).await;
    assert_eq!((most, tables), (1, 7), "statements per table and commit, tables");
    let commits = u64::try_from(commits).unwrap();
    assert!(commits * 100 < EVENTS, "{commits} commits for {EVENTS} events: too few in each to tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_many_rows_makes_one_statement_for_8192_of_them() {
    let test = "a_commit_of_many_rows_makes_one_statement_for_8192_of_them";
    let Some(stage) = Stage::set(test, "content-downloads", 4).await else { return };
    let client = noting_client(&stage).await;
    let workload =
        Source::Downloads(Workload { seed: 92, contents: 50_000, zipf: 0.0, ..Workload::default() });
    let truth = stage.send_history(workload, EVENTS, 2 * 60_000).await.unwrap();
    // All of them in one commit.
    let processor = stage.processor(&["--threads", "1", "--catch-up-interval", "1m"]);
    stage.until_committed(&client, EVENTS, LIMIT).await;
    processor.stop().await;
    stage.assert_equals(&truth).await;
    let rows = "SELECT count(*) FROM content_stats_partial";
    let rows: i64 = client.query_one(rows, &[]).await.unwrap().get(0);
    let (most, ..) = noted(&client).await;
    assert!(rows > 2 * 8_192, "{rows} rows");
    assert!((2..=(rows + 8_191) / 8_192).contains(&most), "{most} statements for {rows} rows");
}
