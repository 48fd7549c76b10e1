//! What stands in a document: headings, blocks, links, tables and code within lines.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the repository is.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// One document.
pub(crate) struct Document {
    /// Its path in the repository.
    pub(crate) path: String,
    /// Its blocks between fences.
    pub(crate) blocks: Vec<Block>,
    /// Its headings, in their order: how deep, and the text.
    pub(crate) headings: Vec<(usize, String)>,
    /// Its lines outside blocks, each below the heading that it stands under.
    prose: Vec<(String, String)>,
}

/// One block between fences.
pub(crate) struct Block {
    /// `README.md:29`.
    pub(crate) place: String,
    /// What it is said to be; empty if nothing is said.
    pub(crate) language: String,
    /// Its text.
    pub(crate) text: String,
}

impl Document {
    fn read(path: &str) -> Self {
        let (mut blocks, mut headings, mut prose) = (Vec::<Block>::new(), Vec::new(), Vec::new());
        let mut open = false;
        let mut under = String::new();
        for (index, line) in read(path).lines().enumerate() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                open = !open;
                if open {
                    let (place, language) = (format!("{path}:{}", index + 1), language.trim().to_owned());
                    blocks.push(Block { place, language, text: String::new() });
                }
            } else if open {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            } else {
                let marks = line.bytes().take_while(|byte| *byte == b'#').count();
                if marks > 0 {
                    line[marks..].trim().clone_into(&mut under);
                    headings.push((marks, under.clone()));
                }
                prose.push((under.clone(), line.to_owned()));
            }
        }
        assert!(!open, "{path}: a block that never ends");
        Self { path: path.to_owned(), blocks, headings, prose }
    }

    /// The anchors of its headings, as GitHub makes them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for (_, heading) in &self.headings {
            let kept = heading.to_lowercase().replace(' ', "-");
            let kept: String = kept.chars().filter(|sign| sign.is_alphanumeric() || "-_".contains(*sign)).collect();
            let earlier = anchors.iter().filter(|anchor| **anchor == kept).count();
            anchors.push(if earlier == 0 { kept } else { format!("{kept}-{earlier}") });
        }
        anchors
    }

    /// Where its links lead.
    pub(crate) fn links(&self) -> Vec<String> {
        let targets = |line: &str| {
            let rests: Vec<&str> = line.split("](").skip(1).collect();
            rests.into_iter().filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect::<Vec<_>>()
        };
        self.prose.iter().flat_map(|(_, line)| targets(line)).collect()
    }

    /// Its lines outside blocks.
    pub(crate) fn prose(&self) -> impl Iterator<Item = &str> {
        self.prose.iter().map(|(_, line)| line.as_str())
    }

    /// Everything between backticks in its text.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.prose.iter().flat_map(|(_, line)| codes(line)).collect()
    }

    /// The cells of the tables under `heading`, without what stands above their rules.
    pub(crate) fn rows(&self, heading: &str) -> Vec<Vec<String>> {
        let lines: Vec<&str> =
            self.prose.iter().filter(|(under, _)| under == heading).map(|(_, line)| line.as_str()).collect();
        let is_rule = |line: &&&str| line.starts_with("| ---");
        let heads = lines.iter().zip(lines.iter().skip(1)).filter(|(_, next)| is_rule(next)).map(|(head, _)| *head);
        let heads: Vec<&str> = heads.collect();
        let rows = lines.iter().filter(|line| line.starts_with('|') && !is_rule(line) && !heads.contains(*line));
        // A bar within code is written `\|`.
        let cells = |line: &&str| {
            let line = line.trim_matches('|').replace("\\|", "\u{1}");
            line.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
        };
        let rows: Vec<Vec<String>> = rows.map(cells).collect();
        assert!(!rows.is_empty(), "{}: no table under `{heading}`", self.path);
        rows
    }

    /// What stands between backticks in the first cells under `heading`.
    pub(crate) fn first_cells(&self, heading: &str) -> Vec<String> {
        self.rows(heading).iter().flat_map(|row| codes(&row[0])).collect()
    }

    /// The headings of depth `depth` below the heading `above`.
    pub(crate) fn below(&self, above: &str, depth: usize) -> Vec<&str> {
        let start = self.headings.iter().position(|(_, heading)| heading == above).unwrap();
        let inside = self.headings[start + 1..].iter().take_while(|(marks, _)| *marks >= depth);
        inside.filter(|(marks, _)| *marks == depth).map(|(_, heading)| heading.as_str()).collect()
    }
}

/// What stands between backticks in a line.
pub(crate) fn codes(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Everything that a user reads.
pub(crate) fn documents() -> Vec<Document> {
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|page| page.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<String> =
        pages.map(|page| format!("docs/{}", page.file_name().unwrap().to_str().unwrap())).collect();
    pages.sort();
    let others = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md"];
    let others = others.map(str::to_owned);
    others.into_iter().chain(pages).map(|path| Document::read(&path)).collect()
}

/// The document at `path`.
pub(crate) fn document(path: &str) -> Document {
    Document::read(path)
}
