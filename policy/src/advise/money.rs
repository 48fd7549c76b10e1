//! How is money counted without rounding?
//!
//! Prices are decimals with at most six places. Amounts are integers, so fine that a price times a token and the mean of up to
//! sixteen of them are exact.

use std::fmt::{self, Display};
use std::iter::Sum;
use std::str::FromStr;

/// Every number up to sixteen divides it: means over so many weeks are exact.
pub(super) const SHARES: i128 = 720_720;
/// Parts of a unit of the currency that a price may have.
const MICRO: i128 = 1_000_000;
/// A price a million tokens has six places, and so has the million.
const PICO: i128 = MICRO * MICRO;
/// Greater prices are not believed.
const GREATEST: i128 = 100_000 * MICRO;

/// A price in any currency, exact to six decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(i128);

/// A text that is not a price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a price; use a number from 0 to 100000 with at most six decimal places, such as `21.18`")]
pub struct NotAPrice(String);

impl FromStr for Price {
    type Err = NotAPrice;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotAPrice(crate::input::cut(text));
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_decimal = digits(whole) && digits(places) && (1..=12).contains(&whole.len()) && places.len() <= 6;
        if !is_decimal || text.ends_with('.') {
            return Err(refused());
        }
        let micro: i128 = format!("{whole}{places:0<6}").parse().map_err(|_| refused())?;
        if micro > GREATEST { Err(refused()) } else { Ok(Self(micro)) }
    }
}

impl Price {
    /// What `tokens` cost at this price a million.
    pub(super) fn of_tokens(self, tokens: u64) -> i128 {
        i128::from(tokens) * self.0
    }

    /// What one unit costs for one hour, counted as [`Amount`] is.
    pub(super) fn of_an_hour(self) -> i128 {
        self.0 * MICRO * SHARES
    }

    /// The price that makes `hours` cost `amount`; nothing if there are no hours.
    pub(super) fn that_makes(amount: Amount, hours: i128) -> Option<Self> {
        (hours > 0).then(|| Self((amount.0 / (MICRO * SHARES * hours)).max(0)))
    }
}

impl Price {
    /// With two decimal places, or four if it is less than one.
    #[must_use]
    pub fn short(self) -> String {
        let places = if self.0 < MICRO { 4 } else { 2 };
        let unit = 10_i128.pow(6 - places);
        let number = rounded(self.0, unit);
        let one = MICRO / unit;
        format!("{}.{:0width$}", number / one, number % one, width = usize::try_from(places).unwrap_or(2))
    }
}

impl Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(self.0, 6, formatter)
    }
}

/// An amount of money, in a fixed small part of the currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub(super) i128);

impl Amount {
    /// Rounded to a millionth of the currency, as a decimal without needless zeros.
    #[must_use]
    pub fn exact(self) -> String {
        let micro = rounded(self.0, PICO / MICRO * SHARES);
        Price(micro).to_string()
    }

    /// By how many thousandths this is more than `other`; nothing if `other` is nothing.
    pub(super) fn thousandths_above(self, other: Self) -> Option<i128> {
        (other.0 > 0).then(|| (self.0 - other.0) * 1000 / other.0)
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

impl Display for Amount {
    /// With two decimal places.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = rounded(self.0, PICO / 100 * SHARES);
        write!(formatter, "{}.{:02}", cents / 100, cents % 100)
    }
}

/// The nearest whole number of `of`; a half counts as one.
fn rounded(amount: i128, of: i128) -> i128 {
    (amount + of / 2).div_euclid(of)
}

/// `number` parts of ten to the `places`, without needless zeros.
fn decimal(number: i128, places: usize, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let digits = format!("{number:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { formatter.write_str(whole) } else { write!(formatter, "{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_exactly_and_written_as_it_was() {
        for text in ["0", "0.06", "21.18", "0.000001", "100000"] {
            assert_eq!(text.parse::<Price>().unwrap().to_string(), text);
        }
        for text in ["", ".5", "5.", "-1", "1e3", "0.0000001", "100000.1", "NaN", "１", "9999999999999"] {
            assert!(text.parse::<Price>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_amount_is_rounded_only_when_it_is_written() {
        let price: Price = "0.06".parse().unwrap();
        let amount = Amount(price.of_tokens(1_000_000) * SHARES);
        assert_eq!((amount.to_string().as_str(), amount.exact().as_str()), ("0.06", "0.06"));
        let third = Amount(price.of_tokens(1_000_000) * SHARES / 7);
        assert_eq!((third.to_string().as_str(), third.exact().as_str()), ("0.01", "0.008571"));
    }
}
