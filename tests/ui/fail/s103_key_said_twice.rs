//! A key said twice, and one never asked for.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill), by(SoldOut = article, AddressChanged = order_id), by(AddressChanged = order), by(ParcelLeft = parcel))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }

    #[on(SoldOut in AwaitingBill)]
    fn no_article(&mut self, _: SoldOut) {}

    #[on(AddressChanged in AwaitingBill)]
    fn moved(&mut self, _: AddressChanged) {}
}

fn main() {}
