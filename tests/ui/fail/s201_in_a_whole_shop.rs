//! A shop as shops are: the refund is sent by two sagas and handled by nobody, the label's endpoint is not in the system.
use saga_runtime::prelude::*;
use saga_test_contracts::{CreateLabel, order::*};

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(
    states(AwaitingBill, Unclear),
    unexpected(OrderBilled, BillingDeclined, OutOfStock in end)
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let order_id = order.order_id;
        let bill = BillOrder { order_id, total_cents: 1 };
        (Self { order_id }, bill)
    }

    #[on(OrderBilled in AwaitingBill | Unclear -> send CreateLabelsLater, reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> (CreateLabelsLater, OrderConfirmed) {
        (CreateLabelsLater { order_id: self.order_id }, OrderConfirmed)
    }

    #[on(BillingDeclined in AwaitingBill | Unclear -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected
    }

    #[on(OutOfStock in AwaitingBill | Unclear -> reply OrderRejected => end)]
    fn sold_out(&mut self, _: OutOfStock) -> OrderRejected {
        OrderRejected
    }

    #[after(30 min in AwaitingBill -> send RemindCashier => Unclear)]
    fn bill_is_late(&mut self) -> RemindCashier {
        RemindCashier { order_id: self.order_id }
    }

    #[after(1 d in Unclear -> reply OrderRejected => end)]
    fn given_up(&mut self) -> OrderRejected {
        OrderRejected
    }
}

/// Asks for labels at night.
#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse)]
struct CreateLabelsLater {
    order_id: u64,
}

use saga_test_contracts::Warehouse;

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder -> send RemindCashier?)]
    async fn bill(&self, _: BillOrder) -> (BillOrderReply, Option<RemindCashier>) {
        (BillingDeclined.into(), None)
    }
}

saga_runtime::system! {
    pub Shop { Fulfilment, BillingDesk }
    accepts(PlaceOrder, CreateLabel)
}

fn main() {}
