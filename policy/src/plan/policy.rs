//! Which throughput is to serve, and why is one not deleted yet?
//!
//! Every constant and every choice of the plan, with the number of its rule in `docs/policy.md`.

use jiff::{SignedDuration, Timestamp};

use crate::commitment::AtTermEnd;
use crate::observed::{AliasStatus, ThroughputStatus};
use crate::record::{Held, Record};

/// Rule 5: the least time between the two looks that prove a throughput gone.
pub const GONE_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// Rules 4 and 5: an announced purchase is repeated for this long. Looks that miss it count only after that.
pub const REPEAT_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Rule 6: how long after a failure the same is not tried again.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Rule 9: how long before a date of the model's lifecycle a problem says so.
pub const LIFECYCLE_NOTICE: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Rule 9: how often those dates are asked for.
pub const LIFECYCLE_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// Rule 10: how long before a term's end the aliases leave, beside the drain.
pub const LEAVE_BEFORE_TERM_END: SignedDuration = SignedDuration::from_mins(10);
/// Rule 10: how long before a term's end deletion is first tried.
pub const DELETE_BEFORE_TERM_END: SignedDuration = SignedDuration::from_mins(2);
/// Rule 10: how long before a term's end a tick stays awake for it: two gaps between ticks, and a little. So two ticks are
/// awake, and one that dies does not cost a month.
pub const AWAKE_BEFORE_TERM_END: SignedDuration = SignedDuration::from_secs(135);
/// Rule 10: how soon all is tried again while a term is about to end.
pub const AGAIN_AT_TERM_END: SignedDuration = SignedDuration::from_secs(2);
/// Rule 10: how long after a term's end its deletion is still expected to be refused, because clocks differ.
pub const TERM_END_GRACE: SignedDuration = SignedDuration::from_mins(1);
/// Rule 10: AWS may never tell when a term of a month ends. After 28 days each tick tries to delete.
pub const UNDATED_MONTH: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Rule 10: the same for six months, in the shortest six months that there are, less a day.
pub const UNDATED_SIX_MONTHS: SignedDuration = SignedDuration::from_hours(180 * 24);
/// A refusal that may pass is a problem when it has lasted for so long (docs/reference.md, "Reports").
pub const PROBLEM_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The state of the throughput that has the wanted name; with its ARN if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fitting {
    /// It serves, perhaps while AWS changes it.
    InService(String),
    /// Looks have missed it.
    Unseen(String),
    /// It is being created.
    Creating(String),
    /// There is none, or it has failed and has to go first. Holds the state of its purchase.
    Nothing(Purchase),
}

/// The state of the purchase of the wanted throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purchase {
    /// It is being bought, or it is not known yet whether it was bought.
    UnderWay,
    /// It cannot be had now.
    Refused,
    /// Neither quota nor the deployment's total has room for it.
    NoRoom,
}

/// The throughput that serves until the wanted one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interim {
    /// Its ARN.
    pub arn: String,
    /// Whether it may be given up first to make room: it is larger than wanted, its aliases can fall back on their model, and
    /// no stack waits for the answer.
    pub may_be_given_up: bool,
    /// Whether looks have missed it.
    pub unseen: bool,
}

/// Which throughput is to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// None: everything goes.
    Off,
    /// This one, and nothing else stays.
    Serve(String),
    /// This one, which looks have missed: nothing moves because of that.
    Hold(String),
    /// `coming` once it is in service; until then `interim`, if there is one.
    Meanwhile {
        /// The throughput that is being created.
        coming: String,
        /// The throughput that serves until then.
        interim: Option<String>,
    },
    /// Nobody knows yet which throughput will serve: everything stays as it is until then.
    Await,
    /// The wanted throughput cannot be bought now. Another one serves meanwhile, if there is one.
    MakeDo {
        /// The throughput that serves.
        interim: Option<String>,
    },
}

/// Which throughput is to serve, if one is wanted.
#[must_use]
pub fn goal(wanted: Option<Fitting>, interim: Option<Interim>) -> Goal {
    match (wanted, interim) {
        (None, _) => Goal::Off,                                 // rule 2
        (Some(Fitting::InService(arn)), _) => Goal::Serve(arn), // rule 1
        (Some(Fitting::Unseen(arn)), _) => Goal::Hold(arn),     // rule 5
        // Whether it was bought is not known (rule 4), or whether what serves meanwhile is there (rule 5).
        (Some(Fitting::Nothing(Purchase::UnderWay)), _)
        | (Some(Fitting::Creating(_) | Fitting::Nothing(_)), Some(Interim { unseen: true, .. })) => Goal::Await,
        (Some(Fitting::Creating(coming)), interim) => {
            Goal::Meanwhile { coming, interim: interim.map(|interim| interim.arn) } // rule 3
        }
        (Some(Fitting::Nothing(Purchase::NoRoom)), Some(interim)) if interim.may_be_given_up => {
            Goal::MakeDo { interim: None } // rule 3, break before make
        }
        (Some(Fitting::Nothing(Purchase::NoRoom | Purchase::Refused)), interim) => {
            Goal::MakeDo { interim: interim.map(|interim| interim.arn) } // rule 3
        }
    }
}

impl Goal {
    /// Where the aliases belong, if there is a throughput in service for them.
    #[must_use]
    pub fn target(&self) -> Option<&String> {
        match self {
            Self::Serve(arn) | Self::Hold(arn) => Some(arn),
            Self::Meanwhile { coming: _, interim } | Self::MakeDo { interim } => interim.as_ref(),
            Self::Off | Self::Await => None,
        }
    }

    /// The throughput that is to serve in the end, if it is known.
    #[must_use]
    pub fn coming(&self) -> Option<&String> {
        match self {
            Self::Serve(arn) | Self::Hold(arn) | Self::Meanwhile { coming: arn, interim: _ } => Some(arn),
            Self::Off | Self::Await | Self::MakeDo { .. } => None,
        }
    }

    /// Whether the throughput `arn` stays.
    #[must_use]
    pub fn stays(&self, arn: &String) -> bool {
        match self {
            Self::Off => false,
            // Nothing is given up while it is not known what serves.
            Self::Await | Self::Hold(_) => true,
            Self::Serve(stays) => stays == arn,
            Self::Meanwhile { coming, interim } => coming == arn || interim.as_ref() == Some(arn),
            Self::MakeDo { interim } => interim.as_ref() == Some(arn),
        }
    }

    /// Whether nothing moves in this round: what serves now goes on serving.
    #[must_use]
    pub fn nothing_moves(&self) -> bool {
        matches!(self, Self::Await | Self::Hold(_))
    }

    /// Whether a throughput in service takes the place of those that go.
    #[must_use]
    pub fn replaces(&self) -> bool {
        matches!(self, Self::Serve(_))
    }
}

/// Rule 1: whether a throughput serves. What has been in service stays usable while AWS changes it, and in a status that
/// this release does not know.
#[must_use]
pub fn serves(status: &ThroughputStatus, has_served: bool) -> bool {
    match status {
        ThroughputStatus::InService => true,
        ThroughputStatus::Updating | ThroughputStatus::Unknown(_) => has_served,
        ThroughputStatus::Creating | ThroughputStatus::Failed | ThroughputStatus::Unseen => false,
    }
}

/// Rule 2: whether an alias that names another route may still send invocations where it sent them before.
#[must_use]
pub fn is_in_doubt(status: &AliasStatus, has_served: bool) -> bool {
    match status {
        AliasStatus::Prepared => false,
        AliasStatus::Updating | AliasStatus::Creating => true,
        // A throughput that never served need not wait: no alias can be on it.
        AliasStatus::Failed | AliasStatus::Deleting | AliasStatus::Unknown(_) => has_served,
    }
}

/// Rules 2 and 8: the same, but an alias that is being deleted on somebody else's throughput is not waited for.
#[must_use]
pub fn may_still_lead(status: &AliasStatus, has_served: bool, is_on_anothers: bool) -> bool {
    is_in_doubt(status, has_served) && !(is_on_anothers && *status == AliasStatus::Deleting)
}

/// The facts about a throughput that is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that the table asks for")]
pub struct Leaving {
    /// An alias or a parameter names it.
    pub named: bool,
    /// Something may still lead to it: an alias in doubt, or a target that could not be read.
    pub in_doubt: bool,
    /// It has been seen left by all.
    pub left: bool,
    /// When the drain is over.
    pub drained: Option<Timestamp>,
    /// Its status.
    pub status: StatusForDeletion,
    /// Its term.
    pub term: TermState,
    /// Rule 9 keeps it: its model has turned `LEGACY`, and only a timetable says Off. True also while AWS has not said which.
    pub irreplaceable: bool,
    /// Its deletion was refused in this invocation for a reason that is waited out.
    pub refused: bool,
}

/// The status of a throughput that is to go, as far as it matters for its deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusForDeletion {
    /// Looks have missed it.
    Unseen,
    /// It is being changed.
    Updating,
    /// Anything else.
    Other,
}

/// How far the term of a throughput that is to go has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermState {
    /// It has none that holds it.
    None,
    /// It runs.
    Runs,
    /// It ends within two minutes.
    LastMinutes,
}

/// Why a throughput that is to go is not deleted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// An alias or a parameter leads to it.
    Named,
    /// It has not been seen left by all.
    NotLeft,
    /// The drain is not over.
    Draining,
    /// Looks have missed it.
    Unseen,
    /// AWS is changing it.
    Updating,
    /// Its term runs.
    Term,
    /// It could not be bought again.
    Legacy,
    /// AWS has refused its deletion a moment ago.
    Refused,
}

/// Why a throughput that is to go is not deleted yet; nothing if it is deleted now.
#[must_use]
pub fn why_not_deleted(leaving: &Leaving, now: Timestamp) -> Option<Hold> {
    let draining = leaving.drained.is_some_and(|drained| now < drained);
    match leaving {
        Leaving { named: true, .. } => Some(Hold::Named), // rule 2
        Leaving { term: TermState::LastMinutes, in_doubt: true, left: false, .. } => {
            Some(Hold::NotLeft) // rule 10: the last look counts
        }
        Leaving { term: TermState::LastMinutes, .. } => None, // rule 10
        Leaving { status: StatusForDeletion::Unseen, .. } => Some(Hold::Unseen), // rule 5
        Leaving { in_doubt: true, .. } => Some(Hold::NotLeft), // rule 2
        _ if draining => Some(Hold::Draining),                // rule 2
        Leaving { status: StatusForDeletion::Updating, .. } => Some(Hold::Updating), // rule 1
        Leaving { term: TermState::Runs, .. } => Some(Hold::Term), // rule 10
        Leaving { irreplaceable: true, .. } => Some(Hold::Legacy), // rule 9
        Leaving { refused: true, .. } => Some(Hold::Refused), // rule 10
        _ => None,
    }
}

/// Rule 10: whether a throughput is to be deleted when its term ends.
#[must_use]
pub fn is_to_end(record: &Record, held: &Held, deployment: &str, now: Timestamp) -> bool {
    let declared = &record.declared;
    let commitment = &declared.commitment;
    let fits = commitment.throughput_name(commitment.units, deployment) == held.name;
    declared.goes() || !fits || commitment.at_term_end == AtTermEnd::Retire || declared.off_by_hand(now)
}

/// Rule 10: whether aliases and parameters leave a throughput now, because its term is to end soon.
#[must_use]
pub fn leaves_with_its_term(record: &Record, held: &Held, deployment: &str, now: Timestamp) -> bool {
    let notice = record.declared.commitment.drain.saturating_add(LEAVE_BEFORE_TERM_END);
    let is_near = held.term_end.is_some_and(|end| end.duration_since(now) <= notice);
    // A failed throughput serves no term.
    held.term.is_some() && held.failed.is_none() && is_near && is_to_end(record, held, deployment, now)
}

/// Rule 10: whether a term that is to end does so within seconds, or has just ended.
#[must_use]
pub fn ends_a_term(record: &Record, deployment: &str, now: Timestamp) -> bool {
    any_term_to_end(record, deployment, now, AWAKE_BEFORE_TERM_END)
}

/// Rule 10: whether a term that is to end is in its last two minutes: letting go and deleting need no lease then.
#[must_use]
pub fn in_last_minutes(record: &Record, deployment: &str, now: Timestamp) -> bool {
    any_term_to_end(record, deployment, now, DELETE_BEFORE_TERM_END)
}

fn any_term_to_end(record: &Record, deployment: &str, now: Timestamp, within: SignedDuration) -> bool {
    let ends = |held: &&Held| held.term_end.is_some_and(|end| is_near(end, within, now));
    record.progress.throughputs.values().filter(ends).any(|held| is_to_end(record, held, deployment, now))
}

/// Whether `end` lies within `within`, or has passed by less than the grace.
#[must_use]
pub fn is_near(end: Timestamp, within: SignedDuration, now: Timestamp) -> bool {
    end.duration_since(now) <= within && now < after(end, TERM_END_GRACE)
}

/// `instant` plus `duration`, at most the end of time.
#[must_use]
pub fn after(instant: Timestamp, duration: SignedDuration) -> Timestamp {
    instant.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
