//! The refusal is awaited after the label has been sent, where the bill has long been answered.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill, Packing),
    no_timeout(AwaitingBill, Packing),
    ignore(AddressChanged in AwaitingBill | end)
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill => Packing)]
    fn billed(&mut self, _: OrderBilled) {}

    #[on(OutOfStock in AwaitingBill -> reply OrderRejected => end)]
    fn sold_out(&mut self, _: OutOfStock) -> OrderRejected {
        OrderRejected
    }

    #[on(BillingDeclined in Packing -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected
    }

    #[on(AddressChanged in Packing -> reply OrderConfirmed => end)]
    fn packed(&mut self, _: AddressChanged) -> OrderConfirmed {
        OrderConfirmed
    }
}

fn main() {}
