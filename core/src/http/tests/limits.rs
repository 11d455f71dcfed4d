//! What keeps one client from harming another: limits, timeouts, streams and the shutdown.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

#[tokio::test]
async fn bodies_and_addresses_are_bounded() {
    let served = Served::with(|options| options.limits.body_bytes_max = 1_000).await;
    let named = served
        .ask(
            "POST",
            "/charts/executive/nps.svg",
            "content-length: 1001\r\n",
        )
        .await;
    assert_eq!(
        (named.status, named.header("connection")),
        (413, Some("close"))
    );
    let chunk = format!("{:x}\r\n{}\r\n", 600, "a".repeat(600));
    let chunked = format!("transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n");
    assert_eq!(
        served
            .ask("POST", "/charts/executive/nps.svg", &chunked)
            .await
            .status,
        413
    );
    let small = format!("transfer-encoding: chunked\r\n\r\n{chunk}0\r\n");
    assert_eq!(
        served
            .ask("POST", "/charts/executive/nps.svg", &small)
            .await
            .status,
        405
    );
    let long = format!(
        "/charts/executive/nps.svg?where.channel={}",
        "a".repeat(9_000)
    );
    assert_eq!(served.get(&long).await.status, 414);
    assert_eq!(
        served
            .ask("GET", "/", &format!("x: {}\r\n", "a".repeat(400_000)))
            .await
            .status,
        431
    );
}

#[tokio::test]
async fn slow_head_is_cut_off() {
    let served = Served::with(|options| {
        options.limits.header_timeout = Duration::from_millis(50);
    })
    .await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: loc")
        .await
        .unwrap();
    let mut rest = Vec::new();
    // Ends only because the server closes the connection.
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).contains(" 200 "));
}

#[tokio::test]
async fn slow_body_is_cut_off() {
    let served = Served::with(|options| {
        options.limits.body_timeout = Duration::from_millis(50);
    })
    .await;
    let heard = served
        .ask("POST", "/", "content-length: 10\r\n\r\nabc")
        .await;
    assert_eq!(heard.status, 408);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let served = Served::with(|options| options.limits.connections_max = 1).await;
    let mut first = TcpStream::connect(served.address).await.unwrap();
    first
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut letter = [0; 1];
    first.read_exact(&mut letter).await.unwrap();
    let second = served.get("/healthz");
    tokio::pin!(second);
    let early = futures_util::future::poll_immediate(second.as_mut()).await;
    assert!(early.is_none());
    drop(first);
    assert_eq!(second.await.status, 200);
}

#[tokio::test]
async fn taken_port_is_an_error_that_names_it() {
    let taken = Listener::network(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = taken.address().unwrap();
    let error = Listener::network(address).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("failed to listen on `{address}`: the address is taken")
    );
    assert!(
        error.hint().contains(&address.port().to_string()),
        "{}",
        error.hint()
    );
}

/// Opens a wall's stream and reads until `words` came.
async fn listen_until(served: &Served, words: &[&str]) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let request = "GET /walls/executive/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let heard = read_until(&mut stream, words).await;
    (stream, heard)
}

async fn read_until(stream: &mut TcpStream, words: &[&str]) -> String {
    let mut heard = String::new();
    while !words.iter().all(|word| heard.contains(word)) {
        let mut bytes = [0; 4096];
        let n_bytes = stream.read(&mut bytes).await.unwrap();
        assert!(n_bytes > 0, "the stream ended after {heard}");
        heard.push_str(&String::from_utf8_lossy(&bytes[..n_bytes]));
    }
    heard
}

#[tokio::test]
async fn wall_hears_of_new_data_and_of_a_new_layout() {
    let served = Served::start().await;
    let (mut stream, first) = listen_until(&served, &["text/event-stream", "event:pictures"]).await;
    let page = served.get("/walls/executive").await.text();
    let layout = page
        .split("data-layout=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert!(first.contains(&layout), "{first}");
    served.house.store.commit_something();
    let second = read_until(&mut stream, &["event:pictures"]).await;
    assert!(second.contains(&layout), "{second}");
    let mut changed = crate::picture::testing::executive();
    changed.panels.truncate(1);
    served.house.shelf.put(changed);
    let third = read_until(&mut stream, &["event:pictures"]).await;
    assert!(!third.contains(&layout), "{third}");
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused_and_given_back() {
    let served = Served::with(|options| options.limits.streams_max = 1).await;
    let (stream, _) = listen_until(&served, &["event:pictures"]).await;
    let refused = served.get("/walls/executive/events").await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("60"))
    );
    drop(stream);
    let mut n_tries = 0;
    while served
        .ask("HEAD", "/walls/executive/events", "")
        .await
        .status
        != 200
    {
        n_tries += 1;
        assert!(n_tries < 10_000, "the place was never given back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn shutdown_ends_open_streams_and_finishes_requests() {
    let served = Served::start().await;
    let (mut stream, _) = listen_until(&served, &["event:pictures"]).await;
    let gate = Arc::clone(&served.house.store);
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let (held, holding) = std::sync::mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        let _gate = gate.gate.lock().unwrap();
        held.send(()).unwrap();
        opened.recv().ok();
    });
    holding.recv().unwrap();
    let mut busy = TcpStream::connect(served.address).await.unwrap();
    busy.write_all(b"GET /charts/executive/trend.svg HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    while served.house.store.n_tallies.load(Ordering::SeqCst) == 0
        && !served.house.metrics.render().contains("vocd_render_queue")
    {
        tokio::task::yield_now().await;
    }
    served.stop.send(true).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    open.send(()).unwrap();
    assert_eq!(read(&mut busy).await.status, 200);
    served.task.await.unwrap();
    holder.join().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn shutdown_cuts_what_does_not_end() {
    let served = Served::with(|options| {
        options.limits.drain_timeout = Duration::from_millis(50);
    })
    .await;
    let mut stuck = TcpStream::connect(served.address).await.unwrap();
    stuck
        .write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\na")
        .await
        .unwrap();
    while !served
        .house
        .metrics
        .render()
        .contains("vocd_http_connections 1")
    {
        tokio::task::yield_now().await;
    }
    served.stop.send(true).unwrap();
    served.task.await.unwrap();
}
