//! What may a text look like?
//!
//! Parts of the regular expressions in the JSON Schema of a declaration. They are ECMA-262 with its flag
//! `u`, as draft 2020-12 wants them.

use serde_json::{Value, json};

/// White space as `str::trim` knows it, or none.
pub(crate) const SPACE: &str = r"[\s\u0085]*";

/// One of the `words`, each as a pattern.
pub(crate) fn any_of(words: impl IntoIterator<Item = impl Into<String>>) -> String {
    let words: Vec<String> = words.into_iter().map(Into::into).collect();
    format!("(?:{})", words.join("|"))
}

/// A word of ASCII letters in any letter case.
pub(crate) fn any_case(word: &str) -> String {
    let letters = word.chars().map(|letter| match (letter.to_ascii_uppercase(), letter.to_ascii_lowercase()) {
        (upper, lower) if upper != lower => format!("[{upper}{lower}]"),
        _ => letter.to_string(),
    });
    letters.collect()
}

/// A decimal number from 1 to `most`, perhaps with zeros before it.
pub(crate) fn from_one_to(most: u32) -> String {
    let digits = most.to_string();
    let mut forms = Vec::new();
    if let Some(shorter) = digits.len().checked_sub(2) {
        forms.push(if shorter == 0 { "[1-9]".to_owned() } else { format!("[1-9][0-9]{{0,{shorter}}}") });
    }
    // Equal to `most` up to a digit that is smaller, and then any digits.
    for (index, digit) in digits.char_indices() {
        let least = if index == 0 { '1' } else { '0' };
        let Some(below) = char::from_u32(u32::from(digit) - 1).filter(|below| *below >= least) else { continue };
        let before = &digits[..index];
        let smaller = if least == below { below.to_string() } else { format!("[{least}-{below}]") };
        let after = match digits.len() - index - 1 {
            0 => String::new(),
            1 => "[0-9]".to_owned(),
            rest => format!("[0-9]{{{rest}}}"),
        };
        forms.push(format!("{before}{smaller}{after}"));
    }
    forms.push(digits);
    format!("0*{}", any_of(forms))
}

/// A decimal number from 0 to `most`, perhaps with zeros before it.
pub(crate) fn up_to(most: u32) -> String {
    any_of(["0+".to_owned(), from_one_to(most)])
}

/// A schema that refuses what `schema` accepts; editors that can, show `message` with it.
pub(crate) fn none_of(schema: &Value, message: &str) -> Value {
    json!({"not": schema, "errorMessage": message})
}
