//! Billing, Warehouse and the books: where I/O lives. A message may reach them more than once (they died before their
//! answer was recorded), so everything they do carries the message's idempotency key.

use std::time::Duration;

use saga_runtime::prelude::*;
use tokio::time::sleep;

use crate::{contracts::*, entries::Entry, ledger::Ledger, saga::Fulfilment};

pub struct BillingDesk(pub Ledger);

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, order: BillOrder, context: &Context) -> Result<BillOrderReply, ServiceError> {
        if order.total_cents > order.card.limit_cents {
            return Ok(BillOrderReply::BillingDeclined(BillingDeclined));
        }
        sleep(Duration::from_millis(order.card.charge_delay_ms)).await;
        let invoice = context.idempotency_key().to_string();
        let charged = self
            .0
            .charge(&invoice, &order.order_id, order.total_cents)
            .await?;
        sleep(Duration::from_millis(order.card.answer_delay_ms)).await;
        Ok(match charged {
            true => BillOrderReply::OrderBilled(OrderBilled {
                invoice: InvoiceId(invoice),
            }),
            false => BillOrderReply::BillingDeclined(BillingDeclined),
        })
    }

    #[on(CancelBilling)]
    async fn cancel(
        &self,
        bill: CancelBilling,
        context: &Context,
    ) -> Result<CancelBillingReply, ServiceError> {
        let key = context.idempotency_key().to_string();
        Ok(match self.0.cancel_bill(&key, &bill.order_id).await? {
            true => CancelBillingReply::BillingCancelled(BillingCancelled),
            false => CancelBillingReply::AlreadyBilled(AlreadyBilled),
        })
    }

    #[on(RefundOrder)]
    async fn refund(&self, refund: RefundOrder, context: &Context) -> Result<RefundOrderReply, ServiceError> {
        let key = context.idempotency_key().to_string();
        match self.0.refund(&key, &refund.invoice).await? {
            true => Ok(RefundOrderReply::OrderRefunded(OrderRefunded)),
            false => Err(ServiceError::permanent(format!(
                "there is no invoice {}",
                refund.invoice.0
            ))),
        }
    }
}

pub struct WarehouseDesk(pub Ledger);

#[service(at = Warehouse)]
impl WarehouseDesk {
    #[on(CreateShippingLabel)]
    async fn label(
        &self,
        order: CreateShippingLabel,
        context: &Context,
    ) -> Result<CreateShippingLabelReply, ServiceError> {
        if order.items.iter().any(|item| item.quantity > item.in_stock) {
            return Ok(CreateShippingLabelReply::OutOfStock(OutOfStock));
        }
        let key = context.idempotency_key().to_string();
        self.0
            .record(Entry::Label, &key, &order.order_id, order.total_cents)
            .await?;
        Ok(CreateShippingLabelReply::ShippingLabelCreated(
            ShippingLabelCreated,
        ))
    }

    #[on(VoidLabel)]
    async fn void(&self, label: VoidLabel, context: &Context) -> Result<(), ServiceError> {
        let key = context.idempotency_key().to_string();
        Ok(self.0.record(Entry::Void, &key, &label.order_id, 0).await?)
    }
}

pub struct Bookkeeper(pub Ledger);

#[service(at = Books)]
impl Bookkeeper {
    #[on(OrderReadyToShip)]
    async fn ready(&self, order: OrderReadyToShip, context: &Context) -> Result<(), ServiceError> {
        let key = context.idempotency_key().to_string();
        Ok(self.0.record(Entry::Ready, &key, &order.order_id, 0).await?)
    }

    #[on(OrderCancelled)]
    async fn cancelled(&self, order: OrderCancelled, context: &Context) -> Result<(), ServiceError> {
        let key = context.idempotency_key().to_string();
        Ok(self.0.record(Entry::Cancelled, &key, &order.order_id, 0).await?)
    }
}

saga_runtime::system! {
    pub Shop { Fulfilment, BillingDesk, WarehouseDesk, Bookkeeper }
    accepts(PlaceOrder)
}
