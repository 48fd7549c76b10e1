//! How are files read and written?

use std::io::Read;
use std::path::Path;

use crate::Failure;
use crate::conflicts;
use crate::source::{self, Contents, Declaration, Source};
use crate::terminal::Terminal;

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// The file at `path`, `-` for standard input.
///
/// # Errors
/// It cannot be read as text.
pub fn source(path: &str) -> Result<Source, Failure> {
    let read = if path == STANDARD_INPUT {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = read.map_err(|error| Failure::Usage(format!("cannot read {path}: {error}")))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let path = if path == STANDARD_INPUT { "<stdin>" } else { path };
    Ok(Source { path: path.to_owned(), text })
}

/// What the file at `path` declares, or only what goes by `name`.
///
/// # Errors
/// The file cannot be read, has mistakes, which are shown, or declares nothing of that name.
pub fn declarations(path: &str, name: Option<&str>, terminal: &Terminal) -> Result<Vec<Declaration>, Failure> {
    let source = source(path)?;
    let contents = source::read(&source);
    let mut read = [(source, contents)];
    conflicts::note(&mut read);
    let [(source, contents)] = read;
    if contents.mistakes().next().is_some() {
        let mistakes: Vec<_> = contents.mistakes().cloned().collect();
        return Err(Failure::told(terminal.complain(&crate::check::shown(&source, &mistakes, terminal))));
    }
    let Contents { declarations, .. } = contents;
    let known: Vec<String> = declarations.iter().map(|declaration| declaration.label.clone()).collect();
    let chosen: Vec<Declaration> =
        declarations.into_iter().filter(|declaration| name.is_none_or(|name| declaration.label == name)).collect();
    match (chosen.is_empty(), name) {
        (false, _) => Ok(chosen),
        (true, None) => Err(Failure::Usage(format!("{path} declares no commitment"))),
        (true, Some(name)) => {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            let meant = policy::input::nearest(name, &names).map(|near| format!("; did you mean `{near}`?"));
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            let meant = meant.unwrap_or_default();
            Err(Failure::Usage(format!("{path} declares no `{name}`; it declares {known}{meant}")))
        }
    }
}

/// Writes `text` into the file at `path`.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::Usage(format!("cannot write {}: {error}", path.display())))
}
