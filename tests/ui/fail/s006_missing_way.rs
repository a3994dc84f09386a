//! The timeout that should lead to the second state is left out.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill, GivingUp))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(_: PlaceOrder) -> (Self, BillOrder) {
        todo!()
    }

    #[on(BillOrderReply in AwaitingBill | GivingUp -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: BillOrderReply) -> OrderConfirmed {
        OrderConfirmed
    }

    #[after(1 d in GivingUp -> reply OrderRejected => end)]
    fn given_up(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
