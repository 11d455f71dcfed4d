//! A small blocking HTTP/1.1 client: enough to see exactly what the daemon answers.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long one exchange may take before the test fails instead of hanging.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);

/// What the daemon answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header names in lower case, with their values, in order.
    pub headers: Vec<(String, String)>,
    /// Body, chunked coding removed.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the first value of a header (name in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the body as text, broken bytes replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

/// Sends a GET with extra headers and reads the whole answer.
///
/// # Errors
/// When the connection fails or the answer is not HTTP.
pub fn get(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> io::Result<Response> {
    exchange(address, "GET", target, headers, &[])
}

/// Sends a request with a body of known length and reads the whole answer.
///
/// # Errors
/// When the connection fails or the answer is not HTTP.
pub fn exchange(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Response> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        request.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(EXCHANGE_TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    // A daemon that refuses a body early closes its side: the answer is what counts then.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes)
        && bytes.is_empty()
    {
        return Err(error);
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> io::Result<Response> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(|| broken("no end of headers"))?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| broken("headers are not text"))?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| broken("no status line"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value.contains("chunked"));
    let body = if is_chunked {
        dechunk(rest)?
    } else {
        rest.to_vec()
    };
    Ok(Response {
        status,
        headers,
        body,
    })
}

fn dechunk(mut rest: &[u8]) -> io::Result<Vec<u8>> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "broken chunk");
    let mut body = Vec::new();
    loop {
        let line = rest
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .ok_or_else(broken)?;
        let size = std::str::from_utf8(&rest[..line]).map_err(|_| broken())?;
        let n_bytes = usize::from_str_radix(size.trim(), 16).map_err(|_| broken())?;
        rest = &rest[line + 2..];
        if n_bytes == 0 {
            return Ok(body);
        }
        body.extend_from_slice(rest.get(..n_bytes).ok_or_else(broken)?);
        rest = rest.get(n_bytes + 2..).ok_or_else(broken)?;
    }
}
