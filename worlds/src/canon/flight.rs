//! When are two invocations at the same point?

use std::hash::Hash;

use policy::plan::{Action, Expected, Plan, Route};
use policy::record::Record;

use super::Canon;
use crate::flight::{Acting, Flight, Phase, Way};
use crate::world::World;

impl Canon<'_> {
    pub(super) fn flight(&mut self, flight: &Flight) {
        let Flight { serial: _, commitment, event, phase, way } = flight;
        (commitment, event).hash(&mut self.hasher);
        if let Some(way) = way {
            self.way(way, *commitment);
        }
        std::mem::discriminant(phase).hash(&mut self.hasher);
        match phase {
            Phase::Read | Phase::Bury | Phase::Forget | Phase::End => {}
            Phase::Register { before, left, change } => {
                let now = self.state.table.tombstones[usize::from(*commitment)].as_ref();
                self.flag(left.as_ref() == now);
                let known = self.state.table.records[usize::from(*commitment)].as_ref();
                let version = |record: &Record| record.declared.version;
                self.flag(known.map(|known| version(known)) == before.as_ref().map(|before| version(before)));
                self.declared(&change.declared);
                change.inherited.hash(&mut self.hasher);
            }
            Phase::Answer(decision) => self.text(decision.status()),
            Phase::Look { read } => self.flag(*read),
            Phase::Announce(acting) | Phase::Act(acting) => self.acting(acting),
            Phase::Sleep { until } => self.when(Some(*until)),
            Phase::Settle { decision, forget } => {
                self.text(decision.status());
                self.flag(*forget);
            }
            Phase::Lease(then) | Phase::Tell(then) | Phase::Strike(then) => {
                std::mem::discriminant(then).hash(&mut self.hasher);
            }
        }
    }

    fn way(&mut self, way: &Way, commitment: u8) {
        let Way { stored, progress, begun_busy, attempts: _, tries, started, moved, turns, problems } = way;
        let known = self.state.table.records[usize::from(commitment)].as_ref();
        let same = known.is_some_and(|known| {
            known.progress.version == stored.progress.version && known.declared.version == stored.declared.version
        });
        self.flag(same);
        if !same {
            self.flag(known.is_some_and(|known| known.progress.version == stored.progress.version));
            self.record(stored);
        }
        self.progress(progress);
        (begun_busy.len(), tries, moved, turns, problems.len()).hash(&mut self.hasher);
        self.when(Some((*started).max(self.state.now - 60)));
    }

    fn acting(&mut self, acting: &Acting) {
        let Acting { plan, observed, at, extended, done, progress, busy, written } = acting;
        (done, progress, busy, written, observed.throughputs.len()).hash(&mut self.hasher);
        self.when(Some(*at));
        self.when(Some(*extended));
        self.plan(plan);
    }

    fn plan(&mut self, plan: &Plan) {
        self.progress(&plan.progress);
        for action in &plan.actions {
            self.action(action);
        }
        (plan.free.len(), plan.waiting.len(), plan.let_go, plan.nothing_left).hash(&mut self.hasher);
    }

    fn action(&mut self, action: &Action) {
        std::mem::discriminant(action).hash(&mut self.hasher);
        match action {
            Action::Buy { name, announced, repeated } => {
                self.text(name);
                self.announced(announced);
                self.flag(*repeated);
            }
            Action::Route { alias, expected, to, invocations } => {
                let Expected { route, version: _, version_matters } = expected;
                self.text(&alias.alias);
                self.id(route.as_deref().and_then(World::id_of));
                self.flag(*version_matters);
                self.id(to.arn().and_then(World::id_of));
                std::mem::discriminant(invocations).hash(&mut self.hasher);
                self.flag(matches!(to, Route::OnDemand));
            }
            Action::Point { value, expected, .. } => {
                self.id(World::id_of(value));
                self.id(expected.as_deref().and_then(World::id_of));
                self.flag(value == "off");
            }
            Action::Delete { arn, patient, last_chance, .. } => {
                self.arn(arn);
                (patient, last_chance).hash(&mut self.hasher);
            }
            Action::Tag { arn, .. } | Action::Release { arn, .. } => self.arn(arn),
            Action::Forget { .. } => {}
        }
    }
}
