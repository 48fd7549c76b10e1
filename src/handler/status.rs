//! How is everything?
//!
//! What a `Status` says changes nothing. One commitment that cannot be looked at hides neither the others nor what nobody claims.

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::{Error, Handler, Invocation, STATUS_SIDE_BY_SIDE};
use crate::rounds::Look;
use policy::metrics::{self, Measure};
use policy::observed::{CallErrorKind, Facts, GROUP_TAG, Marks, Throughput};
use policy::plan::Attempts;
use policy::record::Record;
use policy::report::Report;

impl Handler {
    /// How one commitment is.
    pub(super) async fn status(&self, record: &Record, invocation: &Invocation) -> Result<(Report, Measure), Error> {
        let group = self.settings.group.clone()?;
        let rounds = self.rounds(&group, invocation);
        let Look { observed, plan, at } =
            rounds.look_and_plan(record, Facts::default(), &Attempts::default(), None).await?;
        let report = Report::new(record, &observed, &plan, Vec::new(), at);
        let measure = Measure::of(record, &observed, &plan, report.problems.len(), at);
        Ok((report, measure))
    }

    /// The same where a look that fails is a problem of this one alone.
    async fn status_at_least(&self, record: Record, invocation: &Invocation) -> (Report, Measure) {
        self.status(&record, invocation).await.unwrap_or_else(|error| {
            let report = Report::unseen(&record, error.to_string(), self.now());
            (report, Measure { problems: 1, ..Measure::default() })
        })
    }

    /// The reports of all commitments, and the throughputs with this deployment's mark that none of them claims.
    pub(super) async fn status_of_all(&self, invocation: &Invocation) -> Result<Value, Error> {
        let group = self.settings.group.clone()?;
        // Listed before the records are read: what is bought in between is no orphan.
        let listed = self.aws.all_throughputs().await?;
        let records = self.every_record(&group).await?;
        let held: Vec<String> =
            records.iter().flat_map(|record| &record.throughputs).map(|held| held.arn.clone()).collect();
        let looks = records.into_iter().map(|record| self.status_at_least(record, invocation));
        let looks: Vec<(Report, Measure)> = stream::iter(looks).buffered(STATUS_SIDE_BY_SIDE).collect().await;
        let worst = looks.iter().fold(Measure::default(), |worst, (_, measure)| worst.worse(measure));
        let reports: Vec<Report> = looks.into_iter().map(|(report, _)| report).collect();
        let claimed = |Throughput { arn, .. }: &Throughput| {
            held.contains(arn) || reports.iter().any(|report| report.throughputs.iter().any(|line| line.arn == *arn))
        };
        let mut orphans = Vec::new();
        for throughput in listed.into_iter().filter(|found| !claimed(found)) {
            let tags = match self.aws.marks(&throughput.arn).await {
                Ok(Marks(tags)) => tags,
                // It has gone since it was listed.
                Err(error) if error.kind == CallErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            if tags.get(GROUP_TAG) == Some(&group) {
                orphans.push(json!({
                    "Name": throughput.name,
                    "Arn": throughput.arn,
                    "Status": throughput.status.as_str(),
                    "ModelUnits": throughput.units,
                }));
            }
        }
        (self.measured)(&metrics::of_status(&group, reports.len(), orphans.len(), &worst, self.now()));
        Ok(json!({"Commitments": reports, "Orphans": orphans}))
    }
}
