//! Works analyses out beside the pictures: one after the other, each question once, never more often
//! than its cost allows.

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cache::ByteCache;

/// Questions that may wait; the next is refused until one is done.
const WAITING_MAX: usize = 64;
/// Results kept, in bytes.
const KEPT_BYTES: usize = 32 << 20;
/// So many times of what it took pass before an analysis is worked out again: analyses of one
/// question take at most a twentieth of a processor, however often its data change.
const REST_TIMES: u32 = 19;

/// Works on questions of one kind.
pub(super) struct Analyst<T> {
    shared: Arc<Shared<T>>,
    thread: Option<JoinHandle<()>>,
}

type Work<T> = Box<dyn FnOnce() -> T + Send>;

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    kept: ByteCache<Kept<T>>,
}

struct State<T> {
    waiting: VecDeque<(String, Work<T>)>,
    /// Questions that wait or are being worked on.
    at_work: BTreeSet<String>,
    /// Results so far, however often replaced.
    n_done: u64,
    is_closed: bool,
}

/// A result, and what it cost.
#[derive(Debug, Clone)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    ended_at: Instant,
    took: Duration,
}

impl<T> Kept<T> {
    /// Whether it is too soon to work it out again.
    fn is_resting(&self) -> bool {
        self.ended_at.elapsed() < self.took * REST_TIMES
    }
}

impl<T: Clone + Send + Sync + 'static> Analyst<T> {
    /// Starts the thread.
    pub(super) fn start() -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                at_work: BTreeSet::new(),
                n_done: 0,
                is_closed: false,
            }),
            changed: Condvar::new(),
            kept: ByteCache::new(KEPT_BYTES),
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("analyst".to_owned());
        Self {
            shared,
            thread: thread.spawn(move || own.work_on()).ok(),
        }
    }

    /// Returns the last result of a question.
    pub(super) fn last(&self, key: &str) -> Option<Kept<T>> {
        self.shared.kept.get(key)
    }

    /// Returns how many results there were; it changes when a question may be answered anew.
    pub(super) fn n_done(&self) -> u64 {
        self.shared.lock().n_done
    }

    /// Has a question worked out, unless that is under way or too soon, and waits for it as long as
    /// `patience`. Without a limit it is never too soon.
    pub(super) fn ask(
        &self,
        key: &str,
        patience: Option<Duration>,
        work: impl FnOnce() -> T + Send + 'static,
    ) {
        let is_resting = self.last(key).is_some_and(|kept| kept.is_resting());
        let mut state = self.shared.lock();
        if !state.at_work.contains(key) {
            let is_too_soon = is_resting && patience.is_some();
            if is_too_soon || state.waiting.len() >= WAITING_MAX || state.is_closed {
                return;
            }
            state.at_work.insert(key.to_owned());
            state.waiting.push_back((key.to_owned(), Box::new(work)));
            self.shared.changed.notify_all();
        }
        let is_unfinished = |state: &mut State<T>| state.at_work.contains(key) && !state.is_closed;
        let changed = &self.shared.changed;
        match patience {
            Some(limit) => drop(changed.wait_timeout_while(state, limit, is_unfinished)),
            None => drop(changed.wait_while(state, is_unfinished)),
        }
    }
}

impl<T> Drop for Analyst<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_closed = true;
        state.waiting.clear();
        drop(state);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Shared<T> {
    fn work_on(&self) {
        while let Some((key, work)) = self.next() {
            let started = Instant::now();
            // A question that breaks the analysis costs itself, not the others.
            let result = catch_unwind(AssertUnwindSafe(work));
            if let Ok(value) = result {
                let kept = Kept {
                    value,
                    ended_at: Instant::now(),
                    took: started.elapsed(),
                };
                self.kept.put(&key, kept, RESULT_BYTES);
            } else {
                tracing::error!(question = key, "an analysis panicked");
            }
            let mut state = self.lock();
            state.at_work.remove(&key);
            state.n_done += 1;
            drop(state);
            self.changed.notify_all();
        }
    }

    fn next(&self) -> Option<(String, Work<T>)> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// About the bytes of a result: its tables and finds.
const RESULT_BYTES: usize = 64 << 10;

impl<T> std::fmt::Debug for Analyst<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Analyst").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;

    use super::*;

    const SOON: Option<Duration> = Some(Duration::from_millis(1));

    #[test]
    fn who_has_no_patience_gets_the_last_result() {
        let analyst = Analyst::start();
        let (open, gate) = mpsc::channel::<()>();
        analyst.ask("a", SOON, move || {
            gate.recv().ok();
            1
        });
        assert!(analyst.last("a").is_none());
        // The one under way is the only one.
        analyst.ask("a", SOON, || 2);
        open.send(()).expect("it waits");
        while analyst.n_done() == 0 {
            std::thread::yield_now();
        }
        assert_eq!(analyst.last("a").map(|kept| kept.value), Some(1));
    }

    #[test]
    fn a_question_rests_as_long_as_it_was_dear() {
        let analyst = Analyst::start();
        let runs = Arc::new(AtomicU32::new(0));
        let ask = |patience| {
            let runs = Arc::clone(&runs);
            analyst.ask("a", patience, move || {
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_millis(20) {}
                runs.fetch_add(1, Ordering::SeqCst)
            });
        };
        ask(None);
        for _ in 0..5 {
            ask(SOON);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        ask(None);
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_panic_costs_one_question() {
        let analyst: Analyst<u8> = Analyst::start();
        analyst.ask("bad", None, || panic!("no such rows"));
        assert!(analyst.last("bad").is_none());
        analyst.ask("good", None, || 3);
        assert_eq!(analyst.last("good").map(|kept| kept.value), Some(3));
    }
}
