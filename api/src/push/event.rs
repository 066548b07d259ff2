use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use axum::{body::Bytes, extract::ws::Utf8Bytes};
use serde_json::Value;

use crate::cache::Version;

/// Names what a snapshot was rendered from: all that its body changes with, not the data version alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventId(Arc<str>);

impl EventId {
    pub(crate) fn of(version: &Version) -> Self {
        let Version { data_version, state, window } = version;
        Self(format!("{data_version}-{state:016x}-{}", window.as_millis() / 1_000).into())
    }

    pub(super) fn is(&self, text: &str) -> bool {
        *self.0 == *text
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One message as each kind of listener gets it. Clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forms {
    /// A whole server-sent event, with the empty line after it.
    pub(crate) server_sent: Bytes,
    /// The text of a WebSocket message.
    pub(crate) frame: Utf8Bytes,
}

impl Forms {
    fn snapshot(id: &EventId, body: &str) -> Self {
        Self {
            server_sent: format!("id: {id}\nevent: snapshot\ndata: {body}\n\n").into(),
            frame: format!(r#"{{"type":"snapshot","id":"{id}","data":{body}}}"#).into(),
        }
    }

    fn patch(id: &EventId, base: &EventId, operations: &str) -> Self {
        let data = format!(r#""base":"{base}","patch":{operations}}}"#);
        Self {
            server_sent: format!("id: {id}\nevent: patch\ndata: {{{data}\n\n").into(),
            frame: format!(r#"{{"type":"patch","id":"{id}",{data}"#).into(),
        }
    }

    /// The listener has the newest snapshot from before.
    pub(super) fn current(id: &EventId) -> Self {
        Self {
            server_sent: format!("id: {id}\nevent: current\ndata: {{\"id\":\"{id}\"}}\n\n").into(),
            frame: format!(r#"{{"type":"current","id":"{id}"}}"#).into(),
        }
    }

    fn problem(body: &str) -> Self {
        Self {
            server_sent: format!("event: problem\ndata: {body}\n\n").into(),
            frame: format!(r#"{{"type":"problem","data":{body}}}"#).into(),
        }
    }

    fn smaller_than(&self, other: &Self) -> bool {
        self.server_sent.len() < other.server_sent.len() && self.frame.len() < other.frame.len()
    }
}

/// A place in the order of what was published. Unlike an id it is never used again, though the same version is
/// rendered again with another `as_of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sequence(pub(super) u64);

/// What everyone is told, rendered once.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) whole: Forms,
    /// None of a problem.
    pub(super) snapshot: Option<Rendered>,
}

#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) id: EventId,
    pub(super) sequence: Sequence,
    body: Bytes,
    base: Option<Base>,
    /// Made when the first listener wants it.
    patch: OnceLock<Option<Forms>>,
}

/// The snapshot published just before.
#[derive(Debug)]
struct Base {
    id: EventId,
    sequence: Sequence,
    body: Bytes,
}

impl Event {
    /// `body` is JSON on one line. `before` is what was published last.
    pub(super) fn snapshot(id: EventId, sequence: Sequence, body: Bytes, before: Option<&Self>) -> Self {
        let base = before.and_then(|before| before.snapshot.as_ref()).map(|before| Base {
            id: before.id.clone(),
            sequence: before.sequence,
            body: before.body.clone(),
        });
        let whole = Forms::snapshot(&id, &String::from_utf8_lossy(&body));
        Self { whole, snapshot: Some(Rendered { id, sequence, body, base, patch: OnceLock::new() }) }
    }

    pub(super) fn problem(body: &[u8]) -> Self {
        Self { whole: Forms::problem(&String::from_utf8_lossy(body)), snapshot: None }
    }

    /// What makes the snapshot `held` into this one, if that is the one before and it is less to send.
    pub(super) fn patch_of(&self, held: Sequence) -> Option<Forms> {
        let rendered = self.snapshot.as_ref()?;
        let base = rendered.base.as_ref().filter(|base| base.sequence == held)?;
        let patch = rendered.patch.get_or_init(|| {
            let operations = difference(&base.body, &rendered.body)?;
            Some(Forms::patch(&rendered.id, &base.id, &operations))
                .filter(|patch| patch.smaller_than(&self.whole))
        });
        patch.clone()
    }
}

/// RFC 6902.
fn difference(before: &[u8], after: &[u8]) -> Option<String> {
    let [before, after] = [before, after].map(serde_json::from_slice::<Value>);
    serde_json::to_string(&json_patch::diff(&before.ok()?, &after.ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use common::{offset::DataVersion, time::Timestamp};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn whatever_a_snapshot_depends_on_changes_its_id() {
        let version =
            Version { data_version: DataVersion(7), state: 255, window: at("1970-01-01T00:02:00Z") };
        assert_eq!(EventId::of(&version).to_string(), "7-00000000000000ff-120");
        for other in [
            Version { data_version: DataVersion(8), ..version },
            Version { state: 254, ..version },
            Version { window: at("1970-01-01T00:03:00Z"), ..version },
        ] {
            assert_ne!(EventId::of(&other), EventId::of(&version));
        }
    }

    #[test]
    fn a_patch_that_is_not_smaller_is_not_sent() {
        let id = |number| {
            EventId::of(&Version {
                data_version: DataVersion(number),
                state: 0,
                window: at("1970-01-01T00:00:00Z"),
            })
        };
        let first = Event::snapshot(id(1), Sequence(1), r#"{"a":1}"#.into(), None);
        assert_eq!(first.patch_of(Sequence(0)), None, "there is nothing before the first");
        let next = Event::snapshot(id(2), Sequence(2), r#"{"a":2}"#.into(), Some(&first));
        assert_eq!(next.patch_of(Sequence(1)), None);
        let long = |last: u8| Bytes::from(format!(r#"{{"a":"{}","b":{last}}}"#, "x".repeat(500)));
        let first = Event::snapshot(id(1), Sequence(1), long(1), None);
        let next = Event::snapshot(id(2), Sequence(2), long(2), Some(&first));
        let patch = next.patch_of(Sequence(1)).unwrap();
        assert_eq!(
            patch.server_sent,
            "id: 2-0000000000000000-0\nevent: patch\ndata: {\"base\":\"1-0000000000000000-0\",\
             \"patch\":[{\"op\":\"replace\",\"path\":\"/b\",\"value\":2}]}\n\n"
        );
        assert_eq!(
            serde_json::from_str::<Value>(&patch.frame).unwrap(),
            serde_json::json!({
                "type": "patch", "id": "2-0000000000000000-0", "base": "1-0000000000000000-0",
                "patch": [{"op": "replace", "path": "/b", "value": 2}],
            })
        );
        assert_eq!(next.patch_of(Sequence(2)), None, "only from the one just before");
        let problem = Event::problem(b"{}");
        assert_eq!(problem.patch_of(Sequence(1)), None);
        let after = Event::snapshot(id(3), Sequence(3), long(3), Some(&problem));
        assert_eq!(after.patch_of(Sequence(2)), None, "after a problem all is told again");
    }
}
