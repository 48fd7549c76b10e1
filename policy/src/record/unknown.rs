//! What becomes of keys that this release does not know?
//!
//! A newer release may have written them before it was rolled back. They are kept where they are, so that nothing is
//! forgotten, and mean nothing here.

use serde_json::Value;

/// Puts the keys of `stored` that this release does not know into `new`, at the same places.
///
/// `known` is `stored` as this release reads and writes it: a key that is missing there is not known. A place that is gone
/// from `new` takes its unknown keys along. So does an element of a list that is not there any more as it was.
pub fn carry_unknown(stored: &Value, known: &Value, new: &mut Value) {
    if let (Value::Array(stored), Value::Array(known), Value::Array(new)) = (stored, known, &mut *new) {
        for (stored, known) in stored.iter().zip(known).filter(|(stored, known)| stored != known) {
            if let Some(element) = new.iter_mut().find(|element| *element == known) {
                carry_unknown(stored, known, element);
            }
        }
        return;
    }
    let (Some(stored), Some(known)) = (stored.as_object(), known.as_object()) else { return };
    let Some(members) = new.as_object_mut() else { return };
    for (key, value) in stored {
        match known.get(key) {
            None => {
                members.entry(key.clone()).or_insert_with(|| value.clone());
            }
            Some(known) => {
                if let Some(member) = members.get_mut(key) {
                    carry_unknown(value, known, member);
                }
            }
        }
    }
}
