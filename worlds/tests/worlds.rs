//! The fixed part of the search, and whether it can fail at all.

use worlds::{Explored, Walk, beyond, explore, fixed, walk};

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

#[test]
fn a_broken_rule_is_told_as_a_test_that_walks_the_same_path() {
    let (world, limit) = beyond();
    let Some(found) = explore(&world, limit).broken else { panic!("the search found nothing") };
    let path: Vec<&str> = found.path.iter().map(String::as_str).collect();
    let there = Walk { taken: path.len(), broken: Some(found.rule.clone()) };
    assert_eq!(walk(world.name, &path), there);
    // A policy that leaves the path is followed to its calm end.
    assert_eq!(walk(world.name, &path[..3]), Walk { taken: 3, broken: None });
    assert_eq!(walk(world.name, &[path[0], "0:00:00  what no policy does"]), Walk { taken: 1, broken: None });
    // A test that walks nothing would hold for ever.
    let nowhere = walk(world.name, &["0:00:00  what no policy does"]);
    assert_eq!(nowhere.broken.as_deref(), Some("nothing begins with `0:00:00  what no policy does`"));
    assert!(walk("no such world", &path).broken.is_some());
    assert!(include_str!("found.rs").contains(&found.test()), "found.rs does not hold:\n{}", found.test());
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
