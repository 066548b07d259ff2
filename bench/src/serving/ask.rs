//! The smallest HTTP client that can be timed: one connection, kept open.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

pub struct Connection(BufReader<TcpStream>);

pub struct Answer {
    pub body: Vec<u8>,
    pub was_cached: bool,
    pub took: Duration,
}

impl Connection {
    pub async fn to(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Asks, and reads all of an answer that must be 200.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let begin = Instant::now();
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
        self.0.write_all(request.as_bytes()).await?;
        let head = self.head().await?;
        anyhow::ensure!(head.starts_with("http/1.1 200 "), "{path}: {head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.with_context(|| format!("{path}: an answer without a length"))?.parse()?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Answer { body, was_cached: head.contains("desc=\"hit\""), took: begin.elapsed() })
    }

    /// Up to the empty line, in lower case.
    async fn head(&mut self) -> anyhow::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            anyhow::ensure!(self.0.read_line(&mut head).await? > 0, "closed within {head:?}");
        }
        head.make_ascii_lowercase();
        Ok(head)
    }
}
