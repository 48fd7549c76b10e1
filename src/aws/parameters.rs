//! The parameter that callers without an agent read: Systems Manager Parameter Store.

use aws_sdk_ssm::types::{Parameter as Stored, ParameterTier, ParameterType};

use super::bedrock::none_if_not_found;
use super::{Aws, instant};
use policy::commitment::ParameterName;
use policy::observed::{CallError, CallErrorKind, Parameter};

impl Aws {
    /// The parameter, if it exists.
    ///
    /// # Errors
    /// The Get failed otherwise than by not finding it.
    pub async fn parameter(&self, name: &ParameterName) -> Result<Option<Parameter>, CallError> {
        let answer = match self.parameters().get_parameter().name(name.as_str()).send().await {
            Ok(answer) => answer,
            Err(error) => return none_if_not_found(self.failed(format!("read parameter {name}"), &error)),
        };
        Ok(answer.parameter().map(|parameter| Parameter {
            value: parameter.value().unwrap_or_default().to_owned(),
            kind: parameter.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            version: parameter.version(),
            modified: Stored::last_modified_date(parameter).and_then(instant),
        }))
    }

    /// Has a parameter hold `value`; gives its version after that. One that is not there is made, for `commitment`; of one that is
    /// there nothing but the value is sent. Writing the same again changes nothing but the version.
    ///
    /// # Errors
    /// The change was refused, or no answer came; [`CallErrorKind::Busy`] if somebody else writes it at the same time.
    pub async fn write_parameter(
        &self,
        name: &ParameterName,
        value: &str,
        exists: bool,
        commitment: &str,
    ) -> Result<i64, CallError> {
        let request = self.parameters().put_parameter().name(name.as_str()).value(value);
        let request = if exists {
            request.overwrite(true)
        } else {
            let description = format!("The model to invoke now, kept by Throughput Scheduler for {commitment}");
            request.r#type(ParameterType::String).tier(ParameterTier::Standard).description(description)
        };
        let answer = request.send().await;
        answer.map(|answer| answer.version()).map_err(|error| {
            let mut error = self.failed(format!("write parameter {name}"), &error);
            if error.kind == CallErrorKind::Conflict || error.code == "ThrottlingException" {
                error.kind = CallErrorKind::Busy;
            }
            error
        })
    }
}
