//! What can be typed to begin a commitment?

use clap::{Args, ValueHint};

use crate::arguments::AnswerFormat;

/// `init`
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  throughput init                                     # asks, and writes NAME.yaml
  throughput init support.yaml --model-id amazon.nova-lite-v1:0:24k --timezone Asia/Tokyo --window 'Mon-Fri 08:00-20:00'
  throughput init stack.yaml --template --model-id amazon.nova-lite-v1:0:24k --region us-east-1

In a terminal it asks for what no option says. Elsewhere it asks nothing: --model-id must be given, and without --timezone the \
commitment is always on. A file that is there is never overwritten.")]
pub struct Init {
    /// The file to write; `-` for standard output [default: NAME.yaml]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<String>,
    /// What to call the commitment [default: support-agent]
    #[arg(long)]
    pub name: Option<String>,
    /// The model to buy, with its context length, such as `amazon.nova-lite-v1:0:24k`; or a custom model
    #[arg(long, value_name = "ID")]
    pub model_id: Option<String>,
    /// The Region of the function: of the model and the agents, too
    #[arg(long)]
    pub region: Option<String>,
    /// An agent's alias that follows the throughput: its two ids; may be repeated
    #[arg(long = "alias", value_name = "AGENT/ALIAS")]
    pub aliases: Vec<String>,
    /// The time zone of the windows, such as `Europe/Berlin`
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// When it is wanted, such as `Mon-Fri 08:00-20:00`; may be repeated
    #[arg(long = "window", value_name = "WINDOW")]
    pub windows: Vec<String>,
    /// How many model units [default: 1]
    #[arg(long, value_name = "N")]
    pub units: Option<String>,
    /// What a model unit costs for an hour, in any currency; for cost figures only
    #[arg(long, value_name = "PRICE")]
    pub price: Option<String>,
    /// Write a CloudFormation template with a custom resource
    #[arg(long)]
    pub template: bool,
    /// How to say what was written
    #[arg(long, visible_alias = "output", default_value = "text")]
    pub format: AnswerFormat,
}
