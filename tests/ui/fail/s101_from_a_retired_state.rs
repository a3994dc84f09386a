//! Older builds insured each parcel before it was billed. What they left goes on into a state of today, and a refusal of the
//! insurance has been forgotten.
use saga_runtime::prelude::*;
use saga_test_contracts::{Warehouse, order::*};

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse, replies(Insured), refusals(NotInsurable))]
struct Insure {
    order_id: u64,
}

#[derive(Reply, Serialize, Deserialize)]
struct Insured;

#[derive(Reply, Serialize, Deserialize)]
struct NotInsurable;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse, replies(Weighed))]
struct Weigh {
    order_id: u64,
}

#[derive(Reply, Serialize, Deserialize)]
struct Weighed;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill, Insuring, Reinsuring),
    retired(Insuring, Reinsuring),
    unexpected(OrderBilled, BillingDeclined, OutOfStock in end),
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

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected
    }

    #[on(OutOfStock in AwaitingBill -> reply OrderRejected => end)]
    fn sold_out(&mut self, _: OutOfStock) -> OrderRejected {
        OrderRejected
    }

    #[after(1 h in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }

    #[on(Insured in Insuring -> send Weigh => AwaitingBill)]
    fn insured(&mut self, _: Insured) -> Weigh {
        todo!()
    }

    #[on(Weighed in Reinsuring -> send Insure => Insuring)]
    fn weighed(&mut self, _: Weighed) -> Insure {
        todo!()
    }

    #[after(1 h in Insuring | Reinsuring -> reply OrderRejected => end)]
    fn insurance_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

fn main() {}
