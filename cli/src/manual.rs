//! How does a shell, and a person without a network, know what can be typed?

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::Failure;
use crate::arguments::Arguments;
use crate::terminal::Terminal;

/// `completions`.
///
/// # Errors
/// They cannot be printed.
pub fn completions(shell: Shell, terminal: &Terminal) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "throughput", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))
}

/// `man`: the page of the command, or of the verb `verb`.
///
/// # Errors
/// There is no such verb, or the page cannot be printed.
pub fn page(verb: Option<&str>, terminal: &Terminal) -> Result<(), Failure> {
    let mut command = Arguments::command();
    command.build();
    let chosen = match verb {
        None => command,
        Some(verb) => {
            let unknown = || {
                let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
                Failure::Usage(format!("there is no verb `{verb}`; there are {}", known.join(", ")))
            };
            let found = command.find_subcommand(verb).ok_or_else(unknown)?.clone();
            found.bin_name(format!("throughput {verb}")).display_name(format!("throughput-{verb}"))
        }
    };
    let mut page = Vec::new();
    Man::new(chosen).source(concat!("throughput ", env!("CARGO_PKG_VERSION"))).render(&mut page)?;
    terminal.print(&String::from_utf8_lossy(&page))
}
