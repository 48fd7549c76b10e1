//! Plays two weeks through the real handler and the real SDK clients against the simulator, and says what came of them.

use indicatif::{ProgressBar, ProgressStyle};
use rehearsal::week::{Played, Week, berlin, play, ticks, tokyo};

#[tokio::main]
async fn main() {
    let bar = ProgressBar::new(u64::try_from(2 * ticks()).unwrap_or_default());
    if let Ok(style) = ProgressStyle::with_template("  playing two weeks {bar:40} {percent:>3}%") {
        bar.set_style(style);
    }
    // One world each, so that they can be played side by side.
    let played = [tokyo(), berlin()].map(|week| {
        let bar = bar.clone();
        tokio::spawn(async move { (play(&week, || bar.inc(1)).await, week) })
    });
    let played = futures_util::future::join_all(played).await;
    bar.finish_and_clear();
    for week in played {
        match week {
            Ok((Ok(played), week)) => anstream::print!("{}", told(&week, &played)),
            Ok((Err(error), week)) => fail(&format!("{}: {error}", week.title)),
            Err(error) => fail(&error.to_string()),
        }
    }
}

fn fail(message: &str) -> ! {
    eprintln!("the demo broke: {message}");
    std::process::exit(1)
}

fn told(week: &Week, played: &Played) -> String {
    let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    let (title, diary, ticks) = (week.title, &played.diary, played.ticks);
    let (picture, sums) = (played.picture().drawn(width), played.sums());
    format!("\n{title}\n\n{diary}\n  {ticks} ticks; what was there:\n\n{picture}\n  {sums}\n")
}
