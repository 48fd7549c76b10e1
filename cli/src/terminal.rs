//! What is at the other end of standard output?

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use crate::arguments::{Arguments, Colour};
use crate::{Failure, fit};

/// Home, and nothing below.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J";

/// Where to print, and how.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// When to use colour.
    pub colour: Colour,
    /// How many columns there are; nothing for a pipe or a file, where lines are as long as they are.
    pub width: Option<usize>,
    /// Whether pictures are drawn with signs of ASCII alone.
    pub ascii: bool,
    /// Whether standard output is a terminal, which can be cleared.
    pub is_terminal: bool,
    /// Whether a person can be asked.
    pub can_ask: bool,
}

impl Terminal {
    /// The terminal of this process, if it is in one. `--width` says how wide it is, or else `columns`, which is the
    /// environment's `COLUMNS`.
    #[must_use]
    pub fn of_process(arguments: &Arguments, columns: Option<&str>) -> Self {
        let is_wide = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let said = columns.and_then(|columns| columns.trim().parse().ok()).filter(|columns| *columns > 0);
        Self {
            colour: arguments.color,
            width: arguments.width.map(usize::from).or(said).or_else(is_wide),
            ascii: arguments.ascii,
            is_terminal: io::stdout().is_terminal(),
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }

    fn choice(&self) -> ColorChoice {
        match self.colour {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        }
    }

    /// Prints `text`, without its styles where they are not wanted.
    ///
    /// # Errors
    /// Nobody reads any more, or it cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut stream = AutoStream::new(io::stdout().lock(), self.choice());
        Ok(stream.write_all(text.as_bytes()).and_then(|()| stream.flush())?)
    }

    /// Prints `text`, which is for people: in signs of ASCII if that is wanted, and no wider than the terminal.
    ///
    /// # Errors
    /// See [`Terminal::print`].
    pub fn say(&self, text: &str) -> Result<(), Failure> {
        let text = if self.ascii { fit::ascii(text) } else { text.to_owned() };
        match self.width {
            Some(width) => self.print(&fit::folded(&text, width)),
            None => self.print(&text),
        }
    }

    /// Clears a terminal, whatever is thought of colour; does nothing to a pipe.
    ///
    /// # Errors
    /// See [`Terminal::print`].
    pub fn clear(&self) -> Result<(), Failure> {
        if !self.is_terminal {
            return Ok(());
        }
        let mut stream = io::stdout().lock();
        Ok(stream.write_all(CLEAR).and_then(|()| stream.flush())?)
    }

    /// The same to standard error.
    ///
    /// # Errors
    /// See [`Terminal::print`].
    pub fn complain(&self, text: &str) -> Result<(), Failure> {
        let mut stream = AutoStream::new(io::stderr().lock(), self.choice());
        Ok(stream.write_all(text.as_bytes()).and_then(|()| stream.flush())?)
    }
}
