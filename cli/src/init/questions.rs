//! What has to be known of a first commitment, and what may be answered?
//!
//! Each answer is read by the library's own reader, alone, as soon as it is given: what it refuses is asked again.

use std::io::{BufRead, Write};

use policy::commitment::Commitment;
use policy::input::Mistakes;
use serde_json::{Map, Value, json};

use super::arguments::Init;
use crate::Failure;

/// A window that is right, to read a time zone with.
const SOME_WINDOW: &str = "Mon 08:00-09:00";

/// Somebody who can be asked.
pub struct Asks<A, Q> {
    /// Where answers come from, a line each.
    pub answers: A,
    /// Where questions go to.
    pub questions: Q,
}

/// What is to be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// The Region, if one was given.
    pub region: Option<String>,
    /// The declaration, in the order in which it is written.
    declared: Map<String, Value>,
}

/// One thing to know.
struct Question {
    /// The option that answers it.
    option: &'static str,
    /// What is asked.
    words: &'static str,
    /// What no answer means; nothing if there must be one.
    without: Option<&'static str>,
    /// Takes an answer, or says what is wrong with it.
    take: fn(&mut Answers, &str) -> Result<(), String>,
}

const NAME: Question = Question {
    option: "--name",
    words: "What is it called?",
    without: Some("support-agent"),
    take: |answers, text| answers.declare("Name", json!(text)),
};
const REGION: Question = Question {
    option: "--region",
    words: "Which Region, such as us-east-1? (empty: say none)",
    without: Some(""),
    take: |answers, text| {
        answers.region = (!text.is_empty()).then(|| text.to_owned());
        if text.is_empty() || is_region(text) { Ok(()) } else { Err(format!("`{text}` is no Region; use us-east-1")) }
    },
};
const MODEL: Question = Question {
    option: "--model-id",
    words: "Which model, with its context length, such as amazon.nova-lite-v1:0:24k?",
    without: None,
    take: |answers, text| answers.declare("ModelId", json!(text)),
};
const UNITS: Question = Question {
    option: "--units",
    words: "How many model units?",
    without: Some("1"),
    take: |answers, text| {
        let units = text.parse::<u32>().map_or_else(|_| json!(text), |units| json!(units));
        answers.declare("ModelUnits", units)
    },
};
const ALIAS: Question = Question {
    option: "--alias",
    words: "Which agent alias follows it, as AGENTID/ALIASID? (empty: none, or no other)",
    without: Some(""),
    take: |answers, text| {
        let Some((agent, alias)) = text.split_once('/') else {
            return Err(format!("`{text}` is no AGENTID/ALIASID, such as ABCDEFGHIJ/KLMNOPQRST"));
        };
        let alias = json!({"AgentId": agent.trim(), "AgentAliasId": alias.trim()});
        answers.declare("AgentAliases", with(answers.declared.get("AgentAliases"), alias))
    },
};
const TIMEZONE: Question = Question {
    option: "--timezone",
    words: "In which time zone are its hours, such as Europe/Berlin? (empty: it is always on)",
    without: Some(""),
    take: |answers, text| {
        if text.is_empty() {
            return Ok(());
        }
        readable(&json!({"Timetable": {"Timezone": text, "Windows": [SOME_WINDOW]}}))?;
        answers.declared.insert("Timetable".to_owned(), json!({"Timezone": text, "Windows": []}));
        Ok(())
    },
};
const WINDOW: Question = Question {
    option: "--window",
    words: "When is it wanted, such as Mon-Fri 08:00-20:00? (empty: no other window)",
    without: Some(""),
    take: |answers, text| {
        let mut timetable = answers.declared.get("Timetable").cloned().unwrap_or_default();
        if timetable.is_null() {
            return Err("a window needs --timezone, such as Europe/Berlin".to_owned());
        }
        timetable["Windows"] = with(timetable.get("Windows"), json!(text));
        answers.declare("Timetable", timetable)
    },
};
const PRICE: Question = Question {
    option: "--price",
    words: "What does a model unit cost for an hour? (empty: say nothing of costs)",
    without: Some(""),
    take: |answers, text| if text.is_empty() { Ok(()) } else { answers.declare("PricePerUnitHour", json!(text)) },
};

impl Answers {
    /// What the options of `wanted` say, and for the rest what is answered, if somebody can be asked.
    ///
    /// # Errors
    /// An option cannot be meant, or is missing where nobody can be asked; or the answers end too soon.
    pub fn of<A: BufRead, Q: Write>(wanted: &Init, mut asks: Option<Asks<A, Q>>) -> Result<Self, Failure> {
        let Init { name, model_id, region, aliases, timezone, windows, units, price, .. } = wanted;
        let mut answers = Self::default();
        one(&NAME, name.as_deref(), &mut answers, &mut asks)?;
        one(&REGION, region.as_deref(), &mut answers, &mut asks)?;
        one(&MODEL, model_id.as_deref(), &mut answers, &mut asks)?;
        one(&UNITS, units.as_deref(), &mut answers, &mut asks)?;
        many(&ALIAS, aliases, 0, &mut answers, &mut asks)?;
        // Without it a window is refused.
        if timezone.is_some() || windows.is_empty() || asks.is_some() {
            one(&TIMEZONE, timezone.as_deref(), &mut answers, &mut asks)?;
        }
        if answers.declared.contains_key("Timetable") || !windows.is_empty() {
            many(&WINDOW, windows, 1, &mut answers, &mut asks)?;
        }
        one(&PRICE, price.as_deref(), &mut answers, &mut asks)?;
        Ok(answers)
    }

    /// The declaration, as an action would carry it.
    #[must_use]
    pub fn commitment(&self) -> Value {
        Value::Object(self.declared.clone())
    }

    /// What the commitment is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.declared.get("Name").and_then(Value::as_str).unwrap_or_default()
    }

    /// Takes `value` for `key` if it can be read.
    fn declare(&mut self, key: &str, value: Value) -> Result<(), String> {
        readable(&json!({ key: value }))?;
        self.declared.insert(key.to_owned(), value);
        Ok(())
    }
}

/// `list`, or an empty one, and `element` behind it.
fn with(list: Option<&Value>, element: Value) -> Value {
    let mut elements = list.and_then(Value::as_array).cloned().unwrap_or_default();
    elements.push(element);
    Value::Array(elements)
}

/// What is wrong with `keys`, if a commitment has them.
fn readable(keys: &Value) -> Result<(), String> {
    let mut value = json!({"Name": "a", "ModelId": "x.y:24k"});
    if let (Some(members), Some(more)) = (value.as_object_mut(), keys.as_object()) {
        members.extend(more.clone());
    }
    let mut mistakes = Mistakes::default();
    // Only what is wrong with it is asked for.
    let _read = Commitment::read(&value, "", &mut mistakes);
    mistakes.0.into_iter().next().map_or(Ok(()), |mistake| Err(mistake.message))
}

/// `us-east-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    parts.split_last().is_some_and(|(number, words)| {
        words.len() >= 2 && words.iter().all(is_word) && number.len() == 1 && number.parse::<u8>().is_ok()
    })
}

/// Answers `question` by `given`, by an answer, or by what no answer means.
fn one<A: BufRead, Q: Write>(
    question: &Question,
    given: Option<&str>,
    answers: &mut Answers,
    asks: &mut Option<Asks<A, Q>>,
) -> Result<(), Failure> {
    let option = question.option;
    let refused = |wrong: String| Failure::Usage(format!("{option}: {wrong}"));
    match (given, asks, question.without) {
        (Some(text), ..) => (question.take)(answers, text.trim()).map_err(refused),
        (None, Some(asks), without) => asked(question, without, answers, asks).map(|_| ()),
        (None, None, Some(without)) => (question.take)(answers, without).map_err(refused),
        (None, None, None) => Err(Failure::Usage(format!("give {option}: there is nobody to ask"))),
    }
}

/// The same with any number of answers, but `least`: an empty one is the last.
fn many<A: BufRead, Q: Write>(
    question: &Question,
    given: &[String],
    least: usize,
    answers: &mut Answers,
    asks: &mut Option<Asks<A, Q>>,
) -> Result<(), Failure> {
    for text in given {
        one(question, Some(text), answers, asks)?;
    }
    match asks {
        Some(asks) if given.is_empty() => {
            let mut count = 0;
            while asked(question, question.without.filter(|_| count >= least), answers, asks)? {
                count += 1;
            }
            Ok(())
        }
        None if given.len() < least => Err(Failure::Usage(format!("give {}: there is nobody to ask", question.option))),
        Some(_) | None => Ok(()),
    }
}

/// Asks until there is an answer that can be read. Returns false if the answer is empty.
fn asked<A: BufRead, Q: Write>(
    question: &Question,
    without: Option<&str>,
    answers: &mut Answers,
    asks: &mut Asks<A, Q>,
) -> Result<bool, Failure> {
    loop {
        let proposed = without.filter(|without| !without.is_empty());
        let proposed = proposed.map(|without| format!(" [{without}]")).unwrap_or_default();
        // Where there must be an answer, none means nothing.
        let words = question.words.split(" (empty").next().filter(|_| without.is_none()).unwrap_or(question.words);
        write!(asks.questions, "{words}{proposed} ")?;
        asks.questions.flush()?;
        let mut line = String::new();
        if asks.answers.read_line(&mut line)? == 0 {
            return Err(Failure::Usage("the answers ended: nothing was written".to_owned()));
        }
        let text = match (line.trim(), without) {
            ("", None) => {
                writeln!(asks.questions, "  an answer is needed")?;
                continue;
            }
            ("", Some("")) => return Ok(false),
            ("", Some(without)) => without,
            (text, _) => text,
        };
        match (question.take)(answers, text) {
            Ok(()) => return Ok(true),
            Err(wrong) => writeln!(asks.questions, "  {wrong}")?,
        }
    }
}
