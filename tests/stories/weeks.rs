//! Timetables over days and weeks.

use super::*;

const BUY: &str = "buy support-agent-f3bc69: 1 model unit of amazon.nova-lite-v1:0:24k, without a term";
const ON: &str = "route ABCDEFGHIJ/KLMNOPQRST version 3 to support-agent-f3bc69";
const OFF: &str = "route ABCDEFGHIJ/KLMNOPQRST version 3 to on-demand";
const DELETE: &str = "delete support-agent-f3bc69";

fn timetable(zone: &str, windows: &[&str]) -> Value {
    json!({"Timetable": {"Timezone": zone, "Windows": windows}})
}

#[tokio::test]
async fn two_days_of_business_hours_and_a_weekend() {
    // Ticks of five minutes, so that four days are no five thousand of them.
    let world = World::with_settings(at("2026-11-19T15:00:00Z"), &[("TICK_RATE", "rate(5 minutes)")]).await;
    world.sim.knobs(|knobs| knobs.least_drain = SignedDuration::from_mins(5));
    apply(&world, timetable("Asia/Tokyo", &["Mon-Fri 08:00-20:00"])).await;
    let diary = diary(&world, "2026-11-23T12:00:00Z").await;
    let day = |day: u8, before: u8| {
        vec![
            format!("{before} 22:00 {BUY}"),
            format!("{before} 22:35 {ON}"),
            format!("{day} 11:00 {OFF}"),
            format!("{day} 11:05 {DELETE}"),
        ]
    };
    assert_eq!(diary, [day(20, 19), day(23, 22)].concat());
    assert!(world.sim.throughputs().is_empty());
    let hours: f64 = world.sim.billing().iter().map(|bill| bill.unit_hours).sum();
    assert!((hours - 28.0).abs() < 0.01, "two days of 13 hours and five minutes, rounded up: {hours}");
    steady(&world).await;
}

#[tokio::test]
async fn an_evening_that_is_shorter_than_buying_takes_ends_settled_and_off() {
    let world = world().await;
    let mut short = timetable("UTC", &["Mon 18:00-18:20"]);
    short["LeadTime"] = json!("0m");
    apply(&world, short).await;
    let diary = diary(&world, "2026-11-16T20:00:00Z").await;
    // It cannot be deleted while it is being created, and never serves.
    assert_eq!(diary, [format!("16 18:00 {BUY}"), format!("16 18:35 {DELETE}")]);
    steady(&world).await;
    assert!(world.sim.throughputs().is_empty());
}

#[tokio::test]
async fn an_evening_that_is_shorter_than_buying_takes_is_cut_short_where_aws_allows_it() {
    let world = world().await;
    world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
    let mut short = timetable("UTC", &["Mon 18:00-18:20"]);
    short["LeadTime"] = json!("0m");
    apply(&world, short).await;
    let diary = diary(&world, "2026-11-16T20:00:00Z").await;
    assert_eq!(diary, [format!("16 18:00 {BUY}"), format!("16 18:20 {DELETE}")]);
    steady(&world).await;
}

#[tokio::test]
async fn a_window_that_opens_in_the_gap_of_a_clock_change_opens_an_hour_later_and_ends_off() {
    let world = World::new(at("2026-03-28T20:00:00Z")).await;
    let mut night = timetable("Europe/Berlin", &["Sun 02:30-05:00"]);
    night["LeadTime"] = json!("40m");
    apply(&world, night).await;
    let diary = diary(&world, "2026-03-29T12:00:00Z").await;
    // 02:30 is skipped and becomes 03:30 CEST, 01:30 UTC; 05:00 CEST is 03:00 UTC.
    let expected =
        [format!("29 00:50 {BUY}"), format!("29 01:25 {ON}"), format!("29 03:00 {OFF}"), format!("29 03:05 {DELETE}")];
    assert_eq!(diary, expected);
    steady(&world).await;
}

#[tokio::test]
async fn nothing_flaps_in_the_hour_that_a_clock_repeats() {
    let world = World::new(at("2026-10-24T20:00:00Z")).await;
    apply(&world, timetable("Europe/Berlin", &["Sun 02:30-02:45", "Sun 06:00-08:00"])).await;
    let diary = diary(&world, "2026-10-25T12:00:00Z").await;
    // The first 02:30 is 00:30 UTC; the second one opens nothing.
    let expected = [
        format!("24 23:30 {BUY}"),
        format!("25 00:05 {ON}"),
        format!("25 00:45 {OFF}"),
        format!("25 00:50 {DELETE}"),
        format!("25 04:00 {BUY}"),
        format!("25 04:35 {ON}"),
        format!("25 07:00 {OFF}"),
        format!("25 07:05 {DELETE}"),
    ];
    assert_eq!(diary, expected);
}

#[tokio::test]
async fn windows_that_are_closer_than_the_lead_are_one() {
    let world = world().await;
    apply(&world, timetable("UTC", &["Mon 08:00-12:00", "Mon 12:45-18:00"])).await;
    let diary = diary(&world, "2026-11-16T20:00:00Z").await;
    let expected =
        [format!("16 07:00 {BUY}"), format!("16 07:35 {ON}"), format!("16 18:00 {OFF}"), format!("16 18:05 {DELETE}")];
    assert_eq!(diary, expected);
}

#[tokio::test]
async fn a_larger_window_is_bought_beside_the_smaller_and_takes_over_before_that_goes() {
    let world = world().await;
    let more = json!({"Timetable": {"Timezone": "UTC", "Windows": [
        "Mon 08:00-20:00", {"Window": "Mon 12:00-14:00", "ModelUnits": 3},
    ]}});
    apply(&world, more).await;
    let diary = diary(&world, "2026-11-16T22:00:00Z").await;
    let large = "support-agent-5c49f1";
    let large = world.sim.history().iter().find(|one| one.units == 3).map_or(large.to_owned(), |one| one.name.clone());
    let expected = [
        format!("16 07:00 {BUY}"),
        format!("16 07:35 {ON}"),
        format!("16 11:00 buy {large}: 3 model units of amazon.nova-lite-v1:0:24k, without a term"),
        format!("16 11:35 route ABCDEFGHIJ/KLMNOPQRST version 3 to {large}"),
        format!("16 11:40 {DELETE}"),
        format!("16 14:00 {BUY}"),
        format!("16 14:35 {ON}"),
        format!("16 14:40 delete {large}"),
        format!("16 20:00 {OFF}"),
        format!("16 20:05 {DELETE}"),
    ];
    assert_eq!(diary, expected);
}

#[tokio::test]
async fn growing_beyond_the_quota_keeps_the_smaller_and_says_so() {
    let world = in_service(json!({})).await;
    world.sim.knobs(|knobs| knobs.quota = 1);
    let larger = json!({"Action": "Apply", "Commitment": commitment(json!({"ModelUnits": 2}))});
    let error = refused(&world, larger).await;
    assert!(error.to_string().contains("ServiceQuotaExceededException"), "{error}");
    assert!(problems(&world).await.contains("quota refuses"), "the tick reports it");
    assert_eq!(only(&world).units, 1);
    assert_eq!(route(&world), Some(only(&world).arn));
    world.sim.knobs(|knobs| knobs.quota = 3);
    world.pass(50).await;
    assert_eq!(only(&world).units, 2, "what the quota allows later is bought later");
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn shrinking_with_a_quota_for_one_breaks_before_it_makes() {
    let world = in_service(json!({"ModelUnits": 3})).await;
    world.sim.knobs(|knobs| knobs.quota = 3);
    let smaller = json!({"Action": "Apply", "Commitment": commitment(json!({"ModelUnits": 1}))});
    let _quota_refused = world.send(smaller).await;
    let diary = diary(&world, "2026-11-16T02:00:00Z").await;
    let acts: Vec<&String> = diary.iter().filter(|line| !line.contains("AwsError")).collect();
    assert!(acts.iter().any(|line| line.contains(BUY)), "{diary:?}");
    assert_eq!(only(&world).units, 1);
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn shrinking_with_a_quota_for_one_never_leaves_an_alias_without_its_throughput_when_it_would_reject() {
    let world = world().await;
    world.sim.knobs(|knobs| {
        knobs.may_reject = true;
        knobs.quota = 3;
    });
    apply(&world, json!({"ModelUnits": 3, "WhenOff": "Reject"})).await;
    world.pass(40).await;
    let smaller = json!({"Action": "Apply", "Commitment": commitment(json!({"ModelUnits": 1, "WhenOff": "Reject"}))});
    let _quota_refused = world.send(smaller).await;
    world.pass(60).await;
    assert_eq!(only(&world).units, 3, "the larger one is kept");
    assert_eq!(route(&world), Some(only(&world).arn));
    assert!(problems(&world).await.contains("quota refuses"));
}

#[tokio::test]
async fn with_reject_the_aliases_reject_while_there_is_no_throughput() {
    let world = world().await;
    world.sim.knobs(|knobs| knobs.may_reject = true);
    let mut declared = timetable("UTC", &["Mon 08:00-20:00"]);
    declared["WhenOff"] = json!("Reject");
    apply(&world, declared).await;
    let state = || world.sim.alias(AGENT, ALIAS).invocation_state;
    assert_eq!(state(), "REJECT_INVOCATIONS");
    world.run_until(at("2026-11-16T10:00:00Z"), |_, _| {}).await;
    assert_eq!((state().as_str(), route(&world)), ("ACCEPT_INVOCATIONS", Some(only(&world).arn)));
    world.run_until(at("2026-11-16T22:00:00Z"), |_, _| {}).await;
    assert_eq!((state().as_str(), route(&world)), ("REJECT_INVOCATIONS", None));
    send(&world, json!({"Action": "Retire", "Name": NAME})).await;
    world.pass(10).await;
    assert_eq!(state(), "ACCEPT_INVOCATIONS", "let go for good, it accepts again");
    assert!(world.sim.schedules().is_empty());
}

#[tokio::test]
async fn a_custom_model_is_bought_by_its_arn_and_fits_an_agent_on_its_base() {
    let world = world().await;
    let custom = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0:24k/abcdefghijkl";
    world.sim.add_custom_model(custom, MODEL);
    apply(&world, json!({"ModelId": custom})).await;
    world.pass(40).await;
    assert_eq!(only(&world).model_arn, custom);
    assert_eq!(route(&world), Some(only(&world).arn));
    steady(&world).await;
}

#[tokio::test]
async fn three_aliases_follow_together_although_aws_takes_two_updates_a_second() {
    let world = world().await;
    let aliases: Vec<String> = (1..=5).map(|number| format!("ALIAS0000{number}")).collect();
    for alias in &aliases {
        world.sim.add_alias(AGENT, alias, "3");
    }
    let declared: Vec<Value> = aliases.iter().map(|alias| json!({"AgentId": AGENT, "AgentAliasId": alias})).collect();
    apply(&world, json!({"AgentAliases": declared})).await;
    world.pass(36).await;
    let arn = only(&world).arn;
    for alias in &aliases {
        assert_eq!(world.sim.alias(AGENT, alias).route.as_ref(), Some(&arn), "{alias}");
    }
    world.pass(1).await;
    steady(&world).await;
}
