//! A database that is away: two commit units at most are kept, and the group does not notice.

use std::time::{Duration, Instant};

use generator::Truth;

use crate::{
    http,
    stage::{Processor, Stage, troubled},
    tap::Tap,
};

const LIMIT: Duration = Duration::from_secs(60);
const UNIT: i64 = 1_000;
/// A member that does not poll for so long is put out of its group.
const LONGEST_WITHOUT_POLL: Duration = Duration::from_secs(3);
const EVENTS: u64 = 60_000;

/// Notes how many records each commit takes the partitions forward.
const NOTE_UNITS: &str = "CREATE TABLE units (tx xid8, events bigint);
    CREATE FUNCTION note_unit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO units VALUES (pg_current_xact_id(), NEW.next_offset - OLD.next_offset);
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_unit AFTER UPDATE OF next_offset ON partition_progress
        FOR EACH ROW EXECUTE FUNCTION note_unit();";

/// In KiB.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

async fn rebalances(address: &str) -> String {
    let metrics = http::get(address, "/metrics").await;
    metrics.lines().find(|line| line.starts_with("rebalances_total{")).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_second_unit_pauses_the_partitions_while_polling_goes_on() {
    let test = "a_full_second_unit_pauses_the_partitions_while_polling_goes_on";
    let Some(stage) = Stage::set(test, "content-downloads", 2).await else { return };
    let client = stage.client().await;
    client.batch_execute(NOTE_UNITS).await.unwrap();
    let tap = Tap::before(stage.pg.port).await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut command = stage.processor_command(&["--threads", "1", "--monitor-port", &port.to_string()]);
    command.args(["--commit-events", &UNIT.to_string()]);
    let longest = LONGEST_WITHOUT_POLL.as_millis();
    command.args(["--kafka-property", &format!("max.poll.interval.ms={longest}")]);
    let processor = Processor::spawn(command.env("DATABASE_URL", stage.url_through(tap.port)));
    let truth = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    stage.send_between(&truth, troubled(81), 500, (60, 40)).await;
    stage.until_committed(&client, 500, LIMIT).await;
    http::until(&address, "/readyz", "HTTP/1.1 200", LIMIT).await;
    let (members, before) = (rebalances(&address).await, resident(processor.id()));

    tap.refuse(true);
    stage.send_between(&truth, troubled(82), EVENTS, (40, 0)).await;
    http::until(&address, "/readyz", "HTTP/1.1 503", LIMIT).await;
    let (begin, mut peak) = (Instant::now(), 0);
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    while begin.elapsed() < 3 * LONGEST_WITHOUT_POLL {
        pace.tick().await;
        peak = peak.max(resident(processor.id()));
    }
    assert_eq!(stage.committed(&client).await, 500, "the database was not away");
    assert_eq!(rebalances(&address).await, members, "the group noticed");
    assert!(peak < before + 64 * 1_024, "{before} KiB grew to {peak} KiB");

    tap.refuse(false);
    stage.until_committed(&client, 500 + EVENTS, LIMIT).await;
    let epochs = stage.column(&client, "SELECT DISTINCT owner_epoch::text FROM partition_progress").await;
    assert_eq!(epochs, ["1"], "a partition changed hands");
    processor.stop().await;
    stage.assert_equals(&Truth::load(&truth).unwrap()).await;
    let largest = "SELECT max(events)::bigint FROM (SELECT sum(events) AS events FROM units GROUP BY tx) u";
    let largest: i64 = client.query_one(largest, &[]).await.unwrap().get(0);
    // One more may come between the moment it is full and the pause.
    assert!((UNIT..=UNIT + 1).contains(&largest), "a commit of {largest} events");
}
