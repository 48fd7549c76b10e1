//! How is a table laid out?

use comfy_table::{ContentArrangement, Table, presets};

/// In fewer columns a table would be letters one upon another: better that the terminal wraps its lines.
const NARROWEST: usize = 60;

/// A table without lines; where the terminal is `width` columns wide, cells are wrapped to fit.
#[must_use]
pub fn table(header: &[&str], rows: Vec<Vec<String>>, indent: usize, width: Option<usize>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    match width.and_then(|width| u16::try_from(width.max(NARROWEST).saturating_sub(indent)).ok()) {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table.lines().map(|line| format!("{:indent$}{}\n", "", line.trim_end())).collect();
    lines.concat()
}
