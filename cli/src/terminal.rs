//! What is at the other end of standard output?

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use crate::Failure;
use crate::arguments::Colour;

/// Home, and nothing below.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J";

/// Where to print, and how.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// When to use colour.
    pub colour: Colour,
    /// How many columns there are; nothing for a pipe or a file, where lines are as long as they are.
    pub width: Option<usize>,
    /// Whether a person can be asked.
    pub can_ask: bool,
}

impl Terminal {
    /// The terminal of this process, if it is in one.
    #[must_use]
    pub fn of_process(colour: Colour) -> Self {
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        Self { colour, width, can_ask: io::stdin().is_terminal() && io::stderr().is_terminal() }
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

    /// Clears a terminal, whatever is thought of colour; does nothing to a pipe.
    ///
    /// # Errors
    /// See [`Terminal::print`].
    pub fn clear(&self) -> Result<(), Failure> {
        if self.width.is_none() {
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
