//! What is accepted and what is refused, key by key and form by form.

use jiff::tz::TimeZoneDatabase;
use rehearsal::{FUNCTION, commitment};
use serde_json::{Map, Value, json};

use crate::judges::Judges;
use crate::{timetable, window, with};

#[test]
fn mistakes_in_one_key_are_refused() {
    let judges = Judges::of_commitments();
    for more in [
        json!({"ModelUnitz": 2}),
        json!({"modelUnits": 2}),
        json!({"ServiceToken": FUNCTION}),
        json!({"Name": "support agent"}),
        json!({"Name": "support--agent"}),
        json!({"Name": "-support"}),
        json!({"Name": ""}),
        json!({"Name": "a".repeat(41)}),
        json!({"Name": -5}),
        json!({"Name": ["support-agent"]}),
        json!({"ModelId": null}),
        json!({"ModelId": ""}),
        json!({"ModelId": "nova lite"}),
        json!({"ModelId": ".nova"}),
        json!({"ModelId": "us.amazon.nova-lite-v1:0"}),
        json!({"ModelId": "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"}),
        json!({"ModelId": "arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abcdefghijkl"}),
        json!({"ModelId": "a".repeat(2049)}),
        json!({"ModelUnits": 0}),
        json!({"ModelUnits": "0"}),
        json!({"ModelUnits": -1}),
        json!({"ModelUnits": 1.5}),
        json!({"ModelUnits": "1.5"}),
        json!({"ModelUnits": 2_147_483_648_u64}),
        json!({"ModelUnits": "2147483648"}),
        json!({"ModelUnits": "ten"}),
        json!({"ModelUnits": true}),
        json!({"ModelUnits": [1]}),
        json!({"CommitmentDuration": "OneYear"}),
        json!({"CommitmentDuration": "oneMonth"}),
        json!({"AgentAliases": "KLMNOPQRST"}),
        json!({"AgentAliases": [null]}),
        json!({"AgentAliases": [{"AgentId": "short", "AgentAliasId": "KLMNOPQRST"}]}),
        json!({"AgentAliases": [{"AgentId": "ABCDEFGHIJ"}]}),
        json!({"AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "TSTALIASID"}]}),
        json!({"AgentAliases": [{"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST", "Version": "3"}]}),
        json!({"AgentAliases": vec![json!({"AgentId": "ABCDEFGHIJ", "AgentAliasId": "KLMNOPQRST"}); 2]}),
        json!({"WhenOff": "off"}),
        json!({"WaitFor": "Ready"}),
        json!({"OnDelete": "Delete"}),
        json!({"TakeOver": "yes"}),
        json!({"TakeOver": 1}),
        json!({"PricePerUnitHour": -1}),
        json!({"PricePerUnitHour": "-1"}),
        json!({"PricePerUnitHour": "-0"}),
        json!({"PricePerUnitHour": "21,18"}),
        json!({"PricePerUnitHour": "."}),
        json!({"PricePerUnitHour": "NaN"}),
        json!({"PricePerUnitHour": "inf"}),
        json!({"PricePerUnitHour": "$21"}),
        json!({"Tags": ["team"]}),
        json!({"Tags": {"team": null}}),
        json!({"Tags": {"team": ["support"]}}),
        json!({"Tags": {"": "1"}}),
        json!({"Tags": {"aws:x": "1"}}),
        json!({"Tags": {"AWS:x": "1"}}),
        json!({"Tags": {"throughput-scheduler:deployment": "x"}}),
        json!({"Tags": {"a".repeat(129): "x"}}),
        json!({"Tags": {"a": "x".repeat(257)}}),
        json!({"Tags": {"a": "50%"}}),
        json!({"Tags": (0..49).map(|tag| (tag.to_string(), json!("x"))).collect::<Map<_, _>>()}),
        json!({"Timetable": {}}),
        json!({"Timetable": "Mon-Fri 08:00-20:00"}),
        json!({"Timetable": {"TimeZone": "UTC"}}),
    ] {
        judges.both_refuse(&commitment(more));
    }
    let aliases = |count: usize| {
        let alias = |index| json!({"AgentId": "ABCDEFGHIJ", "AgentAliasId": format!("A{index:09}")});
        commitment(json!({"AgentAliases": (0..count).map(alias).collect::<Vec<_>>()}))
    };
    judges.both_accept(&aliases(40));
    judges.both_refuse(&aliases(41));
    for (key, element, most) in [
        ("Windows", json!("Mon 08:00-09:00"), 100),
        ("Holidays", json!("2026-12-29"), 400),
        ("Exceptions", json!({"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": "On"}), 100),
    ] {
        judges.both_accept(&timetable(json!({key: vec![element.clone(); most]})));
        judges.both_refuse(&timetable(json!({key: vec![element; most + 1]})));
        judges.both_refuse(&timetable(json!({key: "none"})));
    }
}

#[test]
fn mistakes_in_what_callers_without_an_agent_read_are_refused() {
    let judges = Judges::of_commitments();
    for more in [
        json!({"OnDemandModelId": "nova lite"}),
        json!({"OnDemandModelId": "off"}),
        json!({"OnDemandModelId": "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/abcdefghijkl"}),
        json!({"OnDemandModelId": "a".repeat(2049)}),
        json!({"ModelIdParameter": "/"}),
        json!({"ModelIdParameter": "support/model-id"}),
        json!({"ModelIdParameter": "/support//model-id"}),
        json!({"ModelIdParameter": "/support/model-id/"}),
        json!({"ModelIdParameter": "/support/model id"}),
        json!({"ModelIdParameter": "/support/model-id:3"}),
        json!({"ModelIdParameter": "/support/größe"}),
        json!({"ModelIdParameter": "arn:aws:ssm:eu-central-1:123456789012:parameter/support/model-id"}),
        json!({"ModelIdParameter": "/aws/support"}),
        json!({"ModelIdParameter": "/AWSsupport"}),
        json!({"ModelIdParameter": "ssm-support"}),
        json!({"ModelIdParameter": "/a".repeat(16)}),
        json!({"ModelIdParameter": "a".repeat(901)}),
        json!({"ModelIdParameter": ["/support/model-id"]}),
    ] {
        judges.both_refuse(&commitment(more));
    }
}

#[test]
fn forms_that_the_parser_accepts_are_accepted() {
    let judges = Judges::of_commitments();
    for more in [
        json!({"Name": 2026}),
        json!({"Name": "a".repeat(40)}),
        json!({"ModelId": 123}),
        json!({"ModelId": "us.model"}),
        json!({"ModelId": "my-custom_model"}),
        json!({"ModelId": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:24k"}),
        json!({"ModelUnits": "2147483647"}),
        json!({"ModelUnits": 2_147_483_647}),
        json!({"ModelUnits": "+003"}),
        json!({"AgentAliases": [{"AgentId": 1_234_567_890, "AgentAliasId": "abcdefghij"}]}),
        json!({"AgentAliases": [{"AgentId": "TSTALIASID", "AgentAliasId": "KLMNOPQRST"}]}),
        json!({"OnDemandModelId": "eu.amazon.nova-lite-v1:0"}),
        json!({"OnDemandModelId": "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0"}),
        json!({"OnDemandModelId": "offer"}),
        json!({"ModelIdParameter": "/support/model-id"}),
        json!({"ModelIdParameter": "model.id_2"}),
        json!({"ModelIdParameter": 2026}),
        json!({"ModelIdParameter": -5}),
        json!({"ModelIdParameter": "/support/aws"}),
        json!({"ModelIdParameter": "/a".repeat(15)}),
        json!({"ModelIdParameter": "a".repeat(900)}),
        json!({"ModelIdParameter": null}),
        json!({"TakeOver": "true"}),
        json!({"PricePerUnitHour": 0}),
        json!({"PricePerUnitHour": "+.5e1"}),
        json!({"PricePerUnitHour": "5."}),
        json!({"Tags": {"Größe": "groß", "クラス": "②", "a b_.:/=+-@": "", "number": -1.5e-7}}),
        json!({"Tags": {"a".repeat(128): "é".repeat(256)}}),
    ] {
        judges.both_accept(&commitment(more));
    }
    for name in TimeZoneDatabase::bundled().available() {
        for name in [name.as_str().to_owned(), name.as_str().to_lowercase()] {
            judges.both_accept(&commitment(json!({"Timetable": {"Timezone": name}})));
        }
    }
}

#[test]
fn windows_holidays_and_periods_are_told_from_what_only_looks_like_them() {
    let judges = Judges::of_commitments();
    for text in [
        "Mon-Fri 08:00-20:00",
        "mon , WED - fri,Sat-Tue 08:00 - 20:00 ",
        "\u{3000}Daily\t00:00-24:00\u{85}",
        "Mon-Fri08:00-20:00",
        "Sun-Thu 22:00-02:00",
        "Fri 21:00 - Mon 06:00",
        "Fri 21:00-Mon06:00",
        "Mon 10:00 - Mon 09:00",
        "Mon 00:00 - Sun 24:00",
        "Mon 00:00-24:00",
    ] {
        judges.both_accept(&window(text));
        judges.both_accept(&window(json!({"Window": text, "ModelUnits": "3"})));
    }
    for text in [
        " ",
        "08:00-20:00",
        "Mon-Fri",
        "Mon-Fry 08:00-20:00",
        "Mon-Mon 08:00-20:00",
        "Tue,mon - MON 08:00-20:00",
        "Mon, 08:00-20:00",
        "Mon Tue 08:00-20:00",
        "Daily,Mon 08:00-20:00",
        "Mon 8:00-20:00",
        "Mon 08:00-20:60",
        "Mon 08:00-25:00",
        "Mon 24:00-25:00",
        "Mon 24:00-08:00",
        "Mon 08:00-24:01",
        "Mon 08:00 20:00",
        "Mon 08:00-08:00",
        "Mon 08:00 - Mon 08:00",
        "Mon-Fri 21:00 - Mon 06:00",
        "Fri 21:00 - Daily 06:00",
        "Mon 08:00-20:00 UTC",
    ] {
        judges.both_refuse(&window(text));
        judges.both_refuse(&window(json!({"Window": text})));
    }
    judges.both_refuse(&window(8));
    judges.both_refuse(&window(Value::Null));
    judges.both_refuse(&window(json!({"Window": "Mon 08:00-20:00", "Units": 3})));
    let holiday = |text: &str| timetable(json!({"Holidays": [text]}));
    for text in ["2026-12-29", " 2026-12-29 / 2027-01-03 ", "2028-02-29", "2000-02-29", "0000-02-29", "9999-12-31"] {
        judges.both_accept(&holiday(text));
    }
    for text in [
        " ",
        "20261229",
        "2026-12-32",
        "2026-02-30",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-00-10",
        "2026-13-01",
        "2026-12-29/",
        "2026-12-29/2027-01-03/2027-01-04",
        "2026-12-29T00:00",
        "tomorrow",
        "2026-W53-1",
    ] {
        judges.both_refuse(&holiday(text));
    }
    let exception = |text: &str| timetable(json!({"Exceptions": [{"Window": text, "State": "On"}]}));
    for text in ["2026-12-28T10:00/2026-12-28T16:00", " 2026-12-28T10:00 / 2026-12-28T24:00 "] {
        judges.both_accept(&exception(text));
    }
    for text in [
        "2026-12-28T10:00",
        "2026-12-28T10:00Z/2026-12-28T16:00Z",
        "2026-12-28T10+09/2026-12-28T16:00",
        "2026-12-28T10:00/2026-12-28T16+09",
        "2026-12-28 10:00/2026-12-28 16:00",
        "2026-12-28T24:00/2026-12-29T16:00",
        "2026-12-28T10:00:00/2026-12-28T16:00:00",
        "2026-12-28/2026-12-29",
        "2026-02-29T10:00/2026-03-01T16:00",
    ] {
        judges.both_refuse(&exception(text));
    }
    for state in [json!("on"), json!("Maybe"), json!(1), Value::Null] {
        let exception = json!({"Window": "2026-12-28T10:00/2026-12-28T16:00", "State": state});
        judges.both_refuse(&timetable(json!({"Exceptions": [exception]})));
    }
}

#[test]
fn durations_are_told_from_what_only_looks_like_them() {
    let judges = Judges::of_commitments();
    for text in [
        "90m",
        "1h30m",
        "2h",
        "0m",
        " 60m ",
        "168h",
        "10080m",
        "604800s",
        "0168h",
        "1h 30m",
        "1h, 30m",
        "1 hour 30 minutes",
        "1 hr, 5 mins",
        "1.5h",
        "1,5 hours",
        "1h 0.5m",
        "1000ms",
        "01:30:00",
        "PT1H",
        "pt1h30m",
        "PT1.5H",
        "PT0S",
        "+5m",
        "-0m",
        "0s ago",
        "1000000\u{b5}s",
    ] {
        judges.both_accept(&commitment(json!({"LeadTime": text, "Drain": text})));
    }
    for text in [
        " ", "soon", "60", "5x", "m", "200h", "169h", "10081m", "604801s", "-5m", "5m ago", "1d", "1w", "P1D", "PT",
        "P1H", "PT200H", "30m 1h", "1h 1h", "1h,30m", "5 m m", "-", "+", "ago",
    ] {
        judges.both_refuse(&commitment(json!({"LeadTime": text})));
    }
    judges.both_refuse(&commitment(json!({"Drain": 60})));
}

#[test]
fn between_keys_the_same_holds() {
    let judges = Judges::of_commitments();
    let utc = json!({"Timezone": "UTC"});
    let term = |more| commitment(with(json!({"CommitmentDuration": "SixMonths", "Purchase": "2026-12"}), more));
    judges.both_refuse(&term(json!({"Timetable": utc})));
    judges.both_refuse(&commitment(json!({"AtTermEnd": "Retire"})));
    judges.both_refuse(&commitment(json!({"Purchase": "2026-12"})));
    judges.both_accept(&term(json!({"AtTermEnd": "Retire"})));
    judges.both_accept(&term(json!({"Timetable": null})));
    for none in [json!(null), json!("")] {
        judges.both_refuse(&term(json!({"Purchase": none})));
    }
    judges.both_refuse(&commitment(json!({"CommitmentDuration": "OneMonth"})));
    for text in ["2026-12", " a ", "twenty characters ok", "première moitié 2027"] {
        judges.both_accept(&term(json!({"Purchase": text})));
    }
    judges.both_accept(&term(json!({"Purchase": 2026})));
    for text in [" ", "a\nb", "twenty-one characters", "\u{7}"] {
        judges.both_refuse(&term(json!({"Purchase": text})));
    }
    let exception = |more| with(json!({"Window": "2026-01-01T00:00/2026-01-02T00:00"}), more);
    let exceptions = |more| timetable(json!({"Exceptions": [exception(more)]}));
    judges.both_refuse(&exceptions(json!({"State": "Off", "ModelUnits": 2})));
    judges.both_refuse(&exceptions(json!({"State": "Off", "ModelUnits": "2"})));
    judges.both_accept(&exceptions(json!({"State": "Off", "ModelUnits": null})));
    judges.both_accept(&exceptions(json!({"State": "On", "ModelUnits": 2})));
}

#[test]
fn what_a_schema_cannot_know_is_left_to_the_parser() {
    let judges = Judges::of_commitments();
    judges.only_the_parser_refuses(&commitment(json!({"Timetable": {"Timezone": "Asia/Tokio"}})));
    judges.only_the_parser_refuses(&commitment(json!({"LeadTime": "168h 1m"})));
    judges.only_the_parser_refuses(&commitment(json!({"LeadTime": "0.5s"})));
    judges.only_the_parser_refuses(&timetable(json!({"Holidays": ["2027-01-03/2026-12-29"]})));
    let backwards = json!({"Window": "2026-12-28T16:00/2026-12-28T10:00", "State": "On"});
    judges.only_the_parser_refuses(&timetable(json!({"Exceptions": [backwards]})));
    let alias = json!({"AgentId": "1234567890", "AgentAliasId": "KLMNOPQRST"});
    let same = json!({"AgentId": 1_234_567_890, "AgentAliasId": "KLMNOPQRST"});
    judges.only_the_parser_refuses(&commitment(json!({"AgentAliases": [alias, same]})));
}
