//! A service's own rows in PostgreSQL are one commit with its answer, whatever happens to the connection.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use saga_runtime::{
    Bus, ErrorKind, ServiceError,
    prelude::*,
    retry::RetryPolicy,
    service,
    store::{Join, Postgres},
};
use saga_tests::proxy::Proxy;

use crate::{
    job::{letters, until_dead},
    joining::{Charge, ChargeReply, Charged, Till, charge},
    order::eventually,
    servers::Schema,
};

/// Writes each charge into a table of its own.
#[derive(Clone)]
struct Cashier {
    table: String,
    attempts: Arc<AtomicUsize>,
}

impl Cashier {
    async fn of(schema: &Schema) -> Self {
        let table = format!("\"{}\".charge", schema.name());
        schema.options().migrate().await.unwrap();
        let create = format!("CREATE TABLE {table} (order_id text PRIMARY KEY, cents bigint)");
        schema.client().await.batch_execute(&create).await.unwrap();
        Self {
            table,
            attempts: Arc::default(),
        }
    }

    fn row(&self, order: String, cents: i64) -> Join {
        let insert = format!("INSERT INTO {} VALUES ($1, $2)", self.table);
        Postgres::join(move |transaction| {
            let (insert, order) = (insert.clone(), order.clone());
            Box::pin(async move {
                transaction.execute(&insert, &[&order, &cents]).await?;
                Ok(())
            })
        })
    }

    async fn charges(&self, schema: &Schema) -> Vec<String> {
        let all = format!("SELECT order_id FROM {} ORDER BY 1", self.table);
        let rows = schema.client().await.query(&all, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

#[service(at = Till)]
impl Cashier {
    #[on(Charge)]
    async fn charge(&self, charge: Charge, context: &Context) -> Result<ChargeReply, ServiceError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let Charge { order, cents } = charge;
        context.join(self.row(order, cents))?;
        Ok(Charged { cents }.into())
    }
}

async fn open(store: Postgres, cashier: &Cashier) -> Bus {
    Bus::new(store)
        .retry(RetryPolicy::never())
        .service(cashier.clone())
        .start()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_answer_are_there_together_or_not_at_all() {
    let Some(schema) = Schema::new() else { return };
    let cashier = Cashier::of(&schema).await;
    let bus = open(schema.connect().await, &cashier).await;
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..20 {
        let bus = bus.clone();
        asking.spawn(async move { bus.request(charge(&format!("A{n:02}"))).await });
    }
    for answer in asking.join_all().await {
        assert!(matches!(
            answer.unwrap(),
            ChargeReply::Charged(Charged { cents: 1_200 })
        ));
    }
    assert_eq!(cashier.charges(&schema).await.len(), 20);
    bus.send(charge("A00")).await.unwrap();
    let dead = until_dead(&bus, 1).await;
    let why = &dead[0].history[0].error;
    assert!(
        why.contains("duplicate key value violates unique constraint"),
        "{why}"
    );
    assert_eq!(cashier.charges(&schema).await.len(), 20);
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_with_the_rows_it_is_joined_to_or_not_at_all() {
    let Some(schema) = Schema::new() else { return };
    let cashier = Cashier::of(&schema).await;
    let bus = open(schema.connect().await, &cashier).await;
    let cart = || cashier.row("cart of A1".into(), 0);
    bus.send(charge("A1")).join(cart()).await.unwrap();
    let refused = bus.send(charge("A2")).join(cart()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::JoinFailed);
    assert!(refused.to_string().contains("duplicate key"), "{refused}");
    eventually("the first is charged", async || {
        cashier.charges(&schema).await.len() == 2
    })
    .await;
    bus.shutdown().await.unwrap();
    assert_eq!(cashier.charges(&schema).await, ["A1", "cart of A1"]);
    assert_eq!(cashier.attempts.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_between_the_work_and_its_commit_doubles_and_loses_nothing() {
    let Some(schema) = Schema::new() else { return };
    let cashier = Cashier::of(&schema).await;
    let proxy = Proxy::to(&schema.host()).await.unwrap();
    let bus = open(
        schema
            .options_through(proxy.address().port())
            .connect()
            .await
            .unwrap(),
        &cashier,
    )
    .await;
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..60 {
        let bus = bus.clone();
        asking.spawn(async move {
            let order = format!("A{n:02}");
            bus.request(charge(&order))
                .deadline(Duration::from_secs(60))
                .await
        });
    }
    for done in [10, 20, 30, 40, 50] {
        eventually("some are charged", async || {
            cashier.charges(&schema).await.len() >= done
        })
        .await;
        proxy.cut();
    }
    for answer in asking.join_all().await {
        answer.unwrap();
    }
    assert_eq!(cashier.charges(&schema).await.len(), 60);
    assert!(letters(&bus).await.is_empty());
    bus.shutdown().await.unwrap();
}
