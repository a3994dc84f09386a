//! A saga with handlers whose struct does not say what identifies an instance.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(no_timeout(Active), ignore(AddressChanged in end))]
impl Fulfilment {
    #[start(PlaceOrder -> reply OrderConfirmed => Active)]
    fn place(_: PlaceOrder) -> (Self, OrderConfirmed) {
        todo!()
    }

    #[on(AddressChanged in Active => end)]
    fn moved(&mut self, _: AddressChanged) {}
}

fn main() {}
