//! How is a custom resource created, changed and deleted?
//!
//! A request becomes a record that owes an answer; from there on it goes the way of every record. Whatever goes wrong on the
//! way there is answered FAILED.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use jiff::SignedDuration;
use policy::admission::{AdmittedRequest, Change, There, admit_request};
use policy::answer::Data;
use policy::commitment::Commitment;
use policy::custom_resource::{Origin, RawRequest, Request, RequestType};
use policy::input::Mistakes;
use policy::observed::Throughput;
use policy::record::{Answered, Dates, Decision, Declared, Record, Resource, Slot, Tombstone};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::commands::{MOST_WRITES, refusal};
use super::{Error, Handler, Invocation, said};
use crate::rounds::{Rounds, Standing, Way};
use crate::store::{Registered, Store, Stored};

/// How long after AWS was not to be had a request is tried again.
const BEFORE_ANOTHER_TRY: SignedDuration = SignedDuration::from_secs(10);
/// Time that has to be left for that: AWS may stay silent at each call for as long as the clients wait, and then there is
/// still an answer to remember and to give.
const FOR_ANOTHER_TRY: SignedDuration = SignedDuration::from_secs(125);

/// Why a request has not been answered yet.
enum Unanswered {
    /// It is answered FAILED with this.
    Refuse(Error),
    /// The record owes it, or Lambda delivers it again.
    Later(Error),
}

/// How far an invocation has come with a request.
#[derive(Debug, Clone)]
struct Reached {
    /// No guardrail refuses it.
    allowed: bool,
    /// The name under which it holds leases. After a panic the same invocation goes on under the same name.
    holder: String,
}

impl<E: Into<Error>> From<E> for Unanswered {
    fn from(error: E) -> Self {
        Self::Refuse(error.into())
    }
}

impl Handler {
    /// Carries out a request, and sees to it that it is answered.
    pub(super) async fn custom_resource(&self, raw: &RawRequest, invocation: &Invocation) -> Result<Value, Error> {
        let hosts = self.settings.response_hosts.clone().unwrap_or_default();
        let origin = Origin::find(raw, &hosts).map_err(|error| Error::InvalidEvent(error.to_string()))?;
        let mut reached = Reached { allowed: false, holder: self.aws.fresh_id() };
        loop {
            let carried = AssertUnwindSafe(Box::pin(self.carry_out(raw, &origin, invocation, &mut reached)));
            let reason = match carried.catch_unwind().await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Unanswered::Later(error))) => return Err(error),
                Ok(Err(Unanswered::Refuse(error @ Error::Unavailable(_)))) => {
                    let now = self.now();
                    let enough = now.saturating_add(FOR_ANOTHER_TRY).is_ok_and(|then| then < invocation.deadline);
                    if enough {
                        warn!("{error}: trying again");
                        (self.clock.sleep)(BEFORE_ANOTHER_TRY.unsigned_abs()).await;
                        continue;
                    }
                    error.to_string()
                }
                Ok(Err(Unanswered::Refuse(error))) => error.to_string(),
                Err(_panic) => "the function failed in a way that it was not made for; its log says where".to_owned(),
            };
            return self.refuse(raw, &origin, reason, reached, invocation).await;
        }
    }

    /// Carries out a request, and notes how far this invocation has come with it.
    async fn carry_out(
        &self,
        raw: &RawRequest,
        origin: &Origin,
        invocation: &Invocation,
        reached: &mut Reached,
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
        let store = self.store()?;
        let rounds = self.rounds_as(reached.holder.clone(), store, invocation);
        if request.guards {
            self.guard(request.kind, store).await?;
            return self.success(&request, &rounds).await;
        }
        for _ in 0..MOST_WRITES {
            let (stored, tombstone) = self.there(store, name).await?;
            let there = There { record: stored.as_ref().map(|stored| stored.record.clone()), tombstone };
            let change = match admit_request(&request, &there)? {
                AdmittedRequest::Register(change) => change,
                AdmittedRequest::Again(Some(decision)) if stored.as_ref().is_none_or(owes_nothing) => {
                    return self.answer_again(&request, &rounds, stored.as_ref(), &decision).await;
                }
                AdmittedRequest::Again(_) => {
                    let Some(stored) = stored else { return self.success(&request, &rounds).await };
                    return self.go_on(&rounds, stored, false, invocation).await;
                }
                AdmittedRequest::SomebodyElses => return self.success(&request, &rounds).await,
                AdmittedRequest::Bury(left) => match self.left_over(&request).await? {
                    Some(change) => Box::new(change),
                    None if store.bury(name, there.tombstone.as_ref(), &left, self.now()).await? => {
                        // Should somebody have deleted the record alone, nobody else would delete its schedule.
                        if let Err(error) = self.aws.delete_schedule(store.group, name).await {
                            warn!(commitment = %name, "{name}: {error}");
                        }
                        return self.success(&request, &rounds).await;
                    }
                    None => continue,
                },
            };
            if request.kind != RequestType::Delete {
                self.judge_request(&rounds, &change, stored.as_ref(), reached).await?;
            }
            let registered = store.register(stored.as_ref(), there.tombstone.as_ref(), &change).await?;
            let registered = match registered {
                Registered::Done(registered) => *registered,
                Registered::Conflict => continue,
                refused @ (Registered::Claimed { .. } | Registered::Closed(_)) => {
                    return Err(refusal(name, refused).into());
                }
            };
            self.tell_of(&change);
            return self.go_on(&rounds, registered, stored.is_none(), invocation).await;
        }
        Err(Error::AwsError(format!("cannot register {name}: others write it at the same time; try again")).into())
    }

    async fn judge_request(
        &self,
        rounds: &Rounds<'_>,
        change: &Change,
        before: Option<&Stored>,
        reached: &mut Reached,
    ) -> Result<(), Error> {
        if change.may_buy {
            self.check(&change.declared)?;
        }
        reached.allowed = true;
        for warning in self.judge(rounds, change, before).await? {
            let name = &change.declared.commitment.name;
            warn!(commitment = %name, "{name}: {warning}");
        }
        Ok(())
    }

    /// Carries on with a request that is registered.
    async fn go_on(
        &self,
        rounds: &Rounds<'_>,
        stored: Stored,
        is_new: bool,
        invocation: &Invocation,
    ) -> Result<Value, Unanswered> {
        let mut way = Way::new(stored, self.now());
        let carried = self.carry(rounds, &mut way, None, invocation).await;
        let owes = way.standing == Standing::Working && !way.stored.record.declared.owed.is_empty();
        if let Err(error) = carried {
            // A schedule that cannot be made leaves nobody to answer later.
            if owes && way.progress.schedule.is_empty() && !way.stored.record.declared.goes() {
                return Err(Unanswered::Refuse(error));
            }
            // Otherwise ticks go on, and tell what is owed. An answer that was not told makes Lambda try again, too.
            if matches!(error, Error::NotDelivered(_)) || way.standing != Standing::Working {
                let name = way.stored.record.name();
                warn!(commitment = %name, "{name}: {error}");
                return Ok(json!({ "Name": name, "Answered": "" }));
            }
            if owes {
                return Err(Unanswered::Later(error));
            }
            // An error would make Lambda deliver the request again, which is answered.
            let name = way.stored.record.name();
            warn!(commitment = %name, "{name}: {error}");
            return Ok(json!({ "Name": name, "Answered": "" }));
        }
        self.measure_ends(rounds.store, is_new, &way).await;
        said(&Self::report(&way)).map_err(Unanswered::Later)
    }

    async fn answer_again(
        &self,
        request: &Request,
        rounds: &Rounds<'_>,
        stored: Option<&Stored>,
        decision: &Decision,
    ) -> Result<Value, Unanswered> {
        let deployment = rounds.store.deployment;
        let data = stored.map(|stored| Data::of(&stored.record, deployment, self.now())).unwrap_or_default();
        let told = self.tell(&request.origin, decision, &data, rounds.answer_by()).await;
        told.map_err(|error| Unanswered::Later(error.into()))?;
        Ok(json!({ "Name": request.name.as_str(), "Answered": "again" }))
    }

    async fn success(&self, request: &Request, rounds: &Rounds<'_>) -> Result<Value, Unanswered> {
        let told = self.tell(&request.origin, &Decision::Success, &Data::default(), rounds.answer_by()).await;
        told.map_err(|error| Unanswered::Later(error.into()))?;
        Ok(json!({ "Name": request.name.as_str(), "Answered": "SUCCESS" }))
    }

    /// The retirement of what bears the marks of a commitment whose own record was lost, so that a Delete finds it all the
    /// same.
    async fn left_over(&self, request: &Request) -> Result<Option<Change>, Error> {
        let Request { name, properties, .. } = request;
        let deployment = self.settings.deployment.clone()?;
        let mut ours: Vec<Throughput> = Vec::new();
        for throughput in self.aws.throughputs_of(name).await? {
            if self.aws.marks(&throughput.arn).await?.are(name.as_str(), &deployment) {
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
        Ok(commitment.map(|commitment| Change::of_left_over(commitment, request)))
    }

    /// Answers FAILED, and takes back what the request has changed so far.
    async fn refuse(
        &self,
        raw: &RawRequest,
        origin: &Origin,
        reason: String,
        reached: Reached,
        invocation: &Invocation,
    ) -> Result<Value, Error> {
        let mut decision = Decision::Failed(reason);
        let name = origin.physical_id();
        let by = self.now().saturating_add(SignedDuration::from_mins(10)).unwrap_or(invocation.deadline);
        let by = by.min(invocation.deadline.max(self.now()));
        let Ok(store) = self.store() else {
            self.tell(origin, &decision, &Data::default(), by).await?;
            return Ok(json!({ "Name": name, "Answered": decision.status() }));
        };
        let rounds = self.rounds_as(reached.holder, store, invocation);
        let request = Request::read(raw, origin.clone(), self.now()).ok().filter(|_| reached.allowed);
        let mut stored = store.record(&name).await.ok().flatten();
        for _ in 0..MOST_WRITES {
            let owed = stored.as_ref().and_then(|stored| stored.record.declared.undecided());
            if let Some(stored) = stored.clone().filter(|_| owed.is_some_and(|owed| owed.origin == *origin)) {
                return self.refuse_registered(&rounds, stored, origin, &decision, invocation).await;
            }
            // Another delivery of the same request has decided its answer: it is told once more, and nothing else.
            if let Some(decided) = stored.as_ref().and_then(|stored| decided(stored, origin)) {
                decision = decided;
                break;
            }
            let Some(request) = &request else { break };
            if self.remember_refusal(store, stored.as_ref(), request, &decision).await {
                break;
            }
            stored = store.record(&name).await.ok().flatten();
        }
        let ours = stored
            .filter(|stored| stored.record.declared.resource.as_ref().is_some_and(|resource| resource.is_of(origin)));
        let data = ours.map(|stored| Data::of(&stored.record, store.deployment, self.now())).unwrap_or_default();
        self.tell(origin, &decision, &data, rounds.answer_by()).await?;
        Ok(json!({ "Name": name, "Answered": decision.status() }))
    }

    /// The request is registered already: it is decided there, and what follows from that is carried out.
    async fn refuse_registered(
        &self,
        rounds: &Rounds<'_>,
        stored: Stored,
        origin: &Origin,
        decision: &Decision,
        invocation: &Invocation,
    ) -> Result<Value, Error> {
        let mut way = Way::new(stored, self.now());
        let name = way.stored.record.name().to_owned();
        let mut declared = way.stored.record.declared.clone();
        declared.decide(decision);
        let settled = rounds.settle_declared(&mut way, declared).await;
        if settled.is_err() {
            // Told all the same: a stack that hangs helps nobody.
            self.tell(origin, decision, &Data::default(), rounds.answer_by()).await?;
            return Ok(json!({ "Name": name, "Answered": "FAILED" }));
        }
        if let Err(error) = self.carry(rounds, &mut way, None, invocation).await {
            warn!(commitment = %name, "{name}: {error}");
            if matches!(error, Error::NotDelivered(_)) {
                return Err(error);
            }
        }
        Ok(json!({ "Name": name, "Answered": "FAILED" }))
    }

    /// Remembers what a request was answered that changes nothing: delivered once more, it is told the same. Returns false if
    /// somebody else has written meanwhile.
    async fn remember_refusal(
        &self,
        store: Store<'_>,
        stored: Option<&Stored>,
        request: &Request,
        decision: &Decision,
    ) -> bool {
        let name = request.name.as_str();
        let remembered = match (request.kind, stored) {
            (RequestType::Create, None) => {
                let request_id = request.origin.request_id.clone();
                let mut dates = Dates::default();
                dates.note(Slot::Declaration, request.dated);
                let answered = Some(Answered { request_id, decision: decision.clone() });
                let left = Tombstone { dates, newest: Some(request.dated), answered, ..Tombstone::default() };
                let known = store.tombstone(name, self.now()).await.ok().flatten();
                let kept = known.clone().unwrap_or_default();
                let left = Tombstone { spent: kept.spent, invocations: kept.invocations, ..left };
                store.bury(name, known.as_ref(), &left.lasting(self.now()), self.now()).await
            }
            (RequestType::Update, Some(stored)) => match refused_update(stored, request, decision) {
                Some(declared) => {
                    let change = Change {
                        declared,
                        is_news: false,
                        may_buy: false,
                        inherited: std::collections::BTreeSet::new(),
                    };
                    let registered = store.register(Some(stored), None, &change).await;
                    registered.map(|registered| !matches!(registered, Registered::Conflict))
                }
                None => Ok(true),
            },
            (RequestType::Create | RequestType::Update | RequestType::Delete, _) => Ok(true),
        };
        remembered.unwrap_or_else(|error| {
            warn!(commitment = %name, "{name}: {error}");
            true
        })
    }
}

fn owes_nothing(stored: &Stored) -> bool {
    stored.record.declared.owed.is_empty()
}

/// What was decided to answer to this very request, if that is so.
fn decided(stored: &Stored, origin: &Origin) -> Option<Decision> {
    let declared = &stored.record.declared;
    let resource = declared.resource.as_ref().filter(|resource| resource.is_of(origin));
    let last = resource.filter(|resource| resource.request_id == origin.request_id);
    let owed = declared.owed.iter().find(|owed| owed.origin == *origin);
    owed.and_then(|owed| owed.decided.clone()).or_else(|| last?.answered.clone())
}

/// The declaration with what `request` was answered, if that is newer than what is known.
fn refused_update(stored: &Stored, request: &Request, decision: &Decision) -> Option<Declared> {
    let Record { declared, .. } = &stored.record;
    let mut declared = declared.clone();
    let owes = !declared.owed.is_empty();
    let known = declared.resource.as_mut()?;
    let Resource { newest, request_id, answered, .. } = known;
    if owes || *newest >= request.dated || !stored.record.declared.resource.as_ref()?.is_of(&request.origin) {
        return None;
    }
    *newest = request.dated;
    request_id.clone_from(&request.origin.request_id);
    *answered = Some(decision.clone());
    Some(declared)
}
