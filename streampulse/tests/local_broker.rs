//! The embedded mock broker in its own process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod holder;

use std::time::Duration;

use holder::Holder;
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};
use streampulse::local::{
    LocalError,
    broker::{MIN_PARTITIONS, MockBroker, run_mock_broker},
};

const LIMIT: Duration = Duration::from_secs(60);

/// The child of the tests below: this binary, run again with one test.
#[test]
#[ignore = "run by the other tests in a process of its own"]
fn serves_as_broker() {
    // Does nothing when somebody runs all ignored tests.
    if std::env::args().any(|argument| argument == "serves_as_broker") {
        run_mock_broker(&[("events".to_owned(), MIN_PARTITIONS)]).unwrap();
        // The harness would report on a pipe that nobody reads any more.
        std::process::exit(0);
    }
}

const BROKER: [&str; 4] = ["--exact", "serves_as_broker", "--ignored", "--nocapture"];

async fn spawn() -> MockBroker {
    MockBroker::spawn(&std::env::current_exe().unwrap(), BROKER).await.unwrap()
}

async fn bounded(test: impl Future<Output = ()>) {
    tokio::time::timeout(LIMIT, test).await.expect("the test took longer than its limit");
}

#[tokio::test]
async fn serves_the_topics_it_was_asked_for() {
    bounded(async {
        let mut broker = spawn().await;
        let servers = broker.bootstrap_servers().to_owned();
        let partitions = tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer =
                ClientConfig::new().set("bootstrap.servers", servers).create().unwrap();
            let metadata = consumer.fetch_metadata(Some("events"), Duration::from_secs(20)).unwrap();
            metadata.topics()[0].partitions().len()
        })
        .await
        .unwrap();
        assert_eq!(i32::try_from(partitions).unwrap(), MIN_PARTITIONS);
        assert!(broker.is_running().unwrap());
        let process = broker.process_id();
        drop(broker);
        assert!(!holder::runs(process));
    })
    .await;
}

#[tokio::test]
async fn a_child_without_an_address_is_an_error() {
    bounded(async {
        let nothing: [&str; 0] = [];
        let error = MockBroker::spawn(std::path::Path::new("/bin/true"), nothing).await.unwrap_err();
        assert!(matches!(error, LocalError::Failed { .. }), "{error}");
        let error = MockBroker::spawn(std::path::Path::new("/nowhere/broker"), nothing).await.unwrap_err();
        assert!(matches!(error, LocalError::Io { .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn ends_when_its_parent_is_killed() {
    bounded(async {
        let mut holder = Holder::start("holds_a_broker");
        holder.kill_and_wait_for_the_end_of_what_it_held(Duration::from_secs(20)).await;
    })
    .await;
}

/// The other side of [`ends_when_its_parent_is_killed`].
#[tokio::test]
#[ignore = "run by ends_when_its_parent_is_killed in a process of its own"]
async fn holds_a_broker() {
    if holder::folder().is_some() {
        let broker = spawn().await;
        holder::hold(broker.process_id());
    }
}
