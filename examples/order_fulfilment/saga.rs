//! The process: bill, label, ready to ship. A late bill is cancelled; without stock the order is refunded and
//! cancelled; whoever placed it is told the outcome.

use std::time::Duration;

use saga_runtime::prelude::*;

use crate::contracts::*;

/// How long a bill may take. Half an hour in a shop, two seconds here, so that you see it happen.
const BILL_PATIENCE: Duration = Duration::from_secs(2);

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
pub struct Fulfilment {
    order_id: OrderId,
    total_cents: u64,
    items: Vec<Item>,
    trouble: Option<Rejection>,
}

#[saga(
    states(AwaitingBill, AwaitingLabel, CancellingBill),
    ignore(AlreadyBilled in CancellingBill), // the bill's own answer is on its way
    no_undo(CancelBilling)
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let bill = BillOrder {
            order_id: order.order_id.clone(),
            total_cents: order.total_cents,
            card: order.card,
        };
        let saga = Self {
            order_id: order.order_id,
            total_cents: order.total_cents,
            items: order.items,
            trouble: None,
        };
        (saga, bill)
    }

    #[on(OrderBilled in AwaitingBill -> send CreateShippingLabel => AwaitingLabel)]
    fn billed(&mut self, _: OrderBilled) -> CreateShippingLabel {
        CreateShippingLabel {
            order_id: self.order_id.clone(),
            total_cents: self.total_cents,
            items: self.items.clone(),
        }
    }

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected(Rejection::Declined)
    }

    #[after(BILL_PATIENCE in AwaitingBill -> send CancelBilling => CancellingBill)]
    fn bill_is_late(&mut self) -> CancelBilling {
        self.trouble = Some(Rejection::BillingLate);
        let order_id = self.order_id.clone();
        CancelBilling { order_id }
    }

    #[on(OrderBilled in CancellingBill => compensate)] // late, but billed
    fn billed_late(&mut self, _: OrderBilled) {}

    #[on(BillingDeclined in CancellingBill => compensate)]
    fn declined_late(&mut self, _: BillingDeclined) {}

    #[on(BillingCancelled in CancellingBill => compensate)]
    fn bill_cancelled(&mut self, _: BillingCancelled) {}

    #[after(24 h in CancellingBill => compensate)]
    fn cancel_is_late(&mut self) {}

    #[on(ShippingLabelCreated in AwaitingLabel -> publish OrderReadyToShip, reply OrderConfirmed => end)]
    fn labelled(&mut self, _: ShippingLabelCreated) -> (OrderReadyToShip, OrderConfirmed) {
        let order_id = self.order_id.clone();
        (OrderReadyToShip { order_id }, OrderConfirmed)
    }

    #[on(OutOfStock in AwaitingLabel => compensate)]
    fn out_of_stock(&mut self, _: OutOfStock) {
        self.trouble = Some(Rejection::OutOfStock);
    }

    #[after(7 d in AwaitingLabel => compensate)]
    fn label_is_late(&mut self) {
        self.trouble = Some(Rejection::WarehouseLate);
    }

    #[compensate(OrderBilled -> send RefundOrder)]
    fn refund(&self, billed: OrderBilled) -> RefundOrder {
        let invoice = billed.invoice;
        RefundOrder { invoice }
    }

    #[compensate(ShippingLabelCreated -> send VoidLabel)]
    fn void(&self, _: ShippingLabelCreated) -> VoidLabel {
        let order_id = self.order_id.clone();
        VoidLabel { order_id }
    }

    #[compensated(-> publish OrderCancelled, reply OrderRejected => end)]
    fn cancelled(&mut self) -> (OrderCancelled, OrderRejected) {
        let order_id = self.order_id.clone();
        let why = self.trouble.unwrap_or(Rejection::BillingLate);
        (OrderCancelled { order_id }, OrderRejected(why))
    }
}
