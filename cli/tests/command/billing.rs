//! Is what a preview says it will cost what the function runs up?

use jiff::Timestamp;
use policy::commitment::Commitment;
use policy::input::Mistakes;
use rehearsal::World;
use serde_json::{Value, json};
use throughput_cli::bill::bill;

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
