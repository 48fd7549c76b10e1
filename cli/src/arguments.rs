//! What can be typed?

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use throughput_scheduler::commitment::Name;
use throughput_scheduler::timetable::{DurationError, State, parse_duration};

/// Environment, exit codes and places, at the end of the long help.
const AFTER: &str = "\
Exit codes:
  0  fine
  1  mistakes in a file, or the function refuses
  2  wrong usage, or a file that cannot be read
  3  the function cannot be reached

Files are YAML or JSON, `-` is standard input: a commitment, a list of them, an action with a Commitment, an EventBridge
event, or a CloudFormation or SAM template with custom resources.

Nothing but plan, status, override, resume, scale-up, scale-down, apply and retire talks to AWS, and those only to the
function, with `lambda:InvokeFunction`. With --local they talk to a simulated account inside this process.";

/// See what Throughput Scheduler for Amazon Bedrock will do, before and while it does it.
#[derive(Debug, Parser)]
#[command(name = "throughput", version, propagate_version = true, max_term_width = 100, after_long_help = AFTER)]
pub struct Arguments {
    /// When to use colour.
    #[arg(
        long,
        help = "When to use colour; NO_COLOR is respected",
        global = true,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: Colour,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// In a terminal that has it, unless the environment forbids it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs: first those that need no AWS.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show a week of a file's timetables: picture, transitions, hours, cost, warnings
    Preview(Preview),
    /// Say which rule decides at an instant, and what it overrules
    Explain(Explain),
    /// Check files, and show every mistake on its line
    Check(Check),
    /// Say what the function would do about a file, against what AWS reports
    Plan(Plan),
    /// Show how the commitments are
    Status(Status),
    /// Switch a commitment on or off for a while, whatever else says
    Override(Override),
    /// Take away an override, or if there is none the hold of scale-up or scale-down
    Resume(Named),
    /// Hold a commitment on, in place of its timetable, until it is scaled down or resumed
    ScaleUp(Scale),
    /// Hold a commitment off, in place of its timetable, until it is scaled up or resumed
    ScaleDown(Scale),
    /// Register a file's commitments, or replace their declarations
    Apply(Apply),
    /// Let a commitment's aliases go, delete its throughput, and forget it
    Retire(Retire),
    /// Print completions for a shell
    #[command(after_long_help = "Examples:
  throughput completions bash > ~/.local/share/bash-completion/completions/throughput
  throughput completions zsh  > \"${fpath[1]}/_throughput\"
  throughput completions fish > ~/.config/fish/completions/throughput.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page of the command, or of one of its verbs
    #[command(after_long_help = "Examples:
  throughput man | man -l -
  throughput man preview > throughput-preview.1")]
    Man {
        /// The verb
        verb: Option<String>,
    },
}

/// `preview`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput preview support.yaml
  throughput preview support.yaml --from 2026-12-28 --days 14
  throughput preview template.yaml --svg week.svg     # a picture for the pull request
  throughput preview support.yaml --format ics > support.ics
  throughput preview support.yaml --format json | jq '.Commitments[].Cost'")]
pub struct Preview {
    /// The file; `-` for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: String,
    /// Only the commitment, or the resource, of this name
    #[arg(long)]
    pub name: Option<String>,
    /// The first day [default: today, where the timetable is]
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub days: u16,
    /// How to say it
    #[arg(long, default_value = "text")]
    pub format: PreviewFormat,
    /// Also draw it into an SVG file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<PathBuf>,
    /// Also write it as a page into an HTML file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
}

/// How a preview is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PreviewFormat {
    /// A picture and tables.
    Text,
    /// JSON.
    Json,
    /// Comma-separated values: a row for each stretch of time.
    Csv,
    /// A calendar (RFC 5545) of the hours in which capacity is there.
    Ics,
}

/// `explain`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput explain support.yaml --at 2026-12-29T10:00             # a wall clock where the timetable is
  throughput explain support.yaml --at 2026-12-29T01:00:00Z --name support-agent")]
pub struct Explain {
    /// The file; `-` for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: String,
    /// The instant: RFC 3339, or a civil time where the timetable is [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<When>,
    /// Only the commitment, or the resource, of this name
    #[arg(long)]
    pub name: Option<String>,
}

/// `check`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput check support.yaml events/*.json
  throughput check template.yaml --format github      # annotations in a workflow

What only a deployment knows (!Ref, !Sub, !GetAtt, Fn::If …) counts as well-formed.")]
pub struct Check {
    /// The files; `-` for standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,
    /// How to say it
    #[arg(long, default_value = "text")]
    pub format: CheckFormat,
}

/// How mistakes are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// With the lines of the file.
    Text,
    /// A JSON array.
    Json,
    /// Annotations of a GitHub workflow.
    Github,
}

/// How the function is reached.
#[derive(Debug, Clone, Args)]
pub struct Reach {
    /// The function: a name or an ARN, perhaps with an alias
    #[arg(long, value_name = "NAME", env = "THROUGHPUT_FUNCTION")]
    pub function: Option<String>,
    /// Try it in a simulated account inside this process, anew each time, with the sample `support-agent` in service
    #[arg(long)]
    pub local: bool,
    /// The Region of the function
    #[arg(long)]
    pub region: Option<String>,
    /// The profile of the AWS configuration files
    #[arg(long)]
    pub profile: Option<String>,
}

/// How an answer is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people.
    Text,
    /// As the function answers.
    Json,
}

/// What all verbs that talk to the function take.
#[derive(Debug, Clone, Args)]
pub struct Ask {
    /// How it is reached
    #[command(flatten)]
    pub reach: Reach,
    /// How to say it
    #[arg(long, default_value = "text")]
    pub format: AnswerFormat,
}

/// `plan`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput plan support.yaml
  throughput plan support.yaml --at 2026-12-24T09:00:00+09:00
  throughput plan support.yaml --local")]
pub struct Plan {
    /// The file; `-` for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: String,
    /// Only the commitment of this name
    #[arg(long)]
    pub name: Option<String>,
    /// The instant: RFC 3339, or a civil time where the timetable is [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<When>,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// `status`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput status
  throughput status support-agent
  throughput status --watch 30
  throughput status --local")]
pub struct Status {
    /// Only this commitment
    pub name: Option<Name>,
    /// Look again every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: Option<u64>,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// `override`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput override support-agent on --for 2h --units 2 --reason 'load test'
  throughput override support-agent off --until 2026-12-24T18:00:00+09:00")]
pub struct Override {
    /// The commitment
    pub name: Name,
    /// On or off
    pub state: Switch,
    /// For how long: `2h`, `90m`; a week at most
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, required_unless_present = "until",
          conflicts_with = "until")]
    pub lasting: Option<Lasting>,
    /// Until when, RFC 3339 with an offset
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<Timestamp>,
    /// How many model units, if not those of the declaration
    #[arg(long, value_name = "N")]
    pub units: Option<NonZeroU32>,
    /// What for
    #[arg(long)]
    pub reason: Option<String>,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// A duration as it was typed, once it is known to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lasting(pub String);

fn duration(text: &str) -> Result<Lasting, DurationError> {
    parse_duration(text).map(|_: SignedDuration| Lasting(text.to_owned()))
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

impl From<Switch> for State {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => Self::On,
            Switch::Off => Self::Off,
        }
    }
}

/// `resume`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput resume support-agent")]
pub struct Named {
    /// The commitment
    pub name: Name,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// `scale-up`, `scale-down`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput scale-up support-agent
  throughput scale-down support-agent
  throughput scale-up --file support.yaml     # registers what is not registered yet")]
pub struct Scale {
    /// The commitment, once it is registered
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub name: Option<Name>,
    /// A file with its declaration
    #[arg(long, value_hint = ValueHint::FilePath)]
    pub file: Option<String>,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// `apply`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput apply support.yaml
  throughput apply agents.yaml --name support-agent")]
pub struct Apply {
    /// The file; `-` for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: String,
    /// Only the commitment of this name
    #[arg(long)]
    pub name: Option<String>,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// `retire`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput retire support-agent
  throughput retire support-agent --yes       # in a script")]
pub struct Retire {
    /// The commitment
    pub name: Name,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// An instant as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// With an offset.
    Instant(Timestamp),
    /// On a wall clock.
    Civil(DateTime),
}

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use RFC 3339 such as `2026-12-24T09:00:00+09:00`, or a civil time such as `2026-12-24T09:00`")]
pub struct NotAnInstant;

impl FromStr for When {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let instant = text.parse().map(Self::Instant);
        // What has an offset and is no instant must not pass for a civil time.
        let civil = || (text.len() <= 19).then(|| text.parse().ok()).flatten().map(Self::Civil);
        instant.ok().or_else(civil).ok_or(NotAnInstant)
    }
}

impl When {
    /// The instant, with a civil time on the clocks of `zone`: one that they repeat means the first.
    ///
    /// # Errors
    /// It lies further away than dates go.
    pub fn on(self, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
        match self {
            Self::Instant(at) => Ok(at),
            Self::Civil(civil) => zone.to_ambiguous_timestamp(civil).compatible(),
        }
    }
}
