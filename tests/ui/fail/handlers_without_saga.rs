//! The words of the language explain themselves where they have no meaning.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

struct Fulfilment;

impl Fulfilment {
    #[on(OrderBilled in AwaitingBill => end)]
    fn billed(&mut self, _: OrderBilled) {}

    #[after(1 h => end)]
    fn late(&mut self) {}
}

fn main() {}
