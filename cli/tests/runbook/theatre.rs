//! Where are the runbook's sessions played? A simulated account with the real handler, Lambda's queue before it, and
//! `CloudWatch` behind it; the real command asks it through Lambda's Invoke.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rehearsal::{AGENT, ALIAS, World};
use serde_json::{Value, json};
use simulator::lambda::{Attempt, Lambda};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::alarms::{Alarm, Measured, State};

/// Longest line of what is told.
const WIDTH: usize = 118;

/// What Lambda answers: status, headers, body.
type Answered = (StatusCode, HeaderMap, String);
/// An event of the command, and where its answer goes.
type Asked = (Value, oneshot::Sender<Answered>);

/// The stage, and what has been told of the play.
pub(crate) struct Theatre {
    pub(crate) world: World,
    pub(crate) lambda: Lambda,
    lines: Arc<Mutex<Vec<Value>>>,
    measured: Measured,
    alarms: Vec<Alarm>,
    /// How many of the failures that were kept are no longer there.
    purged: usize,
    /// What the last failed invocation ended in: the log's words.
    pub(crate) last_error: String,
    told: String,
    url: String,
    asked: mpsc::UnboundedReceiver<Asked>,
    folder: PathBuf,
}

async fn invoke(Shared(events): Shared<mpsc::UnboundedSender<Asked>>, body: Bytes) -> Answered {
    let (answer, answered) = oneshot::channel();
    events.send((serde_json::from_slice(&body).unwrap_or_default(), answer)).unwrap();
    answered.await.unwrap()
}

impl Theatre {
    /// A commitment of business hours, registered on a Sunday evening by the real command. `name` is the play's own.
    pub(crate) async fn open(name: &str, prepare: impl FnOnce(&World)) -> Self {
        let mut world = World::new("2026-11-22T22:00:00Z".parse().unwrap()).await;
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let taken = Arc::clone(&lines);
        world.handler.measured = Box::new(move |line| taken.lock().unwrap().push(line.clone()));
        prepare(&world);
        let (events, asked) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(invoke).with_state(events);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("runbook").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let declared = format!(
            "Name: support-agent\nModelId: amazon.nova-lite-v1:0:24k\nAgentAliases:\n  - {{ AgentId: {AGENT}, AgentAliasId: \
             {ALIAS} }}\nTimetable:\n  Timezone: UTC\n  Windows: [Mon-Fri 08:00-20:00]\n"
        );
        std::fs::write(folder.join("support.yaml"), declared).unwrap();
        let mut theatre = Self {
            world,
            lambda: Lambda::default(),
            lines,
            measured: Measured::new(),
            alarms: Alarm::read_all(),
            purged: 0,
            last_error: String::new(),
            told: String::new(),
            url,
            asked,
            folder,
        };
        theatre.run("throughput apply support.yaml --yes").await;
        theatre
    }

    /// What has been told of the play so far.
    pub(crate) fn told(&self) -> &str {
        &self.told
    }

    /// Says something beside what commands print.
    pub(crate) fn tell(&mut self, text: &str) {
        let mut line = "#".to_owned();
        for word in text.split_whitespace() {
            if line.len() + 1 + word.len() > WIDTH {
                self.told.push_str(&line);
                self.told.push('\n');
                "#".clone_into(&mut line);
            }
            line.push(' ');
            line.push_str(word);
        }
        self.told.push_str(&line);
        self.told.push('\n');
    }

    fn clock(&self) -> String {
        self.world.now().strftime("%a %H:%M UTC").to_string()
    }

    /// How an alarm stands.
    pub(crate) fn state(&self, name: &str) -> State {
        self.alarms.iter().find(|alarm| alarm.name == name).unwrap().state
    }

    /// Lets time pass until `instant`.
    pub(crate) async fn until(&mut self, instant: &str) {
        let until: Timestamp = instant.parse().unwrap();
        while self.world.now() < until {
            self.minute().await;
        }
    }

    /// Lets time pass until the alarm `name` rings, which it has to within two hours, and tells it.
    pub(crate) async fn rings(&mut self, name: &str) {
        self.becomes(name, State::Alarm).await;
        let text = self.alarms.iter().find(|alarm| alarm.name == name).unwrap().text.clone();
        self.tell(&format!("{}, ALARM {name}: {text}", self.clock()));
    }

    /// Lets time pass until the alarm `name` is well, which it has to be within two hours, and tells it.
    pub(crate) async fn is_well_again(&mut self, name: &str) {
        self.becomes(name, State::Ok).await;
        self.tell(&format!("{}, OK {name}", self.clock()));
    }

    async fn becomes(&mut self, name: &str, state: State) {
        for _ in 0..120 {
            if self.state(name) == state {
                return;
            }
            self.minute().await;
        }
        panic!("{name} is {:?} after two hours, not {state:?}:\n{}{}", self.state(name), self.told, self.last_error);
    }

    /// Lets a minute pass: what is due is invoked, measured and judged.
    async fn minute(&mut self) {
        let from = self.world.now();
        let to = from + SignedDuration::from_mins(1);
        for (at, schedule) in self.world.sim.due(from, to) {
            self.lambda.accept(serde_json::from_str(&schedule.input).unwrap(), at);
        }
        if to.strftime("%M").to_string() == "30" {
            self.lambda.accept(json!({"Action": "Repair"}), to);
        }
        for attempt in self.lambda.due(to) {
            self.run_attempt(attempt).await;
        }
        if self.world.now() < to {
            self.world.sim.set_now(to);
        }
        self.take_lines();
        let kept = self.lambda.failures().len() - self.purged;
        self.measure(
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            "QueueName",
            f64::from(u32::try_from(kept).unwrap()),
        );
        let now = self.world.now();
        let mut states = BTreeMap::new();
        for alarm in &mut self.alarms {
            alarm.state = alarm.judge(&self.measured, &states, now);
            states.insert(alarm.name.clone(), alarm.state);
        }
    }

    async fn run_attempt(&mut self, attempt: Attempt) {
        if self.world.now() < attempt.at {
            self.world.sim.set_now(attempt.at);
        }
        if self.lambda.stopped {
            self.lambda.throttled(attempt, self.world.now());
            return;
        }
        let answer = self.world.send_as(attempt.event.clone(), &attempt.request_id).await;
        self.measure("AWS/Lambda", "Errors", "FunctionName", if answer.is_err() { 1.0 } else { 0.0 });
        if let Err(error) = answer {
            self.last_error = format!("{}: {error}", error.kind());
            self.lambda.ended_in_error(attempt, &self.last_error, self.world.now());
        }
    }

    fn measure(&mut self, namespace: &str, name: &str, dimension: &str, value: f64) {
        let metric = (namespace.to_owned(), name.to_owned(), dimension.to_owned());
        self.measured.entry(metric).or_default().push((self.world.now(), value));
    }

    /// Takes the metrics out of the lines that were logged, as `CloudWatch` does.
    fn take_lines(&mut self) {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        for line in lines {
            let at = Timestamp::from_millisecond(line["_aws"]["Timestamp"].as_i64().unwrap()).unwrap();
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
                let namespace = directive["Namespace"].as_str().unwrap();
                let dimensions = directive["Dimensions"].as_array().unwrap().iter().filter_map(|set| set[0].as_str());
                for dimension in dimensions {
                    for metric in directive["Metrics"].as_array().unwrap() {
                        let name = metric["Name"].as_str().unwrap();
                        let of = (namespace.to_owned(), name.to_owned(), dimension.to_owned());
                        self.measured.entry(of).or_default().push((at, line[name].as_f64().unwrap()));
                    }
                }
            }
        }
    }

    /// Runs a line of the session, tells it with what it prints, and gives that.
    pub(crate) async fn play(&mut self, line: &str) -> String {
        let said = self.run(line).await;
        let _ = write!(self.told, "$ {line}\n{said}");
        said
    }

    async fn run(&mut self, line: &str) -> String {
        match line.split_once(' ').unwrap() {
            ("throughput", arguments) => self.throughput(arguments).await,
            ("echo", rest) => {
                let (text, file) = rest.strip_prefix('\'').and_then(|rest| rest.split_once("' >> ")).unwrap();
                let file = self.folder.join(file);
                let before = std::fs::read_to_string(&file).unwrap();
                std::fs::write(&file, format!("{before}{text}\n")).unwrap();
                String::new()
            }
            ("make", "deploy YES=1") => {
                // The role that the stack's template describes is there again.
                self.world.sim.clear_faults();
                String::new()
            }
            ("aws", arguments) => self.aws(arguments),
            _ => panic!("no rule knows `{line}`"),
        }
    }

    /// What AWS does and prints, as far as the sessions ask for it.
    fn aws(&mut self, arguments: &str) -> String {
        let mut words = arguments.split_whitespace();
        match (words.next().unwrap(), words.next().unwrap()) {
            ("lambda", "get-function-concurrency") if self.lambda.stopped => {
                format!("{:#}\n", json!({"ReservedConcurrentExecutions": 0}))
            }
            ("lambda", "delete-function-concurrency") => {
                self.lambda.stopped = false;
                String::new()
            }
            ("sqs", "receive-message") => {
                let kept = self.lambda.failures()[self.purged..].iter().map(|failure| {
                    let (kind, message) = failure.error.as_deref().unwrap().split_once(": ").unwrap();
                    let error = json!({"errorType": kind, "errorMessage": message});
                    format!("{:#}\n", json!({"requestPayload": failure.event, "responsePayload": error}))
                });
                kept.collect()
            }
            ("sqs", "purge-queue") => {
                self.purged = self.lambda.failures().len();
                String::new()
            }
            (service, call) => panic!("no rule knows `aws {service} {call}`"),
        }
    }

    async fn throughput(&mut self, arguments: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_throughput"));
        command
            .args(arguments.split_whitespace())
            .current_dir(&self.folder)
            .env_clear()
            .env("AWS_ENDPOINT_URL_LAMBDA", &self.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-central-1")
            .env("THROUGHPUT_FUNCTION", "throughput-scheduler")
            .stdin(Stdio::null());
        let mut ended = tokio::task::spawn_blocking(move || command.output());
        let output = loop {
            tokio::select! {
                output = &mut ended => break output.unwrap().unwrap(),
                Some((event, answer)) = self.asked.recv() => answer.send(self.answer(event).await).unwrap(),
            }
        };
        self.take_lines();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// What Lambda answers to the command.
    async fn answer(&mut self, event: Value) -> Answered {
        let mut headers = HeaderMap::new();
        if self.lambda.stopped {
            headers.insert("x-amzn-errortype", "TooManyRequestsException".parse().unwrap());
            return (StatusCode::TOO_MANY_REQUESTS, headers, json!({"message": "Rate Exceeded."}).to_string());
        }
        let answer = self.world.send(event).await;
        self.measure("AWS/Lambda", "Errors", "FunctionName", if answer.is_err() { 1.0 } else { 0.0 });
        let body = answer.unwrap_or_else(|error| {
            headers.insert("X-Amz-Function-Error", "Unhandled".parse().unwrap());
            json!({"errorType": error.kind(), "errorMessage": error.to_string()})
        });
        (StatusCode::OK, headers, body.to_string())
    }
}
