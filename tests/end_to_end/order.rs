//! The order process with its services, as every test here runs it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use saga_runtime::{bus::Builder, prelude::*, saga};
#[allow(unused_imports)] // where the process is only drawn, nothing is awaited
pub use saga_tests::watch::eventually;

#[derive(Endpoint)]
pub struct Sales;
#[derive(Endpoint)]
pub struct Billing;
#[derive(Endpoint)]
pub struct Warehouse;

#[derive(Command, Serialize, Deserialize, Clone)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub struct PlaceOrder {
    pub order_id: String,
    pub total_cents: u64,
}

#[derive(Reply, Serialize, Deserialize, Debug)]
pub struct OrderConfirmed {
    pub order_id: String,
}

#[derive(Reply, Serialize, Deserialize, Debug)]
pub struct OrderRejected {
    pub reason: String,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
pub struct BillOrder {
    pub order_id: String,
    pub total_cents: u64,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderBilled {
    pub invoice: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct BillingDeclined {
    pub reason: String,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(BillingCancelled), refusals(AlreadyBilled))]
pub struct CancelBilling {
    pub order_id: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct BillingCancelled {}

#[derive(Reply, Serialize, Deserialize)]
pub struct AlreadyBilled {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderRefunded), refusals(RefundRefused))]
pub struct RefundOrder {
    pub invoice: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRefunded {}

#[derive(Reply, Serialize, Deserialize)]
pub struct RefundRefused {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse, replies(ShippingLabelCreated), refusals(OutOfStock))]
pub struct CreateShippingLabel {
    pub order_id: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct ShippingLabelCreated {
    pub label: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OutOfStock {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse)]
pub struct VoidLabel {
    pub label: String,
}

#[derive(Event, Serialize, Deserialize)]
pub struct OrderReadyToShip {
    pub order_id: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(outsiders)]
pub struct OrderCancelled {
    pub order_id: String,
}

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
pub struct Fulfilment {
    pub order_id: String,
    pub total_cents: u64,
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
                order_id: order_id.clone(),
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
            order_id: self.order_id.clone(),
        }
    }

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, declined: BillingDeclined) -> OrderRejected {
        OrderRejected {
            reason: declined.reason,
        }
    }

    #[after(30 min in AwaitingBill -> send CancelBilling => CancellingBill)]
    fn bill_is_late(&mut self) -> CancelBilling {
        CancelBilling {
            order_id: self.order_id.clone(),
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
        let order_id = self.order_id.clone();
        (
            OrderReadyToShip {
                order_id: order_id.clone(),
            },
            OrderConfirmed { order_id },
        )
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
    fn void(&self, label: ShippingLabelCreated) -> VoidLabel {
        VoidLabel { label: label.label }
    }

    #[compensated(-> publish OrderCancelled, reply OrderRejected => end)]
    fn cancelled(&mut self) -> (OrderCancelled, OrderRejected) {
        (
            OrderCancelled {
                order_id: self.order_id.clone(),
            },
            OrderRejected {
                reason: "cancelled".into(),
            },
        )
    }
}

/// What the services did, and how they are to behave.
#[derive(Clone, Default)]
pub struct World {
    pub billed: Arc<AtomicU32>,
    pub refunded: Arc<AtomicU32>,
    pub labelled: Arc<AtomicU32>,
    pub announced: Arc<AtomicU32>,
    /// How many more refunds are refused.
    pub refuse_refunds: Arc<AtomicU32>,
    /// How many more attempts at billing fail.
    pub fail_billing: Arc<AtomicU32>,
}

fn one_less(counter: &AtomicU32) -> bool {
    counter
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
        .is_ok()
}

pub struct BillingDesk(pub World);

#[saga_runtime::service(at = Billing)]
impl BillingDesk {
    /// Odd cents panic or are declined by what the order id begins with.
    #[on(BillOrder)]
    async fn bill(&self, order: BillOrder) -> Result<BillOrderReply, ServiceError> {
        if one_less(&self.0.fail_billing) {
            return Err(ServiceError::retryable("the card network is down"));
        }
        assert!(!order.order_id.starts_with("panic"), "a bug in billing");
        if order.order_id.starts_with("poor") {
            return Ok(BillingDeclined {
                reason: "no funds".into(),
            }
            .into());
        }
        if order.order_id.starts_with("never") {
            std::future::pending::<()>().await;
        }
        self.0.billed.fetch_add(1, Ordering::SeqCst);
        Ok(OrderBilled {
            invoice: format!("I-{}", order.order_id),
        }
        .into())
    }

    #[on(CancelBilling)]
    async fn cancel(&self, _: CancelBilling) -> CancelBillingReply {
        BillingCancelled {}.into()
    }

    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        if one_less(&self.0.refuse_refunds) {
            return RefundRefused {}.into();
        }
        self.0.refunded.fetch_add(1, Ordering::SeqCst);
        OrderRefunded {}.into()
    }
}

pub struct WarehouseDesk(pub World);

#[saga_runtime::service(at = Warehouse)]
impl WarehouseDesk {
    #[on(CreateShippingLabel)]
    async fn label(&self, order: CreateShippingLabel) -> CreateShippingLabelReply {
        if order.order_id.starts_with("rare") {
            return OutOfStock {}.into();
        }
        self.0.labelled.fetch_add(1, Ordering::SeqCst);
        ShippingLabelCreated {
            label: format!("L-{}", order.order_id),
        }
        .into()
    }

    #[on(VoidLabel)]
    async fn void(&self, _: VoidLabel) {}

    #[on(OrderReadyToShip)]
    async fn announce(&self, _: OrderReadyToShip) {
        self.0.announced.fetch_add(1, Ordering::SeqCst);
    }
}

saga_runtime::system! { pub Shop { Fulfilment, BillingDesk, WarehouseDesk } accepts(PlaceOrder) }

pub fn shop(builder: Builder, world: &World) -> Builder<Shop> {
    builder
        .saga::<Fulfilment>()
        .service(BillingDesk(world.clone()))
        .service(WarehouseDesk(world.clone()))
        .system::<Shop>()
}

pub fn order(id: &str) -> PlaceOrder {
    PlaceOrder {
        order_id: id.to_owned(),
        total_cents: 4_200,
    }
}
