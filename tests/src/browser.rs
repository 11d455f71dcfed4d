//! A real headless Chromium through its own driver; skipped out loud where there is none.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};

use crate::daemon::{free_address, wait_until};
use crate::skip::{Need, skip};

/// How long the driver may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running driver; killed when dropped, and its browsers with it.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    address: SocketAddr,
}

impl Driver {
    /// Starts the driver, or notes the skip of `test` and returns `None`.
    ///
    /// # Panics
    /// When an installed driver does not start.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let is_installed = ["/usr/bin/chromium", "/usr/bin/chromedriver"]
            .iter()
            .all(|path| Path::new(path).exists());
        if !is_installed {
            skip(
                test,
                Need::Browser,
                "chromium and chromium-driver are not installed",
            );
            return None;
        }
        let address = free_address();
        let child = Command::new("/usr/bin/chromedriver")
            .arg(format!("--port={}", address.port()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        wait_until("chromedriver listens", START_TIMEOUT, || {
            std::net::TcpStream::connect(address).ok()
        });
        Some(Self { child, address })
    }

    /// Opens a browser window of the given inner size.
    ///
    /// # Panics
    /// When the browser does not start.
    pub async fn window(&self, width_px: u32, height_px: u32) -> Client {
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--window-size={width_px},{height_px}"),
        ];
        let mut capabilities = serde_json::Map::new();
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            json!({ "args": arguments }),
        );
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{}", self.address))
            .await
            .expect("chromium starts")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Already ended is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a script in the page and returns its value.
///
/// # Panics
/// When the script throws.
pub async fn evaluate(client: &Client, script: &str) -> Value {
    client
        .execute(script, Vec::new())
        .await
        .expect("the script runs")
}
