//! For how long is it bought, and which purchase is that?
//!
//! A term is paid for as a whole, so it is bought once for each name that the user gives a purchase (docs/reference.md,
//! "Terms").

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::values::SCALAR;
use crate::input::{Mistakes, NotOneOf, Object, cut, one_of, words};
use crate::pattern::SPACE;

words! {
    /// How long a throughput is bought for; see `CommitmentDuration` of `CreateProvisionedModelThroughput`.
    Term {
        /// One month.
        OneMonth,
        /// Six months.
        SixMonths,
    }
}
words! {
    /// What becomes of a throughput when its term ends.
    AtTermEnd {
        /// It renews, as AWS does by itself.
        Renew,
        /// It is deleted.
        Retire,
    }
}
/// The term of a declaration, as it is written: `None` stands for no term.
pub(super) struct WrittenTerm(pub(super) Option<Term>);

impl WrittenTerm {
    /// Every word that is accepted.
    pub(super) const WORDS: [&str; 3] = [Self::NO_TERM, Term::OneMonth.as_str(), Term::SixMonths.as_str()];
    /// The word for no term.
    pub(super) const NO_TERM: &str = "None";
}

impl FromStr for WrittenTerm {
    type Err = NotOneOf;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let terms = [None, Some(Term::OneMonth), Some(Term::SixMonths)];
        let choices: Vec<_> = Self::WORDS.into_iter().zip(terms).collect();
        one_of(text, &choices).map(Self)
    }
}

/// The user's name for one purchase of a term. A term is bought once for each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purchase(String);

/// A text that no purchase can be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a name of a purchase; use 1 to 20 characters, such as `2026-12`")]
pub struct NotAPurchase(String);

impl FromStr for Purchase {
    type Err = NotAPurchase;

    /// Reads a name. White space around it is no part of it: it would buy once more, and nobody would see why.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim();
        let fits = (1..=Self::LONGEST).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if fits { Ok(Self(name.to_owned())) } else { Err(NotAPurchase(cut(text))) }
    }
}

impl Purchase {
    /// Most characters of a name.
    const LONGEST: usize = 20;

    pub(super) fn schema() -> Value {
        let sign = r"[^\p{Cc}]";
        let end = r"[^\p{Cc}\s\u0085]";
        json!({
            "type": SCALAR, "pattern": format!("^{SPACE}{end}(?:{sign}{{0,{}}}{end})?{SPACE}$", Self::LONGEST - 2),
            "patternErrorMessage": format!("use 1 to {} characters, such as `2026-12`", Self::LONGEST),
        })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Purchase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Purchase> for String {
    fn from(Purchase(name): Purchase) -> Self {
        name
    }
}

impl TryFrom<String> for Purchase {
    type Error = NotAPurchase;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Reads the keys of a term, of which a declaration has all or none.
pub(super) fn read(
    object: &Object<'_>,
    mistakes: &mut Mistakes,
) -> (Option<Term>, Option<Purchase>, Option<AtTermEnd>) {
    let written: Option<WrittenTerm> = object.optional("CommitmentDuration", mistakes);
    // One that cannot be read is told already.
    let unknown = written.is_none() && object.get("CommitmentDuration").is_some();
    let term = written.and_then(|WrittenTerm(term)| term);
    let purchase = object.optional("Purchase", mistakes);
    let at_term_end = object.optional("AtTermEnd", mistakes);
    if let Some(term) = term
        && object.get("Purchase").is_none()
    {
        let cure = "give this purchase a name of yours, such as `2026-12`; a term is bought once for each name";
        mistakes.add(object.at("Purchase"), format!("is missing beside CommitmentDuration {term}; {cure}"));
    }
    if term.is_none() && !unknown {
        for key in ["Purchase", "AtTermEnd"].into_iter().filter(|key| object.get(key).is_some()) {
            mistakes.add(object.at(key), "says nothing without a CommitmentDuration; remove it or give a term");
        }
    }
    (term, purchase, at_term_end)
}
