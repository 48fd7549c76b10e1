//! Names and records: rows 27 to 32.

use super::*;

#[tokio::test]
async fn row_27_a_model_by_its_id_and_by_its_arn_is_the_same_throughput() {
    let world = in_service(json!({})).await;
    let arn = only(&world).arn;
    let model = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-lite-v1:0:24k";
    apply(&world, json!({"ModelId": model})).await;
    world.pass(45).await;
    assert_eq!((only(&world).arn, bought(&world)), (arn.clone(), 1));
    assert_eq!(route(&world), Some(arn));
}

#[tokio::test]
async fn row_28_a_custom_model_by_name_or_arn_is_kept_when_its_base_is_legacy() {
    let arn = "arn:aws:bedrock:eu-central-1:123456789012:custom-model/amazon.nova-lite-v1:0/abcdefghijkl";
    for model in ["my-model", arn] {
        let world = world().await;
        world.sim.add_named_custom_model("my-model", arn, MODEL);
        let office = json!({"Timezone": "UTC", "Windows": ["Mon-Fri 00:00-10:00"]});
        apply(&world, json!({"ModelId": model, "Timetable": office})).await;
        world.pass(40).await;
        let bought = only(&world).arn;
        world.sim.set_model_lifecycle(MODEL, "LEGACY");
        world.run_until(at("2026-11-16T11:00:00Z"), |_, _| {}).await;
        assert_eq!(only(&world).arn, bought, "{model}: it could not be bought again");
        act(&world, "ScaleDown").await;
        world.pass(15).await;
        assert!(world.sim.throughputs().is_empty(), "{model}");
    }
}

#[tokio::test]
async fn row_29_keys_that_a_newer_release_wrote_stop_nothing_and_are_kept() {
    let world = in_service(json!({})).await;
    let key = format!("commitment/{NAME}");
    let mut item = world.sim.item(TABLE, &key).expect("it is registered");
    let arn = only(&world).arn;
    item["Newer"] = json!({"Key": 1});
    item["Declared"]["Newer"] = json!("declared");
    item["Declared"]["Commitment"]["Newer"] = json!("commitment");
    item["Progress"]["Newer"] = json!(["progress"]);
    item["Progress"]["Throughputs"][&arn]["Newer"] = json!(true);
    world.sim.put_item(TABLE, &key, &item);
    world.pass(2).await;
    send(&world, json!({"Action": "Override", "Name": NAME, "State": "On", "For": "1h", "ModelUnits": 2})).await;
    world.pass(45).await;
    let kept = record(&world, NAME).expect("it is registered");
    assert_eq!(kept["Newer"], json!({"Key": 1}));
    assert_eq!(kept["Declared"]["Newer"], json!("declared"));
    assert_eq!(kept["Declared"]["Commitment"]["Newer"], json!("commitment"));
    assert_eq!(kept["Progress"]["Newer"], json!(["progress"]));
    act(&world, "Retire").await;
    world.pass(20).await;
    assert!(world.sim.throughputs().is_empty() && record(&world, NAME).is_none());
}

#[tokio::test]
async fn row_29_a_record_of_a_newer_format_is_let_go_not_bought_for_and_not_forgotten() {
    let world = in_service(json!({})).await;
    let key = format!("commitment/{NAME}");
    let mut item = world.sim.item(TABLE, &key).expect("it is registered");
    item["Format"] = json!(99);
    world.sim.put_item(TABLE, &key, &item);
    world.pass(20).await;
    assert!(world.sim.throughputs().is_empty());
    assert_eq!(route(&world), None);
    assert_eq!(bought(&world), 1);
    let kept = record(&world, NAME).expect("it is not forgotten");
    assert_eq!((&kept["Format"], &kept["Declared"]["Commitment"]), (&json!(99), &item["Declared"]["Commitment"]));
}

#[tokio::test]
async fn row_30_the_event_of_a_tick_carries_a_name_alone() {
    let (stack, world) = stack().await;
    let create = stack.request("Create", LOGICAL_ID, &properties(json!({"WaitFor": "InService"})), world.now());
    world.send(create).await.expect("it is registered");
    let schedule = world.sim.schedules()[0].clone();
    let input: Value = serde_json::from_str(&schedule.input).expect("JSON");
    let keys: Vec<&String> = input.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["Action", "Name", "Set"]);
    assert_eq!((&schedule.group, &input["Name"]), (&GROUP.to_owned(), &json!(schedule.name)));
    assert!(!schedule.definition.to_string().contains("X-Amz-Signature"));
}

#[tokio::test]
async fn row_31_a_role_that_cannot_be_assumed_yet_is_tried_again_for_a_minute() {
    let (stack, world) = stack().await;
    let soon = world.now().saturating_add(seconds(25)).expect("in range");
    world.sim.knobs(|knobs| knobs.role_assumable_from = Some(soon));
    let create = stack.request("Create", LOGICAL_ID, &properties(json!({})), world.now());
    let (_, answer) = stack.carry_out(&world, &create).await;
    assert_eq!(answer.expect("answered")["Status"], json!("SUCCESS"));
    world.pass(40).await;
    assert_eq!(route(&world), Some(only(&world).arn));
}

#[tokio::test]
async fn row_31_a_role_that_never_can_is_failed_and_nothing_is_bought() {
    let (stack, world) = stack().await;
    world.sim.knobs(|knobs| knobs.role_assumable_from = Some(Timestamp::MAX));
    let create = stack.request("Create", LOGICAL_ID, &properties(json!({})), world.now());
    world.send(create.clone()).await.expect("it is answered");
    let answer = stack.answer(&create).expect("answered");
    assert_eq!(answer["Status"], json!("FAILED"), "{answer}");
    assert!(answer["Reason"].to_string().contains("assume the role"), "{answer}");
    assert_eq!(bought(&world), 0);
}

#[tokio::test]
async fn row_32_a_refusal_that_may_pass_is_a_problem_after_five_minutes() {
    let world = world().await;
    apply(&world, json!({})).await;
    world.run_until(at("2026-11-16T00:34:00Z"), |_, _| {}).await;
    world.sim.knobs(|knobs| knobs.not_prepared_until = Some(at("2026-11-16T00:46:00Z")));
    world.run_until(at("2026-11-16T00:38:00Z"), |_, _| {}).await;
    assert_eq!(problems(&world).await, "", "not yet");
    world.run_until(at("2026-11-16T00:44:00Z"), |_, _| {}).await;
    let said = problems(&world).await;
    assert!(said.to_lowercase().contains("not prepared"), "{said}");
    let status = act(&world, "Status").await;
    assert!(status["LastProblems"].to_string().to_lowercase().contains("not prepared"), "{status}");
    world.run_until(at("2026-11-16T00:51:00Z"), |_, _| {}).await;
    assert_eq!(route(&world), Some(only(&world).arn));
    assert_eq!(act(&world, "Status").await["LastProblems"], Value::Null);
}

#[tokio::test]
async fn nothing_is_bought_or_registered_in_a_table_that_is_not_the_deployments() {
    for what in ["missing", "other", "closed", "restored"] {
        let world = in_service(json!({})).await;
        let mut item = world.sim.item(TABLE, "deployment").expect("it is open");
        match what {
            "missing" => world.sim.delete_item(TABLE, "deployment"),
            "other" => {
                item["Name"] = json!("another");
                world.sim.put_item(TABLE, "deployment", &item);
            }
            "closed" => {
                item["Open"] = json!(false);
                world.sim.put_item(TABLE, "deployment", &item);
            }
            _ => {
                let items = world.sim.items(TABLE);
                world.sim.restore_table(TABLE, &items);
            }
        }
        let handler = rehearsal::handler(&world.sim, &[]);
        let world = World { sim: std::sync::Arc::clone(&world.sim), handler };
        let mut second = commitment(json!({"AgentAliases": []}));
        second["Name"] = json!("second");
        let error = world.send(json!({"Action": "Apply", "Commitment": second})).await.expect_err(what);
        assert_eq!(error.kind(), "NotAllowed", "{what}: {error}");
        act(&world, "ScaleDown").await;
        world.pass(15).await;
        assert!(world.sim.throughputs().is_empty(), "{what}: letting go and deleting go on");
        let _refused = world.send(json!({"Action": "ScaleUp", "Name": NAME})).await;
        world.pass(3).await;
        assert_eq!(bought(&world), 1, "{what}");
        world.send(json!({"Action": "Adopt"})).await.expect(what);
        world.pass(45).await;
        assert_eq!((bought(&world), route(&world).is_some()), (2, true), "{what}: after Adopt");
    }
}

#[tokio::test]
async fn a_table_is_taken_up_though_the_answer_was_lost_and_what_a_newer_release_wrote_is_kept() {
    let world = world().await;
    let mut item = world.sim.item(TABLE, "deployment").expect("it is open");
    item["Name"] = json!("another");
    item["Newer"] = json!("kept");
    world.sim.put_item(TABLE, "deployment", &item);
    world.sim.fault("PutItem", 1, Fault::LoseAnswer);
    world.send(json!({"Action": "Adopt"})).await.expect("it is taken up");
    let taken = world.sim.item(TABLE, "deployment").expect("it is there");
    assert_eq!((&taken["Name"], &taken["Newer"]), (&json!(DEPLOYMENT), &json!("kept")));
    let written = world.sim.requests().iter().filter(|request| request.operation == "PutItem").count();
    world.send(json!({"Action": "Adopt"})).await.expect("it was taken up");
    let again = world.sim.requests().iter().filter(|request| request.operation == "PutItem").count();
    assert_eq!(written, again, "there was nothing to write");
}
