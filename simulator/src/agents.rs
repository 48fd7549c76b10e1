//! Agent aliases and versions: bedrock-agent.

use std::collections::{BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::Simulator;
use crate::account::{Account, AliasView, plus};
use crate::api::{Call, Refusal, only, page};

impl Account {
    /// `GetAgentAlias`, as often as its limit allows.
    pub(crate) fn limited_get_alias(&mut self, call: &Call) -> Result<Value, Refusal> {
        let most = self.knobs.alias_looks_per_second;
        if most != usize::MAX {
            limit(&mut self.alias_looks, most, self.now)?;
        }
        self.get_alias(call)
    }

    fn get_alias(&self, call: &Call) -> Result<Value, Refusal> {
        let key = (call.id(0).to_owned(), call.id(1).to_owned());
        let alias = self.aliases.get(&key).ok_or_else(|| Refusal::not_found(format!("alias {}", call.id(1))))?;
        Ok(json!({"agentAlias": self.described(&key, alias)}))
    }

    pub(crate) fn list_agents(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["maxResults", "nextToken"])?;
        let agents: BTreeSet<&String> =
            self.versions.keys().chain(self.aliases.keys()).map(|(agent, _)| agent).collect();
        let summary = |agent: &&String| {
            json!({
                "agentId": agent,
                "agentName": format!("agent-{agent}"),
                "agentStatus": "PREPARED",
                "updatedAt": self.now.to_string(),
            })
        };
        let all: Vec<Value> = agents.iter().map(summary).collect();
        let (page, next) = page(&all, call.body["nextToken"].as_str(), self.knobs.page_size)?;
        Ok(json!({"agentSummaries": page, "nextToken": next}))
    }

    pub(crate) fn list_aliases(&self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["maxResults", "nextToken"])?;
        let agent = call.id(0);
        if !self.versions.keys().chain(self.aliases.keys()).any(|(known, _)| known == agent) {
            return Err(Refusal::not_found(format!("agent {agent}")));
        }
        let summary = |(key, alias): (&(String, String), &AliasView)| {
            let mut described = self.described(key, alias);
            if let Some(members) = described.as_object_mut() {
                members.retain(|member, _| !["agentId", "agentAliasArn", "failureReasons"].contains(&member.as_str()));
            }
            described
        };
        let all: Vec<Value> = self.aliases.iter().filter(|((of, _), _)| of == agent).map(summary).collect();
        let (page, next) = page(&all, call.body["nextToken"].as_str(), self.knobs.page_size)?;
        Ok(json!({"agentAliasSummaries": page, "nextToken": next}))
    }

    fn described(&self, (agent, id): &(String, String), alias: &AliasView) -> Value {
        let AliasView { name, description, version, route, status, failures, invocation_state, .. } = alias;
        let mut item = json!({"agentVersion": version});
        if let Some(route) = route {
            item["provisionedThroughput"] = json!(route);
        }
        let mut described = json!({
            "agentId": agent,
            "agentAliasId": id,
            "agentAliasName": name,
            "agentAliasArn": format!("arn:aws:bedrock:{}:123456789012:agent-alias/{agent}/{id}", crate::REGION),
            "routingConfiguration": [item],
            "createdAt": self.now.to_string(),
            "updatedAt": self.now.to_string(),
            "agentAliasStatus": status,
            "aliasInvocationState": invocation_state,
        });
        if let Some(description) = description {
            described["description"] = json!(description);
        }
        if !failures.is_empty() {
            described["failureReasons"] = json!(failures);
        }
        described
    }

    pub(crate) fn update_alias(&mut self, call: &Call) -> Result<Value, Refusal> {
        call.only(&["agentAliasName", "description", "routingConfiguration", "aliasInvocationState"])?;
        let key = (call.id(0).to_owned(), call.id(1).to_owned());
        let known = self.aliases.get(&key).cloned();
        let mut alias = known.ok_or_else(|| Refusal::not_found(format!("alias {}", call.id(1))))?;
        limit(&mut self.alias_updates, self.knobs.alias_updates_per_second, self.now)?;
        if self.knobs.not_prepared_until.is_some_and(|until| self.now < until) {
            let message = "UpdateAgentAlias operation can't be performed on Agent when it is in Not Prepared state";
            return Err(Refusal::validation(message));
        }
        if alias.status == "UPDATING" || alias.status == "CREATING" {
            let message = "UpdateAgentAlias operation can't be performed on AgentAlias when it is in Updating state";
            return Err(Refusal::validation(message));
        }
        let id = format!("{}/{}", key.0, key.1);
        // Every field is overwritten: what is not sent is lost.
        let name = call.text("agentAliasName")?.to_owned();
        let description = call.body["description"].as_str().map(str::to_owned);
        let state = call.body["aliasInvocationState"].as_str().unwrap_or("ACCEPT_INVOCATIONS").to_owned();
        if name != alias.name || description != alias.description {
            self.violated(format!("alias {id} has lost its name or description"));
        }
        if state != alias.invocation_state && !self.knobs.may_reject {
            self.violated(format!("alias {id} has had its invocation state changed to {state}"));
        }
        let items = call.body["routingConfiguration"].as_array().cloned().unwrap_or_default();
        let item = items.first().cloned().unwrap_or_default();
        only(&item, &["agentVersion", "provisionedThroughput"])?;
        let version = match item["agentVersion"].as_str() {
            Some(version) if self.versions.contains_key(&(key.0.clone(), version.to_owned())) => version.to_owned(),
            Some(version) => return Err(Refusal::validation(format!("Version {version} of the agent does not exist"))),
            None => {
                self.violated(format!("alias {id} was updated without a version: Bedrock makes a new one"));
                self.new_version(&key.0, &alias.version)
            }
        };
        if version != alias.version {
            self.violated(format!("alias {id} has been moved from version {} to {version}", alias.version));
        }
        let route = item["provisionedThroughput"].as_str().map(str::to_owned);
        if let Some(problem) = route.as_deref().and_then(|route| self.unfit(&key.0, &version, route)) {
            self.violated(format!("alias {id} is routed to what cannot serve it: {problem}"));
            if self.knobs.check_route {
                return Err(Refusal::validation(problem));
            }
        }
        alias.name = name;
        alias.description = description;
        alias.invocation_state = state;
        alias.version = version;
        alias.route = route;
        alias.status = "UPDATING";
        alias.failures.clear();
        alias.settles = Some((plus(self.now, self.knobs.alias_settle), self.doomed_updates.pop_front()));
        let mut described = self.described(&key, &alias);
        described["agentAliasStatus"] = json!("UPDATING");
        self.aliases.insert(key, alias);
        self.settle();
        Ok(json!({"agentAlias": described}))
    }

    /// Refuses an operation that is asked for more often than its rate allows.
    pub(crate) fn within_rate(&mut self, operation: &'static str) -> Result<(), Refusal> {
        let Some(most) = self.knobs.rates.get(operation).copied() else { return Ok(()) };
        limit(self.recent.entry(operation).or_default(), most, self.now)
    }

    fn new_version(&mut self, agent: &str, from: &str) -> String {
        let numbers =
            self.versions.keys().filter(|(of, _)| of == agent).filter_map(|(_, version)| version.parse().ok());
        let version = (numbers.max().unwrap_or(0_u32) + 1).to_string();
        let model = self.versions.get(&(agent.to_owned(), from.to_owned())).cloned().unwrap_or_default();
        self.versions.insert((agent.to_owned(), version.clone()), model);
        version
    }

    /// Why `route` cannot serve `version`, if it cannot.
    fn unfit(&self, agent: &str, version: &str, route: &str) -> Option<String> {
        let Some(throughput) = self.find(route).map(|index| &self.throughputs[index]) else {
            return Some(format!("{route} does not exist"));
        };
        if throughput.status != "InService" {
            return Some(format!("{route} is {}", throughput.status));
        }
        let model = self.versions.get(&(agent.to_owned(), version.to_owned()))?;
        let id = model.rsplit_once(":foundation-model/").map_or(model.as_str(), |(_, id)| id);
        let base = throughput.foundation_model_arn.rsplit_once(":foundation-model/").map_or("", |(_, id)| id);
        let fits = id == base || *model == throughput.model_arn;
        (!fits).then(|| format!("{route} is of {base}, the agent's version of {model}"))
    }

    pub(crate) fn get_version(&self, call: &Call) -> Result<Value, Refusal> {
        let (agent, version) = (call.id(0), call.id(1));
        let model = self.versions.get(&(agent.to_owned(), version.to_owned()));
        let model = model.ok_or_else(|| Refusal::not_found(format!("version {version}")))?;
        Ok(json!({"agentVersion": {
            "agentId": agent,
            "agentName": "agent",
            "agentArn": format!("arn:aws:bedrock:{}:123456789012:agent/{agent}", crate::REGION),
            "version": version,
            "agentStatus": "PREPARED",
            "foundationModel": model,
            "idleSessionTTLInSeconds": 600,
            "agentResourceRoleArn": "arn:aws:iam::123456789012:role/agent",
            "createdAt": self.now.to_string(),
            "updatedAt": self.now.to_string(),
        }}))
    }
}

/// Refuses what would be more than `most` within a second of `now`.
fn limit(recent: &mut VecDeque<Timestamp>, most: usize, now: Timestamp) -> Result<(), Refusal> {
    recent.retain(|at| now.duration_since(*at) < SignedDuration::from_secs(1));
    if recent.len() >= most {
        return Err(Refusal::new(429, "ThrottlingException", "Rate exceeded"));
    }
    recent.push_back(now);
    Ok(())
}

impl Simulator {
    /// A deployment of somebody else points an alias at `version`, without a throughput; it
    /// settles after a while, or fails.
    ///
    /// # Panics
    /// There is none.
    #[expect(clippy::expect_used, reason = "a test that deploys an alias that it did not make is wrong")]
    pub fn deploy_alias(&self, agent: &str, alias: &str, version: &str, failure: Option<&str>) {
        let mut account = self.shared.account();
        let settles = plus(account.now, account.knobs.alias_settle);
        let view = account.aliases.get_mut(&(agent.to_owned(), alias.to_owned())).expect("the alias exists");
        version.clone_into(&mut view.version);
        view.route = None;
        view.status = "UPDATING";
        view.settles = Some((settles, failure.map(str::to_owned)));
        account.note_leaving();
    }
}
