//! A key of one field more than there may be.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = (f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16), at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    f0: u8,
    f1: u8,
    f2: u8,
    f3: u8,
    f4: u8,
    f5: u8,
    f6: u8,
    f7: u8,
    f8: u8,
    f9: u8,
    f10: u8,
    f11: u8,
    f12: u8,
    f13: u8,
    f14: u8,
    f15: u8,
    f16: u8,
}

fn main() {}
