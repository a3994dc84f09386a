//! The store in a schema of a PostgreSQL database, and the transport over it.

use std::time::Duration;

use saga_runtime::{
    envelope::MessageId,
    store::{InboxEntry, Postgres, Unit},
    testing::{store_suite::StoreFixture, transport_suite::TransportFixture},
    transport::QueueOver,
};
use tokio::sync::OnceCell;

use crate::servers::Schema;

/// Processes that share a schema whose clock is in the suite's hand.
struct Suite {
    schema: Schema,
    set_up: OnceCell<()>,
}

/// When the suite begins, in microseconds since 1970.
const BEGINNING: i64 = 1_800_000_000_000_000;

impl Suite {
    fn new() -> Option<Self> {
        Some(Self {
            schema: Schema::new()?,
            set_up: OnceCell::new(),
        })
    }
}

impl StoreFixture for Suite {
    type Store = Postgres;

    async fn connect(&self) -> Postgres {
        self.set_up
            .get_or_init(|| self.schema.stop_clock(BEGINNING))
            .await;
        self.schema.connect().await
    }

    async fn advanced(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap();
        let advance = format!("UPDATE own_clock SET at = at + {micros} * interval '1 microsecond'");
        self.schema.client().await.batch_execute(&advance).await.unwrap();
    }

    /// PostgreSQL keeps no text with a NUL.
    fn refused(&self) -> Option<Unit> {
        Some(Unit {
            inbox: vec![InboxEntry {
                consumer: "Billing\0Desk".into(),
                id: MessageId::random(),
            }],
            ..Unit::default()
        })
    }
}

impl TransportFixture for Schema {
    type Transport = QueueOver<Postgres>;

    async fn connect(&self) -> Option<QueueOver<Postgres>> {
        Some(QueueOver::new(self.connect().await))
    }
}

mod store {
    saga_runtime::testing::store_suite!(match super::Suite::new() {
        Some(suite) => suite,
        None => return,
    });
}

mod queue_over {
    saga_runtime::testing::transport_suite!(match super::Schema::new() {
        Some(schema) => schema,
        None => return,
    });
}
