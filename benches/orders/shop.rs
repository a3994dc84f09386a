//! The shop whose orders are counted: the fulfilment saga whole, and services that have nothing to do.

use saga_runtime::prelude::*;
use uuid::Uuid;

#[derive(Endpoint)]
pub(crate) struct Sales;
#[derive(Endpoint)]
pub(crate) struct Billing;
#[derive(Endpoint)]
pub(crate) struct Warehouse;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub(crate) struct PlaceOrder {
    pub(crate) order_id: Uuid,
    pub(crate) total_cents: u64,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct OrderConfirmed {
    order_id: Uuid,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct OrderRejected {
    order_id: Uuid,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
pub(crate) struct BillOrder {
    order_id: Uuid,
    total_cents: u64,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct OrderBilled {
    invoice: Uuid,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct BillingDeclined {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(BillingCancelled), refusals(AlreadyBilled))]
pub(crate) struct CancelBilling {
    order_id: Uuid,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct BillingCancelled {}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct AlreadyBilled {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderRefunded))]
pub(crate) struct RefundOrder {
    invoice: Uuid,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct OrderRefunded {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse, replies(ShippingLabelCreated), refusals(OutOfStock))]
pub(crate) struct CreateShippingLabel {
    order_id: Uuid,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct ShippingLabelCreated {
    label: Uuid,
}

#[derive(Reply, Serialize, Deserialize)]
pub(crate) struct OutOfStock {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse)]
pub(crate) struct VoidLabel {
    order_id: Uuid,
    label: Uuid,
}

impl VoidLabel {
    /// Of an order whose label has its number.
    pub(crate) fn of(order_id: Uuid) -> Self {
        Self {
            order_id,
            label: order_id,
        }
    }
}

#[derive(Event, Serialize, Deserialize)]
pub(crate) struct OrderReadyToShip {
    order_id: Uuid,
}

#[derive(Event, Serialize, Deserialize)]
pub(crate) struct OrderCancelled {
    order_id: Uuid,
}

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
pub(crate) struct Fulfilment {
    order_id: Uuid,
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
        let PlaceOrder {
            order_id,
            total_cents,
        } = order;
        (
            Self {
                order_id,
                total_cents,
            },
            BillOrder {
                order_id,
                total_cents,
            },
        )
    }

    #[on(OrderBilled in AwaitingBill -> send CreateShippingLabel => AwaitingLabel)]
    fn billed(&mut self, _: OrderBilled) -> CreateShippingLabel {
        CreateShippingLabel {
            order_id: self.order_id,
        }
    }

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected {
            order_id: self.order_id,
        }
    }

    #[after(30 min in AwaitingBill -> send CancelBilling => CancellingBill)]
    fn bill_is_late(&mut self) -> CancelBilling {
        CancelBilling {
            order_id: self.order_id,
        }
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
        let order_id = self.order_id;
        (OrderReadyToShip { order_id }, OrderConfirmed { order_id })
    }

    #[on(OutOfStock in AwaitingLabel => compensate)]
    fn out_of_stock(&mut self, _: OutOfStock) {}

    #[after(7 d in AwaitingLabel => compensate)]
    fn label_is_late(&mut self) {}

    #[compensate(OrderBilled -> send RefundOrder)]
    fn refund(&self, billed: OrderBilled) -> RefundOrder {
        RefundOrder {
            invoice: billed.invoice,
        }
    }

    #[compensate(ShippingLabelCreated -> send VoidLabel)]
    fn void(&self, created: ShippingLabelCreated) -> VoidLabel {
        VoidLabel {
            order_id: self.order_id,
            label: created.label,
        }
    }

    #[compensated(-> publish OrderCancelled, reply OrderRejected => end)]
    fn cancelled(&mut self) -> (OrderCancelled, OrderRejected) {
        let order_id = self.order_id;
        (OrderCancelled { order_id }, OrderRejected { order_id })
    }
}

/// Bills whatever it is asked to.
pub(crate) struct BillingDesk;

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, order: BillOrder) -> Result<BillOrderReply, ServiceError> {
        Ok(BillOrderReply::OrderBilled(OrderBilled {
            invoice: order.order_id,
        }))
    }

    #[on(CancelBilling)]
    async fn cancel(&self, _: CancelBilling) -> Result<CancelBillingReply, ServiceError> {
        Ok(CancelBillingReply::BillingCancelled(BillingCancelled {}))
    }

    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> Result<RefundOrderReply, ServiceError> {
        Ok(RefundOrderReply::OrderRefunded(OrderRefunded {}))
    }
}

/// Has everything in stock.
pub(crate) struct WarehouseDesk;

#[service(at = Warehouse)]
impl WarehouseDesk {
    #[on(CreateShippingLabel)]
    async fn label(&self, order: CreateShippingLabel) -> Result<CreateShippingLabelReply, ServiceError> {
        Ok(CreateShippingLabelReply::ShippingLabelCreated(
            ShippingLabelCreated {
                label: order.order_id,
            },
        ))
    }

    #[on(VoidLabel)]
    async fn void(&self, _: VoidLabel) -> Result<(), ServiceError> {
        Ok(())
    }
}
