//! Two sagas bill the same order.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill), unexpected(OrderBilled, BillingDeclined, OutOfStock in end))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let order_id = order.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 })
    }

    #[on(BillOrderReply in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: BillOrderReply) -> OrderConfirmed {
        OrderConfirmed
    }

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

#[saga(by = order_id, at = Billing)]
#[derive(Serialize, Deserialize)]
struct Dunning {
    order_id: u64,
}

#[saga(states(Asking), unexpected(OrderBilled, BillingDeclined, OutOfStock in end))]
impl Dunning {
    #[start(RemindCashier -> send BillOrder => Asking)]
    fn begin(reminder: RemindCashier) -> (Self, BillOrder) {
        let order_id = reminder.order_id;
        (Self { order_id }, BillOrder { order_id, total_cents: 1 })
    }

    #[on(RemindCashier in Asking)]
    fn again(&mut self, _: RemindCashier) {}

    #[on(BillOrderReply in Asking => end)]
    fn billed(&mut self, _: BillOrderReply) {}

    #[after(30 min in Asking => end)]
    fn late(&mut self) {}
}

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined.into()
    }
}

saga_runtime::system! {
    pub Shop { Fulfilment, BillingDesk, Dunning }
    accepts(PlaceOrder, RemindCashier)
}

fn main() {}
