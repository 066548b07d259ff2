//! The server that does nothing: an axum handler with one answer.

use axum::{Router, body::Bytes, http::header, routing::get};
use tokio::net::TcpListener;

use crate::cli::BareArgs;

/// Serves on a free port, which it tells, until it is killed.
pub async fn bare(args: &BareArgs) -> anyhow::Result<()> {
    let body = Bytes::from(std::fs::read(&args.body)?);
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    let router = Router::new().route("/{*path}", get(answer));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    axum::serve(tokio_nodelay(listener), router).await?;
    Ok(())
}

/// As the API has it.
fn tokio_nodelay(listener: TcpListener) -> impl axum::serve::Listener<Addr: std::fmt::Debug> {
    use axum::serve::ListenerExt;
    listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("bench: TCP_NODELAY not set: {error}");
        }
    })
}
