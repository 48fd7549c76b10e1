//! What ends otherwise than a stack expects: a term, a registration that an operator retires, a name that is taken.

use super::*;

fn one_month(more: Value) -> Value {
    let mut properties =
        properties(json!({"CommitmentDuration": "OneMonth", "Purchase": "2026-11", "AtTermEnd": "Retire"}));
    if let (Some(members), Value::Object(more)) = (properties.as_object_mut(), more) {
        members.extend(more);
    }
    properties
}

/// A scene in which the term has ended and its throughput is gone.
async fn ended() -> Scene {
    let scene = Scene::created(&one_month(json!({}))).await;
    let end = scene.world.sim.throughputs()[0].expiration.expect("a term has an end");
    scene.world.sim.set_now(end.saturating_sub(SignedDuration::from_mins(70)).expect("in range"));
    scene.world.pass(80).await;
    assert!(scene.world.sim.throughputs().is_empty() && scene.is_registered());
    scene
}

#[tokio::test]
async fn after_its_term_an_update_of_something_else_buys_no_other_month() {
    let scene = ended().await;
    for (more, wait_for) in [(json!({"Tags": {"team": "sales"}}), "Accepted"), (json!({"Drain": "6m"}), "InService")] {
        let mut declared = one_month(more);
        declared["WaitFor"] = json!(wait_for);
        let request = scene.request("Update", &declared);
        scene.send(&request).await.expect("it is carried out");
        let answer = scene.answer(&request);
        assert_eq!(status(&answer), "SUCCESS", "nothing is due: {answer}");
        assert_eq!((&answer["Data"]["State"], &answer["Data"]["ModelUnits"]), (&json!("Off"), &json!("0")));
        scene.world.pass(10).await;
        assert_eq!(scene.world.sim.history().len(), 1);
    }
}

#[tokio::test]
async fn after_its_term_another_size_is_declared_anew_and_bought() {
    let scene = ended().await;
    let (_, answer) = scene.carry_out("Update", &one_month(json!({"ModelUnits": 2, "Purchase": "2026-12"}))).await;
    assert_eq!(status(&answer), "SUCCESS");
    scene.world.pass(40).await;
    assert_eq!(scene.route(), Some(scene.arn()));
    assert_eq!(scene.world.sim.throughputs()[0].units, 2);
}

#[tokio::test]
async fn a_create_that_somebody_retires_while_it_is_waited_for_fails_at_the_next_tick() {
    let scene = Scene::new().await;
    scene.world.sim.knobs(|knobs| knobs.delete_while_creating = Refuses::No);
    let request = scene.request("Create", &properties(json!({"WaitFor": "InService"})));
    scene.send(&request).await.expect("ticks go on");
    let retire = json!({"Action": "Retire", "Name": scene.name()});
    scene.send(&retire).await.expect("it is retired");
    scene.world.pass(5).await;
    assert!(reason(&scene.answer(&request)).contains("retired"), "{}", scene.answer(&request));
    assert!(scene.world.sim.throughputs().is_empty() && !scene.is_registered());
    assert_eq!(scene.stack.answers(&request), 1);
}
