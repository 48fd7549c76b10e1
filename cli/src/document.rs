//! What stands in a file, and where?
//!
//! YAML and JSON alike, JSON being YAML: a tree whose nodes know the bytes that they come from, so that a mistake that the
//! library names by its path (`Timetable.Windows[2].ModelUnits`) can be shown on its line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use policy::input::cut;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

/// Most nodes of a file, those that an alias repeats counted again: a small file cannot fill the memory.
const MOST_NODES: usize = 200_000;
/// Most lists and mappings within one another, as many as JSON's own reader takes: a small file cannot fill the stack.
const MOST_DEPTH: usize = 128;

/// A value with its place in the text.
#[derive(Debug, Clone)]
pub struct Node {
    /// The bytes that it comes from.
    pub span: Range<usize>,
    /// Its tag without `!`, if it has one of its own: `Ref`, `GetAtt`.
    pub tag: Option<String>,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A single value, and whether it stands there without quotes.
    Scalar {
        /// Its text, quotes and escapes undone.
        text: String,
        /// Whether it stands there without quotes: `3` is then a number.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<(Node, Node)>),
}

/// A text that is no YAML, or that says something twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl Node {
    /// The text of a single value.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Whether nothing stands there.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if is_null(text))
    }

    /// The members of a mapping; none of anything else.
    #[must_use]
    pub fn members(&self) -> &[(Self, Self)] {
        match &self.kind {
            Kind::Map(members) => members,
            Kind::Scalar { .. } | Kind::List(_) => &[],
        }
    }

    /// The elements of a list; none of anything else.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        match &self.kind {
            Kind::List(elements) => elements,
            Kind::Scalar { .. } | Kind::Map(_) => &[],
        }
    }

    /// The member `key` of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.members().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// What the library's `path` below this node names, as far as it exists: the key that leads there, if one does, and
    /// the value.
    #[must_use]
    pub fn locate(&self, path: &str) -> (Option<&Self>, &Self) {
        self.locate_after(None, path)
    }

    fn locate_after<'n>(&'n self, key: Option<&'n Self>, path: &str) -> (Option<&'n Self>, &'n Self) {
        let rest = path.strip_prefix('.').unwrap_or(path);
        if let Some((index, rest)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let element = index.parse().ok().and_then(|index: usize| self.elements().get(index));
            return element.map_or((key, self), |element| element.locate_after(None, rest));
        }
        // A key may hold dots of its own: the longest that fits is meant.
        let fits = |name: &str| {
            let rest = rest.strip_prefix(cut(name).as_str())?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
        };
        let members = self.members().iter();
        let fitting = members.filter_map(|(name, value)| Some((name, value, fits(name.text()?)?)));
        match fitting.min_by_key(|(_, _, rest)| rest.len()) {
            Some((name, value, rest)) => value.locate_after(Some(name), rest),
            None => (key, self),
        }
    }
}

/// Whether a `text` without quotes stands for nothing, by the core schema of YAML 1.2.
#[must_use]
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Reads every document of `text`.
///
/// # Errors
/// The first place at which it is not YAML, or where a key stands twice.
pub fn parse(text: &str) -> Result<Vec<Node>, Unreadable> {
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
        let node = Node { span: self.bytes.range(span), tag, kind };
        if self.open.len() == MOST_DEPTH {
            return self.refuse(node.span, "nested deeper than any declaration is");
        }
        self.open.push(Open { node, anchor, key: None });
    }

    fn finish(&mut self, span: Span) {
        let Some(Open { mut node, anchor, key: _ }) = self.open.pop() else { return };
        node.span.end = self.bytes.at(span.end.index()).max(node.span.end);
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
                let is_same = |(name, _): &(Node, Node)| node.text().is_some() && name.text() == node.text();
                let (again, span) = (members.iter().any(is_same), node.span.clone());
                *key = Some(node);
                if again {
                    self.refuse(span, "this key stands here twice; remove one");
                }
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
                self.put(Node { span: self.bytes.range(span), tag: own(tag), kind }, anchor);
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

/// How many nodes there are in `node`.
fn size(node: &Node) -> usize {
    let members = node.members().iter().map(|(_, value)| size(value) + 1).sum::<usize>();
    1 + members + node.elements().iter().map(size).sum::<usize>()
}

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
