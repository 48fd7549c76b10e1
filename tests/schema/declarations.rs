//! Declarations, right and nearly right, with numbers as numbers and as strings.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use serde_json::{Map, Value, json};

use crate::with;

/// A number that may come as a string.
fn scalar(number: impl Strategy<Value = u32>) -> impl Strategy<Value = Value> {
    (number, any::<bool>()).prop_map(|(number, text)| if text { json!(number.to_string()) } else { json!(number) })
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(words).prop_map(str::to_owned)
}

fn maybe(key: &'static str, value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    proptest::option::weighted(0.7, value)
        .prop_map(move |value| value.map(|value| (key.to_owned(), value)).into_iter().collect())
}

/// Texts of the signs that windows, dates and durations are made of: many nearly right, some right.
fn jumble() -> impl Strategy<Value = String> {
    let piece = word(&[
        "Mon",
        "tue",
        "SUN",
        "Daily",
        "-",
        ",",
        "/",
        " ",
        "08:00",
        "24:00",
        "23:59",
        "00:00",
        "2026-12-29",
        "2027-01-03",
        "T",
        "T10:00",
        "h",
        "m",
        "s",
        "ms",
        " hours",
        "min",
        "1",
        "30",
        "0",
        "168",
        ".",
        "PT",
        "H",
        "M",
        "S",
        "+",
        ":",
        "ago",
        ", ",
        "\u{a0}",
    ]);
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

fn window_text() -> impl Strategy<Value = String> {
    let days = word(&["Mon", "mon-Fri", "Sat-Tue", "Mon,Wed , fri", "Daily", "Sun-Thu,Sat", "Tue-Tue"]);
    let time =
        || (0..26_u32, prop_oneof![Just(0_u32), 0..62_u32]).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
    let between = word(&["-", " - ", " -Wed ", "- sun"]);
    (days, word(&[" ", "", "  "]), time(), between, time())
        .prop_map(|(days, space, open, between, end)| format!("{days}{space}{open}{between}{end}"))
}

fn duration_text() -> impl Strategy<Value = String> {
    let number = || 0..200_u32;
    let unit = word(&["h", "m", "s", " hours", " mins", "ms", "H", "d"]);
    let joined = word(&["", " ", ", "]);
    let parts = proptest::collection::vec(
        (number(), unit, joined).prop_map(|(number, unit, joined)| format!("{number}{unit}{joined}")),
        1..4,
    )
    .prop_map(|parts| parts.concat());
    let fraction = (number(), number()).prop_map(|(whole, part)| format!("{whole}.{part}h"));
    (word(&["", "", "", "PT", "pt", "-", "+"]), prop_oneof![4 => parts, 1 => fraction])
        .prop_map(|(before, parts)| format!("{before}{parts}"))
}

fn date_text() -> impl Strategy<Value = String> {
    (1900..2101_u32, 0..14_u32, 0..33_u32).prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}"))
}

fn texts(text: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Value> {
    prop_oneof![8 => text.boxed(), 1 => jumble().boxed()].prop_map(Value::from)
}

pub(crate) fn declaration() -> impl Strategy<Value = Value> {
    let units = || maybe("ModelUnits", scalar(prop_oneof![1..9_u32, any::<u32>()]));
    let sized =
        (texts(window_text()), units()).prop_map(|(window, units)| with(json!({"Window": window}), units.into()));
    let windows = proptest::collection::vec(prop_oneof![texts(window_text()), sized], 0..2).prop_map(Value::from);
    let yearly = (0..14_u32, 0..33_u32).prop_map(|(month, day)| format!("{month:02}-{day:02}"));
    let holiday = prop_oneof![
        yearly,
        date_text(),
        (date_text(), date_text()).prop_map(|(first, last)| format!("{first}/{last}"))
    ];
    let holidays = proptest::collection::vec(texts(holiday), 0..2).prop_map(Value::from);
    let time = || word(&["T00:00", "T10:00", "T24:00", "T9:00", " 10:00"]);
    let period = (date_text(), time(), date_text(), time())
        .prop_map(|(first, open, last, end)| format!("{first}{open}/{last}{end}"));
    let exception = (texts(period), word(&["On", "Off"]), units())
        .prop_map(|(window, state, units)| with(json!({"Window": window, "State": state}), units.into()));
    let exceptions = proptest::collection::vec(exception, 0..2).prop_map(Value::from);
    let timetable = (maybe("Windows", windows), maybe("Holidays", holidays), maybe("Exceptions", exceptions)).prop_map(
        |(windows, holidays, exceptions)| {
            let parts = [windows, holidays, exceptions].into_iter().map(Value::from);
            parts.fold(json!({"Timezone": "europe/Berlin"}), with)
        },
    );
    let id = || {
        prop_oneof!["[0-9A-Za-z]{10}".prop_map(Value::from), (1_000_000_000..9_999_999_999_u64).prop_map(Value::from)]
    };
    let alias = (id(), id()).prop_map(|(agent, alias)| json!({"AgentId": agent, "AgentAliasId": alias}));
    let flag = any::<bool>().prop_flat_map(|flag| prop_oneof![Just(json!(flag)), Just(json!(flag.to_string()))]);
    let price = any::<f64>().prop_flat_map(|price| {
        let size = price.abs();
        let texts = [price.to_string(), size.to_string(), format!("{size:e}"), format!("+{size:E}")].map(Value::from);
        prop_oneof![proptest::sample::select(texts.to_vec()), Just(json!(price)), Just(json!(size))]
    });
    let tag_value = prop_oneof![
        "[\\pL\\pN _.:/=+@-]{0,9}".prop_map(Value::from),
        "\\PC{0,4}".prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let tags = proptest::collection::hash_map("[\\pL\\pN _.:/=+@-]{0,9}", tag_value, 0..2).prop_map(|tags| json!(tags));
    let identity = (
        prop_oneof![
            "[0-9A-Za-z]{1,9}(-[0-9a-z]{1,9}){0,3}".prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from)
        ],
        prop_oneof![
            "(arn:aws:bedrock:|us[.]|)[0-9a-z.:/_-]{1,30}".prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from)
        ],
    )
        .prop_map(|(name, model)| json!({"Name": name, "ModelId": model}));
    let what = (
        units(),
        maybe("AgentAliases", proptest::collection::vec(alias, 0..3).prop_map(Value::from)),
        maybe("Tags", tags),
    );
    let term = prop_oneof![
        4 => maybe("Timetable", timetable),
        1 => (word(&["None", "OneMonth", "SixMonths", ""]), "\\PC{0,4}[ a-z0-9-]{0,18}")
            .prop_map(|(term, purchase)| {
                let members = [("CommitmentDuration", term), ("Purchase", purchase)];
                members.map(|(key, member)| (key.to_owned(), Value::from(member))).into_iter().collect()
            }),
    ];
    let when = (maybe("LeadTime", texts(duration_text())), maybe("Drain", texts(duration_text())), term);
    let how = (
        maybe("WhenOff", word(&["OnDemand", "Reject"]).prop_map(Value::from)),
        maybe("TakeOver", flag),
        maybe("PricePerUnitHour", price),
    );
    let called = (
        maybe("OnDemandModelId", "(arn:aws:bedrock:|eu[.]|)[0-9a-z.:/_-]{1,30}|off".prop_map(Value::from)),
        maybe("ModelIdParameter", "(/|)(aws|Ssm|)([0-9a-zA-Z._-]{1,3}/){0,16}[0-9a-z._-]{0,3}".prop_map(Value::from)),
    );
    (identity, what, when, how, called).prop_map(
        |(identity, (units, aliases, tags), (lead, drain, term), (off, take_over, price), (on_demand, parameter))| {
            [units, aliases, tags, lead, drain, term, off, take_over, price, on_demand, parameter]
                .into_iter()
                .map(Value::from)
                .fold(identity, with)
        },
    )
}
