//! Look, then touch: rows 22 to 26 (docs/policy.md, rules 2, 7 and 8).

use super::*;

/// A world with `count` aliases `ALIAS00001`, …, all declared, whose window opens at 08:00.
async fn many(count: usize) -> World {
    let world = world().await;
    let mut aliases = Vec::new();
    for number in 1..=count {
        let alias = format!("ALIAS{number:05}");
        world.sim.add_alias(AGENT, &alias, "3");
        aliases.push(json!({"AgentId": AGENT, "AgentAliasId": alias}));
    }
    world.sim.add_agent_version(AGENT, "2", MODEL);
    apply(&world, json!({"AgentAliases": aliases})).await;
    world
}

#[tokio::test]
async fn row_22_what_others_change_while_aliases_wait_for_their_turn_is_kept() {
    for change in ["version", "state", "description"] {
        let world = many(12).await;
        world.sim.knobs(|knobs| knobs.may_reject = true);
        world.run_until(at("2026-11-16T00:34:00Z"), |_, _| {}).await;
        world.sim.set_now(at("2026-11-16T00:36:00Z"));
        world.sim.knobs(|knobs| knobs.alias_updates_per_second = 100);
        let last = "ALIAS00012";
        // The first update is slow enough for somebody to come in between.
        world.sim.fault("UpdateAgentAlias", 1, Fault::Slow(seconds(1)));
        world.sim.meet(&["UpdateAgentAlias"], 2);
        let meddle = async {
            // Meets the first update, and changes the last alias before its turn.
            let agents = aws_sdk_bedrockagent::Client::new(&rehearsal::configuration(&world.sim.url()));
            let request = agents.update_agent_alias().agent_id(AGENT).agent_alias_id(last).agent_alias_name(last);
            let routing = aws_sdk_bedrockagent::types::AgentAliasRoutingConfigurationListItem::builder();
            let version = if change == "version" { "2" } else { "3" };
            let request = request.routing_configuration(routing.agent_version(version).build());
            let request = match change {
                "state" => {
                    request.alias_invocation_state(aws_sdk_bedrockagent::types::AliasInvocationState::RejectInvocations)
                }
                "description" => request.description("by somebody"),
                _ => request,
            };
            request.send().await.expect("it is changed");
        };
        let (_ticked, ()) = tokio::join!(world.tick(NAME), meddle);
        world.pass(15).await;
        let seen = world.sim.alias(AGENT, last);
        match change {
            "version" => assert_eq!(seen.version, "2"),
            "state" => assert_eq!(seen.invocation_state, "REJECT_INVOCATIONS"),
            _ => assert_eq!(seen.description.as_deref(), Some("by somebody")),
        }
        assert_eq!(seen.route, Some(only(&world).arn), "{change}: and it is routed all the same");
        let _by_hand = world.sim.take_violations();
    }
}

#[tokio::test]
async fn row_23_what_bears_the_tags_of_others_by_now_is_left_alone_and_reported() {
    let world = in_service(json!({})).await;
    world.sim.knobs(|knobs| knobs.orphan_after = None);
    let arn = only(&world).arn;
    world.sim.set_tags(&arn, &[(COMMITMENT_TAG, "somebody"), (DEPLOYMENT_TAG, "else")]);
    act(&world, "ScaleDown").await;
    world.pass(20).await;
    assert_eq!(only(&world).arn, arn);
    let said = problems(&world).await;
    assert!(said.contains("left alone"), "{said}");
}

#[tokio::test]
async fn row_24_an_alias_that_failed_never_counts_as_elsewhere() {
    let world = in_service(json!({})).await;
    let arn = only(&world).arn;
    act(&world, "ScaleDown").await;
    world.pass(2).await;
    assert_eq!(route(&world), None, "the drain has begun");
    // Within a minute a deployment routes it back, and fails.
    world.sim.change_alias(AGENT, ALIAS, |alias| {
        alias.route = Some(arn.clone());
        alias.serving = Some(arn.clone());
        alias.status = "FAILED";
        alias.failures = vec!["a deployment failed".to_owned()];
    });
    world.sim.fault(
        "UpdateAgentAlias",
        1000,
        Fault::Refuse { status: 400, code: "ValidationException", message: "Agent is in Not Prepared state" },
    );
    world.pass(20).await;
    assert_eq!(only(&world).arn, arn, "it waits");
    let _by_hand = world.sim.take_violations();
    world.sim.clear_faults();
    world.pass(30).await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn row_25_while_aws_changes_it_or_says_an_unknown_word_nothing_moves() {
    for word in ["Updating", "Rebalancing"] {
        let world = world().await;
        world.sim.knobs(|knobs| knobs.may_reject = true);
        apply(&world, json!({"WhenOff": "Reject", "ModelIdParameter": rehearsal::PARAMETER})).await;
        world.pass(40).await;
        let arn = only(&world).arn;
        world.sim.set_status(&arn, word);
        world.sim.clear_requests();
        world.pass(5).await;
        assert_eq!((route(&world), bought(&world)), (Some(arn.clone()), 1), "{word}");
        assert_eq!(world.parameter(), Some(arn), "{word}");
        let moves = world.sim.operations().into_iter().filter(|name| *name == "UpdateAgentAlias").count();
        assert_eq!(moves, 0, "{word}");
    }
}

#[tokio::test]
async fn row_26_only_declared_tags_change() {
    let world = in_service(json!({"Tags": {"team": "support", "cost": "1"}})).await;
    let arn = only(&world).arn;
    world.sim.retag(&arn, "owner", "somebody");
    world.sim.retag(&arn, "aws:cloudformation:stack-name", "theirs");
    apply(&world, json!({"Tags": {"team": "sales"}})).await;
    world.pass(2).await;
    let tags = only(&world).tags;
    assert_eq!(tags.get("team").map(String::as_str), Some("sales"));
    assert_eq!(tags.get("cost"), None);
    assert_eq!(tags.get("owner").map(String::as_str), Some("somebody"));
    assert!(tags.contains_key("aws:cloudformation:stack-name"));
    assert_eq!(problems(&world).await, "");
}
