//! What is pushed, over server-sent events and over WebSockets.

use std::collections::HashMap;

use api::ApiSettings;
use common::duration::Millis;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    house::House,
    listener::{Events, LIMIT, Socket},
};

const EVENTS: &str = "/api/stream/events";
const SOCKET: &str = "/api/stream/ws";

/// A commit of the pipeline, as the API sees it.
async fn commit(house: &House) {
    house.client.execute("UPDATE partition_progress SET commit_seq = commit_seq + 1", &[]).await.unwrap();
}

fn data_version(message: &Value) -> i64 {
    message["data"]["meta"]["data_version"].as_i64().unwrap_or_else(|| panic!("{message}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_tell_the_same() {
    let house = House::open().await;
    house.partition(0, 100).await;
    let mut events = Events::listen(&house.address, EVENTS, "").await;
    for header in ["content-type: text/event-stream", "cache-control: no-cache", "x-accel-buffering: no"] {
        assert!(events.head.contains(header), "{}", events.head);
    }
    let mut socket = Socket::open(&house.address, SOCKET).await;
    for version in 1..=3 {
        let [mut event, mut message] = [events.next().await, socket.next().await];
        // A minute may begin between the two.
        while event["id"] != message["id"] {
            (event, message) = (events.next().await, socket.next().await);
        }
        assert_eq!(event, message);
        assert_eq!((data_version(&event), &event["type"]), (version, &"snapshot".into()));
        commit(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pages_that_may_and_clients_with_a_token_get_a_socket() {
    let house = House::with(|settings| settings.require_token = true).await;
    let token = ("authorization", format!("Bearer {}", house.token("eye", "read")));
    let open = async |headers: &[_]| Socket::try_open(&house.address, SOCKET, headers).await.err();
    assert_eq!(open(&[]).await, Some(401));
    assert_eq!(open(&[("authorization", "Bearer guess".to_owned())]).await, Some(401));
    assert_eq!(open(std::slice::from_ref(&token)).await, None);
    for (origin, refused) in [
        (format!("http://{}", house.address), None),
        ("http://localhost:3000".to_owned(), None),
        ("http://evil.example".to_owned(), Some(403)),
        ("null".to_owned(), Some(403)),
    ] {
        assert_eq!(open(&[token.clone(), ("origin", origin.clone())]).await, refused, "{origin}");
    }
    let plain = house.get(SOCKET).await;
    assert_eq!(plain.status, 401, "{plain:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_and_connections_are_those_of_both_ways_together() {
    let house = House::with(|settings| settings.max_subscribers = 2).await;
    let _events = Events::listen(&house.address, EVENTS, "").await;
    let mut socket = Socket::open(&house.address, SOCKET).await;
    assert_eq!(socket.next().await["type"], "snapshot");
    assert_eq!(house.get(EVENTS).await.status, 503);
    assert_eq!(Socket::try_open(&house.address, SOCKET, &[]).await.err(), Some(503));
    socket.say(Message::Close(None)).await;
    while socket.message().await.is_some_and(|message| message.is_ok()) {}
    let begin = std::time::Instant::now();
    while Socket::try_open(&house.address, SOCKET, &[]).await.is_err() {
        assert!(begin.elapsed() < LIMIT, "a place is not given back");
    }

    let house = House::with(|settings| settings.max_connections_per_client = 1).await;
    let mut socket = Socket::open(&house.address, SOCKET).await;
    socket.next().await;
    assert_eq!(house.get("/ping").await.status, 0, "a socket counts as a connection of its client");
    drop(socket);
    house.until("/ping", |answer| answer.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_say_is_ignored_but_not_much_of_it() {
    let house = House::open().await;
    house.partition(0, 100).await;
    let mut socket = Socket::open(&house.address, SOCKET).await;
    socket.next().await;
    for message in [Message::text("{}"), Message::binary(vec![0; 1_024]), Message::Ping("".into())] {
        socket.say(message).await;
    }
    assert!(matches!(socket.message().await, Some(Ok(Message::Pong(_)))));
    commit(&house).await;
    assert_eq!(data_version(&socket.next().await), 2);
    socket.say(Message::text("x".repeat(1_025))).await;
    assert_eq!(socket.closed().await, 1008);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_kept_alive_and_who_answers_nothing_is_cut_off() {
    let house = House::with(|settings: &mut ApiSettings| settings.keep_alive = Millis::new(100)).await;
    let mut socket = Socket::open(&house.address, SOCKET).await;
    let mut pings = 0;
    // More than a client that does not answer would live to see: reading is answering.
    while pings < 6 {
        pings += usize::from(matches!(socket.message().await.unwrap().unwrap(), Message::Ping(_)));
    }
    let mut deaf = socket.into_stream();
    let mut rest = Vec::new();
    tokio::time::timeout(LIMIT, deaf.read_to_end(&mut rest)).await.expect("it stays open").unwrap();

    let mut events = Events::listen(&house.address, EVENTS, "").await;
    while events.line().await.unwrap() != ": keep-alive" {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_end_sockets_are_told_to_go_and_the_server_waits_for_that() {
    let mut house = House::open().await;
    let mut socket = Socket::open(&house.address, SOCKET).await;
    let mut events = Events::listen(&house.address, EVENTS, "").await;
    socket.next().await;
    let ended = tokio::spawn(house.end());
    assert_eq!(socket.closed().await, 1001);
    while events.line().await.is_some() {}
    tokio::time::timeout(LIMIT, ended).await.expect("the server does not end").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_with_the_newest_gets_the_next_one() {
    let house = House::open().await;
    house.partition(0, 100).await;
    let mut first = Events::listen(&house.address, EVENTS, "").await;
    let old = first.next().await["id"].as_str().unwrap().to_owned();
    commit(&house).await;
    let newest = loop {
        let message = first.next().await;
        if data_version(&message) == 2 {
            break message["id"].as_str().unwrap().to_owned();
        }
    };
    let header = |id: &str| format!("Last-Event-ID: {id}\r\n");
    let mut back = Events::listen(&house.address, EVENTS, &header(&newest)).await;
    let mut socket = Socket::open(&house.address, &format!("{SOCKET}?last_event_id={newest}")).await;
    for message in [back.next().await, socket.next().await] {
        // But for a minute that begins just now.
        assert!(message["type"] == "current" || message["id"] != newest.as_str(), "{message}");
    }
    for id in [old.as_str(), "x", "9999999-0-0", "caf\u{e9}", ""] {
        let message = Events::listen(&house.address, EVENTS, &header(id)).await.next().await;
        assert_eq!((&message["type"], data_version(&message)), (&"snapshot".into(), 2), "{id}");
    }
    commit(&house).await;
    for message in [back.next().await, socket.next().await] {
        assert_eq!(message["type"], "snapshot", "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patches_of_the_real_dashboard_make_its_snapshots() {
    let house = House::open().await;
    house.partition(0, 100).await;
    let mut whole = Socket::open(&house.address, SOCKET).await;
    let mut events = Events::listen(&house.address, &format!("{EVENTS}?deltas=true"), "").await;
    let mut socket = Socket::open(&house.address, &format!("{SOCKET}?deltas=1")).await;
    let mut snapshots = HashMap::new();
    let mut patched = [Patched::default(), Patched::default()];
    for version in 1..=10 {
        while snapshots.get("newest") != Some(&version.into()) {
            let message = whole.next().await;
            snapshots.insert("newest".to_owned(), data_version(&message).into());
            snapshots.insert(message["id"].as_str().unwrap().to_owned(), message["data"].clone());
        }
        while patched[0].version() != version {
            patched[0].take(events.next().await);
        }
        while patched[1].version() != version {
            patched[1].take(socket.next().await);
        }
        for patched in &patched {
            if let Some(snapshot) = snapshots.get(&patched.id) {
                assert_eq!(&patched.data, snapshot);
            }
        }
        house.alert("EU", version).await;
        commit(&house).await;
    }
    assert!(patched.iter().all(|patched| patched.patches > 5), "{patched:?}");
}

/// A client that applies patches.
#[derive(Debug, Default)]
struct Patched {
    id: String,
    data: Value,
    patches: usize,
}

impl Patched {
    fn version(&self) -> i32 {
        self.data["meta"]["data_version"].as_i64().map_or(0, |version| i32::try_from(version).unwrap())
    }

    fn take(&mut self, mut message: Value) {
        if message["type"] == "patch" {
            assert_eq!(message["base"], self.id.as_str());
            let patch: json_patch::Patch = serde_json::from_value(message["patch"].take()).unwrap();
            json_patch::patch(&mut self.data, &patch).unwrap();
            self.patches += 1;
        } else {
            assert_eq!(message["type"], "snapshot");
            self.data = message["data"].take();
        }
        message["id"].as_str().unwrap().clone_into(&mut self.id);
    }
}
