use saga_runtime::prelude::*;
use saga_test_contracts::billing::{BillOrder, BillOrderReply, Billing, BillingDeclined, InvoiceIssued};

struct ForgetsTheAnswer;
struct ForgetsTheEffect;
struct ForgetsBoth;
struct AnswersAnEvent;

#[service(at = Billing)]
impl ForgetsTheAnswer {
    #[on(BillOrder -> publish InvoiceIssued)]
    async fn bill(&self, order: BillOrder) -> Result<InvoiceIssued, ServiceError> {
        Ok(InvoiceIssued {
            order_id: order.order_id,
        })
    }
}

#[service(at = Billing)]
impl ForgetsTheEffect {
    #[on(BillOrder -> publish InvoiceIssued?)]
    async fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined.into()
    }
}

#[service(at = Billing)]
impl ForgetsBoth {
    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder) {}
}

#[service(at = Billing)]
impl AnswersAnEvent {
    #[on(InvoiceIssued)]
    async fn issued(&self, _: InvoiceIssued) -> BillOrderReply {
        BillingDeclined.into()
    }
}

fn main() {}
