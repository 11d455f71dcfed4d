//! Draws off the async threads: a few render threads, a bounded queue, one drawing per question.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

/// Drawings that may wait for a thread. A cold 1080p picture takes about 50 ms, so a full queue
/// is about two seconds of work for two threads: longer than that nobody waits for a wall.
pub(super) const QUEUE_JOBS_MAX: usize = 64;

/// Fewest and most render threads.
const THREADS: std::ops::RangeInclusive<usize> = 2..=8;

/// Render threads with a bounded queue; identical jobs in flight run once.
#[derive(Debug)]
pub(crate) struct RenderPool<T> {
    shared: Arc<Shared<T>>,
    threads: Vec<JoinHandle<()>>,
}

/// Receives the result of a job that may have been asked for before.
pub(crate) type Pending<T> = watch::Receiver<Option<T>>;

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueFull;

type Work<T> = Box<dyn FnOnce() -> T + Send>;

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    jobs_max: usize,
}

struct State<T> {
    waiting: VecDeque<Job<T>>,
    in_flight: HashMap<String, Pending<T>>,
    is_closed: bool,
}

struct Job<T> {
    key: String,
    work: Work<T>,
    result: watch::Sender<Option<T>>,
}

impl<T: Clone + Send + Sync + 'static> RenderPool<T> {
    /// Starts a thread per processor, within limits.
    pub(crate) fn start() -> Self {
        let n_threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self::with(
            n_threads.clamp(*THREADS.start(), *THREADS.end()),
            QUEUE_JOBS_MAX,
        )
    }

    /// Starts exactly this many threads before a queue of this length.
    pub(crate) fn with(n_threads: usize, jobs_max: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            in_flight: HashMap::new(),
            is_closed: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            jobs_max,
        });
        let threads = (0..n_threads)
            .filter_map(|idx| {
                let shared = Arc::clone(&shared);
                let name = format!("render-{idx}");
                std::thread::Builder::new()
                    .name(name)
                    .spawn(move || shared.work_on())
                    .ok()
            })
            .collect();
        Self { shared, threads }
    }

    /// Runs the work on a render thread, or joins the job with this key that is in flight.
    ///
    /// The receiver ends without a value when the work panicked or the pool closed.
    ///
    /// # Errors
    /// When the queue is full.
    pub(crate) fn submit(
        &self,
        key: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Pending<T>, QueueFull> {
        let mut state = self.shared.lock();
        if let Some(pending) = state.in_flight.get(key) {
            return Ok(pending.clone());
        }
        if state.waiting.len() >= self.shared.jobs_max || state.is_closed {
            return Err(QueueFull);
        }
        let (result, pending) = watch::channel(None);
        state.in_flight.insert(key.to_owned(), pending.clone());
        state.waiting.push_back(Job {
            key: key.to_owned(),
            work: Box::new(work),
            result,
        });
        drop(state);
        self.shared.changed.notify_one();
        Ok(pending)
    }

    /// Returns how many jobs wait for a thread.
    pub(crate) fn n_waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }
}

impl<T> Drop for RenderPool<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.waiting.clear();
        drop(state);
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // The last owner may be a job itself; a thread cannot wait for its own end.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_on(&self) {
        loop {
            let mut state = self.lock();
            let job = loop {
                if let Some(job) = state.waiting.pop_front() {
                    break job;
                }
                if state.is_closed {
                    return;
                }
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            // A figure that breaks the painter costs one error card, not a render thread.
            let outcome = catch_unwind(AssertUnwindSafe(job.work));
            self.lock().in_flight.remove(&job.key);
            if let Ok(value) = outcome {
                job.result.send_replace(Some(value));
            }
        }
    }
}

impl<T> std::fmt::Debug for State<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("State")
            .field("n_waiting", &self.waiting.len())
            .finish()
    }
}

/// Waits for a job's result; `None` when it panicked or the pool closed.
pub(crate) async fn result_of<T: Clone>(mut pending: Pending<T>) -> Option<T> {
    pending
        .wait_for(Option::is_some)
        .await
        .ok()
        .and_then(|value| value.clone())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn identical_jobs_in_flight_run_once() {
        let pool = RenderPool::with(1, 10);
        let (open, gate) = mpsc::channel::<()>();
        let n_runs = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&n_runs);
        let first = pool.submit("same", move || {
            counter.fetch_add(1, Ordering::SeqCst);
            gate.recv().ok();
            7
        });
        let others: Vec<_> = (0..20)
            .map(|_| {
                let counter = Arc::clone(&n_runs);
                pool.submit("same", move || {
                    counter.fetch_add(1, Ordering::SeqCst);
                    8
                })
            })
            .collect();
        open.send(()).unwrap();
        assert_eq!(result_of(first.unwrap()).await, Some(7));
        for other in others {
            assert_eq!(result_of(other.unwrap()).await, Some(7));
        }
        assert_eq!(n_runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn full_queue_refuses_and_recovers() {
        let pool = RenderPool::with(1, 1);
        let (open, gate) = mpsc::channel::<()>();
        let (started, starts) = mpsc::channel::<()>();
        let busy = pool
            .submit("busy", move || {
                started.send(()).ok();
                gate.recv().ok();
                1
            })
            .unwrap();
        starts.recv().unwrap();
        let waiting = pool.submit("waiting", || 2).unwrap();
        assert_eq!(pool.submit("refused", || 3).err(), Some(QueueFull));
        open.send(()).unwrap();
        assert_eq!(result_of(busy).await, Some(1));
        assert_eq!(result_of(waiting).await, Some(2));
        assert_eq!(
            result_of(pool.submit("after", || 4).unwrap()).await,
            Some(4)
        );
    }

    #[tokio::test]
    async fn panic_costs_one_result_and_no_thread() {
        let pool = RenderPool::with(1, 10);
        let broken = pool.submit("broken", || panic!("drawn too wide")).unwrap();
        assert_eq!(result_of::<u8>(broken).await, None);
        assert_eq!(
            result_of(pool.submit("broken", || 5).unwrap()).await,
            Some(5)
        );
    }
}
