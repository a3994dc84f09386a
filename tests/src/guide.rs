//! The process of `docs/testing.md`, for its later snippets.
#![allow(missing_docs)]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use saga_runtime::prelude::*;

#[derive(Endpoint)]
pub struct Sales;
#[derive(Endpoint)]
pub struct Billing;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Sales, replies(OrderConfirmed), refusals(OrderRejected))]
pub struct PlaceOrder {
    pub order_id: u64,
    pub total_cents: u64,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct OrderConfirmed;
#[derive(Reply, Serialize, Deserialize)]
pub struct OrderRejected;

#[derive(Command, Serialize, Deserialize)]
#[command(to = Billing, replies(OrderBilled), refusals(BillingDeclined))]
pub struct BillOrder {
    pub order_id: u64,
    pub total_cents: u64,
}
#[derive(Reply, Serialize, Deserialize)]
pub struct OrderBilled;
#[derive(Reply, Serialize, Deserialize)]
pub struct BillingDeclined;

#[saga(by = order_id, at = Sales)]
#[derive(Serialize, Deserialize)]
pub struct Fulfilment {
    order_id: u64,
}

#[saga(states(AwaitingBill), ignore(OrderBilled, BillingDeclined in end))]
impl Fulfilment {
    #[start(PlaceOrder -> send BillOrder => AwaitingBill)]
    fn place(order: PlaceOrder) -> (Self, BillOrder) {
        let PlaceOrder {
            order_id,
            total_cents,
        } = order;
        (
            Self { order_id },
            BillOrder {
                order_id,
                total_cents,
            },
        )
    }

    #[on(OrderBilled in AwaitingBill -> reply OrderConfirmed => end)]
    fn billed(&mut self, _: OrderBilled) -> OrderConfirmed {
        OrderConfirmed
    }

    #[on(BillingDeclined in AwaitingBill -> reply OrderRejected => end)]
    fn declined(&mut self, _: BillingDeclined) -> OrderRejected {
        OrderRejected
    }

    #[after(30 min in AwaitingBill -> reply OrderRejected => end)]
    fn bill_is_late(&mut self) -> OrderRejected {
        OrderRejected
    }
}

/// What was charged, by idempotency key.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<BTreeSet<String>>>);

impl Ledger {
    pub fn charges(&self) -> usize {
        self.0.lock().map_or(0, |keys| keys.len())
    }
}

pub struct BillingDesk(pub Ledger);

#[service(at = Billing)]
impl BillingDesk {
    #[on(BillOrder)]
    async fn bill(&self, _: BillOrder, context: &Context) -> BillOrderReply {
        if let Ok(mut keys) = self.0.0.lock() {
            keys.insert(context.idempotency_key().to_string());
        }
        OrderBilled.into()
    }
}
