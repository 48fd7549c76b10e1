//! How does the week look as a picture?
//!
//! An SVG that needs nothing from outside: a row a day, a cell an hour, light and dark, with the windows that are proposed framed, and with
//! a tooltip on everything.

use std::fmt::Write;

use policy::advise::HourOfWeek;
use policy::timetable::Window;

use super::text::{Demand, quarter};
use super::{Advised, said};
use crate::preview::drawing::escaped;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Sizes in pixels.
const WIDTH: usize = 960;
const LEFT: usize = 64;
const CELL: usize = 36;
const ROW: usize = 26;
const TOP: usize = 78;
const MAP: usize = 7 * ROW + 60;
const HEIGHT: usize = TOP + 2 * MAP + 20;

const STYLE: &str = "\
.ad{--ground:#ffffff;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--q0:#f2f4f7;--q1:#c7e3cf;--q2:#8cc79c;--q3:#4c9f66;--q4:#1f7a3d;\
--frame:#8250df;--bad:#cf222e;font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\
@media(prefers-color-scheme:dark){.ad{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--q0:#161b22;--q1:#12391f;--q2:#1c5c31;\
--q3:#2b8a49;--q4:#3fb950;--frame:#bc8cff;--bad:#ff7b72}}\
.ad .ground{fill:var(--ground)}.ad text{fill:var(--ink);font-size:12px}.ad .name{font-size:16px;font-weight:600}\
.ad .small{font-size:11px;fill:var(--soft)}.ad .q0{fill:var(--q0)}.ad .q1{fill:var(--q1)}.ad .q2{fill:var(--q2)}.ad .q3{fill:var(--q3)}\
.ad .q4{fill:var(--q4)}.ad .unknown{fill:var(--ground);stroke:var(--line);stroke-dasharray:2 2}\
.ad .frame{fill:none;stroke:var(--frame);stroke-width:2}.ad .bad{fill:var(--bad)}";

/// The picture, whole.
#[must_use]
pub fn svg(advised: &Advised) -> String {
    let title = escaped(&said::verdict(advised));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" class=\"ad\" \
         role=\"img\" aria-labelledby=\"title desc\">\n<style>{STYLE}</style>\n<title id=\"title\">{title}</title>\n\
         <desc id=\"desc\">{}</desc>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
         <text class=\"name\" x=\"16\" y=\"28\">{title}</text>\n",
        escaped(&described(advised)),
    );
    let hours = &advised.advice.map;
    let most = hours.iter().map(|hour| hour.high).max().unwrap_or_default();
    let zone = advised.question.zone.name();
    let maps: [(&str, Demand); 2] =
        [("usual demand of an hour", |hour| hour.usual), ("95th percentile", |hour| hour.high)];
    let mut top = TOP;
    for (name, of) in maps {
        let heading = format!("{name}, {zone}");
        let _ = writeln!(text, "<text x=\"16\" y=\"{}\">{}</text>", top - 24, escaped(&heading));
        map(&mut text, advised, top, |hour| quarter(of(hour), most));
        top += MAP;
    }
    legend(&mut text, top - 36, most);
    text.push_str("</svg>\n");
    text
}

/// What somebody who does not see it is told.
fn described(advised: &Advised) -> String {
    let windows: Vec<String> = advised.advice.windows.iter().map(|proposed| proposed.window.to_string()).collect();
    let mut lines = super::text::figures(advised);
    lines.push(format!("windows: {}", windows.join("; ")));
    lines.join(". ")
}

fn map(text: &mut String, advised: &Advised, top: usize, shade: impl Fn(&HourOfWeek) -> usize) {
    for hour in (0..24).step_by(3) {
        let _ = writeln!(text, "<text class=\"small\" x=\"{}\" y=\"{}\">{hour:02}</text>", LEFT + hour * CELL, top - 6);
    }
    for (day, row) in advised.advice.map.chunks(24).enumerate() {
        let y = top + day * ROW;
        let _ = writeln!(text, "<text x=\"16\" y=\"{}\">{}</text>", y + 16, DAYS[day % 7]);
        for hour in row {
            let x = LEFT + hour.hour * CELL;
            let class = if hour.known == 0 { "unknown".to_owned() } else { format!("q{}", shade(hour)) };
            let _ = write!(
                text,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
                CELL - 2,
                ROW - 2,
                tip(hour),
            );
            if hour.throttled > 0 {
                let _ = write!(text, "<circle class=\"bad\" cx=\"{}\" cy=\"{}\" r=\"4\"/>", x + CELL - 9, y + 7);
            }
            text.push('\n');
        }
    }
    for (day, from, until) in advised.advice.windows.iter().flat_map(|proposed| bars(&proposed.window)) {
        let _ = writeln!(
            text,
            "<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            LEFT + from * CELL - 1,
            top + day * ROW - 1,
            (until - from) * CELL,
            ROW,
        );
    }
}

fn tip(hour: &HourOfWeek) -> String {
    let HourOfWeek { day, hour, minute, known, usual, high, throttled } = *hour;
    format!(
        "{} {hour:02}:{minute:02}: usually {usual} tokens, 95th percentile {high}, {throttled} throttled, known in {known} weeks",
        DAYS[day % 7]
    )
}

/// By day, the hours from and until which a window is open.
fn bars(window: &Window) -> Vec<(usize, usize, usize)> {
    let mut bars = Vec::new();
    for day in 0..7 {
        let Some((opens, minutes)) = window.on(day) else { continue };
        let (mut from, end) = (day * 24 + opens / 60, day * 24 + (opens + minutes).div_ceil(60));
        while from < end {
            let midnight = (from / 24 + 1) * 24;
            bars.push((from / 24 % 7, from % 24, from % 24 + end.min(midnight) - from));
            from = midnight;
        }
    }
    bars
}

fn legend(text: &mut String, y: usize, most: u64) {
    let entries = ["little or nothing", "a quarter", "half", "three quarters", "the most"];
    let mut x = 16;
    for (shade, words) in entries.iter().enumerate() {
        let words = if shade == 4 { format!("up to {most} tokens an hour") } else { (*words).to_owned() };
        let _ = writeln!(
            text,
            "<rect class=\"q{shade}\" x=\"{x}\" y=\"{}\" width=\"22\" height=\"12\"/><text class=\"small\" x=\"{}\" y=\"{y}\">{words}</text>",
            y - 10,
            x + 28,
        );
        x += 48 + words.len() * 7;
    }
    let _ = writeln!(
        text,
        "<rect class=\"frame\" x=\"{x}\" y=\"{}\" width=\"22\" height=\"12\"/><text class=\"small\" x=\"{}\" y=\"{y}\">window</text>\
         <circle class=\"bad\" cx=\"{}\" cy=\"{}\" r=\"4\"/><text class=\"small\" x=\"{}\" y=\"{y}\">throttled</text>",
        y - 10,
        x + 28,
        x + 90,
        y - 4,
        x + 100,
    );
}
