//! What a custom resource's properties in a template may hold beside, or in place of, what an action may.

use rehearsal::commitment;
use serde_json::{Value, json};

use crate::judges::Judges;
use crate::properties;

#[test]
fn intrinsic_functions_stand_in_templates_alone() {
    let judges = Judges::of_properties();
    let intrinsics = [
        json!({"Ref": "Parameter"}),
        json!({"Condition": "IsProduction"}),
        json!({"Fn::GetAtt": ["Agent", "AgentId"]}),
        json!({"Fn::If": ["IsProduction", 2, {"Ref": "AWS::NoValue"}]}),
    ];
    let places: [fn(&Value) -> Value; 16] = [
        |value| json!({"ServiceToken": value}),
        |value| json!({"ServiceTimeout": value}),
        |value| json!({"ModelId": value}),
        |value| json!({"ModelUnits": value}),
        |value| json!({"CommitmentDuration": value, "Timetable": {"Timezone": "UTC"}}),
        |value| json!({"CommitmentDuration": "OneMonth", "Timetable": value, "AtTermEnd": "Retire", "Purchase": value}),
        |value| json!({"AtTermEnd": value}),
        |value| json!({"AgentAliases": value}),
        |value| json!({"AgentAliases": [value, value]}),
        |value| json!({"AgentAliases": [{"AgentId": value, "AgentAliasId": value}]}),
        |value| json!({"Timetable": {"Timezone": value, "Windows": value, "Holidays": value, "Exceptions": value}}),
        |value| json!({"Timetable": {"Timezone": "UTC", "Windows": [value, {"Window": value, "ModelUnits": value}]}}),
        |value| json!({"Timetable": {"Timezone": "UTC", "Exceptions": [value, {"Window": value, "State": value}]}}),
        |value| json!({"LeadTime": value, "Drain": value, "WhenOff": value, "TakeOver": value, "PricePerUnitHour": value}),
        |value| json!({"Tags": {"team": value}}),
        |value| json!({"ModelIdParameter": value, "OnDemandModelId": value}),
    ];
    let commitments = Judges::of_commitments();
    for intrinsic in &intrinsics {
        for place in places {
            let more = place(intrinsic);
            assert_eq!(judges.by_schema(&properties(more.clone())), Vec::<String>::new(), "{more}");
            commitments.both_refuse(&commitment(more));
        }
    }
    for no_intrinsic in [
        json!({}),
        json!({"ref": "Parameter"}),
        json!({"Fn:If": []}),
        json!({"Ref": "Parameter", "Fn::If": []}),
        json!({"Fn::": "x"}),
    ] {
        assert!(!judges.by_schema(&properties(json!({"ModelUnits": no_intrinsic}))).is_empty(), "{no_intrinsic}");
    }
}

#[test]
fn the_properties_of_a_custom_resource_are_held_to_the_same() {
    let judges = Judges::of_properties();
    judges.both_accept(&properties(json!({"ServiceTimeout": "3600", "ModelUnits": "2", "TakeOver": "true"})));
    judges.both_accept(&properties(json!({"ServiceTimeout": "", "ModelUnits": "", "AgentAliases": [""], "Tags": ""})));
    for more in [
        json!({"Name": "mine"}),
        json!({"ServiceTimeout": "3601"}),
        json!({"ServiceTimeout": 3601}),
        json!({"ServiceTimeout": 0}),
        json!({"ServiceTimeout": "soon"}),
        json!({"ModelUnitz": 1}),
        json!({"ModelUnits": "0"}),
        json!({"WhenOff": "Off"}),
        json!({"AtTermEnd": "Retire"}),
        json!({"Purchase": "2026-12"}),
        json!({"CommitmentDuration": "OneMonth"}),
        json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-12", "Timetable": {"Timezone": "UTC"}}),
    ] {
        judges.both_refuse(&properties(more));
    }
    // CloudFormation refuses these itself.
    assert!(
        !judges.by_schema(&json!({"ModelId": "amazon.nova-lite-v1:0:24k"})).is_empty(),
        "a resource has a ServiceToken"
    );
    assert!(!judges.by_schema(&properties(json!({"LeadTime": null}))).is_empty(), "a template has no null");
}
