//! What does this deployment allow to be bought?
//!
//! Checked when something is registered and again before every purchase. What a guardrail refuses, or one that cannot
//! be read, stops purchases only (docs/reference.md, "Settings").

use std::str::FromStr;

use glob::Pattern;

use crate::commitment::{Commitment, Term, Units};
use crate::input::{BadSetting, cut};
use crate::timetable::ModelUnits;

/// What other kinds of glob give a meaning to, and no model's id or ARN has: a glob with one would allow nothing.
const IN_NO_MODEL: [char; 3] = ['{', '}', '\\'];

/// The limits that whoever deployed the function has set.
#[derive(Debug, Clone)]
pub struct Guardrails {
    most_units: ModelUnits,
    most_in_total: Option<ModelUnits>,
    models: Vec<Pattern>,
    models_text: String,
    terms: Vec<Option<Term>>,
    terms_text: String,
}

/// What a guardrail refuses; it names the guardrail and what it allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Too many model units.
    #[error("{asked} model units are more than MAX_MODEL_UNITS allows, which is {most}")]
    Units {
        /// How many were asked for.
        asked: ModelUnits,
        /// How many are allowed.
        most: ModelUnits,
    },
    /// More than all commitments may hold together.
    #[error(
        "{asked} model units are more than MAX_TOTAL_MODEL_UNITS allows for all commitments together, which is {most}"
    )]
    Total {
        /// How many were asked for.
        asked: ModelUnits,
        /// How many are allowed.
        most: ModelUnits,
    },
    /// A model outside the list.
    #[error("model `{asked}` is not among ALLOWED_MODELS, which are {allowed}")]
    Model {
        /// The model that was asked for.
        asked: String,
        /// The globs that it had to match one of.
        allowed: String,
    },
    /// A term outside the list.
    #[error("CommitmentDuration {asked} is not among ALLOWED_COMMITMENTS, which are {allowed}")]
    Term {
        /// The term that was asked for.
        asked: &'static str,
        /// The terms that are allowed.
        allowed: String,
    },
}

impl Guardrails {
    /// Reads the guardrails as the environment gives them; without `most_in_total` there is no limit for all together.
    ///
    /// # Errors
    /// The first setting that cannot be read.
    pub fn parse(most_units: &str, most_in_total: Option<&str>, models: &str, terms: &str) -> Result<Self, BadSetting> {
        let units = |name: &'static str, text: &str| {
            text.trim().parse().map(|Units(units)| units).map_err(|error| BadSetting::new(name, error))
        };
        let most_units = units("MAX_MODEL_UNITS", most_units)?;
        let most_in_total = most_in_total.map(|text| units("MAX_TOTAL_MODEL_UNITS", text)).transpose()?;
        let bad = |name, text: &str, cure| BadSetting::new(name, format!("`{}` {cure}", cut(text)));
        let mut globs = Vec::new();
        for text in models.split(',').map(str::trim) {
            let glob = Pattern::new(text).ok().filter(|_| !text.is_empty() && !text.contains(IN_NO_MODEL));
            globs.push(
                glob.ok_or_else(|| bad("ALLOWED_MODELS", text, "is not a glob; use one such as `amazon.nova-*`"))?,
            );
        }
        let mut allowed = Vec::new();
        for text in terms.split(',').map(str::trim) {
            allowed.push(match text {
                "None" => None,
                _ => Some(Term::from_str(text).map_err(|_| {
                    bad("ALLOWED_COMMITMENTS", text, "is not accepted; use a list of None, OneMonth and SixMonths")
                })?),
            });
        }
        Ok(Self {
            most_units,
            most_in_total,
            models: globs,
            models_text: models.to_owned(),
            terms: allowed,
            terms_text: terms.to_owned(),
        })
    }

    /// Most model units that all commitments of the deployment may hold or be buying at one time, if there is a limit.
    #[must_use]
    pub fn most_in_total(&self) -> Option<ModelUnits> {
        self.most_in_total
    }

    /// Everything in `commitment` that is not allowed; empty if all is.
    #[must_use]
    pub fn refusals(&self, commitment: &Commitment) -> Vec<NotAllowed> {
        let sizes = commitment.sizes().into_iter();
        let mut refusals: Vec<NotAllowed> = sizes.filter_map(|asked| self.refuses_units(asked)).collect();
        refusals.extend(self.refuses_model(commitment));
        refusals
    }

    fn refuses_units(&self, asked: ModelUnits) -> Option<NotAllowed> {
        if asked > self.most_units {
            return Some(NotAllowed::Units { asked, most: self.most_units });
        }
        let most = self.most_in_total.filter(|most| asked > *most)?;
        Some(NotAllowed::Total { asked, most })
    }

    /// Why a throughput of `units` may not be bought for `commitment` now, if it may not.
    #[must_use]
    pub fn refuses_purchase(&self, commitment: &Commitment, units: ModelUnits) -> Option<NotAllowed> {
        self.refuses_units(units).or_else(|| self.refuses_model(commitment).next())
    }

    fn refuses_model(&self, commitment: &Commitment) -> impl Iterator<Item = NotAllowed> {
        let asked = commitment.model.as_str();
        // A foundation model's ARN is the same model as its id, so that a glob over ids covers both.
        let id = asked.rsplit_once(":foundation-model/").map_or(asked, |(_, id)| id);
        let model = (!self.models.iter().any(|glob| glob.matches(asked) || glob.matches(id)))
            .then(|| NotAllowed::Model { asked: asked.to_owned(), allowed: self.models_text.clone() });
        let term = (!self.terms.contains(&commitment.term)).then(|| NotAllowed::Term {
            asked: commitment.term.map_or("None", Term::as_str),
            allowed: self.terms_text.clone(),
        });
        model.into_iter().chain(term)
    }
}
