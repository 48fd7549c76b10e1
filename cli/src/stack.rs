//! Which function did a stack make?
//!
//! The outputs of `template.yaml` name it; `CloudFormation` alone knows which stack has which.

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::Stack;

use crate::Failure;
use crate::function::{accompanied, cause};

/// The output of the scheduler's template that names the function.
const NAME: &str = "FunctionName";
/// Another output of it, which tells it from a stack of somebody else with a function.
const TOKEN: &str = "ServiceToken";

/// The name of the function of the stack `stack`, in the Region and with the credentials of `configuration`.
///
/// # Errors
/// There is no such stack, it is not the scheduler's, or `CloudFormation` refuses or cannot be reached.
pub async fn function(stack: &str, configuration: &SdkConfig, region: &str) -> Result<String, Failure> {
    let client = Client::new(configuration);
    let call = client.describe_stacks().stack_name(stack);
    let answered = accompanied(&format!("looking for stack {stack}"), call.send()).await.map_err(|error| {
        // CloudFormation has no code of its own for this.
        let is_missing = error.message().is_some_and(|message| message.contains("does not exist"));
        let denied = "allow cloudformation:DescribeStacks, or give --function: ";
        Failure::Unreachable(match (is_missing, error.code()) {
            (true, _) => format!("there is no stack {stack} in {region}: check --stack, --region and --profile"),
            (false, Some("AccessDenied" | "AccessDeniedException")) => {
                format!("cannot look at stack {stack} in {region}: {denied}{}", cause(&error))
            }
            (false, _) => format!("cannot look at stack {stack} in {region}: {}", cause(&error)),
        })
    })?;
    let found = answered.stacks().first().and_then(named);
    found.ok_or_else(|| {
        let status = answered.stacks().first().and_then(Stack::stack_status).map_or("unknown", |status| status.as_str());
        Failure::Unreachable(format!(
            "stack {stack} in {region} ({status}) has no function of Throughput Scheduler: its outputs {NAME} and {TOKEN} are \
             missing. Name the stack that template.yaml made"
        ))
    })
}

fn named(stack: &Stack) -> Option<String> {
    let output = |key: &str| {
        let output = stack.outputs().iter().find(|output| output.output_key() == Some(key))?;
        output.output_value().map(str::to_owned)
    };
    output(TOKEN).and_then(|_| output(NAME))
}
