//! The connection breaks at the worst instants, and every commit has a known outcome all the same.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use saga_runtime::{
    Bus, Timestamp,
    clock::SystemClock,
    codec::Codec,
    envelope::{Envelope, MessageId},
    limits::Limits,
    message::MessageKind,
    store::{
        Catalog, Change, Found, InstanceChange, InstanceId, InstanceRow, NewMessage, Node, Outcome, Postgres,
        Store, Unit, Wait, Want,
    },
};
use saga_tests::proxy::{Fate, Proxy};

use crate::{
    order::{PlaceOrderReply, World, eventually, order, shop},
    servers::Schema,
};

fn id(key: &str) -> InstanceId {
    InstanceId {
        saga: "Fulfilment".into(),
        key: key.into(),
    }
}

/// Starts an instance and sends a message that this process takes on itself.
fn starting(key: &str) -> Unit {
    let now = Timestamp::now();
    let row = InstanceRow {
        id: id(key),
        incarnation: 1,
        version: 1,
        state: "Open".into(),
        saga_version: 1,
        content_type: Codec::Json,
        data: "{}".into(),
        book: "".into(),
        due: None,
        parked: None,
        created_at: now,
        updated_at: now,
    };
    Unit {
        instance: Some(InstanceChange {
            id: id(key),
            expect: None,
            change: Change::Put(row),
        }),
        out: vec![message("BillOrder")],
        ..Unit::default()
    }
}

fn message(name: &str) -> NewMessage {
    NewMessage {
        envelope: Arc::new(Envelope {
            id: MessageId::random(),
            kind: MessageKind::Command,
            name: name.into(),
            version: 1,
            content_type: Codec::Json,
            created_at: Timestamp::now(),
            conversation: MessageId::random(),
            caused_by: None,
            reply_to: None,
            in_reply_to: None,
            to: None,
            traceparent: None,
            headers: BTreeMap::new(),
            body: "{}".into(),
        }),
        queue: "billing".into(),
        consumer: Some("BillingDesk".into()),
        claimed: true,
        wait: Wait::Ready,
        due: None,
        attempts: 0,
        history: Vec::new(),
        instance: None,
    }
}

fn consuming(seq: i64) -> Unit {
    Unit {
        consumed: vec![seq],
        ..Unit::default()
    }
}

/// A store that commits through a proxy, its statements prepared.
async fn through(proxy: &Proxy, schema: &Schema) -> Postgres {
    let store = schema
        .options_through(proxy.address().port())
        .lanes(1)
        .connect()
        .await
        .unwrap();
    let node = Node {
        id: MessageId::random(),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
    };
    store.open(&node, &Catalog::default()).await.unwrap();
    store.commit(vec![starting("before")]).await.unwrap();
    store
}

async fn found(store: &Postgres, key: &str) -> Found {
    let want = Want {
        instances: vec![id(key)],
        ..Want::default()
    };
    store.take(want).await.unwrap().instances.remove(0)
}

async fn rows(schema: &Schema) -> i64 {
    let row = schema
        .client()
        .await
        .query_one("SELECT count(*) FROM message", &[])
        .await;
    row.unwrap().get(0)
}

/// The outcome of two units, one of which conflicts, when the connection breaks.
async fn is_known_although(fate: Fate) {
    let Some(schema) = Schema::new() else { return };
    let proxy = Proxy::to(&schema.host()).await.unwrap();
    let store = through(&proxy, &schema).await;
    proxy.next(fate);
    let outcomes = store
        .commit(vec![starting("before"), starting("7")])
        .await
        .unwrap();
    assert!(proxy.is_done(), "the connection was cut");
    assert_eq!(outcomes[0], Outcome::Conflict);
    let Outcome::Applied { born } = &outcomes[1] else {
        panic!("not applied: {outcomes:?}");
    };
    assert!(matches!(found(&store, "7").await, Found::Live(_)));
    assert_eq!(rows(&schema).await, 2, "nothing is there twice");
    let consumed = store.commit(vec![consuming(born[0])]).await.unwrap();
    assert_eq!(
        consumed,
        [Outcome::Applied { born: vec![] }],
        "it is held by who was told of it"
    );
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_known_to_be_applied() {
    is_known_although(Fate::LoseAnswer).await;
}

#[tokio::test]
async fn a_commit_that_never_arrives_is_done_again() {
    is_known_although(Fate::LoseRequest).await;
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_not_lost() {
    let Some(schema) = Schema::new() else { return };
    let proxy = Proxy::to(&schema.host()).await.unwrap();
    let bus = Bus::new(
        schema
            .options_through(proxy.address().port())
            .connect()
            .await
            .unwrap(),
    );
    let world = World::default();
    let bus = shop(bus, &world).start().await.unwrap();
    for _ in 0..20 {
        proxy.next(Fate::LoseAnswer);
        let outside = Bus::new(schema.connect().await).start().await.unwrap();
        outside
            .send(order(&MessageId::random().to_string()))
            .await
            .unwrap();
        outside.shutdown().await.unwrap();
        eventually("it was cut", async || proxy.is_done()).await;
    }
    eventually("all orders are through", async || {
        world.labelled.load(std::sync::atomic::Ordering::SeqCst) == 20
    })
    .await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_again_and_again_lose_no_order_and_double_none() {
    const ORDERS: usize = 200;
    let Some(schema) = Schema::new() else { return };
    let proxy = Arc::new(Proxy::to(&schema.host()).await.unwrap());
    let world = World::default();
    let store = schema
        .options_through(proxy.address().port())
        .connect()
        .await
        .unwrap();
    let bus = shop(Bus::new(store), &world).start().await.unwrap();
    let cutting = tokio::spawn({
        let proxy = Arc::clone(&proxy);
        async move {
            // Ever longer apart: on a slow machine, too, there is time enough in the end.
            for nth in 0..40_u64 {
                tokio::time::sleep(Duration::from_millis(5 + nth * 7 % 40 + nth * 4)).await;
                proxy.cut();
            }
        }
    });
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..ORDERS {
        let bus = bus.clone();
        asking.spawn(async move {
            // A customer who is told that something went wrong asks again under the same order.
            loop {
                match bus.request(order(&format!("order {number}"))).await {
                    Ok(PlaceOrderReply::OrderConfirmed(_)) => return,
                    Ok(PlaceOrderReply::OrderRejected(why)) => panic!("{}", why.reason),
                    Err(error) => assert!(error.is_retryable(), "{error}"),
                }
            }
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
    cutting.abort();
    eventually("all is done", async || {
        bus.inspect().queues().await.is_ok_and(|queues| queues.is_empty())
    })
    .await;
    let finished = schema
        .client()
        .await
        .query_one("SELECT count(*) FROM finished", &[])
        .await
        .unwrap();
    assert_eq!(finished.get::<_, i64>(0), i64::try_from(ORDERS).unwrap());
    assert!(bus.inspect().dead_letter_counts().await.unwrap().is_empty());
    bus.shutdown().await.unwrap();
}
