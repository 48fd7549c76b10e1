//! Searches every small world, two at a time, and says what it found.
//!
//! With names, only the worlds whose names hold one of them. With `--until-broken`, it stops at the first broken rule.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use worlds::{Explored, Task, World, explore, worlds};

fn main() -> ExitCode {
    let (options, only): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let until_broken = options.iter().any(|option| option == "--until-broken");
    let mut todo: Vec<Task> = worlds();
    todo.retain(|(world, _)| only.is_empty() || only.iter().any(|name| world.name.contains(name.as_str())));
    let (count, began) = (todo.len(), Instant::now());
    todo.reverse();
    let todo = Mutex::new(todo);
    let found = Mutex::new(Vec::new());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let Some((world, limit)) = todo.lock().ok().and_then(|mut todo| todo.pop()) else { break };
                    let began = Instant::now();
                    let explored = explore(&world, limit);
                    tell(&world, &explored, began.elapsed().as_secs_f64());
                    if until_broken && explored.broken.is_some() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    if let Ok(mut found) = found.lock() {
                        found.push(explored);
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_default();
    let sum = |of: fn(&Explored) -> usize| found.iter().map(of).sum::<usize>();
    let broken = found.iter().filter(|explored| explored.broken.is_some()).count();
    println!(
        "{count} worlds: {} states, {} transitions, {} followed to their end, {broken} broken, {:.0} s",
        sum(|explored| explored.states),
        sum(|explored| explored.transitions),
        sum(|explored| explored.followed),
        began.elapsed().as_secs_f64(),
    );
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(world: &World, explored: &Explored, took: f64) {
    let Explored { world: name, states, transitions, depth, complete, followed, broken } = explored;
    let whole = if *complete { "complete" } else { "stopped at its limit" };
    println!(
        "{name}: {states} states, {transitions} transitions, depth {depth}, {followed} followed, {whole}, {took:.1} s ({})",
        world.about
    );
    if let Some(broken) = broken {
        let diary = broken.diary();
        println!("{name}: BROKEN after {} steps: {}", diary.len(), broken.rule);
        for line in diary {
            println!("    {line}");
        }
        println!("\nThe same as a test, for worlds/tests/found.rs:\n\n{}", broken.test());
    }
}
