//! Does a path that once broke a rule still break it?
//!
//! A broken rule is printed as a test, too: the steps of its path, in the words of the diary. The test walks them again.
//! A mended policy leaves the path somewhere. From there on nothing goes wrong any more, and the rules have to hold
//! until everything has settled.

use std::fmt::Write as _;

use crate::catalogue::named;
use crate::next::Next;
use crate::search::{Broken, Calm, calm_end, told};
use crate::state::State;

/// What came of a path that was walked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// How many of its steps were still there.
    pub taken: usize,
    /// The rule that was broken on it, or in its calm end.
    pub broken: Option<String>,
}

/// Walks `path` in the world of this name: as far as its steps are there, then calmly to the end.
#[must_use]
pub fn walk(world: &str, path: &[&str]) -> Walk {
    let nothing = |broken: String| Walk { taken: 0, broken: Some(broken) };
    let Some(world) = named(world) else { return nothing(format!("there is no world `{world}`")) };
    let mut state = State::begin(&world);
    let mut taken = 0;
    for line in path {
        let step = told(&world, &state).into_iter().find(|(said, _)| said == line);
        let Some((_, Next { state: after, broken, .. })) = step else { break };
        taken += 1;
        if broken.is_some() {
            return Walk { taken, broken };
        }
        state = after;
    }
    match path.first() {
        Some(first) if taken == 0 => nothing(format!("nothing begins with `{first}`")),
        Some(_) | None => {
            let Calm { rule, said: _ } = calm_end(&world, state);
            Walk { taken, broken: rule }
        }
    }
}

impl Broken {
    /// The path and its calm end, a line for each step.
    pub fn diary(&self) -> Vec<&str> {
        let calm = (!self.end.is_empty()).then_some("-- from here on nothing goes wrong any more --");
        let lines = self.path.iter().map(String::as_str).chain(calm);
        lines.chain(self.end.iter().map(String::as_str)).collect()
    }

    /// A test for `worlds/tests/` that walks the path: it fails as long as the rule is broken on it.
    pub fn test(&self) -> String {
        let mut test = format!("#[test]\nfn {}() {{\n    let path = [\n", self.test_name());
        for line in &self.path {
            let _ = writeln!(test, "        {line:?},");
        }
        let _ = writeln!(test, "    ];\n    assert_eq!(walk({:?}, &path).broken, None);\n}}", self.world);
        test
    }

    /// World and rule as the name of a function.
    fn test_name(&self) -> String {
        let words = format!("{} {}", self.world, self.rule).to_lowercase();
        let words = words.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join("_")
    }
}
