//! The same account without sockets: who asks it directly gets the same answers, in an order that no network decides.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Method, Request, Response};

use serde_json::Value;

use crate::{AliasView, Simulator, server};

impl Simulator {
    /// Answers one request of AWS's protocol; nothing if the connection breaks before the answer.
    pub async fn ask(&self, request: Request<Vec<u8>>) -> Option<Response<Vec<u8>>> {
        let response = server::serve(State(Arc::clone(&self.shared)), request.map(Body::from)).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.ok()?;
        Some(Response::from_parts(parts, body.to_vec()))
    }

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

    /// The name of the operation that `method` and `path` ask for, if it is one that is known.
    #[must_use]
    pub fn operation(method: &Method, path: &str) -> Option<&'static str> {
        server::operation(method, path)
    }
}
