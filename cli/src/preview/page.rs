//! How is a preview read in a browser?

use std::fmt::Write;

use super::Preview;
use super::drawing::{drawing, escaped, style};
use super::text::{changes, state, sums};

const STYLE: &str = "\
:root{color-scheme:light dark}body{margin:0 auto;max-width:62rem;padding:1.5rem;background:#fff;color:#1f2328;\
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}}\
svg{max-width:100%;height:auto}section{margin-bottom:3rem}ul.warnings{border-left:4px solid #9a6700;padding-left:1.5rem}\
table{border-collapse:collapse;font-size:13px}th,td{text-align:left;padding:.25rem .9rem .25rem 0;vertical-align:top}\
td{border-top:1px solid #8884;font-variant-numeric:tabular-nums}";

/// The page: a section for each commitment, with picture, sums, warnings and a table of transitions.
#[must_use]
pub fn html(previews: &[Preview]) -> String {
    let names: Vec<String> = previews.iter().map(|preview| escaped(&preview.name)).collect();
    let title = format!("Timetables of {}", names.join(", "));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n",
        style()
    );
    for (index, preview) in previews.iter().enumerate() {
        section(&mut page, preview, index);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn section(page: &mut String, preview: &Preview, index: usize) {
    let _ = write!(page, "<section>\n<h2>{}</h2>\n{}", escaped(&preview.name), drawing(preview, index, 0.0));
    let listed = |lines: &[String]| {
        let items: Vec<String> = lines.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
        items.concat()
    };
    let _ = write!(page, "<ul>\n{}</ul>\n", listed(&sums(preview)));
    if !preview.warnings.is_empty() {
        let _ = write!(page, "<h3>Warnings</h3>\n<ul class=\"warnings\">\n{}</ul>\n", listed(&preview.warnings));
    }
    let zone = escaped(&preview.zone_name);
    let _ = write!(
        page,
        "<h3>Transitions</h3>\n<table>\n<thead><tr><th scope=\"col\">{zone}</th><th scope=\"col\">UTC</th>\
         <th scope=\"col\">is</th><th scope=\"col\">because</th></tr></thead>\n<tbody>\n"
    );
    for stretch in changes(preview) {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td><time datetime=\"{at}\">{at}</time></td><td>{}</td><td>{}</td></tr>",
            preview.local(stretch.from, "%a %b %d %H:%M"),
            escaped(&state(stretch)),
            escaped(&stretch.because),
            at = stretch.from,
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}
