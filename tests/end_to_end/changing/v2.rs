//! The shop as it is: a currency in the data and in two messages, invoices by name, a state and a timer renamed.

use saga_runtime::prelude::*;

use super::{Billing, Ledger, Sales, Warehouse, v1};

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected), version = 2, upgrade(1 = v1::PlaceOrder))]
pub struct PlaceOrder {
    pub order_id: String,
    pub currency: String,
}

impl From<v1::PlaceOrder> for PlaceOrder {
    fn from(older: v1::PlaceOrder) -> Self {
        Self {
            order_id: older.order_id,
            currency: "EUR".into(),
        }
    }
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderConfirmed {}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRejected {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), version = 2, upgrade(1 = v1::BillOrder))]
pub struct BillOrder {
    pub order_id: String,
    pub currency: String,
}

impl From<v1::BillOrder> for BillOrder {
    fn from(older: v1::BillOrder) -> Self {
        Self {
            order_id: older.order_id,
            currency: "EUR".into(),
        }
    }
}

#[derive(Reply, Serialize, Deserialize)]
#[reply(version = 2, upgrade(1 = v1::OrderBilled))]
pub struct OrderBilled {
    pub invoice: String,
}

impl From<v1::OrderBilled> for OrderBilled {
    fn from(older: v1::OrderBilled) -> Self {
        Self {
            invoice: format!("I-{}", older.invoice),
        }
    }
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse, replies(LabelCreated))]
pub struct CreateLabel {
    pub order_id: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct LabelCreated {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderRefunded), version = 2)]
pub struct RefundOrder {
    pub invoice: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRefunded {}

#[saga(by = order_id, at = Sales, version = 2, upgrade(1 = v1::Fulfilment))]
#[derive(Serialize, Deserialize)]
pub struct Fulfilment {
    order_id: String,
    currency: String,
}

impl From<v1::Fulfilment> for Fulfilment {
    fn from(older: v1::Fulfilment) -> Self {
        Self {
            order_id: older.order_id,
            currency: "EUR".into(),
        }
    }
}

#[saga(
    states(AwaitingBill, Labelling),
    renamed(Billing = AwaitingBill, bill_is_late = bill_overdue),
    unexpected(OrderBilled in end),
    no_undo(CreateLabel),
)]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(PlaceOrder { order_id, currency }: PlaceOrder) -> (Self, BillOrder) {
        let bill = BillOrder {
            order_id: order_id.clone(),
            currency: currency.clone(),
        };
        (Self { order_id, currency }, bill)
    }

    #[on(OrderBilled in AwaitingBill -> send CreateLabel => Labelling)]
    fn billed(&mut self, _: OrderBilled) -> CreateLabel {
        CreateLabel {
            order_id: self.order_id.clone(),
        }
    }

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_overdue(&mut self) -> OrderRejected {
        OrderRejected {}
    }

    #[on(LabelCreated in Labelling -> reply OrderConfirmed => end)]
    fn labelled(&mut self, _: LabelCreated) -> OrderConfirmed {
        OrderConfirmed {}
    }

    #[after(7 d in Labelling => compensate)]
    fn label_is_late(&mut self) {}

    #[compensate(OrderBilled -> send RefundOrder)]
    fn refund(&self, billed: OrderBilled) -> RefundOrder {
        RefundOrder {
            invoice: billed.invoice,
        }
    }

    #[compensated(-> reply OrderRejected => end)]
    fn refunded(&mut self) -> OrderRejected {
        OrderRejected {}
    }
}

pub struct BillingDesk(pub Ledger);

#[saga_runtime::service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, BillOrder { order_id, currency }: BillOrder) -> BillOrderReply {
        self.0
            .lock()
            .unwrap()
            .push(format!("bill {order_id} in {currency}"));
        OrderBilled {
            invoice: "I-2".into(),
        }
        .into()
    }

    #[on(RefundOrder)]
    async fn refund(&self, RefundOrder { invoice }: RefundOrder) -> RefundOrderReply {
        self.0.lock().unwrap().push(format!("refund {invoice}"));
        OrderRefunded {}.into()
    }
}

pub struct WarehouseDesk(pub Ledger);

#[saga_runtime::service(at = Warehouse)]
impl WarehouseDesk {
    #[on(CreateLabel)]
    async fn label(&self, CreateLabel { order_id }: CreateLabel) -> CreateLabelReply {
        self.0.lock().unwrap().push(format!("label {order_id}"));
        LabelCreated {}.into()
    }
}

saga_runtime::system! { pub Shop { Fulfilment, BillingDesk, WarehouseDesk } accepts(PlaceOrder) }
