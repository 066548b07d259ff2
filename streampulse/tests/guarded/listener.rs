//! Clients that are told: over server-sent events and over a WebSocket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

pub const LIMIT: Duration = Duration::from_secs(20);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what).await.expect("nothing came in time")
}

/// Reads server-sent events; gives them in the form of the WebSocket's messages.
pub struct Events {
    lines: Lines<BufReader<TcpStream>>,
    /// Of the answer, in lower case.
    pub head: String,
}

impl Events {
    pub async fn listen(address: &str, path: &str, header: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Without chunks, which HTTP/1.0 does not know.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        let mut head = String::new();
        loop {
            let line = soon(lines.next_line()).await.unwrap().expect("an answer");
            if line.is_empty() {
                return Self { lines, head };
            }
            head.push_str(&line.to_lowercase());
            head.push('\n');
        }
    }

    /// The next line that is not empty.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            match soon(self.lines.next_line()).await.unwrap() {
                Some(line) if line.is_empty() => {}
                other => return other,
            }
        }
    }

    pub async fn next(&mut self) -> Value {
        let (mut id, mut name) = (None, String::new());
        loop {
            let line = self.line().await.expect("the stream ended");
            match line.split_once(": ") {
                Some(("id", found)) => id = Some(found.to_owned()),
                Some(("event", found)) => found.clone_into(&mut name),
                Some(("data", data)) => {
                    let data: Value = serde_json::from_str(data).unwrap();
                    let mut message = match name.as_str() {
                        "patch" | "current" => data,
                        _ => json!({ "data": data }),
                    };
                    message["type"] = name.into();
                    if let Some(id) = id {
                        message["id"] = id.into();
                    }
                    return message;
                }
                _ => {}
            }
        }
    }
}

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub async fn open(address: &str, path: &str) -> Self {
        Self::try_open(address, path, &[]).await.unwrap()
    }

    /// `Err` is the status of the refusal.
    pub async fn try_open(
        address: &str,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        match soon(client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    /// The next message, pings and the end included.
    pub async fn message(&mut self) -> Option<Result<Message, tungstenite::Error>> {
        soon(self.0.next()).await
    }

    pub async fn next(&mut self) -> Value {
        loop {
            match self.message().await.expect("the socket ended").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The code that the server closes with.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.message().await.expect("closed without a farewell").unwrap() {
                Message::Close(frame) => return frame.expect("a farewell without a code").code.into(),
                Message::Text(_) | Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn say(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// The connection under it, which answers no ping.
    pub fn into_stream(self) -> TcpStream {
        self.0.into_inner()
    }
}
