//! Between reading and writing: a bounded queue that makes few large transactions of many small
//! checkpoints.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::stage::Covered;

/// Records of one transaction: four whole row groups of the store's engine, which writes those
/// once into its file; what is smaller goes through its log and is compressed a second time.
const UNIT_RECORDS_MAX: usize = 4 * 122_880;
/// Bytes of one transaction.
const UNIT_BYTES_MAX: usize = 160 * 1024 * 1024;
/// How long the first rows of a transaction wait for more.
const UNIT_AGE_MAX: Duration = Duration::from_secs(1);
/// Transactions that wait beside the one being written: a full queue makes the reader wait, whose
/// pipe makes the child wait.
const UNITS_MAX: usize = 1;

/// The queue of one pull, with one thread on each side.
#[derive(Debug, Default)]
pub(super) struct CommitQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    units: VecDeque<Waiting>,
    is_closed: bool,
    has_failed: bool,
}

#[derive(Debug)]
struct Waiting {
    covered: Covered,
    since: Instant,
}

/// The writer gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WriterGone;

impl CommitQueue {
    /// Adds rows, to the last waiting transaction where they fit; blocks while the queue is full.
    pub(super) fn push(&self, covered: Covered) -> Result<(), WriterGone> {
        let mut state = self.lock();
        loop {
            if state.has_failed {
                return Err(WriterGone);
            }
            if let Some(last) = state.units.back_mut()
                && fits(&last.covered, &covered)
            {
                last.covered.rows.append(covered.rows);
                last.covered.checkpoint = covered.checkpoint;
                break;
            }
            if state.units.len() < UNITS_MAX {
                state.units.push_back(Waiting {
                    covered,
                    since: Instant::now(),
                });
                break;
            }
            state = self.wait(state);
        }
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the next transaction once it is full or old enough; `None` after the last one.
    pub(super) fn pop(&self) -> Option<Covered> {
        let mut state = self.lock();
        loop {
            let is_last = state.units.len() == 1 && !state.is_closed;
            let Some(first) = state.units.front() else {
                if state.is_closed {
                    return None;
                }
                state = self.wait(state);
                continue;
            };
            let rest = UNIT_AGE_MAX.saturating_sub(first.since.elapsed());
            if is_last && !is_full(&first.covered) && !rest.is_zero() {
                let waited = self.changed.wait_timeout(state, rest);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let taken = state.units.pop_front();
            drop(state);
            self.changed.notify_all();
            return taken.map(|unit| unit.covered);
        }
    }

    /// Says that nothing more will be pushed.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Says that nothing more will be popped.
    pub(super) fn fail(&self) {
        self.lock().has_failed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn fits(last: &Covered, covered: &Covered) -> bool {
    last.stream == covered.stream
        && last.rows.n_records() + covered.rows.n_records() <= UNIT_RECORDS_MAX
        && last.rows.n_bytes + covered.rows.n_bytes <= UNIT_BYTES_MAX
}

fn is_full(covered: &Covered) -> bool {
    covered.rows.n_records() >= UNIT_RECORDS_MAX || covered.rows.n_bytes >= UNIT_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::stage::Staged;
    use super::*;
    use crate::record::StreamName;
    use crate::store::Checkpoint;

    fn covered(stream: &str, n_rows: usize, cursor: usize) -> Covered {
        Covered {
            stream: StreamName::new(stream).expect("valid"),
            rows: Staged {
                n_rows,
                ..Staged::default()
            },
            checkpoint: Checkpoint {
                json: format!("{{\"n\":{cursor}}}"),
                format: 1,
                plugin_version: "1".to_owned(),
            },
        }
    }

    #[test]
    fn small_checkpoints_become_one_transaction_with_the_last_cursor() {
        let queue = CommitQueue::default();
        for cursor in 0..100 {
            queue.push(covered("s", 10, cursor)).expect("open");
        }
        queue.close();
        let unit = queue.pop().expect("one");
        assert_eq!(unit.rows.n_rows, 1_000);
        assert_eq!(unit.checkpoint.json, r#"{"n":99}"#);
        assert!(queue.pop().is_none());
    }

    #[test]
    fn streams_and_large_checkpoints_stay_apart() {
        let queue = CommitQueue::default();
        let sizes: Vec<usize> = thread::scope(|scope| {
            let writer = scope.spawn(|| std::iter::from_fn(|| queue.pop()).collect::<Vec<_>>());
            queue.push(covered("a", 1, 0)).expect("open");
            queue
                .push(covered("b", UNIT_RECORDS_MAX - 1, 0))
                .expect("open");
            queue.push(covered("b", 2, 1)).expect("open");
            queue.close();
            let units = writer.join().expect("no panic");
            units.iter().map(|unit| unit.rows.n_rows).collect()
        });
        assert_eq!(sizes, [1, UNIT_RECORDS_MAX - 1, 2]);
    }

    #[test]
    fn a_full_queue_makes_the_reader_wait_and_nothing_is_lost() {
        let queue = CommitQueue::default();
        let n_popped = thread::scope(|scope| {
            let writer = scope.spawn(|| std::iter::from_fn(|| queue.pop()).count());
            for cursor in 0..50 {
                queue
                    .push(covered("s", UNIT_RECORDS_MAX, cursor))
                    .expect("open");
            }
            queue.close();
            writer.join().expect("no panic")
        });
        assert_eq!(n_popped, 50);
    }

    #[test]
    fn a_writer_that_gave_up_frees_the_reader() {
        let queue = CommitQueue::default();
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                (0..)
                    .map(|cursor| queue.push(covered("s", UNIT_RECORDS_MAX, cursor)))
                    .find(Result::is_err)
            });
            queue.pop().expect("one");
            queue.fail();
            assert_eq!(reader.join().expect("no panic"), Some(Err(WriterGone)));
        });
    }
}
