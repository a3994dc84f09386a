//! A service's own rows, its answer and the end of its message are one commit; and so are rows and a message sent.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use saga_runtime::{
    Bus, ErrorKind, ServiceError,
    dead_letter::Reason,
    envelope::MessageId,
    prelude::*,
    retry::RetryPolicy,
    service,
    store::{Memory, Sqlite, rusqlite},
};

use crate::{
    job::{letters, until_dead},
    order::eventually,
};

#[derive(Endpoint)]
pub struct Till;

#[derive(Command, Serialize, Deserialize, Clone)]
#[command(to = Till, replies(Charged))]
pub struct Charge {
    pub order: String,
    pub cents: i64,
}

#[derive(Reply, Serialize, Deserialize, Debug, PartialEq)]
pub struct Charged {
    pub cents: i64,
}

/// Writes each charge into a table of its own; `attempts` counts how often it was asked.
#[derive(Clone, Default)]
struct Cashier {
    attempts: Arc<AtomicUsize>,
}

#[service(at = Till)]
impl Cashier {
    #[on(Charge)]
    async fn charge(&self, charge: Charge, context: &Context) -> Result<ChargeReply, ServiceError> {
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst);
        let Charge { order, cents } = charge;
        context.join(Sqlite::join(move |transaction| {
            transaction.execute("INSERT INTO charge VALUES (?, ?)", (&order, cents))?;
            match &*order {
                "busy" if attempt == 0 => Err("the till is locked".into()),
                "broken" => panic!("the till fell down"),
                _ => Ok::<_, Box<dyn std::error::Error + Send + Sync>>(()),
            }
        }))?;
        Ok(Charged { cents }.into())
    }
}

struct Shop {
    folder: tempfile::TempDir,
    cashier: Cashier,
}

impl Shop {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            cashier: Cashier::default(),
        }
    }

    async fn open(&self) -> Bus {
        let store = Sqlite::open(self.folder.path().join("shop.db")).await.unwrap();
        store
            .execute_batch("CREATE TABLE IF NOT EXISTS charge (order_id TEXT PRIMARY KEY, cents INTEGER)")
            .await
            .unwrap();
        Bus::new(store)
            .retry(RetryPolicy::never())
            .service(self.cashier.clone())
            .start()
            .await
            .unwrap()
    }

    fn charges(&self) -> Vec<(String, i64)> {
        let connection = rusqlite::Connection::open(self.folder.path().join("shop.db")).unwrap();
        let mut rows = connection.prepare("SELECT * FROM charge ORDER BY 1").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

pub fn charge(order: &str) -> Charge {
    Charge {
        order: order.into(),
        cents: 1_200,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_answer_are_there_together() {
    let shop = Shop::new();
    let bus = shop.open().await;
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
    assert_eq!(shop.charges().len(), 20);
    assert!(letters(&bus).await.is_empty());
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_written_take_the_answer_with_them() {
    let shop = Shop::new();
    let bus = shop.open().await;
    bus.request(charge("A1")).await.unwrap();
    bus.send(charge("A1")).await.unwrap();
    let dead = until_dead(&bus, 1).await;
    assert_eq!(dead[0].reason, Reason::RetriesExhausted);
    assert!(
        dead[0].history[0].error.contains("UNIQUE constraint failed"),
        "{dead:?}"
    );
    bus.send(charge("broken")).await.unwrap();
    let dead = until_dead(&bus, 2).await;
    assert!(
        dead[1].history[0].error.contains("the till fell down"),
        "{dead:?}"
    );
    bus.request(charge("A2")).await.unwrap();
    let orders: Vec<String> = shop.charges().into_iter().map(|(order, _)| order).collect();
    assert_eq!(orders, ["A1", "A2"], "of what failed nothing is left");
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn joined_work_that_fails_is_repeated_with_its_handler_as_the_policy_says() {
    let shop = Shop::new();
    let store = Sqlite::open(shop.folder.path().join("shop.db")).await.unwrap();
    store
        .execute_batch("CREATE TABLE charge (order_id TEXT PRIMARY KEY, cents INTEGER)")
        .await
        .unwrap();
    let once = RetryPolicy {
        immediate: 1,
        ..RetryPolicy::never()
    };
    let bus = Bus::new(store)
        .retry(once)
        .service(shop.cashier.clone())
        .start()
        .await
        .unwrap();
    bus.request(charge("busy")).await.unwrap();
    assert_eq!(shop.cashier.attempts.load(Ordering::SeqCst), 2);
    assert_eq!(shop.charges(), [("busy".to_owned(), 1_200)]);
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_with_the_rows_it_is_joined_to_or_not_at_all() {
    let shop = Shop::new();
    let bus = shop.open().await;
    let cart = |order: &'static str| {
        Sqlite::join(move |transaction| transaction.execute("INSERT INTO charge VALUES (?, 0)", [order]))
    };
    let id = MessageId::random();
    for _ in 0..2 {
        bus.send(charge("A1"))
            .id(id)
            .join(cart("cart of A1"))
            .await
            .unwrap();
    }
    let refused = bus.send(charge("A2")).join(cart("cart of A1")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::JoinFailed);
    assert!(
        refused.to_string().contains("UNIQUE constraint failed"),
        "{refused}"
    );
    eventually("the first is charged", async || shop.charges().len() == 2).await;
    bus.shutdown().await.unwrap();
    let orders: Vec<String> = shop.charges().into_iter().map(|(order, _)| order).collect();
    assert_eq!(orders, ["A1", "cart of A1"]);
    assert_eq!(shop.cashier.attempts.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_for_another_store_is_refused_by_name() {
    let bus = Bus::new(Memory::new())
        .service(Cashier::default())
        .start()
        .await
        .unwrap();
    bus.send(charge("A1")).await.unwrap();
    let dead = until_dead(&bus, 1).await;
    assert_eq!(dead[0].reason, Reason::RefusedByStore);
    assert!(
        dead[0]
            .detail
            .contains("joins a transaction of `sqlite`, and the bus runs on `memory`"),
        "{dead:?}"
    );
}

#[derive(Command, Serialize, Deserialize)]
#[command(to = Till)]
struct Open {
    order: String,
}

#[saga(by = order, at = Till)]
#[derive(Serialize, Deserialize)]
struct Tab {
    order: String,
}

#[saga(states(Running))]
impl Tab {
    #[start(Open => Running)]
    fn open(open: Open, context: &Context) -> Result<Self, HandlerError> {
        context.join(Sqlite::join(|_| Ok::<_, rusqlite::Error>(())))?;
        Ok(Self { order: open.order })
    }

    #[after(1 d in Running => end)]
    fn close(&mut self) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saga_joins_nothing() {
    let shop = Shop::new();
    let store = Sqlite::open(shop.folder.path().join("shop.db")).await.unwrap();
    let bus = Bus::new(store).saga::<Tab>().start().await.unwrap();
    bus.send(Open { order: "A1".into() }).await.unwrap();
    let dead = until_dead(&bus, 1).await;
    assert!(
        dead[0]
            .detail
            .contains("a saga's handler only says what is to be done"),
        "{dead:?}"
    );
    bus.shutdown().await.unwrap();
}
