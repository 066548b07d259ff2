//! One request over a connection of its own, and all that is answered.

use std::collections::HashMap;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    headers: HashMap<String, String>,
    pub body: String,
}

/// Asks and leaves without waiting for the answer; the connection is as open as the stream.
pub async fn begin(address: &str, path: &str, headers: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

pub async fn get(address: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut stream = begin(address, path, headers).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {answer:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers: HashMap<String, String> = HashMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let values = headers.entry(name.to_lowercase()).or_default();
        let comma = if values.is_empty() { "" } else { ", " };
        values.push_str(&format!("{comma}{value}"));
    }
    Reply { status, headers, body: body.to_owned() }
}

impl Reply {
    /// Empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}
