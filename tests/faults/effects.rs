//! What the services of all processes did, written down by idempotency key in a table of the test.
//!
//! A service does its work at least once and under one key, as whoever moves money must recognise it: what is counted is
//! the keys.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use saga_runtime::{Bus, bus::Builder, prelude::*, system::System};
use saga_tests::watch::{eventually_within, until_idle};
use tokio_postgres::Client;

use crate::{
    order::{
        AlreadyBilled, BillOrder, BillOrderReply, Billing, BillingDeclined, CancelBilling,
        CancelBillingReply, CreateShippingLabel, CreateShippingLabelReply, Fulfilment, OrderBilled,
        OrderReadyToShip, OrderRefunded, OutOfStock, RefundOrder, RefundOrderReply, ShippingLabelCreated,
        VoidLabel, Warehouse,
    },
    servers::Schema,
};

const TABLE: &str =
    "CREATE TABLE effect (kind text, order_id text, key text, PRIMARY KEY (kind, order_id, key))";

/// The table. Clones are handles of the same connection.
#[derive(Clone)]
pub struct Effects {
    client: Arc<Client>,
}

/// For each order, how often what was done.
type Counted = BTreeMap<String, BTreeMap<String, i64>>;

/// How long it may take until everything is done after the last fault: what a killed process held is given to others
/// when its lease is over, which may have to happen again.
const PATIENCE: Duration = Duration::from_secs(240);

/// The id of an order: most go well, some are declined, some are out of stock once they are paid.
pub fn mixed(number: usize) -> String {
    let kind = match number % 10 {
        3 => "poor",
        7 => "rare",
        _ => "A",
    };
    format!("{kind}-{number}")
}

/// What is to be done for an order, once each.
fn due(order: &str) -> BTreeMap<String, i64> {
    let kinds: &[&str] = match order.split('-').next() {
        Some("poor" | "panic") => &[],
        Some("rare") => &["charge", "refund"],
        _ => &["charge", "label", "announce"],
    };
    kinds.iter().map(|kind| ((*kind).to_owned(), 1)).collect()
}

impl Effects {
    /// Makes the table, beside those of the library.
    pub async fn create(schema: &Schema) -> Self {
        schema.options().migrate().await.unwrap();
        schema.client().await.batch_execute(TABLE).await.unwrap();
        Self::of(schema.client().await).await
    }

    /// By a connection to the schema. What was done outlives the processes here; it need not outlive the server.
    pub async fn of(client: Client) -> Self {
        let unsynced = client.batch_execute("SET synchronous_commit = off");
        unsynced.await.unwrap();
        let client = Arc::new(client);
        Self { client }
    }

    /// Does something for an order.
    async fn done(&self, kind: &str, order: &str, context: &Context) -> Result<(), ServiceError> {
        let key = context.idempotency_key().to_string();
        let insert = "INSERT INTO effect VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let written = self.client.execute(insert, &[&kind, &order, &key]).await;
        written
            .map(drop)
            .map_err(|error| ServiceError::retryable(error.to_string()))
    }

    /// Waits until everything is done for these orders, and nothing is left to do: it was done once, and nothing else was.
    pub async fn are_those_of<Sys: System>(&self, bus: &Bus<Sys>, orders: impl Iterator<Item = String>) {
        let due = orders
            .map(|order| (due(&order), order))
            .filter(|(due, _)| !due.is_empty());
        let due: Counted = due.map(|(due, order)| (order, due)).collect();
        let effects = due.values().map(BTreeMap::len).sum();
        eventually_within(PATIENCE, &format!("{effects} effects"), async || {
            self.count().await >= effects
        })
        .await;
        until_idle(bus).await;
        let mut done = self.all().await;
        let wrong = due
            .iter()
            .filter(|(order, due)| done.remove(*order).as_ref() != Some(due));
        let wrong: Vec<_> = wrong.collect();
        assert!(
            wrong.is_empty() && done.is_empty(),
            "not done once: {wrong:?}; not due: {done:?}"
        );
    }

    async fn all(&self) -> Counted {
        let count = "SELECT order_id, kind, count(*) FROM effect GROUP BY order_id, kind";
        let mut counted = Counted::new();
        for row in self.client.query(count, &[]).await.unwrap() {
            let kinds = counted.entry(row.get(0)).or_default();
            kinds.insert(row.get(1), row.get(2));
        }
        counted
    }

    /// How much was done.
    pub async fn count(&self) -> usize {
        self.number("SELECT count(*) FROM effect").await
    }

    /// For how many orders something was done.
    pub async fn orders(&self) -> usize {
        self.number("SELECT count(DISTINCT order_id) FROM effect").await
    }

    async fn number(&self, query: &str) -> usize {
        let row = self.client.query_one(query, &[]).await.unwrap();
        usize::try_from(row.get::<_, i64>(0)).unwrap()
    }
}

/// The order process, whose services write down what they do.
pub fn shop(builder: Builder, effects: &Effects) -> Builder {
    builder
        .saga::<Fulfilment>()
        .service(BillingBooks(effects.clone()))
        .service(WarehouseBooks(effects.clone()))
}

/// Bills whoever is not poor.
struct BillingBooks(Effects);

#[saga_runtime::service(at = Billing)]
impl BillingBooks {
    #[on(BillOrder)]
    async fn bill(&self, bill: BillOrder, context: &Context) -> Result<BillOrderReply, ServiceError> {
        let order = bill.order_id;
        assert!(!order.starts_with("panic"), "a bug in billing");
        if order.starts_with("poor") {
            let reason = "no funds".into();
            return Ok(BillingDeclined { reason }.into());
        }
        self.0.done("charge", &order, context).await?;
        Ok(OrderBilled { invoice: order }.into())
    }

    #[on(CancelBilling)]
    async fn cancel(&self, _: CancelBilling) -> CancelBillingReply {
        AlreadyBilled {}.into()
    }

    #[on(RefundOrder)]
    async fn refund(&self, refund: RefundOrder, context: &Context) -> Result<RefundOrderReply, ServiceError> {
        self.0.done("refund", &refund.invoice, context).await?;
        Ok(OrderRefunded {}.into())
    }
}

/// Has a label for whatever is not rare.
struct WarehouseBooks(Effects);

#[saga_runtime::service(at = Warehouse)]
impl WarehouseBooks {
    #[on(CreateShippingLabel)]
    async fn label(
        &self,
        create: CreateShippingLabel,
        context: &Context,
    ) -> Result<CreateShippingLabelReply, ServiceError> {
        let order = create.order_id;
        if order.starts_with("rare") {
            return Ok(OutOfStock {}.into());
        }
        self.0.done("label", &order, context).await?;
        Ok(ShippingLabelCreated { label: order }.into())
    }

    #[on(VoidLabel)]
    async fn void(&self, void: VoidLabel, context: &Context) -> Result<(), ServiceError> {
        self.0.done("void", &void.label, context).await
    }

    #[on(OrderReadyToShip)]
    async fn announce(&self, ready: OrderReadyToShip, context: &Context) -> Result<(), ServiceError> {
        self.0.done("announce", &ready.order_id, context).await
    }
}
