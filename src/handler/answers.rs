//! How is `CloudFormation` told what it is owed?
//!
//! By whoever can first: the invocation that took the request, or a tick. What is answered is decided and written once,
//! then told, then struck. An invocation that dies in between leaves it to the next, which tells the same.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::{SignedDuration, Timestamp};
use policy::answer::{self, Data};
use policy::custom_resource::Origin;
use policy::record::{Decision, Owed};
use tracing::{info, warn};

use super::{Error, Handler};
use crate::aws::Delivery;
use crate::rounds::{Rounds, Standing, Way};
use crate::store::Written;

/// Tries at telling one answer: a bound for a clock that stands still.
const MOST_TRIES: usize = 1000;
/// How long an overtaken request's answer is tried before the newer one goes on.
const FOR_THE_OVERTAKEN: SignedDuration = SignedDuration::from_secs(15);

impl Handler {
    /// Tells every answer that is decided, the oldest first, and strikes it.
    pub(super) async fn tell_decided(&self, rounds: &Rounds<'_>, way: &mut Way) -> Result<(), Error> {
        while way.standing == Standing::Working {
            let declared = &way.stored.record.declared;
            let overtaken = declared.owed.len() > 1;
            let Some(Owed { origin, until, decided: Some(decided), .. }) = declared.owed.first().cloned() else {
                return Ok(());
            };
            // Told by one invocation alone: whoever holds the lease strikes it, too.
            if rounds.take_lease(way).await? != Written::Done {
                continue;
            }
            let by = if overtaken {
                let soon = self.now().saturating_add(FOR_THE_OVERTAKEN).unwrap_or(Timestamp::MAX);
                soon.min(rounds.answer_by())
            } else {
                rounds.answer_by()
            };
            let data = Data::of(&way.record(), rounds.store.deployment, self.now());
            if let Err(error) = self.tell(&origin, &decided, &data, by).await {
                // After its end nobody listens, and the newer request goes on.
                let listens = self.now() < until && !matches!(error, Undelivered::Refused(_)) && !overtaken;
                if listens {
                    return Err(Error::NotDelivered(error.to_string()));
                }
                let name = way.stored.record.name();
                warn!(commitment = %name, "{name}: {error}");
            }
            let mut declared = way.stored.record.declared.clone();
            declared.owed.remove(0);
            // If it changed meanwhile, the answer is told once more: it is the same.
            let _written: Written = rounds.settle_declared(way, declared).await?;
        }
        Ok(())
    }

    /// Tells `origin` its answer: tried again and again, with growing pauses, until `by`.
    pub(super) async fn tell(
        &self,
        origin: &Origin,
        decision: &Decision,
        data: &Data,
        by: Timestamp,
    ) -> Result<(), Undelivered> {
        let name = origin.physical_id();
        let body = answer::body(origin, decision, data);
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(250))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(MOST_TRIES)
            .with_jitter();
        for pause in pauses.build() {
            let reason = match self.aws.put_answer(&origin.response_url, &body).await {
                Delivery::Delivered => {
                    match decision {
                        Decision::Success => info!(commitment = %name, "{name}: answered SUCCESS to CloudFormation"),
                        Decision::Failed(reason) => {
                            warn!(commitment = %name, "{name}: answered FAILED to CloudFormation: {reason}");
                        }
                    }
                    return Ok(());
                }
                Delivery::Refused(reason) => return Err(Undelivered::Refused(reason)),
                Delivery::NotNow(reason) => reason,
            };
            let next = SignedDuration::try_from(pause).ok().and_then(|pause| self.now().checked_add(pause).ok());
            if next.is_none_or(|next| next >= by) {
                return Err(Undelivered::InTime(reason));
            }
            (self.clock.sleep)(pause).await;
        }
        Err(Undelivered::InTime("too many tries".to_owned()))
    }
}

/// An answer did not get through; the error never repeats the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undelivered {
    /// It will never be taken.
    #[error("cannot answer CloudFormation: its ResponseURL refuses the answer: {0}")]
    Refused(String),
    /// It was not taken in the time that there was.
    #[error("cannot answer CloudFormation: {0}")]
    InTime(String),
}

impl From<Undelivered> for Error {
    fn from(error: Undelivered) -> Self {
        Self::NotDelivered(error.to_string())
    }
}
