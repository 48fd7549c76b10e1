//! Answers questions about timetables, for a second opinion to compare with its own answers.
//!
//! `timetables` reads a question a line from the standard input, as JSON, and prints an answer a line. Instants are whole
//! seconds since 1970, sizes model units, 0 being off. A question is either of
//!
//! - `{"Commitment": {…}, "Hold"?: STATE, "Override"?: {"State": STATE, "ModelUnits"?: SIZE, "Until": INSTANT}, "From": INSTANT,
//!   "To": INSTANT, "Instants": [INSTANT, …]}`, with the answer `{"Wanted": [[INSTANT, SIZE], …], "Held": the same, "Next":
//!   [[INSTANT, STATE] or null, …], "At": [SIZE, …]}`: what is wanted and held at `From`, and from each change until `To` on;
//!   for each of `Instants` what is held then, and when that changes next. Or `{"Mistakes": TEXT}`.
//! - `{"Zone": NAME, "From": INSTANT, "To": INSTANT}`, with the answer `{"Offsets": [[INSTANT, SECONDS], …]}`: the offset from
//!   UTC at `From`, and from each change until `To` on.

use std::io::{BufRead, Write};

use jiff::{SignedDuration, Timestamp};
use policy::commitment::Commitment;
use policy::desired::{Base, Demand, Hold, Override};
use policy::input::Mistakes;
use policy::timetable::{ModelUnits, State, WrittenState, Zone};
use serde_json::{Value, json};

fn main() -> Result<(), String> {
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let question: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        let answer = answer(&question).map_err(|error| format!("{error}: {line}"))?;
        writeln!(output, "{answer}").map_err(|error| error.to_string())?;
    }
    output.flush().map_err(|error| error.to_string())
}

fn answer(question: &Value) -> Result<Value, String> {
    let (from, to) = (instant(&question["From"])?, instant(&question["To"])?);
    if let Some(zone) = question["Zone"].as_str() {
        let zone: Zone = zone.parse().map_err(|error| format!("{error}"))?;
        let changes = zone.time_zone().following(from).take_while(|change| change.timestamp() <= to);
        let offsets = changes.map(|change| json!([change.timestamp().as_second(), change.offset().seconds()]));
        let first = json!([from.as_second(), zone.time_zone().to_offset(from).seconds()]);
        return Ok(json!({"Offsets": std::iter::once(first).chain(offsets).collect::<Vec<_>>()}));
    }
    let mut mistakes = Mistakes::default();
    let commitment = Commitment::read(&question["Commitment"], "", &mut mistakes);
    let commitment = match mistakes.or(commitment) {
        Ok(commitment) => commitment,
        Err(mistakes) => return Ok(json!({"Mistakes": mistakes.to_string()})),
    };
    let hold = state(&question["Hold"])?.map(|state| Hold { state, since: from });
    let over = &question["Override"];
    let over = match state(&over["State"])? {
        None => None,
        Some(state) => {
            let units = over["ModelUnits"].as_u64().and_then(|units| u32::try_from(units).ok());
            let until = instant(&over["Until"])?;
            Some(Override { state, units: units.and_then(ModelUnits::new), until, reason: None })
        }
    };
    let demand = Demand {
        base: commitment.timetable.as_ref().map_or(Base::Always, Base::Timetable),
        units: commitment.units,
        hold: hold.as_ref(),
        override_: over.as_ref(),
        lead: commitment.lead,
    };
    let instants = question["Instants"].as_array().into_iter().flatten().map(instant);
    let instants: Vec<Timestamp> = instants.collect::<Result<_, _>>()?;
    let next = instants
        .iter()
        .map(|at| demand.next_transition(*at).map(|next| json!([next.at.as_second(), next.state.to_string()])));
    Ok(json!({
        "Held": changes(&demand, from, to),
        // What is held without a lead is what is wanted.
        "Wanted": changes(&Demand { lead: SignedDuration::ZERO, ..demand }, from, to),
        "At": instants.iter().map(|at| held(&demand, *at)).collect::<Vec<_>>(),
        "Next": next.collect::<Vec<_>>(),
    }))
}

/// What is held at `from`, and from each transition until `to` on.
fn changes(demand: &Demand<'_>, from: Timestamp, to: Timestamp) -> Vec<(i64, u32)> {
    let mut changes = vec![(from.as_second(), held(demand, from))];
    let mut at = from;
    while let Some(next) = demand.next_transition(at).filter(|next| next.at <= to) {
        at = next.at;
        changes.push((at.as_second(), held(demand, at)));
    }
    changes
}

fn held(demand: &Demand<'_>, at: Timestamp) -> u32 {
    demand.at(at).units.map_or(0, ModelUnits::get)
}

fn instant(value: &Value) -> Result<Timestamp, String> {
    let seconds = value.as_i64().ok_or_else(|| format!("{value} is no instant"))?;
    Timestamp::from_second(seconds).map_err(|error| error.to_string())
}

fn state(value: &Value) -> Result<Option<State>, String> {
    let parse = |text: &str| text.parse().map(|WrittenState(state)| state).map_err(|error| format!("{error}"));
    value.as_str().map(parse).transpose()
}
