//! Older builds insured each parcel before it was billed. What they left goes on into a state of today, which takes what is
//! sent on the way there; whoever waits has been answered by then, or is now, and nobody knows which.
#![deny(warnings)]
#![allow(dead_code)] // outcomes that only a real handler would choose
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

#[derive(Event, Serialize, Deserialize)]
#[event(external)]
struct ParcelLost {
    order_id: u64,
}

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill, Insuring, Reinsuring),
    retired(Insuring, Reinsuring),
    unexpected(OrderBilled, BillingDeclined, OutOfStock, Insured in end),
    ignore(NotInsurable, Weighed in end),
    ignore(Weighed in AwaitingBill),
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

    #[on(NotInsurable in Insuring -> reply OrderRejected => end)]
    fn uninsured(&mut self, _: NotInsurable) -> OrderRejected {
        OrderRejected
    }

    /// No instance of this build waits for it.
    #[on(ParcelLost in Reinsuring => end)]
    fn lost(&mut self, _: ParcelLost) {}

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
