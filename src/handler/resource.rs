//! How is a custom resource created, changed and deleted?
//!
//! A request becomes a record that owes an answer; from there on it goes the way of every record (interface.md section 4).
//! Whatever goes wrong on the way there is answered FAILED.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::requests::MOST_WRITES;
use super::{Error, Handler, Invocation, said};
use crate::aws::FOREIGN_SCHEDULE;
use crate::rounds::Rounds;
use policy::answer::Data;
use policy::commitment::{Commitment, OnDelete};
use policy::custom_resource::{Origin, RawRequest, Request, RequestType};
use policy::input::Mistakes;
use policy::observed::{CallError, CallErrorKind, Throughput};
use policy::record::{Decision, Lifecycle, Owed, Previous, Record, Resource, Schedule, Stored, Tombstone};

/// How long an overtaken request's answer is tried before the newer request goes on.
const FOR_THE_OVERTAKEN: SignedDuration = SignedDuration::from_secs(15);

/// How long after AWS was not to be had a request is tried again.
const BEFORE_ANOTHER_TRY: SignedDuration = SignedDuration::from_secs(10);
/// Time that has to be left for that: AWS may stay silent at each call for as long as the clients wait, and then there is still an
/// answer to remember and to give.
const FOR_ANOTHER_TRY: SignedDuration = SignedDuration::from_secs(125);
/// How long a second delivery leaves a request to the invocation that has registered it. Lambda tries again no sooner than a minute after
/// one has failed, and by then ticks come beside the first in any case.
const LEFT_TO_THE_FIRST: SignedDuration = SignedDuration::from_secs(55);

/// Why a request has not been answered yet.
enum Unanswered {
    /// It is answered FAILED with this.
    Refuse(Error),
    /// The record owes it, or Lambda delivers it again.
    Later(Error),
}

/// How far an invocation has come with a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Whether no guardrail refuses it.
    pub(super) allowed: bool,
    /// Whether it may have been registered without this invocation hearing so.
    unsure: bool,
}

impl<E: Into<Error>> From<E> for Unanswered {
    fn from(error: E) -> Self {
        Self::Refuse(error.into())
    }
}

impl Handler {
    /// Carries out a request of `CloudFormation`, and answers it unless ticks will.
    pub(super) async fn custom_resource(&self, raw: &RawRequest, invocation: &Invocation) -> Result<Value, Error> {
        let hosts = self.settings.response_hosts.clone().unwrap_or_default();
        let origin = Origin::find(raw, &hosts).map_err(|error| Error::InvalidEvent(error.to_string()))?;
        let stop_at = self.rounds("", invocation).stop_at;
        let mut progress = Progress::default();
        loop {
            let carried =
                AssertUnwindSafe(self.carry_out(raw, &origin, invocation, &mut progress)).catch_unwind().await;
            let reason = match carried {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Unanswered::Later(error))) => return Err(error),
                Ok(Err(Unanswered::Refuse(Error::Unavailable(reason)))) => {
                    // A stack is not to fail because of some seconds.
                    if stop_at.duration_since(self.now()) > BEFORE_ANOTHER_TRY + FOR_ANOTHER_TRY {
                        warn!("{reason}: tried again");
                        (self.clock.sleep)(BEFORE_ANOTHER_TRY.unsigned_abs()).await;
                        continue;
                    }
                    reason
                }
                Ok(Err(Unanswered::Refuse(error))) => error.to_string(),
                Err(_panic) => "the function failed in a way that it was not made for; its log says where".to_owned(),
            };
            return self.refuse(raw, &origin, reason, progress, invocation).await;
        }
    }

    /// Carries out a request, and notes how far this invocation has come with it.
    async fn carry_out(
        &self,
        raw: &RawRequest,
        origin: &Origin,
        invocation: &Invocation,
        progress: &mut Progress,
    ) -> Result<Value, Unanswered> {
        let request = Request::read(raw, origin.clone(), self.now())?;
        let name = request.name.as_str();
        if request.until <= request.since && request.kind != RequestType::Delete {
            info!(commitment = %name, "{name}: a {} came after its own end: nothing is done", request.kind);
            return Ok(json!({ "Name": name, "Answered": "" }));
        }
        if request.kind != RequestType::Delete {
            self.settings.complete()?;
        }
        let group = self.settings.group.clone()?;
        let rounds = self.rounds(&group, invocation);
        if request.guards {
            return self.guard(&request, &rounds).await;
        }
        let mut newest = request.dated;
        for _ in 0..MOST_WRITES {
            let stored = match self.aws.stored(&group, name).await {
                // Then nothing of ours was ever registered under this name.
                Err(error) if error.code == FOREIGN_SCHEDULE && request.kind == RequestType::Delete => {
                    return self.success(&request, &rounds).await;
                }
                stored => stored?,
            };
            let there = stored.is_some();
            let before = match stored.clone() {
                Some(Stored::Record(record)) => Some(*record),
                Some(Stored::Tombstone(Tombstone { deleted, .. })) => {
                    if request.kind != RequestType::Delete && request.dated <= deleted {
                        return Err(overtaken(&request, "was deleted, or refused, by a request", deleted).into());
                    }
                    newest = newest.max(deleted);
                    None
                }
                None => None,
            };
            if !is_new(&request, before.as_ref())? {
                return self.repeat(&request, &rounds, before.as_ref(), progress.unsure).await;
            }
            let Some(mut record) = self.drafted(&request, before.as_ref(), invocation).await? else {
                if !self.bury(&request, newest, there, invocation).await? {
                    continue;
                }
                return self.success(&request, &rounds).await;
            };
            let declares = request.kind != RequestType::Delete && Self::is_news(&record, before.as_ref());
            if declares {
                self.check(&record.commitment)?;
                progress.allowed = true;
                self.judge(&rounds, &mut record, false).await?;
                if self.has_changed(&group, name, stored.as_ref()).await? {
                    continue;
                }
            }
            let put = self.put(&group, &record, there).await;
            progress.unsure |= put.is_err();
            if !put? {
                continue;
            }
            // Only now: as long as the older one is owed, its own invocation may answer it, and otherwise.
            self.tell_the_overtaken(before.as_ref()).await;
            self.warn_of(&record);
            let outcome = match self.carry(&rounds, record.clone(), record).await {
                Ok(outcome) => outcome,
                Err(error) => return self.unless_answered(origin, &rounds, error).await,
            };
            self.measure_ends(&group, before.is_none(), &outcome).await;
            let reborn = |tombstone: Option<&Tombstone>| match tombstone {
                Some(tombstone) => tombstone.deleted < request.dated,
                None => before.as_ref().is_some_and(|before| before.lifecycle == Lifecycle::Retiring),
            };
            self.verify(&group, &outcome, reborn).await.map_err(Unanswered::Later)?;
            return said(&Self::report(&outcome)).map_err(Unanswered::Later);
        }
        Err(Error::AwsError(format!("cannot register {name}: others write it at the same time; try again")).into())
    }

    /// What `request` makes of the record that is there; nothing if there is nothing to let go.
    async fn drafted(
        &self,
        request: &Request,
        before: Option<&Record>,
        invocation: &Invocation,
    ) -> Result<Option<Record>, Error> {
        let Request { kind, origin, name, properties, dated, .. } = request;
        let known = before.and_then(|before| before.resource.as_ref());
        let created = known.is_some_and(|known| known.created);
        let mut previous = None;
        let mut record = match kind {
            RequestType::Create | RequestType::Update => {
                let mut mistakes = Mistakes::default();
                let commitment = Commitment::read_properties(name.clone(), properties, "", &mut mistakes);
                let commitment = mistakes.or(commitment)?;
                let mut record = self.declared(&commitment, before, invocation)?;
                record.by_hand = false;
                // A stack that changes something else does not ask for another term.
                let has_ended = before.filter(|before| before.lifecycle == Lifecycle::Ended);
                if *kind == RequestType::Update
                    && has_ended.is_some_and(|ended| ended.commitment.is_bought_as(&commitment))
                {
                    record.lifecycle = Lifecycle::Ended;
                }
                previous = before.filter(|_| *kind == RequestType::Update).map(in_force);
                record
            }
            RequestType::Delete => {
                let record = match before {
                    Some(before) => Some(before.clone()),
                    None => self.left_over(request).await?,
                };
                let Some(mut record) = record else { return Ok(None) };
                record.retire();
                if created && record.commitment.on_delete == OnDelete::Retain {
                    record.lifecycle = Lifecycle::Releasing;
                }
                record
            }
        };
        record.resource = Some(Resource {
            newest: *dated,
            request_id: origin.request_id.clone(),
            created: created && *kind != RequestType::Create,
            answered: None,
            taken: known.map(|known| known.taken.clone()).unwrap_or_default(),
        });
        record.owed = Some(Owed::to(request, previous));
        self.stamp(&mut record, before);
        record.schedule = match (self.schedule(&record, invocation), before) {
            (Ok(schedule), _) => schedule,
            // What is to go has to go, whatever cannot be read.
            (Err(_), Some(before)) if *kind == RequestType::Delete => {
                Schedule { minutes: 1, ..before.schedule.clone() }
            }
            (Err(bad), _) => return Err(bad.into()),
        };
        Ok(Some(record))
    }

    /// A record for what bears the marks of a commitment whose own record was lost, so that a Delete finds it all the same.
    async fn left_over(&self, request: &Request) -> Result<Option<Record>, Error> {
        let Request { name, properties, .. } = request;
        let group = self.settings.group.clone()?;
        let mut ours: Vec<Throughput> = Vec::new();
        for throughput in self.aws.throughputs_of(name).await? {
            if self.aws.marks(&throughput.arn).await?.are(name.as_str(), &group) {
                ours.push(throughput);
            }
        }
        let Some(Throughput { model_arn, .. }) = ours.first() else { return Ok(None) };
        let mut mistakes = Mistakes::default();
        let declared = Commitment::read_properties(name.clone(), properties, "", &mut mistakes);
        let commitment = declared.filter(|_| mistakes.0.is_empty()).or_else(|| {
            let mut least = json!({"ModelId": model_arn});
            for key in ["AgentAliases", "OnDemandModelId", "ModelIdParameter"] {
                least[key] = properties.get(key).cloned().unwrap_or_default();
            }
            // As much of it as can be read.
            Commitment::read_properties(name.clone(), &least, "", &mut Mistakes::default())
        });
        let schedule = Schedule { minutes: 1, role_arn: String::new(), target: String::new() };
        Ok(commitment.map(|commitment| Record::new(commitment, self.now(), schedule)))
    }

    /// The same request once more: goes on with it, or answers what it was answered. Whether this invocation may have registered
    /// it itself is `unsure`.
    async fn repeat(
        &self,
        request: &Request,
        rounds: &Rounds<'_>,
        before: Option<&Record>,
        unsure: bool,
    ) -> Result<Value, Unanswered> {
        let Some(record) = before else { return self.success(request, rounds).await };
        if let Some(owed) = &record.owed {
            // Two that go on with it side by side could come to different ends.
            let is_new = request.since.duration_since(owed.since) < LEFT_TO_THE_FIRST;
            if is_new && !unsure && owed.decided.is_none() {
                let name = &request.name;
                info!(commitment = %name, "{name}: left to the invocation that has registered it, and to ticks");
                return Ok(json!({ "Name": name.as_str(), "Answered": "" }));
            }
            let carried = self.carry(rounds, record.clone(), record.clone()).await;
            let outcome = match carried {
                Ok(outcome) => outcome,
                Err(error) => return self.unless_answered(&request.origin, rounds, error).await,
            };
            return said(&Self::report(&outcome)).map_err(Unanswered::Later);
        }
        let answered = record.resource.as_ref().and_then(|resource| resource.answered.clone());
        let decision = answered.unwrap_or(Decision::Success);
        let data = Data::of(record, self.now());
        let told = self.tell(&request.origin, &decision, &data, rounds.answer_by()).await;
        told.map_err(|error| Unanswered::Later(error.into()))?;
        Ok(json!({ "Name": request.name.as_str(), "Answered": "again" }))
    }

    /// What failed after the answer was delivered is the ticks' to go on with: an error would make Lambda deliver the request again.
    async fn unless_answered(&self, origin: &Origin, rounds: &Rounds<'_>, error: Error) -> Result<Value, Unanswered> {
        let name = origin.physical_id();
        match self.aws.record(rounds.group, &name).await {
            Ok(Some(Record { owed: None, resource: Some(resource), .. })) if resource.answered.is_some() => {
                warn!(commitment = %name, "{name}: {error}");
                Ok(json!({ "Name": name, "Answered": "" }))
            }
            Ok(_) | Err(_) => Err(Unanswered::Later(error)),
        }
    }

    /// What is owed to a request that a newer one overtakes is told before that is carried out.
    async fn tell_the_overtaken(&self, before: Option<&Record>) {
        let Some((record, owed)) = before.and_then(|before| Some((before, before.owed.as_ref()?))) else { return };
        let overtaken = || Decision::Failed("a newer request has overtaken it".to_owned());
        let decision = owed.decided.clone().unwrap_or_else(overtaken);
        let by = self.now().saturating_add(FOR_THE_OVERTAKEN).unwrap_or(Timestamp::MAX);
        if let Err(error) = self.tell(&owed.origin, &decision, &Data::of(record, self.now()), by).await {
            let name = &record.commitment.name;
            warn!(commitment = %name, "{name}: {error}");
        }
    }

    async fn success(&self, request: &Request, rounds: &Rounds<'_>) -> Result<Value, Unanswered> {
        let told = self.tell(&request.origin, &Decision::Success, &Data::default(), rounds.answer_by()).await;
        told.map_err(|error| Unanswered::Later(error.into()))?;
        Ok(json!({ "Name": request.name.as_str(), "Answered": "SUCCESS" }))
    }

    /// Where nothing is registered, only remembers the date: a Create that comes late buys nothing. False if something has
    /// been registered since that was looked at: then it is worth looking again.
    pub(super) async fn bury(
        &self,
        request: &Request,
        deleted: Timestamp,
        there: bool,
        invocation: &Invocation,
    ) -> Result<bool, Error> {
        let group = self.settings.group.clone()?;
        let Ok(role_arn) = self.settings.role_arn.clone() else {
            let name = &request.name;
            warn!(commitment = %name, "{name}: without SCHEDULE_ROLE_ARN its deletion cannot be remembered");
            return Ok(true);
        };
        let target = policy::event::tick_target(&invocation.function_arn);
        let tombstone = Tombstone { name: request.name.to_string(), deleted };
        let schedule = Schedule { minutes: 1, role_arn, target };
        let buried = if there {
            self.aws.bury(&group, &tombstone, &schedule, self.now()).await
        } else {
            self.aws.bury_unknown(&group, &tombstone, &schedule, self.now()).await
        };
        match buried {
            Ok(()) => Ok(true),
            Err(error) if error.kind == CallErrorKind::Conflict => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The guard of the service's own stack: it cannot be deleted while something is registered.
    async fn guard(&self, request: &Request, rounds: &Rounds<'_>) -> Result<Value, Unanswered> {
        if request.kind == RequestType::Delete {
            let mut registered = Vec::new();
            for name in self.aws.registered(rounds.group).await? {
                match self.aws.stored(rounds.group, &name).await {
                    Ok(Some(Stored::Record(_))) => registered.push(name),
                    Ok(Some(Stored::Tombstone(_)) | None) => {}
                    Err(CallError { code, .. }) if code == FOREIGN_SCHEDULE => {}
                    // What cannot be read may be paid for.
                    Err(error) => {
                        warn!(commitment = %name, "{error}");
                        registered.push(name);
                    }
                }
            }
            if !registered.is_empty() {
                let names = registered.join(", ");
                let message = format!(
                    "still registered in {}: {names}; delete or retire each of them first: without this service nobody would \
                     delete what they pay for",
                    rounds.group
                );
                return Err(Error::NotAllowed(message).into());
            }
        }
        self.success(request, rounds).await
    }
}

/// Whether `request` is newer than what is registered; if not, it is the same once more.
fn is_new(request: &Request, before: Option<&Record>) -> Result<bool, Error> {
    let Request { kind, origin, dated, since, until, decide_at, name, .. } = request;
    if let Some((before, known)) = before.and_then(|before| Some((before, before.resource.as_ref()?))) {
        // One whose URL bears no date is known by the URL alone.
        let is_owed = before.owed.as_ref().is_some_and(|owed| owed.is_to(origin));
        if is_owed || known.is_newest(request) {
            return Ok(false);
        }
        // Of the same second, as with a tombstone, a Create is what came before the Delete.
        let revives = *kind == RequestType::Create && before.lifecycle != Lifecycle::Active;
        if *dated < known.newest || (revives && *dated == known.newest) {
            return Err(overtaken(request, "has a newer request", known.newest));
        }
    }
    if decide_at <= since && *kind != RequestType::Delete {
        return Err(Error::NotAllowed(format!("{name}: came too late for its end, {until}")));
    }
    Ok(true)
}

fn overtaken(request: &Request, why: &str, when: Timestamp) -> Error {
    let Request { kind, name, dated, .. } = request;
    Error::NotAllowed(format!("{name} {why} of {when}: this {kind} of {dated} changes nothing"))
}

/// What an Update that fails puts back in force: what was before the one that it overtakes, if that fails with it.
fn in_force(before: &Record) -> Previous {
    let undecided = before.owed.as_ref().filter(|owed| owed.decided.is_none());
    if let Some(previous) = undecided.and_then(|owed| owed.previous.as_deref()) {
        return previous.clone();
    }
    Previous { commitment: before.commitment.clone(), by_hand: before.by_hand, lifecycle: before.lifecycle }
}
