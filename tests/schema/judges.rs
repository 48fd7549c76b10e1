//! The parser and the schema, asked about the same.

use policy::commitment::{Commitment, Name};
use policy::input::Mistakes;
use schema_judge::{Validator, validator};
use serde_json::Value;

/// The parser and the schema of declarations, or those of a custom resource's properties, side by side.
pub(crate) struct Judges {
    pub(crate) document: Value,
    validator: Validator,
    by_parser: fn(&Value, &mut Mistakes) -> Option<Commitment>,
}

impl Judges {
    pub(crate) fn of_commitments() -> Self {
        Self::new(Commitment::schema(), |value, mistakes| Commitment::read(value, "", mistakes))
    }

    pub(crate) fn of_properties() -> Self {
        Self::new(Commitment::properties_schema(), |value, mistakes| {
            let name: Name = "Throughput-0a1b2c3d".parse().expect("a name");
            Commitment::read_properties(name, value, "", mistakes)
        })
    }

    fn new(document: Value, by_parser: fn(&Value, &mut Mistakes) -> Option<Commitment>) -> Self {
        let validator = validator(&document).expect("a schema of draft 2020-12");
        Self { document, validator, by_parser }
    }

    /// What the schema has against `value`.
    pub(crate) fn by_schema(&self, value: &Value) -> Vec<String> {
        self.validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    pub(crate) fn parse(&self, value: &Value) -> Result<Commitment, Mistakes> {
        let mut mistakes = Mistakes::default();
        let commitment = (self.by_parser)(value, &mut mistakes);
        mistakes.or(commitment)
    }

    pub(crate) fn both_accept(&self, value: &Value) -> Commitment {
        let commitment = self.parse(value);
        let commitment = commitment.unwrap_or_else(|mistakes| panic!("the parser refuses {value}: {mistakes}"));
        let mistakes = self.by_schema(value);
        assert!(mistakes.is_empty(), "the schema refuses {value}: {mistakes:?}");
        commitment
    }

    pub(crate) fn both_refuse(&self, value: &Value) {
        assert!(self.parse(value).is_err(), "the parser accepts {value}");
        assert!(!self.by_schema(value).is_empty(), "the schema accepts {value}");
    }

    /// That the schema, which cannot know, accepts what the parser refuses.
    pub(crate) fn only_the_parser_refuses(&self, value: &Value) {
        assert!(self.parse(value).is_err(), "the parser accepts {value}");
        let mistakes = self.by_schema(value);
        assert!(mistakes.is_empty(), "the schema knows of {value}: {mistakes:?}");
    }
}
