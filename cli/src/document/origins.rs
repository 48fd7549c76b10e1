//! Which byte of a file does a byte of a value come from?

use std::ops::Range;

/// By byte of the decoded `text` of a single value, the byte of `source` that it comes from: through indentation, folded
/// lines, quotes and escapes. Nothing if the two cannot be matched.
///
/// `place` is where the value stands in `source`.
#[must_use]
pub fn origins(source: &str, place: &Range<usize>, text: &str) -> Option<Vec<usize>> {
    let written = source.get(place.clone())?;
    // Tags and anchors stand before what they are of.
    let mut value = written;
    while value.starts_with(['!', '&']) {
        value = value.split_once(char::is_whitespace)?.1.trim_start();
    }
    let before = written.len() - value.len();
    let mut signs = value.char_indices().map(|(offset, sign)| (before + offset, sign)).peekable();
    let mut origins = Vec::with_capacity(text.len() + 1);
    let mut at = place.start;
    for wanted in text.chars() {
        loop {
            let (offset, sign) = signs.next()?;
            at = place.start + offset;
            let escaped = match signs.peek() {
                Some((_, next)) if sign == '\\' && (*next == wanted || wanted.is_control()) => true,
                Some((_, '\'')) if sign == '\'' && wanted == '\'' => true,
                _ => false,
            };
            if escaped {
                signs.next();
                break;
            }
            // What a value begins with: `|`, `>`, a quote; and the space that lines lose.
            let skipped = sign.is_whitespace() || (origins.is_empty() && "|>-+'\"".contains(sign));
            if sign == wanted || (sign.is_whitespace() && wanted.is_whitespace()) {
                break;
            }
            if !skipped {
                return None;
            }
        }
        origins.resize(origins.len() + wanted.len_utf8(), at);
    }
    origins.push(at + 1);
    Some(origins)
}
