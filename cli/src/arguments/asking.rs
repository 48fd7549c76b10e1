//! What can be typed to ask the function?

use std::num::NonZeroU32;

use clap::{Args, ValueEnum, ValueHint};
use jiff::SignedDuration;
use policy::commitment::Name;
use policy::timetable::{DurationError, State, Zone, parse_duration};

use super::When;

/// How the function is reached.
#[derive(Debug, Clone, Args)]
pub struct Reach {
    /// The function: a name or an ARN, perhaps with an alias
    #[arg(long, value_name = "NAME", env = "THROUGHPUT_FUNCTION")]
    pub function: Option<String>,
    /// The stack of the scheduler, in place of its function; whoever asks needs `cloudformation:DescribeStacks`, too
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Try it in a simulated account inside this process, anew each time, with the sample `support-agent` in service
    #[arg(long)]
    pub local: bool,
    /// With --local, the trouble to rehearse: what an alarm is about, at the first hours at which it would be met
    #[arg(long, value_name = "TROUBLE", requires = "local")]
    pub scenario: Option<Scenario>,
    /// The Region of the function
    #[arg(long)]
    pub region: Option<String>,
    /// The profile of the AWS configuration files
    #[arg(long)]
    pub profile: Option<String>,
}

/// Trouble that can be rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// AWS has granted no model units
    Quota,
    /// AWS creates a throughput and does not come to an end
    Slow,
    /// The function's role may not buy
    Denied,
    /// The model has turned LEGACY while its throughput was in service, and a window has closed
    Legacy,
    /// Each throughput that is bought fails
    Failed,
    /// A term was to end, nobody ticked, and AWS has renewed it
    Renewed,
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
    #[arg(long, visible_alias = "output", default_value = "text")]
    pub format: AnswerFormat,
}

/// `plan`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput plan support.yaml
  throughput plan support.yaml --at 2026-12-24T09:00:00+09:00
  throughput plan support.yaml --local
  throughput plan support.yaml --local --scenario quota
  throughput plan sales.yaml template.yaml")]
pub struct Plan {
    /// The files; `-` for standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,
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

/// `doctor`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput doctor
  throughput doctor support.yaml
  throughput doctor --stack throughput-scheduler --output json

The function looks, and changes nothing. Without a file it looks at its own settings, table and schedules; with one also at the \
model, aliases, parameter and guardrails of each commitment. It ends with exit code 1 if something is wrong.")]
pub struct Doctor {
    /// A file with what is to be registered; `-` for standard input
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<String>,
    /// Only the commitment of this name
    #[arg(long, requires = "file")]
    pub name: Option<String>,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// `override`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput override support-agent on --for 2h --units 2 --reason 'load test'
  throughput override support-agent off --until 18:00
  throughput override support-agent off --until 2026-12-24T18:00:00+09:00

An override lies above the timetable and above a hold until it ends, a week from now at most; then it is as if it had never been.
Off: no lead keeps anything meanwhile.")]
pub struct Override {
    /// The commitment
    pub name: Name,
    /// On or off
    pub state: Switch,
    /// For how long: `2h`, `90m`; a week at most
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, required_unless_present = "until",
          conflicts_with = "until")]
    pub lasting: Option<Lasting>,
    /// Until when: RFC 3339 with an offset, or a wall clock such as `18:00` or `tomorrow 09:00` where the timetable is
    #[arg(long, value_name = "INSTANT")]
    pub until: Option<When>,
    /// The time zone of a wall clock, if it is not the timetable's
    #[arg(long, value_name = "ZONE", requires = "until")]
    pub timezone: Option<Zone>,
    /// How many model units, if not those of the declaration
    #[arg(long, value_name = "N")]
    pub units: Option<NonZeroU32>,
    /// What for
    #[arg(long)]
    pub reason: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
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
  throughput resume support-agent
  throughput resume support-agent --of hold")]
pub struct Resume {
    /// The commitment
    pub name: Name,
    /// What to end
    #[arg(long, value_enum, default_value_t = Ends::Override)]
    pub of: Ends,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// What lies above a timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ends {
    /// What `override` switched
    Override,
    /// What `scale-up` or `scale-down` put in place of the timetable
    Hold,
}

/// `history`
#[derive(Debug, Args)]
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
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// How to ask
    #[command(flatten)]
    pub ask: Ask,
}

/// `apply`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput apply support.yaml
  throughput apply agents.yaml --name support-agent
  throughput apply sales.yaml support.yaml --yes

It says what the coming 30 days, or the term, cost, and asks where there is somebody to ask.")]
pub struct Apply {
    /// The files; `-` for standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,
    /// Only the commitment of this name
    #[arg(long)]
    pub name: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
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
