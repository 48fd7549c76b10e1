//! What an invocation says: reports, events on the bus, and metrics (docs/reference.md, "A report").

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

#[expect(dead_code, reason = "rules/ uses the rest")]
#[path = "scene/mod.rs"]
mod scene;

use policy::metrics::{Measure, have_changed, of_tick};
use policy::observed::{CallErrorKind, ThroughputStatus};
use policy::record::{Failure, Record};
use policy::report::Report;
use policy::tidings::{Tiding, What, changes};
use policy::timetable::State;
use serde_json::{Value, json};

use scene::{PARAMETER, Scene, alias, arn, at, error, month, timetable, with};

fn report(scene: &Scene) -> Value {
    let plan = scene.plan();
    let actions = plan.actions.iter().map(ToString::to_string).collect();
    let report = Report::new(&scene.record, &scene.observed, &plan, actions, scene.now);
    serde_json::to_value(report).expect("JSON")
}

#[test]
fn a_report_has_the_keys_that_are_documented() {
    let scene = Scene::new(&json!({ "ModelIdParameter": PARAMETER, "Timetable": timetable(true), "LeadTime": "0m" }));
    let mut scene = scene.serves(1).x("ONE").parameter("ONE", 0);
    scene.record.progress.note("route X", at(-60));
    scene.record.declared.note_change("Apply".to_owned(), "id", at(-120));
    scene.record.progress.note_problems(&["quota".to_owned()], at(-30));
    scene.record.progress.creation_times = vec![1380, 1441];
    let told = report(&scene);
    let name = scene.name(1);
    assert_eq!(
        told,
        json!({
            "Name": "support-agent", "At": "2026-11-16T00:00:00Z",
            "Desired": {"State": "On", "ModelUnits": 1, "Because": "window Mon 00:00-24:00 UTC"},
            "Throughputs": [{"Name": name, "Arn": arn(1), "Status": "InService", "ModelUnits": 1}],
            "Aliases": [{
                "AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST", "Status": "PREPARED", "AgentVersion": "3",
                "Route": arn(1),
            }],
            "Parameter": {"Name": PARAMETER, "Value": arn(1)},
            "Actions": [], "Waiting": [], "Problems": [],
            "LastProblems": {"At": "2026-11-15T23:59:30Z", "Problems": ["quota"]},
            "History": [
                {"At": "2026-11-15T23:58:00Z", "Did": "Apply"}, {"At": "2026-11-15T23:59:00Z", "Did": "route X"},
            ],
            "CreationTimes": ["PT23M", "PT25M"], "EnoughLeadTime": "25m",
            "Settled": true,
            "NextTransition": {
                "At": "2026-11-17T00:00:00Z", "State": "Off", "Because": "window Mon 00:00-24:00 UTC ends",
            },
        })
    );
}

#[test]
fn a_report_says_why_it_is_off_and_what_is_in_the_way() {
    let desired = |scene: &Scene| report(scene)["Desired"]["Because"].as_str().expect("a text").to_owned();
    let off = Scene::new(&json!({"Timetable": timetable(false)}));
    assert_eq!(desired(&off), "outside every window");
    assert_eq!(desired(&off.clone().held(State::Off)), "scaled down");
    let retired = off.retired();
    assert_eq!((desired(&retired), report(&retired)["NextTransition"].clone()), ("retired".to_owned(), Value::Null));
    let lead = json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 00:30-10:00"]}});
    assert!(desired(&Scene::new(&lead)).starts_with("lead for window"));
    let ended =
        Scene::new(&month("Retire")).month(1, -60).deleted(1, -61).but(|scene| scene.observed.throughputs.clear());
    assert_eq!(desired(&ended), "its term ended; Purchase `2026-11` was spent");
    assert_eq!(report(&ended)["Settled"], json!(true), "that is no problem");
    let failing = Scene::new(&json!({})).refused(CallErrorKind::Quota);
    let told = report(&failing);
    let problems = [format!("quota refuses {}: no", failing.name(1)), error(CallErrorKind::Quota).to_string()];
    assert_eq!((&told["Problems"], &told["Settled"]), (&json!(problems), &json!(false)));
}

#[test]
fn what_cannot_be_read_is_told_as_such() {
    let mut scene = Scene::new(&json!({ "ModelIdParameter": PARAMETER })).x_unread(CallErrorKind::NoAnswer);
    let told = serde_json::to_value(Report::unseen(&scene.record, &scene.observed, scene.now)).expect("JSON");
    assert_eq!((&told["Aliases"][0]["Status"], &told["Parameter"]["Value"]), (&json!("UNREADABLE"), &json!("")));
    assert_eq!((&told["Throughputs"], &told["Settled"]), (&json!([]), &json!(false)));
    scene.observed.aliases.insert(alias("X"), Ok(None));
    let told = serde_json::to_value(Report::unseen(&scene.record, &scene.observed, scene.now)).expect("JSON");
    assert_eq!(told["Aliases"][0]["Status"], json!("NOT_FOUND"));
    assert!(
        told.get("LastProblems").is_none() && told.get("History").is_none() && told.get("EnoughLeadTime").is_none()
    );
}

fn told(before: &Record, after: &Record) -> Vec<(What, u32, String)> {
    changes(before, after, at(60)).into_iter().map(|Tiding { what, units, arn, .. }| (what, units, arn)).collect()
}

#[test]
fn each_change_is_told_once() {
    let nothing = Scene::new(&json!({"ModelUnits": 2})).record;
    let creating = Scene::new(&json!({"ModelUnits": 2})).creates(2).record;
    let serving = |ready: bool| {
        Scene::new(&json!({"ModelUnits": 2})).serves(2).but(|scene| scene.record.progress.ready = ready).record
    };
    assert_eq!(told(&nothing, &creating), [(What::Bought, 2, arn(2))]);
    assert_eq!(told(&creating, &serving(false)), []);
    assert_eq!(told(&serving(false), &serving(true)), [(What::Ready, 2, arn(2))]);
    assert_eq!(told(&serving(true), &serving(false)), [(What::Off, 0, String::new())]);
    let gone = Scene::new(&json!({"ModelUnits": 2})).serves(2).deleted(2, 60).record;
    assert_eq!(told(&serving(false), &gone), [(What::Deleted, 2, arn(2))]);
    for (before, after) in [(&nothing, &nothing), (&creating, &creating), (&gone, &gone)] {
        assert_eq!(told(before, after), []);
    }
}

#[test]
fn problems_are_told_when_they_begin_and_when_they_end() {
    let calm = Scene::new(&json!({})).record;
    let mut worried = calm.clone();
    worried.progress.note_problems(&["quota".to_owned()], at(30));
    let begun = changes(&calm, &worried, at(60));
    assert_eq!((begun[0].what, begun[0].at, begun[0].text.as_str()), (What::ProblemBegun, at(30), "quota"));
    let ended = changes(&worried, &calm, at(60));
    assert_eq!((ended[0].what, ended[0].at), (What::ProblemEnded, at(60)));
    assert_eq!(changes(&worried, &worried, at(60)), []);
}

#[test]
fn a_term_is_told_to_have_ended_only_if_it_came_to_its_end() {
    let runs = || Scene::new(&month("Retire")).month(1, 3600);
    for (gone, deleted, ended) in [(3500, true, true), (3700, false, true), (3479, true, false), (0, false, false)] {
        let after = runs().but(|scene| {
            scene.record.progress.lose(&arn(1), deleted, at(gone));
        });
        let whats: Vec<What> =
            changes(&runs().record, &after.record, at(gone)).into_iter().map(|one| one.what).collect();
        assert_eq!(whats.contains(&What::TermEnded), ended, "{gone}: {whats:?}");
        assert!(whats.contains(&What::Deleted), "{gone}");
    }
    let failed = runs().remembers(1, |held| held.failed = Some(Failure::new(at(0), "broken"))).deleted(1, 3600);
    assert!(!told(&runs().record, &failed.record).iter().any(|(what, ..)| *what == What::TermEnded));
}

#[test]
fn an_event_that_is_sent_twice_has_the_same_id() {
    let (nothing, bought) = (Scene::new(&json!({})).record, Scene::new(&json!({})).creates(1).record);
    let details = |now| changes(&nothing, &bought, at(now)).into_iter().map(|one| one.detail()).collect::<Vec<_>>();
    assert_eq!(details(60), details(90), "it counts when it was bought, not when it is told");
    let detail: Value = serde_json::from_str(&details(60)[0]).expect("JSON");
    let keys: Vec<&String> = detail.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["Id", "Name", "What", "At", "Text", "ModelUnits", "ProvisionedModelArn"]);
    assert_eq!((&detail["What"], &detail["ModelUnits"]), (&json!("bought"), &json!(1)));
    let words = [
        What::Ready,
        What::Off,
        What::Deleted,
        What::ProblemBegun,
        What::ProblemEnded,
        What::TermEnded,
        What::TermRenewed,
    ];
    let words = words.map(What::as_str);
    assert_eq!(words, ["ready", "off", "deleted", "problem begun", "problem ended", "term ended", "term renewed"]);
}

fn measure(scene: &Scene) -> Measure {
    let plan = scene.plan();
    Measure::of(&scene.record, &scene.observed, &plan, plan.problems.len(), scene.now)
}

#[test]
fn what_is_wanted_in_service_and_paid_for_is_measured() {
    let priced = json!({"ModelUnits": 2, "PricePerUnitHour": 21.5});
    for (scene, wanted, in_service, billed) in [
        (Scene::new(&priced), 2, 0, 0),
        (Scene::new(&priced).creates(2), 2, 0, 2),
        (Scene::new(&priced).serves(2).x("TWO"), 2, 2, 2),
        (Scene::new(&priced).serves(1).serves(2).x("TWO"), 2, 3, 3),
        (Scene::new(&priced).serves(2).x("TWO").misses(2, Ok(())), 2, 2, 2),
        (Scene::new(&priced).serves(2).held(State::Off), 0, 2, 2),
        (Scene::new(&priced).retired(), 0, 0, 0),
    ] {
        let told = measure(&scene);
        assert_eq!((told.desired, told.in_service, told.billed), (wanted, in_service, billed), "{:?}", scene.lines());
        assert_eq!(told.cost_per_hour, Some(f64::from(billed) * 21.5));
    }
    let failed = Scene::new(&priced).has(2, |throughput, held| {
        throughput.status = ThroughputStatus::Failed;
        held.failed = Some(Failure::new(at(-60), "no capacity"));
    });
    assert_eq!(measure(&failed).billed, 0, "what failed is not paid for");
}

#[test]
fn not_ready_is_measured_once_the_opening_has_come_and_the_lead_has_passed() {
    let open = json!({"Timetable": timetable(true)});
    // It was changed a day ago; the lead is an hour.
    for (scene, late) in vec![
        (Scene::new(&open), true),
        (Scene::new(&open).creates(1), true),
        (Scene::new(&open).serves(1), true),
        (Scene::new(&open).serves(1).x("ONE"), false),
        (Scene::new(&open).serves(1).x("ONE").misses(1, Ok(())), false),
        (Scene::new(&json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 00:30-10:00"]}})), false),
        (Scene::new(&json!({"Timetable": timetable(false)})), false),
        (Scene::new(&open).but(|scene| scene.record.declared.changed = at(-3599)), false),
        (Scene::new(&open).but(|scene| scene.record.declared.changed = at(-3600)), true),
        (Scene::new(&open).retired(), false),
        (Scene::new(&with(open.clone(), &json!({"ModelUnits": 1}))).serves(2).x("TWO"), false),
    ] {
        assert_eq!(measure(&scene).not_ready, late, "{:?}", scene.lines());
    }
}

#[test]
fn still_billed_is_measured_when_it_has_been_off_for_longer_than_drain_and_ten_minutes() {
    let closed = json!({"Timetable": timetable(false)});
    let changed = |seconds: i64| Scene::new(&closed).serves(1).but(|scene| scene.record.declared.changed = at(seconds));
    for (scene, still) in [
        (changed(-86_400), true),
        (changed(-901), true),
        (changed(-899), false),
        (Scene::new(&closed), false),
        (Scene::new(&json!({})).serves(1).x("ONE"), false),
        (Scene::new(&json!({})).serves(1).retired(), true),
        (Scene::new(&month("Renew")).month(1, 100_000).retired(), false),
    ] {
        assert_eq!(measure(&scene).still_billed, still, "{:?}", scene.lines());
    }
}

#[test]
fn a_tick_is_a_line_in_the_embedded_metric_format() {
    let line = of_tick(scene::DEPLOYMENT, "support-agent", Some(&measure(&Scene::new(&json!({})))), true, at(0));
    assert_eq!(line["_aws"]["Timestamp"], json!(at(0).as_millisecond()));
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
        assert_eq!(directive["Namespace"], json!("ThroughputScheduler"));
        for metric in directive["Metrics"].as_array().expect("metrics") {
            let name = metric["Name"].as_str().expect("a name");
            assert!(line[name].as_f64().is_some_and(f64::is_finite), "{name} in {line}");
        }
        for set in directive["Dimensions"].as_array().expect("sets") {
            let [dimension] = &set.as_array().expect("a set")[..] else { panic!("one dimension each: {line}") };
            assert!(line[dimension.as_str().expect("a name")].is_string(), "{line}");
        }
    }
    let blind = of_tick(scene::DEPLOYMENT, "support-agent", None, false, at(0));
    assert_eq!(blind["Problems"], json!(1), "that nothing could be seen is a problem");
}

/// What a line sends for `dimension`.
fn sent(line: &Value, dimension: &str) -> Vec<String> {
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives").iter();
    let ours = directives
        .filter(|directive| directive["Dimensions"].as_array().is_some_and(|sets| sets.contains(&json!([dimension]))));
    let metrics = ours.flat_map(|directive| directive["Metrics"].as_array().expect("metrics"));
    metrics.map(|metric| metric["Name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn the_metrics_of_a_commitment_are_sent_while_something_is_wanted_there_or_wrong() {
    let units = ["DesiredModelUnits", "InServiceModelUnits", "BilledModelUnits"].as_slice();
    let wrong = ["NotReady", "StillBilled", "Problems"].as_slice();
    let all = [units, wrong].concat();
    let quiet = Measure::default();
    for (measure, changed, expected) in [
        (quiet.clone(), false, &[][..]),
        (quiet.clone(), true, &all),
        (Measure { within_the_hour: true, ..quiet.clone() }, false, units),
        (Measure { desired: 1, ..quiet.clone() }, false, units),
        (Measure { in_service: 1, ..quiet.clone() }, false, units),
        (Measure { billed: 1, ..quiet.clone() }, false, units),
        (Measure { problems: 1, ..quiet.clone() }, false, wrong),
        (Measure { not_ready: true, desired: 1, ..quiet.clone() }, false, &all),
        (Measure { still_billed: true, billed: 1, ..quiet.clone() }, false, &all),
        (Measure { desired: 1, ..quiet.clone() }, true, &all),
    ] {
        let line = of_tick(scene::DEPLOYMENT, "support-agent", Some(&measure), changed, at(0));
        assert_eq!(sent(&line, "Commitment"), expected, "{measure:?}, changed: {changed}");
        assert_eq!(sent(&line, "Deployment"), [&["Ticks"], wrong].concat(), "the alarms look at these: {measure:?}");
    }
}

#[test]
fn what_is_there_and_what_is_wrong_change_between_two_looks() {
    let before = Scene::new(&json!({})).serves(1).record.progress;
    let mut wrong = before.clone();
    assert!(wrong.note_problems(&["quota refuses it".to_owned()], at(0)));
    let mut ready = before.clone();
    ready.ready = !before.ready;
    let mut gone = before.clone();
    gone.throughputs.clear();
    let mut noted = before.clone();
    noted.note("wrote the schedule", at(0));
    for (after, changed) in [(before.clone(), false), (wrong, true), (ready, true), (gone, true), (noted, false)] {
        assert_eq!(have_changed(&before, &after), changed, "{after:?}");
        assert_eq!(have_changed(&after, &before), changed, "and back");
    }
}
