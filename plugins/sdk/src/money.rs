//! Amounts of money, exact.

/// Decimals that are kept.
const DECIMALS: usize = 4;
const UNIT: i128 = 10_i128.pow(DECIMALS as u32);

/// An amount of money in ten-thousandths of the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i128);

impl Money {
    /// Makes an amount from ten-thousandths: 9.99 is 99,900.
    #[must_use]
    pub const fn from_ten_thousandths(ten_thousandths: i128) -> Self {
        Self(ten_thousandths)
    }

    /// Reads a decimal number such as `-1234.50`. Returns `None` for anything else, and for more
    /// than four decimals that are not zero or 14 digits before the point: no amount is rounded in
    /// silence.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let decimals = decimals.trim_end_matches('0');
        let is_number = !whole.is_empty()
            && whole.len() <= 14
            && decimals.len() <= DECIMALS
            && (whole.bytes().chain(decimals.bytes())).all(|byte| byte.is_ascii_digit());
        if !is_number {
            return None;
        }
        let number: i128 = format!("{whole}{decimals:0<DECIMALS$}").parse().ok()?;
        Some(Self(if is_negative { -number } else { number }))
    }

    /// Makes an amount from a JSON number, rounded to four decimals. Returns `None` when it is not
    /// finite or has more than 14 digits before the point.
    #[must_use]
    pub fn from_f64(amount: f64) -> Option<Self> {
        let is_known = amount.is_finite() && amount.abs() < 1e14;
        // Below 1e18, so the conversion is exact.
        #[expect(clippy::cast_possible_truncation, reason = "checked just above")]
        is_known.then(|| Self((amount * UNIT as f64).round() as i128))
    }

    /// Returns ten-thousandths of the currency's unit.
    #[must_use]
    pub const fn ten_thousandths(self) -> i128 {
        self.0
    }

    /// Divides into `n` parts, rounded to the nearest: a price of `n` months by the month.
    ///
    /// # Panics
    /// When `n` is 0.
    #[must_use]
    pub const fn divided_by(self, n: u32) -> Self {
        let n = n as i128;
        let half = if self.0 < 0 { -n / 2 } else { n / 2 };
        Self((self.0 + half) / n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<i128> {
        Money::parse(text).map(Money::ten_thousandths)
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(parsed("9.99"), Some(99_900));
        assert_eq!(parsed("-1234.5"), Some(-12_345_000));
        assert_eq!(parsed("0.00010"), Some(1));
        assert_eq!(parsed("7"), Some(70_000));
        for text in [
            "",
            "-",
            ".5",
            "1.00001",
            "1e3",
            "1,5",
            "+1",
            "123456789012345",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_and_parts_are_rounded_to_the_nearest() {
        let amount = |number| Money::from_f64(number).map(Money::ten_thousandths);
        assert_eq!(amount(9.99), Some(99_900));
        assert_eq!(amount(-0.1), Some(-1_000));
        assert_eq!(amount(f64::NAN), None);
        assert_eq!(amount(1e15), None);
        let year = Money::from_ten_thousandths(1_000_000);
        assert_eq!(year.divided_by(12).ten_thousandths(), 83_333);
        let refund = Money::from_ten_thousandths(-5);
        assert_eq!(refund.divided_by(2).ten_thousandths(), -3);
    }
}
