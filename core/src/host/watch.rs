//! This side of a child's pipes: blocking reads and writes that never outlast a run's deadlines.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use vocd_plugin::frame::{FrameKind, write_frame};

use super::failure::FailureReason;
use super::stop::{StopLevel, StopSignal};

/// How often a waiting run looks at its deadlines and at the stop signal.
const TICK: Duration = Duration::from_millis(50);
/// From asking a child to drain to telling it to stop: the daemon itself ends within 10 s.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The same where only another build waits: a page of a slow vendor may still come.
const RENEW_TIMEOUT: Duration = Duration::from_secs(30);
/// From telling a child to stop to killing it.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The child's pipes under a run's deadlines.
#[derive(Debug)]
pub(super) struct WatchedPipe {
    from_child: UnixStream,
    to_child: UnixStream,
    stop: StopSignal,
    wall_until: Instant,
    idle_max: Duration,
    idle_until: Instant,
    phase: Phase,
    reason: Option<FailureReason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Draining { level: StopLevel, until: Instant },
    Stopping { until: Instant },
}

impl WatchedPipe {
    pub(super) fn new(
        from_child: UnixStream,
        to_child: UnixStream,
        stop: StopSignal,
        wall: Duration,
        idle: Duration,
    ) -> io::Result<Self> {
        from_child.set_read_timeout(Some(TICK))?;
        to_child.set_write_timeout(Some(TICK))?;
        let now = Instant::now();
        Ok(Self {
            from_child,
            to_child,
            stop,
            wall_until: now + wall,
            idle_max: idle,
            idle_until: now + idle,
            phase: Phase::Running,
            reason: None,
        })
    }

    /// Starts to wait for a message: the time the daemon took for the one before is not the
    /// plugin's silence.
    pub(super) fn expect_message(&mut self) {
        self.idle_until = Instant::now() + self.idle_max;
    }

    /// Tells the child to stop now, for this reason.
    pub(super) fn stop_now(&mut self, reason: FailureReason) {
        if matches!(self.phase, Phase::Stopping { .. }) {
            return;
        }
        self.reason.get_or_insert(reason);
        self.phase = Phase::Stopping {
            until: Instant::now() + STOP_TIMEOUT,
        };
        self.send_stop(br#"{"when":"now"}"#);
    }

    /// Returns why the child was asked to stop, if it was.
    pub(super) fn reason(&self) -> Option<FailureReason> {
        self.reason
    }

    fn drain_until(&mut self, level: StopLevel, until: Instant) {
        self.phase = Phase::Draining { level, until };
    }

    fn send_stop(&mut self, payload: &[u8]) {
        // A child that does not read is killed when its time is over.
        let _ = write_frame(&mut self.to_child, FrameKind::Stop, 0, payload);
    }

    /// Looks at the deadlines; fails where the child has to be killed.
    fn look(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if let Phase::Stopping { until } = self.phase {
            if now >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            return Ok(());
        }
        if now >= self.wall_until {
            self.stop_now(FailureReason::Timeout);
        } else if now >= self.idle_until {
            self.stop_now(FailureReason::Idle);
        } else if let Phase::Draining { until, .. } = self.phase
            && now >= until
        {
            self.stop_now(FailureReason::Cancelled);
        }
        match (self.stop.level(), self.phase) {
            (StopLevel::Run, _) => {}
            (StopLevel::Now, _) => self.stop_now(FailureReason::Cancelled),
            (level, Phase::Running) => {
                self.reason.get_or_insert(FailureReason::Cancelled);
                self.drain_until(level, now + drain_timeout(level));
                self.send_stop(br#"{"when":"drain"}"#);
            }
            (level, Phase::Draining { level: told, until }) if level > told => {
                // The child drains already; it only has less time now.
                self.drain_until(level, until.min(now + drain_timeout(level)));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Read for WatchedPipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.look()?;
            match self.from_child.read(buffer) {
                Err(error) if is_tick(&error) => {}
                // A child that ends with unread frames resets the pair: its end, all the same.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(0),
                other => return other,
            }
        }
    }
}

impl Write for WatchedPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.look()?;
            match self.to_child.write(bytes) {
                Err(error) if is_tick(&error) => {}
                other => return other,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn drain_timeout(level: StopLevel) -> Duration {
    match level {
        StopLevel::Renew => RENEW_TIMEOUT,
        _ => DRAIN_TIMEOUT,
    }
}

fn is_tick(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use vocd_plugin::frame::read_header;

    use super::*;

    struct Pair {
        pipe: WatchedPipe,
        child_in: UnixStream,
        _child_out: UnixStream,
        stop: StopSignal,
    }

    fn pair(wall: Duration, idle: Duration) -> Pair {
        let (to_child, child_in) = UnixStream::pair().expect("pair");
        let (from_child, child_out) = UnixStream::pair().expect("pair");
        let stop = StopSignal::new();
        let pipe = WatchedPipe::new(from_child, to_child, stop.clone(), wall, idle);
        Pair {
            pipe: pipe.expect("set up"),
            child_in,
            _child_out: child_out,
            stop,
        }
    }

    fn check_stopped(mut pair: Pair, expected: FailureReason) {
        let mut byte = [0];
        let error = pair.pipe.read(&mut byte).expect_err("killed");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(pair.pipe.reason(), Some(expected));
        let header = read_header(&mut pair.child_in)
            .expect("a frame")
            .expect("one");
        assert_eq!(header.kind, FrameKind::Stop);
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_silent_child_is_stopped_then_given_up() {
        check_stopped(pair(LONG, Duration::ZERO), FailureReason::Idle);
    }

    #[test]
    fn a_run_that_takes_too_long_is_stopped_then_given_up() {
        check_stopped(pair(Duration::ZERO, LONG), FailureReason::Timeout);
    }

    #[test]
    fn a_stop_signal_reaches_the_child() {
        let pair = pair(LONG, LONG);
        pair.stop.now();
        check_stopped(pair, FailureReason::Cancelled);
    }

    #[test]
    fn a_shutdown_shortens_the_time_that_another_build_would_wait() {
        let mut pair = pair(LONG, LONG);
        let left = |pair: &Pair| match pair.pipe.phase {
            Phase::Draining { until, .. } => until - Instant::now(),
            _ => Duration::ZERO,
        };
        pair.stop.renew();
        pair.pipe.look().expect("goes on");
        assert!(left(&pair) > DRAIN_TIMEOUT);
        pair.stop.drain();
        pair.pipe.look().expect("goes on");
        assert!((Duration::from_millis(1)..=DRAIN_TIMEOUT).contains(&left(&pair)));
        let first = read_header(&mut pair.child_in).expect("a frame");
        assert_eq!(first.expect("one").kind, FrameKind::Stop);
    }

    #[test]
    fn a_child_that_does_not_read_cannot_hold_the_daemon() {
        let mut pair = pair(Duration::ZERO, LONG);
        let error = pair
            .pipe
            .write_all(&vec![0; 8 << 20])
            .expect_err("given up");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
