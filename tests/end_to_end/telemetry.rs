//! What a subscriber to `tracing` sees of the order process.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use saga_runtime::{Bus, store::Memory};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::order::{World, order, shop};

/// The fields of every span called `handle`.
#[derive(Clone, Default)]
struct Spans {
    seen: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    last: Arc<AtomicU64>,
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        if span.metadata().name() == "handle" {
            let mut fields = Fields::default();
            span.record(&mut fields);
            self.seen.lock().unwrap().push(fields.0);
        }
        span::Id::from_u64(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// On one thread, so that the subscriber sees the workers too.
#[tokio::test]
async fn every_handler_runs_in_a_span_that_names_message_saga_state_and_attempt() {
    let spans = Spans::default();
    let _here = tracing::subscriber::set_default(spans.clone());
    let bus = shop(Bus::new(Memory::new()), &World::default())
        .start()
        .await
        .unwrap();
    bus.request(order("A1")).await.unwrap();
    bus.shutdown().await.unwrap();
    let seen = spans.seen.lock().unwrap().clone();

    let billed = seen.iter().find(|fields| {
        fields
            .get("message.name")
            .is_some_and(|name| name == "OrderBilled")
    });
    let billed = billed.expect("the reply is handled in a span");
    assert!(!billed["message.id"].is_empty());
    let of_saga: Vec<&str> = ["saga.name", "saga.key", "saga.state", "attempt"]
        .map(|name| billed[name].as_str())
        .into();
    assert_eq!(of_saga, ["Fulfilment", "A1", "AwaitingBill", "0"]);

    let services: BTreeSet<&str> = seen
        .iter()
        .filter_map(|fields| fields.get("service.name"))
        .map(String::as_str)
        .collect();
    assert_eq!(services, BTreeSet::from(["\"BillingDesk\"", "\"WarehouseDesk\""]));
}
