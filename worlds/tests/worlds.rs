//! The fixed part of the search, and whether it can fail at all.

use worlds::{Explored, beyond, explore, fixed};

#[test]
fn no_small_world_breaks_a_rule() {
    for (world, limit) in fixed() {
        let Explored { states, complete, followed, broken, .. } = explore(&world, limit);
        assert!(broken.is_none(), "{}: {}\n{}", world.name, broken.rule(), broken.diary());
        assert!(states >= limit.min(10_000) || complete, "{}: only {states} states", world.name);
        assert!(!complete || followed == states, "{}: {followed} of {states} were followed", world.name);
    }
}

#[test]
fn what_the_design_cannot_promise_is_found_and_told_as_a_diary() {
    let (world, limit) = beyond();
    let found = explore(&world, limit).broken;
    assert_eq!(found.rule(), "rule 4: a-16ee56 is paid for twice");
    let diary = found.diary();
    assert_eq!(diary.matches("Missed(2)").count(), 2, "{diary}");
    assert!(diary.ends_with("does buy a-16ee56: 1 model unit of amazon.nova-lite-v1:0:24k, without a term"), "{diary}");
}

trait Told {
    fn rule(&self) -> String;
    fn diary(&self) -> String;
}

impl Told for Option<worlds::Broken> {
    fn rule(&self) -> String {
        self.as_ref().map(|broken| broken.rule.clone()).unwrap_or_default()
    }

    fn diary(&self) -> String {
        self.as_ref().map(|broken| broken.diary().join("\n")).unwrap_or_default()
    }
}
