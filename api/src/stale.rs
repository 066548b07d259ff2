//! What an answer says of itself that was kept from before the database went away.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use serde_json::Value;

/// As of RFC 7234, 5.5.1.
const WARNING: HeaderValue = HeaderValue::from_static("110 - \"Response is Stale\"");

/// `age` is the time since it was loaded.
pub(crate) fn mark(headers: &mut HeaderMap, age: Duration) {
    headers.insert(header::WARNING, WARNING);
    headers.insert(header::AGE, HeaderValue::from(age.as_secs()));
}

/// The same answer with `meta.stale`; `None` where it has no `meta` to say it in, such as a CSV.
pub(crate) fn marked(body: &[u8]) -> Option<Bytes> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    answer.get_mut("meta")?.as_object_mut()?.insert("stale".to_owned(), Value::Bool(true));
    serde_json::to_vec(&answer).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_has_a_meta_says_it_there() {
        let body = json!({ "data": [{ "rate": 0.1, "meta": 1 }], "meta": { "data_version": 7 } });
        let marked = marked(body.to_string().as_bytes()).unwrap();
        let expected =
            json!({ "data": [{ "rate": 0.1, "meta": 1 }], "meta": { "data_version": 7, "stale": true } });
        assert_eq!(serde_json::from_slice::<Value>(&marked).unwrap(), expected);
        for other in ["a,b\r\n1,2\r\n", "{\"data\": []}", "[]", "{\"a\": 1}\n{\"a\": 2}\n", ""] {
            assert!(super::marked(other.as_bytes()).is_none(), "{other}");
        }
    }
}
