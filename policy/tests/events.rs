//! What woke us, told apart in the raw JSON (docs/reference.md, "Actions").

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use jiff::{SignedDuration, Timestamp};
use policy::event::{Command, End, Event, Resumed, Sent, Subject, read, schedule_digest, tick_input, tick_target};
use policy::record::Slot;
use policy::timetable::State;
use serde_json::{Value, json};

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn now() -> Timestamp {
    instant("2026-11-16T00:00:00Z")
}

fn command(event: Value) -> (Command, Sent) {
    match read(event).expect("it is right") {
        Event::Command(command, sent) => (*command, sent),
        Event::CloudFormation(_) => panic!("it is a request"),
    }
}

fn mistakes(event: Value) -> String {
    read(event).expect_err("it is refused").to_string()
}

fn declared() -> Value {
    json!({"Name": "support-agent", "ModelId": "amazon.nova-lite-v1:0:24k"})
}

#[test]
fn each_action_is_read_with_the_slot_that_it_changes() {
    for (event, subject, slot) in [
        (json!({"Action": "ScaleUp", "Commitment": declared()}), "support-agent", Some(Slot::Hold)),
        (json!({"Action": "ScaleDown", "Name": "a"}), "a", Some(Slot::Hold)),
        (json!({"Action": "Apply", "Commitment": declared()}), "support-agent", Some(Slot::Declaration)),
        (json!({"Action": "Retire", "Name": "a"}), "a", Some(Slot::Declaration)),
        (json!({"Action": "Override", "Name": "a", "State": "On", "For": "2h"}), "a", Some(Slot::Override)),
        (json!({"Action": "Resume", "Name": "a"}), "a", Some(Slot::Override)),
        (json!({"Action": "Resume", "Name": "a", "Of": "Override"}), "a", Some(Slot::Override)),
        (json!({"Action": "Resume", "Name": "a", "Of": "Hold"}), "a", Some(Slot::Hold)),
        (json!({"Action": "Status", "Name": "a"}), "a", None),
        (json!({"Action": "Status"}), "", None),
        (json!({"Action": "Status", "Name": ""}), "", None),
        (json!({"Action": "Plan", "Commitment": declared(), "At": "2026-12-24T09:00:00+09:00"}), "support-agent", None),
        (json!({"Action": "Doctor", "Commitment": declared()}), "support-agent", None),
        (json!({"Action": "Doctor"}), "", None),
        (json!({"Action": "Repair"}), "", None),
        (json!({"Action": "Adopt"}), "", None),
        (json!({"Action": "Tick", "Name": "a", "Set": "0123456789ab"}), "a", None),
        (json!({"Action": "Tick", "Name": "a"}), "a", None),
    ] {
        let (read, sent) = command(event.clone());
        assert_eq!((read.subject(), read.slot(), sent), (subject, slot, Sent::Unsaid), "{event}");
    }
    let scale = command(json!({"Action": "ScaleUp", "Name": "a"})).0;
    assert!(
        matches!(scale, Command::Scale { state: State::On, subject: Subject::Named(name) } if name.as_str() == "a")
    );
    let resume = command(json!({"Action": "Resume", "Name": "a", "Of": "Hold"})).0;
    assert!(matches!(resume, Command::Resume { of: Some(Resumed::Hold), .. }));
    let plan = command(json!({"Action": "Plan", "Commitment": declared(), "At": "2026-12-24T09:00:00+09:00"})).0;
    assert!(matches!(plan, Command::Plan { at: Some(at), .. } if at == instant("2026-12-24T00:00:00Z")));
    assert!(matches!(command(json!({"Action": "Plan", "Commitment": declared()})).0, Command::Plan { at: None, .. }));
}

#[test]
fn an_override_has_one_end() {
    let with = |end: Value| {
        let mut event =
            json!({"Action": "Override", "Name": "a", "State": "On", "ModelUnits": "2", "Reason": "load test"});
        event.as_object_mut().expect("an object").extend(end.as_object().expect("an object").clone());
        event
    };
    let Command::Override { units, end, reason, state, .. } = command(with(json!({"For": "PT90M"}))).0 else {
        panic!()
    };
    assert_eq!((units.map(std::num::NonZero::get), state), (Some(2), State::On));
    assert_eq!((end, reason.as_deref()), (End::For(SignedDuration::from_mins(90)), Some("load test")));
    let until = command(with(json!({"Until": "2026-11-16T09:00:00+09:00"}))).0;
    assert!(matches!(until, Command::Override { end: End::Until(at), .. } if at == now()));
    for (event, said) in [
        (with(json!({})), "give either For"),
        (with(json!({"For": "2h", "Until": "2026-11-16T09:00:00Z"})), "give either For"),
        (with(json!({"Until": "tomorrow"})), "`tomorrow` is not an instant"),
        (with(json!({"For": "2h", "State": "Off"})), "says nothing with State Off"),
        (with(json!({"For": "2h", "Reason": "x".repeat(201)})), "longer than 200"),
        (json!({"Action": "Override", "Name": "a", "For": "2h"}), "State: is missing"),
    ] {
        let told = mistakes(event.clone());
        assert!(told.contains(said), "{event}: {told}");
    }
}

#[test]
fn a_date_is_what_the_event_says_unless_it_lies_too_far_ahead() {
    let sent = |said: Value| command(json!({"Action": "Retire", "Name": "a", "Sent": said})).1;
    assert_eq!(sent(json!("2026-11-16T08:00:00+09:00")), Sent::At(instant("2026-11-15T23:00:00Z")));
    assert_eq!(sent(json!("<aws.scheduler.scheduled-time>")), Sent::Unreplaced);
    assert_eq!((sent(json!("")), sent(Value::Null)), (Sent::Unsaid, Sent::Unsaid), "as if absent");
    assert!(mistakes(json!({"Action": "Retire", "Name": "a", "Sent": "noon"})).starts_with("Sent: `noon`"));
    for (said, date) in [
        (Sent::At(instant("2020-01-01T00:00:00Z")), instant("2020-01-01T00:00:00Z")),
        (Sent::At(instant("2026-11-16T00:02:00Z")), instant("2026-11-16T00:02:00Z")),
        (Sent::At(instant("2026-11-16T00:02:01Z")), now()),
        (Sent::Unsaid, now()),
        (Sent::Unreplaced, now()),
    ] {
        assert_eq!(said.date(now()), date, "{said:?}");
    }
}

#[test]
fn an_envelope_of_eventbridge_has_the_action_in_its_detail_and_a_time() {
    let envelope = |detail: Value| {
        json!({
            "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "Throughput", "source": "me",
            "account": "123456789012", "time": "2026-11-15T23:59:00Z", "region": "us-east-1", "resources": [], "detail": detail,
        })
    };
    let (read, sent) = command(envelope(json!({"Action": "Retire", "Name": "a"})));
    assert_eq!((read.subject(), sent), ("a", Sent::At(instant("2026-11-15T23:59:00Z"))));
    let own = envelope(json!({"Action": "Retire", "Name": "a", "Sent": "2026-11-15T20:00:00Z"}));
    assert_eq!(command(own).1, Sent::At(instant("2026-11-15T20:00:00Z")), "its own date counts");
    let wrong = envelope(json!({"Action": "Retire", "Nme": "a", "Sent": "noon"}));
    let told = mistakes(wrong);
    assert!(told.contains("detail.Sent") && told.contains("detail.Nme") && told.contains("detail.Name"), "{told}");
    let mut untimed = envelope(json!({"Action": "Retire", "Name": "a"}));
    untimed.as_object_mut().expect("an object").remove("time");
    assert_eq!(command(untimed).1, Sent::Unsaid);
}

#[test]
fn a_request_is_known_by_its_envelope_and_prints_as_nothing() {
    for event in [json!({"RequestType": "Create"}), json!({"ResponseURL": "https://secret", "Action": "Status"})] {
        let Event::CloudFormation(raw) = read(event.clone()).expect("it is a request") else { panic!("{event}") };
        assert!(!format!("{raw:?}").contains("secret"));
    }
}

#[test]
fn what_is_no_action_is_refused_with_what_would_be_one() {
    for (event, said) in [
        (json!([]), "not a JSON object"),
        (json!({}), "Action: is missing; use ScaleUp"),
        (json!({"Action": 7}), "Action: `7` is not an action"),
        (json!({"Action": "Scaleup"}), "`Scaleup` is not an action"),
        (json!({"Action": "Retire"}), "Name: is missing"),
        (json!({"Action": "Retire", "Name": "a", "name": "b"}), "name: is not a known key"),
        (json!({"Action": "Resume", "Name": "a", "Of": "Timetable"}), "Of: `Timetable`"),
        (json!({"Action": "ScaleUp"}), "Commitment: is missing"),
        (json!({"Action": "ScaleUp", "Name": "a", "Commitment": declared()}), "remove one of the two"),
        (json!({"Action": "Apply", "Commitment": {"Name": "a"}}), "Commitment.ModelId: is missing"),
        (json!({"Action": "Adopt", "Name": "a"}), "Name: is not a known key"),
        (json!({"Action": "Repair", "Name": "a"}), "Name: is not a known key"),
        (json!({"Action": "Tick"}), "Name: is missing"),
        (json!({"Tick": {"Commitment": declared()}}), "Action: is missing"),
    ] {
        let told = mistakes(event.clone());
        assert!(told.contains(said), "{event}: {told}");
    }
    assert!(!mistakes(json!({"Action": "x"})).contains("Tick"), "ticks are the schedules' own");
}

#[test]
fn a_tick_carries_a_name_and_a_digest_alone() {
    let set = schedule_digest(1, "arn:role", "arn:function");
    let input: Value = serde_json::from_str(&tick_input("support-agent", &set)).expect("JSON");
    assert_eq!(input, json!({"Action": "Tick", "Name": "support-agent", "Set": set}));
    assert!(matches!(command(input).0, Command::Tick { set: read, .. } if read == set));
    let others = [
        schedule_digest(5, "arn:role", "arn:function"),
        schedule_digest(1, "arn:other", "arn:function"),
        schedule_digest(1, "arn:role", "arn:other"),
    ];
    assert!(others.iter().all(|other| *other != set && other.len() == set.len()));
}

#[test]
fn ticks_go_to_the_function_or_its_alias_and_never_to_a_version() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:throughput";
    for (qualifier, stays) in [("", true), (":live", true), (":v2", true), (":2", false), (":$LATEST", false)] {
        let invoked = format!("{function}{qualifier}");
        assert_eq!(tick_target(&invoked), if stays { invoked.as_str() } else { function }, "{qualifier}");
    }
}
