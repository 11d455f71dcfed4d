//! Seconds as people say them: in the unit that fits their size.

/// Seconds of a minute, an hour and a day.
const MINUTE_S: f64 = 60.0;
const HOUR_S: f64 = 3_600.0;
const DAY_S: f64 = 86_400.0;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days of 24 hours.
    Day,
}

impl TimeUnit {
    /// Returns its seconds.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        match self {
            Self::Second => 1.0,
            Self::Minute => MINUTE_S,
            Self::Hour => HOUR_S,
            Self::Day => DAY_S,
        }
    }

    /// Returns the unit for steps of so many seconds.
    #[must_use]
    pub fn of_step(step_s: f64) -> Self {
        [Self::Day, Self::Hour, Self::Minute]
            .into_iter()
            .find(|unit| step_s >= unit.seconds())
            .unwrap_or(Self::Second)
    }
}

/// A number of seconds in the unit that fits, and with how many decimals it is said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duration {
    /// The number, in the unit.
    pub amount: f64,
    /// The unit.
    pub unit: TimeUnit,
    /// Decimals that say something: one below ten, none where it would be zero.
    pub decimals: usize,
}

impl Duration {
    /// Returns how people say so many seconds: hours up to two days, then days.
    #[must_use]
    pub fn of(seconds: f64) -> Self {
        let size = seconds.abs();
        // Where rounding would fill the unit, the next one says it better.
        let unit = if size < MINUTE_S - 0.5 {
            TimeUnit::Second
        } else if size < HOUR_S - MINUTE_S / 2.0 {
            TimeUnit::Minute
        } else if size < 2.0 * DAY_S - HOUR_S / 20.0 {
            TimeUnit::Hour
        } else {
            TimeUnit::Day
        };
        let amount = seconds / unit.seconds();
        let tenths = (amount * 10.0).round();
        let is_long = match unit {
            TimeUnit::Second => size >= 1.0,
            TimeUnit::Minute => size >= 10.0 * MINUTE_S,
            TimeUnit::Hour => false,
            TimeUnit::Day => size >= 100.0 * DAY_S,
        };
        let is_whole = (tenths / 10.0).fract() == 0.0;
        Self {
            amount,
            unit,
            decimals: usize::from(!is_long && !is_whole),
        }
    }

    /// Returns the number as it is rounded for people.
    #[must_use]
    pub fn rounded(self) -> f64 {
        let scale = if self.decimals == 0 { 1.0 } else { 10.0 };
        (self.amount * scale).round() / scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_said_in_the_unit_that_fits() {
        let check = |seconds: f64, expected: (f64, TimeUnit, usize)| {
            let found = Duration::of(seconds);
            let (rounded, unit, decimals) = expected;
            assert_eq!(
                (found.rounded(), found.unit, found.decimals),
                (rounded, unit, decimals),
                "{seconds}"
            );
        };
        check(0.0, (0.0, TimeUnit::Second, 0));
        check(0.4, (0.4, TimeUnit::Second, 1));
        check(45.2, (45.0, TimeUnit::Second, 0));
        check(59.7, (1.0, TimeUnit::Minute, 0));
        check(90.0, (1.5, TimeUnit::Minute, 1));
        check(754.0, (13.0, TimeUnit::Minute, 0));
        check(3_580.0, (1.0, TimeUnit::Hour, 0));
        check(5_400.0, (1.5, TimeUnit::Hour, 1));
        check(36.0 * 3_600.0, (36.0, TimeUnit::Hour, 0));
        check(54.4667 * 3_600.0, (2.3, TimeUnit::Day, 1));
        check(47.99 * 3_600.0, (2.0, TimeUnit::Day, 0));
        check(250.4 * 86_400.0, (250.0, TimeUnit::Day, 0));
        check(-5_400.0, (-1.5, TimeUnit::Hour, 1));
    }
}
