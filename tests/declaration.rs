//! What is accepted, and what somebody who wrote something else is told.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]

use policy::commitment::{Commitment, Name};
use policy::input::Mistakes;
use rehearsal::{FUNCTION, GROUP, World, commitment};
use serde_json::{Value, json};
use throughput_scheduler::handler::Error;

fn read(declaration: &Value) -> Result<Commitment, Vec<(String, String)>> {
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read(declaration, "Commitment", &mut mistakes);
    mistakes
        .or(commitment)
        .map_err(|Mistakes(mistakes)| mistakes.into_iter().map(|mistake| (mistake.path, mistake.message)).collect())
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_path_its_value_and_the_cure() {
    let declaration = json!({
        "Name": "support agent",
        "ModelId": "amazon.nova-lite-v1:0:24k",
        "ModelUnitz": 2,
        "LeadTime": "soon",
        "AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "TSTALIASID"}],
        "Timetable": {"Timezone": "Asia/Tokio", "Windows": ["Mon-Fri 08:00-20:00", "Mon-Fry 08:00-20:00"]},
    });
    let mistakes = read(&declaration).expect_err("it has mistakes");
    let expected = [
        ("Commitment.ModelUnitz", "did you mean `ModelUnits`?"),
        ("Commitment.Name", "`support agent` is not a name"),
        ("Commitment.AgentAliases[0].AgentAliasId", "`TSTALIASID` is the draft's alias"),
        ("Commitment.Timetable.Timezone", "did you mean `Asia/Tokyo`?"),
        ("Commitment.Timetable.Windows[1]", "`Fry` is not a day; use Mon, Tue"),
        ("Commitment.LeadTime", "`soon` is not a duration; use `90m`"),
    ];
    for (path, message) in expected {
        let told = mistakes.iter().find(|(told, _)| told == path).map(|(_, message)| message.as_str());
        assert!(told.is_some_and(|told| told.contains(message)), "{path}: {told:?}");
    }
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:?}");
}

#[test]
fn each_kind_of_mistake_is_found() {
    let cases = [
        (json!({"ModelId": null}), "ModelId", "is missing"),
        (json!({"ModelId": "us.amazon.nova-lite-v1:0"}), "ModelId", "inference profile"),
        (json!({"ModelUnits": 0}), "ModelUnits", "`0` is not a number of model units"),
        (json!({"ModelUnits": "1.5"}), "ModelUnits", "`1.5`"),
        (json!({"ModelUnits": [1]}), "ModelUnits", "not a single value"),
        (json!({"CommitmentDuration": "OneYear"}), "CommitmentDuration", "OneMonth or SixMonths"),
        (json!({"AtTermEnd": "Retire"}), "AtTermEnd", "without a CommitmentDuration"),
        (json!({"CommitmentDuration": "None", "AtTermEnd": "Retire"}), "AtTermEnd", "without a CommitmentDuration"),
        (json!({"Purchase": "2026-12"}), "Purchase", "without a CommitmentDuration; remove it or give a term"),
        (json!({"CommitmentDuration": "None", "Purchase": "2026-12"}), "Purchase", "without a CommitmentDuration"),
        (
            json!({"CommitmentDuration": "OneMonth"}),
            "Purchase",
            "is missing beside CommitmentDuration OneMonth; give this purchase a name of yours, such as `2026-12`",
        ),
        (json!({"CommitmentDuration": "OneMonth", "Purchase": ""}), "Purchase", "is missing"),
        (json!({"CommitmentDuration": "OneMonth", "Purchase": "  "}), "Purchase", "use 1 to 20 characters"),
        (json!({"CommitmentDuration": "OneMonth", "Purchase": "a".repeat(21)}), "Purchase", "use 1 to 20 characters"),
        (json!({"CommitmentDuration": "OneMonth", "Purchase": "a\nb"}), "Purchase", "is not a name of a purchase"),
        (
            json!({"CommitmentDuration": "OneMonth", "Purchase": "a", "Timetable": {"Timezone": "UTC"}}),
            "Timetable",
            "CommitmentDuration",
        ),
        (json!({"AgentAliases": "KLMNOPQRST"}), "AgentAliases", "not a list"),
        (
            json!({"AgentAliases": [{"AgentId": "short", "AgentAliasId": "KLMNOPQRST"}]}),
            "AgentAliases[0].AgentId",
            "`short`",
        ),
        (json!({"AgentAliases": [{"AgentId": "ABCDEFGHIJ"}]}), "AgentAliases[0].AgentAliasId", "is missing"),
        (json!({"WhenOff": "off"}), "WhenOff", "OnDemand or Reject"),
        (json!({"TakeOver": "yes"}), "TakeOver", "true or false"),
        (json!({"PricePerUnitHour": "-1"}), "PricePerUnitHour", "`-1` is not a price"),
        (json!({"Drain": "200h"}), "Drain", "from `0m` to `168h`"),
        (json!({"Tags": {"aws:x": "1"}}), "Tags.aws:x", "reserved"),
        (json!({"Tags": {"throughput-scheduler:deployment": "x"}}), "Tags.throughput-scheduler:deployment", "reserved"),
        (json!({"Timetable": {}}), "Timetable.Timezone", "is missing"),
        (
            json!({"Timetable": {"Timezone": "UTC", "Holidays": ["2026-02-30"]}}),
            "Timetable.Holidays[0]",
            "`2026-02-30`",
        ),
        (
            json!({"Timetable": {"Timezone": "UTC", "Holidays": ["12-24/12-26"]}}),
            "Timetable.Holidays[0]",
            "`12-24/12-26` is a range without years; write both dates in full",
        ),
        (
            json!({"Timetable": {"Timezone": "UTC", "Exceptions": [{"Window": "2026-01-01T00:00Z/2026-01-02T00:00Z", "State": "On"}]}}),
            "Timetable.Exceptions[0].Window",
            "is not a period",
        ),
        (
            json!({"Timetable": {"Timezone": "UTC", "Exceptions": [{"Window": "2026-01-01T00:00/2026-01-02T00:00", "State": "Off", "ModelUnits": 2}]}}),
            "Timetable.Exceptions[0].ModelUnits",
            "says nothing with State Off",
        ),
    ];
    for (more, path, message) in cases {
        let mistakes = read(&commitment(more.clone())).expect_err(&more.to_string());
        let path = format!("Commitment.{path}");
        let found = mistakes.iter().any(|(told, told_message)| *told == path && told_message.contains(message));
        assert!(found, "{more}: {mistakes:?}");
    }
}

#[test]
fn what_cloudformation_cannot_leave_out_counts_as_absent() {
    let empty = json!({
        "ModelUnits": "", "CommitmentDuration": "", "AtTermEnd": "", "Purchase": "", "AgentAliases": "", "LeadTime": "",
        "Drain": "", "WhenOff": "", "WaitFor": "", "OnDelete": "", "OnDemandModelId": "", "ModelIdParameter": "",
        "TakeOver": "", "PricePerUnitHour": "", "Tags": "", "Timetable": "",
    });
    let plain = read(&commitment(json!({"AgentAliases": []}))).expect("it is right");
    assert_eq!(read(&commitment(empty)).expect("it is right"), plain);
    assert_eq!(read(&commitment(json!({"AgentAliases": [""]}))).expect("it is right"), plain);
    let no_term = json!({"CommitmentDuration": "None", "AgentAliases": []});
    assert_eq!(read(&commitment(no_term)).expect("it is right"), plain);

    let lists = |list: Value| {
        let window = json!({"Window": "Mon 08:00-20:00", "ModelUnits": ""});
        let off = json!({"Window": "2026-11-27T00:00/2026-11-28T00:00", "State": "Off", "ModelUnits": ""});
        let timetables = [
            json!({"Timezone": "UTC", "Windows": list, "Holidays": list, "Exceptions": list}),
            json!({"Timezone": "UTC", "Windows": [window], "Holidays": list, "Exceptions": [off]}),
        ];
        timetables.map(|timetable| read(&commitment(json!({"Timetable": timetable}))).expect("it is right"))
    };
    assert_eq!(lists(json!([""])), lists(json!([])));
    assert_eq!(lists(json!("")), lists(json!([])));

    // A tag may have an empty value; what is required is missing if it is empty.
    let tags = read(&commitment(json!({"Tags": {"team": ""}}))).expect("it is right").tags;
    assert_eq!(tags.get("team").map(String::as_str), Some(""));
    let mistakes = read(&commitment(json!({"ModelId": ""}))).expect_err("it has no model");
    assert!(mistakes[0].1.starts_with("is missing; "), "{mistakes:?}");
}

#[test]
fn a_purchase_is_named_by_its_user() {
    let named = |name: Value| {
        let declared = json!({"CommitmentDuration": "OneMonth", "Purchase": name});
        read(&commitment(declared)).expect("it is right").purchase.expect("it has one").to_string()
    };
    for (written, name) in [
        (json!("2026-12"), "2026-12"),
        (json!(" 2026-12 "), "2026-12"),
        (json!(2026), "2026"),
        (json!("première moitié 2027"), "première moitié 2027"),
    ] {
        assert_eq!(named(written), name);
    }
}

#[test]
fn what_is_written_back_reads_the_same() {
    let declaration = commitment(json!({
        "ModelUnits": "3",
        "Timetable": {
            "Timezone": "asia/tokyo",
            "Windows": [
                "mon-fri 08:00-20:00", "Fri 21:00 - Mon 06:00", {"Window": "Daily 09:30-11:30", "ModelUnits": "3"},
            ],
            "Holidays": ["2026-12-29/2027-01-03", "2027-02-11", "12-25", "02-29"],
            "Exceptions": [
                {"Window": "2026-12-28T10:00/2026-12-28T24:00", "State": "On", "ModelUnits": 1},
                {"Window": "2026-11-27T00:00/2026-11-28T00:00", "State": "Off"},
            ],
        },
        "LeadTime": "PT1H30M", "Drain": "0m", "WhenOff": "Reject", "TakeOver": "true", "WaitFor": "InService",
        "OnDelete": "Retain", "OnDemandModelId": "amazon.nova-lite-v1:0", "PricePerUnitHour": "21.18",
        "ModelIdParameter": "/support/model-id",
        "Tags": {"team": "support", "number": 7},
    }));
    let first = read(&declaration).expect("it is right");
    let written = first.to_value();
    assert_eq!(read(&written).expect("what we wrote is right"), first);
    assert_eq!(written["LeadTime"], json!("1h30m"));
    assert_eq!(written["Timetable"]["Timezone"], json!("Asia/Tokyo"));
    assert_eq!(written["Timetable"]["Windows"][0], json!("Mon-Fri 08:00-20:00"));

    let term = json!({"CommitmentDuration": "SixMonths", "AtTermEnd": "Retire", "Purchase": "2026-12"});
    let first = read(&commitment(term)).expect("it is right");
    assert_eq!(read(&first.to_value()).expect("what we wrote is right"), first);
}

#[test]
fn what_is_no_name_of_a_parameter_is_told_with_what_would_be_one() {
    let says = |more: Value| {
        let mistakes = read(&commitment(more)).expect_err("it is wrong");
        mistakes
            .iter()
            .map(|(path, message)| format!("{}: {message}", path.trim_start_matches("Commitment.")))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let name = |text: &str| says(json!({"ModelIdParameter": text}));
    let table = [
        (
            name("/support//id"),
            "ModelIdParameter: `/support//id` is not a parameter's name; use letters, digits and . - _ with a slash \
            before each part, such as `/support/model-id`",
        ),
        (
            name("support/id"),
            "ModelIdParameter: `support/id` is a path without a slash at its beginning; use `/support/id`",
        ),
        (
            name("/aws/id"),
            "ModelIdParameter: `/aws/id` begins with aws or ssm, which Systems Manager keeps for itself; use another name, \
            such as `/support/model-id`",
        ),
        (
            name("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"),
            "ModelIdParameter: `/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a` has more than 15 parts; use \
            fewer",
        ),
        (
            says(json!({"ModelIDParam": "/support/id"})),
            "ModelIDParam: is not a known key; did you mean `ModelIdParameter`?",
        ),
        (
            says(json!({"OnDemandModelId": "off"})),
            "OnDemandModelId: `off` is what a parameter holds when nothing may be invoked; use a model \
            id, or WhenOff: Reject",
        ),
    ];
    for (said, expected) in table {
        assert_eq!(said, expected);
    }
}

#[test]
fn the_throughputs_name_depends_on_deployment_model_units_and_term() {
    let name_in = |deployment: &str, more: Value, units: u32| {
        let units = std::num::NonZeroU32::new(units).expect("not zero");
        read(&commitment(more)).expect("it is right").throughput_name(units, deployment)
    };
    let name = |more: Value, units: u32| name_in("scheduler", more, units);
    let base = name(json!({}), 1);
    assert_eq!(base, name(json!({"LeadTime": "0m", "Drain": "1h", "AgentAliases": []}), 1));
    let id = "amazon.nova-lite-v1:0:24k";
    assert_eq!(base, name(json!({"ModelId": id}), 1));
    assert_eq!(base, name(json!({"ModelId": format!("arn:aws:bedrock:eu-central-1::foundation-model/{id}")}), 1));
    let month = |purchase: &str| name(json!({"CommitmentDuration": "OneMonth", "Purchase": purchase}), 1);
    assert_eq!(month("2026-12"), month("2027-01"));
    let custom = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0:24k/abcdefghijkl";
    for other in [
        name(json!({}), 2),
        month("2026-12"),
        name(json!({"ModelId": "amazon.nova-lite-v1:0:300k"}), 1),
        name(json!({"ModelId": custom}), 1),
        name_in("another", json!({}), 1),
    ] {
        assert_ne!(base, other);
    }
}

async fn world(settings: &[(&str, &str)]) -> World {
    World::with_settings("2026-11-16T00:00:00Z".parse().expect("an instant"), settings).await
}

async fn refused(world: &World, event: Value) -> Error {
    let error = world.send(event.clone()).await.expect_err(&event.to_string());
    assert!(world.sim.history().is_empty() && world.sim.schedules().is_empty(), "nothing is registered or bought");
    error
}

#[tokio::test]
async fn what_is_no_event_of_ours_is_refused_as_such() {
    let world = world(&[]).await;
    let cases = [
        (json!("ScaleUp"), "event"),
        (json!({}), "Action"),
        (json!({"Action": "ScaleUpp", "Name": "x"}), "ScaleUp"),
        (json!({"Action": "ScaleUp"}), "Commitment"),
        (json!({"Action": "ScaleUp", "Name": "x", "Commitment": commitment(json!({}))}), "remove one of the two"),
        (json!({"Action": "Retire", "Nmae": "x"}), "did you mean `Name`?"),
        (json!({"Action": "Override", "Name": "x", "State": "On"}), "Until"),
        (
            json!({"Action": "Override", "Name": "x", "State": "On", "For": "1h", "Until": "2026-11-17T00:00:00Z"}),
            "Until",
        ),
        (json!({"Action": "Override", "Name": "x", "State": "Maybe", "For": "1h"}), "On or Off"),
        (json!({"Action": "Plan", "Commitment": commitment(json!({})), "At": "tomorrow"}), "`tomorrow`"),
        (json!({"Action": "Tick"}), "Name"),
    ];
    for (event, message) in cases {
        let error = refused(&world, event.clone()).await;
        assert_eq!(error.kind(), "InvalidEvent", "{event}");
        assert!(error.to_string().contains(message), "{event}: {error}");
    }
    assert!(world.sim.operations().is_empty(), "and AWS is not bothered");
}

#[tokio::test]
async fn an_eventbridge_envelope_carries_the_action_as_its_detail() {
    let world = world(&[]).await;
    let envelope = json!({
        "version": "0", "id": "12345678-1234-1234-1234-123456789012", "detail-type": "throughput", "source": "my.app",
        "account": "123456789012", "time": "2026-11-16T00:00:00Z", "region": "eu-central-1", "resources": [],
        "detail": {"Action": "ScaleUp", "Commitment": commitment(json!({}))},
    });
    let report = world.send(envelope).await.expect("it is carried out");
    assert_eq!(report["Desired"]["Because"], json!("scaled up"));
}

#[tokio::test]
async fn who_is_not_registered_is_unknown() {
    let world = world(&[]).await;
    for event in [
        json!({"Action": "ScaleUp", "Name": "nobody"}),
        json!({"Action": "Retire", "Name": "nobody"}),
        json!({"Action": "Override", "Name": "nobody", "State": "Off", "For": "1h"}),
        json!({"Action": "Resume", "Name": "nobody"}),
        json!({"Action": "Status", "Name": "nobody"}),
    ] {
        let error = refused(&world, event).await;
        assert_eq!(error.kind(), "UnknownCommitment");
        assert_eq!(error.to_string(), format!("commitment nobody is not registered in {GROUP}"));
    }
}

#[tokio::test]
async fn guardrails_are_checked_against_everything_that_a_declaration_may_ask_for() {
    let window =
        json!({"Timetable": {"Timezone": "UTC", "Windows": [{"Window": "Daily 09:00-10:00", "ModelUnits": 3}]}});
    let exception = json!({"Timetable": {"Timezone": "UTC", "Exceptions": [
        {"Window": "2030-01-01T00:00/2030-01-02T00:00", "State": "On", "ModelUnits": 3},
    ]}});
    let cases = [
        ("MAX_MODEL_UNITS", "2", json!({"ModelUnits": 3}), "3"),
        ("MAX_MODEL_UNITS", "2", window, "3"),
        ("MAX_MODEL_UNITS", "2", exception, "3"),
        ("ALLOWED_MODELS", "meta.*,amazon.nova-pro-*", json!({}), "amazon.nova-lite-v1:0:24k"),
        ("ALLOWED_COMMITMENTS", "None", json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12"}), "OneMonth"),
        ("ALLOWED_COMMITMENTS", "OneMonth", json!({}), "None"),
    ];
    for (setting, value, more, said) in cases {
        let world = world(&[(setting, value)]).await;
        let error = refused(&world, json!({"Action": "Apply", "Commitment": commitment(more)})).await;
        assert_eq!(error.kind(), "NotAllowed", "{setting}");
        assert!(error.to_string().contains(said) && error.to_string().contains(setting), "{error}");
    }
}

#[tokio::test]
async fn an_override_is_held_to_the_guardrails_and_to_a_week() {
    let world = world(&[("MAX_MODEL_UNITS", "2")]).await;
    let off = json!({"Action": "ScaleDown", "Commitment": commitment(json!({}))});
    world.send(off).await.expect("it is registered");
    for (more, kind) in [
        (json!({"ModelUnits": 3, "For": "1h"}), "NotAllowed"),
        (json!({"Until": "2026-11-24T00:00:00Z"}), "InvalidEvent"),
        (json!({"Until": "2026-11-15T00:00:00Z"}), "InvalidEvent"),
    ] {
        let mut event = json!({"Action": "Override", "Name": "support-agent", "State": "On"});
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        let error = world.send(event.clone()).await.expect_err(&event.to_string());
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert!(world.sim.history().is_empty());
    let nothing = json!({"Action": "Override", "Name": "support-agent", "State": "On", "For": "0m"});
    let error = world.send(nothing).await.expect_err("it would end at once");
    assert!(error.to_string().starts_with("For: `0m`"), "the key that was written: {error}");
}

#[tokio::test]
async fn a_bad_setting_is_a_clear_error() {
    for (setting, value) in [
        ("SCHEDULE_GROUP", ""),
        ("SCHEDULE_GROUP", "a group"),
        ("SCHEDULE_ROLE_ARN", "throughput-ticks"),
        ("TICK_RATE", "rate(10 minutes)"),
        ("MAX_MODEL_UNITS", "0"),
        ("ALLOWED_MODELS", "[a"),
        ("ALLOWED_MODELS", "amazon.*,"),
        ("ALLOWED_MODELS", "{amazon,meta}.*"),
        ("ALLOWED_MODELS", r"amazon\.nova-*"),
        ("ALLOWED_COMMITMENTS", "OneYear"),
    ] {
        let world = world(&[(setting, value)]).await;
        let error = refused(&world, json!({"Action": "Apply", "Commitment": commitment(json!({}))})).await;
        assert_eq!(error.kind(), "InvalidSetting", "{setting}={value}: {error}");
        assert!(error.to_string().contains(setting), "{error}");
    }
}

#[test]
fn guardrails_allow_what_they_name_to_the_last_unit() {
    use policy::guardrails::Guardrails;
    let refused = |models: &str, more: Value| {
        let guardrails = Guardrails::parse("2", None, models, "None").expect("they are right");
        let declared = read(&commitment(more)).expect("it is right");
        let all = guardrails.refusals(&declared).len();
        (
            all,
            declared.sizes().into_iter().filter(|size| guardrails.refuses_purchase(&declared, *size).is_some()).count(),
        )
    };
    let window = |units: u32| json!({"Timetable": {"Timezone": "UTC", "Windows": [{"Window": "Daily 09:00-10:00", "ModelUnits": units}]}});
    assert_eq!(refused("*", json!({"ModelUnits": 2})), (0, 0));
    assert_eq!(refused("*", json!({"ModelUnits": 3})), (1, 1));
    assert_eq!(refused("*", window(2)), (0, 0));
    assert_eq!(refused("*", window(3)), (1, 1));
    // A foundation model's ARN is the same model as its id: a glob over either is enough.
    let arn = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0:24k";
    for (models, count) in [
        ("amazon.nova-*", 0),
        ("arn:*", 0),
        ("*nova-[k-m]ite-v?:*", 0),
        ("*nova-[!k-m]ite*", 1),
        ("meta.*", 1),
        ("meta.*, amazon.*", 0),
        ("nova", 1),
        ("Amazon.*", 1),
    ] {
        assert_eq!(refused(models, json!({ "ModelId": arn })), (count, count), "{models}");
    }
}

#[test]
fn an_unquoted_on_is_a_boolean_to_yaml_and_means_on_all_the_same() {
    let exception = |state: Value| {
        let period = "2030-01-01T00:00/2030-01-02T00:00";
        let timetable = json!({"Timezone": "UTC", "Exceptions": [{"Window": period, "State": state}]});
        read(&commitment(json!({ "Timetable": timetable }))).expect("it is right")
    };
    for (written, meant) in [("true", "On"), ("false", "Off")] {
        assert_eq!(exception(json!(written)), exception(json!(meant)));
        assert_eq!(exception(json!(written == "true")), exception(json!(meant)));
    }
}

#[test]
fn properties_of_a_custom_resource_have_no_name_and_a_service_timeout_of_an_hour_at_most() {
    let name: Name = "Throughput-0a1b2c3d".parse().expect("a name");
    let read = |more: Value| {
        let mut properties = json!({"ServiceToken": FUNCTION, "ModelId": "amazon.nova-lite-v1:0:24k"});
        if let (Some(members), Value::Object(more)) = (properties.as_object_mut(), more) {
            members.extend(more);
        }
        let mut mistakes = Mistakes::default();
        let commitment = Commitment::read_properties(name.clone(), &properties, "", &mut mistakes);
        mistakes.or(commitment).map_err(|mistakes| mistakes.to_string())
    };
    let commitment = read(json!({"ServiceTimeout": "3600", "ModelUnits": "2"})).expect("it is right");
    assert_eq!((commitment.name.as_str(), commitment.units.get()), ("Throughput-0a1b2c3d", 2));
    for (more, message) in [
        (json!({"Name": "mine"}), "Name: is not a known key"),
        (json!({"ServiceTimeout": "3601"}), "ServiceTimeout: `3601` is not a number of seconds"),
        (json!({"ServiceTimeout": 0}), "ServiceTimeout: `0`"),
        (json!({"ModelUnitz": 1}), "did you mean `ModelUnits`?"),
    ] {
        let mistakes = read(more).expect_err(message);
        assert!(mistakes.contains(message), "{mistakes}");
    }
}
