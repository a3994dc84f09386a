//! The orders of the input file. A line that is no order is set aside with its number and reason.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::Path,
};

use serde::Deserialize;

use crate::contracts::{Card, Item, OrderId, PlaceOrder};

/// What the file held.
#[derive(Default)]
pub struct Input {
    pub orders: Vec<PlaceOrder>,
    pub malformed: Vec<Malformed>,
}

/// A line that is no order.
pub struct Malformed {
    /// Counted from 1.
    pub line: usize,
    pub why: String,
}

/// An order as written in the file; `examples/data/README.md` says what the fields mean.
#[derive(Deserialize)]
struct Line {
    order_id: OrderId,
    card_limit_cents: u64,
    items: Vec<Item>,
    total_cents: u64,
    #[serde(default)]
    charge_delay_ms: u64,
    #[serde(default)]
    answer_delay_ms: u64,
}

impl Input {
    /// Reads at most `most` orders, and says which lines are none.
    pub fn read(path: &Path, most: usize) -> io::Result<Self> {
        let (mut input, mut known) = (Self::default(), BTreeSet::new());
        for (at, bytes) in BufReader::new(File::open(path)?).split(b'\n').enumerate() {
            let bytes = bytes?;
            if input.orders.len() == most {
                break;
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            match order(&bytes, &mut known) {
                Ok(order) => input.orders.push(order),
                Err(why) => input.malformed.push(Malformed { line: at + 1, why }),
            }
        }
        for line in &input.malformed {
            eprintln!("{}:{}: skipped: {}", path.display(), line.line, line.why);
        }
        Ok(input)
    }
}

fn order(bytes: &[u8], known: &mut BTreeSet<OrderId>) -> Result<PlaceOrder, String> {
    let line: Line = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if line.order_id.0.is_empty() {
        return Err("the order id is empty".into());
    }
    if line.items.is_empty() {
        return Err(format!("{} has no items", line.order_id.0));
    }
    let sum = sum(&line.items).ok_or_else(|| format!("the sum of {} is out of range", line.order_id.0))?;
    if sum != line.total_cents {
        let (id, total) = (&line.order_id.0, line.total_cents);
        return Err(format!(
            "{id} says it costs {total} cents, but its items cost {sum}"
        ));
    }
    if !known.insert(line.order_id.clone()) {
        return Err(format!("{} was in an earlier line", line.order_id.0));
    }
    Ok(line.into())
}

/// The price of all items in cents; `None` if no ledger could hold it.
fn sum(items: &[Item]) -> Option<u64> {
    let sum = items.iter().try_fold(0_u64, |sum, item| {
        sum.checked_add(item.quantity.checked_mul(item.unit_cents)?)
    })?;
    i64::try_from(sum).is_ok().then_some(sum)
}

impl From<Line> for PlaceOrder {
    fn from(line: Line) -> Self {
        Self {
            order_id: line.order_id,
            total_cents: line.total_cents,
            card: Card {
                limit_cents: line.card_limit_cents,
                charge_delay_ms: line.charge_delay_ms,
                answer_delay_ms: line.answer_delay_ms,
            },
            items: line.items,
        }
    }
}
