//! The smallest client that can ask our API.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
};

/// The whole answer: head and body.
pub async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub async fn json(address: &str, path: &str) -> Value {
    let answer = get(address, path).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
}

/// Asks until the answer begins with `start`, and returns it.
pub async fn until(address: &str, path: &str, start: &str, limit: Duration) -> String {
    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        pace.tick().await;
        if TcpStream::connect(address).await.is_ok() {
            let answer = get(address, path).await;
            if answer.starts_with(start) {
                return answer;
            }
            assert!(begin.elapsed() < limit, "{path}: {answer}");
        }
        assert!(begin.elapsed() < limit, "nobody listens at {address}");
    }
}

/// A listener to server-sent events.
pub struct Pushes {
    lines: Lines<BufReader<TcpStream>>,
}

impl Pushes {
    pub async fn listen(address: &str, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Without chunks, which HTTP/1.0 does not know.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        assert!(lines.next_line().await.unwrap().unwrap().contains(" 200 "));
        Self { lines }
    }

    /// The first event for which `wanted` holds.
    pub async fn until(&mut self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let seen = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("the stream ended");
                if let Some(data) = line.strip_prefix("data: ") {
                    let event: Value = serde_json::from_str(data).unwrap();
                    if wanted(&event) {
                        return event;
                    }
                }
            }
        };
        tokio::time::timeout(limit, seen).await.expect("no such event in time")
    }
}
