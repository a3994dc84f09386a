//! The order process as a part of a shop. It is sound, so that what is refused is the shop's own mistake.
#![allow(dead_code)] // not every shop has every part

#[path = "order.rs"]
mod order;

pub use order::*;
use saga_runtime::prelude::*;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
pub struct Fulfilment {
    order_id: OrderId,
    total_cents: u64,
}

#[saga(
    states(AwaitingBill, AwaitingLabel, CancellingBill),
    ignore(AlreadyBilled in CancellingBill),
    no_undo(CancelBilling),
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let PlaceOrder { order_id, total_cents } = order;
        (Self { order_id: order_id.clone(), total_cents }, BillOrder { order_id, total_cents })
    }

    #[on(OrderBilled in AwaitingBill -> send CreateShippingLabel => AwaitingLabel)]
    fn billed(&mut self, _: OrderBilled) -> CreateShippingLabel {
        CreateShippingLabel { order_id: self.order_id.clone() }
    }

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected {}
    }

    #[after(30 min in AwaitingBill -> send CancelBilling => CancellingBill)]
    fn bill_is_late(&mut self) -> CancelBilling {
        CancelBilling { order_id: self.order_id.clone() }
    }

    #[on(OrderBilled in CancellingBill => compensate)]
    fn billed_late(&mut self, _: OrderBilled) {}

    #[on(BillingDeclined in CancellingBill => compensate)]
    fn declined_late(&mut self, _: BillingDeclined) {}

    #[on(BillingCancelled in CancellingBill => compensate)]
    fn bill_cancelled(&mut self, _: BillingCancelled) {}

    #[after(24 h in CancellingBill => compensate)]
    fn cancel_is_late(&mut self) {}

    #[on(ShippingLabelCreated in AwaitingLabel -> publish OrderReadyToShip, reply OrderConfirmed => end)]
    fn labelled(&mut self, _: ShippingLabelCreated) -> (OrderReadyToShip, OrderConfirmed) {
        (OrderReadyToShip { order_id: self.order_id.clone() }, OrderConfirmed {})
    }

    #[on(OutOfStock in AwaitingLabel => compensate)]
    fn out_of_stock(&mut self, _: OutOfStock) {}

    #[after(7 d in AwaitingLabel => compensate)]
    fn label_is_late(&mut self) {}

    #[compensate(OrderBilled -> send RefundOrder)]
    fn refund(&self, billed: OrderBilled) -> RefundOrder {
        RefundOrder { invoice: billed.invoice }
    }

    #[compensate(ShippingLabelCreated -> send VoidLabel)]
    fn void(&self, _: ShippingLabelCreated) -> VoidLabel {
        VoidLabel { order_id: self.order_id.clone() }
    }

    #[compensated(-> publish OrderCancelled, reply OrderRejected => end)]
    fn cancelled(&mut self) -> (OrderCancelled, OrderRejected) {
        (OrderCancelled { order_id: self.order_id.clone() }, OrderRejected {})
    }
}

pub struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder) -> BillOrderReply {
        BillingDeclined {}.into()
    }

    #[on(CancelBilling)]
    async fn cancel(&self, _: CancelBilling) -> CancelBillingReply {
        AlreadyBilled {}.into()
    }

    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        OrderRefunded {}.into()
    }
}

pub struct WarehouseDesk;

#[service(at = Warehouse)]
impl WarehouseDesk {
    #[on(CreateShippingLabel)]
    async fn label(&self, _: CreateShippingLabel) -> CreateShippingLabelReply {
        OutOfStock {}.into()
    }

    #[on(VoidLabel)]
    async fn void(&self, _: VoidLabel) {}
}

/// Hears what becomes of each order.
pub struct Newsroom;

#[service(at = Sales)]
impl Newsroom {
    #[on(OrderReadyToShip)]
    async fn ready(&self, _: OrderReadyToShip) {}

    #[on(OrderCancelled)]
    async fn cancelled(&self, _: OrderCancelled) {}
}
