//! The one connection that writes, on its own thread.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use duckdb::Connection;

use crate::store::StoreError;

/// Commits that may wait for the writer: one per source is usual, a full queue holds ingest back.
const JOBS_MAX: usize = 16;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Hands jobs to the writing thread and waits for their results.
pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. After each job, and at first, it does what `idle` finds to do, as long as
    /// that says there is more and no job waits.
    pub(super) fn start(
        connection: Connection,
        mut idle: impl FnMut(&Connection) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver): (SyncSender<Job>, Receiver<Job>) = sync_channel(JOBS_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let mut has_more = true;
                loop {
                    let job = match receiver.try_recv() {
                        Ok(job) => job,
                        Err(TryRecvError::Disconnected) => break,
                        Err(TryRecvError::Empty) if has_more => {
                            has_more = idle(&connection);
                            continue;
                        }
                        Err(TryRecvError::Empty) => match receiver.recv() {
                            Ok(job) => job,
                            Err(_) => break,
                        },
                    };
                    job(&connection);
                    has_more = true;
                }
            })?;
        Ok(Self {
            jobs: Some(sender),
            thread: Some(thread),
        })
    }

    /// Runs a job on the writing connection and returns its result.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = sync_channel(1);
        let job: Job = Box::new(move |connection| {
            // The asker may have gone; the work is done all the same.
            let _ = answer.send(job(connection));
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).map_err(|_| StoreError::Closed)?;
        result.recv().map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic was already reported to the asker as a closed store.
            let _ = thread.join();
        }
    }
}
