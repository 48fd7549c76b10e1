//! What does a text in YAML say, and where?

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{Kind, Node, Unreadable, twice};

/// Most nodes of a file, those that an alias repeats counted again: a small file cannot fill the memory.
const MOST_NODES: usize = 200_000;
/// Most lists and mappings within one another, as many as JSON's own reader takes: a small file cannot fill the stack.
const MOST_DEPTH: usize = 128;

/// Reads every document of `text`.
///
/// What is quoted, or stands in brackets, may go on at any column in YAML 1.1, as CloudFormation's tools read it; the parser
/// knows 1.2 and wants it indented. Such lines are indented for it, and every place is told as it is in `text`.
///
/// # Errors
/// The first place at which it is not YAML.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, Unreadable> {
    let mut indented = Vec::new();
    loop {
        let written = Indented::new(text, &indented);
        let refused = match documents(&written.text) {
            Ok(mut documents) => {
                for document in &mut documents {
                    written.restore(document);
                }
                return Ok(documents);
            }
            Err(refused) => Unreadable { span: written.range(&refused.span), ..refused },
        };
        let lines = lines_to_indent(text, &refused);
        let new: Vec<usize> = lines.into_iter().filter(|line| !indented.contains(line)).collect();
        if new.is_empty() || indented.len() + new.len() > MOST_INDENTED {
            return Err(refused);
        }
        indented.extend(new);
    }
}

/// What the parser says of a quoted text, and of what stands in brackets, that goes on too far to the left.
const QUOTED_TOO_FAR_LEFT: &str = "invalid indentation in quoted scalar";
const TOO_FAR_LEFT: &str = "invalid indentation";
/// How far such a line is indented: further than anything around it.
const INDENTATION: usize = 200;
/// Most lines that are indented: each may cost another look at the file.
const MOST_INDENTED: usize = 500;

/// The bytes at which the lines begin that the parser wants indented, if that is what it `refused`.
fn lines_to_indent(text: &str, refused: &Unreadable) -> Vec<usize> {
    let at = refused.span.start;
    let (Some(before), Some(rest)) = (text.get(..at), text.get(at..)) else { return Vec::new() };
    if refused.message == QUOTED_TOO_FAR_LEFT {
        let lines = quoted(rest).match_indices('\n').map(|(newline, _)| at + newline + 1);
        return lines.collect();
    }
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    if refused.message.starts_with(TOO_FAR_LEFT) && is_in_brackets(before) { vec![line] } else { Vec::new() }
}

/// The quoted text that `text` begins with, with its quotes.
fn quoted(text: &str) -> &str {
    let Some(quote) = text.chars().next().filter(|sign| ['"', '\''].contains(sign)) else { return "" };
    let mut signs = text.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' if quote == '"' => drop(signs.next()),
            _ if sign == quote => return &text[..=at],
            _ => {}
        }
    }
    text
}

/// Returns true if `text` ends within brackets.
fn is_in_brackets(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut rest = text;
    let mut before = '\n';
    while let Some(sign) = rest.chars().next() {
        let begins = before.is_whitespace() || "[{,:".contains(before);
        let used = match sign {
            '"' | '\'' if begins => quoted(rest).len(),
            '#' if before.is_whitespace() => rest.find('\n').unwrap_or(rest.len()),
            _ => sign.len_utf8(),
        };
        match sign {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        before = rest[..used].chars().next_back().unwrap_or(sign);
        rest = &rest[used..];
    }
    depth > 0
}

/// A text with some of its lines indented.
struct Indented {
    text: String,
    /// The bytes of the original before which spaces stand, in ascending order.
    lines: Vec<usize>,
}

impl Indented {
    fn new(text: &str, lines: &[usize]) -> Self {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        let mut written = String::with_capacity(text.len() + lines.len() * INDENTATION);
        let mut done = 0;
        for line in &lines {
            written.push_str(text.get(done..*line).unwrap_or_default());
            written.extend(std::iter::repeat_n(' ', INDENTATION));
            done = *line;
        }
        written.push_str(text.get(done..).unwrap_or_default());
        Self { text: written, lines }
    }

    /// The byte of the original that `at` comes from.
    fn byte(&self, at: usize) -> usize {
        let mut original = at;
        for (index, line) in self.lines.iter().enumerate() {
            let begins = line + index * INDENTATION;
            if at < begins {
                break;
            }
            original = at.saturating_sub((index + 1) * INDENTATION).max(*line);
        }
        original
    }

    fn range(&self, range: &Range<usize>) -> Range<usize> {
        let (start, end) = (self.byte(range.start), self.byte(range.end));
        start..end.max(start)
    }

    fn restore(&self, node: &mut Node) {
        if self.lines.is_empty() {
            return;
        }
        node.span = self.range(&node.span);
        node.merge = node.merge.as_ref().map(|span| self.range(span));
        node.twice = node.twice.iter().map(|span| self.range(span)).collect();
        match &mut node.kind {
            Kind::Scalar { .. } => {}
            Kind::List(elements) => {
                for element in elements {
                    self.restore(element);
                }
            }
            Kind::Map(members) => {
                for (key, value) in members {
                    self.restore(key);
                    self.restore(value);
                }
            }
        }
    }
}

fn documents(text: &str) -> Result<Vec<Node>, Unreadable> {
    let mut builder = Builder::new(text);
    // One event after the other: the parser's own loader calls itself as deep as the text goes.
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| unreadable(text, builder.bytes.at(error.marker().index()), error.info()))?;
        builder.take(event, span);
        if let Some(unreadable) = builder.unreadable {
            return Err(unreadable);
        }
    }
    Ok(builder.documents)
}

/// What the parser says about the byte `at`. A tab is shown where it stands, which is a little further on.
fn unreadable(text: &str, at: usize, said: &str) -> Unreadable {
    let tab = if said.contains("tab") { text.get(at..).and_then(|rest| rest.find('\t')) } else { None };
    match tab {
        Some(further) => {
            let at = at + further;
            Unreadable { span: at..at + 1, message: format!("{said}; indent with spaces") }
        }
        None => Unreadable { span: at..at, message: said.to_owned() },
    }
}

/// By character, the byte at which it begins; nothing to remember where the text is ASCII.
struct Bytes {
    starts: Option<Vec<usize>>,
    length: usize,
}

impl Bytes {
    fn at(&self, character: usize) -> usize {
        let byte =
            self.starts.as_ref().map_or(character, |starts| starts.get(character).copied().unwrap_or(usize::MAX));
        byte.min(self.length)
    }

    fn range(&self, span: Span) -> Range<usize> {
        let (start, end) = (self.at(span.start.index()), self.at(span.end.index()));
        start..end.max(start)
    }
}

/// A list or mapping that is still open.
struct Open {
    node: Node,
    anchor: usize,
    /// A key that waits for its value.
    key: Option<Node>,
}

struct Builder {
    bytes: Bytes,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: Vec<Node>,
    unreadable: Option<Unreadable>,
}

impl Builder {
    fn new(text: &str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(start, _)| start).collect());
        Self {
            bytes: Bytes { starts, length: text.len() },
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            documents: Vec::new(),
            unreadable: None,
        }
    }

    fn refuse(&mut self, span: Range<usize>, message: &str) {
        let message = message.to_owned();
        self.unreadable.get_or_insert(Unreadable { span, message });
    }

    fn begin(&mut self, kind: Kind, anchor: usize, tag: Option<String>, span: Span) {
        let node = Node { tag, ..Node::new(self.bytes.range(span), kind) };
        if self.open.len() == MOST_DEPTH {
            return self.refuse(node.span, "nested deeper than any declaration is");
        }
        self.open.push(Open { node, anchor, key: None });
    }

    fn finish(&mut self, span: Span) {
        let Some(Open { mut node, anchor, key: _ }) = self.open.pop() else { return };
        node.span.end = self.bytes.at(span.end.index()).max(node.span.end);
        if let Kind::Map(members) = &mut node.kind {
            node.merge = merged(members);
            node.twice = twice(members);
        }
        self.put(node, anchor);
    }

    fn put(&mut self, node: Node, anchor: usize) {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return self.refuse(node.span, "the file holds more values than any declaration does");
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(Open { node: parent, key, .. }) = self.open.last_mut() else {
            return self.documents.push(node);
        };
        match &mut parent.kind {
            Kind::List(elements) => elements.push(node),
            Kind::Map(members) => {
                if let Some(name) = key.take() {
                    members.push((name, node));
                    return;
                }
                *key = Some(node);
            }
            Kind::Scalar { .. } => {}
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) {
        let own =
            |tag: Option<Cow<'_, Tag>>| tag.filter(|tag| !tag.is_yaml_core_schema()).map(|tag| tag.suffix.clone());
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let plain = style == ScalarStyle::Plain && !is_text;
                let kind = Kind::Scalar { text: text.into_owned(), plain };
                self.put(Node { tag: own(tag), ..Node::new(self.bytes.range(span), kind) }, anchor);
            }
            Event::SequenceStart(anchor, tag) => self.begin(Kind::List(Vec::new()), anchor, own(tag), span),
            Event::MappingStart(anchor, tag) => self.begin(Kind::Map(Vec::new()), anchor, own(tag), span),
            Event::SequenceEnd | Event::MappingEnd => self.finish(span),
            Event::Alias(anchor) => {
                let place = self.bytes.range(span);
                match self.anchors.get(&anchor).cloned() {
                    Some(node) => {
                        self.nodes += size(&node);
                        self.put(node, 0);
                    }
                    None => self.refuse(place, "this alias names nothing that is finished"),
                }
            }
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
}

/// Puts the members of what `<<` names among `members`, and says where the first `<<` stands.
///
/// What stands there itself goes first; of several `<<` the last, and in a list of mappings the first.
fn merged(members: &mut Vec<(Node, Node)>) -> Option<Range<usize>> {
    let is_merge = |(key, value): &(Node, Node)| {
        let names = matches!(&key.kind, Kind::Scalar { text, plain: true } if text == "<<");
        let maps = |node: &Node| matches!(node.kind, Kind::Map(_)) && node.tag.is_none();
        names && (maps(value) || (matches!(value.kind, Kind::List(_)) && value.elements().iter().all(maps)))
    };
    let place = members.iter().find(|member| is_merge(member)).map(|(key, _)| key.span.clone())?;
    let (merges, mut own): (Vec<_>, Vec<_>) = std::mem::take(members).into_iter().partition(is_merge);
    for (_, value) in merges.iter().rev() {
        let maps = if matches!(value.kind, Kind::Map(_)) { std::slice::from_ref(value) } else { value.elements() };
        for (key, value) in maps.iter().flat_map(Node::members) {
            if !own.iter().any(|(known, _)| known.text() == key.text()) {
                own.push((key.clone(), value.clone()));
            }
        }
    }
    *members = own;
    Some(place)
}

/// How many nodes there are in `node`.
fn size(node: &Node) -> usize {
    let members = node.members().iter().map(|(_, value)| size(value) + 1).sum::<usize>();
    1 + members + node.elements().iter().map(size).sum::<usize>()
}
