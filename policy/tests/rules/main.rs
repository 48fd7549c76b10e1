//! The rules of the plan, rule by rule: a situation, and what is planned in it.
//!
//! Each rule of docs/policy.md has a table of rows; the suite fails if one has none.

#![expect(clippy::expect_used, reason = "a test stops at what it must not meet")]
#![expect(clippy::too_many_lines, reason = "a rule's table is read as one")]

mod goal;
mod legacy;
mod money;
mod on_and_off;
mod parameters;
mod proof;
mod purchases;
mod reject;
#[path = "../scene/mod.rs"]
mod scene;
mod sizes;
mod terms;
mod touch;

use policy::plan::Plan;

use scene::Scene;

/// One situation and what is planned in it.
struct Row {
    rule: u8,
    situation: &'static str,
    scene: Scene,
    /// The plan's lines; see [`Scene::lines`].
    expected: Vec<String>,
    also: Vec<Check>,
}

type Check = (&'static str, fn(&Plan) -> bool);

fn row(rule: u8, situation: &'static str, scene: Scene, expected: &[&str]) -> Row {
    let expected = expected.iter().map(|line| (*line).to_owned()).collect();
    Row { rule, situation, scene, expected, also: Vec::new() }
}

impl Row {
    /// What else is true of the plan.
    fn also(mut self, says: &'static str, check: fn(&Plan) -> bool) -> Self {
        self.also.push((says, check));
        self
    }

    fn fails(&self) -> Option<String> {
        let Self { rule, situation, scene, expected, also } = self;
        let lines = scene.lines();
        let told = format!("rule {rule}, {situation}:\n  {}", lines.join("\n  "));
        if lines != *expected {
            return Some(format!("{told}\nbut expected:\n  {}", expected.join("\n  ")));
        }
        let plan = (!also.is_empty()).then(|| scene.plan())?;
        let wrong = also.iter().find(|(_, check)| !check(&plan));
        wrong.map(|(says, _)| format!("{told}\nis right, but not that {says}:\n{:#?}", plan.progress))
    }
}

/// Plays every row, and tells all that fail.
fn check(rows: &[Row]) {
    let wrong: Vec<String> = rows.iter().filter_map(Row::fails).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n\n{}", wrong.len(), rows.len(), wrong.join("\n\n"));
}

#[test]
fn each_of_the_fourteen_rules_has_a_row() {
    let tables = [
        on_and_off::rule_1(),
        on_and_off::rule_2(),
        sizes::rule_3(),
        sizes::rule_4(),
        proof::rule_5(),
        proof::rule_6(),
        touch::rule_7(),
        touch::rule_8(),
        legacy::rule_9(),
        terms::rule_10(),
        money::rule_11(),
        money::rule_12(),
        reject::rule_13(),
        reject::rule_14(),
    ];
    for (table, rule) in tables.iter().zip(1..) {
        assert!(!table.is_empty() && table.iter().all(|row| row.rule == rule), "rule {rule} has rows of its own");
    }
}
