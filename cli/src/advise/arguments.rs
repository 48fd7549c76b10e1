//! What can be typed to ask for advice?

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use jiff::SignedDuration;
use policy::advise::Price;
use policy::timetable::{Zone, parse_duration};

/// `advise`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput advise --file usage.csv --timezone Europe/Berlin --input-price 0.06 --output-price 0.24 --unit-price 20 \\
    --tokens-per-minute 100000
  throughput advise --model-id amazon.nova-lite-v1:0 --model-id us.amazon.nova-lite-v1:0 --timezone Asia/Tokyo \\
    --input-price 0.06 --output-price 0.24 --unit-price 20
  throughput advise --file usage.csv --input-price 3 --output-price 15 --unit-price 40 --html advice.html

A csv has the header `Start,InputTokens,OutputTokens,Invocations,Throttles`; Start is RFC 3339, an hour or a minute. An empty field is \
unknown. JSON is an array of objects with the same keys. With --model-id the metrics of CloudWatch are read, with \
`cloudwatch:GetMetricData` alone: name the model's id, its inference profiles, and the ARNs of provisioned throughputs that served it.")]
pub struct Advise {
    /// The usage, as csv or JSON; `-` for standard input
    #[arg(long, value_hint = ValueHint::FilePath, required_unless_present = "model_id")]
    pub file: Option<String>,
    /// Read the metrics of this model, inference profile or provisioned throughput; may be repeated
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub model_id: Vec<String>,
    /// How many weeks of metrics are read
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=52))]
    pub weeks: u8,
    /// The clocks of the timetable
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub timezone: Zone,
    /// What a million tokens in cost on demand
    #[arg(long, value_name = "PRICE")]
    pub input_price: Price,
    /// What a million tokens out cost on demand
    #[arg(long, value_name = "PRICE")]
    pub output_price: Price,
    /// What a million tokens read from a cache cost [default: they are not counted]
    #[arg(long, value_name = "PRICE")]
    pub cache_read_price: Option<Price>,
    /// What a model unit costs for an hour
    #[arg(long, value_name = "PRICE")]
    pub unit_price: Price,
    /// What a model unit costs for an hour with a term
    #[arg(long, value_name = "PRICE")]
    pub term_price: Option<Price>,
    /// How many tokens a minute a model unit serves [default: learned from throttles of a provisioned throughput, or unknown]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    pub tokens_per_minute: Option<u64>,
    /// How many model units the provisioned throughputs had from which that is learned
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub provisioned_units: u64,
    /// How much of the demand has to be served, in percent
    #[arg(long, value_name = "PERCENT", default_value = "99", value_parser = share)]
    pub share: u16,
    /// How many windows the timetable may have
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub windows: u8,
    /// How long before it is wanted a throughput is bought
    #[arg(long, value_name = "DURATION", default_value = "60m", value_parser = parse_duration)]
    pub lead: SignedDuration,
    /// How long it is kept afterwards
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub drain: SignedDuration,
    /// What a missing datapoint means
    #[arg(long, default_value = "unknown")]
    pub missing: MissingIs,
    /// How to say it
    #[arg(long, visible_alias = "output", default_value = "text")]
    pub format: AdviseFormat,
    /// Also draw the week into an SVG file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<PathBuf>,
    /// Also write it as a page into an HTML file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// The Region whose metrics are read
    #[arg(long, conflicts_with = "file")]
    pub region: Option<String>,
    /// The profile of the AWS configuration files
    #[arg(long, conflicts_with = "file")]
    pub profile: Option<String>,
}

/// What a missing datapoint means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MissingIs {
    /// Nobody knows.
    Unknown,
    /// Nothing was used.
    Idle,
}

/// How advice is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AdviseFormat {
    /// Verdict, costs, timetable, reasons and a map of the week.
    Text,
    /// JSON.
    Json,
    /// The timetable alone, to paste.
    Yaml,
}

/// Reads a percentage with at most one decimal place, into thousandths.
fn share(text: &str) -> Result<u16, String> {
    let refused = || "use a percentage from 1 to 100 with at most one decimal place, such as `99.5`".to_owned();
    let (whole, tenths) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole, 3) || !is_digits(tenths, 1) {
        return Err(refused());
    }
    let thousandths: u16 = format!("{whole}{tenths}").parse().map_err(|_| refused())?;
    if (10..=1000).contains(&thousandths) { Ok(thousandths) } else { Err(refused()) }
}
