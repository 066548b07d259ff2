//! How much one client may ask, how often, and for how long.

use std::time::{Duration, Instant};

use common::duration::Millis;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{house::House, request::Request};

/// What comes until the connection is closed.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // Closed with bytes of ours unread, a connection ends with a reset.
    let _ = read.expect("the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let house =
        House::with(|settings| (settings.reads_per_second, settings.writes_per_minute) = (5, 3)).await;
    let token = house.token("op", "operate");
    let write = || Request::new("POST", "/api/annotations").body(r#"{"text": "x"}"#).token(&token);
    for _ in 0..3 {
        assert_eq!(house.ask(write()).await.status, 201);
    }
    let refused = house.ask(write()).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    assert_eq!(house.column("SELECT text FROM annotations").await.len(), 3);
    // Guessing tokens is limited like writing.
    assert_eq!(house.ask(Request::new("POST", "/api/annotations").token("guess")).await.status, 429);
    // A header that anybody can write changes nothing.
    let forged = Request { header: Some("X-Forwarded-For: 198.51.100.7"), ..write() };
    assert_eq!(house.ask(forged).await.status, 429);

    let answers = futures_of(&house, 40).await;
    assert!(answers.contains(&200) && answers.contains(&429), "{answers:?}");
    for path in ["/health", "/healthz", "/readyz", "/ping"] {
        assert_eq!(house.get(path).await.status, 200, "{path} is never limited");
    }
}

async fn futures_of(house: &House, count: usize) -> Vec<u16> {
    let mut answers = Vec::new();
    for _ in 0..count {
        answers.push(house.get("/version").await.status);
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_says_for_whom_it_asks() {
    let house = House::with(|settings| {
        settings.writes_per_minute = 1;
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let token = house.token("op", "operate");
    let from = |header| Request {
        header: Some(header),
        ..Request::new("POST", "/api/annotations").body(r#"{"text": "x"}"#).token(&token)
    };
    for (header, status) in [
        ("X-Forwarded-For: 198.51.100.7", 201),
        ("X-Forwarded-For: 198.51.100.7", 429),
        ("X-Forwarded-For: 198.51.100.8", 201),
        ("X-Forwarded-For: 192.0.2.1, 198.51.100.8", 429),
    ] {
        assert_eq!(house.ask(from(header)).await.status, status, "{header}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_its_head_slowly_is_cut_off() {
    let house = House::with(|settings| settings.header_read_timeout = Millis::new(300)).await;
    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    stream.write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let begin = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    // A byte now and then does not keep it open.
    let cut = loop {
        pace.tick().await;
        let mut byte = [0];
        if stream.write_all(b"a").await.is_err() {
            break true;
        }
        match stream.try_read(&mut byte) {
            Ok(0) => break true,
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break true,
            _ => {}
        }
        if begin.elapsed() > Duration::from_secs(10) {
            break false;
        }
    };
    assert!(cut, "a slow client stays connected");
    assert!(begin.elapsed() >= Duration::from_millis(200), "it had its time");
    assert_eq!(house.get("/ping").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_and_heads_have_a_size() {
    let house = House::open().await;
    let token = house.token("op", "operate");
    let large = format!(r#"{{"text": "{}"}}"#, "x".repeat(17 << 10));
    let refused = house.ask(Request::new("POST", "/api/annotations").body(&large).token(&token)).await;
    assert_eq!(refused.status, 413, "{refused:?}");
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));

    // Without a length the bytes are counted as they come.
    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    let head = format!(
        "POST /api/annotations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    for _ in 0..5 {
        let _ = stream.write_all(chunk.as_bytes()).await;
    }
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 413"));

    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    let head = format!("GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(17 << 10));
    let _ = stream.write_all(head.as_bytes()).await;
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    let head = format!("GET /ping HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: 1\r\n".repeat(200));
    let _ = stream.write_all(head.as_bytes()).await;
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_never_ends_is_given_up() {
    let house = House::with(|settings| settings.request_timeout = Millis::new(500)).await;
    let token = house.token("op", "operate");
    let mut stream = TcpStream::connect(&house.address).await.unwrap();
    let head = format!(
        "POST /api/annotations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_does_not_take_every_connection() {
    let house = House::with(|settings| settings.max_connections_per_client = 3).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&house.address).await.unwrap();
        stream.write_all(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        open.push(stream);
    }
    let mut refused = TcpStream::connect(&house.address).await.unwrap();
    assert_eq!(rest(&mut refused).await, "", "a fourth connection is closed");
    open.clear();
    house.until("/ping", |answer| answer.status == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_may_ask_where_they_are_allowed_to() {
    let house = House::open().await;
    let preflight = |origin| Request { header: Some(origin), ..Request::new("OPTIONS", "/api/annotations") };
    let allowed = house
        .ask(preflight(
            "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: authorization,content-type",
        ))
        .await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert!(allowed.header("access-control-allow-methods").unwrap().contains("post"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("authorization"));
    let other =
        house.ask(preflight("Origin: http://evil.example\r\nAccess-Control-Request-Method: POST")).await;
    assert_eq!(other.header("access-control-allow-origin"), None, "{other:?}");
    // A refusal can be read by the pages that may ask.
    let from_page =
        Request { header: Some("Origin: http://localhost:3000"), ..Request::new("POST", "/api/annotations") };
    let refused = house.ask(from_page).await;
    assert_eq!(
        (refused.status, refused.header("access-control-allow-origin")),
        (401, Some("http://localhost:3000"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_that_make_no_sense_are_refused_at_start() {
    let house = House::open().await;
    for (flag, variable) in
        [("--max-head-bytes", "API_MAX_HEAD_BYTES"), ("--max-body-bytes", "API_MAX_BODY_BYTES")]
    {
        let help = house.streampulse(&["api", "--help"]);
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.contains(flag) && help.contains(variable), "{help}");
        for nonsense in ["0", "12", "-1", "99999999999", "16k", ""] {
            let refused = house.streampulse(&["api", "--api-port", "0", &format!("{flag}={nonsense}")]);
            let words = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(2), "{flag} {nonsense}: {words}");
            assert!(words.contains(flag), "{words}");
        }
    }
}
