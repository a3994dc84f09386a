//! The shop as it was.

use saga_runtime::prelude::*;

use super::{Billing, Ledger, Sales, Warehouse};

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub struct PlaceOrder {
    pub order_id: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderConfirmed {}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRejected {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled))]
pub struct BillOrder {
    pub order_id: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderBilled {
    pub invoice: u32,
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Warehouse, replies(LabelCreated))]
pub struct CreateLabel {
    pub order_id: String,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct LabelCreated {}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderRefunded))]
pub struct RefundOrder {
    pub invoice: u32,
}

#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRefunded {}

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
pub struct Fulfilment {
    pub(super) order_id: String,
}

#[saga(states(Billing, Labelling), unexpected(OrderBilled in end), no_undo(CreateLabel))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => Billing)]
    fn place(PlaceOrder { order_id }: PlaceOrder) -> (Self, BillOrder) {
        let bill = BillOrder {
            order_id: order_id.clone(),
        };
        (Self { order_id }, bill)
    }

    #[on(OrderBilled in Billing -> send CreateLabel => Labelling)]
    fn billed(&mut self, _: OrderBilled) -> CreateLabel {
        CreateLabel {
            order_id: self.order_id.clone(),
        }
    }

    #[after(30 min in Billing -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
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
    async fn bill(&self, BillOrder { order_id }: BillOrder) -> BillOrderReply {
        self.0.lock().unwrap().push(format!("bill {order_id}"));
        OrderBilled { invoice: 1 }.into()
    }

    #[on(RefundOrder)]
    async fn refund(&self, _: RefundOrder) -> RefundOrderReply {
        OrderRefunded {}.into()
    }
}

saga_runtime::system! { pub Shop { Fulfilment, BillingDesk } accepts(PlaceOrder) remote(Warehouse) }
