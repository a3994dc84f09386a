//! Two handlers that decide: one returns the other's decision, one names an outcome that its clause does not have, and
//! one gives an outcome another message than its clause says.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Decides {
    order_id: u64,
}

#[saga(states(Open, Late), ignore(AddressChanged in end))]
impl Decides {
    #[start(PlaceOrder -> reply OrderConfirmed => Open)]
    fn place(order: PlaceOrder) -> (Self, OrderConfirmed) {
        (Self { order_id: order.order_id }, OrderConfirmed)
    }

    #[on(AddressChanged in Open { Far => end | Near })]
    fn moved(&mut self, _: AddressChanged) -> Moved {
        Moved::Somewhere
    }

    #[after(1 d in Open { GiveUp -> send RemindCashier => end | Wait => Late })]
    fn slow(&mut self) -> Slow {
        Slow::GiveUp(AddressChanged { order_id: self.order_id })
    }

    #[on(AddressChanged in Late { Again => Open | Never => end })]
    fn moved_late(&mut self, _: AddressChanged) -> MovedLate {
        Moved::Far
    }

    #[after(7 d in Late => end)]
    fn over(&mut self) {}
}

fn main() {}
