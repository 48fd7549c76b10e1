//! What does an update expression make of an item?

use serde_json::{Map, Value, json};

use super::attribute::{Item, kind, parts, sum};
use super::condition::find;
use super::expression::{Path, Reader, Step, read, without_overlap};
use super::words::Placeholders;
use crate::api::Refusal;

/// What an attribute is set to.
#[derive(Debug, Clone)]
enum Source {
    Path(Path),
    Value(Value),
    IfNotExists(Path, Box<Source>),
    Append(Box<Source>, Box<Source>),
    Sum(Box<Source>, Box<Source>, bool),
}

/// The changes of an update, each to one path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Update {
    set: Vec<(Path, Source)>,
    remove: Vec<Path>,
    add: Vec<(Path, Value)>,
    delete: Vec<(Path, Value)>,
}

/// The update that `body` asks for; one that is absent makes an item that has its key alone.
pub(crate) fn update(body: &Value, given: &Placeholders) -> Result<Update, Refusal> {
    let found = read(body, "UpdateExpression", given, sections)?.unwrap_or_default();
    if found.paths().any(|path| path.first() == Some(&Step::Name("Key".to_owned()))) {
        let message =
            "One or more parameter values were invalid: Cannot update attribute Key. This attribute is part of the key";
        return Err(Refusal::malformed(message));
    }
    Ok(found)
}

fn sections(reader: &mut Reader<'_>) -> Result<Update, String> {
    let mut update = Update::default();
    loop {
        let twice = |section: &str, empty: bool| {
            let what = format!("The \"{section}\" section can only be used once in an update expression;");
            if empty { Ok(()) } else { Err(what) }
        };
        if reader.keyword("SET") {
            twice("SET", update.set.is_empty())?;
            update.set = reader.list(|reader| {
                let path = reader.path()?;
                reader.expect("=")?;
                Ok((path, value(reader)?))
            })?;
        } else if reader.keyword("REMOVE") {
            twice("REMOVE", update.remove.is_empty())?;
            update.remove = reader.list(Reader::path)?;
        } else if reader.keyword("ADD") {
            twice("ADD", update.add.is_empty())?;
            update.add = reader.list(|reader| pair(reader, "ADD", &["N", "SS", "NS", "BS"]))?;
        } else if reader.keyword("DELETE") {
            twice("DELETE", update.delete.is_empty())?;
            update.delete = reader.list(|reader| pair(reader, "DELETE", &["SS", "NS", "BS"]))?;
        } else {
            reader.end()?;
            let paths: Vec<Path> = update.paths().cloned().collect();
            without_overlap(&paths)?;
            return Ok(update);
        }
    }
}

fn pair(reader: &mut Reader<'_>, section: &str, kinds: &[&str]) -> Result<(Path, Value), String> {
    let path = reader.path()?;
    let Some(value) = reader.value()? else { return Err(reader.unexpected()) };
    if !kinds.contains(&kind(&value)) {
        let what = "Incorrect operand type for operator or function; operator";
        return Err(format!("{what}: {section}, operand type: {}", kind(&value)));
    }
    Ok((path, value))
}

fn value(reader: &mut Reader<'_>) -> Result<Source, String> {
    let first = source(reader)?;
    for (sign, minus) in [("+", false), ("-", true)] {
        if reader.sign(sign) {
            return Ok(Source::Sum(Box::new(first), Box::new(source(reader)?), minus));
        }
    }
    Ok(first)
}

fn source(reader: &mut Reader<'_>) -> Result<Source, String> {
    if let Some(value) = reader.value()? {
        return Ok(Source::Value(value));
    }
    let found = match reader.function().as_deref() {
        None => return reader.path().map(Source::Path),
        Some("if_not_exists") => {
            let path = reader.path()?;
            reader.expect(",")?;
            Source::IfNotExists(path, Box::new(source(reader)?))
        }
        Some("list_append") => {
            let first = source(reader)?;
            reader.expect(",")?;
            Source::Append(Box::new(first), Box::new(source(reader)?))
        }
        Some(other) => return Err(format!("Invalid function name; function: {other}")),
    };
    reader.expect(")")?;
    Ok(found)
}

const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";

impl Source {
    fn value(&self, item: &Item) -> Result<Value, Refusal> {
        let missing =
            || Refusal::validation("The provided expression refers to an attribute that does not exist in the item");
        match self {
            Self::Value(value) => Ok(value.clone()),
            Self::Path(path) => find(item, path).cloned().ok_or_else(missing),
            Self::IfNotExists(path, other) => find(item, path).cloned().map_or_else(|| other.value(item), Ok),
            Self::Append(one, other) => {
                let (mut one, other) = (one.value(item)?, other.value(item)?);
                match (one["L"].as_array_mut(), other["L"].as_array()) {
                    (Some(elements), Some(more)) => elements.extend(more.iter().cloned()),
                    _ => return Err(Refusal::validation(WRONG_TYPE)),
                }
                Ok(one)
            }
            Self::Sum(one, other, minus) => {
                let (one, other) = (one.value(item)?, other.value(item)?);
                let numbers = one["N"].as_str().zip(other["N"].as_str());
                let (one, other) = numbers.ok_or_else(|| Refusal::validation(WRONG_TYPE))?;
                Ok(json!({"N": sum(one, other, *minus)?}))
            }
        }
    }
}

impl Update {
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let Self { set, remove, add, delete } = self;
        let given = add.iter().chain(delete).map(|(path, _)| path);
        set.iter().map(|(path, _)| path).chain(remove).chain(given)
    }

    /// The attributes, by their first names, that it touches.
    pub(crate) fn touches(&self) -> impl Iterator<Item = &str> {
        self.paths().filter_map(|path| match path.first() {
            Some(Step::Name(name)) => Some(name.as_str()),
            Some(Step::Index(_)) | None => None,
        })
    }

    /// Changes `item`. Everything is worked out from the item as it was.
    pub(crate) fn apply(&self, item: &mut Item) -> Result<(), Refusal> {
        let before = item.clone();
        for (path, source) in &self.set {
            place(item, path, source.value(&before)?)?;
        }
        for (path, value) in &self.add {
            place(item, path, added(find(&before, path), value)?)?;
        }
        let mut gone: Vec<&Path> = self.remove.iter().collect();
        for (path, value) in &self.delete {
            match find(&before, path).map(|held| without(held, value)).transpose()? {
                Some(Some(left)) => place(item, path, left)?,
                Some(None) => gone.push(path),
                None => {}
            }
        }
        // From the back, so that no element moves before it is looked for.
        gone.sort_by_key(|path| match path.last() {
            Some(Step::Index(index)) => std::cmp::Reverse(Some(*index)),
            Some(Step::Name(_)) | None => std::cmp::Reverse(None),
        });
        gone.into_iter().try_for_each(|path| remove(item, path))
    }
}

fn invalid() -> Refusal {
    Refusal::validation("The document path provided in the update expression is invalid for update")
}

/// The attributes beside the last step of `path`, and that step.
fn beside<'a, 'b>(item: &'a mut Item, path: &'b [Step]) -> Result<(&'b Step, Option<&'a mut Value>), Refusal> {
    let Some((last, way)) = path.split_last() else { return Err(invalid()) };
    let Some((Step::Name(first), way)) = way.split_first() else { return Ok((last, None)) };
    let mut at = item.get_mut(first).ok_or_else(invalid)?;
    for step in way {
        at = match step {
            Step::Name(name) => at.get_mut("M").and_then(|members| members.get_mut(name)),
            Step::Index(index) => at.get_mut("L").and_then(|elements| elements.get_mut(*index)),
        }
        .ok_or_else(invalid)?;
    }
    Ok((last, Some(at)))
}

fn place(item: &mut Item, path: &[Step], value: Value) -> Result<(), Refusal> {
    if let [Step::Name(name)] = path {
        item.insert(name.clone(), value);
        return Ok(());
    }
    let (last, parent) = beside(item, path)?;
    let parent = parent.ok_or_else(invalid)?;
    match last {
        Step::Name(name) => {
            members(parent)?.insert(name.clone(), value);
        }
        Step::Index(index) => {
            let elements = parent.get_mut("L").and_then(Value::as_array_mut).ok_or_else(invalid)?;
            match elements.get_mut(*index) {
                Some(element) => *element = value,
                None => elements.push(value),
            }
        }
    }
    Ok(())
}

fn members(parent: &mut Value) -> Result<&mut Map<String, Value>, Refusal> {
    parent.get_mut("M").and_then(Value::as_object_mut).ok_or_else(invalid)
}

fn remove(item: &mut Item, path: &[Step]) -> Result<(), Refusal> {
    if let [Step::Name(name)] = path {
        item.remove(name);
        return Ok(());
    }
    let (last, parent) = beside(item, path)?;
    let parent = parent.ok_or_else(invalid)?;
    match last {
        Step::Name(name) => {
            members(parent)?.remove(name);
        }
        Step::Index(index) => {
            let elements = parent.get_mut("L").and_then(Value::as_array_mut).ok_or_else(invalid)?;
            if *index < elements.len() {
                elements.remove(*index);
            }
        }
    }
    Ok(())
}

fn added(held: Option<&Value>, value: &Value) -> Result<Value, Refusal> {
    let Some(held) = held else { return Ok(value.clone()) };
    match (parts(held), parts(value)) {
        (Some(("N", Value::String(held))), Some(("N", Value::String(more)))) => {
            Ok(json!({"N": sum(held, more, false)?}))
        }
        (Some((kind, Value::Array(held))), Some((other, Value::Array(more)))) if kind == other => {
            let mut all: Vec<&Value> = held.iter().chain(more).collect();
            all.sort_by_key(|element| element.as_str());
            all.dedup();
            Ok(json!({kind: all}))
        }
        _ => Err(Refusal::validation(WRONG_TYPE)),
    }
}

/// What is left of a set, if anything is.
fn without(held: &Value, value: &Value) -> Result<Option<Value>, Refusal> {
    match (parts(held), parts(value)) {
        (Some((kind, Value::Array(held))), Some((other, Value::Array(less)))) if kind == other => {
            let left: Vec<&Value> = held.iter().filter(|element| !less.contains(element)).collect();
            Ok((!left.is_empty()).then(|| json!({kind: left})))
        }
        _ => Err(Refusal::validation(WRONG_TYPE)),
    }
}
