//! Webhooks one after the other: each comes as two frames and is answered by one.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use vocd_plugin::frame::FrameKind;

use crate::library::Instance;
use crate::session::{Report, Session};

/// Webhooks on their way to the plugin: the daemon sends the next when the one before is parsed.
const DELIVERIES_MAX: usize = 2;

/// One webhook: the request of the C interface, and the body.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) request_json: String,
    pub(crate) body: Vec<u8>,
}

/// Puts the two frames of a webhook together, on the listening thread.
#[derive(Debug)]
pub(crate) struct Deliverer {
    /// `None` after a stop: then the plugin's thread does not wait any more.
    sender: Option<SyncSender<Delivery>>,
    request_json: Option<String>,
}

/// Returns both ends of the way to the plugin.
pub(crate) fn deliveries() -> (Deliverer, Receiver<Delivery>) {
    let (sender, receiver) = sync_channel(DELIVERIES_MAX);
    let deliverer = Deliverer {
        sender: Some(sender),
        request_json: None,
    };
    (deliverer, receiver)
}

impl Deliverer {
    /// Takes a frame of the daemon; false when it cannot be one of this build.
    pub(crate) fn take(&mut self, kind: FrameKind, payload: Vec<u8>) -> bool {
        match (kind, self.request_json.take()) {
            (FrameKind::Webhook, None) => {
                self.request_json = String::from_utf8(payload).ok();
                self.request_json.is_some()
            }
            (FrameKind::Body, Some(request_json)) => {
                let body = payload;
                let Some(sender) = &self.sender else {
                    return true;
                };
                let sent = sender.try_send(Delivery { request_json, body });
                !matches!(sent, Err(TrySendError::Full(_)))
            }
            _ => false,
        }
    }

    /// Lets the plugin's thread end after the webhook at hand.
    pub(crate) fn stop(&mut self) {
        self.sender = None;
    }
}

/// Parses `n_webhooks`, or as many as come before a stop.
pub(crate) fn parse_all(
    instance: &Instance<'_>,
    session: &Session,
    deliveries: &Receiver<Delivery>,
    n_webhooks: u64,
) -> Result<(), Report> {
    let webhook = instance.webhook()?;
    for _ in 0..n_webhooks {
        let Ok(delivery) = deliveries.recv() else {
            return Err(Report::new("cancelled", "stopped on request"));
        };
        let parsed = instance.parse(&webhook, &delivery.request_json, &delivery.body);
        session.parsed(parsed)?;
    }
    Ok(())
}
