//! Writes answers that are tables: JSON and CSV as they are, text for people rounded.

use serde_json::{Map, Value, json};

use super::csv::csv_text;
use super::{aligned, number, rounded};
use crate::kpi::{Across, Cell, Column, Table, Tables};

/// Most columns of a table that is written across: two years of months fit a wide terminal.
const ACROSS_MAX: usize = 25;

/// Puts the tables of an answer among its fields.
pub(super) fn put_json(tables: &Tables, fields: &mut Map<String, Value>) {
    fields.insert("table".to_owned(), table_json(&tables.main));
    for (name, table) in &tables.further {
        fields.insert((*name).to_owned(), table_json(table));
    }
    if let Some(test) = &tables.comparison {
        let found = json!({ "chi_squared": test.chi_squared, "p": test.p });
        fields.insert(test.test.to_owned(), found);
    }
}

fn table_json(table: &Table) -> Value {
    let column = |column: &Column| json!({ "name": column.name, "unit": column.unit });
    let row = |row: &Vec<Cell>| row.iter().map(cell_json).collect::<Vec<_>>();
    json!({
        "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
        "rows": table.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn cell_json(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Count(count) => json!(count),
        Cell::Number(value) => number(Some(*value)),
        Cell::Missing => Value::Null,
    }
}

/// Returns a table as CSV, unrounded: a header, then one line a row. What is missing is empty.
pub(super) fn csv(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let mut text = names.join(",");
    text.push('\n');
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(csv_cell).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn csv_cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => csv_text(text),
        Cell::Missing => String::new(),
        other => cell_json(other).to_string(),
    }
}

/// Returns what a terminal shows: what is read off a long table, else the table itself; both where
/// people read the whole.
pub(super) fn text(tables: &Tables) -> String {
    let mut text = String::new();
    let is_main_read = tables.is_read_whole || tables.further.is_empty();
    if is_main_read && tables.across.is_none() {
        text.push_str(&table_text(&tables.main));
    }
    for (name, table) in &tables.further {
        if tables.is_read_whole && !table.rows.is_empty() {
            text.push_str(&format!("[{name}]\n"));
        }
        text.push_str(&table_text(table));
    }
    if let Some(across) = tables.across {
        text.push_str(&across_text(&tables.main, across));
    }
    if let Some(test) = &tables.comparison {
        text.push_str(&format!(
            "{}: chi-square {}, p {}\n",
            test.test.replace('_', "-"),
            rounded(test.chi_squared, 2),
            rounded(test.p, 4),
        ));
    }
    text
}

fn table_text(table: &Table) -> String {
    let columns: Vec<(&str, bool)> = table
        .columns
        .iter()
        .map(|column| (column.name, column.unit != "text"))
        .collect();
    let row = |row: &Vec<Cell>| row.iter().map(text_cell).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(row).collect();
    aligned(&columns, &rows)
}

/// Writes a long table across, as far as a terminal is wide.
fn across_text(table: &Table, across: Across) -> String {
    let position = |name| table.columns.iter().position(|column| column.name == name);
    let (Some(line), Some(column), Some(cell)) = (
        position(across.line),
        position(across.column),
        position(across.cell),
    ) else {
        return table_text(table);
    };
    let n_across = |rows: &[Vec<Cell>]| {
        let counts = rows.iter().filter_map(|row| match row[column] {
            Cell::Count(count) => usize::try_from(count + 1).ok(),
            _ => None,
        });
        counts.max().unwrap_or_default()
    };
    let n_all = n_across(&table.rows);
    let names: Vec<String> = (0..n_all.min(ACROSS_MAX))
        .map(|idx| idx.to_string())
        .collect();
    let heads = table.columns[..=line]
        .iter()
        .map(|column| (column.name, false));
    let columns: Vec<(&str, bool)> = heads
        .chain(names.iter().map(|name| (name.as_str(), true)))
        .collect();
    let rows = table
        .rows
        .chunk_by(|one, next| one[..=line] == next[..=line]);
    let rows: Vec<Vec<String>> = rows
        .map(|cells| {
            let mut row: Vec<String> = cells[0][..=line].iter().map(text_cell).collect();
            row.resize(columns.len(), String::new());
            for one in cells {
                let idx = n_across(std::slice::from_ref(one)) + line;
                if let Some(place) = row.get_mut(idx) {
                    *place = text_cell(&one[cell]);
                }
            }
            row
        })
        .collect();
    let mut text = aligned(&columns, &rows);
    if n_all > ACROSS_MAX {
        text.push_str(&format!(
            "{} more {}: ask for CSV\n",
            n_all - ACROSS_MAX,
            across.column
        ));
    }
    text
}

fn text_cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Number(value) => rounded(*value, 1),
        Cell::Missing => "–".to_owned(),
    }
}
