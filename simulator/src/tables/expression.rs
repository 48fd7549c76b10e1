//! What does an expression say? The grammar of conditions, updates and projections.

use serde_json::Value;

use super::attribute::kind;
use super::words::{Placeholders, Word, words};
use crate::api::Refusal;

/// A step into an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
}

/// The way to an attribute.
pub(crate) type Path = Vec<Step>;

/// What a condition compares.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Path(Path),
    Value(Value),
    Size(Path),
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    /// One in parentheses.
    Group(Box<Condition>),
    Compare(Operand, &'static str, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path),
    NotExists(Path),
    IsOfType(Path, Operand),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
}

/// The condition that the member `key` of `body` holds, if it is there.
pub(crate) fn condition(body: &Value, key: &str, given: &Placeholders) -> Result<Option<Condition>, Refusal> {
    read(body, key, given, |reader| {
        let condition = reader.any_of()?;
        reader.end()?;
        Ok(condition)
    })
}

/// The paths that the projection of `body` names.
pub(crate) fn projection(body: &Value, given: &Placeholders) -> Result<Option<Vec<Path>>, Refusal> {
    read(body, "ProjectionExpression", given, |reader| {
        let paths = reader.list(Reader::path)?;
        reader.end()?;
        without_overlap(&paths)?;
        Ok(paths)
    })
}

pub(super) fn read<T>(
    body: &Value,
    key: &str,
    given: &Placeholders,
    how: impl FnOnce(&mut Reader<'_>) -> Result<T, String>,
) -> Result<Option<T>, Refusal> {
    let Some(text) = body[key].as_str() else { return Ok(None) };
    let found = words(text).and_then(|words| how(&mut Reader { words, at: 0, given, text }));
    found.map(Some).map_err(|why| Refusal::malformed(format!("Invalid {key}: {why}")))
}

/// Refuses paths of which one is, or leads to, another.
pub(super) fn without_overlap(paths: &[Path]) -> Result<(), String> {
    for (index, one) in paths.iter().enumerate() {
        if let Some(other) = paths[index + 1..].iter().find(|other| one.starts_with(other) || other.starts_with(one)) {
            let what = "Two document paths overlap with each other; must remove or rewrite one of these paths";
            return Err(format!("{what}; path one: {one:?}, path two: {other:?}"));
        }
    }
    Ok(())
}

/// Reads the words of an expression one after the other.
pub(super) struct Reader<'a> {
    words: Vec<Word>,
    at: usize,
    given: &'a Placeholders,
    text: &'a str,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    pub(super) fn end(&self) -> Result<(), String> {
        self.peek().map_or(Ok(()), |_| Err(self.unexpected()))
    }

    pub(super) fn unexpected(&self) -> String {
        let token = self.peek().map_or("<EOF>".to_owned(), |word| format!("{word:?}"));
        format!("Syntax error; token: {token}, near: \"{}\"", self.text)
    }

    /// Takes the sign if it comes next.
    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Word::Sign(next)) if *next == sign);
        self.at += usize::from(is);
        is
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Takes the keyword, in any letter case, if it comes next.
    pub(super) fn keyword(&mut self, keyword: &str) -> bool {
        let is = matches!(self.peek(), Some(Word::Name(name)) if name.eq_ignore_ascii_case(keyword));
        self.at += usize::from(is);
        is
    }

    /// The function that is called next, and its opening parenthesis.
    pub(super) fn function(&mut self) -> Option<String> {
        let (Some(Word::Name(name)), Some(Word::Sign("("))) = (self.peek(), self.words.get(self.at + 1)) else {
            return None;
        };
        let name = name.clone();
        self.at += 2;
        Some(name)
    }

    pub(super) fn list<T>(&mut self, one: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut found = vec![one(self)?];
        while self.sign(",") {
            found.push(one(self)?);
        }
        Ok(found)
    }

    pub(super) fn path(&mut self) -> Result<Path, String> {
        let mut path = vec![self.step()?];
        loop {
            if self.sign(".") {
                path.push(self.step()?);
            } else if self.sign("[") {
                let Some(Word::Index(index)) = self.peek().cloned() else { return Err(self.unexpected()) };
                self.at += 1;
                self.expect("]")?;
                path.push(Step::Index(index));
            } else {
                return Ok(path);
            }
        }
    }

    fn step(&mut self) -> Result<Step, String> {
        match self.peek() {
            Some(word @ (Word::Name(_) | Word::NamePlaceholder(_))) => {
                let name = self.given.name(word)?;
                self.at += 1;
                Ok(Step::Name(name))
            }
            Some(Word::ValuePlaceholder(_) | Word::Index(_) | Word::Sign(_)) | None => Err(self.unexpected()),
        }
    }

    /// The value of a placeholder, if one comes next.
    pub(super) fn value(&mut self) -> Result<Option<Value>, String> {
        let Some(Word::ValuePlaceholder(key)) = self.peek().cloned() else { return Ok(None) };
        self.at += 1;
        self.given.value(&key).map(Some)
    }

    fn any_of(&mut self) -> Result<Condition, String> {
        let mut found = self.all_of()?;
        while self.keyword("OR") {
            found = Condition::Or(Box::new(found), Box::new(self.all_of()?));
        }
        Ok(found)
    }

    fn all_of(&mut self) -> Result<Condition, String> {
        let mut found = self.one()?;
        while self.keyword("AND") {
            found = Condition::And(Box::new(found), Box::new(self.one()?));
        }
        Ok(found)
    }

    fn one(&mut self) -> Result<Condition, String> {
        if self.keyword("NOT") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.sign("(") {
            let inner = self.any_of()?;
            self.expect(")")?;
            if matches!(inner, Condition::Group(_)) {
                return Err("The expression has redundant parentheses;".to_owned());
            }
            return Ok(Condition::Group(Box::new(inner)));
        }
        let before = self.at;
        if let Some(name) = self.function() {
            if name != "size" {
                let found = self.test(&name)?;
                self.expect(")")?;
                return Ok(found);
            }
            self.at = before;
        }
        self.comparison()
    }

    fn test(&mut self, name: &str) -> Result<Condition, String> {
        match name {
            "attribute_exists" => Ok(Condition::Exists(self.path()?)),
            "attribute_not_exists" => Ok(Condition::NotExists(self.path()?)),
            "attribute_type" => {
                let path = self.path()?;
                self.expect(",")?;
                Ok(Condition::IsOfType(path, self.operand()?))
            }
            "begins_with" | "contains" => {
                let held = self.operand()?;
                self.expect(",")?;
                let part = self.operand()?;
                if name == "contains" {
                    return distinct(&held, &part).map(|()| Condition::Contains(held, part));
                }
                fits("function: begins_with", &part, &["S", "B"])?;
                Ok(Condition::BeginsWith(held, part))
            }
            _ => Err(format!("Invalid function name; function: {name}")),
        }
    }

    fn operand(&mut self) -> Result<Operand, String> {
        if let Some(value) = self.value()? {
            return Ok(Operand::Value(value));
        }
        match self.function().as_deref() {
            None => Ok(Operand::Path(self.path()?)),
            Some("size") => {
                let path = self.path()?;
                self.expect(")")?;
                Ok(Operand::Size(path))
            }
            Some(other) => Err(format!("The function is not allowed to be used this way in an expression: {other}")),
        }
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        let left = self.operand()?;
        if self.keyword("BETWEEN") {
            let low = self.operand()?;
            if !self.keyword("AND") {
                return Err(self.unexpected());
            }
            let high = self.operand()?;
            for bound in [&low, &high] {
                fits("operator: BETWEEN", bound, &["S", "N", "B"])?;
            }
            if let (Operand::Value(low), Operand::Value(high)) = (&low, &high)
                && super::attribute::compare(low, high).is_none_or(std::cmp::Ordering::is_gt)
            {
                let what = "The BETWEEN operator requires upper bound to be greater than or equal to lower bound";
                return Err(what.to_owned());
            }
            return Ok(Condition::Between(left, low, high));
        }
        if self.keyword("IN") {
            self.expect("(")?;
            let among = self.list(Self::operand)?;
            self.expect(")")?;
            return Ok(Condition::In(left, among));
        }
        for sign in ["=", "<>", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                let right = self.operand()?;
                distinct(&left, &right)?;
                if sign != "=" && sign != "<>" {
                    fits(&format!("operator: {sign}"), &right, &["S", "N", "B"])?;
                    fits(&format!("operator: {sign}"), &left, &["S", "N", "B"])?;
                }
                return Ok(Condition::Compare(left, sign, right));
            }
        }
        Err(self.unexpected())
    }
}

fn distinct(left: &Operand, right: &Operand) -> Result<(), String> {
    if left == right && matches!(left, Operand::Path(_)) {
        return Err(
            "The first operand must be distinct from the remaining operands for this operator or function".into()
        );
    }
    Ok(())
}

fn fits(what: &str, operand: &Operand, kinds: &[&str]) -> Result<(), String> {
    match operand {
        Operand::Value(value) if !kinds.contains(&kind(value)) => Err(format!(
            "Incorrect operand type for operator or function; operator or function {what}, operand type: {}",
            kind(value)
        )),
        Operand::Value(_) | Operand::Path(_) | Operand::Size(_) => Ok(()),
    }
}
