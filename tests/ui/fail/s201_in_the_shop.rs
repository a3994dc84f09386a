//! The order process in a shop whose warehouse was forgotten.
#[path = "../contracts/shop.rs"]
mod shop;

use shop::*;

saga_runtime::system! { pub Shop { Fulfilment, BillingDesk, Newsroom } accepts(PlaceOrder) }

fn main() {}
