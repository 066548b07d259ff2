use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::KafkaError,
};

use crate::local::LocalError;

const LIMIT: Duration = Duration::from_secs(30);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Makes the topic and waits until every partition has a leader that answers.
pub(super) async fn create(
    address: &str,
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> Result<(), LocalError> {
    let refused = |reason: String| LocalError::Broker { action: format!("cannot make topic {name}"), reason };
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", address)
        .create()
        .map_err(|error| refused(error.to_string()))?;
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    for (key, value) in configs {
        topic = topic.set(key, value);
    }
    let options = AdminOptions::new().operation_timeout(Some(LIMIT)).request_timeout(Some(LIMIT));
    let results =
        admin.create_topics([&topic], &options).await.map_err(|error| refused(error.to_string()))?;
    for result in results {
        result.map_err(|(_, code)| refused(code.to_string()))?;
    }
    let wanted = usize::try_from(partitions).unwrap_or_default();
    let name = name.to_owned();
    let waited = tokio::task::spawn_blocking(move || wait_for_leaders(&admin, &name, wanted)).await;
    waited.map_err(|error| refused(error.to_string()))?.map_err(refused)
}

/// Each look is an answer of the broker, so this asks again rather than sleeps.
fn wait_for_leaders(
    admin: &AdminClient<DefaultClientContext>,
    name: &str,
    wanted: usize,
) -> Result<(), String> {
    let begin = std::time::Instant::now();
    loop {
        let led = leaders(admin, name).map_err(|error| error.to_string())?;
        // A broker that is named as leader may not know it yet.
        if led == wanted && (0..led).all(|partition| answers(admin, name, partition)) {
            return Ok(());
        }
        if begin.elapsed() > LIMIT {
            return Err(format!("{led} of {wanted} partitions have a leader that answers after {LIMIT:?}"));
        }
    }
}

fn answers(admin: &AdminClient<DefaultClientContext>, name: &str, partition: usize) -> bool {
    i32::try_from(partition)
        .is_ok_and(|partition| admin.inner().fetch_watermarks(name, partition, ANSWER_LIMIT).is_ok())
}

fn leaders(admin: &AdminClient<DefaultClientContext>, name: &str) -> Result<usize, KafkaError> {
    let metadata = admin.inner().fetch_metadata(Some(name), ANSWER_LIMIT)?;
    Ok(metadata
        .topics()
        .iter()
        .flat_map(rdkafka::metadata::MetadataTopic::partitions)
        .filter(|partition| partition.leader() >= 0)
        .count())
}
