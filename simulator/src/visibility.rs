//! What does a read show of what is true? Reads lag behind purchases and deletions, and may miss
//! what they had shown before.

use jiff::{SignedDuration, Timestamp};

use crate::Simulator;
use crate::account::{Account, Throughput, plus};

/// A way to see a throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// `ListProvisionedModelThroughputs`
    List,
    /// `GetProvisionedModelThroughput`
    Get,
    /// `ListTagsForResource`
    Tags,
}

/// How long reads stay behind what happened; for what was just bought see `list_lag` and `get_lag`
/// of [`crate::Knobs`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// How long List shows what was deleted.
    pub list_after_delete: SignedDuration,
    /// How long Get finds what was deleted.
    pub get_after_delete: SignedDuration,
    /// How long what was bought has no tags.
    pub tags_after_create: SignedDuration,
    /// How long tags are read as they were before they changed.
    pub tags_after_change: SignedDuration,
}

/// An interval in which a read misses a throughput.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Blind {
    id: String,
    read: Read,
    from: Timestamp,
    until: Timestamp,
}

impl Account {
    /// What `read` finds under an ARN or a name: rather what is there than what is gone.
    pub(crate) fn shown(&self, id: &str, read: Read) -> Option<&Throughput> {
        let alike = |one: &&Throughput| (one.arn == id || one.name == id) && self.shows(one, read);
        let found = self.throughputs.iter().rev().find(|one| one.deleted.is_some() && alike(one));
        self.living().find(alike).or(found)
    }

    /// Returns true if `read` shows the throughput, be it there or gone.
    pub(crate) fn shows(&self, one: &Throughput, read: Read) -> bool {
        let (now, lag) = (self.now, self.knobs.lag);
        let blind = |blind: &Blind| {
            let meant = blind.read == read && (blind.id == one.arn || blind.id == one.name);
            meant && blind.from <= now && now < blind.until
        };
        let (after_create, after_delete) = match read {
            Read::List => (self.knobs.list_lag, lag.list_after_delete),
            Read::Get => (self.knobs.get_lag, lag.get_after_delete),
            Read::Tags => (SignedDuration::ZERO, SignedDuration::ZERO),
        };
        let is_there = match one.deleted {
            None => true,
            Some(at) => {
                let haunts = self.ghosts.get(&one.arn).is_some_and(|until| now < *until) && read != Read::Tags;
                now < plus(at, after_delete) || haunts
            }
        };
        is_there && plus(one.created, after_create) <= now && !self.blinds.iter().any(blind)
    }
}

impl Simulator {
    /// From `from` until `until`, `read` misses the throughput with this ARN or name, seen before
    /// or not.
    pub fn blind(&self, id: &str, read: Read, from: Timestamp, until: Timestamp) {
        self.shared.account().blinds.push(Blind { id: id.to_owned(), read, from, until });
    }

    /// List and Get show the throughput with this ARN or name until `until`, even when it is gone.
    ///
    /// # Panics
    /// There never was one.
    #[expect(clippy::expect_used, reason = "a test that speaks of a throughput that never was is wrong")]
    pub fn ghost(&self, id: &str, until: Timestamp) {
        let mut account = self.shared.account();
        let known = account.throughputs.iter().rev().find(|one| one.arn == id || one.name == id);
        let arn = known.map(|one| one.arn.clone()).expect("the throughput was there once");
        account.ghosts.insert(arn, until);
    }

    fn with_throughput(&self, id: &str, change: impl FnOnce(&mut Account, usize)) {
        let mut account = self.shared.account();
        if let Some(index) = account.find(id) {
            change(&mut account, index);
        }
    }

    /// Somebody renames a throughput; its ARN stays.
    pub fn rename_throughput(&self, id: &str, name: &str) {
        self.with_throughput(id, |account, index| name.clone_into(&mut account.throughputs[index].name));
    }

    /// Somebody has a throughput serve another custom model: it is `Updating` for a while.
    pub fn swap_model(&self, id: &str, model_arn: &str) {
        self.with_throughput(id, |account, index| account.swap(index, model_arn.to_owned()));
    }

    /// AWS shows a throughput in `status`, which may be a word that nobody knows.
    pub fn set_status(&self, id: &str, status: &'static str) {
        self.with_throughput(id, |account, index| account.throughputs[index].status = status);
    }

    /// Somebody replaces all tags of a throughput.
    pub fn set_tags(&self, id: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.with_throughput(id, |account, index| account.change_tags(index, |held| *held = tags));
    }

    /// Somebody sets one tag of a throughput.
    pub fn retag(&self, id: &str, key: &str, value: &str) {
        self.with_throughput(id, |account, index| {
            account.change_tags(index, |held| {
                held.insert(key.to_owned(), value.to_owned());
            });
        });
    }
}
