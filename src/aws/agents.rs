//! Agent aliases: the Bedrock agent build-time API.

use aws_sdk_bedrockagent::types::{AgentAliasRoutingConfigurationListItem, AgentAliasStatus, AliasInvocationState};

use super::Aws;
use super::bedrock::none_if_not_found;
use policy::commitment::AliasId;
use policy::observed::{AgentAlias, AliasStatus, CallError, CallErrorKind};
use policy::plan::Route;

/// An agent or an alias, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Aws {
    /// Every agent of this account and Region.
    ///
    /// # Errors
    /// The call was refused, or no answer came.
    pub async fn agents(&self) -> Result<Vec<Listed>, CallError> {
        let mut pages = self.agents.list_agents().into_paginator().items().send();
        let mut agents = Vec::new();
        while let Some(agent) = pages.next().await {
            let agent = agent.map_err(|error| self.failed("list the agents", &error))?;
            agents.push(Listed { id: agent.agent_id().to_owned(), name: agent.agent_name().to_owned() });
        }
        Ok(agents)
    }

    /// Every alias of `agent`, if that exists.
    ///
    /// # Errors
    /// The call failed otherwise than by not finding the agent.
    pub async fn aliases_of(&self, agent: &str) -> Result<Option<Vec<Listed>>, CallError> {
        let mut pages = self.agents.list_agent_aliases().agent_id(agent).into_paginator().items().send();
        let mut aliases = Vec::new();
        while let Some(alias) = pages.next().await {
            match alias.map_err(|error| self.failed(format!("list the aliases of agent {agent}"), &error)) {
                Ok(alias) => aliases
                    .push(Listed { id: alias.agent_alias_id().to_owned(), name: alias.agent_alias_name().to_owned() }),
                Err(error) => return none_if_not_found(error),
            }
        }
        Ok(Some(aliases))
    }

    /// The alias, if it exists.
    ///
    /// # Errors
    /// The Get failed otherwise than by not finding it.
    pub async fn alias(&self, id: &AliasId) -> Result<Option<AgentAlias>, CallError> {
        let request = self.agents.get_agent_alias().agent_id(&id.agent).agent_alias_id(&id.alias);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return none_if_not_found(self.failed(format!("look at alias {id}"), &error)),
        };
        let Some(alias) = answer.agent_alias() else { return Ok(None) };
        let route = alias.routing_configuration().first();
        Ok(Some(AgentAlias {
            name: alias.agent_alias_name().to_owned(),
            description: alias.description().map(str::to_owned),
            status: status(alias.agent_alias_status()),
            failures: alias.failure_reasons().to_vec(),
            version: route.and_then(|route| route.agent_version()).map(str::to_owned),
            throughput: route.and_then(|route| route.provisioned_throughput()).map(str::to_owned),
            rejects: alias.alias_invocation_state() == Some(&AliasInvocationState::RejectInvocations),
        }))
    }

    /// The model of an agent version: an id, an ARN or an inference profile.
    ///
    /// # Errors
    /// The call failed.
    pub async fn version_model(&self, agent: &str, version: &str) -> Result<String, CallError> {
        let answer = self.agents.get_agent_version().agent_id(agent).agent_version(version).send().await;
        let cannot = || format!("look at version {version} of agent {agent}");
        let answer = answer.map_err(|error| self.failed(cannot(), &error))?;
        let model = answer.agent_version().and_then(|version| version.foundation_model());
        Ok(model.unwrap_or_default().to_owned())
    }

    /// Routes an alias. Every field that the call overwrites is sent; without a version AWS would make a new one.
    /// Sending the same again changes nothing.
    ///
    /// # Errors
    /// The change was refused, or no answer came.
    pub async fn route_alias(
        &self,
        id: &AliasId,
        name: &str,
        description: Option<&str>,
        version: &str,
        to: &Route,
        rejects: bool,
    ) -> Result<(), CallError> {
        let throughput = match to {
            Route::OnDemand => None,
            Route::Throughput { name: _, arn } => Some(arn.clone()),
        };
        let item = AgentAliasRoutingConfigurationListItem::builder().agent_version(version);
        let item = item.set_provisioned_throughput(throughput).build();
        let state =
            if rejects { AliasInvocationState::RejectInvocations } else { AliasInvocationState::AcceptInvocations };
        let request = self.agents.update_agent_alias().agent_id(&id.agent).agent_alias_id(&id.alias);
        let request = request.agent_alias_name(name).set_description(description.map(str::to_owned));
        let answer = request.routing_configuration(item).alias_invocation_state(state).send().await;
        answer.map(|_| ()).map_err(|error| {
            let mut error = self.failed(format!("route alias {id}"), &error);
            // Two a second are accepted: what is throttled takes its turn a second later.
            if error.kind == CallErrorKind::Conflict || error.code == "ThrottlingException" {
                error.kind = CallErrorKind::Busy;
            }
            error
        })
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the SDK's enums are open: a word that it does not know is kept")]
fn status(status: &AgentAliasStatus) -> AliasStatus {
    match status {
        AgentAliasStatus::Prepared => AliasStatus::Prepared,
        AgentAliasStatus::Updating => AliasStatus::Updating,
        AgentAliasStatus::Creating => AliasStatus::Creating,
        AgentAliasStatus::Failed => AliasStatus::Failed,
        AgentAliasStatus::Deleting => AliasStatus::Deleting,
        other => AliasStatus::Unknown(other.as_str().to_owned()),
    }
}
