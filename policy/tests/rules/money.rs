//! Rule 11: money. Rule 12: one for one.

use policy::guardrails::Guardrails;
use policy::observed::{AliasStatus, CallErrorKind};
use policy::plan::Action;
use policy::timetable::State;
use serde_json::{Value, json};

use crate::scene::{FOREIGN, PARAMETER, Scene, alias, at, error, month, parameter, with};
use crate::{Row, check, row};

fn guarded(more: &Value, units: &str, models: &str, terms: &str) -> Scene {
    Scene::new(more).but(|scene| scene.guardrails = Guardrails::parse(units, None, models, terms))
}

pub(crate) fn rule_11() -> Vec<Row> {
    let two = json!({"ModelUnits": 2});
    let refused = "note  cannot buy TWO: 2 model units are more than MAX_MODEL_UNITS allows, which is 1";
    vec![
        row(11, "more units than are allowed", guarded(&two, "1", "*", "None"), &[refused])
            .also("the answer says so", |plan| plan.refused.is_some() && plan.progress.announced.is_empty()),
        row(
            11,
            "more units by an override",
            guarded(&json!({}), "1", "*", "None").serves(1).x("ONE").overridden(State::On, Some(2), 3600),
            &[refused],
        ),
        row(
            11,
            "more units than all together may have",
            Scene::new(&two).but(|scene| scene.guardrails = Guardrails::parse("2", Some("1"), "*", "None")),
            &[
                "note  cannot buy TWO: 2 model units are more than MAX_TOTAL_MODEL_UNITS allows for all commitments together, \
               which is 1",
            ],
        ),
        row(
            11,
            "a model that is not allowed",
            guarded(&json!({}), "1", "meta.*", "None"),
            &["note  cannot buy ONE: model `amazon.nova-lite-v1:0:24k` is not among ALLOWED_MODELS, which are meta.*"],
        ),
        row(
            11,
            "a term that is not allowed",
            guarded(&month("Renew"), "1", "*", "None"),
            &["note  cannot buy ONE: CommitmentDuration OneMonth is not among ALLOWED_COMMITMENTS, which are None"],
        )
        .also("the value is not spent", |plan| plan.progress.spent.is_empty()),
        row(
            11,
            "a guardrail that cannot be read",
            guarded(&json!({}), "none", "*", "None"),
            &[
                "note  cannot buy ONE: setting MAX_MODEL_UNITS: `none` is not a number of model units; use a whole number from 1",
            ],
        ),
        row(
            11,
            "what is in service stays",
            guarded(&two, "1", "meta.*", "OneMonth").serves(2).x("TWO"),
            &["nothing to do"],
        ),
        row(
            11,
            "a guardrail that cannot be read does not keep it from going",
            guarded(&json!({}), "none", "*", "None").serves(1).x("ONE").held(State::Off),
            &["do    route X version 3 to on-demand", "wait  for X to leave ONE"],
        ),
        row(
            11,
            "nor from being deleted",
            guarded(&json!({}), "none", "*", "None")
                .serves(1)
                .held(State::Off)
                .remembers(1, |held| held.left = Some(at(-300))),
            &["do    delete ONE"],
        ),
    ]
}

fn two_aliases() -> Value {
    json!({"AgentAliases": [
        {"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}, {"AgentId": "ABCDEFGHIJ", "AgentAliasId": "ALIAS00002"},
    ]})
}

pub(crate) fn rule_12() -> Vec<Row> {
    let both = || Scene::new(&two_aliases()).serves(1);
    let y = "do    route Y version 3 to ONE";
    vec![
        row(
            12,
            "one alias cannot be read",
            both().x_unread(CallErrorKind::Refused),
            &[y, "fail  cannot do it: AccessDeniedException: no"],
        ),
        row(
            12,
            "one alias is gone",
            both().but(|scene| {
                scene.observed.aliases.insert(alias("X"), Ok(None));
            }),
            &[y, "note  alias X does not exist in us-east-1"],
        ),
        row(
            12,
            "one alias is somebody else's",
            both().x(FOREIGN),
            &[y, "note  alias X is routed to FOREIGN, which is not ours: it is left alone; TakeOver lets it leave"],
        ),
        row(
            12,
            "one alias has failed",
            both().x_is(AliasStatus::Failed, "on-demand").x_failed(0),
            &[y, "wait  to try X again at 00:10:00Z", "note  alias X failed at 00:00:00Z: no access"],
        ),
        row(
            12,
            "one alias has no numbered version",
            both().sees(&alias("X"), |alias| alias.version = None),
            &[y, "note  alias X has no numbered agent version: it is left alone"],
        ),
        row(
            12,
            "one alias is on the draft",
            both().sees(&alias("X"), |alias| alias.version = Some("DRAFT".to_owned())),
            &[y, "note  alias X has no numbered agent version: it is left alone"],
        ),
        row(
            12,
            "the update of one alias was refused",
            both().but(|scene| {
                let plan = scene.plan();
                let moves_x = |action: &&Action| matches!(action, Action::Route { alias: id, .. } if *id == alias("X"));
                let action = plan.actions.iter().find(moves_x).expect("it is routed");
                scene.attempts.failed(action, error(CallErrorKind::Invalid));
            }),
            &[y, "fail  cannot do it: ValidationException: no"],
        ),
        row(
            12,
            "the parameter cannot be read",
            Scene::new(&with(two_aliases(), &json!({"ModelIdParameter": PARAMETER}))).serves(1).but(|scene| {
                scene.observed.parameters.insert(parameter(PARAMETER), Err(error(CallErrorKind::Refused)));
            }),
            &["do    route X version 3 to ONE", y, "fail  cannot do it: AccessDeniedException: no"],
        ),
        row(
            12,
            "one dropped alias keeps nothing but itself",
            both().x_unread(CallErrorKind::Refused).declares(&json!({"AgentAliases": []})),
            &["nothing to do", "fail  cannot do it: AccessDeniedException: no"],
        )
        .also("the other one is free", |plan| plan.free.len() == 1),
    ]
}

#[test]
fn rule_11_money() {
    check(&rule_11());
}

#[test]
fn rule_12_one_for_one() {
    check(&rule_12());
}
