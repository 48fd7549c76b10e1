//! Every crash point: an invocation dies before each call, after its effect, while it answers; or an answer is lost on the way back.
//!
//! Lambda delivers again what died in an event's own invocation, or it does not; ticks go on. Afterwards the state is that of the run
//! that nobody disturbed, or, if nothing came again, as if nothing had ever come.
//!
//! A death, or a lost answer, that leaves the very account, at the very instant, that an earlier one or the undisturbed run left
//! has the same consequences: it is counted, and not played to its end once more. A death beside a call that only reads leaves what
//! the one before it leaves: it is counted, too. [`crate::is_played`] says which of the others `make test` plays.

use jiff::SignedDuration;
use rehearsal::cloudformation::SinkFault;
use rehearsal::line::{Called, Cut};
use serde_json::Value;
use simulator::Snapshot;

use super::checks::{Result, difference, judge, tolerance};
use super::stories::{Story, each_story};
use super::{Scene, TICK, changes, is_played};

/// Ticks that a crash, or an answer that is lost, may cost: a purchase is tried again for ten minutes, and ten minutes later two looks
/// tell for sure that it has bought nothing.
const MORE_TICKS: usize = 26;
/// Ticks within which every story comes to rest when nobody disturbs it.
const MOST_TICKS: usize = 30;
/// How often the SDK tries.
const TRIES: usize = 3;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The invocation dies before the call.
    DiesBefore,
    /// The invocation dies when the call has had its effect.
    DiesAfter,
    /// The invocation dies while it tells `CloudFormation`, before that is taken.
    DiesUntold,
    /// The invocation dies when `CloudFormation` has been told.
    DiesTold,
    /// One answer is lost: the SDK asks once more.
    OneAnswerLost,
    /// Every answer is lost until the SDK gives up: the invocation does not know what happened.
    AnswersLost,
}

impl Wrong {
    fn cut(self, call: usize) -> Option<Cut> {
        match self {
            Self::DiesBefore => Some(Cut::Before(call)),
            Self::DiesAfter => Some(Cut::After(call)),
            Self::OneAnswerLost => Some(Cut::Lose(call, 1)),
            Self::AnswersLost => Some(Cut::Lose(call, TRIES)),
            Self::DiesUntold | Self::DiesTold => None,
        }
    }

    /// How many points a run has for it.
    fn points(self, plain: &Run) -> usize {
        match self {
            Self::DiesUntold | Self::DiesTold => usize::from(!plain.result.told.is_empty()),
            Self::DiesBefore | Self::DiesAfter | Self::OneAnswerLost | Self::AnswersLost => plain.calls,
        }
    }
}

/// A story made ready: where it begins, what comes, and how it goes when nobody disturbs it.
struct Ready<'a> {
    scene: &'a Scene,
    story: &'a Story,
    start: Snapshot,
    event: Option<Value>,
    plain: Option<Run>,
    never: Option<Run>,
    /// What has been left so far, and whether Lambda delivered again.
    left: Vec<(Snapshot, Result, SignedDuration, bool)>,
    /// How many calls are points, of a story that never comes to rest.
    points: Option<usize>,
}

/// How a run went.
struct Run {
    /// How many calls are points.
    calls: usize,
    /// Ticks until it came to rest, if it did.
    ticks: Option<usize>,
    result: Result,
    paid: f64,
    broken: Vec<String>,
    /// The calls, in the order in which they had their effect.
    made: Vec<Called>,
    /// Whether Lambda has reason to deliver the event again.
    again: bool,
    /// Whether the call at which something was to go wrong was never made: of calls side by side, any may be the last one.
    unreached: bool,
}

/// One point: what goes wrong, at which call, and whether Lambda delivers again what failed.
#[derive(Debug, Clone, Copy)]
struct Point {
    wrong: Wrong,
    call: usize,
    again: bool,
}

impl Run {
    /// Whether `wrong` at `call` can leave anything else than a death one call earlier.
    fn differs(&self, wrong: Wrong, call: usize) -> bool {
        // Of calls side by side, another one may have had its effect in between.
        let in_turn = (0..).zip(&self.made).all(|(number, made)| made.number == number);
        let made = |call: usize| self.made.get(call).filter(|_| in_turn);
        let before = call.checked_sub(1).and_then(made);
        match wrong {
            Wrong::DiesBefore => {
                before.zip(made(call)).is_none_or(|(before, made)| changes(before.operation) || before.at != made.at)
            }
            Wrong::DiesAfter => made(call).is_none_or(|made| changes(made.operation)),
            Wrong::DiesUntold | Wrong::DiesTold | Wrong::OneAnswerLost | Wrong::AnswersLost => true,
        }
    }
}

impl<'a> Ready<'a> {
    async fn new(scene: &'a Scene, story: &'a Story, what: &str) -> Self {
        let (start, mut events) = scene.prepare(&story.before, &[&story.event]).await;
        let event = events.remove(0);
        let mut ready = Self { scene, story, start, event, plain: None, never: None, left: Vec::new(), points: None };
        let plain = ready.play(true, None).await.expect("played to its end");
        assert_eq!(plain.broken, Vec::<String>::new(), "{what}: undisturbed");
        assert_eq!(plain.ticks.is_none(), story.restless.is_some(), "{what}: undisturbed: {}", plain.result.state);
        let never = ready.play(false, None).await.expect("played to its end");
        (ready.plain, ready.never) = (Some(plain), Some(never));
        ready
    }

    fn plain(&self) -> &Run {
        self.plain.as_ref().expect("it was played")
    }

    fn never(&self) -> &Run {
        self.never.as_ref().expect("it was played")
    }

    /// Plays the story, if the event `comes`; nothing if a death left what an earlier one has left.
    async fn play(&mut self, comes: bool, point: Option<Point>) -> Option<Run> {
        let scene = self.scene;
        scene.back_to(&self.start);
        let began = scene.sim.now();
        if let Some(point) = point {
            scene.lines[0].arm(point.wrong.cut(point.call));
            self.let_answer_go_wrong(point.wrong);
        }
        let most = match (self.story.restless, &self.plain) {
            (Some(minutes), _) => minutes + MORE_TICKS,
            (None, Some(plain)) => plain.ticks.unwrap_or_default() + MORE_TICKS,
            (None, None) => MOST_TICKS,
        };
        let (mut again, mut waits) = (false, most);
        if let Some(event) = self.event.clone().filter(|_| comes) {
            let sent = scene.invoke(event.clone()).await;
            // Lambda delivers again what died, or ended in an error.
            again = sent.is_none_or(|sent| sent.is_err());
            if again && self.was_left_before(point) {
                return None;
            }
            if again && point.is_some_and(|point| point.again) {
                scene.minute().await;
                let _answer = scene.invoke(event).await;
            }
        }
        // A tick dies, or loses an answer, later.
        while self.is_armed() {
            scene.minute().await;
            waits -= 1;
            if !self.is_armed() && self.was_left_before(point) {
                return None;
            }
            if waits == 0 {
                break;
            }
        }
        // A tick that only looked and dies leaves what it would have left.
        let ticks =
            if self.plain.is_none() && comes { self.rest_and_note(waits).await } else { scene.rest(waits).await };
        let calls = self.points.take().unwrap_or_else(|| scene.lines[0].calls());
        let broken = scene.sim.take_violations();
        let horizon = TICK * i32::try_from(MOST_TICKS).expect("few");
        Some(Run {
            calls,
            ticks: ticks.map(|ticks| most - waits + ticks),
            result: scene.result(),
            paid: scene.paid(began.checked_add(horizon).expect("in range")),
            broken,
            made: scene.log.lock().expect("nobody panicked").clone(),
            again,
            unreached: point.is_some() && self.is_armed(),
        })
    }

    /// [`Scene::rest`], noting what each minute leaves.
    async fn rest_and_note(&mut self, most: usize) -> Option<usize> {
        for minutes in 1..=most {
            let rests = self.scene.minute().await;
            if self.story.restless == Some(minutes) {
                self.points = Some(self.scene.lines[0].calls());
            }
            let left = (self.scene.sim.snapshot(), self.scene.result(), self.scene.behind.get());
            self.left.extend([true, false].map(|again| (left.0.clone(), left.1.clone(), left.2, again)));
            if rests {
                return Some(minutes);
            }
        }
        None
    }

    fn let_answer_go_wrong(&self, wrong: Wrong) {
        let sink = &self.scene.stack.sink;
        let fault = match wrong {
            Wrong::DiesUntold => SinkFault::Silence,
            Wrong::DiesTold => SinkFault::Taken,
            Wrong::DiesBefore | Wrong::DiesAfter | Wrong::OneAnswerLost | Wrong::AnswersLost => return,
        };
        self.scene.dies_answering.set(Some(sink.tries()));
        sink.fault(fault);
    }

    /// Whether what is to go wrong has not gone wrong yet.
    fn is_armed(&self) -> bool {
        self.scene.lines[0].is_armed() || self.scene.dies_answering.get().is_some()
    }

    /// Whether `point` has left what was left before; never if nothing went wrong.
    fn was_left_before(&mut self, point: Option<Point>) -> bool {
        let Some(Point { again, .. }) = point else { return false };
        let now = (self.scene.sim.snapshot(), self.scene.result(), self.scene.behind.get(), again);
        let before = self.left.contains(&now);
        if !before {
            self.left.push(now);
        }
        before
    }

    /// What is wrong with `run`, if anything is.
    fn complaint(&self, run: &Run, must_happen: bool) -> Option<String> {
        let (plain, never) = (self.plain(), self.never());
        let same = run.result == plain.result;
        let as_if_never = !must_happen && run.result == never.result;
        if !run.broken.is_empty() {
            return Some(run.broken.join("; "));
        }
        let state = || difference(&plain.result.state, &run.result.state);
        if run.ticks.is_none() && plain.ticks.is_some() {
            return Some(format!("not at rest: {}", state()));
        }
        if !same && !as_if_never {
            return Some(format!("{}; told {:?} in place of {:?}", state(), run.result.told, plain.result.told));
        }
        let usual = if same { plain.paid } else { never.paid };
        (run.paid > usual + tolerance()).then(|| format!("paid {} in place of {usual}", run.paid))
    }
}

/// Lets `story` go wrong in each of these ways at each of its calls.
async fn at_every_call(story: &Story, wrongs: &[Wrong]) {
    let (mut points, mut played, mut unreached, mut number) = (0, 0, 0, 0);
    let mut complaints = Vec::new();
    for (way, change) in &story.ways {
        let scene = Scene::start().await;
        scene.sim.knobs(change);
        let what = format!("{} {way}", story.name);
        let mut ready = Ready::new(&scene, story, &what).await;
        for wrong in wrongs {
            for call in (0..wrong.points(ready.plain())).step_by(story.stride) {
                let operation = ready.plain().made.get(call).map(|made| made.operation).unwrap_or_default();
                // Whoever reads hears the same when the SDK asks once more.
                if *wrong == Wrong::OneAnswerLost && !changes(operation) {
                    continue;
                }
                let differs = ready.plain().differs(*wrong, call);
                if !differs || !is_played(number) {
                    points += 1;
                    number += usize::from(differs);
                    continue;
                }
                number += 1;
                for again in [true, false] {
                    points += 1;
                    let Some(run) = ready.play(true, Some(Point { wrong: *wrong, call, again })).await else {
                        continue;
                    };
                    played += 1;
                    unreached += usize::from(run.unreached);
                    let at = format!("{what} {wrong:?} {call} {operation} again {again}");
                    let must_happen = again || !run.again;
                    complaints.extend(ready.complaint(&run, must_happen).map(|why| format!("{at}: {why}")));
                    // Then it makes no difference whether Lambda would have delivered it again.
                    if !run.again {
                        break;
                    }
                }
            }
        }
        scene.back_to(&ready.start);
    }
    if unreached * 10 > points {
        complaints.push(format!("at {unreached} of {points} points nothing went wrong"));
    }
    judge(&format!("{}: {wrongs:?}", story.name), points, played, &complaints);
}

macro_rules! crash_points {
    ($($story:ident),*) => {
        $(mod $story {
            use super::super::stories::$story as story;
            use super::{Wrong, at_every_call};

            #[tokio::test]
            async fn dies_anywhere() {
                let deaths = [Wrong::DiesBefore, Wrong::DiesAfter, Wrong::DiesUntold, Wrong::DiesTold];
                at_every_call(&story(), &deaths).await;
            }

            #[tokio::test]
            async fn loses_any_answer() {
                at_every_call(&story(), &[Wrong::OneAnswerLost, Wrong::AnswersLost]).await;
            }
        })*
    };
}
each_story!(crash_points);
