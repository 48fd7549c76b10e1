//! The last minutes of a term: two ticks are awake, and either of them may die.

use rehearsal::line::Cut;
use simulator::{Fault, Refuses};

use super::{Scene, stories};

/// Calls in which a tick that goes on writes the record once more.
const A_ROUND: usize = 8;
const DELETE: &str = "DeleteProvisionedModelThroughput";

/// How many calls `line` has made up to and with its first deletion.
fn up_to_deletion(scene: &Scene, line: &str) -> usize {
    let log = scene.log.lock().expect("nobody panicked");
    let mut calls = log.iter().filter(|called| called.by == line);
    calls.position(|called| called.operation == DELETE).expect("it is tried") + 1
}

#[tokio::test]
async fn the_second_tick_ends_the_term_although_the_first_has_written_since_and_dies() {
    let scene = Scene::start().await;
    let tick = stories::Event::Tick;
    let (start, events) = scene.prepare(&stories::a_minute_before_term_end(), &[&tick, &tick]).await;
    let [one, other] = [0, 1].map(|which: usize| events[which].clone().expect("a tick"));
    let [first, second] = &scene.lines;
    let _ended = scene.send(0, one.clone()).await;
    let deletion = up_to_deletion(&scene, "first") - 1;
    let mut second_round = None;
    // Once to count the second tick's calls, and once to hold it after its first round.
    loop {
        scene.back_to(&start);
        first.arm(Some(Cut::Before(deletion)));
        let mut one = Box::pin(scene.send(0, one.clone()));
        assert!(first.until_cut(one.as_mut()).await.is_none(), "it holds the lease, and is about to delete");
        second.arm(second_round.map(Cut::Before));
        let mut other = Box::pin(scene.send(1, other.clone()));
        if second.until_cut(other.as_mut()).await.is_some() {
            assert!(second_round.is_none(), "it was held before");
            second_round = Some(up_to_deletion(&scene, "second"));
            continue;
        }
        let before = scene.log.lock().expect("nobody panicked").len();
        first.arm(Some(Cut::Before(A_ROUND)));
        first.release();
        assert!(first.until_cut(one.as_mut()).await.is_none(), "it is in its next round");
        drop(one);
        let since = scene.log.lock().expect("nobody panicked").split_off(before);
        assert!(since.iter().any(|called| called.operation == "UpdateItem" && called.accepted), "{since:?}");
        // The second has read the record before that; its next round finds what the first has written.
        scene.sim.knobs(|knobs| knobs.delete_before_term_end = Refuses::No);
        let refused = Fault::Refuse { status: 400, code: "ValidationException", message: "not yet" };
        scene.sim.fault(DELETE, 1, refused);
        second.release();
        let _ended = other.await;
        break;
    }
    assert!(scene.sim.throughputs().is_empty(), "AWS renews what is still there when the term ends");
}
