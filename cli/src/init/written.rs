//! How is a first commitment written down?

use std::fmt::Write;

use serde_json::Value;

use super::questions::Answers;

/// Words that YAML, of one version or another, reads as something else.
const NO_TEXT: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// A commitment, for `throughput apply`.
#[must_use]
pub fn commitment(answers: &Answers) -> String {
    let region = answers.region.as_ref().map(|region| format!("# For the function in {region}.\n")).unwrap_or_default();
    format!("{region}{}", keys(answers, true, 0))
}

/// A template with a custom resource.
#[must_use]
pub fn template(answers: &Answers) -> String {
    let name = answers.name();
    let rules = answers.region.as_ref().map_or_else(String::new, |region| {
        format!(
            "\n# Tells a mistake before anything is made.\nRules:\n  InThisRegion:\n    Assertions:\n      \
             - Assert: !Equals [!Ref AWS::Region, {region}]\n        \
             AssertDescription: The model and the agents of this stack are in {region}. Deploy it there.\n"
        )
    });
    format!(
        "AWSTemplateFormatVersion: \"2010-09-09\"\nDescription: Provisioned throughput for {name}\n\nParameters:\n  ServiceStack:\n    \
         Type: String\n    Default: throughput-scheduler\n    \
         Description: The stack of the throughput scheduler itself, which exports the ServiceToken\n{rules}\nResources:\n  {}:\n    \
         Type: Custom::ProvisionedThroughput\n    Properties:\n      \
         ServiceToken: {{ \"Fn::ImportValue\": !Sub \"${{ServiceStack}}-ServiceToken\" }}\n      ServiceTimeout: 3600\n{}",
        logical_id(name),
        keys(answers, false, 6)
    )
}

/// The keys of a commitment, with `Name` among them or not, so many columns deep.
fn keys(answers: &Answers, with_name: bool, indent: usize) -> String {
    let mut declared = answers.commitment();
    if let Some(members) = declared.as_object_mut().filter(|_| !with_name) {
        members.remove("Name");
    }
    block(&declared, indent)
}

/// The members of an object, or the elements of a list, a line each.
fn block(value: &Value, indent: usize) -> String {
    let mut text = String::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let _ = if value.is_object() || value.is_array() {
            write!(text, "{:indent$}{key}:\n{}", "", block(value, indent + 2))
        } else {
            writeln!(text, "{:indent$}{key}: {}", "", scalar(value))
        };
    }
    for element in value.as_array().into_iter().flatten() {
        let members = element.as_object().map(|members| {
            let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {}", scalar(value))).collect();
            format!("{{ {} }}", members.join(", "))
        });
        let _ = writeln!(text, "{:indent$}- {}", "", members.unwrap_or_else(|| scalar(element)));
    }
    text
}

/// A value in quotes, unless every reader of YAML takes it for what it is.
fn scalar(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let is_word = text.starts_with(|sign: char| sign.is_ascii_alphabetic())
        && text.chars().all(|sign| sign.is_ascii_alphanumeric() || " _./:+-".contains(sign))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !NO_TEXT.contains(&text.to_lowercase().as_str());
    let is_price = text.split_once('.').is_some_and(|(whole, decimals)| {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits(whole) && digits(decimals) && (whole == "0" || !whole.starts_with('0'))
    });
    if is_word || is_price { text.to_owned() } else { value.to_string() }
}

/// The name in the manner of logical ids: `SupportAgent`.
fn logical_id(name: &str) -> String {
    let capital = |word: &str| {
        let mut signs = word.chars();
        signs.next().map(|first| first.to_ascii_uppercase().to_string() + signs.as_str()).unwrap_or_default()
    };
    name.split('-').map(capital).collect()
}
