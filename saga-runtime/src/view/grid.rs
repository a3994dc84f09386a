//! Text in columns, for terminals and golden files.

use std::fmt::{self, Display};

/// Rows under headings, each column as wide as its widest cell.
pub(super) struct Grid<const COLUMNS: usize> {
    pub(super) headings: [&'static str; COLUMNS],
    pub(super) rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Grid<COLUMNS> {
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells.chain([self.headings[column].len()]).max().unwrap_or(0)
    }
}

impl<const COLUMNS: usize> Display for Grid<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: [usize; COLUMNS] = std::array::from_fn(|column| self.width(column));
        writeln!(f, "{}", line(&self.headings, &widths))?;
        writeln!(f, "{}", line(&widths.map(|width| "-".repeat(width)), &widths))?;
        self.rows
            .iter()
            .try_for_each(|row| writeln!(f, "{}", line(row, &widths)))
    }
}

/// Two spaces between columns, none at the end: editors strip them from golden files.
fn line(cells: &[impl AsRef<str>], widths: &[usize]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{:width$}", cell.as_ref()));
    let line = padded.collect::<Vec<_>>().join("  ");
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let grid = Grid {
            headings: ["from", "to"],
            rows: vec![["a".into(), String::new()], ["größer".into(), "b".into()]],
        };
        assert_eq!(grid.to_string(), "from    to\n------  --\na\ngrößer  b\n");
    }
}
