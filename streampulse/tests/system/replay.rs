//! Going back, by our own command and by Kafka's reset tool: afterwards the tables equal a run from scratch.

use std::time::Duration;

use generator::Truth;
use tokio_postgres::Client;

use crate::{
    exactly_once::assert_same,
    stage::{Processor, Stage, troubled},
};

const LIMIT: Duration = Duration::from_secs(120);
const EVENTS: u64 = 40_000;

/// A stage whose topic was read to its end by the processors that are returned.
async fn read_to_the_end(test: &str, processors: usize) -> Option<(Stage, Client, Truth, Vec<Processor>)> {
    let stage = Stage::set(test, "content-downloads", 4).await?;
    let client = stage.client().await;
    let truth = stage.send(troubled(21), EVENTS, None).await.unwrap();
    let processors: Vec<_> = (0..processors).map(|_| stage.processor(&["--threads", "2"])).collect();
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    Some((stage, client, truth, processors))
}

fn replay(stage: &Stage, arguments: &[&str]) -> std::process::Output {
    stage.streampulse(&["replay"]).args(arguments).output().unwrap()
}

fn succeeded(output: &std::process::Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn middle(client: &Client) -> i64 {
    let query = "SELECT next_offset / 2 FROM partition_progress WHERE source_partition = 0";
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// Identity and version of every row that a rewind of partition 0 to `from` must not touch.
async fn untouchable(client: &Client, from: i64) -> Vec<String> {
    let query = "SELECT t::text || ' ' || t.xmin FROM region_health_partial t
        WHERE NOT EXISTS (SELECT FROM window_span s WHERE s.source_partition = 0 AND t.source_partition = 0
            AND s.window_start = t.window_start AND s.last_offset >= $1)
        ORDER BY 1";
    client.query(query, &[&from]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_a_running_group_ends_as_a_run_from_scratch() {
    let test = "a_replay_of_a_running_group_ends_as_a_run_from_scratch";
    let Some((stage, client, truth, processors)) = read_to_the_end(test, 2).await else { return };
    let before = stage.contents().await;
    let alerts = "SELECT id::text || created_at::text || window_start::text FROM alerts ORDER BY id";
    let alerts_before = stage.column(&client, alerts).await;
    assert!(!alerts_before.is_empty());
    let from = middle(&client).await;
    let others = untouchable(&client, from).await;
    assert!(!others.is_empty());

    let from = from.to_string();
    succeeded(&replay(&stage, &["--from", &from, "--partitions", "0", "--plan"]));
    assert_eq!(stage.contents().await, before, "a plan changes nothing");
    succeeded(&replay(&stage, &["--from", &from, "--partitions", "0", "--apply", "--wait"]));
    let audit = stage
        .column(
            &client,
            "SELECT state || ' ' || (windows > 1) || ' ' || (rows_removed > 1) FROM replay_partitions",
        )
        .await;
    assert_eq!(audit, ["done true true"]);

    stage.until_judged(&client, LIMIT).await;
    stage.assert_equals(&truth).await;
    assert_same(&before, &stage.contents().await, "after the replay");
    assert_eq!(
        untouchable(&client, from.parse().unwrap()).await,
        others,
        "rows outside of the replay were written"
    );
    assert_eq!(stage.column(&client, alerts).await, alerts_before, "a replay doubles no alert");

    // Everything, by time, and only the middle of it.
    succeeded(&replay(&stage, &["--from", "2020-01-01T00:00:00Z", "--apply", "--wait"]));
    stage.assert_equals(&truth).await;
    succeeded(&replay(&stage, &["--from", "100", "--to", "700", "--apply", "--wait"]));
    stage.until_judged(&client, LIMIT).await;
    stage.assert_equals(&truth).await;
    assert_same(&before, &stage.contents().await, "after three replays");
    for processor in processors {
        processor.stop().await;
    }
}

/// Makes each commit take so long that a replay is still under way when the next one is asked for.
const SLOW_COMMITS: &str = "CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_sleep(0.2);
        RETURN NULL;
    END $$;
    CREATE TRIGGER rest AFTER UPDATE OF next_offset ON partition_progress
        FOR EACH ROW WHEN (NEW.next_offset > OLD.next_offset) EXECUTE FUNCTION rest();";

/// Every partition was set back, has read on, and is not yet where it was.
const ALL_ARE_SET_BACK: &str =
    "SELECT count(*) = 4 AND bool_and(next_offset < until_offset) FROM rewinds JOIN partition_progress
    USING (stream, source_partition)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replays_that_overlap_are_merged_and_end_as_a_run_from_scratch() {
    let test = "replays_that_overlap_are_merged_and_end_as_a_run_from_scratch";
    let Some((stage, client, truth, processors)) = read_to_the_end(test, 1).await else { return };
    let before = stage.contents().await;
    for processor in processors {
        processor.stop().await;
    }
    client.batch_execute(SLOW_COMMITS).await.unwrap();
    let slow = ["--threads", "1", "--commit-events", "400", "--catch-up-interval", "5ms"];
    let processors = [stage.processor(&slow), stage.processor(&slow)];
    let requests: [&[&str]; 4] = [
        &["--from", "2000"],
        // From further back, from further on, and a part of what is under way.
        &["--from", "500"],
        &["--from", "3000"],
        &["--from", "1000", "--to", "1500"],
    ];
    for (number, request) in requests.iter().enumerate() {
        if number > 0 {
            stage.until(&client, ALL_ARE_SET_BACK, LIMIT).await;
        }
        succeeded(&replay(&stage, &[request, &["--apply"][..]].concat()));
        let taken_up = "SELECT count(*) = 0 FROM replay_partitions WHERE state = 'requested'";
        stage.until(&client, taken_up, LIMIT).await;
    }
    client.batch_execute("ALTER TABLE partition_progress DISABLE TRIGGER rest").await.unwrap();
    stage.until(&client, "SELECT count(*) = 0 FROM rewinds", LIMIT).await;
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    for processor in processors {
        processor.stop().await;
    }
    let states = "SELECT replay_id || ' ' || string_agg(DISTINCT state, ' ') FROM replay_partitions
        GROUP BY replay_id ORDER BY replay_id";
    assert_eq!(stage.column(&client, states).await, ["1 merged", "2 merged", "3 merged", "4 done"]);
    stage.assert_equals(&truth).await;
    assert_same(&before, &stage.contents().await, "after the replays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafkas_reset_tool_is_honoured_on_the_next_start_and_survives_a_kill() {
    let test = "kafkas_reset_tool_is_honoured_on_the_next_start_and_survives_a_kill";
    let Some((stage, client, truth, processors)) = read_to_the_end(test, 1).await else { return };
    let before = stage.contents().await;
    let refused = stage.try_reset_offsets(&["--to-earliest"]).await;
    assert!(refused.is_err() || !refused.unwrap().contains(&stage.topic), "a group with members was reset");
    for processor in processors {
        processor.stop().await;
    }
    stage.reset_offsets(&["--to-earliest"]).await;
    // Slow enough that the kill comes in the midst of it.
    let slow = ["--threads", "1", "--commit-events", "500", "--catch-up-interval", "5ms"];
    let mut killed = stage.processor(&slow);
    stage
        .until(
            &client,
            "SELECT count(*) > 0 AND bool_or(next_offset > 500) FROM rewinds JOIN partition_progress
        USING (stream, source_partition) WHERE next_offset < until_offset",
            LIMIT,
        )
        .await;
    killed.kill();
    let processor = stage.processor(&["--threads", "1"]);
    stage.until(&client, "SELECT count(*) = 0 FROM rewinds", LIMIT).await;
    stage.until_committed(&client, EVENTS, LIMIT).await;
    stage.until_judged(&client, LIMIT).await;
    processor.stop().await;
    stage.assert_equals(&truth).await;
    assert_same(&before, &stage.contents().await, "after the reset");
    let audit = stage.column(&client, "SELECT DISTINCT request FROM replays").await;
    assert_eq!(audit, ["reset of the group's offset"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_forward_is_a_gap_that_is_told() {
    let test = "a_reset_forward_is_a_gap_that_is_told";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let client = stage.client().await;
    stage.send(troubled(22), 1_000, None).await.unwrap();
    let processor = stage.processor(&["--threads", "1"]);
    stage.until_committed(&client, 1_000, LIMIT).await;
    processor.stop().await;
    stage.send(troubled(23), 1_000, None).await.unwrap();
    stage.reset_offsets(&["--to-offset", "1600"]).await;
    let processor = stage.processor(&["--threads", "1"]);
    stage.until_committed(&client, 2_000, LIMIT).await;
    processor.stop().await;
    let gaps =
        stage.column(&client, "SELECT from_offset || ' ' || to_offset || ' ' || reason FROM data_gaps").await;
    assert_eq!(gaps, ["1000 1600 operator reset"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_cannot_be_is_refused() {
    let test = "a_replay_that_cannot_be_is_refused";
    let Some(stage) = Stage::set(test, "content-downloads", 1).await else { return };
    let client = stage.client().await;
    let refused = |arguments: &[&str], words: &[&str]| {
        let output = replay(&stage, arguments);
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{printed}");
        assert_eq!(printed.lines().count(), 1, "{printed}");
        for word in words {
            assert!(printed.contains(word), "'{word}' is missing in: {printed}");
        }
    };
    refused(&["--from", "0", "--plan"], &["content-downloads", "no processor"]);
    stage.send(troubled(24), 500, None).await.unwrap();
    let processor = stage.processor(&["--threads", "1"]);
    stage.until_committed(&client, 500, LIMIT).await;
    processor.stop().await;
    refused(&["--from", "2999-01-01T00:00:00Z", "--plan"], &["future"]);
    refused(&["--from", "501", "--apply"], &["500", "goes back"]);
    refused(&["--from", "0", "--partitions", "9", "--plan"], &["partition 9"]);
    refused(&["--from", "20", "--to", "20", "--plan"], &["nothing lies between"]);
    refused(&["--cancel", "77"], &["77"]);

    // Nobody runs: a request waits, and can be taken back.
    succeeded(&replay(&stage, &["--from", "0", "--apply"]));
    let states = "SELECT state FROM replay_partitions";
    assert_eq!(stage.column(&client, states).await, ["requested"]);
    let id = stage.column(&client, "SELECT id::text FROM replays").await.remove(0);
    succeeded(&replay(&stage, &["--cancel", &id]));
    assert_eq!(stage.column(&client, states).await, ["cancelled"]);
}
