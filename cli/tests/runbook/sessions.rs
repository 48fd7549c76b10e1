//! One play for each alarm that tells somebody: it rings, the runbook's commands name the cause, the cure helps.

use jiff::SignedDuration;
use rehearsal::{AGENT, ALIAS, MODEL, lose_record};
use serde_json::json;
use simulator::Fault;

use crate::alarms::State;
use crate::theatre::Theatre;
use crate::{assert_is_shown, assert_names_cause};

/// How the runbook reads what was kept.
const RECEIVE: &str = "aws sqs receive-message --queue-url \"$queue\" --max-number-of-messages 10 --visibility-timeout 5 \
    --query 'Messages[].Body' --output text | jq '{requestPayload, responsePayload}'";

#[tokio::test]
async fn not_ready_is_found_to_be_a_lead_that_is_too_short() {
    let slow = |world: &rehearsal::World| world.sim.knobs(|knobs| knobs.creation_time = SignedDuration::from_mins(75));
    let mut theatre = Theatre::open("NotReady", slow).await;
    theatre.until("2026-11-23T07:50:00Z").await;
    theatre.rings("NotReady").await;
    let said = theatre.play("throughput status support-agent").await;
    assert_names_cause("NotReady", "waits for … to be in service", &said);
    theatre.is_well_again("NotReady").await;
    let said = theatre.play("throughput status support-agent").await;
    assert!(said.contains("LeadTime 1h15m is enough for all"), "{said}");
    theatre.play("echo 'LeadTime: 1h15m' >> support.yaml").await;
    theatre.play("throughput apply support.yaml --yes").await;
    theatre.until("2026-11-24T08:00:00Z").await;
    for minute in 0..30 {
        theatre.until(&format!("2026-11-24T08:{minute:02}:00Z")).await;
        assert_eq!(theatre.state("NotReady"), State::Ok, "the next morning it is there in time");
    }
    theatre.tell("The next morning it is in service at 08:00, and nothing rings.");
    theatre.play("throughput history support-agent").await;
    assert_is_shown("NotReady", &theatre);
}

#[tokio::test]
async fn still_billed_is_found_to_be_a_model_that_could_not_be_bought_again() {
    let mut theatre = Theatre::open("StillBilled", |_| {}).await;
    theatre.until("2026-11-23T12:00:00Z").await;
    theatre.world.sim.set_model_lifecycle(MODEL, "LEGACY");
    theatre.until("2026-11-23T20:00:00Z").await;
    theatre.rings("StillBilled").await;
    let said = theatre.play("throughput status support-agent").await;
    assert_names_cause("StillBilled", "… has turned LEGACY and could not be bought again", &said);
    theatre.tell("It is decided that nobody needs it any more.");
    theatre.play("throughput scale-down support-agent").await;
    theatre.is_well_again("StillBilled").await;
    let said = theatre.play("throughput status support-agent").await;
    assert!(said.contains("settled  yes") && !said.contains("runs "), "{said}");
    assert_is_shown("StillBilled", &theatre);
}

#[tokio::test]
async fn problems_are_found_to_be_a_route_by_somebody_else() {
    let mut theatre = Theatre::open("Problems", |_| {}).await;
    theatre.until("2026-11-23T10:00:00Z").await;
    let foreign = theatre.world.sim.add_throughput("marketing", "amazon.nova-lite-v1:0:24k", 1, &[]);
    theatre.world.sim.change_alias(AGENT, ALIAS, |alias| alias.route = Some(foreign));
    theatre.rings("Problems").await;
    let said = theatre.play("throughput status").await;
    let cause = "alias … is routed to …, which is not ours";
    assert_names_cause("Problems", cause, &said);
    assert_names_cause("Problems", cause, &theatre.last_error.clone());
    theatre.tell("Somebody tried another throughput. The alias is to leave it.");
    theatre.play("echo 'TakeOver: true' >> support.yaml").await;
    theatre.play("throughput apply support.yaml --yes").await;
    theatre.is_well_again("Problems").await;
    let said = theatre.play("throughput status").await;
    assert!(!said.contains("problem"), "{said}");
    assert_is_shown("Problems", &theatre);
}

#[tokio::test]
async fn an_orphan_is_found_and_claimed() {
    let mut theatre = Theatre::open("Orphans", |world| world.sim.knobs(|knobs| knobs.orphan_after = None)).await;
    theatre.until("2026-11-23T12:00:00Z").await;
    lose_record(&theatre.world.sim, "support-agent");
    theatre.rings("Orphans").await;
    let said = theatre.play("throughput status").await;
    assert!(said.contains("orphan"), "{said}");
    theatre.tell("Its tag names support-agent, whose record was lost. It is still wanted.");
    let applied = theatre.play("throughput apply support.yaml --yes").await;
    assert!(!applied.contains("+ buy"), "it takes up what is there: {applied}");
    theatre.is_well_again("Orphans").await;
    let said = theatre.play("throughput status").await;
    assert!(!said.contains("orphan") && said.contains("settled"), "{said}");
    assert_eq!(theatre.world.sim.history().len(), 1, "nothing was bought twice");
    assert_is_shown("Orphans", &theatre);
}

#[tokio::test]
async fn ticks_that_stopped_are_found_to_have_no_concurrency() {
    let mut theatre = Theatre::open("TicksStopped", |_| {}).await;
    theatre.until("2026-11-23T10:00:00Z").await;
    theatre.lambda.stopped = true;
    theatre.rings("TicksStopped").await;
    let said = theatre.play("throughput status").await;
    assert_names_cause("TicksStopped", "TooManyRequestsException", &said);
    let said = theatre.play("aws lambda get-function-concurrency --function-name \"$THROUGHPUT_FUNCTION\"").await;
    assert!(said.contains('0'), "{said}");
    theatre.play("aws lambda delete-function-concurrency --function-name \"$THROUGHPUT_FUNCTION\"").await;
    theatre.is_well_again("TicksStopped").await;
    let said = theatre.play("throughput status").await;
    assert!(said.contains("settled"), "{said}");
    assert_is_shown("TicksStopped", &theatre);
}

#[tokio::test]
async fn errors_are_found_to_be_a_role_that_may_not_buy() {
    let refuses = |world: &rehearsal::World| {
        world.sim.fault("CreateProvisionedModelThroughput", 10_000, Fault::denied());
    };
    let mut theatre = Theatre::open("FunctionErrors", refuses).await;
    theatre.until("2026-11-23T07:00:00Z").await;
    theatre.rings("FunctionErrors").await;
    let said = theatre.play("throughput status support-agent").await;
    assert_names_cause("FunctionErrors", "AccessDenied…", &said);
    let (kind, error) = theatre.last_error.split_once(": ").unwrap();
    assert!(crate::section("FunctionErrors").contains(&format!("| `{kind}` |")), "{kind}");
    let first = error.split("; ").next().unwrap();
    assert!(said.contains(first), "the log says `{first}`, the status\n{said}");
    theatre.tell("Somebody changed the function's role. Deploying the service's stack again puts it right.");
    theatre.play("make deploy YES=1").await;
    theatre.is_well_again("FunctionErrors").await;
    let said = theatre.play("throughput status support-agent").await;
    assert!(!said.contains("problem"), "{said}");
    assert_is_shown("FunctionErrors", &theatre);
}

#[tokio::test]
async fn a_failure_that_was_kept_is_found_to_be_a_wrong_name() {
    let mut theatre = Theatre::open("FailuresKept", |_| {}).await;
    theatre.until("2026-11-23T05:00:00Z").await;
    let now = theatre.world.now();
    theatre.lambda.accept(json!({"Action": "ScaleUp", "Name": "suport-agent"}), now);
    theatre.rings("FailuresKept").await;
    let said = theatre.play(RECEIVE).await;
    assert!(said.contains("UnknownCommitment"), "{said}");
    let said = theatre.play("throughput status").await;
    assert!(!said.contains("suport-agent"), "{said}");
    theatre.tell("A schedule has a name that nobody registered. Its action is sent again, with the right name.");
    theatre.play("throughput scale-up support-agent").await;
    theatre.play("aws sqs purge-queue --queue-url \"$queue\"").await;
    theatre.is_well_again("FailuresKept").await;
    let said = theatre.play("throughput status").await;
    assert!(said.contains("On 1"), "{said}");
    assert_is_shown("FailuresKept", &theatre);
}
