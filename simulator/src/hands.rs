//! Looking at the account, and laying hands on it, beside the API.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::tables::{Item, KEY, Table, plain_item, typed_item};
use crate::{AliasView, Simulator, routes};

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

    /// Somebody deletes a schedule.
    pub fn delete_schedule(&self, group: &str, name: &str) {
        self.shared.account().schedules.remove(&(group.to_owned(), name.to_owned()));
    }

    /// The name of the operation that `method` and `path` ask for, or the header `x-amz-target`,
    /// if it is one that is known.
    #[must_use]
    pub fn operation(method: &Method, path: &str, target: Option<&str>) -> Option<&'static str> {
        routes::operation(method, path, target)
    }

    /// What `key` of `table` holds, as plain JSON; the key is one of its members.
    #[must_use]
    pub fn item(&self, table: &str, key: &str) -> Option<Value> {
        self.shared.account().tables.get(table)?.item(key).map(|item| plain_item(item))
    }

    /// Everything that `table` holds, by key, as plain JSON.
    #[must_use]
    pub fn items(&self, table: &str) -> BTreeMap<String, Value> {
        let account = self.shared.account();
        let items = account.tables.get(table).into_iter().flat_map(Table::items);
        items.map(|(key, item)| (key.to_owned(), plain_item(item))).collect()
    }

    /// The table's own id: another one after the table was restored.
    #[must_use]
    pub fn table_id(&self, table: &str) -> String {
        let account = self.shared.account();
        account.table(table).map(crate::tables::Table::id).unwrap_or_default()
    }

    /// Somebody has `key` of `table` hold `item`, an object of plain JSON.
    pub fn put_item(&self, table: &str, key: &str, item: &Value) {
        let empty = Map::new();
        let mut item = typed_item(item.as_object().unwrap_or(&empty));
        item.insert(KEY.to_owned(), json!({"S": key}));
        self.hold(table, key, Some(item));
    }

    /// Somebody deletes an item.
    pub fn delete_item(&self, table: &str, key: &str) {
        self.hold(table, key, None);
    }

    fn hold(&self, table: &str, key: &str, item: Option<Item>) {
        let mut account = self.shared.account();
        let (now, lag) = (account.now, account.knobs.table_lag);
        account.tables.entry(table.to_owned()).or_default().hold(key, item, now, lag);
    }

    /// Somebody deletes every item of `table`, which stays.
    pub fn clear_table(&self, table: &str) {
        self.shared.account().tables.entry(table.to_owned()).or_default().clear();
    }

    /// Somebody deletes `table`.
    pub fn drop_table(&self, table: &str) {
        self.clear_table(table);
        self.shared.account().knobs.tables.retain(|known| known != table);
    }

    /// Somebody restores `table` with `items`, such as [`Simulator::items`] gave: another table of
    /// the same name, with another id.
    pub fn restore_table(&self, table: &str, items: &BTreeMap<String, Value>) {
        self.drop_table(table);
        {
            let mut account = self.shared.account();
            account.knobs.tables.push(table.to_owned());
            account.tables.entry(table.to_owned()).or_default().generation += 1;
        }
        for (key, item) in items {
            self.put_item(table, key, item);
        }
    }
}
