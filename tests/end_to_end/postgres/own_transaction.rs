//! Messages sent from a transaction of the user's own, on a connection of the user's own: with its rows or not at all.

use std::{
    env,
    process::{Command, abort},
    sync::{Arc, Mutex},
};

use saga_runtime::{
    Bus, ErrorKind, ServiceError,
    envelope::MessageId,
    service,
    store::{Memory, Postgres, Statement},
    transport::MemoryTransport,
};
use tokio_postgres::{Client, NoTls, Transaction};

use crate::{
    job::{Hands, JobEnded, jobs, letters, until_idle},
    joining::{Charge, ChargeReply, Charged, Till, charge},
    order::eventually,
    servers::Schema,
};

/// Notes down each charge.
#[derive(Clone, Default)]
struct Cashier(Arc<Mutex<Vec<String>>>);

impl Cashier {
    fn charged(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[service(at = Till)]
impl Cashier {
    #[on(Charge)]
    async fn charge(&self, charge: Charge) -> Result<ChargeReply, ServiceError> {
        self.0.lock().unwrap().push(charge.order);
        Ok(Charged { cents: charge.cents }.into())
    }
}

/// What a web handler has: a connection of its own, which knows nothing of the schema, and a table.
struct Web {
    client: Client,
    carts: String,
}

impl Web {
    async fn before(url: &str, schema: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let carts = format!("{schema}.cart");
        let create = format!("CREATE TABLE IF NOT EXISTS {carts} (id text)");
        client.batch_execute(&create).await.unwrap();
        Self { client, carts }
    }

    /// A transaction in which a cart is ordered, and whether the message is new.
    async fn order(&mut self, cart: &str, sending: &Statement) -> (Transaction<'_>, bool) {
        let transaction = self.client.transaction().await.unwrap();
        let insert = format!("INSERT INTO {} VALUES ($1)", self.carts);
        transaction.execute(&insert, &[&cart]).await.unwrap();
        let row = transaction.query_one(&sending.sql, &[&sending.parameter]).await;
        (transaction, row.unwrap().get(0))
    }

    async fn carts(&self) -> Vec<String> {
        let all = format!("SELECT id FROM {} ORDER BY 1", self.carts);
        let rows = self.client.query(&all, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

async fn till(schema: &Schema, cashier: &Cashier) -> Bus {
    let builder = Bus::new(schema.connect().await).service(cashier.clone());
    builder.start().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_sent_when_the_transaction_commits_and_not_before() {
    let Some(schema) = Schema::new() else { return };
    let cashier = Cashier::default();
    let till = till(&schema, &cashier).await;
    let bus = Bus::new(schema.connect().await).start().await.unwrap();
    let mut web = Web::before(schema.url(), schema.name()).await;

    let sending = bus.send(charge("A1")).statement().unwrap();
    let (transaction, is_new) = web.order("A1", &sending).await;
    assert!(is_new);
    transaction.rollback().await.unwrap();

    let sending = bus.send(charge("A2")).statement().unwrap();
    let (transaction, _) = web.order("A2", &sending).await;
    assert!(
        bus.inspect().queues().await.unwrap().is_empty(),
        "nobody sees it yet"
    );
    transaction.commit().await.unwrap();

    eventually("it is charged", async || !cashier.charged().is_empty()).await;
    until_idle(&till).await;
    assert_eq!(cashier.charged(), ["A2"]);
    assert_eq!(web.carts().await, ["A2"]);
    assert!(letters(&till).await.is_empty());
    bus.shutdown().await.unwrap();
    till.shutdown().await.unwrap();
}

/// The rights that the documentation of [`Statement`] names, each with what is said without it.
const RIGHTS: [(&str, &str); 4] = [
    ("USAGE ON SCHEMA {schema}", "for schema"),
    (
        "USAGE ON SEQUENCE {schema}.message_block",
        "for sequence message_block",
    ),
    ("INSERT ON {schema}.message", "for table message"),
    ("SELECT, INSERT, UPDATE ON {schema}.inbox", "for table inbox"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_needs_the_rights_that_are_documented_and_no_others() {
    let Some(schema) = Schema::new() else { return };
    let cashier = Cashier::default();
    let till = till(&schema, &cashier).await;
    let (owner, role) = (schema.client().await, format!("{}_web", schema.name()));
    let create = format!("CREATE ROLE {role} LOGIN");
    owner.batch_execute(&create).await.unwrap();
    let url = schema.url().replacen("postgres@", &format!("{role}@"), 1);
    let (web, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let sending = till
        .send(charge("A1"))
        .id(MessageId::random())
        .statement()
        .unwrap();

    let mut told = Vec::new();
    for without in 0..=RIGHTS.len() {
        let granted = RIGHTS.iter().enumerate().filter(|(n, _)| *n != without);
        let mut grants = format!("DROP OWNED BY {role};");
        for (_, (right, _)) in granted {
            let right = right.replace("{schema}", schema.name());
            grants += &format!("GRANT {right} TO {role};");
        }
        owner.batch_execute(&grants).await.unwrap();
        let sent = web.query_one(&sending.sql, &[&sending.parameter]).await;
        told.push(match sent {
            Ok(row) => format!("sent: {}", row.get::<_, bool>(0)),
            Err(error) => error.as_db_error().unwrap().message().to_owned(),
        });
    }
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    owner.batch_execute(&drop).await.unwrap();
    let said = RIGHTS.iter().map(|(_, said)| *said).chain(["sent: true"]);
    for (told, said) in told.iter().zip(said) {
        assert!(told.contains(said), "{said} is not in {told:?}");
    }
    until_idle(&till).await;
    assert_eq!(cashier.charged(), ["A1"]);
    till.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_an_id_that_was_seen_before_nothing_is_sent() {
    let Some(schema) = Schema::new() else { return };
    let cashier = Cashier::default();
    let till = till(&schema, &cashier).await;
    let mut web = Web::before(schema.url(), schema.name()).await;
    let (id, other) = (MessageId::random(), MessageId::random());
    let sending = |id| till.send(charge("A1")).id(id).statement().unwrap();
    for expected in [true, false] {
        let (transaction, is_new) = web.order("A1", &sending(id)).await;
        assert_eq!(is_new, expected);
        transaction.commit().await.unwrap();
    }
    till.send(charge("A1")).id(id).await.unwrap();
    till.send(charge("A1")).id(other).await.unwrap();
    let (transaction, is_new) = web.order("A1", &sending(other)).await;
    assert!(!is_new, "however it was sent before");
    transaction.commit().await.unwrap();
    until_idle(&till).await;
    assert_eq!(cashier.charged().len(), 2);
    assert_eq!(
        web.carts().await.len(),
        3,
        "the rest of the transaction is its own"
    );
    till.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_to_whoever_subscribed() {
    let Some(schema) = Schema::new() else { return };
    let hands = Hands::willing();
    let bus = jobs(Bus::new(schema.connect().await), &hands)
        .start()
        .await
        .unwrap();
    let mut web = Web::before(schema.url(), schema.name()).await;
    let sending = bus.publish(JobEnded { job: "a".into() }).statement().unwrap();
    web.order("a", &sending).await.0.commit().await.unwrap();
    eventually("the service and the saga have it", async || {
        let record = bus.inspect().instance("Record", "a").await.unwrap();
        hands.heard() == 1 && record.is_some()
    })
    .await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_broker_it_leaves_once_the_transaction_has_committed() {
    let Some(schema) = Schema::new() else { return };
    let cashier = Cashier::default();
    let store = schema.connect().await;
    let bus = Bus::with(MemoryTransport::new(), store)
        .service(cashier.clone())
        .start()
        .await
        .unwrap();
    let mut web = Web::before(schema.url(), schema.name()).await;
    let id = MessageId::random();
    for expected in [true, false] {
        let sending = bus.send(charge("A1")).id(id).statement().unwrap();
        let (transaction, is_new) = web.order("A1", &sending).await;
        assert_eq!(is_new, expected);
        transaction.commit().await.unwrap();
    }
    eventually("it is charged", async || !cashier.charged().is_empty()).await;
    until_idle(&bus).await;
    assert_eq!(cashier.charged(), ["A1"]);
    bus.shutdown().await.unwrap();
}

/// Where the process finds its schema, and when it dies.
const TOLD: [&str; 3] = ["SAGA_TEST_URL", "SAGA_TEST_SCHEMA", "SAGA_TEST_DIES"];

/// The process that dies. It is the test below that starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_to_die() {
    let [Ok(url), Ok(schema), Ok(dies)] = TOLD.map(env::var) else {
        return;
    };
    let store = Postgres::options(&url).schema(&schema).connect().await.unwrap();
    let bus = Bus::new(store).start().await.unwrap();
    let mut web = Web::before(&url, &schema).await;
    let sending = bus.send(charge(&dies)).statement().unwrap();
    let (transaction, _) = web.order(&dies, &sending).await;
    if dies == "before the commit" {
        abort();
    }
    transaction.commit().await.unwrap();
    abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_before_the_commit_has_sent_nothing_and_after_it_everything() {
    let Some(schema) = Schema::new() else { return };
    schema.options().migrate().await.unwrap();
    let web = Web::before(schema.url(), schema.name()).await;
    for dies in ["before the commit", "after the commit"] {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "postgres::own_transaction::a_process_to_die"])
            .env(TOLD[0], schema.url())
            .env(TOLD[1], schema.name())
            .env(TOLD[2], dies)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.code().is_none(),
            "it failed rather than died: {said}"
        );
    }
    let cashier = Cashier::default();
    let till = till(&schema, &cashier).await;
    eventually("what was sent is charged", async || !cashier.charged().is_empty()).await;
    until_idle(&till).await;
    assert_eq!(cashier.charged(), ["after the commit"]);
    assert_eq!(web.carts().await, ["after the commit"]);
    till.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_so_is_told_with_the_remedy() {
    let bus = Bus::new(Memory::new()).start().await.unwrap();
    let refused = bus.send(charge("A1")).statement().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Setup);
    assert!(
        refused.to_string().contains("`memory`") && refused.to_string().contains("`join`"),
        "{refused}"
    );
    let Some(schema) = Schema::new() else { return };
    let bus = Bus::new(schema.connect().await).start().await.unwrap();
    let joined = Postgres::join(|_| Box::pin(async { Ok(()) }));
    let refused = bus.send(charge("A1")).join(joined).statement().unwrap_err();
    assert!(refused.to_string().contains("write them there"), "{refused}");
    bus.shutdown().await.unwrap();
}
