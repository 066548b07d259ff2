//! Stands between a processor and its database, and stops it at any step of a transaction.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::{Notify, watch},
};

/// Whose transactions are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Commits,
    /// Those of detection. Its leader takes a lock that is not the stream's, as if the server had lost it: it goes on
    /// to believe that it leads while another does.
    MisledLeader,
}

impl Whose {
    const fn application(self) -> &'static str {
        match self {
            Self::Commits => "streampulse-processor",
            Self::MisledLeader => "streampulse-leader",
        }
    }
}

/// The name of the leader's lock, and another one of the same length.
const LOCK: (&[u8], &[u8]) = (b"'leader:'", b"'misled:'");

/// A moment within a transaction of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Its n-th statement has not reached the server; 0 is BEGIN.
    BeforeStatement(usize),
    /// COMMIT has not reached the server.
    BeforeCommit,
    /// COMMIT was carried out, and its answer has not reached the processor.
    CommitUnanswered,
}

pub struct Tap {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    whose: Whose,
    ordered: Mutex<Option<Moment>>,
    held: Notify,
    released: Notify,
    cut: watch::Sender<u64>,
    refusing: Mutex<bool>,
}

impl Tap {
    pub async fn before(server: u16) -> Self {
        Self::before_transactions(server, Whose::Commits).await
    }

    pub async fn before_transactions(server: u16, whose: Whose) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            whose,
            ordered: Mutex::default(),
            held: Notify::new(),
            released: Notify::new(),
            cut: watch::Sender::default(),
            refusing: Mutex::default(),
        });
        tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    if !*state.refusing.lock().unwrap() {
                        tokio::spawn(pass(client, server, Arc::clone(&state)));
                    }
                }
            }
        });
        Self { port, state }
    }

    /// The next transaction that comes to `moment` is held there.
    pub fn hold_at(&self, moment: Moment) {
        *self.state.ordered.lock().unwrap() = Some(moment);
    }

    pub async fn held(&self) {
        self.state.held.notified().await;
    }

    /// What is held goes on.
    pub fn release(&self) {
        self.state.released.notify_one();
    }

    /// Breaks all connections.
    pub fn cut(&self) {
        self.state.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Nothing can connect, until told otherwise.
    pub fn refuse(&self, refusing: bool) {
        *self.state.refusing.lock().unwrap() = refusing;
        if refusing {
            self.cut();
        }
    }
}

async fn pass(client: TcpStream, server: u16, state: Arc<State>) {
    let mut cut = state.cut.subscribe();
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (unanswered, answers) = watch::channel(false);
    tokio::select! {
        _ = questions(from_client, to_server, (&state, &unanswered)) => {}
        _ = replies(from_server, to_client, (&state, answers)) => {}
        _ = cut.changed() => {}
    }
}

async fn questions(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (state, unanswered): (&State, &watch::Sender<bool>),
) -> std::io::Result<()> {
    // The first message has no type; it names the application.
    let length = from.read_u32().await?;
    let mut start = vec![0; length as usize - 4];
    from.read_exact(&mut start).await?;
    to.write_u32(length).await?;
    to.write_all(&start).await?;
    let is_held = String::from_utf8_lossy(&start).contains(state.whose.application());
    let mut statements = 0;
    loop {
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        let mut body = vec![0; length as usize - 4];
        from.read_exact(&mut body).await?;
        if is_held && state.whose == Whose::MisledLeader {
            let (found, instead) = LOCK;
            if let Some(at) = body.windows(found.len()).position(|bytes| bytes == found) {
                body[at..at + found.len()].copy_from_slice(instead);
            }
        }
        let moment = match (kind, body.as_slice()) {
            (b'Q', b"BEGIN\0" | b"START TRANSACTION\0") => {
                statements = 0;
                Some(Moment::BeforeStatement(0))
            }
            (b'Q', b"COMMIT\0") => Some(Moment::BeforeCommit),
            (b'E', _) => {
                statements += 1;
                Some(Moment::BeforeStatement(statements))
            }
            _ => None,
        };
        if is_held && moment.is_some() {
            let taken = {
                let mut ordered = state.ordered.lock().unwrap();
                let unanswered_commit =
                    moment == Some(Moment::BeforeCommit) && *ordered == Some(Moment::CommitUnanswered);
                if *ordered == moment || unanswered_commit { ordered.take() } else { None }
            };
            match taken {
                Some(Moment::CommitUnanswered) => {
                    unanswered.send_replace(true);
                }
                Some(_) => {
                    state.held.notify_one();
                    state.released.notified().await;
                }
                None => {}
            }
        }
        to.write_u8(kind).await?;
        to.write_u32(length).await?;
        to.write_all(&body).await?;
    }
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (state, unanswered): (&State, watch::Receiver<bool>),
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1_024];
    loop {
        let count = from.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        if *unanswered.borrow() {
            state.held.notify_one();
            state.released.notified().await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}
