//! How does a text fit into a terminal that is narrow, or that shows ASCII alone?

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// A longer word before two spaces begins no column.
const LONGEST_LABEL: usize = 8;
/// Behind it there would be no room for a word.
const DEEPEST: usize = 16;

/// What is drawn with, and what stands in for it: no two alike in one picture.
const SIGNS: [(char, &str); 15] = [
    ('·', "."),
    ('░', ":"),
    ('▒', "/"),
    ('▓', "%"),
    ('█', "#"),
    ('▁', "_"),
    ('▂', "-"),
    ('▃', "~"),
    ('▄', "="),
    ('▅', "+"),
    ('▆', "*"),
    ('▇', "&"),
    ('◀', "<"),
    ('→', "->"),
    ('…', "..."),
];

/// `text` with every line of more than `width` columns broken between words. What goes on stands below what it goes on
/// from. Pictures and tables have their own measure, and are narrow enough.
#[must_use]
pub fn folded(text: &str, width: usize) -> String {
    let fold = |line: &str| {
        if textwrap::core::display_width(line) <= width {
            return line.to_owned();
        }
        let below = " ".repeat(depth(line));
        let options = Options::new(width).subsequent_indent(&below).break_words(false);
        let options = options.word_separator(WordSeparator::AsciiSpace).wrap_algorithm(WrapAlgorithm::FirstFit);
        textwrap::wrap(line, options.word_splitter(WordSplitter::NoHyphenation)).join("\n")
    };
    let lines: Vec<String> = text.split('\n').map(fold).collect();
    lines.join("\n")
}

/// The column at which a broken `line` goes on: behind its label, such as `  waits    `, or two deeper than it begins.
fn depth(line: &str) -> usize {
    let plain = anstream::adapter::strip_str(line).to_string();
    let indent = plain.len() - plain.trim_start().len();
    let rest = plain.trim_start();
    let label = rest.split(' ').next().unwrap_or_default();
    let gap = rest[label.len()..].len() - rest[label.len()..].trim_start().len();
    let behind = indent + label.chars().count() + gap;
    let is_label = label.chars().count() <= LONGEST_LABEL && indent > 0 && gap >= 2 && behind <= DEEPEST;
    if is_label { behind } else { indent + 2 }
}

/// `text` in signs of ASCII: what the pictures are drawn with, and what stands between words.
#[must_use]
pub fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.chars() {
        match SIGNS.iter().find(|(known, _)| *known == sign) {
            Some((_, instead)) => plain.push_str(instead),
            None => plain.push(sign),
        }
    }
    plain
}
