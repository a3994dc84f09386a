//! A saga is started by what a service at its endpoint answers too.
use saga_runtime::prelude::*;
use saga_test_contracts::order::*;

#[saga(by = order_id, at = Billing)]
#[derive(Serialize, Deserialize)]
struct Dunning {
    order_id: u64,
}

#[saga(states(Patient, Stern))]
impl Dunning {
    #[start(RemindCashier => Patient)]
    fn begin(reminder: RemindCashier) -> Self {
        Self { order_id: reminder.order_id }
    }

    #[on(RemindCashier in Patient => Stern)]
    fn again(&mut self, _: RemindCashier) {}

    #[on(RemindCashier in Stern)]
    fn enough(&mut self, _: RemindCashier) {}

    #[after(3 d in Patient => Stern)]
    fn impatient(&mut self) {}

    #[after(7 d in Stern -> publish InvoiceIssued => end)]
    fn over(&mut self) -> InvoiceIssued {
        InvoiceIssued { order_id: self.order_id }
    }
}

struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder -> send RemindCashier)]
    async fn bill(&self, order: BillOrder) -> (BillOrderReply, RemindCashier) {
        (BillingDeclined.into(), RemindCashier { order_id: order.order_id })
    }

    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        OrderRefunded.into()
    }

    #[on(RemindCashier)]
    async fn remind(&self, _: RemindCashier) {}

    #[on(InvoiceIssued)]
    async fn file(&self, _: InvoiceIssued) {}
}

saga_runtime::system! { pub Shop { Dunning, BillingDesk } accepts(BillOrder, RefundOrder) }

fn main() {}
