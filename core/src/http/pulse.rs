//! Notices that pictures may have changed, once for all open walls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http::accept::ended;
use crate::picture::Gallery;

/// Time between looks: a commit or a saved dashboard shows on walls within 2 s, drawing included.
const PULSE_EVERY: Duration = Duration::from_millis(500);

/// Looks between two readings of the sources' states, which ask the store.
const LOOKS_PER_READING: u32 = 4;

/// Starts looking; the receiver holds the version that walls compare.
pub(super) fn start(
    gallery: Arc<Gallery>,
    mut shutdown: watch::Receiver<bool>,
) -> (watch::Receiver<Arc<str>>, JoinHandle<()>) {
    let (sender, receiver) = watch::channel(Arc::from(""));
    let task = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(PULSE_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for look_idx in 0_u32.. {
            tokio::select! {
                () = ended(&mut shutdown) => return,
                _ = ticks.tick() => {}
            }
            let gallery = Arc::clone(&gallery);
            let version = tokio::task::spawn_blocking(move || {
                if look_idx.is_multiple_of(LOOKS_PER_READING) {
                    gallery.refresh_sources();
                }
                gallery.version()
            });
            if let Ok(version) = version.await {
                sender.send_if_modified(|known| {
                    let is_new = **known != *version;
                    if is_new {
                        *known = Arc::from(version);
                    }
                    is_new
                });
            }
        }
    });
    (receiver, task)
}
