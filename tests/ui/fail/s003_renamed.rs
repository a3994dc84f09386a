//! What older builds called states and timers: to nothing known, from what is still there, twice.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill),
    renamed(
        Billing = AwaitingBil,
        AwaitingBill = AwaitingBill,
        Waiting = AwaitingBill,
        Waiting = AwaitingBill,
        bill_overdue = bill_is_late,
        late = billed,
    ),
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[after(1 h in AwaitingBill => end)]
    fn bill_is_late(&mut self) {}
}

fn main() {}
