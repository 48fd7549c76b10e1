//! What is put right each hour, and how is a table taken up?
//!
//! Schedules that are gone, disabled or pointed elsewhere are made again from the records, and those without a record are
//! deleted. Orphans are counted, and retired if their commitment has a tombstone (docs/policy.md, rule 11).

use std::collections::BTreeSet;

use policy::commitment::Commitment;
use policy::input::Mistakes;
use policy::metrics;
use policy::record::{Declared, Tombstone};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::status::Orphan;
use super::{Error, Handler, Invocation};
use crate::rounds::Way;
use crate::store::{Registered, Store, Stored};

impl Handler {
    /// The hourly `Repair`.
    pub(super) async fn repair(&self, invocation: &Invocation) -> Result<Value, Error> {
        let store = self.store()?;
        let mut repaired = Vec::new();
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for stored in store.all().await? {
            match stored {
                Ok(stored) => {
                    names.insert(stored.record.name().to_owned());
                    match self.repair_schedule(store, &stored, invocation).await {
                        Ok(true) => repaired.push(stored.record.name().to_owned()),
                        Ok(false) => {}
                        Err(error) => problems.push(error.to_string()),
                    }
                }
                Err((name, error)) => {
                    names.insert(name);
                    problems.push(error.to_string());
                }
            }
        }
        match self.delete_stray_schedules(store, &names).await {
            Ok(deleted) => repaired.extend(deleted),
            Err(error) => problems.push(error.to_string()),
        }
        let (reports, orphans, worst) = self.look_at_all(invocation).await?;
        let mut left = Vec::new();
        for orphan in orphans {
            match self.retire_orphan(store, &orphan, invocation).await {
                Ok(true) => repaired.push(orphan.commitment.clone()),
                Ok(false) => left.push(orphan),
                Err(error) => {
                    problems.push(error.to_string());
                    left.push(orphan);
                }
            }
        }
        (self.measured)(&metrics::of_status(store.deployment, reports.len(), left.len(), &worst, self.now()));
        if !problems.is_empty() {
            return Err(Error::NeedsAttention(problems.join("; ")));
        }
        let orphans: Vec<&String> = left.iter().map(|orphan| &orphan.throughput.name).collect();
        Ok(json!({ "Commitments": reports.len(), "Repaired": repaired, "Orphans": orphans }))
    }

    /// Puts the schedule of one commitment right. Returns true if it was not.
    async fn repair_schedule(&self, store: Store<'_>, stored: &Stored, invocation: &Invocation) -> Result<bool, Error> {
        let tick = self.wanted_schedule(&stored.record, invocation, store.deployment)?;
        if self.aws.is_scheduled(&tick).await? {
            return Ok(false);
        }
        self.aws.keep_schedule(&tick, true).await?;
        info!(commitment = %tick.name, "{}: its schedule was put right", tick.name);
        Ok(true)
    }

    /// Deletes the schedules that no record wants, of those that are not `registered`: an invocation died between the two.
    /// Gives their names.
    async fn delete_stray_schedules(
        &self,
        store: Store<'_>,
        registered: &BTreeSet<String>,
    ) -> Result<Vec<String>, Error> {
        let mut deleted = Vec::new();
        let scheduled = self.aws.schedules(store.group).await?;
        for name in scheduled.into_iter().filter(|name| !registered.contains(name)) {
            // Read after the schedule was seen: a schedule is made after its record.
            if store.record(&name).await?.is_none() {
                self.aws.delete_schedule(store.group, &name).await?;
                warn!(commitment = %name, "{name}: its schedule is deleted: no record wants it");
                deleted.push(name);
            }
        }
        Ok(deleted)
    }

    /// Retires an orphan whose commitment has a tombstone: it was let go, so nobody wants it. Returns false if it has none.
    async fn retire_orphan(&self, store: Store<'_>, orphan: &Orphan, invocation: &Invocation) -> Result<bool, Error> {
        let name = &orphan.commitment;
        let (stored, tombstone) = self.there(store, name).await?;
        let (None, Some(tombstone)) = (&stored, tombstone) else { return Ok(false) };
        let least = json!({ "Name": name, "ModelId": orphan.throughput.model_arn });
        let Some(commitment) = Commitment::read(&least, "", &mut Mistakes::default()) else { return Ok(false) };
        let mut declared = Declared::new(commitment, self.now());
        declared.retire();
        let Tombstone { dates, invocations, spent, .. } = tombstone.clone();
        declared.dates = dates;
        declared.invocations = invocations;
        let change = policy::admission::Change { declared, is_news: false, may_buy: false, inherited: spent };
        match store.register(None, Some(&tombstone), &change).await? {
            Registered::Done(stored) => {
                warn!(commitment = %name, "{name} was forgotten, and {} is still there: it is retired", orphan.throughput.name);
                let rounds = self.rounds(store, invocation);
                let mut way = Way::new(*stored, self.now());
                self.carry(&rounds, &mut way, None, invocation).await?;
                Ok(true)
            }
            Registered::Conflict | Registered::Claimed { .. } | Registered::Closed(_) => Ok(false),
        }
    }

    /// Takes up a table that was restored or brought along.
    pub(super) async fn adopt(&self, invocation: &Invocation) -> Result<Value, Error> {
        let store = self.store()?;
        self.settings.complete()?;
        let deployment = store.take_up(true).await?;
        info!("table {} is taken up for {}", store.table, deployment.name);
        let repaired = self.repair(invocation).await?;
        Ok(json!({ "Deployment": deployment, "Repair": repaired }))
    }
}
