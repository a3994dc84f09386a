//! Fields that are not there: of the saga's key, of a message's key, of a time.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = number, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Misnamed {
    order_id: u64,
}

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Timed {
    order_id: u64,
}

#[saga(states(Open), by(AddressChanged = order.number), ignore(AddressChanged in end))]
impl Timed {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[on(AddressChanged in Open)]
    fn moved(&mut self, _: AddressChanged) {}

    #[at(self.due in Open => end)]
    fn over(&mut self) {}
}

fn main() {}
