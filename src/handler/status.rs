//! How is everything?
//!
//! A `Status` changes nothing. One commitment that cannot be looked at hides neither the others nor orphans.

use futures_util::stream::{self, StreamExt};
use policy::metrics::Measure;
use policy::observed::{CallErrorKind, DEPLOYMENT_TAG, Facts, Observed, Throughput};
use policy::plan::Attempts;
use policy::record::Record;
use policy::report::Report;
use serde_json::{Value, json};
use tracing::warn;

use super::{Error, Handler, Invocation};
use crate::rounds::Look;
use crate::store::Store;

/// Commitments that a `Status` looks at at the same time.
const SIDE_BY_SIDE: usize = 4;

/// A throughput that bears this deployment's mark, and that no record claims.
pub(super) struct Orphan {
    pub(super) throughput: Throughput,
    /// The commitment that its tags name.
    pub(super) commitment: String,
}

impl Handler {
    /// How one commitment is.
    pub(super) async fn status_of(&self, name: &str, invocation: &Invocation) -> Result<Report, Error> {
        let store = self.store()?;
        let Some(stored) = store.record(name).await? else { return Err(self.unknown(store, name).await) };
        Ok(self.status(&stored.record, invocation).await.0)
    }

    /// How one commitment is. That it cannot be looked at now is a problem, and no error.
    pub(super) async fn status(&self, record: &Record, invocation: &Invocation) -> (Report, Measure) {
        let unseen = |problem: String| {
            let mut report = Report::unseen(record, &Observed::default(), self.now());
            report.problems.push(problem);
            (report, Measure { problems: 1, ..Measure::default() })
        };
        let store = match self.store() {
            Ok(store) => store,
            Err(error) => return unseen(error.to_string()),
        };
        let rounds = self.rounds(store, invocation);
        let look = Box::pin(rounds.look_and_plan(record, Facts::default(), &Attempts::default(), None)).await;
        let Look { observed, plan, at } = match look {
            Ok(look) => look,
            Err(error) => return unseen(error.to_string()),
        };
        let actions = plan.actions.iter().map(|action| format!("next: {action}")).collect();
        let report = Report::new(record, &observed, &plan, actions, at);
        let measure = Measure::of(record, &observed, &plan, report.problems.len(), at);
        (report, measure)
    }

    /// The reports of all commitments, and the throughputs with this deployment's mark that none of them claims.
    pub(super) async fn status_of_all(&self, invocation: &Invocation) -> Result<Value, Error> {
        let (reports, orphans, _worst) = self.look_at_all(invocation).await?;
        let orphans: Vec<Value> = orphans.iter().map(Orphan::to_value).collect();
        Ok(json!({"Commitments": reports, "Orphans": orphans}))
    }

    /// Looks at everything that is registered, and for orphans.
    pub(super) async fn look_at_all(
        &self,
        invocation: &Invocation,
    ) -> Result<(Vec<Report>, Vec<Orphan>, Measure), Error> {
        let store = self.store()?;
        // Listed before the records are read: what is bought in between is no orphan.
        let listed = self.aws.all_throughputs().await?;
        let mut records = Vec::new();
        for stored in store.all().await? {
            match stored {
                Ok(stored) => records.push(stored.record),
                Err((name, error)) => warn!(commitment = %name, "{error}: it is left out"),
            }
        }
        let claims: Vec<&String> = records.iter().flat_map(|record| record.progress.throughputs.keys()).collect();
        let claims: Vec<String> = claims.into_iter().cloned().collect();
        let announced: Vec<String> =
            records.iter().flat_map(|record| record.progress.announced.keys().cloned()).collect();
        let looks = records.into_iter().map(|record| async move { self.status(&record, invocation).await });
        let looks: Vec<(Report, Measure)> = stream::iter(looks).buffered(SIDE_BY_SIDE).collect().await;
        let worst = looks.iter().fold(Measure::default(), |worst, (_, measure)| worst.worse(measure));
        let reports: Vec<Report> = looks.into_iter().map(|(report, _)| report).collect();
        let claimed = |found: &Throughput| {
            claims.contains(&found.arn)
                || announced.contains(&found.name)
                || reports.iter().any(|report| report.throughputs.iter().any(|line| line.arn == found.arn))
        };
        let unclaimed = listed.into_iter().filter(|found| !claimed(found)).collect();
        let orphans = self.orphans_among(store, unclaimed).await?;
        Ok((reports, orphans, worst))
    }

    async fn orphans_among(&self, store: Store<'_>, throughputs: Vec<Throughput>) -> Result<Vec<Orphan>, Error> {
        let mut orphans = Vec::new();
        for throughput in throughputs {
            let tags = match self.aws.marks(&throughput.arn).await {
                Ok(policy::observed::Marks(tags)) => tags,
                // It has gone since it was listed.
                Err(error) if error.kind == CallErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            if tags.get(DEPLOYMENT_TAG).is_some_and(|deployment| deployment == store.deployment) {
                let commitment = tags.get(policy::observed::COMMITMENT_TAG).cloned().unwrap_or_default();
                orphans.push(Orphan { throughput, commitment });
            }
        }
        Ok(orphans)
    }

    /// The names of the throughputs that bear this deployment's mark.
    pub(super) async fn marked(&self, deployment: &str) -> Result<Vec<String>, Error> {
        let mut marked = Vec::new();
        for throughput in self.aws.all_throughputs().await? {
            match self.aws.marks(&throughput.arn).await {
                Ok(policy::observed::Marks(tags)) => {
                    if tags.get(DEPLOYMENT_TAG).is_some_and(|named| named == deployment) {
                        marked.push(throughput.name);
                    }
                }
                Err(error) if error.kind == CallErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(marked)
    }
}

impl Orphan {
    fn to_value(&self) -> Value {
        let Throughput { name, arn, status, units, .. } = &self.throughput;
        json!({"Name": name, "Arn": arn, "Status": status.as_str(), "ModelUnits": units})
    }
}
