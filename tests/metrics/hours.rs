//! A commitment's own metrics cost less than what they watch: they are sent while something of it is wanted, there or wrong.

use std::collections::BTreeMap;

use rehearsal::GROUP;
use serde_json::json;

use crate::{NAME, Watched};

/// `CloudWatch` charges for each hour in which a metric is sent.
#[tokio::test]
async fn in_hours_in_which_nothing_is_wanted_there_or_wrong_a_commitment_sends_nothing() {
    let watched = Watched::new().await;
    watched.apply(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 02:30-04:00"]}})).await;
    for (hour, sends) in [(0, false), (1, true), (2, true), (3, true), (4, true), (5, false), (6, false)] {
        watched.until(&format!("2026-11-16T0{hour}:59:30Z")).await;
        let values = watched.values();
        let sent = values.keys().any(|(_, dimension)| *dimension == format!("Commitment {NAME}"));
        assert_eq!(sent, sends, "from {hour} on: {values:?}");
        for name in ["Ticks", "NotReady", "StillBilled", "Problems"] {
            assert!(
                values.contains_key(&(name.to_owned(), format!("Deployment {GROUP}"))),
                "the alarms see it: {name}"
            );
        }
    }
}

/// An hour's average is what an hour costs: each tick of an hour in which something is there is measured.
#[tokio::test]
async fn the_averages_of_hours_add_up_to_what_was_there() {
    let watched = Watched::new().await;
    let timetable = json!({"Timezone": "UTC", "Windows": ["Mon 02:30-04:10"]});
    watched.apply(json!({"LeadTime": "45m", "Drain": "20m", "Timetable": timetable})).await;
    watched.until("2026-11-16T06:00:00Z").await;
    let mut hours: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for line in watched.lines.lock().expect("not poisoned").iter() {
        if let Some(billed) = line["BilledModelUnits"].as_f64() {
            let hour = line["_aws"]["Timestamp"].as_i64().expect("milliseconds") / 3_600_000;
            hours.entry(hour).or_default().push(billed);
        }
    }
    let average = |values: &Vec<f64>| values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).expect("few"));
    let sum: f64 = hours.values().map(average).sum();
    // From 01:45 to 04:30, as far as ticks a minute apart can tell.
    assert!((sum - 2.75).abs() < 0.05, "{sum}: {hours:?}");
}

/// Whoever lets it go: the last value of each metric is sent.
#[tokio::test]
async fn what_a_person_lets_go_ends_with_its_last_values() {
    let watched = Watched::new().await;
    watched.apply(json!({"Drain": "0m"})).await;
    watched.until("2026-11-16T00:50:00Z").await;
    watched.values();
    watched.send(json!({"Action": "ScaleDown", "Name": NAME})).await;
    let values = watched.of_commitment();
    assert_eq!((values["BilledModelUnits"], values["Problems"]), (0.0, 0.0), "the action itself has deleted it");
    watched.until("2026-11-16T03:00:00Z").await;
    watched.values();
    watched.until("2026-11-16T04:00:00Z").await;
    assert_eq!(watched.of_commitment(), BTreeMap::new());
}

/// What was wrong is sent once more when it is well again, if nothing else is there to be told.
#[tokio::test]
async fn what_was_wrong_ends_with_a_zero() {
    let watched = Watched::new().await;
    watched.world.sim.knobs(|knobs| knobs.quota = 0);
    watched.apply(json!({"Timetable": {"Timezone": "UTC", "Windows": ["Mon 02:00-05:00"]}})).await;
    watched.until("2026-11-16T02:10:00Z").await;
    let values = watched.of_commitment();
    assert!(values["Problems"] > 0.0 && values["NotReady"] > 0.0, "{values:?}");
    watched.until("2026-11-16T04:58:30Z").await;
    watched.values();
    watched.until("2026-11-16T05:02:00Z").await;
    let values = watched.of_commitment();
    assert_eq!((values["Problems"], values["NotReady"]), (0.0, 0.0));
    watched.until("2026-11-16T06:00:00Z").await;
    watched.values();
    watched.until("2026-11-16T07:00:00Z").await;
    assert_eq!(watched.of_commitment(), BTreeMap::new());
}
