//! One who listens to the event stream of the dashboard.

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::mpsc::UnboundedSender,
};

/// Small: there are thousands, and they share this machine with the API.
const BUFFER: usize = 1 << 10;

pub async fn subscribe(port: u16) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET /api/stream/events HTTP/1.1\r\nHost: bench\r\n\r\n").await?;
    Ok(stream)
}

/// Tells each data version once, when all of its event is there. A new minute makes an event without a new version.
pub async fn listen(stream: TcpStream, heard: UnboundedSender<i64>) -> anyhow::Result<()> {
    let mut lines = BufReader::with_capacity(BUFFER, stream);
    let (mut line, mut version, mut told) = (Vec::new(), None, 0);
    while lines.read_until(b'\n', &mut line).await? > 0 {
        if let Some(id) = line.strip_prefix(b"id: ") {
            version = Some(data_version(id)?);
        } else if line.starts_with(b"data: ")
            && let Some(version) = version.take().filter(|version| *version > told)
        {
            told = version;
            heard.send(version)?;
        }
        line.clear();
    }
    anyhow::bail!("the event stream ended")
}

/// An id begins with it.
fn data_version(id: &[u8]) -> anyhow::Result<i64> {
    let id = std::str::from_utf8(id)?.trim();
    let (version, _) = id.split_once('-').with_context(|| format!("no data version in the id {id}"))?;
    version.parse().with_context(|| format!("no data version in the id {id}"))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[tokio::test]
    async fn tells_each_version_once_and_when_all_of_it_is_there() {
        let server = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stream = subscribe(server.local_addr().unwrap().port()).await.unwrap();
        let (mut there, _) = server.accept().await.unwrap();
        let (tell, mut told) = unbounded_channel();
        let listening = tokio::spawn(listen(stream, tell));
        there.write_all(b"retry: 1\n\nid: 7-00ab-60\nevent: snapshot\n").await.unwrap();
        assert!(told.try_recv().is_err());
        there
            .write_all(b"data: {}\n\nid: 7-00ab-120\ndata: {}\n\nid: 9-00ab-120\ndata: {}\n\n")
            .await
            .unwrap();
        assert_eq!((told.recv().await, told.recv().await), (Some(7), Some(9)));
        drop(there);
        assert!(listening.await.unwrap().is_err());
    }
}
