//! How is advice read in a browser?

use std::fmt::Write;

use super::{Advised, drawing, said, text};
use crate::preview::drawing::escaped;

const STYLE: &str = "\
:root{color-scheme:light dark}body{margin:0 auto;max-width:62rem;padding:1.5rem;background:#fff;color:#1f2328;\
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}}svg{max-width:100%;height:auto}\
table{border-collapse:collapse}th,td{text-align:left;padding:.25rem 1.2rem .25rem 0}td{border-top:1px solid #8884;\
font-variant-numeric:tabular-nums}pre{padding:1rem;border:1px solid #8884;overflow:auto}";

/// The page: verdict, costs, timetable, reasons, picture.
#[must_use]
pub fn html(advised: &Advised) -> String {
    let advice = &advised.advice;
    let verdict = escaped(&said::verdict(advised));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{verdict}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{verdict}</h1>\n<table>\n<thead><tr><th scope=\"col\"></th>\
         <th scope=\"col\">a week</th><th scope=\"col\">serves</th></tr></thead>\n<tbody>\n"
    );
    for (verdict, cost, served) in said::costs(advice) {
        let (name, served) = (said::called(verdict), said::tenths(served));
        let name = if verdict == advice.verdict { format!("<strong>{name}</strong>") } else { name.to_owned() };
        let _ = writeln!(page, "<tr><td>{name}</td><td>{cost}</td><td>{served} %</td></tr>");
    }
    let _ = writeln!(page, "</tbody>\n</table>\n{}", listed(&text::figures(advised)));
    let _ = writeln!(page, "<h2>To paste into a commitment</h2>\n<pre>{}</pre>", escaped_lines(&said::yaml(advised)));
    let level = said::level(advice.confidence.level).to_lowercase();
    let reasons = advice.confidence.reasons.iter();
    let reasons = reasons.map(|(level, text)| format!("{}: {text}", said::level(*level).to_lowercase()));
    let _ = writeln!(page, "<h2>Confidence: {level}</h2>\n{}", listed(&reasons.collect::<Vec<_>>()));
    let svg = drawing::svg(advised);
    let _ = writeln!(page, "<h2>The week</h2>\n{svg}");
    let notes = said::notes(advised);
    if !notes.is_empty() {
        let _ = writeln!(page, "<h2>Notes</h2>\n{}", listed(&notes));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn listed(lines: &[String]) -> String {
    let items: Vec<String> = lines.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
    format!("<ul>\n{}</ul>", items.concat())
}

fn escaped_lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}
