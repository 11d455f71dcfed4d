//! A small pool of reading connections; each query has a deadline and is interrupted past it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use duckdb::{Connection, InterruptHandle};

use super::fault::{Meaning, failed, meaning};
use crate::store::StoreError;

/// How often a query past its deadline is interrupted again: an interrupt that arrives between
/// two of its statements is lost.
const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

/// Connections that only read, lent one query at a time.
pub(super) struct Readers {
    path: PathBuf,
    deadline: Duration,
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
    watch: Arc<Watch>,
    watcher: Option<JoinHandle<()>>,
}

impl Readers {
    /// Returns a pool over these connections.
    ///
    /// # Errors
    /// When the thread that watches deadlines cannot be started.
    pub(super) fn new(
        path: PathBuf,
        connections: Vec<Connection>,
        deadline: Duration,
    ) -> std::io::Result<Self> {
        let watch = Arc::new(Watch::default());
        let watcher = {
            let watch = Arc::clone(&watch);
            std::thread::Builder::new()
                .name("store-deadline".to_owned())
                .spawn(move || watch.run())?
        };
        Ok(Self {
            path,
            deadline,
            idle: Mutex::new(connections),
            returned: Condvar::new(),
            watch,
            watcher: Some(watcher),
        })
    }

    /// Runs a query on a connection of the pool.
    pub(super) fn read<T>(
        &self,
        what: &'static str,
        query: impl FnOnce(&Connection) -> duckdb::Result<T>,
    ) -> Result<T, StoreError> {
        let ends_at = Instant::now() + self.deadline;
        let connection = self.take(ends_at)?;
        let ticket = self.watch.begin(connection.interrupt_handle(), ends_at);
        let result = query(&connection);
        self.watch.end(ticket);
        guard(&self.idle).push(connection);
        self.returned.notify_one();
        result.map_err(|error| match meaning(&error) {
            Meaning::Interrupted => self.too_late(),
            _ => failed(what, &self.path, error),
        })
    }

    fn take(&self, ends_at: Instant) -> Result<Connection, StoreError> {
        let mut idle = guard(&self.idle);
        loop {
            if let Some(connection) = idle.pop() {
                return Ok(connection);
            }
            let left = ends_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.too_late());
            }
            idle = self
                .returned
                .wait_timeout(idle, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn too_late(&self) -> StoreError {
        StoreError::Deadline {
            deadline_s: self.deadline.as_secs(),
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.watch.close();
        if let Some(watcher) = self.watcher.take() {
            // It holds nothing that could fail to be joined.
            let _ = watcher.join();
        }
    }
}

/// The queries that run now, and the thread that stops the late ones.
#[derive(Default)]
struct Watch {
    state: Mutex<WatchState>,
    changed: Condvar,
}

#[derive(Default)]
struct WatchState {
    running: HashMap<u64, (Instant, Arc<InterruptHandle>)>,
    next_ticket: u64,
    is_closed: bool,
}

impl Watch {
    fn begin(&self, handle: Arc<InterruptHandle>, ends_at: Instant) -> u64 {
        let mut state = guard(&self.state);
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.running.insert(ticket, (ends_at, handle));
        // Deadlines are all the same length, so only a watcher without any has to be woken.
        if state.running.len() == 1 {
            self.changed.notify_one();
        }
        ticket
    }

    fn end(&self, ticket: u64) {
        guard(&self.state).running.remove(&ticket);
    }

    fn close(&self) {
        guard(&self.state).is_closed = true;
        self.changed.notify_one();
    }

    fn run(&self) {
        let mut state = guard(&self.state);
        while !state.is_closed {
            let now = Instant::now();
            for (ends_at, handle) in state.running.values() {
                if *ends_at <= now {
                    handle.interrupt();
                }
            }
            let next = state.running.values().map(|(ends_at, _)| *ends_at).min();
            state = match next {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(next) => {
                    let pause = next.saturating_duration_since(now).max(INTERRUPT_EVERY);
                    self.changed
                        .wait_timeout(state, pause)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

/// A poisoned lock only means that a query panicked; what it guards stays consistent.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
