//! A saga says what identifies an instance, and where it lives.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_nr, at = Sales)]
struct Misspelt {
    order_id: u64,
}

#[saga(version = 0)]
struct Silent {
    order_id: u64,
}

#[saga(by = order_id, at = Sales, states(A))]
struct Confused {
    order_id: u64,
}

#[saga]
enum Choice {
    One,
}

fn main() {}
