//! How do these days look in a pull request?
//!
//! An SVG that needs nothing from outside: light and dark, told apart by patterns, heights and words as well as by colour, and
//! with a title, a description and a tooltip on everything.

use std::fmt::Write;

use jiff::Timestamp;
use rehearsal::picture::{Cell, notes};
use rehearsal::timeline::{Day, Phase, Special, Stretch, within};

use super::Preview;
use super::text::{changes, state, sums};

/// Sizes in pixels.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 118.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 64.0;
const ROW: f64 = 24.0;
const ROW_AND_GAP: f64 = 34.0;
const BOTTOM: f64 = 78.0;
/// About how wide a letter of the smallest text is.
const LETTER: f64 = 6.2;
/// And one of a name.
const LETTER_OF_NAME: f64 = 9.5;

/// The colours and shapes, light and dark.
const STYLE: &str = "\
.ts{--ground:#ffffff;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--off:#f2f4f7;--on:#1f7a3d;--on-ink:#ffffff;\
--warm:#9a6700;--special:#8250df;font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\
@media(prefers-color-scheme:dark){.ts{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--off:#161b22;--on:#3fb950;\
--on-ink:#04140a;--warm:#d29922;--special:#bc8cff}}\
.ts .ground{fill:var(--ground)}.ts text{fill:var(--ink);font-size:12px}.ts .name{font-size:16px;font-weight:600}\
.ts .small{font-size:11px;fill:var(--soft)}.ts .size{font-size:11px;fill:var(--on-ink);font-weight:600}\
.ts .tag{font-size:11px;fill:var(--special)}.ts .day{fill:var(--off)}.ts .grid{stroke:var(--line);stroke-width:1}\
.ts .on{fill:var(--on)}.ts .hatch{stroke:var(--warm);stroke-width:2.5}.ts .dot,.ts .drain{fill:var(--warm)}\
.ts .framed{stroke:var(--warm);stroke-width:1}.ts .gone{fill:var(--ground);stroke:var(--special);stroke-width:1.5;stroke-dasharray:4 3}\
.ts .halo{stroke:var(--ground);stroke-width:6}.ts .change{stroke:var(--special);stroke-width:3;stroke-dasharray:4 2}";

/// Text as XML may hold it.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // What XML 1.0 has no place for.
            _ if sign.is_control() => escaped.push(' '),
            _ => escaped.push(sign),
        }
    }
    escaped
}

/// All commitments, one below the other.
#[must_use]
pub fn svg(previews: &[Preview]) -> String {
    let mut inside = String::new();
    let mut y = 0.0;
    for (index, preview) in previews.iter().enumerate() {
        inside.push_str(&drawing(preview, index, y));
        y += height(preview);
    }
    let names: Vec<String> = previews.iter().map(|preview| escaped(&preview.name)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" viewBox=\"0 0 {WIDTH} {y}\" \
         class=\"ts\">\n<style>{STYLE}</style>\n<title>Timetables of {}</title>\n{inside}</svg>\n",
        names.join(", ")
    )
}

/// The style that [`drawing`] needs somewhere around it.
#[must_use]
pub fn style() -> &'static str {
    STYLE
}

fn height(preview: &Preview) -> f64 {
    TOP + preview.days.iter().map(|_| ROW_AND_GAP).sum::<f64>() + BOTTOM
}

/// One commitment, as an `svg` element at `y`; `index` keeps its ids apart from those of others.
#[must_use]
pub fn drawing(preview: &Preview, index: usize, y: f64) -> String {
    let height = height(preview);
    let title = format!("{} in {}, {}", preview.name, preview.zone_name, preview.range());
    let mut text = format!(
        "<svg y=\"{y}\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" class=\"ts\" role=\"img\" \
         aria-labelledby=\"title{index} desc{index}\">\n<title id=\"title{index}\">{}</title>\n<desc id=\"desc{index}\">{}</desc>\n",
        escaped(&title),
        escaped(&described(preview)),
    );
    // Below the name if there is no room beside it.
    let about = format!("{}   {}   {}", preview.model, preview.zone_name, preview.range());
    let room = WIDTH - RIGHT - preview.name.chars().map(|_| LETTER_OF_NAME).sum::<f64>() - 2.0 * RIGHT;
    let beside = about.chars().map(|_| LETTER).sum::<f64>() <= room;
    let (x, y, anchor) = if beside { (WIDTH - RIGHT, 26, "end") } else { (RIGHT, 42, "start") };
    let _ = write!(
        text,
        "<defs><pattern id=\"warm{index}\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"7\"/></pattern>\
         <pattern id=\"stays{index}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><circle class=\"dot\" cx=\"3\" \
         cy=\"3\" r=\"1.6\"/></pattern></defs>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text class=\"name\" x=\"16\" y=\"26\">{}</text>\n<text class=\"small\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>\n",
        escaped(&preview.name),
        escaped(&about),
    );
    let scale = Scale::of(preview);
    for hour in (0..=24).step_by(3) {
        let x = LEFT + f64::from(hour) * scale.hour;
        let bottom = height - BOTTOM - (ROW_AND_GAP - ROW) / 2.0;
        let _ = writeln!(
            text,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
             <text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{hour:02}</text>",
            TOP - 6.0,
            TOP - 11.0,
        );
    }
    let mut top = TOP;
    for day in &preview.days {
        text.push_str(&row(preview, day, top, &scale, index));
        top += ROW_AND_GAP;
    }
    text.push_str(&legend(preview, top + 14.0, index));
    for (line, y) in sums(preview).iter().take(2).zip([top + 38.0, top + 56.0]) {
        let _ = writeln!(text, "<text class=\"small\" x=\"16\" y=\"{y}\">{}</text>", escaped(line));
    }
    text.push_str("</svg>\n");
    text
}

/// What somebody who does not see it is told.
fn described(preview: &Preview) -> String {
    let mut lines = sums(preview);
    lines.extend(changes(preview).iter().map(|stretch| {
        format!("{} {}, {}", preview.local(stretch.from, "%a %b %d %H:%M"), state(stretch), stretch.because)
    }));
    lines.extend(preview.warnings.iter().cloned());
    lines.join(". ")
}

struct Scale {
    /// Pixels of an hour.
    hour: f64,
}

impl Scale {
    /// The longest day fills the width.
    fn of(preview: &Preview) -> Self {
        let hours = |day: &Day| day.until.duration_since(day.from).as_secs_f64() / 3600.0;
        let longest = preview.days.iter().map(hours).fold(24.0, f64::max);
        Self { hour: (WIDTH - LEFT - RIGHT) / longest }
    }

    fn x(&self, day: &Day, at: Timestamp) -> f64 {
        LEFT + at.duration_since(day.from).as_secs_f64() / 3600.0 * self.hour
    }
}

fn row(preview: &Preview, day: &Day, top: f64, scale: &Scale, index: usize) -> String {
    let end = scale.x(day, day.until);
    let mut text = format!(
        "<text x=\"16\" y=\"{:.1}\">{}</text><rect class=\"day\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{ROW}\"/>\n",
        top + if day.length().is_some() { 10.0 } else { 16.0 },
        day.date.strftime("%a %b %d"),
        end - LEFT,
    );
    for stretch in within(&preview.stretches, day.from, day.until) {
        let (from, until) = (stretch.from.max(day.from), stretch.until.min(day.until));
        let (left, width) = (scale.x(day, from), scale.x(day, until) - scale.x(day, from));
        let clock = |at: Timestamp| preview.local(at, "%a %b %d %H:%M");
        let (begins, ends) = (clock(stretch.from), clock(stretch.until));
        let mut tip = format!("{begins} to {ends}: {}, {}", state(stretch), stretch.because);
        if let Some(special) = &stretch.special {
            let _ = write!(tip, "; {}", special.text());
        }
        text.push_str(&bar(preview, stretch, (left, width, top), index, &escaped(&tip)));
    }
    for drain in preview.pieces.iter().filter(|piece| piece.cell == Cell::Drain) {
        let (from, until) = (drain.from.max(day.from), drain.until.min(day.until));
        if from < until {
            let (left, width) = (scale.x(day, from), scale.x(day, until) - scale.x(day, from));
            let (begins, ends) = (preview.local(drain.from, "%a %b %d %H:%M"), preview.local(drain.until, "%H:%M"));
            let _ = writeln!(
                text,
                "<rect class=\"drain\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\">\
                 <title>{begins} to {ends}: drain</title></rect>",
                top + ROW * 0.75,
                ROW * 0.25,
            );
        }
    }
    if let Some(length) = day.length()
        && let Some(change) = day.clock_change(&preview.zone)
    {
        let (x, above, below) = (scale.x(day, change), top - 3.0, top + ROW + 3.0);
        let _ = writeln!(
            text,
            "<path class=\"halo\" d=\"M{x:.1} {above:.1}V{below:.1}\"/><path class=\"change\" d=\"M{x:.1} {above:.1}V{below:.1}\">\
             <title>{}</title></path><text class=\"tag\" x=\"16\" y=\"{:.1}\">{length}</text>",
            escaped(&format!("the clocks change: this day has {length}")),
            top + 23.0,
        );
    }
    let note = notes(&preview.stretches, day);
    if !note.is_empty() {
        text = format!("<g><title>{}</title>{text}</g>\n", escaped(note.trim()));
    }
    text
}

/// The bar of one stretch; nothing for one that is off as ever.
fn bar(preview: &Preview, stretch: &Stretch, (left, width, top): (f64, f64, f64), index: usize, tip: &str) -> String {
    let share = stretch.size().map_or(1.0, |size| {
        let rank = preview.sizes.iter().filter(|known| **known <= size).map(|_| 1.0).sum::<f64>();
        let steps = preview.sizes.iter().map(|_| 1.0).sum::<f64>().max(1.0);
        // The smallest of several is half as high as the largest.
        if steps > 1.0 { 0.5 + 0.5 * (rank - 1.0) / (steps - 1.0) } else { 1.0 }
    });
    let (height, y) = (ROW * share, top + ROW * (1.0 - share));
    let rect = |class: &str, fill: &str| {
        format!(
            "<rect class=\"{class}\"{fill} x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{tip}</title></rect>"
        )
    };
    let label = |class: &str, text: &str| {
        let fits = text.chars().map(|_| LETTER).sum::<f64>() + 6.0 <= width;
        let (x, y) = (left + width / 2.0, y + height / 2.0 + 4.0);
        let shown =
            || format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>");
        if fits { shown() } else { String::new() }
    };
    let drawn = match (stretch.phase, &stretch.special) {
        (Phase::On, _) => {
            let size = stretch.wanted.map(|units| units.to_string()).unwrap_or_default();
            rect("on", "") + &label("size", &size)
        }
        (Phase::WarmUp, _) => rect("framed", &format!(" fill=\"url(#warm{index})\"")),
        (Phase::StaysOn, _) => rect("framed", &format!(" fill=\"url(#stays{index})\"")),
        (Phase::Off, Some(Special::Holiday(_))) => rect("gone", "") + &label("tag", "holiday"),
        (Phase::Off, Some(Special::Exception(_))) => rect("gone", "") + &label("tag", "exception"),
        (Phase::Off, None) => return String::new(),
    };
    drawn + "\n"
}

fn legend(preview: &Preview, y: f64, index: usize) -> String {
    let phases = |phase: Phase| preview.stretches.iter().any(|stretch| stretch.phase == phase);
    let gone = preview.stretches.iter().any(|stretch| stretch.phase == Phase::Off && stretch.special.is_some());
    let drains = preview.pieces.iter().any(|piece| piece.cell == Cell::Drain);
    // All of them fit beside each other.
    let entries = [
        (phases(Phase::On), "on", String::new(), "on, with model units"),
        (phases(Phase::WarmUp), "framed", format!(" fill=\"url(#warm{index})\""), "warm-up: held by the lead"),
        (phases(Phase::StaysOn), "framed", format!(" fill=\"url(#stays{index})\""), "stays on between windows"),
        (drains, "drain", String::new(), "drain"),
        (gone, "gone", String::new(), "taken away: holiday, exception"),
    ];
    let mut text = String::new();
    let mut x = 16.0;
    for (_, class, fill, words) in entries.into_iter().filter(|(shown, ..)| *shown) {
        let _ = writeln!(
            text,
            "<rect class=\"{class}\"{fill} x=\"{x:.1}\" y=\"{:.1}\" width=\"22\" height=\"12\"/><text class=\"small\" x=\"{:.1}\" \
             y=\"{y:.1}\">{words}</text>",
            y - 10.0,
            x + 28.0,
        );
        x += 52.0 + words.chars().map(|_| LETTER).sum::<f64>();
    }
    text
}
