//! A way to the database that can be cut.

use std::{io, net::Ipv4Addr};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub struct Link {
    pub port: u16,
    cut: watch::Sender<bool>,
}

impl Link {
    pub async fn to(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (cut, is_cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !*is_cut.borrow() {
                    tokio::spawn(pass(client, server, is_cut.clone()));
                }
            }
        });
        Ok(Self { port, cut })
    }

    /// Nothing passes, and what was connected is not any more; until it is mended.
    pub fn cut(&self, is_cut: bool) {
        self.cut.send_replace(is_cut);
    }
}

async fn pass(mut client: TcpStream, server: u16, mut cut: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    // Small messages either way; waiting to fill a packet would cost each of them.
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return;
    }
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.wait_for(|is_cut| *is_cut) => {}
    }
}
