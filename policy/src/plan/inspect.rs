//! Which throughputs are ours, and which of them are there?
//!
//! Presence needs marks, absence needs proof (docs/policy.md, rules 4, 5 and 8). A look that failed is no look.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::policy::{
    GONE_AFTER, LIFECYCLE_EVERY, LIFECYCLE_NOTICE, REPEAT_FOR, after, is_to_end, leaves_with_its_term, serves,
};
use super::{Situation, Step, WaitingOn};
use crate::commitment::{Commitment, bare_model};
use crate::observed::{CallErrorKind, Marks, ModelLifecycle, Question, Throughput, ThroughputStatus};
use crate::record::{Failure, Held, Lifecycle, ModelDates, Progress, Record};

/// What is known after looking.
pub(super) struct View<'a> {
    pub(super) situation: Situation<'a>,
    /// The progress with what was noticed.
    pub(super) progress: Progress,
    /// The throughputs that are ours; one that looks have missed is [`ThroughputStatus::Unseen`].
    pub(super) ours: Vec<Throughput>,
    /// Names of throughputs that are not ours.
    pub(super) taken: BTreeSet<String>,
    /// Names of throughputs whose owner could not be found out.
    pub(super) unknown: BTreeSet<String>,
    /// Why the wanted throughput cannot be bought now.
    pub(super) refused: Option<String>,
    /// The value of `Purchase` that was spent before, if that is why nothing is bought.
    pub(super) spent: Option<String>,
}

impl View<'_> {
    pub(super) fn commitment(&self) -> &Commitment {
        &self.situation.record.declared.commitment
    }

    pub(super) fn now(&self) -> Timestamp {
        self.situation.now
    }

    pub(super) fn held(&self, arn: &str) -> Option<&Held> {
        self.progress.throughputs.get(arn)
    }

    /// The throughput of ours that somebody calls `named`, by ARN or by name.
    pub(super) fn our(&self, named: &str) -> Option<&Throughput> {
        self.ours.iter().find(|ours| ours.arn == named || ours.name == named)
    }

    pub(super) fn has_served(&self, arn: &str) -> bool {
        self.held(arn).is_some_and(|held| held.served.is_some())
    }

    /// Rule 1: whether it serves now.
    pub(super) fn serves(&self, throughput: &Throughput) -> bool {
        serves(&throughput.status, self.has_served(&throughput.arn))
    }

    /// Rule 10: whether aliases and parameters leave it now because its term is to end soon.
    pub(super) fn leaves_with_its_term(&self, arn: &str) -> bool {
        let Situation { record, deployment, now, .. } = self.situation;
        self.held(arn).is_some_and(|held| leaves_with_its_term(record, held, deployment, now))
    }

    /// The name of the throughput of `units` of what is declared.
    pub(super) fn name_of(&self, units: crate::timetable::ModelUnits) -> String {
        self.commitment().throughput_name(units, self.situation.deployment)
    }
}

/// Finds out which throughputs are ours, notices what is new about them, and which ones are gone.
pub(super) fn inspect(situation: Situation<'_>) -> (View<'_>, Step) {
    let mut view = View {
        situation,
        progress: situation.record.progress.clone(),
        ours: Vec::new(),
        taken: BTreeSet::new(),
        unknown: BTreeSet::new(),
        refused: None,
        spent: None,
    };
    let mut step = Step::default();
    if let Some(error) = &situation.observed.list_failed {
        step.failed(error);
    }
    let releasing = situation.record.declared.lifecycle == Lifecycle::Releasing;
    for throughput in &situation.observed.throughputs {
        if view.progress.was_deleted(&throughput.arn) {
            continue;
        }
        // Marks that an invocation took off before it died are not ours to take off again.
        if situation.record.progress.throughputs.contains_key(&throughput.arn) && !releasing {
            view.keep(throughput);
        } else {
            view.keep_if_marked(throughput, &mut step);
        }
    }
    view.look_for_held(releasing, &mut step);
    view.look_for_announced(&mut step);
    view.look_for_named(&mut step);
    view.report_oddities(&mut step);
    view.ask_for_model_dates(&mut step);
    (view, step)
}

impl View<'_> {
    fn keep(&mut self, throughput: &Throughput) {
        if self.ours.iter().any(|ours| ours.arn == throughput.arn) {
            return;
        }
        if !self.progress.throughputs.contains_key(&throughput.arn)
            && let Some(announced) = self.progress.announced.remove(&throughput.name)
        {
            let held = Held::bought(&throughput.name, announced);
            self.progress.throughputs.insert(throughput.arn.clone(), held);
        }
        self.progress.see(throughput, self.situation.now);
        self.ours.push(throughput.clone());
    }

    fn keep_if_marked(&mut self, throughput: &Throughput, step: &mut Step) {
        let Throughput { name, arn, .. } = throughput;
        let commitment = self.commitment().name.as_str().to_owned();
        match self.situation.observed.facts.marks.get(arn) {
            None => step.ask(Question::Marks(arn.clone())),
            Some(Ok(marks)) if marks.are(&commitment, self.situation.deployment) => self.keep(throughput),
            // Rule 5: marks that do not show are not judged. To take them off once more takes nothing from anybody.
            Some(Ok(marks)) if marks.are_none_of_ours() && self.releases(arn) => self.keep(throughput),
            Some(Ok(marks)) if self.may_get_marks(name, marks) => {
                self.unknown.insert(name.clone());
                step.waiting.push(WaitingOn::Purchase { name: name.clone() });
            }
            Some(Ok(_)) => {
                // Rule 8: it is never deleted, whatever its name or our record says.
                if self.progress.gone.contains_key(arn) {
                    step.problems.push(format!("{name} was ours and bears other marks now: it is left alone"));
                }
                self.progress.throughputs.remove(arn);
                self.taken.insert(name.clone());
            }
            // Tags that do not show yet are asked for again.
            Some(Err(error)) if error.kind == CallErrorKind::NotFound => {
                self.unknown.insert(name.clone());
            }
            Some(Err(error)) => {
                self.unknown.insert(name.clone());
                step.failed(error);
            }
        }
    }

    /// Whether `arn` is held and is to lose our marks.
    fn releases(&self, arn: &str) -> bool {
        let Record { declared, progress, .. } = self.situation.record;
        declared.lifecycle == Lifecycle::Releasing && progress.throughputs.contains_key(arn)
    }

    /// Rule 5: a throughput whose purchase was announced may show before its tags do, or before one of them does.
    fn may_get_marks(&self, name: &str, marks: &Marks) -> bool {
        let announced = self.progress.announced.get(name);
        let is_new = announced.is_some_and(|announced| self.now() < after(announced.since, REPEAT_FOR));
        is_new && marks.may_become(self.commitment().name.as_str(), self.situation.deployment)
    }

    /// Gets each remembered throughput that List does not show.
    fn look_for_held(&mut self, releasing: bool, step: &mut Step) {
        let listed = |arn: &String| self.situation.observed.throughputs.iter().any(|seen| seen.arn == *arn);
        let unlisted: Vec<String> =
            self.situation.record.progress.throughputs.keys().filter(|arn| !listed(arn)).cloned().collect();
        for arn in unlisted {
            match self.situation.observed.facts.throughputs.get(&arn) {
                None => step.ask(Question::Throughput(arn)),
                Some(Ok(Some(throughput))) if releasing => self.keep_if_marked(&throughput.clone(), step),
                Some(Ok(Some(throughput))) => self.keep(&throughput.clone()),
                Some(Ok(None)) => {
                    if !self.is_proven_gone(&arn) {
                        self.keep_unseen(&arn, step);
                    }
                }
                Some(Err(error)) => {
                    step.failed(error);
                    self.keep_unseen(&arn, step);
                }
            }
        }
    }

    /// Rule 5: notes that List and Get have missed `arn`. Returns true if that proves that it is gone.
    fn is_proven_gone(&mut self, arn: &str) -> bool {
        let now = self.situation.now;
        if self.situation.observed.list_failed.is_some() {
            return false;
        }
        let Some(held) = self.progress.throughputs.get_mut(arn) else { return true };
        // What was bought and never seen may show late.
        if held.seen.is_none() && now < after(held.since, REPEAT_FOR) {
            return false;
        }
        let first = *held.missed.get_or_insert(now);
        if now.duration_since(first) < GONE_AFTER {
            return false;
        }
        let _name = self.progress.lose(arn, false, now);
        true
    }

    fn keep_unseen(&mut self, arn: &str, step: &mut Step) {
        let Some(held) = self.progress.throughputs.get(arn) else { return };
        step.waiting.push(WaitingOn::Unseen { name: held.name.clone() });
        self.ours.push(Throughput {
            name: held.name.clone(),
            arn: arn.to_owned(),
            status: ThroughputStatus::Unseen,
            units: held.units,
            model_arn: held.model_arn.clone(),
            foundation_model_arn: String::new(),
            term: held.term,
            term_end: held.term_end,
            failure: None,
        });
    }

    /// Rule 5: looks by name for each announced purchase that has not shown.
    fn look_for_announced(&mut self, step: &mut Step) {
        let listed = |name: &String| {
            self.situation
                .observed
                .throughputs
                .iter()
                .any(|seen| seen.name == *name && !self.situation.record.progress.was_deleted(&seen.arn))
        };
        let waited: Vec<String> = self.progress.announced.keys().filter(|name| !listed(name)).cloned().collect();
        for name in waited {
            match self.situation.observed.facts.throughputs.get(&name) {
                None => step.ask(Question::Throughput(name)),
                Some(Ok(Some(found))) if self.progress.was_deleted(&found.arn) => self.miss_announced(&name, step),
                Some(Ok(Some(found))) => self.keep_if_marked(&found.clone(), step),
                Some(Ok(None)) => self.miss_announced(&name, step),
                Some(Err(error)) => {
                    step.failed(error);
                    step.waiting.push(WaitingOn::Purchase { name });
                }
            }
        }
        // A name exists once: if somebody else's throughput has it, our purchase of that name did not happen.
        for name in self.taken.clone() {
            self.miss_announced(&name, step);
        }
    }

    /// Forgets an announced purchase once its absence is proven.
    fn miss_announced(&mut self, name: &str, step: &mut Step) {
        let now = self.situation.now;
        let Some(announced) = self.progress.announced.get_mut(name) else { return };
        if self.situation.observed.list_failed.is_none() && now >= after(announced.called, REPEAT_FOR) {
            let first = *announced.missed.get_or_insert(now);
            if now.duration_since(first) >= GONE_AFTER {
                self.progress.announced.remove(name);
                return;
            }
        }
        step.waiting.push(WaitingOn::Purchase { name: name.to_owned() });
    }

    /// Gets each throughput that an alias or a parameter names and that was not found before, and sees whose it is.
    fn look_for_named(&mut self, step: &mut Step) {
        let observed = self.situation.observed;
        let routed = observed.aliases.values().filter_map(|alias| alias.as_ref().ok()?.as_ref()?.throughput.as_ref());
        let parameters = observed.parameters.values();
        let pointed = parameters.filter_map(|parameter| parameter.as_ref().ok()?.as_ref()?.throughput());
        let named: BTreeSet<&String> = routed.chain(pointed).collect();
        for named in named {
            let known = self.our(named).is_some()
                || self.progress.was_deleted(named)
                || observed.throughputs.iter().any(|seen| seen.arn == *named || seen.name == *named);
            if known {
                continue;
            }
            match observed.facts.throughputs.get(named) {
                None => step.ask(Question::Throughput(named.clone())),
                Some(Ok(Some(found))) if self.our(&found.arn).is_none() => {
                    self.keep_if_marked(&found.clone(), step);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => step.failed(error),
            }
        }
    }

    /// Says what a person should know of what is ours.
    fn report_oddities(&mut self, step: &mut Step) {
        for throughput in self.ours.clone() {
            let Some(held) = self.held(&throughput.arn).cloned() else { continue };
            let Held { name, model_arn, .. } = &held;
            if throughput.name != *name {
                step.problems.push(format!(
                    "{name} was renamed to {}: it is left so, and nothing is bought beside it",
                    throughput.name
                ));
            }
            if *model_arn != throughput.model_arn && throughput.status != ThroughputStatus::Unseen {
                step.problems.push(format!(
                    "{name} serves {} now, and was bought for {model_arn}: it is left so, and nothing is bought beside it",
                    throughput.model_arn
                ));
            }
            if throughput.status == ThroughputStatus::Failed {
                self.explain_failure(&throughput, step);
            }
            let to_end = is_to_end(self.situation.record, &held, self.situation.deployment, self.now());
            if held.renewed.is_some() && to_end {
                let until = held.term_end.map_or_else(String::new, |until| format!(" until {until}"));
                step.problems.push(format!("{name} was to end with its term, and AWS has renewed it{until}"));
            }
        }
    }

    /// Only a Get tells why a throughput failed.
    fn explain_failure(&mut self, throughput: &Throughput, step: &mut Step) {
        let Throughput { name, arn, .. } = throughput;
        let now = self.situation.now;
        let Some(held) = self.progress.throughputs.get_mut(arn) else { return };
        let failed = held.failed.get_or_insert_with(|| Failure::new(now, ""));
        if failed.reason.is_empty() {
            match self.situation.observed.facts.throughputs.get(arn) {
                None => step.ask(Question::Throughput(arn.clone())),
                Some(Ok(Some(Throughput { failure: Some(reason), .. }))) => *failed = Failure::new(failed.at, reason),
                Some(_) => {}
            }
        }
        let reason = if failed.reason.is_empty() { String::new() } else { format!(": {}", failed.reason) };
        step.problems.push(format!("{name} failed{reason}"));
    }

    /// Rule 9: asks once a day when the model turns `LEGACY` and when it ends, and says so in time.
    fn ask_for_model_dates(&mut self, step: &mut Step) {
        let declared = &self.situation.record.declared;
        if declared.lifecycle != Lifecycle::Active {
            return;
        }
        let now = self.now();
        let Some(model) = self.base_model() else { return };
        let known = self.progress.model_dates.as_ref().filter(|dates| dates.model == model);
        if known.is_none_or(|known| after(known.asked, LIFECYCLE_EVERY) <= now) {
            let (legacy, end_of_life) = match self.situation.observed.facts.lifecycles.get(&model) {
                None => return step.ask(Question::Lifecycle(model)),
                Some(Ok(ModelLifecycle { legacy, end_of_life, .. })) => (*legacy, *end_of_life),
                // A look that was refused is no look: what is known stays.
                Some(Err(_)) => known.map_or((None, None), |known| (known.legacy, known.end_of_life)),
            };
            self.progress.model_dates = Some(ModelDates { asked: now, model, legacy, end_of_life });
        }
        let Some(ModelDates { model, legacy, end_of_life, .. }) = &self.progress.model_dates else { return };
        let soon = |date: &Option<Timestamp>| date.filter(|date| *date <= after(now, LIFECYCLE_NOTICE));
        if let Some(date) = soon(end_of_life) {
            step.problems.push(format!("model {model} ends at {date}: declare another model in time"));
        } else if let Some(date) = soon(legacy) {
            let bought = "it cannot be bought any more from then on; declare another model in time";
            step.problems.push(format!("model {model} turns LEGACY at {date}: {bought}"));
        }
    }

    /// The id of the foundation model that is declared, or on which the declared model is based; nothing while that is not
    /// known.
    fn base_model(&self) -> Option<String> {
        let declared = &self.commitment().model;
        if !declared.is_custom() {
            return Some(bare_model(declared.as_str()).to_owned());
        }
        let based = self.ours.iter().find(|ours| !ours.foundation_model_arn.is_empty())?;
        Some(bare_model(&based.foundation_model_arn).to_owned())
    }
}
