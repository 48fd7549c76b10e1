//! What can be typed?

mod asking;
mod when;

use std::path::PathBuf;

use bigdecimal::BigDecimal;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub use asking::{
    AnswerFormat, Apply, Ask, Doctor, Ends, Lasting, Named, Override, Plan, Reach, Resume, Retire, Scale, Scenario,
    Status, Switch,
};
pub use when::{Day, NotADay, NotAnInstant, When};

/// Environment, exit codes and places, at the end of the long help.
const AFTER: &str = "\
Exit codes:
  0  fine
  1  mistakes in a file, the function refuses, or the doctor finds something wrong
  2  wrong usage, or a file that cannot be read
  3  the function cannot be reached

Files are YAML or JSON, `-` is standard input: a commitment, a list of them, an action with a Commitment, an EventBridge event, \
or a CloudFormation or SAM template with custom resources.

Words:
  window    civil times of the week at which a throughput is wanted, such as Mon-Fri 08:00-20:00
  lead      how long before that it is bought, so that it is in service at the opening
  drain     how long it is kept after the last alias has left it, so that calls can end
  hold      what scale-up and scale-down put in place of the timetable, until the next of them, or resume --of hold
  override  what lies above timetable and hold for a while; it ends by itself
  waits     what it is not yet as wanted for, and runs, what is paid for

Only the verbs from doctor to retire talk to AWS, and those only to the function, with `lambda:InvokeFunction`; --stack \
asks CloudFormation for the function's name, with `cloudformation:DescribeStacks`. With --local they talk to a simulated account \
inside this process. With --model-id, advise reads metrics, with `cloudwatch:GetMetricData`.";

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
    /// How wide pictures, tables and lines may be [default: COLUMNS, or the terminal's]
    #[arg(long, global = true, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(20..))]
    pub width: Option<u16>,
    /// Draw with signs of ASCII alone
    #[arg(long, global = true)]
    pub ascii: bool,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

impl Arguments {
    /// What this process was called with; help, and what cannot be meant, end it.
    #[must_use]
    pub fn of_process() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        // The environment may name a function all the same.
        let is_typed = |verb: &ArgMatches, name: &str| {
            verb.try_contains_id(name).is_ok() && verb.value_source(name) == Some(ValueSource::CommandLine)
        };
        if let Some((_, verb)) = matches.subcommand()
            && is_typed(verb, "stack")
            && is_typed(verb, "function")
        {
            command.error(ErrorKind::ArgumentConflict, "give --stack or --function, not both").exit();
        }
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
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
    /// Begin a commitment: ask for what it needs, and write a file
    Init(crate::init::arguments::Init),
    /// Show a week of a file's timetables: picture, transitions, hours, cost, warnings
    Preview(Preview),
    /// Say which rule decides at an instant, and what it overrules
    Explain(Explain),
    /// Check files, and show every mistake on its line
    Check(Check),
    /// Say from weeks of usage which timetable to declare, and whether it is worth its price
    Advise(crate::advise::arguments::Advise),
    /// Look whether everything is there that the function, and a file's commitments, need
    Doctor(Doctor),
    /// Say what the function would do about a file, against what AWS reports
    Plan(Plan),
    /// Show how the commitments are
    Status(Status),
    /// Show what was done to a commitment, and what was changed of it
    #[command(after_long_help = "Examples:
  throughput history support-agent")]
    History(Named),
    /// Switch a commitment on or off for a while, whatever else says
    Override(Override),
    /// Take away an override, or the hold of scale-up or scale-down
    Resume(Resume),
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
  throughput preview sales.yaml support.yaml --from tomorrow      # each, and a total
  throughput preview support.yaml --days 90 --by month --term-price 13.00
  throughput preview template.yaml --svg week.svg     # a picture for the pull request
  throughput preview support.yaml --format ics > support.ics
  throughput preview support.yaml --format json | jq '.Commitments[].Bill.Cost'")]
pub struct Preview {
    /// The files; `-` for standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,
    /// Only the commitment, or the resource, of this name
    #[arg(long)]
    pub name: Option<String>,
    /// The first day: a date, or today, tomorrow, monday, next week … [default: today, where the timetable is]
    #[arg(long, value_name = "DAY")]
    pub from: Option<Day>,
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub days: u16,
    /// Also say what each week, or each month, costs
    #[arg(long, value_name = "WHILE")]
    pub by: Option<While>,
    /// The price of a model unit for an hour with a term: is always on with a term cheaper?
    #[arg(long, value_name = "PRICE")]
    pub term_price: Option<BigDecimal>,
    /// Tokens in an hour that is on: is on-demand cheaper?
    #[arg(long, value_name = "N", requires = "token_price")]
    pub tokens_per_hour: Option<u64>,
    /// The on-demand price of a thousand tokens
    #[arg(long, value_name = "PRICE", requires = "tokens_per_hour")]
    pub token_price: Option<BigDecimal>,
    /// How to say it
    #[arg(long, visible_alias = "output", default_value = "text")]
    pub format: PreviewFormat,
    /// Also draw it into an SVG file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<PathBuf>,
    /// Also write it as a page into an HTML file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
}

/// What sums are told for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum While {
    /// Each week, from Monday on.
    Week,
    /// Each month.
    Month,
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
    /// How to say it
    #[arg(long, visible_alias = "output", default_value = "text")]
    pub format: AnswerFormat,
}

/// `check`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput check support.yaml events/*.json
  throughput check template.yaml --format github      # annotations in a workflow
  throughput check *.yaml --strict                    # warnings end with exit code 1, too

What only a deployment knows (!Ref, !Sub, !GetAtt, Fn::If …) counts as well-formed.")]
pub struct Check {
    /// The files; `-` for standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,
    /// End with exit code 1 on warnings, too
    #[arg(long)]
    pub strict: bool,
    /// How to say it
    #[arg(long, visible_alias = "output", default_value = "text")]
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
