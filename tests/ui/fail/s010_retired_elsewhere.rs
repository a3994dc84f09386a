//! A command retired where no instance is, and a state misspelt.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill), retired(AwaitingBil, send RefundOrder in end))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on(BillingDeclined in AwaitingBill => end)]
    fn declined(&mut self, _: BillingDeclined) {}

    #[after(1 h in AwaitingBill => end)]
    fn bill_is_late(&mut self) {}
}

fn main() {}
