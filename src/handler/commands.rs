//! How does what somebody asks for become what is registered?
//!
//! It is admitted against what is there, judged against the guardrails and against what AWS reports, registered on the
//! condition that nobody has written meanwhile, and carried as far as the invocation lasts.

use jiff::Timestamp;
use policy::admission::{self, Admitted, Arrival, Change, Objections, Refusal, There};
use policy::commitment::{Commitment, bare_model};
use policy::event::{Command, Sent};
use policy::guardrails::NotAllowed;
use policy::input::Mistake;
use policy::metrics::{self, Measure};
use policy::money::Dearest;
use policy::observed::{CallError, Facts, Observed, Question};
use policy::plan::Attempts;
use policy::record::{Declared, Lifecycle, Record, Tombstone};
use policy::report::Report;
use tracing::{info, warn};

use super::{Error, Handler, Invocation};
use crate::rounds::{Look, Rounds, Standing, Way};
use crate::store::{Registered, Store, Stored};

/// Tries at registering what others write at the same time.
pub(super) const MOST_WRITES: usize = 10;

impl Handler {
    /// What is registered under `name`.
    pub(super) async fn there(
        &self,
        store: Store<'_>,
        name: &str,
    ) -> Result<(Option<Stored>, Option<Tombstone>), CallError> {
        let (stored, tombstone) = tokio::join!(store.record(name), store.tombstone(name, self.now()));
        Ok((stored?, tombstone?))
    }

    /// Registers what a command asks for, and takes the first rounds.
    pub(super) async fn request(
        &self,
        command: &Command,
        sent: Sent,
        invocation: &Invocation,
    ) -> Result<Report, Error> {
        let store = self.store()?;
        let rounds = self.rounds(store, invocation);
        let name = command.subject();
        let now = self.now();
        let arrival = Arrival { now, sent: sent.date(now), request_id: &invocation.request_id };
        for _ in 0..MOST_WRITES {
            let (stored, tombstone) = self.there(store, name).await?;
            let record = stored.as_ref().map(|stored| stored.record.clone());
            let there = There { record, tombstone: tombstone.clone() };
            let change = match admission::admit(command, &there, arrival) {
                Ok(Admitted::Register(change)) => change,
                Ok(Admitted::Nothing(why)) => {
                    return self.nothing_changed(&rounds, stored, name, why, invocation).await;
                }
                Err(Refusal::Unknown) => return Err(self.unknown(store, name).await),
                Err(refusal) => return Err(refusal.into()),
            };
            let warnings = self.judge(&rounds, &change, stored.as_ref()).await?;
            let is_new = stored.is_none();
            let registered = match store.register(stored.as_ref(), tombstone.as_ref(), &change).await? {
                Registered::Done(registered) => *registered,
                Registered::Conflict => continue,
                refused @ (Registered::Claimed { .. } | Registered::Closed(_)) => return Err(refusal(name, refused)),
            };
            let dearest = self.tell_of(&change);
            let mut report = self.carry_command(&rounds, registered, is_new, invocation).await?;
            report.problems.extend(warnings);
            report.dearest = dearest;
            return Ok(report);
        }
        Err(Error::AwsError(format!("cannot register {name}: others write it at the same time; try again")))
    }

    async fn carry_command(
        &self,
        rounds: &Rounds<'_>,
        registered: Stored,
        is_new: bool,
        invocation: &Invocation,
    ) -> Result<Report, Error> {
        let mut way = Way::new(registered, self.now());
        let carried = self.carry(rounds, &mut way, None, invocation).await;
        if let Err(error) = carried {
            if is_new && way.progress.schedule.is_empty() {
                self.take_back(rounds, way, invocation).await;
            }
            return Err(error);
        }
        self.measure_ends(rounds.store, is_new, &way).await;
        let failures = way.look.iter().flat_map(|look| &look.plan.failures);
        let failures: Vec<String> = failures.map(ToString::to_string).collect();
        if failures.is_empty() { Ok(Self::report(&way)) } else { Err(Error::AwsError(failures.join("; "))) }
    }

    /// A commitment that could not get a schedule is not left registered: nobody would look after it.
    async fn take_back(&self, rounds: &Rounds<'_>, way: Way, invocation: &Invocation) {
        let name = way.stored.record.name().to_owned();
        let mut way = Way::new(way.stored, self.now());
        let mut declared = way.stored.record.declared.clone();
        declared.retire();
        let taken = rounds.settle_declared(&mut way, declared).await;
        let carried = self.carry(rounds, &mut way, None, invocation).await;
        for error in [taken.err().map(Error::from), carried.err()].into_iter().flatten() {
            warn!(commitment = %name, "{name}: {error}");
        }
    }

    /// What a command says that changes nothing: the commitment is carried on all the same.
    async fn nothing_changed(
        &self,
        rounds: &Rounds<'_>,
        stored: Option<Stored>,
        name: &str,
        why: String,
        invocation: &Invocation,
    ) -> Result<Report, Error> {
        let Some(stored) = stored else {
            return Err(Error::NotAllowed(format!("{name} is gone: {why}")));
        };
        let mut way = Way::new(stored, self.now());
        self.carry(rounds, &mut way, None, invocation).await?;
        let mut report = Self::report(&way);
        report.problems.push(why);
        Ok(report)
    }

    /// Checks what is to be registered: guardrails if it may buy, and what AWS reports if it is news. Gives what somebody
    /// should know.
    pub(super) async fn judge(
        &self,
        rounds: &Rounds<'_>,
        change: &Change,
        before: Option<&Stored>,
    ) -> Result<Vec<String>, Error> {
        let declared = &change.declared;
        if change.may_buy {
            self.check(declared)?;
        }
        if !change.is_news {
            return Ok(Vec::new());
        }
        let commitment = &declared.commitment;
        if commitment.term.is_some() {
            let others: Vec<Record> =
                rounds.store.all().await?.into_iter().flatten().map(|other| other.record).collect();
            if let Some(refusal) = admission::retiring_term(commitment, &others, self.now()) {
                return Err(Error::NotAllowed(refusal));
            }
        }
        match self.object(rounds, commitment, before.map(|before| &before.record)).await {
            // Whose alias it is says more than where it is routed.
            Err(error @ Error::NotAllowed(_)) => Err(self.claimed(rounds.store, declared).await.unwrap_or(error)),
            judged => judged,
        }
    }

    /// The refusal of a target that another commitment declares, if there is one.
    async fn claimed(&self, store: Store<'_>, declared: &Declared) -> Option<Error> {
        let name = declared.commitment.name.as_str();
        for target in declared.targets() {
            let owner = store.owner(&target).await.ok().flatten().filter(|owner| owner != name);
            if let Some(by) = owner {
                return Some(refusal(name, Registered::Claimed { what: target.to_string(), by }));
            }
        }
        None
    }

    /// Checks a declaration, and its override, against the guardrails.
    pub(super) fn check(&self, declared: &Declared) -> Result<(), Error> {
        let guardrails = self.settings.guardrails.as_ref().map_err(Clone::clone)?;
        let live = declared.override_.as_ref().and_then(|live| live.units);
        let refused = live.and_then(|units| guardrails.refuses_purchase(&declared.commitment, units));
        allowed(guardrails.refusals(&declared.commitment).into_iter().chain(refused))
    }

    /// Checks a declaration against what is there, before it is registered.
    pub(super) async fn object(
        &self,
        rounds: &Rounds<'_>,
        commitment: &Commitment,
        before: Option<&Record>,
    ) -> Result<Vec<String>, Error> {
        let is_new = before.is_none_or(|before| before.declared.commitment.model != commitment.model);
        let own = before.map(|before| before.progress.own_parameters.clone()).unwrap_or_default();
        let aliases = rounds.look_ahead(commitment.aliases.iter());
        let parameters = rounds.look_at_parameters(commitment.parameter.iter());
        let (aliases, parameters) = tokio::join!(aliases, parameters);
        let region = self.aws.region().to_owned();
        let mut observed = Observed { region, aliases, parameters, ..Observed::default() };
        let deployment = rounds.store.deployment;
        loop {
            let Objections { questions, refused, failed, warnings } =
                Objections::to(commitment, &own, is_new, &observed, deployment);
            if !questions.is_empty() {
                rounds.answer(&questions, &mut observed.facts).await;
                if questions.iter().any(|question| matches!(question, Question::Lifecycle(_))) {
                    self.ask_whether_it_is_sold(commitment, &mut observed.facts).await;
                }
                continue;
            }
            let hopeless = failed.iter().any(CallError::is_final);
            let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
            return match (refused.is_empty(), failed.is_empty()) {
                (true, true) => Ok(warnings),
                (false, _) => Err(Error::NotAllowed(refused.into_iter().chain(failed).collect::<Vec<_>>().join("; "))),
                (true, false) if hopeless => Err(Error::AwsError(failed.join("; "))),
                (true, false) => Err(Error::Unavailable(failed.join("; "))),
            };
        }
    }

    /// Looks whether the declared model is sold as provisioned throughput. `GetFoundationModel` does not tell: it is asked
    /// for the id without a context length, and only ids with one are sold.
    async fn ask_whether_it_is_sold(&self, commitment: &Commitment, facts: &mut Facts) {
        let model = commitment.model.canonical();
        let Some(Ok(lifecycle)) = facts.lifecycles.get_mut(bare_model(model)) else { return };
        if lifecycle.is_legacy || lifecycle.is_provisioned {
            return;
        }
        // A list that cannot be read is no reason to warn of the model.
        lifecycle.is_provisioned = match self.aws.models_sold().await {
            Ok(sold) => sold.iter().any(|id| id == model),
            Err(error) => {
                warn!(commitment = %commitment.name, "{}: {error}", commitment.name);
                true
            }
        };
    }

    /// Says what would be done for `commitment` now, or at `at`, and does nothing.
    pub(super) async fn dry_run(
        &self,
        commitment: &Commitment,
        at: Option<Timestamp>,
        invocation: &Invocation,
    ) -> Result<Report, Error> {
        let store = self.store()?;
        let rounds = self.rounds(store, invocation);
        let (stored, tombstone) = self.there(store, commitment.name.as_str()).await?;
        let record = stored.as_ref().map(|stored| stored.record.clone());
        let there = There { record, tombstone };
        let now = self.now();
        let arrival = Arrival { now, sent: now, request_id: "" };
        let command = Command::Apply(Box::new(commitment.clone()));
        let change = match admission::admit(&command, &there, arrival) {
            // What a stack declares may be planned all the same.
            Err(Refusal::NotAllowed(_))
                if there.record.as_ref().is_some_and(|record| record.declared.resource.is_some()) =>
            {
                None
            }
            Ok(Admitted::Register(change)) => Some(change),
            Ok(Admitted::Nothing(_)) => None,
            Err(refusal) => return Err(refusal.into()),
        };
        let mut record = there.record.clone().unwrap_or_else(|| Record::new(Declared::new(commitment.clone(), now)));
        let mut warnings = Vec::new();
        if let Some(change) = change {
            warnings = self.judge(&rounds, &change, stored.as_ref()).await?;
            record.declared = change.declared;
            record.progress.spent.extend(change.inherited);
        } else {
            record.declared.declare(commitment.clone());
        }
        let attempts = Attempts::default();
        let look = Box::pin(rounds.look_and_plan(&record, Facts::default(), &attempts, at));
        let Look { observed, plan, at } = look.await?;
        let actions = plan.actions.iter().map(ToString::to_string).collect();
        let mut report = Report::new(&record, &observed, &plan, actions, at);
        report.problems.extend(warnings);
        let registered = there.record.map(|record| record.declared.commitment.to_value());
        report.dearest = Dearest::of(commitment, now);
        report.registered = Some(registered.unwrap_or_default());
        Ok(report)
    }

    /// Measures what came or went: whether it `is_new`, whether it has been forgotten, and whether nothing is left of what it held.
    pub(super) async fn measure_ends(&self, store: Store<'_>, is_new: bool, way: &Way) {
        let forgotten = way.standing == Standing::Forgotten;
        let measure = if forgotten { Some(Measure::default()) } else { super::measure(way) };
        let has_let_go = !way.begun.progress.throughputs.is_empty();
        if let Some(measure) = measure.filter(|measure| forgotten || (has_let_go && !measure.has_units())) {
            (self.measured)(&metrics::of_end(store.deployment, way.stored.record.name(), &measure, self.now()));
        }
        if is_new || forgotten {
            self.count(store).await;
        }
    }

    /// Counts what is registered: an alarm must know whether ticks are due.
    pub(super) async fn count(&self, store: Store<'_>) {
        match store.all().await {
            Ok(records) => (self.measured)(&metrics::of_registered(store.deployment, records.len(), self.now())),
            Err(error) => warn!("cannot count what is registered in {}: {error}", store.deployment),
        }
    }

    /// Tells once, when something is declared, what would surprise later, and what it costs at most.
    pub(super) fn tell_of(&self, change: &Change) -> Option<Dearest> {
        let commitment = &change.declared.commitment;
        let name = &commitment.name;
        for Mistake { path, message } in commitment.warnings(self.now()) {
            warn!(commitment = %name, "{name}: {path}: {message}");
        }
        let is_declared = change.is_news && change.declared.lifecycle == Lifecycle::Active;
        let dearest = is_declared.then(|| Dearest::of(commitment, self.now())).flatten();
        if let Some(dearest) = &dearest {
            info!(commitment = %name, "{name}: {dearest}");
        }
        dearest
    }
}

/// Why `name` was not registered.
pub(super) fn refusal(name: &str, refused: Registered) -> Error {
    match refused {
        Registered::Claimed { what, by } => Error::NotAllowed(format!(
            "{what} is declared by commitment {by}: drop it there first, and then declare it for {name}; a logical id is \
             renamed in two deployments, first without it, then with it"
        )),
        Registered::Closed(reason) => Error::NotAllowed(reason),
        Registered::Conflict | Registered::Done(_) => {
            Error::AwsError(format!("cannot register {name}: others write it at the same time; try again"))
        }
    }
}

/// An error with every refusal, if there is one.
fn allowed(refusals: impl IntoIterator<Item = NotAllowed>) -> Result<(), Error> {
    let refusals: Vec<String> = refusals.into_iter().map(|refusal| refusal.to_string()).collect();
    if refusals.is_empty() { Ok(()) } else { Err(Error::NotAllowed(refusals.join("; "))) }
}
