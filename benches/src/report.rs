//! The table: measurements in rows, targets beside them, a mark where one is missed.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

/// A measurement held against its target.
#[derive(Clone, Debug)]
pub struct Check {
    measured: f64,
    bound: Bound,
    unit: String,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Check {
    /// `measured` should be `target` or more; `unit` stands behind both.
    pub fn at_least(target: f64, measured: f64, unit: impl Into<String>) -> Self {
        Self {
            measured,
            bound: Bound::AtLeast(target),
            unit: unit.into(),
        }
    }

    /// `measured` should be `target` or less; `unit` stands behind both.
    pub fn at_most(target: f64, measured: f64, unit: impl Into<String>) -> Self {
        Self {
            measured,
            bound: Bound::AtMost(target),
            unit: unit.into(),
        }
    }

    /// Whether the target is met. A measurement that is missing meets none.
    pub fn met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(target) => self.measured >= target,
            Bound::AtMost(target) => self.measured <= target,
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, target) = match self.bound {
            Bound::AtLeast(target) => ('≥', target),
            Bound::AtMost(target) => ('≤', target),
        };
        let mark = if self.met() { "met" } else { "MISSED" };
        let (measured, target) = (short(self.measured), short(target));
        write!(f, "{measured} {} (target {sign} {target}) {mark}", self.unit)
    }
}

/// Three digits that matter: `0.0781`, `1.52`, `150`, `59,213`.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "–".to_owned(),
        size if size >= 100.0 => thousands(value),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A table in the making.
#[derive(Debug)]
pub struct Report {
    table: Table,
    numbers: usize,
}

impl Report {
    /// An empty table. A last column for the checks is added to `columns`.
    pub fn new(columns: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(columns.iter().copied().chain(["against the target"]));
        for (position, column) in table.column_iter_mut().enumerate() {
            if position > 0 && position < columns.len() {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self {
            table,
            numbers: columns.len().saturating_sub(1),
        }
    }

    /// A row: what it is, its numbers (the last may be left out, NaN prints as a dash), and what they are held against.
    pub fn row(&mut self, what: &str, numbers: &[f64], checks: &[Check]) {
        let checks: Vec<String> = checks.iter().map(Check::to_string).collect();
        let mut cells = vec![what.to_owned()];
        cells.extend(numbers.iter().copied().map(short));
        cells.resize(1 + self.numbers, String::new());
        cells.push(checks.join("\n"));
        self.table.add_row(cells);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, short};

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        let written: Vec<String> = [0.078_12, 1.516, 42.04, 150.2, 59_213.4, 1_000_000.0]
            .into_iter()
            .map(short)
            .collect();
        assert_eq!(written, ["0.078", "1.52", "42.0", "150", "59,213", "1,000,000"]);
    }

    #[test]
    fn a_missed_target_cannot_be_overlooked() {
        let check = Check::at_least(0.4, 0.33, "× ceiling");
        assert_eq!(check.to_string(), "0.330 × ceiling (target ≥ 0.400) MISSED");
    }

    #[test]
    fn a_missing_measurement_meets_no_target() {
        assert!(!Check::at_most(150.0, f64::NAN, "MB").met());
    }
}
