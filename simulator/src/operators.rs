//! What do others than the function do to agents, parameters and throughputs?

use std::collections::BTreeMap;

use crate::{AliasView, ParameterView, REGION, Simulator, Throughput};

impl Simulator {
    /// An agent whose draft is of `model`.
    pub fn add_agent(&self, agent: &str, model: &str) {
        self.add_agent_version(agent, "DRAFT", model);
    }

    /// A version of an agent.
    pub fn add_agent_version(&self, agent: &str, version: &str, model: &str) {
        self.shared.account().versions.insert((agent.to_owned(), version.to_owned()), model.to_owned());
    }

    /// An alias on demand, with a name and a description of its own.
    pub fn add_alias(&self, agent: &str, alias: &str, version: &str) {
        let view = AliasView {
            name: format!("alias-{alias}"),
            description: Some("what people see".to_owned()),
            version: version.to_owned(),
            route: None,
            serving: None,
            status: "PREPARED",
            failures: Vec::new(),
            invocation_state: "ACCEPT_INVOCATIONS".to_owned(),
            settles: None,
        };
        self.shared.account().aliases.insert((agent.to_owned(), alias.to_owned()), view);
    }

    /// Somebody changes an alias.
    ///
    /// # Panics
    /// There is none.
    #[expect(clippy::expect_used, reason = "a test that changes an alias that it did not make is wrong")]
    pub fn change_alias(&self, agent: &str, alias: &str, change: impl FnOnce(&mut AliasView)) {
        let mut account = self.shared.account();
        let view = account.aliases.get_mut(&(agent.to_owned(), alias.to_owned())).expect("the alias exists");
        change(view);
        view.serving.clone_from(&view.route);
        account.note_leaving();
    }

    /// Somebody deletes an alias.
    pub fn remove_alias(&self, agent: &str, alias: &str) {
        self.shared.account().aliases.remove(&(agent.to_owned(), alias.to_owned()));
    }

    /// A parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<ParameterView> {
        self.shared.account().parameters.get(name).cloned()
    }

    /// Somebody has a parameter hold `value`; `kind` is `String`, `StringList` or `SecureString`.
    pub fn set_parameter(&self, name: &str, kind: &str, value: &str) {
        self.shared.account().hold(name, value, kind, false);
    }

    /// Somebody deletes a parameter.
    pub fn remove_parameter(&self, name: &str) {
        self.shared.account().parameters.remove(name);
    }

    /// Somebody deletes a throughput, whoever uses it.
    pub fn delete_throughput(&self, name: &str) {
        let mut account = self.shared.account();
        let now = account.now;
        if let Some(index) = account.find(name) {
            account.throughputs[index].deleted = Some(now);
        }
    }

    /// Somebody changes a throughput that is there.
    ///
    /// # Panics
    /// There is none of that name.
    #[expect(clippy::expect_used, reason = "a test that changes a throughput that is not there is wrong")]
    pub fn change_throughput(&self, name: &str, change: impl FnOnce(&mut Throughput)) {
        let mut account = self.shared.account();
        let index = account.find(name).expect("the throughput exists");
        change(&mut account.throughputs[index]);
    }

    /// The next throughput that is bought will fail.
    pub fn fail_next_creation(&self, reason: &str) {
        self.shared.account().doomed_creations.push_back(reason.to_owned());
    }

    /// The next alias that is updated will fail.
    pub fn fail_next_alias_update(&self, reason: &str) {
        self.shared.account().doomed_updates.push_back(reason.to_owned());
    }

    /// A throughput in service of `units` that somebody else has bought, without our marks unless
    /// `tags` has them; gives its ARN.
    pub fn add_throughput(&self, name: &str, model: &str, units: u32, tags: &[(&str, &str)]) -> String {
        let mut account = self.shared.account();
        account.next_number += 1;
        let (now, number) = (account.now, account.next_number);
        let base = model.rsplit_once(':').filter(|(_, context)| context.ends_with('k')).map_or(model, |(base, _)| base);
        let arn = format!("arn:aws:bedrock:{REGION}:123456789012:provisioned-model/{number:012x}");
        let tags: BTreeMap<_, _> = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        account.throughputs.push(Throughput {
            name: name.to_owned(),
            arn: arn.clone(),
            status: "InService",
            failure: None,
            units,
            model_arn: format!("arn:aws:bedrock:{REGION}::foundation-model/{model}"),
            foundation_model_arn: format!("arn:aws:bedrock:{REGION}::foundation-model/{base}"),
            term: None,
            expiration: None,
            tags,
            created: now,
            in_service: Some(now),
            deleted: None,
            left: Some(now),
            ready: now,
            doomed: None,
            unregistered_since: None,
            desired_model_arn: None,
            updated: None,
            tags_before: BTreeMap::new(),
            tags_changed: None,
            bought_for: None,
        });
        arn
    }
}
