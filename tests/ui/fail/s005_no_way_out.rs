//! Round and round.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill, Reminding), ignore(OrderBilled, BillingDeclined, OutOfStock))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[after(1 h in AwaitingBill -> send RemindCashier => Reminding)]
    fn late(&mut self) -> RemindCashier {
        todo!()
    }

    #[after(1 h in Reminding -> send BillOrder => AwaitingBill)]
    fn again(&mut self) -> BillOrder {
        todo!()
    }
}

fn main() {}
