//! From usage to a timetable: what should be declared, and is it worth it?
//!
//! ```text
//! csv, JSON ─▶ read ──────┐
//! CloudWatch ─▶ metrics ──┴▶ policy::advise ─▶ text, data, drawing, page
//! ```

pub mod arguments;
pub mod data;
pub mod drawing;
pub mod metrics;
pub mod page;
pub mod read;
pub mod said;
pub mod text;

use jiff::Timestamp;
use policy::advise::usage::{Missing, NotUsage, Row, Usage, learned};
use policy::advise::{Advice, Prices, Question, Verdict, advise};

use crate::advise::arguments::{Advise, AdviseFormat, MissingIs};
use crate::terminal::Terminal;
use crate::{Failure, files};

/// What was read, from wherever.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// Rows of a file: an hour or a minute each.
    pub rows: Vec<Row>,
    /// Metrics by hour and by minute, if they were read from `CloudWatch`.
    pub metrics: Option<(Vec<Row>, Vec<Row>)>,
    /// Of the minutes, what provisioned throughputs served.
    pub provisioned: Vec<Row>,
    /// What is worth knowing about it.
    pub notes: Vec<String>,
}

impl Read {
    fn usage(&self, missing: Missing) -> Result<Usage, NotUsage> {
        match &self.metrics {
            Some((hours, minutes)) => Usage::of_hours_and_minutes(hours, minutes, missing),
            None => Usage::of_rows(&self.rows, missing),
        }
    }
}

/// The advice, and what is said beside it.
#[derive(Debug, Clone)]
pub struct Advised {
    /// What was asked.
    pub question: Question,
    /// The advice.
    pub advice: Advice,
    /// The verdict, if hours without a datapoint were idle; nothing if there are none, or they are taken for idle.
    pub if_idle: Option<Verdict>,
    /// What is worth knowing about what was read.
    pub notes: Vec<String>,
}

impl Advised {
    /// The advice that `wanted` asks for about what was read.
    ///
    /// # Errors
    /// What was read is no usage.
    pub fn new(wanted: &Advise, read: Read) -> Result<Self, NotUsage> {
        let learned = learned(&read.provisioned, wanted.provisioned_units);
        let question = Question {
            zone: wanted.timezone.clone(),
            prices: Prices {
                input: wanted.input_price,
                output: wanted.output_price,
                cached: wanted.cache_read_price,
                unit_hour: wanted.unit_price,
                term: wanted.term_price,
            },
            tokens_per_minute: wanted.tokens_per_minute.or(learned),
            learned: wanted.tokens_per_minute.is_none() && learned.is_some(),
            share: wanted.share,
            windows: usize::from(wanted.windows),
            lead: wanted.lead,
            drain: wanted.drain,
        };
        let missing = match wanted.missing {
            MissingIs::Unknown => Missing::Unknown,
            MissingIs::Idle => Missing::Idle,
        };
        let advice = advise(&read.usage(missing)?, &question);
        let is_whole = advice.confidence.unknown_hours == 0;
        let if_idle = match missing {
            Missing::Unknown if !is_whole => Some(advise(&read.usage(Missing::Idle)?, &question).verdict),
            Missing::Unknown | Missing::Idle => None,
        };
        Ok(Self { question, advice, if_idle, notes: read.notes })
    }
}

/// Runs `throughput advise`.
///
/// # Errors
/// The usage cannot be read, or is none, or something cannot be written.
pub fn run(wanted: &Advise, terminal: &Terminal, now: Timestamp) -> Result<(), Failure> {
    let (read, whence) = if let Some(path) = &wanted.file {
        let source = files::source(path)?;
        let rows = read::rows(&source.text)
            .map_err(|mistake| Failure::Usage(format!("cannot read {}: {mistake}", source.path)))?;
        (Read { rows, ..Read::default() }, source.path)
    } else {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        (runtime.block_on(metrics::read(wanted, now))?, "CloudWatch".to_owned())
    };
    let advised = Advised::new(wanted, read)
        .map_err(|mistake| Failure::Usage(format!("cannot advise from {whence}: {mistake}")))?;
    if let Some(path) = &wanted.svg {
        files::write(path, &drawing::svg(&advised))?;
    }
    if let Some(path) = &wanted.html {
        files::write(path, &page::html(&advised))?;
    }
    match wanted.format {
        AdviseFormat::Text => terminal.say(&text::text(&advised, terminal.width)),
        AdviseFormat::Json => terminal.print(&format!("{:#}\n", data::json(&advised))),
        AdviseFormat::Yaml => terminal.print(&said::yaml(&advised)),
    }
}
