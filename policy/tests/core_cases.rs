//! The cases of the core that show on what is admitted and planned: one test for each row.
//!
//! Absence and presence, terms, two at a time, look and touch, names and records (docs/policy.md).

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

#[expect(dead_code, reason = "rules/ uses the rest")]
#[path = "scene/mod.rs"]
mod scene;
#[expect(dead_code, reason = "another target uses the rest")]
#[path = "table/mod.rs"]
mod table;

use policy::admission::AdmittedRequest;
use policy::observed::{AliasStatus, CallErrorKind, ModelLifecycle, ThroughputStatus};
use policy::plan::Action;
use policy::plan::policy::ends_a_term;
use policy::record::{Decision, Record};
use policy::tidings::{What, changes};
use policy::timetable::State;
use serde_json::{Value, json};

use scene::{BASE, CUSTOM, DEPLOYMENT, MODEL_ARN, PARAMETER, Scene, arn, at, error, marks, month, timetable, with};
use table::{Table, apply, by_stack, named, not_allowed, properties};

const ENDS: i64 = 3600;

fn buys(scene: &Scene) -> bool {
    scene.plan().actions.iter().any(|action| matches!(action, Action::Buy { .. }))
}

fn deletes(scene: &Scene) -> bool {
    scene.plan().actions.iter().any(|action| matches!(action, Action::Delete { .. }))
}

/// The model has turned `LEGACY`, or it cannot be found out whether it has.
fn legacy(scene: Scene, known: bool) -> Scene {
    scene.but(|scene| {
        let legacy = ModelLifecycle { is_legacy: true, is_provisioned: true, ..ModelLifecycle::default() };
        let answer = if known { Ok(legacy) } else { Err(error(CallErrorKind::Refused)) };
        scene.observed.facts.lifecycles.insert(BASE.to_owned(), answer);
    })
}

#[test]
fn row_02_one_blind_tick_moves_and_buys_nothing() {
    for (more, to) in [(json!({}), "ONE"), (json!({"WhenOff": "Reject"}), "ONE")] {
        let blind = Scene::new(&more).serves(1).x(to).misses(1, Ok(()));
        assert!(blind.plan().actions.is_empty() && blind.plan().problems.is_empty(), "{:?}", blind.lines());
        let seen = blind.noticed().at(60).serves(1);
        assert!(seen.plan().settled(), "{:?}", seen.lines());
    }
}

#[test]
fn row_04_what_the_record_says_is_deleted_is_never_used() {
    for seconds in [0, 3, 10, 600] {
        let scene = Scene::new(&json!({})).serves(1).deleted(1, 0).held(State::On).at(seconds);
        assert!(buys(&scene), "{:?}", scene.lines());
        assert!(!scene.lines().iter().any(|line| line.contains("route")), "{:?}", scene.lines());
        // The alias that still names it is put right, too.
        let named = scene.x("ONE");
        assert!(named.lines().contains(&"do    route X version 3 to on-demand".to_owned()), "{:?}", named.lines());
    }
}

#[test]
fn row_03_and_06_nothing_is_forgotten_before_it_is_proven_gone() {
    let blind = Scene::new(&json!({})).serves(1).retired().misses(1, Ok(()));
    assert!(!blind.plan().nothing_left, "{:?}", blind.lines());
    let mut announced = Scene::new(&json!({})).announces(1, 0, 0).retired();
    for seconds in [60, 240, 599, 600, 660, 719] {
        announced = announced.at(seconds).noticed();
        assert!(!announced.plan().nothing_left, "{seconds}: {:?}", announced.lines());
    }
    assert!(announced.at(720).plan().nothing_left);
}

#[test]
fn row_07_a_term_that_is_to_end_is_deleted_whatever_becomes_of_its_model() {
    for known in [true, false] {
        let scene = legacy(Scene::new(&month("Retire")).month(1, ENDS).x("ONE"), known);
        let leaving = scene.clone().at(ENDS - 900);
        assert_eq!(leaving.lines()[0], "do    route X version 3 to on-demand");
        for seconds in [ENDS - 120, ENDS - 1, ENDS + 30, ENDS + 90] {
            let last = scene.clone().x("on-demand").remembers(1, |held| held.left = Some(at(ENDS - 800))).at(seconds);
            assert!(deletes(&last), "{seconds}: {:?}", last.lines());
        }
    }
}

#[test]
fn row_08_a_rollback_to_a_term_that_has_ended_buys_nothing() {
    let mut table = Table::default();
    table.request("Create", 100, &properties(&month("Retire"))).expect("it is admitted");
    table.decide(&Decision::Success);
    table.there.record.as_mut().expect("it is there").progress.spent.insert("2026-11".to_owned());
    let forth = properties(&json!({"Timetable": timetable(true)}));
    for decided in [true, false] {
        let mut table = Table { there: table.there.clone() };
        table.request("Update", 200, &forth).expect("it is admitted");
        if decided {
            table.decide(&Decision::Success);
        }
        table.request("Update", 300, &properties(&month("Retire"))).expect("it is admitted");
        let mut scene = Scene::new(&month("Retire"));
        scene.record = table.there.record.expect("it is there");
        scene.record.declared.commitment.name = "support-agent".parse().expect("a name");
        let plan = scene.plan();
        assert!(!buys(&scene), "{plan}");
        assert!(plan.problems[0].contains("2026-11") && plan.problems[0].contains("new value"), "{plan}");
        assert_eq!(plan.spent.as_deref(), Some("2026-11"));
    }
}

/// A month of one unit that is left over from an earlier declaration.
fn left_over(more: &Value) -> Scene {
    Scene::new(&month("Renew")).month(1, ENDS).declares(more)
}

#[test]
fn row_09_only_the_leftover_goes() {
    let two = json!({"ModelUnits": 2});
    for more in [two.clone(), with(two.clone(), &json!({"Timetable": timetable(true)})), with(month("Renew"), &two)] {
        let scene = left_over(&more).serves(2).x("TWO").remembers(1, |held| held.left = Some(at(0))).at(ENDS - 60);
        assert!(deletes(&scene), "{more}: {:?}", scene.lines());
        assert_eq!(scene.plan().serving, Some(arn(2)), "{more}");
        let gone = scene.deleted(1, ENDS - 60).at(ENDS);
        assert!(gone.plan().settled(), "{more}: {:?}", gone.lines());
        // Nor is anything kept from being bought.
        let empty = gone.misses(2, Ok(())).remembers(2, |held| held.missed = Some(at(0)));
        let bare = buys(&empty) || empty.plan().spent.is_some();
        assert!(bare, "{more}: {:?}", empty.lines());
    }
}

#[test]
fn row_10_the_rate_follows_the_nearest_end_that_is_to_end() {
    for nearest in [1, 2] {
        let far = 3 - nearest;
        let record = left_over(&with(month("Retire"), &json!({"ModelUnits": 2}))).month(2, 0).record;
        let mut record: Record = record;
        let mut end = |units: u32, end: i64| {
            record.progress.throughputs.get_mut(&arn(units)).expect("it is known").term_end = Some(at(end));
        };
        end(nearest, ENDS);
        end(far, 1_000_000);
        assert_eq!(record.next_term_end(at(0)), Some(at(ENDS)), "{nearest}");
        assert!(ends_a_term(&record, DEPLOYMENT, at(ENDS - 60)), "{nearest}");
    }
}

#[test]
fn row_11_a_term_is_bought_once_whatever_becomes_of_it() {
    let day_4 = 4 * 86_400;
    let runs = || Scene::new(&month("Renew")).month(1, 30 * 86_400).x("ONE").at(day_4);
    let failed = runs().now_is(1, |throughput| {
        (throughput.status, throughput.failure) = (ThroughputStatus::Failed, Some("broken".to_owned()));
    });
    assert!(
        !buys(&failed) && failed.plan().problems.iter().any(|problem| problem.contains("broken")),
        "{:?}",
        failed.lines()
    );
    let renamed = runs().now_is(1, |throughput| "theirs".clone_into(&mut throughput.name));
    assert!(!buys(&renamed) && renamed.plan().problems.len() == 1, "{:?}", renamed.lines());
    let untold = runs().remembers(1, |held| held.term_end = None);
    for mut gone in [failed.noticed(), runs(), untold] {
        gone.record.progress.lose(&arn(1), false, at(day_4));
        gone.observed.throughputs.clear();
        gone.observed.facts.throughputs.insert(arn(1), Ok(None));
        for seconds in [day_4, day_4 + 3600, day_4 + 86_400 * 60] {
            let later = gone.clone().x("on-demand").at(seconds);
            let plan = later.plan();
            assert!(
                !buys(&later) && plan.problems.iter().any(|problem| problem.contains("`2026-11` was spent")),
                "{plan}"
            );
        }
        let next = json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12"});
        assert!(buys(&gone.clone().declares(&next).at(day_4 + 3600)), "{:?}", gone.declares(&next).lines());
    }
}

#[test]
fn row_12_a_second_term_is_refused_while_the_first_is_announced() {
    let table = Table::holding(Scene::new(&with(month("Renew"), &json!({"ModelUnits": 2}))).announces(2, 0, 0).record);
    let one = with(month("Renew"), &json!({"Purchase": "2026-12"}));
    assert!(not_allowed(table.admit(apply(&one), 10, "a")).contains("not known whether"));
}

#[test]
fn row_13_a_renewal_that_was_not_wanted_is_a_problem_and_an_event_until_it_ends() {
    let before = Scene::new(&month("Renew")).month(1, ENDS).x("on-demand").retired();
    let renewed = before.clone().at(ENDS + 3600).now_is(1, |throughput| throughput.term_end = Some(at(30 * 86_400)));
    let told = changes(&before.record, &renewed.clone().noticed().record, at(ENDS + 3600));
    assert!(told.iter().any(|tiding| tiding.what == What::TermRenewed), "{told:?}");
    let mut later = renewed;
    for day in [1, 10, 29] {
        later = later.noticed().at(day * 86_400);
        assert!(later.plan().problems.iter().any(|problem| problem.contains("renewed")), "{:?}", later.lines());
    }
    let told = changes(&later.record, &later.clone().noticed().record, at(29 * 86_400));
    assert!(!told.iter().any(|tiding| tiding.what == What::TermRenewed), "it is told once: {told:?}");
}

#[test]
fn row_14_a_term_that_retires_late_goes_in_time_although_the_drain_is_longer() {
    let mut scene = Scene::new(&month("Renew")).month(1, ENDS).x("ONE").retired().at(ENDS - 240);
    assert_eq!(scene.lines()[0], "do    route X version 3 to on-demand");
    scene = scene.x("on-demand").at(ENDS - 239).noticed();
    assert!(!deletes(&scene), "it drains: {:?}", scene.lines());
    assert!(deletes(&scene.at(ENDS - 120)));
}

#[test]
fn row_15_a_parameter_that_somebody_writes_is_put_right_and_the_term_goes_in_time() {
    let declared = with(month("Retire"), &json!({"ModelIdParameter": PARAMETER, "AgentAliases": []}));
    let scene = |value: &str, written: i64, now: i64| {
        Scene::new(&declared)
            .month(1, ENDS)
            .at(now)
            .parameter(value, written)
            .remembers(1, |held| held.left = Some(at(ENDS - 600)))
    };
    for value in ["ONE", "nonsense"] {
        let written = scene(value, ENDS - 240, ENDS - 239);
        assert!(
            written.lines()[0].starts_with("do    point /support/model-id at amazon.nova"),
            "{:?}",
            written.lines()
        );
    }
    assert!(deletes(&scene(BASE, ENDS - 230, ENDS - 120)), "{:?}", scene(BASE, ENDS - 230, ENDS - 120).lines());
}

#[test]
fn row_16_a_term_that_is_still_created_is_taken_back() {
    let creating = || {
        Scene::new(&month("Renew")).creates(1).remembers(1, |held| {
            (held.term, held.purchase) = (Some(policy::commitment::Term::OneMonth), Some("2026-11".to_owned()));
        })
    };
    let mut table = Table::holding(creating().record);
    by_stack(&mut table);
    assert!(matches!(
        table.request("Update", 1000, &properties(&json!({"Timetable": timetable(false)}))),
        Ok(AdmittedRequest::Register(_))
    ));
    let back = creating().declares(&json!({"Timetable": timetable(false)}));
    assert!(deletes(&back), "{:?}", back.lines());
}

#[test]
fn row_18_a_resume_that_lambda_repeats_is_carried_out_once() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 900, "apply");
    table.act(named("ScaleDown"), 950, "down");
    table.act(json!({"Action": "Override", "Name": "support-agent", "State": "On", "For": "2h"}), 960, "over");
    assert_eq!(table.act(named("Resume"), 1000, "resume"), None);
    for repeat in [1060, 1180] {
        assert!(table.act(named("Resume"), repeat, "resume").is_some());
    }
    assert!(table.declared().hold.is_some() && !table.is_on(), "the hold stays");
}

#[test]
fn row_19_the_repeat_of_an_older_scale_up_changes_nothing() {
    for said in [true, false] {
        let mut table = Table::default();
        table.act(apply(&json!({})), 900, "apply");
        table.act(named("ScaleUp"), 1000, "up");
        table.act(named("ScaleDown"), 1030, "down");
        // With a date it is stale; without one it was carried out before.
        let (sent, id) = if said { (1000, "another delivery") } else { (1060, "up") };
        assert!(table.act(named("ScaleUp"), sent, id).is_some());
        assert!(!table.is_on());
    }
}

#[test]
fn row_20_the_repeat_of_an_apply_that_was_retired_buys_nothing() {
    let mut table = Table::default();
    table.act(apply(&json!({})), 1000, "apply");
    table.act(named("Retire"), 1030, "retire");
    assert!(table.act(apply(&json!({})), 1060, "apply").is_some() && table.declared().goes());
    table.forget();
    assert!(table.act(apply(&json!({})), 1120, "apply").is_some() && table.there.record.is_none());
}

#[test]
fn row_21_two_stacks_of_one_name_leave_each_other_alone() {
    let mut table = Table::default();
    table.request("Create", 100, &json!({})).expect("it is admitted");
    let resource = &mut table.there.record.as_mut().expect("it is there").declared.resource;
    resource.as_mut().expect("a stack's").stack_id = "the first stack".to_owned();
    let first = table.declared().clone();
    assert!(not_allowed(table.request("Create", 200, &json!({}))).contains("the first stack"));
    assert!(!not_allowed(table.request("Update", 201, &json!({}))).is_empty());
    assert_eq!(table.request("Delete", 202, &json!({})), Ok(AdmittedRequest::SomebodyElses));
    assert_eq!(*table.declared(), first);
}

#[test]
fn row_23_what_bears_other_marks_is_left_alone_and_reported() {
    let lost = Scene::new(&json!({})).serves(1).held(State::Off).but(|scene| {
        scene.record.progress.lose(&arn(1), false, at(-60));
        scene.observed.facts.marks.insert(arn(1), Ok(marks("somebody", "else")));
    });
    assert_eq!(lost.lines(), ["note  ONE was ours and bears other marks now: it is left alone"]);
}

#[test]
fn row_24_an_alias_in_failed_is_not_elsewhere_although_the_drain_has_begun() {
    for to in ["on-demand", "ONE", scene::FOREIGN, scene::NOTHING] {
        for seconds in [60, 300, 900, 86_400] {
            let scene = Scene::new(&json!({})).serves(1).held(State::Off).x_is(AliasStatus::Failed, to);
            let scene = scene.remembers(1, |held| held.left = Some(at(0))).at(seconds);
            assert!(!deletes(&scene), "{to} after {seconds}: {:?}", scene.lines());
        }
    }
}

#[test]
fn row_25_what_has_served_goes_on_serving_whatever_aws_calls_it() {
    for status in [ThroughputStatus::Updating, ThroughputStatus::Unknown("Scaling".to_owned())] {
        for when_off in ["OnDemand", "Reject"] {
            let declared = json!({"WhenOff": when_off, "ModelIdParameter": PARAMETER});
            let scene = Scene::new(&declared).serves(1).x("ONE").parameter("ONE", 0);
            let scene = scene.now_is(1, |throughput| throughput.status = status.clone());
            assert!(scene.plan().settled(), "{status:?} {when_off}: {:?}", scene.lines());
        }
    }
}

#[test]
fn row_26_only_our_own_tags_change() {
    let scene = Scene::new(&json!({"Tags": {"team": "support", "old": "x"}})).serves(1).x("ONE");
    let scene = scene.declares(&json!({"Tags": {"team": "sales", "new": "y"}}));
    // Others have put tags on it since; they are not looked at.
    let plan = scene.plan();
    let [Action::Tag { arn: tagged, set, remove, .. }] = &plan.actions[..] else { panic!("{plan}") };
    let set: Vec<(&str, &str)> = set.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!((tagged, set, &remove[..]), (&arn(1), vec![("new", "y"), ("team", "sales")], &["old".to_owned()][..]));
    let goes = scene.held(State::Off);
    assert!(!goes.plan().actions.iter().any(|action| matches!(action, Action::Tag { .. })), "what goes keeps its tags");
}

#[test]
fn row_27_a_models_id_and_its_arn_are_the_same_model() {
    for more in [json!({ "ModelId": MODEL_ARN }), json!({"ModelId": MODEL_ARN.replace("us-east-1", "eu-west-1")})] {
        let scene = Scene::new(&json!({})).serves(1).x("ONE").declares(&more);
        assert!(scene.plan().settled(), "{more}: {:?}", scene.lines());
        let announced = Scene::new(&json!({})).announces(1, -700, -700).declares(&more);
        assert!(!buys(&announced), "{more}: {:?}", announced.lines());
    }
}

#[test]
fn row_28_a_custom_model_whose_base_is_legacy_is_kept_by_name_as_by_arn() {
    for model in ["my-model", CUSTOM] {
        let declared = json!({"ModelId": model, "Timetable": timetable(false)});
        let scene = legacy(Scene::new(&declared), true).has(1, |throughput, held| {
            (throughput.model_arn, held.model_arn) = (CUSTOM.to_owned(), CUSTOM.to_owned());
            held.left = Some(at(-600));
        });
        assert!(!deletes(&scene) && scene.plan().problems.len() == 1, "{model}: {:?}", scene.lines());
        assert!(deletes(&scene.held(State::Off)), "{model}");
    }
}

#[test]
fn row_32_a_refusal_that_may_pass_is_a_problem_after_five_minutes() {
    let mut scene = Scene::new(&json!({})).serves(1);
    let refusal = || {
        let mut busy = error(CallErrorKind::Busy);
        "Not Prepared".clone_into(&mut busy.message);
        busy
    };
    for (seconds, problem) in [(0, false), (60, false), (299, false), (300, true), (1500, true)] {
        scene = scene.at(seconds);
        scene.attempts = policy::plan::Attempts::default();
        let route = scene.plan().actions.remove(0);
        assert!(!scene.attempts.failed(&route, refusal()), "it is waited out");
        let told = scene.plan().problems.iter().any(|problem| problem.contains("Not Prepared"));
        assert_eq!(told, problem, "{seconds}: {:?}", scene.lines());
        scene.record.progress.busy = scene.attempts.busy_since(&scene.record, scene.now);
    }
    scene.attempts = policy::plan::Attempts::default();
    let calm = scene.x("ONE");
    assert!(calm.plan().settled(), "{:?}", calm.lines());
    assert!(calm.attempts.busy_since(&calm.record, calm.now).is_empty(), "it is forgotten once it has passed");
}
