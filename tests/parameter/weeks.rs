//! The parameter over days.

use super::*;

const THROUGHPUT: &str = "support-agent-f3bc69";

/// Plays until `until`; writes down when the parameter is pointed where, and when something is deleted. At no minute does the
/// parameter name what is not in service.
async fn diary(world: &World, until: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let note = |at: Timestamp, answer: &rehearsal::Answer| {
        let report = answer.as_ref().expect("every tick is well");
        for action in report["Actions"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Some(rest) = action.strip_prefix(&format!("point {PARAMETER} at ")) {
                lines.push(format!("{} {rest}", at.strftime("%d %H:%M")));
            } else if action.starts_with("delete") {
                lines.push(format!("{} {action}", at.strftime("%d %H:%M")));
            }
        }
        let held = value(world);
        let serves = |one: &simulator::Throughput| one.arn == held && one.status == "InService";
        assert!(held == ON_DEMAND || world.sim.throughputs().iter().any(serves), "{at}: {held}");
        assert_eq!(report["Parameter"], json!({"Name": PARAMETER, "Value": held}), "{at}");
    };
    world.run_until(at(until), note).await;
    lines
}

#[tokio::test]
async fn a_week_with_a_holiday_and_an_override_is_followed() {
    // Ticks of five minutes, so that a week is no ten thousand of them.
    let world = World::with_settings(at("2026-11-16T00:00:00Z"), &[("TICK_RATE", "rate(5 minutes)")]).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
    let business_hours = json!({"Timezone": "UTC", "Windows": ["Mon-Fri 08:00-20:00"], "Holidays": ["2026-11-18"]});
    let report = send(&world, apply(json!({"Timetable": business_hours}))).await;
    assert_eq!(report["Actions"], json!([format!("point {PARAMETER} at {ON_DEMAND}, on demand")]));
    assert_eq!(value(&world), ON_DEMAND, "it is there before the first window");
    let on = |moment: &str| format!("{moment} {THROUGHPUT}");
    let off = |moment: &str| format!("{moment} {ON_DEMAND}, on demand");
    let delete = |moment: &str| format!("{moment} delete {THROUGHPUT}");
    let mut expected = Vec::new();
    for day in [16, 17, 19] {
        expected.extend([on(&format!("{day} 07:35")), off(&format!("{day} 20:00")), delete(&format!("{day} 20:05"))]);
    }
    assert_eq!(diary(&world, "2026-11-19T21:00:00Z").await, expected);
    send(&world, json!({"Action": "Override", "Name": NAME, "State": "On", "For": "2h", "Reason": "late"})).await;
    let expected =
        [on("19 21:35"), off("19 23:00"), delete("19 23:05"), on("20 07:35"), off("20 20:00"), delete("20 20:05")];
    assert_eq!(diary(&world, "2026-11-23T06:00:00Z").await, expected);
    steady(&world).await;
}

#[tokio::test]
async fn a_larger_throughput_is_in_the_parameter_before_the_smaller_one_goes() {
    let world = in_service(json!({})).await;
    let before = arn(&world);
    send(&world, apply(json!({"ModelUnits": 3}))).await;
    world.pass(34).await;
    assert_eq!(value(&world), before, "until the larger one is in service");
    world.pass(2).await;
    let larger = world.sim.throughputs().into_iter().find(|one| one.units == 3).expect("it was bought");
    assert_eq!(value(&world), larger.arn);
    assert_eq!(world.sim.throughputs().len(), 2, "callers may have kept the smaller one for the length of the drain");
    world.pass(6).await;
    assert_eq!(arn(&world), larger.arn);
    steady(&world).await;
}

#[tokio::test]
async fn a_commitment_without_aliases_has_its_parameter_alone() {
    let world = world().await;
    send(&world, apply(json!({"AgentAliases": [], "Timetable": an_hour()}))).await;
    until(&world, "2026-11-16T08:30:00Z").await;
    assert_eq!(value(&world), arn(&world));
    steady(&world).await;
    until(&world, "2026-11-16T09:04:00Z").await;
    assert_eq!(value(&world), ON_DEMAND);
    assert_eq!(world.sim.throughputs().len(), 1, "the drain counts for it, too");
    until(&world, "2026-11-16T09:06:00Z").await;
    assert!(world.sim.throughputs().is_empty());
    assert_eq!(calls(&world, "UpdateAgentAlias"), 0);
    steady(&world).await;
}

#[tokio::test]
async fn off_is_what_it_holds_where_nothing_may_be_invoked_without_a_throughput() {
    let other = "eu.amazon.nova-lite-v1:0";
    let off = [
        (json!({"WhenOff": "Reject"}), "off", ON_DEMAND),
        (json!({"ModelId": CUSTOM}), "off", "off"),
        (json!({"ModelId": CUSTOM, "OnDemandModelId": other}), other, other),
        (json!({"OnDemandModelId": other}), other, other),
        (json!({"OnDemandModelId": other, "WhenOff": "Reject"}), "off", other),
    ];
    for (mut more, without, for_good) in off {
        let world = world().await;
        world.sim.knobs(|knobs| knobs.may_reject = true);
        world.sim.add_custom_model(CUSTOM, ON_DEMAND);
        more["Timetable"] = an_hour();
        send(&world, apply(more.clone())).await;
        assert_eq!(value(&world), without, "{more}");
        until(&world, "2026-11-16T08:30:00Z").await;
        assert_eq!(value(&world), arn(&world), "{more}");
        until(&world, "2026-11-16T09:10:00Z").await;
        assert_eq!(value(&world), without, "{more}");
        steady(&world).await;
        // Like an alias, it is on demand once nobody keeps it.
        send(&world, json!({"Action": "Retire", "Name": NAME})).await;
        world.pass(2).await;
        assert_eq!(value(&world), for_good, "{more}");
        assert!(world.sim.schedules().is_empty(), "{more}");
    }
}

#[tokio::test]
async fn without_the_key_no_parameter_is_asked_for_and_with_it_a_steady_tick_asks_once_more() {
    let mut steady_ticks = Vec::new();
    for declared in [commitment(json!({})), declared(json!({}))] {
        let world = world().await;
        let has_key = declared.get("ModelIdParameter").is_some();
        send(&world, json!({"Action": "Apply", "Commitment": declared})).await;
        world.pass(40).await;
        steady(&world).await;
        let mut operations = world.sim.operations();
        operations.sort_unstable();
        steady_ticks.push(operations);
        send(&world, json!({"Action": "Retire", "Name": NAME})).await;
        world.pass(10).await;
        assert!(world.sim.schedules().is_empty());
        let of_parameters = world.sim.operations().into_iter().filter(|name| name.ends_with("Parameter")).count();
        assert_eq!(of_parameters > 0, has_key);
    }
    let [without, with] = &steady_ticks[..] else { panic!("two worlds") };
    let mut expected = [&without[..], &["GetParameter"]].concat();
    expected.sort_unstable();
    assert_eq!(*with, expected);
}
