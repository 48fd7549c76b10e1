//! Is what a preview says it will cost what the function runs up?

use std::collections::BTreeMap;
use std::fs;

use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::input::Mistakes;
use rehearsal::{AGENT, ALIAS, World};
use serde_json::{Value, json};
use throughput_cli::bill::{bill, exactly, money, shift, windows};

use crate::{call, command};

/// The model-unit hours that are foreseen for a day in Tokyo, and those that the simulated account bills when the real
/// handler lives through it.
async fn foreseen_and_billed(windows: Value) -> (f64, f64) {
    let declared = rehearsal::commitment(json!({"Timetable": {"Timezone": "Asia/Tokyo", "Windows": windows}}));
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read(&declared, "", &mut mistakes).unwrap();
    let from: Timestamp = "2026-11-24T00:00:00+09:00".parse().unwrap();
    let until: Timestamp = "2026-11-25T00:00:00+09:00".parse().unwrap();
    let world = World::with_settings(from, &[("TICK_RATE", "rate(5 minutes)")]).await;
    world.send(json!({"Action": "Apply", "Commitment": declared})).await.unwrap();
    world.run_until(until, |_, _| {}).await;
    let billed = world.sim.billing().iter().map(|bill| bill.unit_hours).sum();
    let foreseen = i32::try_from(bill(&commitment, from, until).unit_hours).unwrap();
    (f64::from(foreseen), billed)
}

#[tokio::test]
async fn a_day_of_one_size_costs_what_was_foreseen() {
    let (foreseen, billed) = foreseen_and_billed(json!(["Mon-Fri 08:00-20:00"])).await;
    // From seven to five past eight.
    assert_eq!((foreseen, billed), (14.0, 14.0));
}

/// While a size follows another, both are paid for until the later is in service: foreseen as `LeadTime`, which is more than it
/// takes here.
#[tokio::test]
async fn a_day_of_two_sizes_costs_no_more_than_was_foreseen() {
    let busy = json!({"Window": "Mon-Fri 09:30-11:30", "ModelUnits": 3});
    let (foreseen, billed) = foreseen_and_billed(json!(["Mon-Fri 08:00-20:00", busy])).await;
    assert!((foreseen - 27.0).abs() < 0.1, "{foreseen}: 3 hours, 5 hours of 3 units, 9 hours");
    assert!(billed <= foreseen && foreseen - billed <= 4.0, "{billed} of {foreseen}");
}

/// Lets the function live until `until`; of its ticks those within a quarter of an hour around `changes`, as others change nothing.
async fn live(world: &World, changes: &[Timestamp], until: Timestamp) {
    let near = SignedDuration::from_mins(15);
    while world.now() < until {
        let now = world.now();
        if changes.iter().any(|change| *change - near <= now && now < *change + near) {
            world.run_until(now + SignedDuration::from_mins(5), |_, _| {}).await;
        } else {
            let next = changes.iter().map(|change| *change - near).filter(|begin| now < *begin).min();
            world.sim.set_now(next.unwrap_or(until).min(until));
        }
    }
}

/// Three commitments of different size, zone and term: the rows of a month add up to the preview's total, and both to what the
/// simulated account bills when the real handler lives through the month.
#[tokio::test]
async fn a_month_of_three_is_billed_as_its_rows_and_its_total_say() {
    let timetable =
        |zone: &str, window: &str| json!({"Timezone": zone, "Windows": [window], "Holidays": ["2027-01-01"]});
    let model = "amazon.nova-lite-v1:0:24k";
    let declared = [
        json!({"Name": "berlin", "ModelId": model, "Timetable": timetable("Europe/Berlin", "Mon-Fri 09:00-17:00"),
            "AgentAliases": [{"AgentId": AGENT, "AgentAliasId": ALIAS}]}),
        json!({"Name": "tokyo", "ModelId": model, "ModelUnits": 3, "Drain": "0m", "LeadTime": "45m",
            "Timetable": timetable("Asia/Tokyo", "Tue,Thu 08:00-20:00")}),
        json!({"Name": "term", "ModelId": model, "ModelUnits": 2, "CommitmentDuration": "OneMonth", "Purchase": "2026-12"}),
    ];
    let folder = std::env::temp_dir().join(format!("throughput-month-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let files = ["berlin.json", "tokyo.json", "term.json"];
    for (file, declared) in files.iter().zip(&declared) {
        fs::write(folder.join(file), declared.to_string()).unwrap();
    }
    let preview = |format| {
        let arguments = ["preview", "--from", "2026-12-01", "--days", "31", "--format", format];
        call(command(&[&arguments[..], &files].concat()).current_dir(&folder)).out
    };
    let (csv, told) = (preview("csv"), preview("json"));
    fs::remove_dir_all(&folder).unwrap();
    let mut foreseen: BTreeMap<String, f64> = BTreeMap::new();
    for row in csv.lines().skip(1) {
        let hours = row.rsplit(',').nth(1).unwrap().parse::<f64>().unwrap();
        *foreseen.entry(row.split(',').next().unwrap().to_owned()).or_default() += hours;
    }

    let world =
        World::with_settings("2026-11-30T20:00:00Z".parse().unwrap(), &[("TICK_RATE", "rate(5 minutes)")]).await;
    let (first, until) = ("2026-12-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
    let mut changes = vec![first];
    for declared in &declared {
        if declared["Name"] == "term" {
            live(&world, &changes, first).await;
        } else {
            let commitment = Commitment::read(declared, "", &mut Mistakes::default()).unwrap();
            let bought = bill(&commitment, world.now(), until).bought;
            changes.extend(bought.iter().flat_map(|purchase| [purchase.from, purchase.until]));
        }
        world.send(json!({"Action": "Apply", "Commitment": declared})).await.unwrap();
    }
    live(&world, &changes, until).await;
    let mut billed: BTreeMap<String, f64> = BTreeMap::new();
    for bill in world.sim.billing() {
        *billed.entry(bill.name.rsplit_once('-').unwrap().0.to_owned()).or_default() += bill.unit_hours;
    }
    assert_eq!(foreseen, billed, "the rows, and what was billed");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["Total"]["ModelUnitHours"].as_f64(), Some(billed.values().sum()), "the total, and what was billed");
}

fn commitment(more: Value) -> Commitment {
    let mut mistakes = Mistakes::default();
    Commitment::read(&rehearsal::commitment(more), "", &mut mistakes).unwrap()
}

#[test]
fn a_term_counts_whole() {
    let (from, day) = ("2026-11-24T00:00:00Z".parse().unwrap(), "2026-11-25T00:00:00Z".parse().unwrap());
    for (term, days) in [("OneMonth", 30), ("SixMonths", 181)] {
        let declared =
            json!({"CommitmentDuration": term, "Purchase": "a", "ModelUnits": 2, "PricePerUnitHour": "13.07"});
        let bill = bill(&commitment(declared), from, day);
        assert_eq!((bill.purchases, bill.unit_hours), (1, days * 24 * 2), "{term}");
        assert_eq!(bill.started, [(from, bill.unit_hours)], "it is owed from the first instant on");
    }
}

#[test]
fn money_has_no_rounding_in_it() {
    let (from, until) = ("2026-11-23T00:00:00Z".parse().unwrap(), "2026-11-30T00:00:00Z".parse().unwrap());
    let bill = bill(&commitment(json!({"PricePerUnitHour": "0.1"})), from, until);
    assert_eq!(exactly(&bill.cost_of(3).unwrap()), "0.3");
    assert_eq!((bill.unit_hours, exactly(&bill.cost_of(bill.unit_hours).unwrap()).as_str()), (168, "16.8"));
    assert_eq!(money(&bill.cost_by_second().unwrap()), "16.80");
}

/// A window that is added is paid for, and never saves.
#[test]
fn each_window_has_a_cost_of_its_own() {
    let (from, until) = ("2026-11-23T00:00:00Z".parse().unwrap(), "2026-11-30T00:00:00Z".parse().unwrap());
    let declared = commitment(json!({"Timetable": {"Timezone": "UTC", "Windows": [
        "Mon-Fri 08:00-20:00", {"Window": "Tue 10:00-12:00", "ModelUnits": 3}, "Mon 09:00-10:00",
    ]}}));
    let windows = windows(&declared, from, until);
    let names: Vec<&str> = windows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Mon-Fri 08:00-20:00", "Tue 10:00-12:00", "Mon 09:00-10:00"]);
    let costs: Vec<i64> = windows.iter().map(|(_, unit_hours)| *unit_hours).collect();
    assert!(costs[0] > costs[1] && costs[1] > 0, "{costs:?}");
    assert_eq!(costs[2], 0, "it lies within another");
}

#[test]
fn an_hour_that_is_begun_for_minutes_is_told_with_the_shift_that_saves_it() {
    let (from, until) = ("2026-11-23T00:00:00Z".parse().unwrap(), "2026-11-30T00:00:00Z".parse().unwrap());
    let with = |drain: &str, lead: &str| {
        let timetable = json!({"Timezone": "UTC", "Windows": ["Mon-Fri 08:00-20:00"]});
        commitment(json!({"Timetable": timetable, "Drain": drain, "LeadTime": lead, "ModelUnits": 2}))
    };
    let wasteful = bill(&with("5m", "60m"), from, until);
    assert_eq!(shift(&wasteful), Some((SignedDuration::from_mins(5), 10)), "five days of two units");
    let shifted = bill(&with("5m", "55m"), from, until);
    assert_eq!((shift(&shifted), wasteful.unit_hours - shifted.unit_hours), (None, 10));
}
