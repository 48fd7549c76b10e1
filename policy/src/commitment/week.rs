//! How is the timetable of a declaration read, and written back?

use serde_json::{Map, Value, json};

use super::values::Units;
use super::{EXCEPTION_KEYS, MOST_EXCEPTIONS, MOST_HOLIDAYS, MOST_WINDOWS, TIMETABLE_KEYS, WINDOW_KEYS};
use crate::input::{self, Mistakes, Object};
use crate::timetable::{Exception, Holiday, Period, State, Timetable, Window, WrittenState, Zone};

pub(super) fn read(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Timetable> {
    let object = Object::open(path, value, TIMETABLE_KEYS, mistakes)?;
    let zone: Option<Zone> = object.required("Timezone", "give an IANA name, such as `Asia/Tokyo`", mistakes);
    let windows = object.list("Windows", MOST_WINDOWS, mistakes);
    let windows = windows.iter().filter_map(|(path, value)| read_window(value, path, mistakes)).collect();
    let holidays = object.list("Holidays", MOST_HOLIDAYS, mistakes);
    let holidays: Vec<Holiday> =
        holidays.iter().filter_map(|(path, value)| input::parse(value, path, mistakes)).collect();
    let exceptions = object.list("Exceptions", MOST_EXCEPTIONS, mistakes);
    let exceptions = exceptions.iter().filter_map(|(path, value)| read_exception(value, path, mistakes)).collect();
    Some(Timetable::new(zone?, windows, holidays, exceptions))
}

fn read_window(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Window> {
    if !value.is_object() {
        return input::parse(value, path, mistakes);
    }
    let object = Object::open(path, value, WINDOW_KEYS, mistakes)?;
    let units = object.optional("ModelUnits", mistakes).map(|Units(units)| units);
    let window: Window = object.required("Window", "give it as `Mon-Fri 08:00-20:00`", mistakes)?;
    Some(window.with_units(units))
}

fn read_exception(value: &Value, path: &str, mistakes: &mut Mistakes) -> Option<Exception> {
    let object = Object::open(path, value, EXCEPTION_KEYS, mistakes)?;
    let units = object.optional("ModelUnits", mistakes).map(|Units(units)| units);
    let period: Option<Period> = object.required("Window", "give it as `2026-12-28T10:00/2026-12-28T16:00`", mistakes);
    let state = object.required("State", "give On or Off", mistakes).map(|WrittenState(state)| state);
    if state == Some(State::Off) && units.is_some() {
        mistakes.add(object.at("ModelUnits"), "says nothing with State Off; remove it");
    }
    Some(Exception { period: period?, state: state?, units })
}

pub(super) fn to_value(timetable: &Timetable) -> Value {
    let window = |window: &Window| match window.units {
        None => json!(window.to_string()),
        Some(units) => json!({"Window": window.to_string(), "ModelUnits": units}),
    };
    let exception = |exception: &Exception| {
        let mut value = json!({"Window": exception.period.to_string(), "State": exception.state.to_string()});
        if let Some(units) = exception.units {
            value["ModelUnits"] = json!(units);
        }
        value
    };
    let mut members = Map::new();
    members.insert("Timezone".to_owned(), json!(timetable.zone().name()));
    members.insert("Windows".to_owned(), timetable.windows().iter().map(window).collect());
    members
        .insert("Holidays".to_owned(), timetable.holidays().iter().map(|holiday| json!(holiday.to_string())).collect());
    members.insert("Exceptions".to_owned(), timetable.exceptions().iter().map(exception).collect());
    Value::Object(members)
}
