//! The server's door to the gallery: cached pictures at once, others through the render pool.

use std::sync::Arc;

use crate::picture::pool::{RenderPool, result_of};
use crate::picture::{Gallery, PictureError, PictureRequest, Served};
use crate::telemetry::{Metrics, RENDER_QUEUE, RENDER_REFUSED};

/// Answers picture requests without blocking the caller's thread.
#[derive(Debug, Clone)]
pub struct Studio {
    gallery: Arc<Gallery>,
    pool: Arc<RenderPool<Result<Served, PictureError>>>,
    metrics: Arc<Metrics>,
}

impl Studio {
    /// Starts the render threads.
    #[must_use]
    pub fn new(gallery: Arc<Gallery>, metrics: Arc<Metrics>) -> Self {
        Self {
            gallery,
            pool: Arc::new(RenderPool::start()),
            metrics,
        }
    }

    /// Starts exactly this many render threads before a queue of this length.
    #[must_use]
    pub fn with_limits(
        gallery: Arc<Gallery>,
        metrics: Arc<Metrics>,
        n_threads: usize,
        jobs_max: usize,
    ) -> Self {
        Self {
            gallery,
            pool: Arc::new(RenderPool::with(n_threads, jobs_max)),
            metrics,
        }
    }

    /// Returns the gallery behind it.
    #[must_use]
    pub fn gallery(&self) -> &Arc<Gallery> {
        &self.gallery
    }

    /// Returns the picture: from the cache, or drawn once for everyone who asks meanwhile, or the
    /// last good one when too many are waiting.
    ///
    /// # Errors
    /// When the request is refused, or cannot be answered and never was.
    pub async fn picture(&self, request: PictureRequest) -> Result<Served, PictureError> {
        if let Some(served) = self.gallery.cached(&request) {
            return Ok(served);
        }
        let (gallery, wanted) = (Arc::clone(&self.gallery), request.clone());
        if self.gallery.is_patient(&request) {
            let waited = tokio::task::spawn_blocking(move || gallery.draw(&wanted));
            return waited.await.unwrap_or(Err(PictureError::Broken));
        }
        let submitted = self
            .pool
            .submit(&request.key(), move || gallery.draw(&wanted));
        #[expect(clippy::cast_precision_loss, reason = "the queue is short")]
        self.metrics
            .set(&RENDER_QUEUE, &[], self.pool.n_waiting() as f64);
        let Ok(pending) = submitted else {
            self.metrics.add(&RENDER_REFUSED, &[], 1.0);
            return self.gallery.last_good(&request).ok_or(PictureError::Busy);
        };
        match result_of(pending).await {
            Some(result) => result,
            None => {
                tracing::error!(?request, "drawing a picture panicked");
                self.gallery.last_good(&request).ok_or(PictureError::Broken)
            }
        }
    }
}
