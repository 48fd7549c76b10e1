//! What is AWS in a small world?
//!
//! Throughputs, aliases and one parameter, as far as docs/aws-facts.md tells how they behave. What lags or fails is chosen
//! by the search; here is only the truth.

use crate::time::Second;

/// Everything that AWS keeps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aws {
    /// Throughputs in the order of their creation. One that is gone stays while something may still know of it.
    pub(crate) throughputs: Vec<Throughput>,
    /// The next throughput's id.
    pub(crate) next_id: u16,
    /// Aliases, in the world's order.
    pub(crate) aliases: Vec<Alias>,
    /// The parameter, if the world has one.
    pub(crate) parameter: Option<Parameter>,
    /// Whether the model has turned `LEGACY`.
    pub(crate) legacy: bool,
}

/// A provisioned throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throughput {
    /// Its ARN ends in this.
    pub(crate) id: u16,
    /// Its name, as an index of the world's throughput names.
    pub(crate) name: u8,
    /// Its size.
    pub(crate) units: u32,
    /// The commitment that bought it; nothing for one that is somebody else's.
    pub(crate) buyer: Option<u8>,
    /// Whether it was bought for a term, and for which `Purchase`, as an index of the world's.
    pub(crate) purchase: Option<u8>,
    /// When its term ends.
    pub(crate) term_end: Option<Second>,
    /// What it is doing.
    pub(crate) doing: Doing,
    /// Whose marks it bears.
    pub(crate) marks: Whose,
    /// The token that bought it: when the commitment was registered, in microseconds, and the number.
    pub(crate) token: (i64, u32),
    /// When it was bought.
    pub(crate) bought: Second,
    /// When it was deleted.
    pub(crate) gone: Option<Second>,
    /// Whether a look has shown it.
    pub(crate) shown: bool,
    /// Since when looks may have missed it.
    pub(crate) missed: Option<Second>,
    /// Since when nothing leads to it.
    pub(crate) left: Option<Second>,
    /// Whether somebody else deleted it.
    pub(crate) by_hand: bool,
    /// Whether an alias or the parameter ever led to it.
    pub(crate) used: bool,
}

/// What a throughput is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Being created.
    Creating {
        /// Until then.
        done: Second,
        /// Whether it fails then.
        fails: bool,
    },
    /// It serves.
    InService,
    /// It could not be created.
    Failed,
}

/// Whose marks a throughput bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those of a commitment of this deployment.
    Ours(u8),
    /// None.
    Nobodys,
    /// Somebody else's.
    Others,
}

/// An alias of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alias {
    /// The throughput that it names.
    pub(crate) route: Option<u16>,
    /// The throughput that it served from when it was last prepared: until it is prepared again, it may serve from there.
    pub(crate) serves: Option<u16>,
    /// What it is doing.
    pub(crate) doing: Changing,
    /// Whether it rejects invocations.
    pub(crate) rejects: bool,
}

/// What an alias is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changing {
    /// It serves what it names.
    Prepared,
    /// It is being changed.
    Updating {
        /// Until then.
        done: Second,
        /// Whether it fails then.
        fails: bool,
    },
    /// The last change failed.
    Failed,
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// What it holds.
    pub(crate) value: Value,
    /// How often it was written.
    pub(crate) version: i64,
    /// When it was last written.
    pub(crate) modified: Second,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// The model on demand.
    OnDemand,
    /// The word `off`.
    Off,
    /// A throughput's ARN.
    Throughput(u16),
}

/// What AWS says to a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sold {
    /// This one was bought, now or with the same token before.
    Bought(u16),
    /// A quota refuses it.
    Quota,
    /// The request is refused as it is.
    Invalid,
}

impl Throughput {
    /// Whether it exists.
    pub(crate) fn is_there(&self) -> bool {
        self.gone.is_none()
    }

    /// Whether a commitment of this deployment pays for it.
    pub(crate) fn is_paid_for(&self) -> bool {
        self.is_there() && self.buyer.is_some() && self.doing != Doing::Failed
    }
}

impl Aws {
    /// The throughput `id`, whether or not it is gone.
    pub(crate) fn find(&self, id: u16) -> Option<&Throughput> {
        self.throughputs.iter().find(|throughput| throughput.id == id)
    }

    /// The same, to be changed.
    pub(crate) fn find_mut(&mut self, id: u16) -> Option<&mut Throughput> {
        self.throughputs.iter_mut().find(|throughput| throughput.id == id)
    }

    /// Buys `wanted`, unless its token was used before. With `unique` names, a name that is in use is refused.
    pub(crate) fn sell(&mut self, wanted: Throughput, quota: u32, unique: bool) -> Sold {
        let same = |known: &&Throughput| {
            known.token == wanted.token && known.name == wanted.name && known.buyer == wanted.buyer
        };
        if let Some(known) = self.throughputs.iter().find(same) {
            return Sold::Bought(known.id);
        }
        if self.legacy || unique && self.throughputs.iter().any(|known| known.is_there() && known.name == wanted.name) {
            return Sold::Invalid;
        }
        let used: u32 = self.throughputs.iter().filter(|known| known.is_paid_for()).map(|known| known.units).sum();
        if used + wanted.units > quota {
            return Sold::Quota;
        }
        self.next_id += 1;
        self.throughputs.push(Throughput { id: self.next_id, ..wanted });
        Sold::Bought(self.next_id)
    }

    /// Whether the throughput `id` lets itself be deleted at `now`.
    pub(crate) fn may_delete(&self, id: u16, now: Second, while_creating: bool) -> bool {
        self.find(id).is_some_and(|known| match known.doing {
            Doing::Creating { .. } => while_creating,
            Doing::InService => known.term_end.is_none_or(|end| end <= now),
            Doing::Failed => true,
        })
    }

    /// Whether an alias or the parameter leads to the throughput `id`, or may still.
    pub(crate) fn is_led_to(&self, id: u16) -> bool {
        let serves = |alias: &Alias| alias.route == Some(id) || alias.serves == Some(id);
        self.aliases.iter().any(serves)
            || self.parameter.is_some_and(|parameter| parameter.value == Value::Throughput(id))
    }

    /// Lets everything happen that is due by `now`. Returns the throughputs whose term has begun anew.
    pub(crate) fn pass(&mut self, now: Second, term: Second) -> Vec<u16> {
        let mut renewed = Vec::new();
        for known in self.throughputs.iter_mut().filter(|known| known.gone.is_none()) {
            match known.doing {
                Doing::Creating { done, fails } if done <= now => {
                    known.doing = if fails { Doing::Failed } else { Doing::InService };
                    known.term_end = known.purchase.filter(|_| !fails).map(|_| done + term);
                }
                Doing::Creating { .. } | Doing::InService | Doing::Failed => {}
            }
            if let Some(end) = known.term_end.filter(|end| end + 30 <= now) {
                known.term_end = Some(end + term);
                renewed.push(known.id);
            }
        }
        for alias in &mut self.aliases {
            match alias.doing {
                Changing::Updating { done, fails } if done <= now => {
                    if fails {
                        alias.doing = Changing::Failed;
                    } else {
                        alias.doing = Changing::Prepared;
                        alias.serves = alias.route;
                    }
                }
                Changing::Updating { .. } | Changing::Prepared | Changing::Failed => {}
            }
        }
        self.watch(now);
        renewed
    }

    /// Notes since when nothing leads to each throughput; to be called after each change of an alias or the parameter.
    pub(crate) fn watch(&mut self, now: Second) {
        for index in 0..self.throughputs.len() {
            let led_to = self.is_led_to(self.throughputs[index].id);
            let known = &mut self.throughputs[index];
            known.left = if led_to { None } else { known.left.or(Some(now)) };
            known.used |= led_to;
        }
    }

    /// Every instant after which something happens by itself.
    pub(crate) fn instants(&self) -> impl Iterator<Item = Second> {
        let creations = self.throughputs.iter().filter_map(|known| match known.doing {
            Doing::Creating { done, .. } if known.is_there() => Some(done),
            Doing::Creating { .. } | Doing::InService | Doing::Failed => None,
        });
        let ends = self.throughputs.iter().filter(|known| known.is_there()).filter_map(|known| known.term_end);
        let changes = self.aliases.iter().filter_map(|alias| match alias.doing {
            Changing::Updating { done, .. } => Some(done),
            Changing::Prepared | Changing::Failed => None,
        });
        creations.chain(ends.map(|end| end + 30)).chain(changes)
    }
}
