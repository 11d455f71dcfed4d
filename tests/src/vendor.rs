//! A vendor's server on loopback: says what a test tells it to, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A request as it arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Request line and headers, names in lower case, separated by `\n`.
    pub head: String,
    /// Empty without one.
    pub body: Vec<u8>,
}

impl Seen {
    /// Returns the value of a header, named in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Returns method and target, such as `GET /a?b=1`.
    #[must_use]
    pub fn target(&self) -> &str {
        let line = self.head.lines().next().unwrap_or_default();
        line.strip_suffix(" HTTP/1.1").unwrap_or(line)
    }
}

/// What is sent back.
#[derive(Debug, Clone)]
pub struct Reply {
    bytes: Vec<u8>,
    hangs: bool,
}

impl Reply {
    /// Makes a whole answer; headers are lines such as `content-type: text/html`.
    #[must_use]
    pub fn new(status: u16, headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!(
            "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n",
            body.len()
        );
        for header in headers {
            bytes.push_str(header);
            bytes.push_str("\r\n");
        }
        bytes.push_str("connection: close\r\n\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body);
        Self::raw(bytes)
    }

    /// Makes any bytes an answer; none closes the connection.
    #[must_use]
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: bytes.into(),
            hangs: false,
        }
    }

    /// Keeps the connection open after the bytes until the client closes it.
    #[must_use]
    pub fn hanging(mut self) -> Self {
        self.hangs = true;
        self
    }
}

/// Says what to answer: the request, and how many came before it.
type Script = dyn Fn(&Seen, usize) -> Reply + Send + Sync;

/// A running server; its thread ends with the process.
pub struct Vendor {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Vendor {
    /// Starts a server with a script.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[must_use]
    pub fn start(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::wrapped(script, |stream, talk| talk(&mut &stream))
    }

    /// Starts a server that answers in this order, and then with the last for ever.
    ///
    /// # Panics
    /// When there is nothing to say.
    #[must_use]
    pub fn saying(replies: Vec<Reply>) -> Self {
        Self::start(move |_, n_before| replies[n_before.min(replies.len() - 1)].clone())
    }

    /// As [`Vendor::start`], with something between the connection and the talk, such as TLS.
    ///
    /// # Panics
    /// When loopback has no free port.
    #[must_use]
    pub fn wrapped(
        script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
        wrap: impl Fn(TcpStream, &dyn Fn(&mut dyn Stream)) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, wrap): (Arc<Script>, Arc<_>) = (Arc::new(script), Arc::new(wrap));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, script, wrap) =
                    (Arc::clone(&log), Arc::clone(&script), Arc::clone(&wrap));
                thread::spawn(move || wrap(stream, &|stream| talk(stream, &log, &*script)));
            }
        });
        Self { address, seen }
    }

    /// Returns the URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns `host:port`.
    #[must_use]
    pub fn place(&self) -> String {
        self.address.to_string()
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Both directions of a connection.
pub trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// Reads one request and answers it. A client that goes away is its own business.
fn talk(stream: &mut dyn Stream, log: &Mutex<Vec<Seen>>, script: &Script) {
    let Some(seen) = read(stream) else {
        return;
    };
    let n_before = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(seen.clone());
        log.len() - 1
    };
    let reply = script(&seen, n_before);
    let _ = stream.write_all(&reply.bytes);
    let _ = stream.flush();
    if reply.hangs {
        let _ = stream.read(&mut [0]);
    }
}

fn read(stream: &mut dyn Stream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut lines: Vec<String> = Vec::new();
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|n_bytes| *n_bytes > 0)?;
        match (line.trim_end(), lines.is_empty()) {
            ("", _) => break,
            (first, true) => lines.push(first.to_owned()),
            (header, false) => {
                let (name, value) = header.split_once(": ")?;
                lines.push(format!("{}: {value}", name.to_ascii_lowercase()));
            }
        }
    }
    let mut seen = Seen {
        head: lines.join("\n"),
        body: Vec::new(),
    };
    let n_bytes = seen
        .header("content-length")
        .and_then(|text| text.parse().ok());
    seen.body = vec![0; n_bytes.unwrap_or(0)];
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}
