//! Which place do they mean?
//!
//! A time zone is the IANA name of a place. People write abbreviations, offsets, cities and countries instead: each gets the
//! names of its own place, never a name that merely looks alike and lies hours away.

use std::str::FromStr;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::Zone;
use crate::input::cut;

/// A text that is not the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not an IANA time zone; {cure}")]
pub struct UnknownZone {
    name: String,
    cure: String,
}

/// Most names that a message offers.
const MOST_OFFERED: usize = 4;

/// Abbreviations, and names that are no city of the database, each with the places that are meant.
const KNOWN_AS: [(&str, &[&str]); 147] = [
    // Abbreviations.
    ("ACDT", &["Australia/Adelaide"]),
    ("ACST", &["Australia/Adelaide", "Australia/Darwin"]),
    ("ADT", &["America/Halifax"]),
    ("AEDT", &["Australia/Sydney", "Australia/Melbourne"]),
    ("AEST", &["Australia/Sydney", "Australia/Brisbane"]),
    ("AET", &["Australia/Sydney", "Australia/Melbourne"]),
    ("AKDT", &["America/Anchorage"]),
    ("AKST", &["America/Anchorage"]),
    ("ART", &["America/Argentina/Buenos_Aires"]),
    ("AST", &["America/Halifax", "America/Puerto_Rico", "Asia/Riyadh"]),
    ("AWST", &["Australia/Perth"]),
    ("BDT", &["Asia/Dhaka"]),
    ("BRT", &["America/Sao_Paulo"]),
    ("BRST", &["America/Sao_Paulo"]),
    ("BST", &["Europe/London", "Asia/Dhaka"]),
    ("CAT", &["Africa/Maputo", "Africa/Johannesburg"]),
    ("CDT", &["America/Chicago"]),
    ("CEST", &["Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome"]),
    ("CLT", &["America/Santiago"]),
    ("CLST", &["America/Santiago"]),
    ("COT", &["America/Bogota"]),
    ("CST", &["America/Chicago", "Asia/Shanghai"]),
    ("CT", &["America/Chicago"]),
    ("EAT", &["Africa/Nairobi"]),
    ("EDT", &["America/New_York", "America/Toronto"]),
    ("EEST", &["Europe/Athens", "Europe/Helsinki", "Europe/Kyiv"]),
    ("ET", &["America/New_York", "America/Toronto"]),
    ("GST", &["Asia/Dubai"]),
    ("HDT", &["America/Adak"]),
    ("HKT", &["Asia/Hong_Kong"]),
    ("ICT", &["Asia/Bangkok", "Asia/Ho_Chi_Minh"]),
    ("IDT", &["Asia/Jerusalem"]),
    ("IRST", &["Asia/Tehran"]),
    ("IST", &["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"]),
    ("JST", &["Asia/Tokyo"]),
    ("KST", &["Asia/Seoul"]),
    ("MDT", &["America/Denver"]),
    ("MESZ", &["Europe/Berlin", "Europe/Vienna", "Europe/Zurich"]),
    ("MEZ", &["Europe/Berlin", "Europe/Vienna", "Europe/Zurich"]),
    ("MSK", &["Europe/Moscow"]),
    ("MT", &["America/Denver", "America/Phoenix"]),
    ("MYT", &["Asia/Kuala_Lumpur"]),
    ("NDT", &["America/St_Johns"]),
    ("NPT", &["Asia/Kathmandu"]),
    ("NST", &["America/St_Johns"]),
    ("NZDT", &["Pacific/Auckland"]),
    ("NZST", &["Pacific/Auckland"]),
    ("NZT", &["Pacific/Auckland"]),
    ("PDT", &["America/Los_Angeles"]),
    ("PET", &["America/Lima"]),
    ("PHT", &["Asia/Manila"]),
    ("PKT", &["Asia/Karachi"]),
    ("PST", &["America/Los_Angeles", "Asia/Manila"]),
    ("PT", &["America/Los_Angeles"]),
    ("SAST", &["Africa/Johannesburg"]),
    ("SGT", &["Asia/Singapore"]),
    ("SST", &["Asia/Singapore", "Pacific/Pago_Pago"]),
    ("TRT", &["Europe/Istanbul"]),
    ("UAE", &["Asia/Dubai"]),
    ("WAT", &["Africa/Lagos"]),
    ("WEST", &["Europe/Lisbon"]),
    ("WIB", &["Asia/Jakarta"]),
    // Names of zones in Windows and elsewhere.
    ("AUS Eastern", &["Australia/Sydney", "Australia/Melbourne"]),
    ("Central", &["America/Chicago"]),
    ("Central Europe", &["Europe/Budapest", "Europe/Prague"]),
    ("Eastern", &["America/New_York", "America/Toronto"]),
    ("Mountain", &["America/Denver", "America/Phoenix"]),
    ("Pacific", &["America/Los_Angeles"]),
    ("Romance", &["Europe/Paris", "Europe/Brussels", "Europe/Madrid"]),
    ("W. Europe", &["Europe/Berlin", "Europe/Amsterdam", "Europe/Rome", "Europe/Vienna"]),
    // Countries.
    ("America", &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]),
    ("Argentina", &["America/Argentina/Buenos_Aires"]),
    ("Australia", &["Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Australia/Perth"]),
    ("Austria", &["Europe/Vienna"]),
    ("Bangladesh", &["Asia/Dhaka"]),
    ("Belgium", &["Europe/Brussels"]),
    ("Brazil", &["America/Sao_Paulo", "America/Manaus"]),
    ("Britain", &["Europe/London"]),
    ("Canada", &["America/Toronto", "America/Winnipeg", "America/Edmonton", "America/Vancouver"]),
    ("Chile", &["America/Santiago"]),
    ("China", &["Asia/Shanghai"]),
    ("Colombia", &["America/Bogota"]),
    ("Croatia", &["Europe/Zagreb"]),
    ("Czechia", &["Europe/Prague"]),
    ("Denmark", &["Europe/Copenhagen"]),
    ("England", &["Europe/London"]),
    ("Estonia", &["Europe/Tallinn"]),
    ("Finland", &["Europe/Helsinki"]),
    ("France", &["Europe/Paris"]),
    ("Germany", &["Europe/Berlin"]),
    ("Deutschland", &["Europe/Berlin"]),
    ("Greece", &["Europe/Athens"]),
    ("Hungary", &["Europe/Budapest"]),
    ("India", &["Asia/Kolkata"]),
    ("Indonesia", &["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
    ("Ireland", &["Europe/Dublin"]),
    ("Italy", &["Europe/Rome"]),
    ("Kenya", &["Africa/Nairobi"]),
    ("Korea", &["Asia/Seoul"]),
    ("South Korea", &["Asia/Seoul"]),
    ("Malaysia", &["Asia/Kuala_Lumpur"]),
    ("Mexico", &["America/Mexico_City", "America/Monterrey", "America/Tijuana"]),
    ("Netherlands", &["Europe/Amsterdam"]),
    ("New Zealand", &["Pacific/Auckland"]),
    ("Nigeria", &["Africa/Lagos"]),
    ("Norway", &["Europe/Oslo"]),
    ("Pakistan", &["Asia/Karachi"]),
    ("Peru", &["America/Lima"]),
    ("Philippines", &["Asia/Manila"]),
    ("Romania", &["Europe/Bucharest"]),
    ("Russia", &["Europe/Moscow"]),
    ("Saudi Arabia", &["Asia/Riyadh"]),
    ("Scotland", &["Europe/London"]),
    ("South Africa", &["Africa/Johannesburg"]),
    ("Spain", &["Europe/Madrid"]),
    ("Sweden", &["Europe/Stockholm"]),
    ("Switzerland", &["Europe/Zurich"]),
    ("Taiwan", &["Asia/Taipei"]),
    ("Thailand", &["Asia/Bangkok"]),
    ("UK", &["Europe/London"]),
    ("Ukraine", &["Europe/Kyiv"]),
    ("United Kingdom", &["Europe/London"]),
    ("United States", &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]),
    ("US", &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]),
    ("USA", &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]),
    ("Vietnam", &["Asia/Ho_Chi_Minh"]),
    // Cities that have the time of another one.
    ("Bangalore", &["Asia/Kolkata"]),
    ("Barcelona", &["Europe/Madrid"]),
    ("Beijing", &["Asia/Shanghai"]),
    ("Boston", &["America/New_York"]),
    ("Cologne", &["Europe/Berlin"]),
    ("Dallas", &["America/Chicago"]),
    ("Delhi", &["Asia/Kolkata"]),
    ("Frankfurt", &["Europe/Berlin"]),
    ("Geneva", &["Europe/Zurich"]),
    ("Hamburg", &["Europe/Berlin"]),
    ("Houston", &["America/Chicago"]),
    ("Milan", &["Europe/Rome"]),
    ("Mumbai", &["Asia/Kolkata"]),
    ("Munich", &["Europe/Berlin"]),
    ("Osaka", &["Asia/Tokyo"]),
    ("San Francisco", &["America/Los_Angeles"]),
    ("Seattle", &["America/Los_Angeles"]),
    ("Silicon Valley", &["America/Los_Angeles"]),
    ("Sydney NSW", &["Australia/Sydney"]),
    ("Washington", &["America/New_York"]),
    ("Washington DC", &["America/New_York"]),
];

/// For each whole hour ahead of Greenwich, places that have that offset at least in winter.
const AT_OFFSET: [(i32, &[&str]); 25] = [
    (-11, &["Pacific/Pago_Pago"]),
    (-10, &["Pacific/Honolulu"]),
    (-9, &["America/Anchorage"]),
    (-8, &["America/Los_Angeles", "America/Vancouver"]),
    (-7, &["America/Denver", "America/Phoenix"]),
    (-6, &["America/Chicago", "America/Mexico_City"]),
    (-5, &["America/New_York", "America/Toronto", "America/Bogota"]),
    (-4, &["America/Halifax", "America/Puerto_Rico"]),
    (-3, &["America/Sao_Paulo", "America/Argentina/Buenos_Aires"]),
    (-2, &["America/Noronha"]),
    (-1, &["Atlantic/Azores", "Atlantic/Cape_Verde"]),
    (0, &["UTC", "Europe/London", "Europe/Lisbon"]),
    (1, &["Europe/Berlin", "Europe/Paris", "Africa/Lagos"]),
    (2, &["Europe/Athens", "Europe/Helsinki", "Africa/Johannesburg"]),
    (3, &["Europe/Moscow", "Europe/Istanbul", "Asia/Riyadh", "Africa/Nairobi"]),
    (4, &["Asia/Dubai"]),
    (5, &["Asia/Karachi", "Asia/Tashkent"]),
    (6, &["Asia/Dhaka"]),
    (7, &["Asia/Bangkok", "Asia/Jakarta"]),
    (8, &["Asia/Singapore", "Asia/Shanghai", "Asia/Hong_Kong", "Australia/Perth"]),
    (9, &["Asia/Tokyo", "Asia/Seoul"]),
    (10, &["Australia/Sydney", "Australia/Brisbane"]),
    (11, &["Pacific/Noumea", "Pacific/Guadalcanal"]),
    (12, &["Pacific/Auckland", "Pacific/Fiji"]),
    (13, &["Pacific/Tongatapu", "Pacific/Apia"]),
];

/// The same for offsets with half an hour.
const AT_HALF_HOUR: [(&str, &[&str]); 5] = [
    ("-3:30", &["America/St_Johns"]),
    ("3:30", &["Asia/Tehran"]),
    ("5:30", &["Asia/Kolkata", "Asia/Colombo"]),
    ("5:45", &["Asia/Kathmandu"]),
    ("9:30", &["Australia/Adelaide", "Australia/Darwin"]),
];

/// Names of the database that have no summer time, though people who write them live where there is one.
const WITHOUT_SUMMER: [(&str, &str); 3] = [
    ("EST", "is UTC-5 all year, without summer time; use `America/New_York`, or `America/Panama` if that is meant"),
    ("MST", "is UTC-7 all year, without summer time; use `America/Denver`, or `America/Phoenix` if that is meant"),
    ("HST", "is UTC-10 all year; use `Pacific/Honolulu`, the name of the place"),
];

impl FromStr for Zone {
    type Err = UnknownZone;

    /// Reads an IANA name; the rules come from the bundled database, the same on every machine.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownZone { name: cut(text), cure: cure(text) };
        let zone: TimeZone = TimeZoneDatabase::bundled().get(text).map_err(|_| unknown())?;
        let name = zone.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { name, zone })
    }
}

impl Zone {
    /// What somebody may not know who wrote this name.
    pub(super) fn warning(&self) -> Option<String> {
        let name = self.name();
        if let Some((_, says)) = WITHOUT_SUMMER.iter().find(|(known, _)| *known == name) {
            return Some(format!("Timezone {name} {says}"));
        }
        let (sign, hours) = name.strip_prefix("Etc/GMT").and_then(|rest| rest.split_at_checked(1))?;
        let (means, towards) = match (sign, hours) {
            (_, "0") => return None,
            ("+", _) => ("-", "behind"),
            ("-", _) => ("+", "ahead of"),
            _ => return None,
        };
        let places =
            hours.parse::<i32>().ok().map(|hours| if means == "-" { -hours } else { hours }).and_then(places_at);
        let cure = places.map(|places| format!("; for a place use {}", offered(places))).unwrap_or_default();
        Some(format!("Timezone {name} is {hours} hours {towards} UTC, as POSIX counts, and has no summer time{cure}"))
    }
}

/// What to write in place of `text`, which is no name of a zone.
fn cure(text: &str) -> String {
    let text = text.trim();
    if text.len() > 60 {
        return "use a name such as `Asia/Tokyo` or `UTC`".to_owned();
    }
    if let Some(places) = places_of_offset(text) {
        return format!("an offset has no summer time: use the name of a place, such as {}", offered(places));
    }
    let meant = meant_by(text);
    match meant.as_slice() {
        [] => {}
        [only] => return format!("did you mean `{only}`?"),
        several => return format!("it may stand for several places: use {}", offered(several)),
    }
    match nearest(text) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "use a name such as `Asia/Tokyo` or `UTC`".to_owned(),
    }
}

/// `A`, `B` or `C`.
fn offered(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().take(MOST_OFFERED).map(|name| format!("`{}`", name.as_ref())).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The places that have the offset that `text` names, as in `GMT+9`, `UTC+05:30` or `+0900`.
fn places_of_offset(text: &str) -> Option<&'static [&'static str]> {
    let upper = text.to_ascii_uppercase();
    let rest = ["GMT", "UTC", "UT", "Z"].iter().find_map(|zone| upper.strip_prefix(zone)).unwrap_or(&upper).trim();
    let (sign, number) = match rest.split_at_checked(1)? {
        ("+", number) => (1, number),
        ("-" | "\u{2212}", number) => (-1, number),
        _ => return None,
    };
    let (hours, minutes) = match number.split_once(':') {
        Some(parts) => parts,
        None if number.len() == 4 => number.split_at_checked(2)?,
        None => (number, "00"),
    };
    let hours: i32 = hours.trim().parse().ok().filter(|hours| (0..=14).contains(hours))?;
    if minutes.parse::<u32>() == Ok(0) {
        return places_at(sign * hours).or(Some(&["UTC"]));
    }
    let said = format!("{}:{minutes}", sign * hours);
    AT_HALF_HOUR.iter().find(|(offset, _)| *offset == said).map(|(_, places)| *places).or(Some(&["UTC"]))
}

fn places_at(hours: i32) -> Option<&'static [&'static str]> {
    AT_OFFSET.iter().find(|(offset, _)| *offset == hours).map(|(_, places)| *places)
}

/// The places that `text` means: an abbreviation, a country, or a city, perhaps as Windows writes it.
fn meant_by(text: &str) -> Vec<String> {
    let plain = |text: &str| text.replace(['_', '-'], " ").to_lowercase();
    let wanted = plain(text);
    let time = [" standard time", " daylight time", " summer time", " time"];
    let place = time.iter().find_map(|tail| wanted.strip_suffix(tail)).unwrap_or(&wanted);
    // `Berlin, Germany` is Berlin.
    let city = place.split([',', '(']).next().unwrap_or(place).trim();
    for wanted in [wanted.as_str(), place, city] {
        if let Some((_, places)) = KNOWN_AS.iter().find(|(known, _)| plain(known) == wanted) {
            return places.iter().map(|place| (*place).to_owned()).collect();
        }
        let database = TimeZoneDatabase::bundled();
        let names = database.available().map(|name| name.as_str().to_owned());
        let is_city = |name: &String| name.rsplit_once('/').is_some_and(|(_, city)| plain(city) == wanted);
        let mut found: Vec<String> = names.filter(is_city).filter(|name| !name.starts_with("Etc/")).collect();
        // Old names of the same place: `US/…` and `Brazil/…` stand beside `America/…`.
        let old =
            |name: &String| ["US/", "Canada/", "Brazil/", "Chile/", "Mexico/"].iter().any(|old| name.starts_with(old));
        if found.iter().any(|name| !old(name)) {
            found.retain(|name| !old(name));
        }
        found.sort_by_key(|name| (name.matches('/').count(), name.clone()));
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// The name of a place that is written nearly as `text`. Short words are near to nearly all names.
fn nearest(text: &str) -> Option<String> {
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &text.to_lowercase());
    let database = TimeZoneDatabase::bundled();
    let places = database.available().map(|name| name.as_str().to_owned()).filter(|name| name.contains('/'));
    let (distance, name) = if text.contains('/') {
        places.map(|name| (distance(&name), name)).min()?
    } else {
        // A city alone, misspelt.
        let city = |name: String| (distance(name.rsplit('/').next().unwrap_or(&name)), name);
        places.filter(|name| !name.starts_with("Etc/")).map(city).min()?
    };
    let length = if text.contains('/') { name.len() } else { text.len() };
    (distance <= length / 3 && text.len() > 4).then_some(name)
}
