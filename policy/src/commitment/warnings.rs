//! What is worth knowing about a declaration that is right, and may not be what was meant?

use jiff::Timestamp;

use super::{Commitment, ModelId, bare_model};
use crate::input::Mistake;
use crate::timetable::{ModelUnits, Timetable};

/// More model units than AWS lends anybody without long talks.
const ABSURD_UNITS: u32 = 100;

impl Commitment {
    /// Everything that is worth knowing about it when it is registered at `now`, each with its path.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<Mistake> {
        let said = |path: &str, message: String| Mistake { path: path.to_owned(), message };
        let mut warnings = Vec::new();
        if self.model.lacks_context_length() {
            let message = format!(
                "`{0}` has no context length; most models are sold with one, such as `{0}:24k`: Bedrock refuses those without",
                self.model
            );
            warnings.push(said("ModelId", message));
        }
        let windows = self.timetable.as_ref().map_or(&[][..], Timetable::windows).iter().enumerate();
        let windows = windows.map(|(index, window)| (format!("Timetable.Windows[{index}].ModelUnits"), window.units));
        let exceptions = self.timetable.as_ref().map_or(&[][..], Timetable::exceptions).iter().enumerate();
        let exceptions =
            exceptions.map(|(index, exception)| (format!("Timetable.Exceptions[{index}].ModelUnits"), exception.units));
        let usual = std::iter::once(("ModelUnits".to_owned(), Some(self.units)));
        for (path, units) in usual.chain(windows).chain(exceptions) {
            if let Some(units) = units.map(ModelUnits::get).filter(|units| *units > ABSURD_UNITS) {
                let message =
                    format!("`{units}` model units are more than AWS grants without long talks; is that meant?");
                warnings.push(said(&path, message));
            }
        }
        let timetable = self.timetable.iter().flat_map(|timetable| timetable.warnings(self.lead, now));
        warnings.extend(timetable.map(|message| said("Timetable", message)));
        warnings
    }
}

impl ModelId {
    /// Returns true for a foundation model that is named without a context length.
    #[must_use]
    pub fn lacks_context_length(&self) -> bool {
        let id = self.canonical();
        !self.is_custom() && !id.starts_with("arn:") && bare_model(id) == id
    }
}
