//! Clauses that their own word rules out.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill, Packing))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[every(1 h in AwaitingBill => end)]
    fn hourly(&mut self) {}

    #[on(AddressChanged in AwaitingBill | end)]
    fn moved(&mut self, _: AddressChanged) {}

    #[on(PlaceOrder in end -> send RemindCashier)]
    fn gone(_: PlaceOrder) -> RemindCashier {
        todo!()
    }

    #[compensate(OrderBilled -> send RefundOrder => end)]
    fn refund(&self, _: OrderBilled) -> RefundOrder {
        todo!()
    }

    #[after(1 h in compensate => end)]
    fn late(&mut self) {}
}

fn main() {}
