//! How is a request refused, so that it stays refused?
//!
//! Lambda may deliver it once more when the reason has gone, and `CloudFormation` has taken FAILED for an answer: what can be
//! remembered of that is.

use serde_json::{Value, json};
use tracing::warn;

use super::resource::Progress;
use super::{Error, Handler, Invocation};
use policy::answer::Data;
use policy::custom_resource::{Origin, RawRequest, Request, RequestType};
use policy::record::{Decision, Record};

impl Handler {
    /// Answers FAILED, and takes back what the request has changed so far.
    pub(super) async fn refuse(
        &self,
        raw: &RawRequest,
        origin: &Origin,
        reason: String,
        progress: Progress,
        invocation: &Invocation,
    ) -> Result<Value, Error> {
        let (decision, name) = (Decision::Failed(reason), origin.physical_id());
        let group = self.settings.group.clone().unwrap_or_default();
        let rounds = self.rounds(&group, invocation);
        let registered = match name.parse::<policy::commitment::Name>() {
            Ok(_) if !group.is_empty() => self.aws.record(&group, &name).await.ok().flatten(),
            Ok(_) | Err(_) => None,
        };
        if registered.as_ref().and_then(|record| record.owed.as_ref()).is_some_and(|owed| owed.is_to(origin)) {
            if let Some(record) = self.told(&rounds, &name, origin, &decision).await? {
                // What is left to do now is the ticks', too.
                if let Err(error) = rounds.run(record.clone(), record).await {
                    warn!(commitment = %name, "{name}: {error}");
                }
            }
        } else {
            let request = Request::read(raw, origin.clone(), self.now()).ok();
            let data = registered.as_ref().map(|record| Data::of(record, self.now())).unwrap_or_default();
            let decision = match (registered, request) {
                (Some(record), Some(request)) if request.kind == RequestType::Update => {
                    self.remember_refusal(&group, record, &request, decision).await
                }
                (None, Some(request)) if request.kind == RequestType::Create && progress.allowed => {
                    self.forget_refused(&request, invocation).await;
                    decision
                }
                (Some(_) | None, _) => decision,
            };
            self.tell(origin, &decision, &data, rounds.answer_by()).await?;
            return Ok(json!({ "Name": name, "Answered": decision.status() }));
        }
        Ok(json!({ "Name": name, "Answered": "FAILED" }))
    }

    /// Leaves a tombstone of a Create that was refused for a reason that may go: should it be delivered once more, it buys nothing.
    async fn forget_refused(&self, create: &Request, invocation: &Invocation) {
        if let Err(error) = self.bury(create, create.dated, false, invocation).await {
            let name = &create.name;
            warn!(commitment = %name, "{name}: {error}");
        }
    }

    /// Notes in `record` that `update` was refused, or finds what another delivery of it was answered: should it be delivered once
    /// more when the reason has gone, it must not be carried out after all.
    async fn remember_refusal(&self, group: &str, mut record: Record, update: &Request, refused: Decision) -> Decision {
        let name = update.name.as_str();
        let owes = record.owed.is_some();
        let answer_in = |record: &Record| {
            let resource = record.resource.as_ref().filter(|resource| resource.is_newest(update));
            resource.and_then(|resource| resource.answered.clone())
        };
        if let Some(answered) = answer_in(&record) {
            return answered;
        }
        let Some(resource) = record.resource.as_mut().filter(|known| !owes && known.newest < update.dated) else {
            return refused;
        };
        resource.newest = update.dated;
        resource.request_id.clone_from(&update.origin.request_id);
        resource.answered = Some(refused.clone());
        record.revision = record.revision.saturating_add(1);
        if let Err(error) = self.aws.write(group, &record).await {
            warn!(commitment = %name, "{name}: {error}");
        }
        let stands = self.aws.record(group, name).await.ok().flatten();
        stands.as_ref().and_then(answer_in).unwrap_or(refused)
    }
}
