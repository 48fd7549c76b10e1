//! Looking at the account, and laying hands on it, beside the API.

use axum::http::Method;
use serde_json::Value;

use crate::{AliasView, Simulator, server};

impl Simulator {
    /// Those of `aliases`, by agent and alias, that are there.
    #[must_use]
    pub fn alias_views(&self, aliases: &[(String, String)]) -> Vec<AliasView> {
        let account = self.shared.account();
        aliases.iter().filter_map(|key| account.aliases.get(key).cloned()).collect()
    }

    /// Somebody edits the definition of a schedule, if it is there; what it delivers stays.
    pub fn edit_schedule(&self, group: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut account = self.shared.account();
        if let Some(schedule) = account.schedules.get_mut(&(group.to_owned(), name.to_owned())) {
            edit(&mut schedule.definition);
        }
    }

    /// The name of the operation that `method` and `path` ask for, or the header `x-amz-target`, if it is one that is known.
    #[must_use]
    pub fn operation(method: &Method, path: &str, target: Option<&str>) -> Option<&'static str> {
        server::operation(method, path, target)
    }
}
