//! The wire between one processor and the database, which can break.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::Instant,
};

use crate::{plan::CommitMoment, wire::ClientMessages};

/// Listens on a port of its own and passes everything on to the database, but for what it is told to spoil.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    wire: Arc<Wire>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Wire {
    orders: Mutex<Orders>,
    /// Goes up when all connections are cut.
    cuts: watch::Sender<u64>,
    is_over: watch::Sender<bool>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Orders {
    at_commit: Option<CommitMoment>,
    delay: Option<(Duration, Instant)>,
    refuse_until: Option<Instant>,
}

impl Proxy {
    /// Must be called inside a runtime.
    pub async fn to(server: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let wire = Arc::new(Wire {
            orders: Mutex::default(),
            cuts: watch::Sender::new(0),
            is_over: watch::Sender::new(false),
        });
        let accepting = tokio::spawn(accept(listener, server, Arc::clone(&wire)));
        Ok(Self { port, wire, accepting })
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Every connection there is now breaks.
    pub fn cut_all(&self) {
        self.wire.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The connection of the next COMMIT breaks at `moment`.
    pub fn cut_at_commit(&self, moment: CommitMoment) {
        self.wire.order(|orders| orders.at_commit = Some(moment));
    }

    pub fn delay_answers(&self, each: Duration, lasting: Duration) {
        self.wire.order(|orders| orders.delay = Some((each, Instant::now() + lasting)));
    }

    /// Nothing can connect for a while.
    pub fn refuse(&self, lasting: Duration) {
        self.wire.order(|orders| orders.refuse_until = Some(Instant::now() + lasting));
    }

    /// From now on nothing is spoiled.
    pub fn mend(&self) {
        self.wire.order(|orders| *orders = Orders::default());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.wire.is_over.send_replace(true);
        self.cut_all();
    }
}

impl Wire {
    fn order<T>(&self, change: impl FnOnce(&mut Orders) -> T) -> T {
        change(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn delay(&self) -> Option<Duration> {
        let (each, until) = self.order(|orders| orders.delay)?;
        (Instant::now() < until).then_some(each)
    }

    fn is_refusing(&self) -> bool {
        self.order(|orders| orders.refuse_until).is_some_and(|until| Instant::now() < until)
    }
}

async fn accept(listener: TcpListener, server: u16, wire: Arc<Wire>) {
    while let Ok((client, _)) = listener.accept().await {
        if !wire.is_refusing() {
            tokio::spawn(connect(client, server, Arc::clone(&wire)));
        }
    }
}

/// One connection. Whatever ends it ends both sides: broken is all that a client can see.
async fn connect(client: TcpStream, server: u16, wire: Arc<Wire>) {
    let mut cuts = wire.cuts.subscribe();
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return;
    }
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let answer_is_lost = AtomicBool::new(false);
    let broken = tokio::select! {
        broken = pass_questions(&mut from_client, &mut to_server, (&wire, &answer_is_lost)) => broken.ok().flatten(),
        _ = pass_answers(&mut from_server, &mut to_client, (&wire, &answer_is_lost)) => None,
        _ = cuts.changed() => None,
    };
    if broken == Some(CommitMoment::Unheard) {
        drop((from_client, to_client));
        // An error means that the proxy is gone, and with it the reason to wait.
        let _ = wire.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }
}

/// Ends when the client does, or at the moment of a COMMIT where the connection is to break.
async fn pass_questions(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    (wire, answer_is_lost): (&Wire, &AtomicBool),
) -> std::io::Result<Option<CommitMoment>> {
    let mut messages = ClientMessages::default();
    while from.read_buf(&mut messages.received).await? > 0 {
        while let Some(message) = messages.next() {
            let moment = if message.is_commit { wire.order(|orders| orders.at_commit.take()) } else { None };
            if matches!(moment, Some(CommitMoment::BeforeSent | CommitMoment::Unheard)) {
                return Ok(moment);
            }
            answer_is_lost.store(moment == Some(CommitMoment::Answered), Ordering::SeqCst);
            to.write_all(&message.bytes).await?;
            if moment == Some(CommitMoment::Sent) {
                return Ok(moment);
            }
        }
    }
    Ok(None)
}

async fn pass_answers(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    (wire, answer_is_lost): (&Wire, &AtomicBool),
) -> std::io::Result<()> {
    let mut answer = vec![0; 64 * 1_024];
    loop {
        let length = from.read(&mut answer).await?;
        // A client waits for what it asked before it says COMMIT, so these bytes answer just that.
        if length == 0 || answer_is_lost.load(Ordering::SeqCst) {
            return Ok(());
        }
        if let Some(delay) = wire.delay() {
            tokio::time::sleep(delay).await;
        }
        to.write_all(&answer[..length]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTUP: &[u8] = b"\0\0\0\x0c\0\x03\0\0u\0m\0";
    const BEGIN: &[u8] = b"Q\0\0\0\x0aBEGIN\0";
    const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
    const READY: &[u8] = b"Z\0\0\0\x05I";

    /// What the server has seen.
    #[derive(Default)]
    struct Seen {
        commits: u32,
        ends: u32,
    }

    /// A server that answers every message with the same words.
    async fn fake_server() -> (u16, watch::Receiver<Seen>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sees, seen) = watch::channel(Seen::default());
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut messages = ClientMessages::default();
                while client.read_buf(&mut messages.received).await.unwrap_or(0) > 0 {
                    while let Some(message) = messages.next() {
                        sees.send_modify(|seen| seen.commits += u32::from(message.is_commit));
                        let _ = client.write_all(READY).await;
                    }
                }
                sees.send_modify(|seen| seen.ends += 1);
            }
        });
        (port, seen)
    }

    async fn session(proxy: &Proxy) -> TcpStream {
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap();
        assert_eq!(ask(&mut client, STARTUP).await, READY);
        client
    }

    /// What came back; nothing when the connection broke.
    async fn ask(client: &mut TcpStream, question: &[u8]) -> Vec<u8> {
        let mut answer = vec![0; READY.len()];
        if client.write_all(question).await.is_err() || client.read_exact(&mut answer).await.is_err() {
            return Vec::new();
        }
        answer
    }

    #[tokio::test]
    async fn a_lost_answer_is_lost_and_its_commit_is_not() {
        let (server, mut seen) = fake_server().await;
        let proxy = Proxy::to(server).await.unwrap();
        let mut client = session(&proxy).await;
        proxy.cut_at_commit(CommitMoment::Answered);
        assert_eq!(ask(&mut client, BEGIN).await, READY);
        assert!(ask(&mut client, COMMIT).await.is_empty());
        assert_eq!(seen.wait_for(|seen| seen.commits > 0).await.unwrap().commits, 1);
        // Only that one.
        assert_eq!(ask(&mut session(&proxy).await, COMMIT).await, READY);
    }

    #[tokio::test]
    async fn a_commit_that_was_not_sent_does_not_arrive() {
        let (server, mut seen) = fake_server().await;
        let proxy = Proxy::to(server).await.unwrap();
        let mut client = session(&proxy).await;
        proxy.cut_at_commit(CommitMoment::BeforeSent);
        assert!(ask(&mut client, COMMIT).await.is_empty());
        assert_eq!(seen.wait_for(|seen| seen.ends > 0).await.unwrap().commits, 0);
    }

    #[tokio::test]
    async fn a_server_that_hears_nothing_waits_for_its_client() {
        let (server, mut seen) = fake_server().await;
        let proxy = Proxy::to(server).await.unwrap();
        let mut client = session(&proxy).await;
        proxy.cut_at_commit(CommitMoment::Unheard);
        assert!(ask(&mut client, COMMIT).await.is_empty());
        proxy.cut_all();
        assert_eq!(seen.borrow().ends, 0);
        drop(proxy);
        assert_eq!(seen.wait_for(|seen| seen.ends > 0).await.unwrap().commits, 0);
    }

    #[tokio::test]
    async fn cut_refused_delayed_and_mended() {
        let (server, _) = fake_server().await;
        let proxy = Proxy::to(server).await.unwrap();
        let mut client = session(&proxy).await;
        proxy.cut_all();
        assert!(ask(&mut client, BEGIN).await.is_empty());
        proxy.refuse(Duration::from_secs(60));
        let mut refused = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await.unwrap();
        assert!(ask(&mut refused, STARTUP).await.is_empty());
        proxy.mend();
        let mut client = session(&proxy).await;
        proxy.delay_answers(Duration::from_millis(50), Duration::from_secs(60));
        let begin = Instant::now();
        assert_eq!(ask(&mut client, BEGIN).await, READY);
        assert!(begin.elapsed() >= Duration::from_millis(50));
    }
}
