//! The command: arguments, terminal, clock, exit code. The clock is read here and nowhere else.

use std::process::ExitCode;

use jiff::Timestamp;
use throughput_cli::arguments::Arguments;
use throughput_cli::terminal::Terminal;

#[expect(clippy::disallowed_methods, reason = "the clock is read here and nowhere else")]
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here, and by the reader of arguments")]
fn columns() -> Option<String> {
    std::env::var("COLUMNS").ok()
}

fn main() -> ExitCode {
    let arguments = Arguments::of_process();
    let terminal = Terminal::of_process(&arguments, columns().as_deref());
    match throughput_cli::run(&arguments, &terminal, now) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(said) = failure.unsaid() {
                let style = anstyle::AnsiColor::Red.on_default().bold();
                // Nobody may be there to read it.
                let _unread = terminal.complain(&format!("{style}error{style:#}: {said}\n"));
            }
            failure.code()
        }
    }
}
