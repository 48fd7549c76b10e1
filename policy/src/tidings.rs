//! What has changed that others want to hear of?
//!
//! Events for the bus (docs/reference.md, "What it leaves in AWS"), from the progress before and after an invocation. Their
//! ids follow from what they say, so that one that is sent twice can be told.

use jiff::Timestamp;
use serde_json::json;

use crate::record::{Held, Record, hex};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiding {
    /// The commitment.
    pub name: String,
    /// The kind of change.
    pub what: What,
    /// When.
    pub at: Timestamp,
    /// The same in words.
    pub text: String,
    /// The size of the throughput that it is about, if it is about one.
    pub units: u32,
    /// Its ARN; empty if it is about none.
    pub arn: String,
}

/// The kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// AWS accepted a purchase.
    Bought,
    /// A throughput is in service and every alias is on it.
    Ready,
    /// What was ready is wanted no more, or serves no more.
    Off,
    /// A throughput is gone.
    Deleted,
    /// Something needs a person.
    ProblemBegun,
    /// It does no more.
    ProblemEnded,
    /// A term has come to its end.
    TermEnded,
    /// A term began anew.
    TermRenewed,
}

impl What {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bought => "bought",
            Self::Ready => "ready",
            Self::Off => "off",
            Self::Deleted => "deleted",
            Self::ProblemBegun => "problem begun",
            Self::ProblemEnded => "problem ended",
            Self::TermEnded => "term ended",
            Self::TermRenewed => "term renewed",
        }
    }
}

impl Tiding {
    /// The events' source.
    pub const SOURCE: &'static str = "throughput-scheduler";
    /// The events' detail-type.
    pub const DETAIL_TYPE: &'static str = "Throughput Commitment Changed";

    /// The event's detail, as JSON.
    #[must_use]
    pub fn detail(&self) -> String {
        let Self { name, what, at, text, units, arn } = self;
        let id = &hex(&format!("{name}|{}|{at}|{arn}|{text}", what.as_str()))[..32];
        json!({
            "Id": id,
            "Name": name,
            "What": what.as_str(),
            "At": at.to_string(),
            "Text": text,
            "ModelUnits": units,
            "ProvisionedModelArn": arn,
        })
        .to_string()
    }
}

/// What has changed from `before` to `after`, at `now`.
#[must_use]
pub fn changes(before: &Record, after: &Record, now: Timestamp) -> Vec<Tiding> {
    let name = after.name().to_owned();
    let mut tidings = Vec::new();
    let mut tell = |what: What, at: Timestamp, text: String, units: u32, arn: &str| {
        tidings.push(Tiding { name: name.clone(), what, at, text, units, arn: arn.to_owned() });
    };
    let (old, new) = (&before.progress, &after.progress);
    for (arn, held) in new.throughputs.iter().filter(|(arn, _)| !old.throughputs.contains_key(*arn)) {
        let Held { name, units, since, .. } = held;
        tell(What::Bought, *since, format!("bought {name}: {units} model units"), *units, arn);
    }
    for (arn, held) in &new.throughputs {
        let known = old.throughputs.get(arn).and_then(|known| known.renewed);
        if let Some(renewed) = held.renewed.filter(|renewed| known != Some(*renewed)) {
            tell(What::TermRenewed, renewed, format!("the term of {} began anew", held.name), held.units, arn);
        }
    }
    for (arn, gone) in new.gone.iter().filter(|(arn, _)| !old.gone.contains_key(*arn)) {
        let units = old.throughputs.get(arn).map_or(0, |held| held.units);
        if gone.ended_as_asked() {
            tell(What::TermEnded, gone.at, format!("the term of {} ended", gone.name), units, arn);
        }
        tell(What::Deleted, gone.at, format!("{} is gone", gone.name), units, arn);
    }
    match (old.ready, new.ready) {
        (false, true) => {
            let serving =
                new.throughputs.iter().filter(|(_, held)| held.served.is_some()).max_by_key(|(_, held)| held.since);
            let (arn, units) = serving.map_or(("", 0), |(arn, held)| (arn.as_str(), held.units));
            tell(What::Ready, now, "in service, and every alias is on it".to_owned(), units, arn);
        }
        (true, false) => tell(What::Off, now, "no throughput serves it any more".to_owned(), 0, ""),
        (true, true) | (false, false) => {}
    }
    let problems = |record: &Record| record.progress.problems.clone();
    match (problems(before), problems(after)) {
        (None, Some(begun)) => tell(What::ProblemBegun, begun.at, begun.problems.join("; "), 0, ""),
        (Some(ended), None) => tell(What::ProblemEnded, now, ended.problems.join("; "), 0, ""),
        (Some(_), Some(_)) | (None, None) => {}
    }
    tidings
}
